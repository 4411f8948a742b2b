"""What is looked at after a deploy, and repaired after one that was cut off, stack beside stack."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from ops import deploy as operations
from ops.checks import DEPLOYED
from ops.deploy import recover, verify_all
from ops.errors import OperatorError
from ops.kinds.record import Finding
from ops.program import Program, Stacks
from ops.terraform import Stack
from ops.verify import Applied
from tests.ops.alone import applied, written

CHANGED = {"red": ["a.b"], "green": ["a.b"], "blue": ["a.b"]}


@pytest.fixture
def synthesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stacks:
    """Three stacks, the last of which nobody has changed."""
    names = [*CHANGED, "untouched"]
    program = Program(work=tmp_path / "work")
    made = Stacks(program, tuple(Stack(name, tmp_path / name, ()) for name in names), {})
    monkeypatch.setattr(Program, "synthesize", lambda _: made)
    return made


def _looked_at(
    monkeypatch: pytest.MonkeyPatch, failing: Sequence[str], together: Barrier
) -> list[str]:
    seen = list[str]()

    def look(
        stack: Stack, _changed: Sequence[str], _stacks: Stacks, *, waiting: Callable[[str], object]
    ) -> Applied:
        waiting(f"fraud of {stack.name}")
        together.wait(timeout=60)
        seen.append(stack.name)
        if stack.name in failing:
            return Applied(
                [Finding(DEPLOYED, f"fraud of {stack.name}", "failed", "is down", "run")]
            )
        return Applied([], {f"fraud of {stack.name}": "may not be read"})

    monkeypatch.setattr(operations, "verify_stack", look)
    return seen


def test_what_the_stacks_of_a_deploy_changed_is_looked_at_side_by_side(
    synthesis: Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All three have to be begun before one can end.
    seen = _looked_at(monkeypatch, [], Barrier(3))
    found = verify_all(CHANGED, synthesis, parallelism=3)
    assert [*found] == [*CHANGED]
    assert {*seen} == {*CHANGED}
    assert found["red"].unknown == {"fraud of red": "may not be read"}


def test_everything_that_does_not_serve_is_told_and_what_is_known_of_the_others(
    synthesis: Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _looked_at(monkeypatch, ["red", "blue"], Barrier(1))
    with pytest.raises(OperatorError) as caught:
        verify_all(CHANGED, synthesis, parallelism=1)
    assert {*seen} == {*CHANGED}
    assert caught.value.message.splitlines() == [
        "red was applied, but what it changed does not serve as it should",
        "  fraud of red is down",
        "    what to do: run",
        "blue was applied, but what it changed does not serve as it should",
        "  fraud of blue is down",
        "    what to do: run",
        "green: not verified: fraud of green: may not be read",
    ]


def test_a_recovery_says_what_became_of_each_stack_where_one_cannot_be_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(work=tmp_path / "work")
    variables = program.terraform_environment()
    lower, beside, other = (
        applied(written(tmp_path / name, "1"), variables) for name in ("lower", "beside", "other")
    )
    for stack in (lower, beside, other):
        shutil.copy(stack.folder / "terraform.tfstate", stack.unsaved)
    # A state of another lineage is refused by Terraform.
    shutil.copy(other.folder / "terraform.tfstate", lower.unsaved)
    upper = replace(written(tmp_path / "upper", "1"), dependencies=("lower",))
    made = Stacks(program, (lower, upper, beside), {})
    monkeypatch.setattr(Program, "synthesize", lambda _: made)
    with pytest.raises(OperatorError) as caught:
        recover(["*"], program)
    said = caught.value.message.splitlines()
    assert "wrote the state that errored.tfstate held" in said[0]
    assert "lower was not recovered" in said
    assert "upper was left, as it depends on one of these" in said
    assert "move that file away and run this again" in caught.value.message
    assert lower.unsaved.exists()
    assert not beside.unsaved.exists()
