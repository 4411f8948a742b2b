"""The notebook of examples/, cell by cell on an emulator of its own.

Its code is plain Python, so that one process runs the cells in their order: nbclient and ipykernel would add some
thirty locked packages to run the same statements.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import process
from tests.conftest import ROOT

from .program import app_of

EXAMPLE = ROOT / "examples" / "notebook"
NOTEBOOK: dict[str, Any] = json.loads((EXAMPLE / "model.ipynb").read_text("utf-8"))
CELLS: list[dict[str, Any]] = NOTEBOOK["cells"]

RUN = """
import json, pathlib, sys
known = {"__name__": "__main__"}
for number, cell in enumerate(json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8"))["cells"]):
    if cell["cell_type"] == "code":
        print(f"\\n=== {number}", flush=True)
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), known)
"""

pytestmark = pytest.mark.story("what the notebook printed is looked at from test to test")


def test_it_is_a_notebook_without_outputs_or_commands_of_a_shell_alone() -> None:
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert NOTEBOOK["metadata"]["kernelspec"]["name"] == "python3"
    ids = [cell["id"] for cell in CELLS]
    assert len({*ids}) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", each) for each in ids)
    for cell in CELLS:
        assert cell["cell_type"] in ("code", "markdown")
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
            assert not re.search(r"^[!%]", "".join(cell["source"]), re.MULTILINE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the example, deployed as its README says."""
    folder = tmp_path_factory.mktemp("notebook") / "notebook"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", "build"))
    settings = json.loads((folder / "cdktf.json").read_text("utf-8"))
    settings["app"] = app_of(folder / "remembered")
    (folder / "cdktf.json").write_text(json.dumps(settings), "utf-8")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    try:
        ran(folder, "-m", "inferform_ops", "demo")
        yield folder
    finally:
        process.stop(folder / ".inferform" / "emulator")


@pytest.fixture(scope="module")
def shown(project: Path) -> dict[str, str]:
    """What each cell with code has printed, by its heading."""
    output = ran(project, "-c", RUN, "model.ipynb")
    parts = re.split(r"^=== (\d+)\n", output, flags=re.MULTILINE)[1:]
    headings, heading = {}, ""
    printed = dict(zip(parts[::2], parts[1::2], strict=True))
    for number, cell in enumerate(CELLS):
        if found := re.search(r"^#+ (.+)$", "".join(cell["source"]), re.MULTILINE):
            heading = found[1] if cell["cell_type"] == "markdown" else heading
        if cell["cell_type"] == "code":
            headings[heading] = printed[str(number)]
    return headings


def ran(folder: Path, *arguments: str) -> str:
    """What Python prints in a folder, with this checkout's Inferform."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_version_waits_until_somebody_approves_it(shown: dict[str, str]) -> None:
    assert "PendingManualApproval" in shown["Register"]
    assert "fraud/1 is Approved (was PendingManualApproval)" in shown["Ask for an approval"]


def test_the_endpoint_answers_the_command_and_boto3_alike(shown: dict[str, str]) -> None:
    assert 'EndpointName="acme-dev-use1-fraud"' in shown["Call it"]
    assert (
        shown["Call it"].count("0.1,0.2,0.3") == 3
    )  # in the code that is printed, and twice answered


def test_what_serves_and_what_was_measured_is_shown(shown: dict[str, str]) -> None:
    assert "InService" in shown["Look at it"]
    assert "Invocations" in shown["Look at it"]


def test_the_next_version_is_taken_over_and_both_stand_in_the_history(
    shown: dict[str, str], project: Path
) -> None:
    said = shown["The next version"]
    assert re.search(r"metrics\.accuracy\.value\s+(fraud/1\s+)?0\.91\s+(fraud/2\s+)?0\.97", said), (
        said
    )
    assert "fraud/2 is Approved" in said
    written = (project / "environments" / "dev.py").read_text("utf-8")
    assert "model-package/acme-dev-use1-fraud/2" in written
    history = json.loads(
        ran(project, "-m", "inferform_ops", "history", "dev", "fraud", "--emulator", "--json")
    )
    assert [each["version"].rpartition("/")[2] for each in history] == ["2", "1"]
    assert all(each["reached"] for each in history)
    assert all(each["who"] in shown["Its history"] for each in history)
