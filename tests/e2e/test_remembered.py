"""What is synthesized before is copied, and only what was asked for in the very same way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.program import REMEMBERED

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
