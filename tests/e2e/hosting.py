"""One inference stack on the emulator: a VPC, a bucket and a key that exist, and Terraform."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from inferform import (
    Context,
    EcsOutputs,
    Environment,
    Inference,
    NetworkOutputs,
    RegistryOutputs,
)
from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops.terraform import Stack, stacks, terraform_environment
from tests.e2e.filled import fill, judge
from tests.e2e.plan_role import within_plan_role

CONTEXT = Context(
    organization="kinds", stage="dev", account="123456789012", region="us-east-1", owner="ml"
)
STATE = "kinds-tfstate-123456789012-us-east-1"
ARTIFACTS = "kinds-artifacts"


def client(emulator: Emulator, service: str) -> Any:
    """A boto3 client of the emulator."""
    return boto3.client(
        service,
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",
        config=Config(inject_host_prefix=False),
    )


@dataclass
class Hosting:
    """The stack, redeployed with whatever inference a test asks for."""

    emulator: Emulator
    folder: Path
    network: NetworkOutputs
    registry: RegistryOutputs
    judged: bool = False
    """Whether what services do is judged; what a stack runs is pushed before it is applied then."""

    context: Context = CONTEXT
    ecs: EcsOutputs | None = None

    _started: set[str] = field(default_factory=set)

    def environment(self, inference: Inference) -> Environment:
        """The environment whose only stack it is."""
        return Environment(
            context=self.context,
            network=self.network,
            registry=self.registry,
            ecs=self.ecs,
            inference=inference,
        )

    def stack(self, inference: Inference) -> Stack:
        """The synthesized stack."""
        from inferform.layers import program

        environment = self.environment(inference)
        program.synthesize([environment], target=EMULATOR, outdir=self.folder)
        (stack,) = stacks(self.folder)
        return stack

    @property
    def variables(self) -> dict[str, str]:
        """Where Terraform finds the emulator and the provider."""
        return terraform_environment(self.emulator.environment())

    def terraform(self, stack: Stack, *arguments: str, expect: int = 0) -> str:
        """Run Terraform in the stack's folder."""
        if stack.name not in self._started:
            started = stack.init(self.variables)
            assert started.status == 0, started.output
            self._started.add(stack.name)
        with within_plan_role(self.emulator, arguments):
            done = stack.run(*arguments, environment=self.variables, timeout=600)
        assert done.status == expect, done.output
        return done.output

    def apply(self, inference: Inference) -> str:
        """Deploy, and see that nothing is left to do."""
        stack = self.stack(inference)
        if self.judged:
            fill(partial(client, self.emulator), stack.content, CONTEXT.account)
        output = self.terraform(stack, "apply", "-auto-approve", "-no-color")
        self.terraform(stack, "plan", "-detailed-exitcode", "-no-color")
        return output

    def plan(self, inference: Inference) -> dict[str, list[str]]:
        """What a deploy would do: the actions by address, without those that do nothing."""
        stack = self.stack(inference)
        self.terraform(stack, "plan", "-out=plan", "-no-color")
        shown = self.terraform(stack, "show", "-json", "plan")
        changes = json.loads(shown)["resource_changes"]
        return {
            change["address"]: change["change"]["actions"]
            for change in changes
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    def destroy(self, inference: Inference) -> None:
        """Destroy the stack; its state is empty then."""
        stack = self.stack(inference)
        self.terraform(stack, "destroy", "-auto-approve", "-no-color")
        assert self.terraform(stack, "state", "list") == ""


def hosting(emulator: Emulator, folder: Path, *, judged: bool = False) -> Hosting:
    """A Hosting with the things that its stack depends on."""
    if judged:
        judge(emulator, CONTEXT.account)
    s3, ec2 = client(emulator, "s3"), client(emulator, "ec2")
    for bucket in (STATE, ARTIFACTS):
        s3.create_bucket(Bucket=bucket)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24")["Subnet"]["SubnetId"]
        for n in range(2)
    ]
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
        "RouteTables"
    ]
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.s3",
        RouteTableIds=[table["RouteTableId"]],
    )
    key = client(emulator, "kms").create_key()["KeyMetadata"]["Arn"]
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    s3_list = next(each for each in lists if each["PrefixListName"].endswith(".s3"))
    network = NetworkOutputs(
        vpc_id=vpc,
        vpc_cidr="10.9.0.0/16",
        private_subnet_ids=subnets,
        public_subnet_ids=[],
        s3_prefix_list_id=s3_list["PrefixListId"],
    )
    registry = RegistryOutputs(kms_key_arn=key, artifact_bucket=ARTIFACTS)
    return Hosting(emulator, folder, network, registry, judged)
