"""CDK Terrain instead of CDKTF: the rename of docs/longevity.md, done on a copy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "longevity.md").read_text("utf-8")
TERRAIN = ROOT / ".venv-terrain" / "bin" / "python"
_STEERING = ("GIT_", "NODE_OPTIONS", "PYTHON", "JSII_", "INFERFORM_", "CDKTF_")

ALLOWED: dict[str, Callable[[Any, Any], bool]] = {
    # Notes of the library, which Terraform does not read.
    "version": lambda old, new: (old, new) == ("0.21.0", "0.24.0"),
    "//.metadata.version": lambda old, new: (old, new) == ("0.21.0", "0.24.0"),
    # The same address, in short and in full.
    "terraform.required_providers.*.source": lambda old, new: new == f"hashicorp/{old}",
    # Terraform's JSON has a block that occurs once as an object or as a list of one.
    "resource.kubernetes_namespace_v1.*.metadata": lambda old, new: new == [old],
}
"""Where the JSON may differ, and how."""

# What Node has loaded of the providers when it ends.
HOOK = """
const { isMainThread } = require("node:worker_threads");
if (isMainThread) {
  process.on("exit", () => {
    const files = Object.keys(require.cache).filter((name) => /provider-(aws|kubernetes)/.test(name));
    require("node:fs").writeFileSync(%s, JSON.stringify(files));
  });
}
"""


class Difference(NamedTuple):
    """A value that is not the same in both; one that is missing is "absent"."""

    file: str
    where: str
    old: Any
    new: Any


class Syntheses(NamedTuple):
    """The same stacks, synthesized by CDKTF and by CDK Terrain."""

    cdktf: Path
    terrain: Path
    loaded: list[str]
    """The files of the providers that Node has loaded for CDK Terrain."""


def run(*command: str, folder: Path, **environment: str) -> None:
    """Run a command, without variables that steer Python, Node or git."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_STEERING)}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project after the rename."""
    copy = tmp_path_factory.mktemp("renamed")
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()]
    not_tracked = shutil.ignore_patterns(".git", *ignored)
    shutil.copytree(ROOT, copy, ignore=not_tracked, dirs_exist_ok=True)
    commands = re.search(r"^```sh\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert commands is not None
    run("git", "init", "--quiet", folder=copy)
    run("git", "add", "--all", folder=copy)
    run("bash", "-euc", commands[1], folder=copy)
    return copy


@pytest.fixture(scope="module")
def syntheses(renamed: Path, tmp_path_factory: pytest.TempPathFactory) -> Syntheses:
    if not TERRAIN.exists():
        pytest.fail(".venv-terrain is missing: run make .venv-terrain/.ready", pytrace=False)
    out = tmp_path_factory.mktemp("out")
    program = ("-m", "tests.examples.stacks")
    run(sys.executable, *program, str(out / "cdktf"), folder=ROOT)
    hook = out / "hook.js"
    hook.write_text(HOOK % json.dumps(str(out / "loaded.json")), encoding="utf-8")
    terrain = str(out / "terrain")
    run(str(TERRAIN), *program, terrain, folder=renamed, NODE_OPTIONS=f'--require="{hook}"')
    return Syntheses(
        out / "cdktf", out / "terrain", json.loads((out / "loaded.json").read_text("utf-8"))
    )


def files(outdir: Path) -> dict[str, Any]:
    return {
        path.relative_to(outdir).as_posix(): json.loads(path.read_text("utf-8"))
        for path in outdir.rglob("*.json")
    }


def differences(file: str, old: Any, new: Any, where: str = "") -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            inner = f"{where}.{key}" if where else key
            yield from differences(file, old.get(key, "absent"), new.get(key, "absent"), inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(file, before, after, f"{where}.{index}")
    elif json.dumps(old) != json.dumps(new):
        yield Difference(file, where, old, new)


def test_the_renamed_program_synthesizes_the_same_but_for_what_is_listed(
    syntheses: Syntheses,
) -> None:
    old, new = files(syntheses.cdktf), files(syntheses.terrain)
    assert len(old) > 40
    assert old.keys() == new.keys()
    found = [each for file in old for each in differences(file, old[file], new[file])]
    explained = {
        each: where
        for where, same in ALLOWED.items()
        for each in range(len(found))
        if fnmatchcase(found[each].where, where) and same(found[each].old, found[each].new)
    }
    assert [each for index, each in enumerate(found) if index not in explained] == []
    assert set(explained.values()) == ALLOWED.keys(), "no longer differs"


def test_the_document_lists_every_difference() -> None:
    assert [where for where in ALLOWED if f"`{where}`" not in DOCUMENT] == []


def test_the_bindings_of_cdk_terrain_load_as_fast(syntheses: Syntheses) -> None:
    # Of more than 2,000 files: only those of the resources that the stacks have.
    assert 50 < len(syntheses.loaded) < 250


def test_the_rename_pins_the_versions_that_are_tested(renamed: Path) -> None:
    text = (Path(__file__).parent / "requirements.txt").read_text("utf-8")
    tested = dict(re.findall(r"^(cdktn[\w-]*)==(\S+)", text, re.MULTILINE))
    project = tomllib.loads((renamed / "pyproject.toml").read_text("utf-8"))["project"]
    required = [line.split("==") for line in project["dependencies"] if "cdk" in line]
    assert dict(required) == tested
    packages = tomllib.loads((renamed / "Pipfile").read_text("utf-8"))["packages"]
    assert {n: v.removeprefix("==") for n, v in packages.items() if "cdk" in n} == tested
    cli = json.loads((renamed / "package.json").read_text("utf-8"))["devDependencies"]
    assert cli == {"cdktn-cli": tested["cdktn"]}


def test_the_renamed_program_is_lint_free(renamed: Path) -> None:
    ruff = str(Path(sys.executable).with_name("ruff"))
    run(ruff, "check", "--no-cache", ".", folder=renamed)
    run(ruff, "format", "--no-cache", "--check", ".", folder=renamed)
