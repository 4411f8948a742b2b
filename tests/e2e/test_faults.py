"""Every fault, in the middle of a creation, an update and a destroy: what comes afterwards.

The run that is struck says what to do, the next one converges, the state has what exists and
nothing else, and nothing is left behind.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops.deploy import deploy, destroy, recover
from ops.errors import OperatorError

from .program import LASTING
from .struck import LAYER, MIDDLE, RECOVER, STACK, Struck, struck

pytestmark = pytest.mark.story("each test begins with the stack that the one before it left")

ACCOUNT = "111122223333"
# What strikes everything strikes the state's bucket too: neither state nor lock can be written.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "network cut": ({"kind": "drop"}, "AWS cannot be reached"),
    "expired token": ({"kind": "expired-token"}, "the credentials have expired; sign in again"),
    "throttling": ({"kind": "throttle", "service": "sagemaker"}, "AWS throttles this account's"),
    "error of AWS": ({"kind": "500", "service": "sagemaker"}, "AWS had an error of its own"),
    "quota": (
        {"kind": "quota", "service": "sagemaker"},
        f"a quota of account {ACCOUNT} is reached",
    ),
    "access denied": ({"kind": "access-denied", "service": "sagemaker"}, "the role may not do"),
}
# Words of cdktf's, of Node's and of Terraform's frame, which help nobody who deploys.
NOISE = (
    "cdktf deploy",
    "cdktf ended",
    "exit code",
    "    at ",
    "node_modules",
    "nhandled",
    "cdk.tf.json",
    "╷",
    "│",
)
CUTS_OFF_THE_STATE = ("network cut", "expired token")


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    with struck(tmp_path_factory.mktemp("faults"), emulator) as life:
        yield life


@pytest.fixture(autouse=True)
def mended(life: Struck) -> Iterator[None]:
    yield
    life.mend()


CELLS = [
    pytest.param(fault, operation, id=f"{fault}-{operation}".replace(" ", "-"))
    for fault, operation in itertools.product(FAULTS, MIDDLE)
    # Nothing that is deleted asks for more than there is.
    if (fault, operation) != ("quota", "destroy")
]


@pytest.mark.parametrize(("fault", "operation"), CELLS)
def test_the_run_after_one_that_was_struck_converges(
    life: Struck, fault: str, operation: str
) -> None:
    life.go_to(operation)
    what, cause = FAULTS[fault]
    # Three attempts, which the emulator's variables set instead of the provider's 25.
    life.fault(**what, since=MIDDLE[operation], count=LASTING)
    cut_off = fault in CUTS_OFF_THE_STATE
    # The report of the command once for each fault, as cdktf takes most of the time.
    if operation == "creation":
        with pytest.raises(OperatorError) as caught:
            deploy([STACK], life.program)
        said = str(caught.value)
        assert f"{STACK}: failed" in said
        assert "CreateEndpointConfig" in said
        assert "where: SageMaker endpoint configuration endpoints/fraud/configuration (aws_" in said
        assert f"the next deploy does the rest: inferform deploy {STACK} --emulator" in said
        assert [noise for noise in NOISE if noise in said] == []
    elif operation == "destroy":
        with pytest.raises(OperatorError) as caught:
            destroy([STACK], life.program)
        said = str(caught.value)
        assert f"{STACK} was not destroyed" in said
        assert "DeleteEndpoint" in said
    else:
        status, output = life.run(operation)
        assert status == 1
        said = life.advice(output)
    assert cause in said
    assert (RECOVER in said) is cut_off
    life.mend()
    assert (life.states.lock(LAYER) is not None) is cut_off
    if cut_off:
        # To continue without what the last run did would make it all a second time.
        if fault == "network cut":
            again = destroy if operation == "destroy" else deploy
            with pytest.raises(OperatorError, match="the state of the last run is not in the"):
                again([STACK], life.program)
        lines = recover(["dev-*"], life.program, unsaved=True)
        assert [line.split()[0] for line in lines] == ["cleared", "wrote"]
    status, output = life.run(operation)
    assert status == 0, output
    life.settled(operation)


@pytest.mark.parametrize(
    ("service", "read"),
    [
        ("iam", "GetRole"),
        ("sagemaker", "DescribeModel"),
        ("sagemaker", "DescribeEndpointConfig"),
    ],
)
def test_what_was_created_and_could_not_be_read_is_there_for_the_next_run(
    life: Struck, service: str, read: str, capsys: pytest.CaptureFixture[str]
) -> None:
    life.go_to("creation")
    assert life.run("destroy")[0] == 0
    life.fault(kind="access-denied", service=service, since=read, count=LASTING)
    assert life.run("creation")[0] == 1
    life.mend()
    state = life.states.read(LAYER)
    assert state is not None
    assert state.tainted
    # AWS refuses to create it again, as Terraform would, before it deletes it.
    if service == "iam":
        deploy([STACK], life.program)
        said = [line.removeprefix(f"{STACK}: ") for line in capsys.readouterr().err.splitlines()]
    else:
        said = recover([STACK], life.program)
        assert life.run("creation")[0] == 0
    assert {line.split()[0] for line in said if "no longer tainted" in line} == state.tainted
    life.settled("creation")
