"""The examples of public modules are deployed, and nothing is left to do then."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferform import (
    Context,
    EcsCluster,
    Environment,
    ExistingBucket,
    NetworkOutputs,
    Registry,
    RegistryOutputs,
    load,
)
from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.bootstrap import bootstrap
from ops.terraform import Stack, stacks, terraform_environment
from tests.peers import examples
from tests.peers.record import FOLDER, Example

DEPLOYED = [example for example in examples() if example.deployed]
BUCKET = "acme-shared-artifacts"


def _fixed_tags(written: Environment) -> Environment:
    """Without tags that may move, which the provider of the emulator does not know, and with a
    bucket that is there, as the provider waits a minute for the rules of a new one."""
    registry = written.registry
    assert isinstance(registry, Registry)
    repositories = {
        name: repository.replace(mutable_tags=[])
        for name, repository in registry.repositories.items()
    }
    bucket = ExistingBucket(name=f"{BUCKET}-{written.context.region}")
    return written.replace(registry=registry.replace(repositories=repositories, artifacts=bucket))


def _as_it_is(written: Environment) -> Environment:
    return written


def _without_access_logs(written: Environment) -> Environment:
    """Without access logs, as the provider waits a minute for the rules of their bucket."""
    ecs = written.ecs
    assert isinstance(ecs, EcsCluster)
    balancers = {name: each.replace(access_logs=None) for name, each in ecs.load_balancers.items()}
    return written.replace(ecs=ecs.replace(load_balancers=balancers))


CHANGED = {"ecr_complete": _fixed_tags, "ecs_complete": _without_access_logs}
"""What is left out of an example on the emulator; its record says why."""


def below(context: Context, aws: Aws) -> tuple[NetworkOutputs, RegistryOutputs]:
    """The layers on which an inference layer stands, made once for all examples of a Region."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"{context.region}{letter}"
        )["Subnet"]["SubnetId"]
        for n, letter in enumerate("ab")
    ]
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    (s3_list,) = (each for each in lists if each["PrefixListName"].endswith(".s3"))
    bucket = f"{BUCKET}-{context.region}"
    place = {"CreateBucketConfiguration": {"LocationConstraint": context.region}}
    aws.any_client("s3").create_bucket(
        Bucket=bucket, **(place if context.region != "us-east-1" else {})
    )
    network = NetworkOutputs(
        vpc_id=vpc,
        vpc_cidr="10.9.0.0/16",
        private_subnet_ids=subnets,
        public_subnet_ids=[],
        s3_prefix_list_id=s3_list["PrefixListId"],
    )
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return network, RegistryOutputs(kms_key_arn=key, artifact_bucket=bucket)


class Account:
    """An account of the emulator with what examples depend on."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.folder = folder
        self._variables = terraform_environment(emulator.environment())
        self._emulator = emulator
        self._below: dict[str, tuple[NetworkOutputs, RegistryOutputs]] = {}
        loaded = load(FOLDER)
        self._environments = {
            file.stem: loaded.environments[key] for key, file in loaded.files.items()
        }

    def environment(self, name: str) -> Environment:
        """An example as it is deployed to the account; what runs depends on layers that are there."""
        written = CHANGED.get(name, _as_it_is)(self._environments[name])
        context = written.context.replace(deploy_role="inferform-deploy")
        aws = Aws(context, emulator=self._emulator)
        bootstrap(context, aws)
        if written.inference is None and written.eks is None:
            return written.replace(context=context)
        if context.region not in self._below:
            self._below[context.region] = below(context, aws)
        network, registry = self._below[context.region]
        return written.replace(context=context, network=network, registry=registry)

    def stacks(self, name: str) -> list[Stack]:
        """The stacks of an example."""
        from inferform.layers import program

        outdir = self.folder / name
        program.synthesize([self.environment(name)], target=EMULATOR, outdir=outdir)
        return stacks(outdir)

    def run(self, stack: Stack, *arguments: str) -> int:
        """Initialise where that is to be done, and run Terraform; a failure shows what it says."""
        if not (stack.folder / ".terraform").exists():
            done = stack.init(self._variables)
            assert done.status == 0, done.output
        done = stack.run(*arguments, environment=self._variables, timeout=600)
        assert done.status in (0, 2), done.output
        return done.status


@pytest.fixture(scope="module")
def account(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Account:
    return Account(emulator, tmp_path_factory.mktemp("peers"))


@pytest.mark.parametrize("example", DEPLOYED, ids=lambda example: example.environment)
def test_an_example_is_deployed_and_nothing_is_left_to_do(
    example: Example, account: Account
) -> None:
    for stack in account.stacks(example.environment):
        account.run(stack, "apply", "-auto-approve", "-no-color")
        assert account.run(stack, "plan", "-detailed-exitcode", "-no-color") == 0


def test_whatever_is_left_out_is_said() -> None:
    told = {example.environment for example in DEPLOYED if example.emulator.startswith("without")}
    assert told == {*CHANGED}
