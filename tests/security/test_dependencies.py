"""What is installed is what was locked, from where it was locked, and runs nothing on the way.

Whether a locked version has an advisory changes by the day and asks the databases of PyPI and npm:
`make audit` and its workflow do.
"""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from inferform_ops.node import install_cdktf
from tests.conftest import ROOT

PIPFILE: dict[str, Any] = json.loads((ROOT / "Pipfile.lock").read_text("utf-8"))


def _packages(folder: Path) -> dict[str, dict[str, Any]]:
    locked: dict[str, dict[str, Any]] = json.loads(
        (folder / "package-lock.json").read_text("utf-8")
    )
    return {path: entry for path, entry in locked["packages"].items() if path}


NPM = _packages(ROOT)
AUDIT = _packages(ROOT / ".github" / "audit")
DOCS = _packages(ROOT / ".github" / "docs")
REQUIREMENTS = sorted(
    file
    for pattern in (
        ".github/*requirements.txt",
        "bench/*requirements.txt",
        "container/*/requirements.txt",
        "tests/*/*requirements.txt",
    )
    for file in ROOT.glob(pattern)
)
ALLOWED = json.loads((ROOT / ".github" / "audit-ci.json").read_text("utf-8"))["allowlist"]


def test_every_python_package_is_locked_by_version_and_hash_from_one_source() -> None:
    assert [source["name"] for source in PIPFILE["_meta"]["sources"]] == ["pypi"]
    locked = {**PIPFILE["default"], **PIPFILE["develop"]}
    assert len(locked) > 100
    for name, entry in locked.items():
        assert entry["version"].startswith("=="), name
        assert all(hash_.startswith("sha256:") for hash_ in entry["hashes"]), name
        assert entry["hashes"], name
        assert not {"git", "path", "url", "file"} & set(entry), name


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_other_requirement_is_one_version_with_its_hashes(file: Path) -> None:
    text = re.sub(r"^#.*\n", "", file.read_text("utf-8"), flags=re.MULTILINE)
    entries = text.replace("\\\n", "").splitlines()
    assert entries
    for entry in entries:
        assert re.fullmatch(
            r"[\w.-]+==[\w.!+]+\s*(;[^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", entry
        ), entry[:200]


def test_every_file_of_requirements_is_installed_by_its_hashes_alone() -> None:
    written = [
        ROOT / "Makefile",
        ROOT / "container" / "reference" / "Dockerfile",
        *(ROOT / ".github" / "workflows").glob("*.yml"),
    ]
    lines = [line for file in written for line in file.read_text("utf-8").splitlines()]
    installing = [line for line in lines if re.search(r"pip\S* install\b", line)]
    # By uv and by pip in the Makefile, by pip in the image.
    assert len(installing) >= 3
    for line in installing:
        assert "--require-hashes --requirement " in line, line
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "$(call install,$(PY),.venv/requirements.txt)" in makefile
    assert "$(PIPENV) requirements --dev --hash " in makefile
    for file in REQUIREMENTS:
        name = str(file.relative_to(ROOT))
        assert name in makefile or file.parent.parent.name == "container", name


@pytest.mark.parametrize(
    ("packages", "least"), [(NPM, 200), (AUDIT, 20), (DOCS, 0)], ids=["all", "audit", "docs"]
)
def test_every_npm_package_is_locked_by_its_content(
    packages: dict[str, dict[str, Any]], least: int
) -> None:
    assert len(packages) > least
    for path, entry in packages.items():
        # What a package bundles is covered by the package's own hash.
        assert entry.get("inBundle") or entry["integrity"].startswith("sha512-"), path
        # No address: npm asks the registry that the machine is set to.
        assert not {"link", "resolved"} & set(entry), path


def test_installing_runs_no_script_of_a_package() -> None:
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    installing = [line for line in lines if re.search(r"\bnpm (ci|install)\b|\bnpx\b", line)]
    assert len(installing) == 2
    for line in installing:
        assert re.search(r"npm ci .*--ignore-scripts", line), line


def test_installing_cdktf_runs_no_script_of_a_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\necho "$@" > asked\n')
    npm.chmod(0o755)
    (tmp_path / "package-lock.json").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    install_cdktf(tmp_path)
    asked = (tmp_path / "asked").read_text("utf-8").split()
    assert asked[0] == "ci"
    assert "--ignore-scripts" in asked


def test_what_is_lifted_over_an_advisory_is_lifted_wherever_it_can_be() -> None:
    overrides = json.loads((ROOT / "package.json").read_text("utf-8")).get("overrides", {})
    for name, wanted in overrides.items():
        package, _, major = name.partition("@")
        least = Version(wanted.removeprefix("^"))
        found = [
            Version(entry["version"])
            for path, entry in NPM.items()
            if path.rpartition("node_modules/")[2] == package
            and not entry.get("inBundle")
            and entry["version"].startswith(major)
        ]
        assert found, f"{name} is not installed any more"
        assert min(found) >= least, name


def test_an_advisory_is_allowed_only_for_what_cdktf_bundles() -> None:
    bundled = {
        f"{path.rpartition('node_modules/')[2]} {entry['version']}"
        for path, entry in NPM.items()
        if entry.get("inBundle") and "/cdktf/" in path
    }
    for record in ALLOWED:
        ((advisory, why),) = record.items()
        assert re.fullmatch(r"GHSA(-[23456789cfghjmpqrvwx]{4}){3}", advisory)
        name, versions = re.findall(r"bundles ([\w-]+) ([\d.]+)", why["notes"])[0]
        assert f"{name} {versions}" in bundled, advisory


LICENCES = (
    *("0BSD", "Apache", "BSD", "BlueOak", "CC0", "ISC", "MIT", "MPL", "Mozilla", "PSF", "Python"),
    *("Public Domain", "Unlicense"),
)
# These say no more than that OSI approves: cdktf and its bindings are MPL-2.0, constructs Apache-2.0.
APPROVED = {"cdktf", "cdktf-cdktf-provider-aws", "cdktf-cdktf-provider-kubernetes", "constructs"}


def test_what_the_command_needs_is_under_the_licences_that_the_document_names() -> None:
    for path, entry in NPM.items():
        assert any(each in entry["license"] for each in LICENCES), path
    for name in PIPFILE["default"]:
        try:
            said = metadata(name)
        except PackageNotFoundError:
            continue  # for another system or Python
        stated = [*(said.get_all("License-Expression") or ()), *(said.get_all("License") or ())]
        text = " ".join(each.partition("\n")[0] for each in stated)
        text += " ".join(
            each for each in said.get_all("Classifier") or () if each.startswith("License")
        )
        assert "GPL" not in text, name
        assert any(each in text for each in LICENCES) or name in APPROVED, (name, text)
