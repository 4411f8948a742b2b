"""What a destroy and a recovery refuse, on stacks that Terraform deploys without AWS."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inferform import Context, Environment, Network
from ops.advice import about_stack, is_saved, lost_imports
from ops.cdk import Deployment, StackRun
from ops.deploy import _check_lock, _complete, failure, refuse_below, refuse_protected
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


def kept(tmp_path: Path, address: str = "terraform_data.x") -> tuple[Stack, Stacks]:
    """A deployed stack that would now replace what may not be destroyed, and an environment that imports
    an address of its layer."""
    program = Program(work=tmp_path / "work")
    place = {"environment": "dev-use1", "layer": "network"}
    comment = {"//": {"metadata": {"inferform": place}}}

    def resources(value: str) -> dict[str, Any]:
        life = {"prevent_destroy": True}
        return {"terraform_data": {"x": {"triggers_replace": value, "lifecycle": life}}}

    folder = tmp_path / "dev-use1-network"
    applied(
        written(folder, "1", resource=resources("1"), **comment), program.terraform_environment()
    )
    stack = written(folder, "2", resource=resources("2"), **comment)
    environment = Environment(
        context=Context(
            organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
        ),
        network=Network(cidr="10.0.0.0/16"),
        imported={"network": {address: "1"}},
    )
    return stack, Stacks(program, (stack,), {"dev-use1": environment})


def test_what_is_protected_is_refused_before_anything_is_destroyed(tmp_path: Path) -> None:
    stack, synthesis = kept(tmp_path)
    with pytest.raises(BadInputError, match=r"dev-use1-network holds terraform_data\.x") as caught:
        refuse_protected([stack], synthesis)
    assert "nothing is destroyed" in str(caught.value)
    assert "protected=False" in str(caught.value.hint)
    (stack.folder / "terraform.tfstate").unlink()
    refuse_protected([stack], synthesis)


@pytest.mark.parametrize(
    "run",
    [
        StackRun("dev-use1-network", "deploying"),
        StackRun("dev-use1-network", "failed", error=["Error: Instance cannot be destroyed"]),
    ],
    ids=["nothing", "half of it"],
)
def test_what_cdktf_did_not_print_of_an_error_is_read_from_a_plan(
    tmp_path: Path, run: StackRun
) -> None:
    stack, synthesis = kept(tmp_path)
    _complete([run], synthesis)
    said = failure(Deployment(1, [run], stack.folder / "log", []), synthesis)
    assert "dev-use1-network: failed" in said
    assert "where: terraform_data.x" in said or "Resource terraform_data.x has" in said
    assert "what Environment.imported names is never destroyed or replaced: write the Spec" in said


@pytest.mark.parametrize(
    "run",
    [
        StackRun("dev-use1-network", "waiting"),
        StackRun("dev-use1-network", "applied"),
        StackRun("dev-use1-network", "failed", error=["Error: a", "", "with aws_vpc.x,"]),
    ],
    ids=["not begun", "applied", "told"],
)
def test_nothing_is_planned_again_for_a_stack_whose_end_is_known(
    tmp_path: Path, run: StackRun
) -> None:
    _, synthesis = kept(tmp_path)
    before = (run.status, [*run.error])
    _complete([run], synthesis)
    assert (run.status, run.error) == before


def test_only_what_is_imported_is_told_so(tmp_path: Path) -> None:
    stack, synthesis = kept(tmp_path, "terraform_data.y")
    variables = synthesis.program.terraform_environment()
    output = stack.run("plan", "-no-color", environment=variables).output
    environment = synthesis.environments["dev-use1"]
    assert lost_imports(output, stack, environment) == []
    assert "set protected=False" in about_stack(output, stack, environment)
    imports = environment.replace(imported={"network": {"terraform_data.x": "1"}})
    assert lost_imports(output, stack, imports) == ["terraform_data.x"]
    assert is_saved(output)
    assert not is_saved(f"{output}\nError: another\n")
    assert not is_saved("no error")


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
