"""Several environments at a time: a failure leaves what depends on it, a kill leaves what recover repairs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inferform_emulator.process import Emulator
from ops.deploy import unchecked
from ops.errors import OperatorError
from ops.review.approved import Approved, deploy
from ops.review.digest import digest
from ops.review.reviewing import review_environments

from .program import LASTING
from .several import Several

pytestmark = pytest.mark.story("each test begins with the stacks that the one before it left")

ACCOUNTS = {"red": "111122223333", "green": "222233334444", "blue": "333344445555"}
STRUCK = {"account": ACCOUNTS["green"], "count": LASTING}


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Several:
    return Several(tmp_path_factory.mktemp("several"), emulator, ACCOUNTS)


@pytest.fixture(autouse=True)
def mended(life: Several) -> Iterator[None]:
    yield
    life.mend()


def test_a_deploy_that_fails_in_one_environment_goes_on_in_the_others(life: Several) -> None:
    life.fault(kind="access-denied", operation="CreateRepository", **STRUCK)
    with pytest.raises(OperatorError) as caught:
        life.deploy("*")
    said = str(caught.value)
    assert "green-use1-registry: failed" in said
    assert "green-use1-inference: not started" in said
    for key in ("red-use1", "blue-use1"):
        assert f"{key}-registry: applied" in said
        assert f"{key}-inference: applied" in said
    assert "inferform deploy green-use1-registry green-use1-inference --emulator" in said
    assert [stack for stack in life.stacks if not life.held(stack)] == ["green-use1-inference"]
    life.mend()
    assert {run.name: run.status for run in life.deploy("green-*").stacks} == {
        "green-use1-registry": "applied",
        "green-use1-inference": "applied",
    }
    assert life.locked() == []
    assert {stack: life.plan_status(stack) for stack in life.stacks} == dict.fromkeys(
        life.stacks, 0
    )


def test_a_deploy_of_what_was_approved_goes_on_in_the_others(life: Several) -> None:
    life.release(memory_mib=4096)
    approved = Approved.of(digest(review_environments(life.keys, life.program, read_only=True)))
    life.fault(kind="access-denied", operation="UpdateEndpoint", **STRUCK)
    with pytest.raises(OperatorError) as caught:
        deploy(["*"], life.program, approved, ask=lambda _: None, check=unchecked, parallelism=3)
    said = str(caught.value)
    assert "green-use1-inference: failed" in said
    assert "UpdateEndpoint" in said
    for key in ("red-use1", "blue-use1"):
        assert f"{key}-registry: no changes" in said
        assert f"{key}-inference: applied" in said
    life.mend()
    # What is left to do is a part of what was approved, and so another review.
    rest = Approved.of(digest(review_environments(life.keys, life.program, read_only=True)))
    done = deploy(["*"], life.program, rest, ask=lambda _: None, check=unchecked)
    assert [run.name for run in done.stacks if run.status == "applied"] == ["green-use1-inference"]
    assert {stack: life.plan_status(stack) for stack in life.stacks} == dict.fromkeys(
        life.stacks, 0
    )


def test_a_destroy_that_fails_in_one_environment_goes_on_in_the_others(life: Several) -> None:
    life.fault(kind="access-denied", operation="DeleteEndpoint", **STRUCK)
    with pytest.raises(OperatorError) as caught:
        life.destroy("*")
    said = str(caught.value)
    assert "green-use1-inference was not destroyed" in said
    assert "DeleteEndpoint" in said
    assert "green-use1-registry was not" not in said
    assert [stack for stack in life.stacks if life.held(stack)] == [
        "green-use1-registry",
        "green-use1-inference",
    ]
    life.mend()
    left = {stack for stack in life.stacks if stack.startswith("green")}
    assert left <= {*life.destroy("*")}
    assert [stack for stack in life.stacks if life.held(stack)] == []


@pytest.mark.parametrize("work", ["deploy", "destroy"])
def test_every_state_of_a_run_that_was_killed_can_be_repaired(life: Several, work: str) -> None:
    operation = {"deploy": "CreateModel", "destroy": "DeleteModel"}[work]
    if work == "deploy":
        life.stack(life.stacks[0])
    # AWS does what is asked for, and Terraform does not hear of it.
    life.fault(kind="drop-answer", operation=operation, count=3)
    life.fault(kind="throttle", operation=operation, count=LASTING)
    again = life.deploy if work == "deploy" else life.destroy
    assert life.killed(lambda: again("*"))
    life.mend()
    assert life.locked()
    life.recover("*")
    assert life.locked() == []
    again("*")
    held = [stack for stack in life.stacks if life.held(stack)]
    assert held == ([] if work == "destroy" else life.stacks)
    if work == "deploy":
        assert {stack: life.plan_status(stack) for stack in life.stacks} == dict.fromkeys(
            life.stacks, 0
        )
