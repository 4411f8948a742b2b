"""What the command works on, how it is called, and what it says without its packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inferform_ops import program
from inferform_ops.project import find_project, own_command
from tests.conftest import ROOT


def test_the_project_is_the_nearest_folder_with_a_cdktf_json(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner" / "deep"
    inner.mkdir(parents=True)
    assert find_project(inner) is None
    (tmp_path / "outer" / "cdktf.json").touch()
    assert find_project(inner) == tmp_path / "outer"
    (tmp_path / "outer" / "inner" / "cdktf.json").touch()
    assert find_project(inner) == tmp_path / "outer" / "inner"


def test_hints_name_the_command_as_it_is_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = tmp_path / ".venv" / "bin" / "inferform"
    command.parent.mkdir(parents=True)
    command.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(command)])
    monkeypatch.setenv("PATH", "/usr/bin")
    assert own_command() == ".venv/bin/inferform"
    monkeypatch.setenv("PATH", str(command.parent))
    assert own_command() == "inferform"


def test_the_program_is_run_by_the_python_of_the_command_where_no_environment_is_active(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    path = program._with_python({"PATH": "/usr/bin"})["PATH"]
    assert path == f"{tmp_path}/bin:/usr/bin"
    active = {"PATH": "/usr/bin", "VIRTUAL_ENV": "/other"}
    assert program._with_python(active) == active
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert program._with_python({"PATH": "/usr/bin"}) == {"PATH": "/usr/bin"}


@pytest.mark.parametrize(
    ("module", "extra"), [("inferform_ops", "ops"), ("inferform_emulator", "emulator")]
)
def test_without_an_extra_it_is_said_how_to_get_it(module: str, extra: str) -> None:
    # Of the packages of the standard library and of the checkout alone.
    code = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"pip install 'inferform[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
