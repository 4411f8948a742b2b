"""What the training layer has, smallest and largest, in two accounts with the real Terraform: deployed, changed in place,
made smaller and destroyed, with nothing left and nothing to plan in between."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    Channel,
    Context,
    DriftMonitor,
    Environment,
    NetworkOutputs,
    OnSchedule,
    Pipeline,
    PipelineFile,
    RegistryOutputs,
    Retraining,
    Training,
    TrainingJob,
    TrainingStep,
)
from inferform.layers import program
from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.bootstrap import bootstrap
from ops.plan import read_plan
from ops.review.building import build
from ops.terraform import Stack, stacks
from tests.capabilities.record import ACCOUNT
from tests.conftest import ROOT
from tests.e2e.hosting import Hosting
from tests.pipelines import abalone
from tests.specs.kinds import environment, valid_trees

pytestmark = pytest.mark.story("the layer of an account is deployed, changed and destroyed")

OTHER = "123456789012"
IMAGE = "{account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"


@dataclass
class Account(Hosting):
    """The training layer of one account, on what is there already."""

    environment_with_all: Environment | None = None

    def made(self, training: Training) -> Stack:
        assert self.environment_with_all is not None
        whole = self.environment_with_all.replace(training=training)
        program.synthesize([whole], target=EMULATOR, outdir=self.folder)
        return next(each for each in stacks(self.folder) if each.name.endswith("-training"))

    @property
    def largest(self) -> Training:
        """Every field of every Spec, and two pipelines."""
        assert self.environment_with_all is not None
        assert self.environment_with_all.training is not None
        text = (ROOT / "tests/pipeline_files/sdk-v2.json").read_text("utf-8")
        return self.environment_with_all.training.replace(
            pipelines={
                "abalone": abalone(),
                "written": PipelineFile(
                    definition=text.replace("111122223333", self.context.account)
                ),
            }
        )

    @property
    def changed(self) -> Training:
        """The largest with other values, none of which needs another resource."""
        whole = self.largest
        retraining, monitor = whole.retrainings["fraud"], whole.monitors["fraud"]
        return whole.replace(
            retrainings={
                **whole.retrainings,
                "fraud": retraining.replace(
                    train=retraining.job.replace(
                        hyperparameters={"depth": "5"}, max_runtime_seconds=1800
                    ),
                    delivery=retraining.delivery.replace(max_age_seconds=900),
                    log_retention_days=30,
                ),
            },
            monitors={
                "fraud": monitor.replace(
                    thresholds={"psi_max": 0.3},
                    schedule=OnSchedule(schedule="cron(0 5 * * ? *)"),
                    window_hours=48,
                )
            },
            pipelines={**whole.pipelines, "abalone": abalone(max_parallel_steps=4)},
        )

    @property
    def smallest(self) -> Training:
        """What has no default, and nothing else."""
        image = IMAGE.format(account=self.context.account)
        job = TrainingJob(
            image=image, instance_type="ml.m5.large", channels={"train": Channel(uri="data/")}
        )
        return Training(
            retrainings={"least": Retraining(train=job)},
            monitors={"least": DriftMonitor(endpoint="fraud", image=image, baseline="data/")},
            pipelines={"least": Pipeline(steps={"Train": TrainingStep(training=job)})},
        )

    def apply_training(self, training: Training) -> None:
        """Deploy, and see that nothing is left to do."""
        stack = self.made(training)
        self.terraform(stack, "apply", "-auto-approve", "-no-color")
        self.terraform(stack, "plan", "-detailed-exitcode", "-no-color")

    def plan_of(self, training: Training) -> str:
        """What a deploy would do, as Terraform's JSON."""
        stack = self.made(training)
        self.terraform(stack, "plan", "-out=plan", "-no-color")
        return self.terraform(stack, "show", "-json", "plan")

    def planned(self, training: Training) -> dict[str, list[str]]:
        """What a deploy would do, by address."""
        shown = self.plan_of(training)
        return {
            each["address"]: each["change"]["actions"]
            for each in json.loads(shown)["resource_changes"]
            if each["change"]["actions"] not in (["no-op"], ["read"])
        }

    def left(self) -> dict[str, list[str]]:
        """What an account has of what the layer makes."""
        aws = Aws(self.context, emulator=self.emulator)
        iam, events = aws.client("iam"), aws.any_client("events")
        listed: dict[str, list[dict[str, Any]]] = {
            "machines": aws.any_client("stepfunctions").list_state_machines()["stateMachines"],
            "schedules": aws.any_client("scheduler").list_schedules()["Schedules"],
            "rules": events.list_rules()["Rules"],
            "alarms": [*aws.client("cloudwatch").describe_alarms()["MetricAlarms"]],  # type: ignore[list-item]
            "roles": [*iam.list_roles(PathPrefix="/inferform/")["Roles"]],  # type: ignore[list-item]
            "logs": aws.any_client("logs").describe_log_groups()["logGroups"],
            "pipelines": aws.any_client("sagemaker").list_pipelines()["PipelineSummaries"],
            "queues": [
                {"url": each} for each in aws.any_client("sqs").list_queues().get("QueueUrls", [])
            ],
        }
        return {kind: [str(each) for each in found] for kind, found in listed.items() if found}


def placed(emulator: Emulator, context: Context, folder: Path) -> Account:
    """An account with the network, the bucket and the key that the layer stands on."""
    aws = Aws(context, emulator=emulator)
    bootstrap(context, aws)
    s3, ec2 = aws.client("s3"), aws.any_client("ec2")
    artifacts = f"artifacts-{context.account}"
    s3.create_bucket(Bucket=artifacts)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24")["Subnet"]["SubnetId"]
        for n in range(2)
    ]
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    s3_list = next(each for each in lists if each["PrefixListName"].endswith(".s3"))
    network = NetworkOutputs(
        vpc_id=vpc,
        vpc_cidr="10.9.0.0/16",
        private_subnet_ids=subnets,
        public_subnet_ids=[],
        s3_prefix_list_id=s3_list["PrefixListId"],
    )
    key = aws.any_client("kms").create_key()["KeyMetadata"]["Arn"]
    registry = RegistryOutputs(kms_key_arn=key, artifact_bucket=artifacts)
    found = Account(emulator, folder, network, registry, context=context)
    written = environment(valid_trees()["training"])
    found.environment_with_all = written.replace(
        context=context, network=network, registry=registry
    )
    return found


@pytest.fixture(scope="module", params=[ACCOUNT, OTHER])
def account(
    request: pytest.FixtureRequest,
    emulator: Emulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Account:
    context = Context(
        organization="acme",
        stage="dev",
        account=request.param,
        region="us-east-1",
        owner="ml",
        deploy_role="deploy",
    )
    return placed(emulator, context, tmp_path_factory.mktemp(f"training-{request.param}"))


def test_a_review_says_what_starts_each_before_anything_is_there(account: Account) -> None:
    report = build([read_plan(account.plan_of(account.largest))])
    started = {
        each.name.removeprefix("acme-dev-use1-"): sorted(
            text for fact, text in each.facts if fact == "started by"
        )
        for each in report.stories
        if each.kind in ("retraining", "drift monitor")
    }
    assert started.keys() == {
        *(f"{name}-retraining" for name in ("fraud", "tuned", "warm")),
        "fraud-drift",
    }
    assert len(started.pop("fraud-retraining")) == 6
    assert len(started.pop("fraud-drift")) == 1
    assert [*started.values()] == [[], []]


def test_the_largest_is_deployed_and_plans_empty(account: Account) -> None:
    account.apply_training(account.largest)


def test_other_values_are_changed_in_place(account: Account) -> None:
    planned = account.planned(account.changed)
    assert {"update"} == {action for actions in planned.values() for action in actions}
    kinds = {address.partition(".")[0] for address in planned}
    assert {
        "aws_sfn_state_machine",
        "aws_scheduler_schedule",
        "aws_cloudwatch_event_target",
        "aws_cloudwatch_metric_alarm",
        "aws_cloudwatch_log_group",
        "aws_sagemaker_pipeline",
    } <= kinds
    account.apply_training(account.changed)


def test_the_smallest_takes_its_place(account: Account) -> None:
    account.apply_training(account.smallest)


def test_nothing_is_left_after_a_destroy(account: Account) -> None:
    assert account.left().keys() >= {"machines", "schedules", "roles", "logs", "pipelines"}
    stack = account.made(account.smallest)
    account.terraform(stack, "destroy", "-auto-approve", "-no-color")
    assert account.terraform(stack, "state", "list") == ""
    assert account.left() == {}
