"""What a destroy and a recovery refuse, on stacks that Terraform deploys without AWS."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.deploy import _check_lock, refuse_below
from ops.errors import BadInputError, OperatorError
from ops.program import Program, Stacks
from ops.state import MOVE, Lock
from ops.terraform import Stack
from tests.ops.alone import applied, written
from tests.waiting import asleep

ENDED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def test_nothing_is_destroyed_under_a_stack_that_holds_resources(tmp_path: Path) -> None:
    program = Program(work=tmp_path / "work")
    lower = written(tmp_path / "lower", "1")
    upper = replace(written(tmp_path / "upper", "1"), dependencies=("lower",))
    beside = written(tmp_path / "beside", "1")
    synthesis = Stacks(program, (lower, upper, beside), {})
    refuse_below(["lower"], synthesis)
    applied(upper, program.terraform_environment())
    applied(beside, program.terraform_environment())
    with pytest.raises(BadInputError, match=r"^upper would be left without what is below"):
        refuse_below(["lower"], synthesis)
    refuse_below(["lower", "upper"], synthesis)
    refuse_below(["upper"], synthesis)


def test_a_stack_is_worked_on_while_terraform_runs_in_its_folder(tmp_path: Path) -> None:
    # Other runs on this machine may work on a stack of a name that examples have.
    name = f"dev-use1-{uuid.uuid4().hex}"
    stack = written(tmp_path / name, "1")
    assert stack.is_at_work({}) is False
    elsewhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    for program, folder, arguments, variables, works in (
        ("terraform", stack.folder, [], {}, True),
        ("/usr/bin/terraform", tmp_path, [f"-chdir={stack.folder}"], {}, True),
        ("terraform", stack.folder, [], elsewhere, False),
        ("terraform", tmp_path, [f"-chdir={tmp_path / name}-2"], {}, False),
        ("bash", stack.folder, [], {}, False),
    ):
        with asleep(program, *arguments, cwd=folder, env={**os.environ, **variables}):
            assert stack.is_at_work({}) is works, (program, arguments, variables)
            assert stack.is_at_work(elsewhere) is bool(variables), (program, arguments, variables)
    assert stack.is_at_work({}) is False


def lock(minutes: int) -> Lock:
    return Lock("1", "ann@build", "apply", (ENDED + timedelta(minutes=minutes)).isoformat())


def test_a_lock_taken_after_a_state_was_left_unwritten_is_somebody_elses(tmp_path: Path) -> None:
    stack = Stack("dev-use1-network", tmp_path, ())
    _check_lock(lock(1), stack, "unlock it")
    with pytest.raises(OperatorError, match=r"a move between states holds the lock") as e:
        _check_lock(replace(lock(-1), operation=MOVE), stack, "move on")
    assert "if it is dead: move on" in str(e.value)
    stack.unsaved.touch()
    os.utime(stack.unsaved, (ENDED.timestamp(), ENDED.timestamp()))
    _check_lock(lock(-1), stack, "unlock it")
    with pytest.raises(OperatorError, match=r"another run holds the lock of dev-use1-network") as e:
        _check_lock(lock(1), stack, "unlock it")
    assert "wait for it; if it is dead: unlock it" in str(e.value)
