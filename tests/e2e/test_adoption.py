"""Endpoints that other tools made are taken over without an interruption, and released by canary afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import aws
from ops.cli import app
from ops.cost.prices import price_table
from ops.environments import environment, environments
from ops.errors import OperatorError
from ops.program import Program
from ops.takeover import listed, run
from tests import emulators
from tests.conftest import ROOT
from tests.provider import OWN
from tests.waiting import wait_until

from .program import LASTING, Life

STACK, KEY = "dev-use1-inference", "dev-use1"
TEXT = """
from inferform import Context, Environment, NetworkOutputs, RegistryOutputs

context = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="inferform-deploy",
)
dev = Environment(
    context=context,
    network=NetworkOutputs(
        vpc_id="{vpc}",
        vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["{subnet}"],
        public_subnet_ids=[],
        s3_prefix_list_id="pl-1",
    ),
    registry=RegistryOutputs(artifact_bucket="acme-artifacts", kms_key_arn="{key}"),
)
"""
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ARTIFACT = "s3://sagemaker-us-east-1-111122223333/fraud/model.tar.gz"


class Account(Life):
    """An environment without inference, in an account where notebooks have made endpoints."""

    def begin(self) -> None:
        """Make what is there before."""
        self.put(TEXT.format(vpc="vpc-1", subnet="subnet-1", key=_KEY))
        self.bootstrap()
        ec2 = self.aws().client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        key = self.aws().client("kms").create_key()["KeyMetadata"]["Arn"]
        self.text = TEXT.format(vpc=vpc, subnet=subnet, key=key)
        self.write(self.text)
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        self.role = (
            self.aws()
            .client("iam")
            .create_role(
                Path="/service-role/",
                RoleName="AmazonSageMaker-ExecutionRole-20240501T120000",
                AssumeRolePolicyDocument=json.dumps(trust),
            )["Role"]["Arn"]
        )

    def look(self, name: str, short: str, **more: Any) -> run.Found:
        """What is known before anything is done."""
        asked = run.Asked(name, short, KEY, **more)
        return run.look(asked, environments(self.environments), self.aws(), self.program)

    def adopt(self, name: str, short: str, **more: Any) -> list[str]:
        """`inferform endpoints adopt`, which agrees to everything; what was done."""
        found = self.look(name, short, **more)
        if found.edit is not None:
            found.edit.make()
            self._stale = True
        made = run.prepared(run.Asked(name, short, KEY), self.program, self.aws())
        self._stale = False
        return list(run.finish(made, found.hosting, lambda question, planned: None))

    def killed(self, name: str, short: str, operation: str) -> None:
        """Adopt in another process, and kill it with all that it started once AWS has done an operation
        that nobody knows of yet."""
        request = {"operation": operation}
        self.fault(kind="drop-answer", count=1, **request)
        self.fault(kind="throttle", count=LASTING, **request)
        command = [sys.executable, "-m", "tests.e2e.adopting", name, short]
        places = {
            "ADOPTED": str(self.program.folder),
            "ADOPTED_FROM": str(self.emulator.directory),
        }
        log = self.program.folder / "killed.log"
        with (
            log.open("w") as said,
            subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **OWN, "AWS_MAX_ATTEMPTS": "99", **places},
                stdout=said,
                stderr=said,
                start_new_session=True,
            ) as process,
        ):
            wait_until(lambda: bool(self.hits()[-1]) or process.poll() is not None)
            assert self.hits()[0], log.read_text("utf-8")
            os.killpg(process.pid, signal.SIGKILL)
        self.mend()
        self._stale = True

    def served(self, name: str) -> dict[str, Any]:
        """What callers would notice of an interruption."""
        found = self.aws().client("sagemaker").describe_endpoint(EndpointName=name)
        assert found["EndpointStatus"] == "InService"
        return {each: found[each] for each in ("EndpointArn", "CreationTime")}


_KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with emulators.serve() as emulator:
        made = Account(tmp_path, emulator)
        made.begin()
        yield made


def by_sdk_2(account: Account) -> str:
    """As `Model.deploy` of sagemaker 2 does: a configuration with the endpoint's name."""
    name = "sagemaker-scikit-learn-2024-05-01-12-00-00-000"
    sagemaker = account.aws().client("sagemaker")
    tags: Any = [{"Key": "team", "Value": "risk"}]
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=account.role,
        PrimaryContainer={
            "Image": SKLEARN,
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
                "SAGEMAKER_REGION": "us-east-1",
            },
            "ModelDataUrl": ARTIFACT,
        },
        Tags=tags,
    )
    variant: Any = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InitialInstanceCount": 2,
        "InitialVariantWeight": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant], Tags=tags
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
    return name


def by_sdk_3(account: Account) -> str:
    """As `ModelBuilder.deploy` of sagemaker 3 does: a model with a time in its name, the configuration
    called as the endpoint."""
    name, model = "fraud-detector", "model-name-8e5c0f1a-20250901-101112"
    sagemaker = account.aws().client("sagemaker")
    sagemaker.create_model(
        ModelName=model,
        ExecutionRoleArn=account.role,
        PrimaryContainer={"Image": SKLEARN, "ModelDataUrl": ARTIFACT, "Mode": "SingleModel"},
        EnableNetworkIsolation=False,
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": model,
                "InitialInstanceCount": 1,
                "InitialVariantWeight": 1,
                "InstanceType": "ml.c5.xlarge",
                "ContainerStartupHealthCheckTimeoutInSeconds": 300,
                "ModelDataDownloadTimeoutInSeconds": 600,
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def by_console(account: Account) -> str:
    """As the console does: names that people type, data capture, and scaling set by hand."""
    name = "Credit-Scoring"
    sagemaker = account.aws().client("sagemaker")
    sagemaker.create_model(
        ModelName="credit",
        ExecutionRoleArn=account.role,
        Containers=[{"Image": SKLEARN, "ModelDataUrl": ARTIFACT, "Mode": "SingleModel"}],
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="Credit-Scoring-config",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": "credit",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": 1,
                "InstanceType": "ml.m5.large",
            }
        ],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 20,
            "DestinationS3Uri": "s3://captures/credit",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        },
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="Credit-Scoring-config")
    scaling = account.aws().client("application-autoscaling")
    target: Any = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    scaling.put_scaling_policy(
        **target,
        PolicyName="SageMakerEndpointInvocationScalingPolicy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 700,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
        },
    )
    account.aws().client("logs").create_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{name}")
    return name


def by_boto3_serverless(account: Account) -> str:
    """A serverless endpoint, which has no guardrails, with a variant name of its own."""
    name = "translate-v1"
    sagemaker = account.aws().client("sagemaker")
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=account.role,
        PrimaryContainer={"Image": SKLEARN, "ModelDataUrl": ARTIFACT},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "v1",
                "ModelName": name,
                "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


@pytest.mark.parametrize("make", [by_sdk_2, by_sdk_3, by_console, by_boto3_serverless])
def test_an_endpoint_is_taken_over_without_an_interruption(account: Account, make: Any) -> None:
    name = make(account)
    before = account.served(name)
    done = account.adopt(name, "fraud")
    assert any(f"{STACK} has {name}" in step for step in done)
    assert account.served(name) == before
    assert account.plan_status(STACK) == 0
    if make is by_console:
        _is_scaled_by_the_spec_alone(account, name)

    again = account.adopt(name, "fraud")
    assert again == [f"{name} is in the state of {STACK}"]

    file = account.environments / "dev.py"
    text = file.read_text("utf-8").replace("learn:1.2-1-cpu-py3", "learn:1.4-2-cpu-py3")
    if make is not by_boto3_serverless:
        text = text.replace(
            "RealtimeEndpoint(", "RealtimeEndpoint(rollout=Canary(canary_percent=20),"
        )
        text = f"from inferform import Canary\n{text}"
    account.write(text)
    account.deploy(STACK)
    account._stale = False
    assert account.served(name) == before
    assert account.plan_status(STACK) == 0
    sagemaker = account.aws().client("sagemaker")
    described = sagemaker.describe_endpoint(EndpointName=name)
    (images,) = (each["DeployedImages"] for each in described["ProductionVariants"])
    assert images[0]["SpecifiedImage"].endswith("learn:1.4-2-cpu-py3")
    if make is not by_boto3_serverless:
        policy = described["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]
        assert policy["TrafficRoutingConfiguration"]["Type"] == "CANARY"


def _is_scaled_by_the_spec_alone(account: Account, name: str) -> None:
    scaling = account.aws().client("application-autoscaling")
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [each["PolicyName"] for each in policies] == [
        "acme-dev-use1-fraud-AllTraffic-invocations"
    ]
    configuration = policies[0]["TargetTrackingScalingPolicyConfiguration"]
    assert configuration["TargetValue"] == 700


@pytest.mark.parametrize(
    "operation", ["CreateModel", "CreateEndpointConfig", "PutMetricAlarm", "UpdateEndpoint"]
)
def test_a_killed_adoption_goes_on_where_it_ended(account: Account, operation: str) -> None:
    name = by_sdk_3(account)
    before = account.served(name)
    account.killed(name, "fraud", operation)
    if operation != "UpdateEndpoint":
        # A killed Terraform leaves its lock, and what it had not recorded.
        with pytest.raises(OperatorError, match="lock"):
            account.adopt(name, "fraud")
        account.recover(STACK)
    account.adopt(name, "fraud")
    assert account.served(name) == before
    assert account.plan_status(STACK) == 0


def test_nothing_is_done_before_it_is_agreed_to(account: Account) -> None:
    name = by_sdk_3(account)
    found = account.look(name, "fraud")
    assert found.edit is not None
    assert "naming_endpoints" in found.edit.diff
    assert (account.environments / "dev.py").read_text("utf-8") == account.text
    found.edit.make()
    made = run.prepared(run.Asked(name, "fraud", KEY), account.program, account.aws())
    sagemaker = account.aws().client("sagemaker")
    asked = list[str]()

    def refuse(question: str, planned: object) -> None:
        asked.append(question)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run.finish(made, found.hosting, refuse))
    assert asked == [f"make what {name} is to run, in {STACK}?"]
    assert len(sagemaker.list_endpoint_configs()["EndpointConfigs"]) == 1
    state = made.state()
    assert state is None or state.resources == {}


def test_the_commands_show_everything_before_they_do_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "emulator_in_use", lambda: account.emulator)
    monkeypatch.setattr(Program, "of", lambda _: account.program)
    monkeypatch.setattr(
        "ops.commands.endpoints.environments",
        lambda folder=account.environments: environments(folder),
    )
    monkeypatch.setattr(
        "ops.commands.endpoints.environment",
        lambda key, folder=account.environments: environment(key, folder),
    )
    name = by_console(account)
    before = account.served(name)

    def ran(*arguments: str) -> Any:
        done = CliRunner().invoke(app, ["endpoints", *arguments, "--emulator", "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    (row,) = ran("list", "dev", "--foreign")
    assert (row["name"], row["adoptable"], row["why_not"]) == (name, True, "")
    given = ("adopt", "dev", name, "--as", "fraud")
    shown = ran(*given, "--dry-run")
    assert shown["done"] == []
    assert f'naming_endpoints({{"fraud": "{name}"}})' in shown["diff"]
    assert any("shared" in each or "role" in each for each in shown["notes"])
    assert (account.environments / "dev.py").read_text("utf-8") == account.text
    assert account.served(name) == before
    configured = account.aws().client("sagemaker").list_endpoint_configs()["EndpointConfigs"]
    assert len(configured) == 1

    done = ran(*given, "--auto-approve")
    assert done["diff"] == shown["diff"]
    assert done["done"][0] == "dev.py is edited"
    assert f"{STACK} has {name}" in done["done"]
    assert "deleted SageMakerEndpointInvocationScalingPolicy" in done["done"]
    assert account.served(name) == before
    assert ran("list", "dev", "--foreign") == []
    assert ran(*given, "--auto-approve")["done"] == [f"{name} is in the state of {STACK}"]


def test_a_plan_that_would_replace_the_endpoint_is_refused(account: Account) -> None:
    name = by_sdk_3(account)
    before = account.served(name)
    found = account.look(name, "fraud")
    assert found.edit is not None
    found.edit.make()
    made = run.prepared(run.Asked(name, "fraud", KEY), account.program, account.aws())
    made.apply(made.plan_beside())
    # Without the one update, Terraform replaces it for the sake of its first alarms.
    with pytest.raises(OperatorError, match=r"(?s)ADO2.*forced by deployment_config"):
        made.plan_whole()
    assert account.served(name) == before
    assert not list(made.stack.folder.glob("*.tfplan"))


def test_an_update_that_sagemaker_rolls_back_leaves_what_served_and_can_be_repeated(
    account: Account,
) -> None:
    name = by_sdk_3(account)
    before = account.served(name)
    plan = {"outcome": "rollback", "describes": 2, "rolling_back_describes": 0}
    route = {"endpoint": name, "account": "111122223333", "reason": "No ping."}
    account.emulator.control("POST", "sagemaker/rollout", {**route, **plan})
    with pytest.raises(OperatorError, match=r"rolled the update of fraud-detector back.*No ping"):
        account.adopt(name, "fraud")
    described = account.aws().client("sagemaker").describe_endpoint(EndpointName=name)
    assert described["EndpointConfigName"] == name
    account.adopt(name, "fraud")
    assert account.served(name) == before
    assert account.plan_status(STACK) == 0


def test_the_endpoints_that_no_state_knows_are_listed(account: Account) -> None:
    names = [by_sdk_2(account), by_sdk_3(account), by_console(account)]

    def rows() -> dict[str, listed.Foreign]:
        now = datetime.now(UTC)
        loaded = environments(account.environments).environments
        found = listed.foreign(loaded[KEY], loaded.values(), account.aws(), price_table(), now)
        return {each.name: each for each in found}

    found = rows()
    assert [*found] == names
    assert all(each.adoptable for each in found.values())
    first = found[names[0]]
    assert (first.kind, first.instances) == ("real-time", "2 x ml.m5.large")
    assert first.made_by == "not known"
    assert first.monthly == pytest.approx(2 * 730 * 0.115, rel=0.01)
    assert first.last_request == "none in 60 days"
    account.adopt(names[1], "fraud")
    assert [*rows()] == [names[0], names[2]]
