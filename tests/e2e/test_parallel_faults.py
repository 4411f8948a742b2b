"""Faults in one of two environments that are deployed side by side, and a run of both that is killed anywhere.

The struck environment is left as a run of it alone leaves it, and the other one is done to its end.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest

from inferform_emulator.process import Emulator
from ops.errors import OperatorError

from .program import LASTING
from .several import Several
from .test_faults import ACCOUNT, CUTS_OFF_THE_STATE, FAULTS

pytestmark = pytest.mark.story("each test begins with the stacks that the one before it left")

ACCOUNTS = {"red": "111122223333", "green": "222233334444"}
STRUCK, OTHER = "green-use1", "red-use1"

# The request with which a fault begins, in the layer that depends on the other one.
MIDDLE = {
    "creation": "CreateEndpointConfig",
    "update": "UpdateEndpoint",
    "destroy": "DeleteEndpoint",
}
MEMORY = {"creation": 2048, "update": 4096, "destroy": 4096}


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Several]:
    with pytest.MonkeyPatch.context() as patch:
        # The S3 backend makes five attempts by itself, which take half a minute.
        patch.setenv("TF_CLI_ARGS_init", "-backend-config=max_retries=2")
        yield Several(tmp_path_factory.mktemp("parallel"), emulator, ACCOUNTS)


@pytest.fixture(autouse=True)
def mended(life: Several) -> Iterator[None]:
    yield
    life.mend()


# Each fault once: test_faults has all with all, one stack after the other.
CELLS = [
    pytest.param(fault, operation, id=f"{fault}-{operation}".replace(" ", "-"))
    for fault, operation in zip(FAULTS, itertools.cycle(MIDDLE), strict=False)
]


@pytest.mark.parametrize(("fault", "operation"), CELLS)
def test_a_fault_in_one_environment_leaves_the_other_one_done(
    life: Several, fault: str, operation: str
) -> None:
    life.release(MEMORY[operation])
    life.stack(life.stacks[0])
    what, cause = FAULTS[fault]
    life.fault(**what, since=MIDDLE[operation], account=ACCOUNTS["green"], count=LASTING)
    run = life.destroy if operation == "destroy" else life.deploy
    with pytest.raises(OperatorError) as caught:
        run("*")
    said = str(caught.value)
    assert cause.replace(ACCOUNT, ACCOUNTS["green"]) in said
    assert MIDDLE[operation] in said
    if operation == "destroy":
        assert f"{STRUCK}-inference was not destroyed" in said
        assert f"{OTHER}-" not in said
    else:
        assert f"{STRUCK}-inference: failed" in said
        assert f"{OTHER}-inference: applied" in said
    life.mend()
    life.settled([OTHER])
    assert life.held(f"{OTHER}-inference") is (operation != "destroy")
    cut_off = fault in CUTS_OFF_THE_STATE
    assert life.locked() == ([f"{STRUCK}-inference"] if cut_off else [])
    if cut_off:
        lines = life.recover("*", unsaved=True)
        assert [line.split()[0] for line in lines] == ["cleared", "wrote"]
    run("*")
    _converged(life, [f"{STRUCK}-inference"], destroyed=operation == "destroy")


def _converged(life: Several, planned: Sequence[str], *, destroyed: bool) -> None:
    life.settled()
    held = [stack for stack in life.stacks if life.held(stack)]
    assert held == ([] if destroyed else life.stacks)
    if not destroyed:
        assert {stack: life.plan_status(stack) for stack in planned} == dict.fromkeys(planned, 0)


POINTS = 2
"""At how many places of a deploy, and of a destroy, the run is killed."""

_MANY = 100_000


def _requests(life: Several) -> int:
    """How many requests were made since the fault that strikes none was put in place."""
    (fault,) = life.emulator.control("GET", "faults")["faults"]
    return _MANY - int(fault["after"])


def _recover(life: Several) -> None:
    """Recover all. A key, which has no name of its own, is made again by an attempt after a lost answer:
    all but one are deleted first, as the command says."""
    while True:
        try:
            life.recover("*")
        except OperatorError as error:
            found = re.search(
                r"aws_kms_key\.\w+ is there more than once: \S+?, (.+)", error.message
            )
            if found is None:
                raise
            for key in life.keys:
                kms = life.aws(key).client("kms")
                for each in found[1].split(", "):
                    with suppress(kms.exceptions.NotFoundException):
                        kms.schedule_key_deletion(KeyId=each)
        else:
            return


@pytest.mark.parametrize("kind", ["drop-answer", "throttle"])
def test_a_run_that_was_killed_anywhere_can_be_repaired(life: Several, kind: str) -> None:
    ways = {"deploy": life.deploy, "destroy": life.destroy}
    made = {}
    for name, run in ways.items():
        life.fault(kind=kind, after=_MANY)
        run("*")
        made[name] = _requests(life)
        life.mend()
    killed = 0
    for point in range(POINTS):
        for name, run in ways.items():
            # What is asked for from here on AWS does without an answer, or refuses for now.
            place = made[name] * (2 * point + 1) // (2 * POINTS)
            life.fault(kind=kind, after=place, count=LASTING)
            killed += life.killed(lambda run=run: run("*"))  # type: ignore[misc]
            life.mend()
            _recover(life)
            run("*")
            _converged(life, life.stacks, destroyed=name == "destroy")
    # Where it makes fewer requests than the first time, the last place is not reached.
    assert killed >= len(ways) * (POINTS - 1)
