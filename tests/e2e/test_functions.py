"""Lambda functions with the real Terraform: deployed, rolled out, rolled back, changed and destroyed.

The plan is empty before, during and after each shift of an alias.
"""

from __future__ import annotations

from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops import rollout
from ops.deploy import deploy
from ops.errors import OperatorError
from ops.kinds.record import Finding
from ops.verify import verify

from .program import Life

pytestmark = pytest.mark.story("each test begins with the stack that the one before it left")

STACK = "dev-use1-inference"

TEXT = """
from inferform import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml", deploy_role="inferform-deploy")
model = Model(image=Image(repository="fraud", tag="{tag}"), environment={{"LEVEL": "{level}"}})
dev = Environment(
    context=context,
    network=NetworkOutputs(vpc_id="{vpc}", vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["{subnets[0]}", "{subnets[1]}"], public_subnet_ids=[],
        s3_prefix_list_id="{prefix_list}"),
    registry=RegistryOutputs(artifact_bucket="acme-artifacts",
        kms_key_arn=context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")),
    inference=Inference(functions={{
        "shifted": LambdaFunction(model=model, rollout=Canary(canary_percent=20)),
        "warm": LambdaFunction(model=model, memory_mib={memory}, timeout_seconds={timeout},
            ephemeral_storage_mib={storage}, reserved_concurrency={reserved},
            scaling=Scaling(min_capacity={minimum}, max_capacity={maximum},
                policies=[TargetTracking(metric=ProvisionedConcurrencyUtilization())]),
            alarms=FunctionAlarms(duration_ms={slow}), vpc=FunctionVpc(),
            url=FunctionUrl(cors_origins=["{origin}"], stream={stream}),
            asynchronous=Asynchronous(max_retries={retries},
                on_failure="arn:aws:sqs:us-east-1:111122223333:{queue}"),
            container=FunctionContainer(command=["{command}"]),
            log_retention_days={days}),
    }}),
)
"""

FIRST: dict[str, Any] = {
    "tag": "1.0.0",
    "level": "info",
    "memory": 2048,
    "timeout": 60,
    "storage": 512,
    "reserved": 20,
    "minimum": 1,
    "maximum": 5,
    "slow": 900,
    "origin": "https://shop.acme.test",
    "stream": False,
    "retries": 2,
    "queue": "failed",
    "command": "serve",
    "days": 30,
}
CHANGED: dict[str, Any] = {
    "level": "debug",
    "memory": 4096,
    "timeout": 120,
    "storage": 1024,
    "reserved": 30,
    "minimum": 2,
    "maximum": 8,
    "slow": 1500,
    "origin": "https://other.acme.test",
    "stream": True,
    "retries": 0,
    "queue": "other",
    "command": "run",
    "days": 90,
}


class Functions(Life):
    """The stack, in a network that is foreign."""

    def begin(self) -> None:
        """Make what the stack stands on."""
        self._given: dict[str, Any] = {
            "vpc": "vpc-1",
            "subnets": ["subnet-1", "subnet-2"],
            "prefix_list": "pl-1",
        }
        self.release()
        self.bootstrap()
        ec2 = self.aws().client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}"
            )["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        s3 = ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
        self._given = {"vpc": vpc, "subnets": subnets, "prefix_list": s3}
        self.release()
        self.functions = self.aws().any_client("lambda")

    def release(self, **changes: Any) -> None:
        """Write and synthesize a release."""
        self.write(TEXT.format(**{**FIRST, **changes}, **self._given))

    def pending(self) -> dict[str, Any]:
        """What a plan would change, by address: before and after."""
        changes = self.plan(STACK)["resource_changes"]
        return {
            each["address"]: (each["change"]["before"], each["change"]["after"])
            for each in changes
            if each["change"]["actions"] not in (["no-op"], ["read"])
        }

    def stands(self, name: str = "shifted") -> tuple[str, dict[str, float]]:
        """The version behind the alias, and the shares of others."""
        alias = self.functions.get_alias(FunctionName=f"acme-dev-use1-{name}", Name="live")
        routing = alias.get("RoutingConfig") or {}
        return alias["FunctionVersion"], routing.get("AdditionalVersionWeights") or {}

    def found(self, name: str = "shifted") -> list[Finding]:
        """What `inferform verify` says of a function."""
        findings = verify(self.environment(), self.aws())
        return [each for each in findings if each.subject == f"acme-dev-use1-{name}"]

    def images(self, name: str = "shifted") -> str:
        """The image that answers callers."""
        found = self.functions.get_function(FunctionName=f"acme-dev-use1-{name}", Qualifier="live")
        return str(found["Code"]["ImageUri"]).rpartition(":")[2]


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Functions:
    life = Functions(tmp_path_factory.mktemp("functions"), emulator)
    life.begin()
    return life


def test_a_function_is_made_verified_and_invoked_and_the_plan_is_empty(life: Functions) -> None:
    deployed = deploy([STACK], life.program)
    assert [run.status for run in deployed.stacks] == ["applied"]
    assert life.plan_status(STACK) == 0
    for name in ("shifted", "warm"):
        outcomes = {each.check.title: each for each in life.found(name)}
        assert {each.outcome for each in outcomes.values()} == {"passed"}
        assert outcomes["configuration"].found == "version 1"
        assert outcomes["invocation"].found.startswith("version 1 answered")
    assert "keeps 1 of 1 environments warm" in {each.found for each in life.found("warm")}


def test_a_canary_moves_callers_and_the_plan_is_empty_all_the_while(life: Functions) -> None:
    life.release(tag="1.1.0")
    deployed = deploy([STACK], life.program)
    (waiting,) = deployed.applied[STACK].left_open
    assert waiting.fix == "inferform rollout dev-use1 shifted"
    assert (life.images(), life.images("warm")) == ("1.0.0", "1.1.0")
    assert life.plan_status(STACK) == 0
    environment, aws = life.environment(), life.aws()
    # The first answer already comes one wait later.
    begun = rollout.start(environment, "shifted", aws)
    assert begun is not None
    assert (begun.status, begun.target) == ("Succeeded", "acme-dev-use1-shifted:2")
    assert life.stands() == ("2", {})
    assert life.images() == "1.1.0"
    assert life.plan_status(STACK) == 0
    assert {each.outcome for each in life.found()} == {"passed"}
    assert rollout.start(environment, "shifted", aws) is None


def test_a_share_is_no_change_of_the_plan(life: Functions) -> None:
    name = "acme-dev-use1-shifted"
    life.functions.update_alias(
        FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.2}}
    )
    assert life.plan_status(STACK) == 0
    (configuration, *_) = life.found()
    assert "20% by version 1: a rollout is under way" in configuration.found
    life.functions.update_alias(FunctionName=name, Name="live", RoutingConfig={})


def test_an_alarm_moves_callers_back_and_verify_says_why(life: Functions) -> None:
    life.release(tag="1.2.0")
    deploy([STACK], life.program)
    alarm = "acme-dev-use1-shifted-lambda-errors"
    cloudwatch = life.aws().client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")
    stopped = rollout.start(life.environment(), "shifted", life.aws())
    assert stopped is not None
    assert stopped.status == "Stopped"
    assert alarm in stopped.reason
    assert life.stands() == ("2", {})
    assert life.plan_status(STACK) == 0
    (wrong,) = (each for each in life.found() if each.outcome == "failed")
    assert f"CodeDeploy did not move it to 3: alarms are active: {alarm}" in wrong.found
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="test")
    moved = rollout.start(life.environment(), "shifted", life.aws())
    assert moved is not None
    assert moved.status == "Succeeded"
    assert life.images() == "1.2.0"


def test_every_field_changes_in_place_and_comes_back_as_it_is(life: Functions) -> None:
    before = life.functions.get_function(FunctionName="acme-dev-use1-warm")
    life.release(tag="1.2.0", **CHANGED)
    changes = [
        change
        for change in life.plan(STACK)["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"], ["update"])
    ]
    assert changes == []
    deploy([STACK], life.program)
    assert life.pending() == {}
    after = life.functions.get_function(FunctionName="acme-dev-use1-warm", Qualifier="live")
    config = after["Configuration"]
    assert (config["MemorySize"], config["Timeout"]) == (4096, 120)
    assert config["EphemeralStorage"] == {"Size": 1024}
    assert config["ImageConfigResponse"]["ImageConfig"]["Command"] == ["run"]
    assert config["Environment"]["Variables"]["LEVEL"] == "debug"
    assert config["Environment"]["Variables"]["AWS_LWA_INVOKE_MODE"] == "response_stream"
    assert before["Configuration"]["MemorySize"] == 2048


def test_a_destroy_leaves_nothing(life: Functions) -> None:
    life.destroy(STACK)
    assert life.functions.list_functions()["Functions"] == []
    codedeploy = life.aws().client("codedeploy")
    assert codedeploy.list_applications()["applications"] == []
    names = codedeploy.list_deployment_configs()["deploymentConfigsList"]
    assert [name for name in names if name.startswith("acme-")] == []
    groups = life.aws().client("logs").describe_log_groups(logGroupNamePrefix="/inferform/")
    assert groups["logGroups"] == []
    with pytest.raises(OperatorError, match="apply the layer first"):
        rollout.start(life.environment(), "shifted", life.aws())
