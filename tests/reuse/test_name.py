"""One name for each package, in this repository as from the wheel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _run(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_folder_under_its_own_name_is_the_same_package() -> None:
    done = _run(
        "import modules.vpc.spec, modules.layers.program\n"
        "import inferform, sys\n"
        "assert modules.vpc.spec.Network is inferform.Network is modules.Network\n"
        "twice = [n for n, m in sys.modules.items() if n.startswith('modules.') and "
        "m is not sys.modules['inferform' + n.removeprefix('modules')]]\n"
        "assert not twice, twice\n"
        "inferform.layers.program.App\n"
        "assert modules.layers.program.__spec__.name == 'inferform.layers.program'\n"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("folder", "name", "module"),
    [("ops", "inferform_ops", "terraform"), ("emulator", "inferform_emulator", "process")],
)
def test_the_other_folders_under_their_own_names_are_the_same_packages(
    folder: str, name: str, module: str
) -> None:
    done = _run(
        f"import {folder}.{module}, {name}.{module}, sys\n"
        f"assert {folder}.{module} is {name}.{module}\n"
        f"assert {folder}.{module}.__spec__.name == '{name}.{module}'\n"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "folder"),
    [("inferform", "modules"), ("inferform_ops", "ops"), ("inferform_emulator", "emulator")],
)
def test_the_name_is_a_link_to_the_folder(name: str, folder: str) -> None:
    assert (ROOT / name).resolve() == ROOT / folder
