"""The wheel `inferform`, in a clean virtual environment outside the repository."""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from inferform import bindings
from ops.terraform import stacks, terraform_environment

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"inferform": "modules", "inferform_ops": "ops", "inferform_emulator": "emulator"}
"""The packages that the wheel installs, and the folders that they are made of."""


def _copied(folder: Path) -> Path:
    """The files that a wheel is made of, so that a build leaves nothing in the repository."""
    for name in ("pyproject.toml", "setup.py", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "reuse.md", folder / "docs" / "reuse.md")
    for name in FOLDERS.values():
        ignored = shutil.ignore_patterns("__pycache__")
        # Some files are links to others of the repository, as they are where a release is built.
        shutil.copytree(ROOT / name, folder / name, ignore=ignored, symlinks=True)
        for link in (each for each in (ROOT / name).rglob("*") if each.is_symlink()):
            target = folder / link.resolve().relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(link.resolve(), target)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = _copied(tmp_path_factory.mktemp("source"))
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target)]
    built = subprocess.run(
        [*command, str(source)], capture_output=True, text=True, check=False, timeout=900
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next(target.glob("inferform-*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a virtual environment with the wheel.

    Its dependencies, whose versions the wheel's metadata names, are those of this environment;
    the wheel's own modules can only come from the wheel.
    """
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    made = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(made), "install", "--no-deps"]
    subprocess.run(
        [*install, "--no-index", "--disable-pip-version-check", str(wheel)],
        check=True,
        capture_output=True,
    )
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return made


def test_its_bill_of_materials_lists_all_that_it_needs_as_it_is_locked(
    wheel: Path, tmp_path: Path
) -> None:
    target = tmp_path / "inferform.cdx.json"
    script = ROOT / ".github" / "sbom.py"
    subprocess.run([sys.executable, str(script), str(wheel), str(target)], check=True)
    bill = json.loads(target.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    main = bill["metadata"]["component"]
    assert main["name"] == "inferform"
    assert main["hashes"][0]["content"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    locked = json.loads((ROOT / "Pipfile.lock").read_text("utf-8"))["default"]
    listed = {each["name"]: each["version"] for each in bill["components"]}
    assert listed == {name: locked[name]["version"].removeprefix("==") for name in listed}
    # Closed: whatever a listed package requires here is listed, too.
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith("/METADATA")]
        own = re.findall(r"^Requires-Dist: (.+)$", archive.read(name).decode(), re.MULTILINE)
    assert len(own) > 3
    asked = [*own, *(text for package in listed for text in requires(package) or ())]
    for each in map(Requirement, asked):
        if each.marker is None or each.marker.evaluate({"extra": ""}):
            assert canonicalize_name(each.name) in listed, each
    reached = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert {ref for refs in reached.values() for ref in refs} == {
        each["bom-ref"] for each in bill["components"]
    }


def _run(python: Path, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(python), "-c", code],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def test_the_wheel_holds_every_file_of_its_packages_and_installs_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }
    wanted = {
        f"{package}/{path.relative_to(ROOT / folder).as_posix()}": path.read_bytes()
        for package, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held.keys() == wanted.keys()
    assert [name for name, content in held.items() if content != wanted[name]] == []


def _third_party(package: str) -> Iterator[str]:
    for file in (ROOT / FOLDERS[package]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [str(node.module)]
            for name in names:
                top = name.partition(".")[0]
                # Types of boto3's clients are imported for mypy alone.
                if top not in {*sys.stdlib_module_names, *FOLDERS} and "mypy" not in top:
                    yield top


def test_the_wheel_pins_every_package_whose_version_decides_how_fast_it_loads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = {f"{name.replace('_', '-')}=={version}" for name, version in bindings._KNOWN.items()}
    assert known <= set(project["dependencies"])


@pytest.mark.parametrize(
    ("package", "extras"),
    [("inferform", ()), ("inferform_ops", ("ops",)), ("inferform_emulator", ("emulator",))],
)
def test_the_wheel_requires_every_package_that_it_imports(
    package: str, extras: tuple[str, ...]
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = [line for extra in extras for line in project["optional-dependencies"][extra]]
    required = {re.split(r"[=<>!~\[ ]", line)[0] for line in [*project["dependencies"], *optional]}
    # What a required package always brings, by a name of its own.
    brought = {"pydantic_core": "pydantic", "botocore": "boto3", "yaml": "pyyaml"}
    if package == "inferform_emulator":
        brought["botocore"] = "moto"
    missing = {
        name
        for name in set(_third_party(package))
        if brought.get(name, name).replace("_", "-") not in required
    }
    assert missing == set()


def test_specs_work_outside_the_repository(python: Path, tmp_path: Path) -> None:
    done = _run(
        python,
        "import sys, inferform; print(inferform.__file__); assert inferform.rules.RULES; "
        "print(*(name for name in inferform.__all__ if not hasattr(inferform, name))); "
        "assert 'cdktf' not in sys.modules",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    file, missing = done.stdout.splitlines()
    assert Path(file).is_relative_to(python.parent.parent)
    assert missing == ""


def _example(name: str) -> str:
    text = (ROOT / "docs" / "reuse.md").read_text("utf-8")
    found = re.search(rf"```python {name}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_ten_lines_of_another_organization_synthesize_and_validate(
    python: Path, tmp_path: Path
) -> None:
    # Statements, as the formatter decides how many lines each takes.
    assert len(ast.parse(_example("consumer")).body) <= 10
    done = _run(python, _example("consumer"), tmp_path)
    assert done.returncode == 0, done.stderr
    known = stacks(tmp_path / "cdktf.out")
    assert [stack.name for stack in known] == ["prod-euc1-registry", "prod-euc1-inference"]
    environment = terraform_environment()
    for stack in known:
        file = stack.folder / "cdk.tf.json"
        synthesized = json.loads(file.read_text("utf-8"))
        [provider] = synthesized["provider"]["aws"]
        assert provider["allowed_account_ids"] == ["555566667777"]
        assert provider["region"] == "eu-central-1"
        # What is at hand may be older than what a real environment asks for.
        synthesized["terraform"]["required_providers"]["aws"]["version"] = ">= 5.100.0"
        file.write_text(json.dumps(synthesized), encoding="utf-8")
        initialized = stack.init(environment, backend=False)
        assert initialized.status == 0, initialized.output
        validated = stack.run("validate", "-no-color", environment=environment)
        assert validated.status == 0, validated.output
    inference = (known[1].folder / "cdk.tf.json").read_text("utf-8")
    assert "vpc-0a1b2c3d" in inference
    assert "subnet-0a1b2c3d" in inference


def test_one_construct_works_in_a_stack_of_another_project(python: Path, tmp_path: Path) -> None:
    done = _run(python, _example("construct"), tmp_path)
    assert done.returncode == 0, done.stderr
    [stack] = stacks(tmp_path / "cdktf.out")
    synthesized = json.loads((stack.folder / "cdk.tf.json").read_text("utf-8"))
    assert {"aws_sagemaker_endpoint", "aws_iam_role", "aws_cloudwatch_metric_alarm"} <= set(
        synthesized["resource"]
    )
    [model] = synthesized["resource"]["aws_sagemaker_model"].values()
    assert model["name"].endswith("-${local.suffix}")
    assert synthesized["locals"]["held"] == [
        ["subnet-0a1b2c3d", "subnet-1a2b3c4d"],
        ["sg-0a1b2c3d", "arn:aws:kms:eu-central-1:555566667777:key/1a2b3c4d"],
    ]


def test_every_construct_that_the_docs_name_is_there() -> None:
    text = (ROOT / "docs" / "reuse.md").read_text("utf-8")
    named = re.findall(r"`inferform((?:\.\w+)+)\.([A-Z]\w+)`", text)
    assert len(named) >= 9
    for module, name in named:
        assert hasattr(importlib.import_module(f"modules{module}"), name), name
