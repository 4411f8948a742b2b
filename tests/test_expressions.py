"""What the tests take for an expression that Terraform does not parse, Terraform does not parse."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.expressions import is_nested, nested

READ = [
    'C:\\${local.a} and ${join(",", [local.b])}',
    "no expression",
    '${join(",", local.held[0])}',
    'of ${local.a} and "${local.b}"',
    '${join(",", ["${local.a}", "b-${local.b}"])}',
    '${upper("a \\"quoted\\" ${local.a}")}',
    "${[for each in local.held : { a = each }]}",
    '$${aws:username} is "as it is" $${',
    '${{ a = "${local.a}" }["a"]}',
    '${local.a == "" ? "{" : "}"}',
]
NOT_READ = [
    '${join(",", ${local.a})}',
    "${upper(${local.a})}",
    '${upper("${lower(${local.a})}")}',
    '${{ a = ${local.a} }["a"]}',
]


@pytest.mark.parametrize("text", [*READ, *NOT_READ])
def test_an_expression_is_read_as_terraform_reads_it(text: str, tmp_path: Path) -> None:
    content = {
        "locals": {"a": "a", "b": "b", "held": [["a", "b"]]},
        "output": {"x": {"value": text}},
    }
    (tmp_path / "cdk.tf.json").write_text(json.dumps(content), "utf-8")
    command = ["terraform", f"-chdir={tmp_path}", "validate", "-json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert told["valid"] == (text in READ), told
    assert is_nested(text) == (text in NOT_READ)
    assert [*nested({"a": [{"b": text}]})] == ([f".a[0].b: {text}"] if text in NOT_READ else [])
