"""Findings of a real run of Checkov on the synthesized stacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.errors import BadInputError
from ops.review.building import build
from ops.review.checkov import read_findings
from ops.review.renderers import FORMATS

from .plans import CHECKOV


def test_every_failed_check_is_read_with_its_stack() -> None:
    findings = read_findings(CHECKOV)
    assert len(findings) == 7
    assert {finding.id for finding in findings} >= {"CKV_AWS_158", "CKV_AWS_144"}
    (logs,) = [finding for finding in findings if finding.id == "CKV_AWS_158"]
    assert logs.stack.endswith("-network")
    assert logs.resource == "network_flow-log-group_73759AFD"


@pytest.mark.parametrize("name", FORMATS)
def test_findings_are_in_every_format(name: str) -> None:
    text = FORMATS[name](build([], stacks=[], findings=read_findings(CHECKOV)))
    assert "CKV_AWS_158" in text
    assert "CKV_AWS_158" not in FORMATS[name](build([], stacks=[]))


def test_a_run_without_a_finding_is_said_to_have_none(tmp_path: Path) -> None:
    file = tmp_path / "checkov.json"
    file.write_text('{"passed": 0, "failed": 0, "skipped": 0}', encoding="utf-8")
    assert read_findings(file) == []
    assert "No finding." in FORMATS["markdown"](build([], stacks=[], findings=[]))


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"results": {"failed_checks": [{}]}}'])
def test_other_json_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "checkov.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadInputError, match="terraform_json"):
        read_findings(file)
