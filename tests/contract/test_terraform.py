"""Terraform and the real provider accept every synthesized stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.terraform import stacks
from tests.conftest import run_main
from tests.contract.accepts import refused, validate


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outdir = tmp_path_factory.mktemp("contract") / "cdktf.out"
    done = run_main("--target", "emulator", "--outdir", str(outdir))
    assert done.returncode == 0, done.stderr
    return outdir


def test_terraform_validates_every_stack_of_every_environment(synthesized: Path) -> None:
    answers = validate(synthesized)
    assert len(answers) >= 9
    assert refused(answers) == {}


def test_stacks_come_after_those_they_stand_on(synthesized: Path) -> None:
    order = [stack.name for stack in stacks(synthesized)]
    for stack in stacks(synthesized):
        for below in stack.dependencies:
            assert order.index(below) < order.index(stack.name)
