"""What is synthesized before is copied, and only what was asked for in the very same way; what is
not is made as a process of its own makes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import synthesizer
from tests.conftest import ROOT
from tests.e2e.program import REMEMBERED
from tests.e2e.remembered import _leave_out
from tests.specs.files import environment

# In the place of main.py: it writes what it was asked for, and says that it ran.
_PROGRAM = """
import os, pathlib, sys

text = pathlib.Path(os.environ["INFERFORM_ENVIRONMENTS"], "dev.py").read_text()
if text == "wrong":
    sys.exit("dev.py is wrong")
made = pathlib.Path(os.environ["CDKTF_OUTDIR"], "stacks")
made.mkdir(parents=True)
(made / "said").write_text(text + os.environ["INFERFORM_TARGET"])
print("ran")
"""

Synthesize = Callable[..., tuple[int, str, str]]


@pytest.fixture
def synthesize(tmp_path: Path) -> Synthesize:
    """Synthesize a file: the status, what was printed, and what was written."""
    for name in ("environments", "remembered", "out"):
        (tmp_path / name).mkdir()
    program = tmp_path / "main.py"
    program.write_text(_PROGRAM, encoding="utf-8")

    def run(text: str, target: str = "emulator") -> tuple[int, str, str]:
        (tmp_path / "environments" / "dev.py").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-SE", REMEMBERED, program, tmp_path / "remembered"],
            env={
                **os.environ,
                "CDKTF_OUTDIR": str(tmp_path / "out"),
                "INFERFORM_ENVIRONMENTS": str(tmp_path / "environments"),
                "INFERFORM_TARGET": target,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        written = tmp_path / "out" / "stacks" / "said"
        said = written.read_text("utf-8") if written.exists() else ""
        return done.returncode, done.stdout + done.stderr, said

    return run


def test_what_was_synthesized_before_is_copied(synthesize: Synthesize) -> None:
    assert synthesize("one ") == (0, "ran\n", "one emulator")
    assert synthesize("two ") == (0, "ran\n", "two emulator")
    assert synthesize("one ") == (0, "", "one emulator")


def test_another_target_is_another_synthesis(synthesize: Synthesize) -> None:
    synthesize("one ")
    assert synthesize("one ", "aws") == (0, "ran\n", "one aws")


def test_a_failure_is_passed_on_and_not_remembered(synthesize: Synthesize) -> None:
    for _ in range(2):
        assert synthesize("wrong") == (1, "dev.py is wrong\n", "")


def test_what_is_left_out_is_in_no_stack_and_nothing_waits_for_it(tmp_path: Path) -> None:
    stack = tmp_path / "stacks" / "dev" / "cdk.tf.json"
    stack.parent.mkdir(parents=True)
    kept = {"aws_vpc": {"vpc": {"cidr_block": "10.0.0.0/16"}}}
    policy = {"depends_on": ["aws_slow.one", "aws_vpc.vpc"]}
    content = {"aws_slow": {"one": {}}, "aws_policy": {"policy": policy}, **kept}
    stack.write_text(json.dumps({"resource": content}), encoding="utf-8")
    _leave_out(tmp_path, ("aws_slow",))
    left = {"aws_policy": {"policy": {"depends_on": ["aws_vpc.vpc"]}}, **kept}
    assert json.loads(stack.read_text("utf-8")) == {"resource": left}


def _made(folder: Path, text: str, *address: str, **variables: str) -> tuple[int, str, str, Any]:
    """What main.py makes of an environment file: status, prints and files."""
    # The folder's name is in what it prints.
    environments, out = folder / "environments", folder / "out"
    for path in (environments, folder / "remembered", out):
        path.mkdir(parents=True)
    (environments / "dev.py").write_text(text, encoding="utf-8")
    program = [REMEMBERED, ROOT / "main.py", folder / "remembered"]
    done = subprocess.run(
        [sys.executable, "-SE", *program, *address],
        env={
            **os.environ,
            "CDKTF_OUTDIR": str(out),
            "CDKTF_CONTEXT_JSON": "{}",
            "INFERFORM_ENVIRONMENTS": str(environments),
            **variables,
        },
        umask=0o027,
        capture_output=True,
        text=True,
        check=False,
    )
    files = {
        path.relative_to(out): (path.stat().st_mode, path.is_file() and path.read_bytes())
        for path in out.rglob("*")
    }
    return done.returncode, done.stdout, done.stderr, files


def test_the_synthesizer_makes_what_a_process_of_its_own_makes(tmp_path: Path) -> None:
    address = synthesizer.address()
    # The second is refused, and what is asked for after it is not touched by that.
    asked = [
        (environment(), "emulator"),
        ("from inferform import Nothing", "emulator"),
        (environment(network="None", registry="None", inference="None"), "aws"),
    ]
    for number, (text, target) in enumerate(asked):
        folder = tmp_path / str(number)
        alone = _made(folder / "alone", text, INFERFORM_TARGET=target)
        assert _made(folder / "served", text, address, INFERFORM_TARGET=target) == alone
        assert bool(alone[3]) == (alone[0] == 0)


def test_what_node_reads_itself_is_never_another_ones() -> None:
    made = synthesizer._Synthesizer()
    made._node = {"CDKTF_CONTEXT_JSON": "{}"}
    asked = {"CDKTF_CONTEXT_JSON": '{"excludeStackIdFromLogicalIds": true}', "CDKTF_OUTDIR": "out"}
    assert made.answer({"program": "main.py", "folder": ".", "environment": asked}) is None
