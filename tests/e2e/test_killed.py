"""What a killed run, a lost answer and failures that pass leave behind: nothing, in the end."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Iterator

import pytest

from inferform_emulator.process import Emulator
from ops.deploy import deploy, destroy, recover
from ops.errors import OperatorError
from ops.faults import told
from tests.waiting import asleep

from .program import LASTING
from .struck import LAYER, MIDDLE, RECOVER, STACK, Struck, struck

pytestmark = pytest.mark.story("each test begins with the stack that the one before it left")


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    with struck(tmp_path_factory.mktemp("killed"), emulator) as life:
        yield life


@pytest.fixture(autouse=True)
def mended(life: Struck) -> Iterator[None]:
    yield
    life.mend()


@pytest.mark.parametrize("operation", MIDDLE)
def test_a_killed_run_is_taken_back_and_the_next_one_converges(
    life: Struck, operation: str
) -> None:
    life.go_to(operation)
    # The worst moment: AWS has done what was asked for, and Terraform does not know it yet.
    request = {"service": "sagemaker", "operation": MIDDLE[operation]}
    life.fault(kind="drop-answer", count=1, **request)
    life.fault(kind="throttle", count=LASTING, **request)
    life.kill(STACK, "destroy" if operation == "destroy" else "apply")
    life.mend()
    assert life.states.lock(LAYER) is not None
    if operation == "creation":
        with pytest.raises(OperatorError) as caught:
            deploy([STACK], life.program)
        said = str(caught.value)
    elif operation == "destroy":
        with pytest.raises(OperatorError) as caught:
            destroy([STACK], life.program)
        said = str(caught.value)
    else:
        status, output = life.run(operation)
        assert status == 1
        said = "\n".join([*told(output, {}), life.advice(output)])
    assert "the state is locked by" in said
    assert RECOVER in said
    recover([STACK], life.program)
    status, output = life.run(operation)
    assert status == 0, output
    life.settled(operation)


FEW = {
    "creation": ("CreateRole", "CreateModel", "RegisterScalableTarget", ""),
    "update": ("CreateModel", "UpdateEndpoint", "DeleteModel", "UpdateEndpoint"),
    "destroy": ("DeleteRole", "DeleteModel", "DeleteLogGroup", "DeleteEndpoint"),
}


@pytest.mark.parametrize("operation", MIDDLE)
def test_a_few_failures_are_got_over_by_the_same_run(life: Struck, operation: str) -> None:
    life.go_to(operation)
    kinds = ("throttle", "500", "drop", "drop-answer")
    struck = [(kind, name) for kind, name in zip(kinds, FEW[operation], strict=True) if name]
    for kind, name in struck:
        life.fault(kind=kind, operation=name)
    life.fault(kind="500", service="s3", operation="PutObject", since=MIDDLE[operation])
    status, output = life.run(operation)
    assert status == 0, output
    assert life.hits() == [1] * (len(struck) + 1)
    life.settled(operation)


def test_a_group_that_a_killed_run_has_just_made_may_call_nothing_more(life: Struck) -> None:
    life.go_to("creation")
    # AWS makes it with a rule that lets it call everything, which the provider takes away.
    life.fault(kind="throttle", operation="RevokeSecurityGroupEgress", count=LASTING)
    life.kill(STACK)
    life.mend()
    lines = recover([STACK], life.program)
    assert any(line.startswith("took away the rules of sg-") for line in lines)
    status, output = life.run("creation")
    assert status == 0, output
    life.settled("creation")
    assert life.run("destroy")[0] == 0


def test_what_a_lost_answer_leaves_unrecorded_is_taken_back(life: Struck) -> None:
    life.go_to("creation")
    # AWS has it, so that the provider's next attempt is refused.
    life.fault(kind="drop-answer", operation="CreateEndpointConfig")
    status, output = life.run("creation")
    assert status == 1
    assert life.hits() == [1]
    assert f"take it back: {RECOVER}" in life.advice(output)
    assert [line.split()[0] for line in recover([STACK], life.program)] == ["imported"]
    status, output = life.run("creation")
    assert status == 0, output
    life.settled("creation")


def test_an_endpoint_that_cannot_be_read_keeps_no_lock_and_takes_nothing_back(
    life: Struck,
) -> None:
    before = life.states.read(LAYER)
    held = {"ID": "1", "Who": "ann@laptop", "Created": "2026-01-01T00:00:00.123456789Z"}
    lock = {"Bucket": life.aws().context.state_bucket, "Key": f"dev-use1/{LAYER}.tfstate.tflock"}
    life.account.client("s3").put_object(Body=json.dumps(held).encode(), **lock)
    life.fault(kind="access-denied", operation="DescribeEndpoint", count=LASTING)
    with pytest.raises(
        OperatorError, match=r"(?s)^cleared the lock of ann@laptop.*DescribeEndpoint"
    ):
        recover([STACK], life.program)
    assert life.states.lock(LAYER) is None
    assert life.states.read(LAYER) == before


def test_a_run_on_another_machine_or_one_that_goes_on_keeps_its_lock(life: Struck) -> None:
    place = {"Bucket": life.aws().context.state_bucket, "Key": f"dev-use1/{LAYER}.tfstate.tflock"}
    held = {"ID": "1", "Operation": "OperationTypeApply", "Created": "2026-01-01T00:00:00Z"}

    def recovered(who: str) -> list[str]:
        body = json.dumps({**held, "Who": who}).encode()
        life.account.client("s3").put_object(Body=body, **place)
        done = life.recover(STACK, unsaved=True)
        assert (life.states.lock(LAYER) is None) is bool(done)
        return done

    here = f"{getpass.getuser()}@{socket.gethostname()}"
    assert recovered(f"{getpass.getuser()}@another") == []
    assert recovered(f"another@{socket.gethostname()}") == []
    folder, variables = life.stack(STACK).folder, life.program.terraform_environment()
    with asleep("terraform", cwd=folder, env=variables):
        assert recovered(here) == []
    assert recovered(here) == [f"cleared the lock of {here}, 2026-01-01T00:00:00Z"]


def test_an_unwritten_state_replaces_nothing_that_was_written_since(life: Struck) -> None:
    unsaved = life.stack(STACK).unsaved
    state = life.states.read(LAYER)
    assert state is not None
    unsaved.write_text(json.dumps({**state.content, "serial": state.serial - 1}), encoding="utf-8")
    with pytest.raises(OperatorError, match="over newer state"):
        recover([STACK], life.program)
    later = {"ID": "1", "Who": "ann@laptop", "Created": "2100-01-01T00:00:00.123456789Z"}
    lock = {"Bucket": life.aws().context.state_bucket, "Key": f"dev-use1/{LAYER}.tfstate.tflock"}
    s3 = life.account.client("s3")
    s3.put_object(Body=json.dumps(later).encode(), **lock)
    with pytest.raises(OperatorError, match=r"another run holds the lock of \S+: ann@laptop"):
        recover([STACK], life.program)
    assert unsaved.exists()
    assert life.states.read(LAYER) == state
