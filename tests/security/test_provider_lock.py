"""A provider is what the lock file says, by version and hash, or Terraform does not run it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops import terraform
from ops.program import Program
from ops.terraform import EMULATOR_LOCK, LOCK_FILE, Stack, provider_mirror
from tests.provider import OWN
from tests.specs.files import CONTEXT

AWS = {"aws": {"source": "hashicorp/aws", "version": EMULATOR.provider_version}}
RANDOM = {"random": {"source": "hashicorp/random", "version": "3.7.2"}}


def stack_of(folder: Path, providers: Mapping[str, Any]) -> Stack:
    folder.mkdir(parents=True, exist_ok=True)
    content = {"terraform": {"required_providers": providers, "backend": {"local": {}}}}
    (folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    return Stack("mine", folder, ())


def mirror_of(folder: Path, **providers: str) -> dict[str, str]:
    """The environment of Terraform with a mirror whose providers are what somebody else wrote."""
    for name, version in providers.items():
        where = folder / "registry.terraform.io" / "hashicorp" / name / version
        binary = where / terraform._platform() / f"terraform-provider-{name}_v{version}"
        binary.parent.mkdir(parents=True)
        binary.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        binary.chmod(0o755)
    configuration = folder / "terraform.rc"
    configuration.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{folder}"\n  }}\n}}\n'
    )
    return {**os.environ, **OWN, "TF_CLI_CONFIG_FILE": str(configuration)}


def test_the_lock_is_of_the_version_that_stacks_for_the_emulator_ask_for() -> None:
    text = EMULATOR_LOCK.read_text("utf-8")
    assert f'version     = "{EMULATOR.provider_version}"' in text
    # The archives of all platforms, and what is unpacked of two.
    assert text.count('"zh:') == 15
    assert text.count('"h1:') == len(terraform._UNPACKED)


@pytest.mark.skipif(provider_mirror() is None, reason="the provider comes from the registry here")
def test_the_provider_of_this_machine_is_the_locked_one(tmp_path: Path) -> None:
    stack = stack_of(tmp_path / "stack", AWS)
    shutil.copy(EMULATOR_LOCK, stack.folder / LOCK_FILE)
    environment = terraform.terraform_environment() | OWN
    done = stack.run("init", "-input=false", "-lockfile=readonly", environment=environment)
    assert done.status == 0, done.output
    assert "not updated" not in done.output
    assert (stack.folder / LOCK_FILE).read_text() == EMULATOR_LOCK.read_text()


def test_another_provider_under_the_same_version_is_refused(tmp_path: Path) -> None:
    stack = stack_of(tmp_path / "stack", AWS)
    environment = mirror_of(tmp_path / "mirror", aws=EMULATOR.provider_version)
    # Without a lock it would be run.
    assert stack.init(environment).status == 0
    shutil.rmtree(stack.folder / ".terraform")
    shutil.copy(EMULATOR_LOCK, stack.folder / LOCK_FILE)
    done = stack.init(environment)
    assert done.status == 1
    assert "checksums previously recorded in the dependency lock file" in " ".join(
        done.output.split()
    )
    assert not list(stack.folder.glob(".terraform/providers/**/terraform-provider-aws*"))


WRITER = f"""
import json, os, pathlib
out = pathlib.Path(os.environ["CDKTF_OUTDIR"])
folder = out / "stacks" / "mine"
folder.mkdir(parents=True, exist_ok=True)
(folder / "cdk.tf.json").write_text({
    json.dumps(json.dumps({"terraform": {"required_providers": RANDOM, "backend": {"local": {}}}}))
})
entry = {{"workingDirectory": "stacks/mine", "dependencies": []}}
(out / "manifest.json").write_text(json.dumps({{"stacks": {{"mine": entry}}}}))
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A project with a stack of its own that asks for another provider."""
    folder = tmp_path / "environments"
    folder.mkdir()
    text = f"from inferform import *\n\ndev = Environment(context={CONTEXT}, registry=Registry())\n"
    (folder / "dev.py").write_text(text, encoding="utf-8")
    (tmp_path / "write.py").write_text(WRITER, encoding="utf-8")
    app = f"{sys.executable} -SE write.py"
    (tmp_path / "cdktf.json").write_text(json.dumps({"app": app}), encoding="utf-8")
    return Program(environments=folder, outdir=tmp_path / "cdktf.out", folder=tmp_path)


def test_a_projects_own_lock_holds_for_every_stack_and_is_not_added_to(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = mirror_of(tmp_path / "mirror", random="3.7.2")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", mirror["TF_CLI_CONFIG_FILE"])
    (stack,) = program.synthesize().stacks
    assert not (stack.folder / LOCK_FILE).exists()
    assert "-lockfile" not in program.terraform_environment().get("TF_CLI_ARGS_init", "")
    own = program.folder / LOCK_FILE
    shutil.copy(EMULATOR_LOCK, own)
    (stack,) = program.synthesize().stacks
    assert (stack.folder / LOCK_FILE).read_text() == own.read_text()
    done = stack.init(program.terraform_environment() | OWN)
    assert done.status == 1
    assert "Provider dependency changes detected" in done.output
    assert (stack.folder / LOCK_FILE).read_text() == own.read_text()


def test_stacks_for_the_emulator_get_its_lock_and_may_have_more_providers(
    program: Program, emulator: Emulator
) -> None:
    shutil.copy(EMULATOR_LOCK, program.folder / LOCK_FILE)
    emulated = replace(program, emulator=emulator)
    (stack,) = emulated.synthesize().stacks
    assert (stack.folder / LOCK_FILE).read_text() == EMULATOR_LOCK.read_text()
    assert "-lockfile" not in emulated.terraform_environment().get("TF_CLI_ARGS_init", "")


def test_a_platform_whose_unpacked_provider_is_not_known_gets_no_lock_from_a_mirror(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terraform, "_platform", lambda: "linux_arm64")
    monkeypatch.setattr(terraform, "registry_reachable", lambda: False)
    assert terraform.emulator_lock() is None
    monkeypatch.setattr(terraform, "registry_reachable", lambda: True)
    assert terraform.emulator_lock() == EMULATOR_LOCK
