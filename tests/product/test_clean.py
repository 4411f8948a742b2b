"""From an empty folder to what is in service: the wheel, `init`, `demo`, `review`, the tests of the new
repository, `upgrade` and the end of the demo, as a new user goes.

The virtual environment is clean: it has the wheel and, of what is installed here, exactly the
distributions that the wheel says it requires. `python -m tests.product PYTHON` takes them from the
index instead.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

from . import steps
from .clean import EXTRAS, User, build, installed, link, made, required

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def user(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    user = made(tmp_path_factory.mktemp("user"), sys.executable)
    user.run("pip", "install", "--no-deps", "--no-index", "--quiet", str(wheel))
    link(user, required(wheel, EXTRAS))
    yield user
    if (user.folder / ".inferform" / "emulator").exists():
        user.run("inferform", "emulator", "stop")


def test_the_command_is_there_and_the_names_of_others_are_free(user: User) -> None:
    assert user.run("inferform", "--version").startswith("inferform ")
    code = "import importlib.util as u; print([n for n in ('ops', 'emulator', 'tests') if u.find_spec(n)])"
    assert user.run("python", "-c", code) == "[]\n"


def test_outside_of_a_project_it_is_said_what_makes_one(user: User) -> None:
    done = subprocess.run(
        ["inferform", "cost", "dev"],
        cwd=user.folder,
        env=user.variables,
        capture_output=True,
        text=True,
        check=False,
        executable=str(user.venv / "bin" / "inferform"),
    )
    assert done.returncode == 2
    assert "inferform init DIR makes a project" in done.stderr


def test_init_makes_a_repository_with_golden_files(user: User) -> None:
    steps.init(user)


def test_its_tests_pass_and_notice_a_change_of_a_stack(user: User) -> None:
    # What its Makefile installs beside Inferform.
    link(user, installed("pytest"))
    steps.test(user)
    file = user.folder / "environments" / "dev.py"
    text = file.read_text("utf-8")
    file.write_text(text.replace("ml.m5.large", "ml.m5.xlarge"), encoding="utf-8")
    with pytest.raises(AssertionError, match="1 failed"):
        user.run("python", "-m", "pytest", "-q")
    file.write_text(text, encoding="utf-8")


def test_the_demo_deploys_the_repository_onto_the_emulator(user: User) -> None:
    # The lock of the repository is the one of which these were installed.
    (user.folder / "node_modules").symlink_to(ROOT / "node_modules")
    steps.demo(user)


def test_the_command_finds_the_project_from_a_folder_in_it(user: User) -> None:
    steps.doctor(user)
    root = user.folder
    user.folder = root / "environments"
    assert "dev-euw1-inference" in user.run("inferform", "status", "dev", "--emulator")
    user.folder = root


def test_a_change_is_reviewed(user: User) -> None:
    steps.review(user)


def test_upgrade_says_what_another_version_changes_and_renames(
    user: User, wheel: Path, tmp_path: Path
) -> None:
    other = build(
        tmp_path,
        [
            ("pyproject.toml", 'version = "', 'version = "9.'),
            ("modules/kms/construct.py", "deletion_window_in_days=30", "deletion_window_in_days=7"),
            ("modules/kms/construct.py", 'f"alias/{', 'f"alias/of-{'),
        ],
    )
    shown = user.run("inferform", "upgrade", str(wheel))
    assert "changes nothing" in shown
    found = json.loads(user.run("inferform", "upgrade", str(other), "--json"))
    assert {each["stack"] for each in found} == {"dev-euw1-registry", "prod-euw1-registry"}
    told = {
        (each["address"].partition(".")[0], *each["attributes"], each["renamed"]) for each in found
    }
    assert told == {
        ("aws_kms_key", "deletion_window_in_days", False),
        ("aws_kms_alias", "name", True),
    }
    # What is installed is still the one that it was.
    assert user.run("inferform", "--version") != "inferform 9.0.1.0\n"


def test_the_end_of_the_demo_leaves_nothing(user: User) -> None:
    steps.destroy(user)
