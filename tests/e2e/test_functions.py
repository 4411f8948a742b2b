"""Lambda functions with the real Terraform: deployed, rolled out, rolled back, changed and destroyed.

The plan is empty before, during and after each shift of an alias.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform import Canary, Existing, LambdaFunction, Linear
from inferform_emulator.process import Emulator
from ops import rollout
from ops.deploy import deploy
from ops.errors import OperatorError
from ops.kinds.record import Finding
from ops.verify import verify

from .changed import changed, fields_of
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
        "shifted": LambdaFunction(model=model, rollout=Canary(canary_percent={percent},
            wait_seconds={wait}, alarm_names=["{sales}"])),
        "warm": LambdaFunction(model=model, {warm}),
        "given": LambdaFunction(model=model, {given}),
        "stepped": LambdaFunction(model=model, {stepped}),
    }}),
)
"""

QUEUE = "arn:aws:sqs:us-east-1:111122223333:"
TOPIC = "arn:aws:sns:us-east-1:111122223333:"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-"
FIRST: dict[str, Any] = {
    "tag": "1.0.0",
    "level": "info",
    "percent": 20,
    "wait": 300,
    "sales": "sales",
    "warm": f"""memory_mib=2048, timeout_seconds=60, ephemeral_storage_mib=512, architecture="X86_64",
        reserved_concurrency=20,
        scaling=Scaling(min_capacity=1, max_capacity=5,
            policies=[TargetTracking(metric=ProvisionedConcurrencyUtilization())]),
        alarms=FunctionAlarms(error_percent=1.0, duration_ms=900, duration_percentile=99.0, throttles=1,
            alarm_topics=["{TOPIC}a"], ok_topics=["{TOPIC}a"], period_seconds=60, evaluation_periods=2,
            datapoints_to_alarm=1),
        vpc=FunctionVpc(egress_cidrs=["203.0.113.0/24"]),
        url=FunctionUrl(cors_origins=["https://shop.acme.test"], cors_methods=["POST"],
            cors_headers=["content-type"], cors_max_age_seconds=60),
        asynchronous=Asynchronous(max_retries=2, max_event_age_seconds=3600,
            on_failure="{QUEUE}failed", on_success="{QUEUE}done"),
        container=FunctionContainer(command=["serve"], entry_point=["python"], working_directory="/a",
            base_path="/a"),
        log_retention_days=30, tags={{"cost": "a"}},
        permissions={{"execution": Permissions(statements=[PolicyStatement(
            actions=["sqs:SendMessage"], resources=["{QUEUE}a"])])}},
        overrides={{"function": {{"description": "a"}}}}""",
    "given": """provisioned_concurrency=1, vpc=FunctionVpc(), existing=Existing(
        execution_role="arn:aws:iam::111122223333:role/a", kms_key="{key}1234567890ab",
        log_group="/risk/a", subnets=["{subnets[0]}", "{subnets[1]}"], security_groups=["{groups[0]}"])""",
    "stepped": """rollout=Linear(step_percent=20, wait_seconds=60, alarm_names=["sales"]), timeout_seconds=60,
        container=FunctionContainer(slow_start=True)""",
}
CHANGED: dict[str, Any] = {
    "level": "debug",
    "percent": 30,
    "wait": 600,
    "sales": "returns",
    "warm": f"""memory_mib=4096, timeout_seconds=120, ephemeral_storage_mib=1024, architecture="ARM64",
        reserved_concurrency=30,
        scaling=Scaling(min_capacity=2, max_capacity=8,
            policies=[TargetTracking(metric=ProvisionedConcurrencyUtilization())]),
        alarms=FunctionAlarms(error_percent=2.0, duration_ms=1500, duration_percentile=95.0, throttles=2,
            alarm_topics=["{TOPIC}b"], ok_topics=["{TOPIC}b"], period_seconds=120, evaluation_periods=3,
            datapoints_to_alarm=2),
        vpc=FunctionVpc(egress_cidrs=["198.51.100.0/24"]),
        url=FunctionUrl(cors_origins=["https://other.acme.test"], cors_methods=["GET", "POST"],
            cors_headers=["x-trace"], cors_max_age_seconds=90, stream=True),
        asynchronous=Asynchronous(max_retries=0, max_event_age_seconds=7200,
            on_failure="{QUEUE}other", on_success="{QUEUE}well"),
        container=FunctionContainer(command=["run"], entry_point=["python3"], working_directory="/b",
            base_path="/b"),
        log_retention_days=90, tags={{"cost": "b"}},
        permissions={{"execution": Permissions(statements=[PolicyStatement(
            actions=["sqs:SendMessage"], resources=["{QUEUE}b"])])}},
        overrides={{"function": {{"description": "b"}}}}""",
    "given": """provisioned_concurrency=2, vpc=FunctionVpc(), existing=Existing(
        execution_role="arn:aws:iam::111122223333:role/b", kms_key="{key}1234567890ac",
        log_group="/risk/b", subnets=["{subnets[1]}", "{subnets[2]}"], security_groups=["{groups[1]}"])""",
    "stepped": """rollout=Linear(step_percent=25, wait_seconds=120, alarm_names=["returns"]), timeout_seconds=60,
        container=FunctionContainer(snap_start=True)""",
}
LEFT_OUT = {
    "Existing.task_role": "a function has one role, execution_role (EXI4)",
    **dict.fromkeys(
        (
            f"{rollout}.{field}"
            for rollout in ("Canary", "Linear")
            for field in (
                "alarms",
                "maximum_execution_timeout_seconds",
                "termination_wait_seconds",
                "max_5xx",
                "alarm_topics",
                "ok_topics",
            )
        ),
        "of SageMaker or ECS, which a function's rollout is refused with (ROL3)",
    ),
}
"""The fields that a function cannot have, with the reason."""

REPLACED = {"aws_codedeploy_deployment_config", "aws_vpc_security_group_egress_rule"}
"""What AWS changes in no place, and no request waits for: its name follows from what it says. A way out is
known by where it leads to, so one that leads elsewhere is another one."""


class Functions(Life):
    """The stack, in a network that is foreign."""

    def begin(self) -> None:
        """Make what the stack depends on."""
        self._given: dict[str, Any] = {
            "vpc": "vpc-1",
            "subnets": ["subnet-00000001", "subnet-00000002", "subnet-00000003"],
            "groups": ["sg-00000001", "sg-00000002"],
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
            for n, zone in enumerate("abc")
        ]
        groups = [
            ec2.create_security_group(GroupName=each, Description=each, VpcId=vpc)["GroupId"]
            for each in "ab"
        ]
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
        policy = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
        for each in "ab":
            self.aws().client("iam").create_role(
                RoleName=each, AssumeRolePolicyDocument=json.dumps(policy)
            )
        s3 = ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
        self._given = {"vpc": vpc, "subnets": subnets, "groups": groups, "prefix_list": s3}
        self.release()
        self.functions = self.aws().any_client("lambda")

    def release(self, **changes: Any) -> None:
        """Write and synthesize a release."""
        values = {**FIRST, **changes, "key": KEY, **self._given}
        self.write(TEXT.format(**{**values, "given": values["given"].format(**values)}))

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
    assert {each.fix for each in deployed.applied[STACK].left_open} == {
        "inferform rollout dev-use1 shifted",
        "inferform rollout dev-use1 stepped",
    }
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
    first = life.environment()
    life.release(tag="1.2.0", **CHANGED)
    fields = changed(first.inference, life.environment().inference)
    every = fields_of(LambdaFunction, beside=[Canary, Existing, Linear])
    assert every - fields == {*LEFT_OUT}
    replaced = {
        change["type"]
        for change in life.plan(STACK)["resource_changes"]
        if "delete" in change["change"]["actions"]
    }
    assert replaced == REPLACED
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
    life.release(tag="1.2.0")
    deploy([STACK], life.program)
    assert life.pending() == {}


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
