"""The tutorial, step by step: its edits are made, its commands run, and do what it says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import process
from tests.conftest import ROOT
from tests.examples.test_docs import split

TEXT = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
STEP = re.compile(r"^```(sh|sh fails|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEPS = [
    (kind, step)
    for kind, block in STEP.findall(TEXT)
    for step in ([block] if kind == "diff" else block.splitlines())
]

pytestmark = pytest.mark.story("each step continues from what the one before it left")


def recipe(target: str) -> str:
    """The command of `inferform` that a target of make runs."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    found = re.search(rf"^{target}: setup\n\t@\.venv/bin/(inferform .*)$", makefile, re.MULTILINE)
    assert found, target
    return found[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project, with an emulator of its own."""
    tmp_path = tmp_path_factory.mktemp("tutorial")
    for name in ("cdktf.json", "main.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(
        ROOT / "environments",
        tmp_path / "environments",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in (".venv", "node_modules"):
        (tmp_path / name).symlink_to(ROOT / name)
    yield tmp_path
    process.stop(tmp_path / ".inferform" / "emulator")


@pytest.fixture(scope="module")
def shown() -> dict[str, list[str]]:
    """What each command has printed, each time that it was run."""
    return {}


def edit(project: Path, diff: str) -> None:
    """Change the environment's file as a diff of one line says."""
    before, after = (re.search(rf"^\{sign}(.*)$", diff, re.MULTILINE) for sign in ("-", "+"))
    assert before
    assert after
    file = project / "environments" / "dev.py"
    text = file.read_text("utf-8")
    assert text.count(before[1]) == 1, before[1]
    file.write_text(text.replace(before[1], after[1]), encoding="utf-8")


def run(project: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the tutorial."""
    program, *arguments = shlex.split(line)
    if program == "make":
        program, *arguments = shlex.split(recipe(arguments[0]))
    assert program == "inferform", line
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("kind", "step"), STEPS, ids=[str(n) for n in range(len(STEPS))])
def test_a_step_is_what_it_says(
    project: Path, shown: dict[str, list[str]], kind: str, step: str
) -> None:
    if kind == "diff":
        edit(project, step)
        return
    done = run(project, step)
    output = done.stdout + done.stderr
    assert (done.returncode == 0) == (kind == "sh"), f"{step}\n{output}"
    shown.setdefault(step, []).append(output)


def test_the_commands_show_what_the_tutorial_says_of_them(shown: dict[str, list[str]]) -> None:
    first, second = shown["make demo"]
    assert "acme-dev-use1-fraud" in first
    assert "InService" in first
    assert "fraud:1.4.3" in second
    (review,) = shown["inferform review dev --emulator"]
    assert re.search(r"1\.4\.2.*1\.4\.3", review)
    assert "does not exist" in review
    assert "1.4.2" in next(shown[line][0] for line in shown if "rollback" in line)
    (mistake,) = (block for language, block in split(TEXT)[1] if not language)
    assert mistake.strip() in shown["inferform cost dev"][1]


def test_the_tutorial_ends_as_it_began(project: Path) -> None:
    files = (folder / "environments" / "dev.py" for folder in (project, ROOT))
    assert len({file.read_text("utf-8") for file in files}) == 1
    assert process.running(project / ".inferform" / "emulator") is None
