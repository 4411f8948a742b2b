"""Every fault, in the middle of a creation, an update and a destroy: what comes afterwards.

The run that is struck says what to do, the next one converges, the state has what exists and
nothing else, and nothing is left behind.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import process
from ops.advice import about_terraform
from ops.deploy import deploy, destroy, recover
from ops.errors import OperatorError
from ops.state import States
from ops.terraform import one_provider, terraform_binary

from .inventory import Account, Thing, recorded
from .program import Life

STACK, LAYER = "dev-use1-inference", "inference"
RECOVER = f"inferra recover {STACK} --emulator"

TEXT = """
from modules import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml", deploy_role="inferra-deploy")
model = Model(image=Image(repository="fraud", tag="{tag}"))
dev = Environment(
    context=context,
    network=NetworkOutputs(vpc_id="{vpc}", vpc_cidr="10.0.0.0/16", private_subnet_ids=["{subnet}"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1"),
    registry=RegistryOutputs(artifact_bucket="acme-artifacts",
        kms_key_arn=context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")),
    inference=Inference(endpoints={{"fraud": RealtimeEndpoint(model=model,
        instance_type="ml.m5.large", scaling=Scaling(max_capacity={maximum}, policies=[
            TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))]))}}),
)
"""
RELEASES = {"1.0.0": 2, "1.1.0": 4}

# The request with which a fault begins: some resources are done by then, and some are not.
MIDDLE = {
    "creation": "CreateEndpointConfig",
    "update": "UpdateEndpoint",
    "destroy": "DeleteEndpoint",
}

LASTING = 9999
# What strikes everything strikes the state's bucket too: neither state nor lock can be written.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "network cut": ({"kind": "drop"}, "AWS cannot be reached"),
    "expired token": ({"kind": "expired-token"}, "the credentials have expired; sign in again"),
    "throttling": ({"kind": "throttle", "service": "sagemaker"}, "AWS throttles this account's"),
    "error of AWS": ({"kind": "500", "service": "sagemaker"}, "AWS had an error of its own"),
    "access denied": ({"kind": "access-denied", "service": "sagemaker"}, "the role may not do"),
}
CUTS_OFF_THE_STATE = ("network cut", "expired token")


class Struck(Life):
    """One inference stack in a network and with a registry that are foreign."""

    def __init__(self, folder: Path, emulator: process.Emulator) -> None:
        super().__init__(folder, emulator)
        self._foreign = {"vpc": "vpc-1", "subnet": "subnet-1"}
        self._synthesized: dict[str, str] = {}

    def begin(self) -> None:
        """Make what is there before, and synthesize both releases once."""
        self.write(self._text("1.0.0"))
        self.bootstrap()
        self.account = Account(self.aws())
        self.states = States(self.aws())
        ec2 = self.account.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self._foreign = {"vpc": vpc, "subnet": subnet}
        for tag in reversed(RELEASES):
            self.write(self._text(tag))
            self._synthesized[tag] = self._file.read_text("utf-8")
        self.before = self.account.held()

    def _text(self, tag: str) -> str:
        return TEXT.format(tag=tag, maximum=RELEASES[tag], **self._foreign)

    @property
    def _file(self) -> Path:
        return self.stack(STACK).folder / "cdk.tf.json"

    def release(self, tag: str) -> None:
        """Put a release into the environment file and into the stack's folder."""
        (self.environments / "dev.py").write_text(self._text(tag), encoding="utf-8")
        self._file.write_text(self._synthesized[tag], encoding="utf-8")

    def fault(self, **fault: Any) -> None:
        """Inject a fault into the stack's account."""
        self.emulator.control("POST", "faults", fault)

    def hits(self) -> list[int]:
        """How often each fault has struck."""
        return [fault["hits"] for fault in self.emulator.control("GET", "faults")["faults"]]

    def mend(self) -> None:
        """End every fault."""
        self.emulator.control("DELETE", "faults")

    def run(self, operation: str) -> tuple[int, str]:
        """Run one of the three operations by Terraform; status and output, whatever they are."""
        command = "destroy" if operation == "destroy" else "apply"
        done = self.terraform(STACK, command, "-auto-approve", "-no-color", "-input=false")
        return done.status, done.output

    def advice(self, output: str) -> str:
        """What an operator is told about an output."""
        context = self.environment().context
        return about_terraform(output, context, LAYER, emulated=True)

    def recorded(self) -> set[Thing]:
        """What the state has."""
        return recorded(self.states.read(LAYER))

    def settled(self, operation: str) -> None:
        """Prove that an operation, run to its end by now, left nothing undone and nothing over."""
        assert self.recorded() == self.account.held() - self.before
        assert self.before <= self.account.held()
        assert self.states.lock(LAYER) is None
        files = {path.name for path in self.stack(STACK).folder.iterdir()}
        assert files == {".terraform", ".terraform.lock.hcl", "cdk.tf.json"}
        if operation == "destroy":
            assert self.recorded() == set()
        else:
            assert self.plan_status(STACK) == 0
            assert {kind for kind, _ in self.recorded()} >= {
                "aws_sagemaker_endpoint",
                "aws_appautoscaling_policy",
            }

    def go_to(self, operation: str) -> None:
        """Choose the release that an operation is about."""
        self.release("1.1.0" if operation == "update" else "1.0.0")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    with process.serve() as emulator, pytest.MonkeyPatch.context() as patch:
        # The S3 backend makes five attempts by itself, which take half a minute.
        patch.setenv("TF_CLI_ARGS_init", "-backend-config=max_retries=2")
        life = Struck(tmp_path_factory.mktemp("faults"), emulator)
        life.begin()
        variables = life.program.terraform_environment()
        assert life.stack(STACK).init(variables).status == 0
        # Half of the time of a run on so small a stack is the start of the provider.
        with one_provider(life.stack(STACK), variables) as light:
            patch.setenv("TF_REATTACH_PROVIDERS", light["TF_REATTACH_PROVIDERS"])
            yield life


@pytest.fixture(autouse=True)
def mended(life: Struck) -> Iterator[None]:
    yield
    life.mend()


# The tests of this file follow one stack and run in their order: each begins where the one
# before it has ended, and every destroy leaves nothing.

CELLS = [
    pytest.param(fault, operation, id=f"{fault}-{operation}".replace(" ", "-"))
    for fault, operation in itertools.product(FAULTS, MIDDLE)
]


@pytest.mark.parametrize(("fault", "operation"), CELLS)
def test_the_run_after_one_that_was_struck_converges(
    life: Struck, fault: str, operation: str
) -> None:
    life.go_to(operation)
    what, cause = FAULTS[fault]
    # Three attempts, which the emulator's variables set in the place of the provider's 25.
    life.fault(**what, since=MIDDLE[operation], count=LASTING)
    cut_off = fault in CUTS_OFF_THE_STATE
    # The report of the command once for each fault, as cdktf takes most of the time.
    if operation == "creation":
        with pytest.raises(OperatorError) as caught:
            deploy([STACK], life.program)
        said = str(caught.value)
        assert f"{STACK}: failed" in said
        assert "CreateEndpointConfig" in said
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
        # To go on without what the last run did would make it all a second time.
        if fault == "network cut":
            again = destroy if operation == "destroy" else deploy
            with pytest.raises(OperatorError, match="the state of the last run is not in the"):
                again([STACK], life.program)
        lines = recover([STACK], life.program)
        assert [line.split()[0] for line in lines] == ["cleared", "wrote"]
    status, output = life.run(operation)
    assert status == 0, output
    life.settled(operation)


@pytest.mark.parametrize("operation", MIDDLE)
def test_a_killed_run_is_taken_back_and_the_next_one_converges(
    life: Struck, operation: str
) -> None:
    life.go_to(operation)
    # The worst moment: AWS has done what was asked for, and Terraform does not know it yet.
    request = {"service": "sagemaker", "operation": MIDDLE[operation]}
    life.fault(kind="drop-answer", count=1, **request)
    life.fault(kind="throttle", count=LASTING, **request)
    kill(life, operation)
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
        said = output + life.advice(output)
    assert "Error acquiring the state lock" in said
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


def kill(life: Struck, operation: str) -> None:
    """Run an operation, and end Terraform and its provider while the last fault holds it up."""
    command = "destroy" if operation == "destroy" else "apply"
    variables = dict(life.program.terraform_environment())
    # A provider of its own, that dies with it, and attempts for as long as it takes.
    del variables["TF_REATTACH_PROVIDERS"]
    with subprocess.Popen(
        [terraform_binary(), f"-chdir={life.stack(STACK).folder}", command, "-auto-approve"],
        env=variables | {"AWS_MAX_ATTEMPTS": "99"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as terraform:
        deadline = time.monotonic() + 120
        while not life.hits()[-1] and terraform.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(terraform.pid, signal.SIGKILL)
    assert terraform.returncode == -signal.SIGKILL
    assert life.hits()[-1]
