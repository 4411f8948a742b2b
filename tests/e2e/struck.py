"""One inference stack on the emulator, to be struck by faults in the middle of what is done to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inferform_emulator.process import Emulator
from ops.advice import about_terraform
from ops.state import States

from .inventory import Account, Thing, recorded
from .program import Life

STACK, LAYER = "dev-use1-inference", "inference"
ENDPOINT = "acme-dev-use1-fraud"
RECOVER = f"inferform recover {STACK} --emulator"

TEXT = """
from inferform import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml", deploy_role="inferform-deploy")
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


class Struck(Life):
    """One inference stack in a network and with a registry that are foreign."""

    def __init__(self, folder: Path, emulator: Emulator, text: str = TEXT) -> None:
        super().__init__(folder, emulator)
        self._template = text
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
        return self._template.format(tag=tag, maximum=RELEASES[tag], **self._foreign)

    @property
    def _file(self) -> Path:
        return self.stack(STACK).folder / "cdk.tf.json"

    def release(self, tag: str) -> None:
        """Put a release into the environment file and into the stack's folder."""
        self.put(self._text(tag))
        self._file.write_text(self._synthesized[tag], encoding="utf-8")

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

    def roll_back(self, reason: str, endpoint: str = ENDPOINT) -> None:
        """Let SageMaker roll the next update back before the provider sees that it does."""
        plan = {"outcome": "rollback", "describes": 2, "rolling_back_describes": 0}
        route = {"endpoint": endpoint, "account": "111122223333", "reason": reason}
        self.emulator.control("POST", "sagemaker/rollout", {**route, **plan})

    def go_to(self, operation: str) -> None:
        """Choose the release that an operation is about."""
        self.release("1.1.0" if operation == "update" else "1.0.0")


@contextmanager
def struck(folder: Path, emulator: Emulator, text: str = TEXT) -> Iterator[Struck]:
    """The stack, not created yet."""
    with pytest.MonkeyPatch.context() as patch:
        # The S3 backend makes five attempts by itself, which take half a minute.
        patch.setenv("TF_CLI_ARGS_init", "-backend-config=max_retries=2")
        life = Struck(folder, emulator, text)
        life.begin()
        variables = life.program.terraform_environment()
        assert life.stack(STACK).init(variables).status == 0
        yield life
