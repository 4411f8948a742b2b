"""Terraform and the real provider accept every synthesized stack."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.terraform import Stack, stacks, terraform_environment
from tests.conftest import run_main


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outdir = tmp_path_factory.mktemp("contract") / "cdktf.out"
    done = run_main("--target", "emulator", "--outdir", str(outdir))
    assert done.returncode == 0, done.stderr
    return outdir


def test_terraform_validates_every_stack_of_every_environment(synthesized: Path) -> None:
    environment = terraform_environment()

    def validate(stack: Stack) -> str:
        ready = stack.init(environment, backend=False)
        assert ready.status == 0, ready.output
        return stack.run("validate", "-no-color", environment=environment).output

    every = [s for s in stacks(synthesized) if not s.name.endswith("kubernetes")]
    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip((s.name for s in every), pool.map(validate, every), strict=True))
    assert len(answers) >= 9
    wrong = {name: text for name, text in answers.items() if "Success!" not in text}
    assert wrong == {}


def test_stacks_come_after_those_they_stand_on(synthesized: Path) -> None:
    order = [stack.name for stack in stacks(synthesized)]
    for stack in stacks(synthesized):
        for below in stack.dependencies:
            assert order.index(below) < order.index(stack.name)
