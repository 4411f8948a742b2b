"""What the training layer has, smallest and largest, in two accounts with the real Terraform: reviewed, deployed,
changed in every field, made smaller and destroyed, with nothing left and nothing to plan in between."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    CategoricalRange,
    Channel,
    Checkpoints,
    Context,
    ContinuousRange,
    DataCapture,
    Delivery,
    DriftMonitor,
    Environment,
    Evaluation,
    Existing,
    FromInput,
    FromStep,
    Inference,
    IntegerRange,
    Model,
    NetworkOutputs,
    OnAlarm,
    OnApproval,
    OnDrift,
    OnEvent,
    OnSchedule,
    OnUpload,
    Permissions,
    Pipeline,
    PipelineFile,
    PolicyStatement,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    RealtimeEndpoint,
    Register,
    RegistryOutputs,
    Retraining,
    Spot,
    Training,
    TrainingJob,
    TrainingStep,
    Tuning,
)
from inferform.layers import program
from inferform.target import EMULATOR
from inferform.training import names
from inferform.usage import Start
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.bootstrap import bootstrap
from ops.cost.prices import PriceTable
from ops.cost.runs import cost_of_run, said, total
from ops.kinds.starts import when
from ops.plan import read_plan
from ops.review.building import build
from ops.review.report import Report
from ops.terraform import Stack, stacks
from tests.capabilities.record import ACCOUNT
from tests.conftest import ROOT
from tests.e2e.changed import changed, fields_of
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
    beside: dict[str, list[str]] = field(default_factory=dict)
    """Keys, subnets and security groups that are there for services to take."""

    def made(self, training: Training) -> Stack:
        assert self.environment_with_all is not None
        whole = self.environment_with_all.replace(training=training)
        program.synthesize([whole], target=EMULATOR, outdir=self.folder)
        return next(each for each in stacks(self.folder) if each.name.endswith("-training"))

    @property
    def largest(self) -> Training:
        """Every field of every Spec, and two pipelines."""
        assert self.environment_with_all is not None
        assert isinstance(self.environment_with_all.training, Training)
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

    def shown(self, training: Training) -> tuple[Stack, str]:
        """What a deploy would do, as Terraform's JSON."""
        stack = self.made(training)
        self.terraform(stack, "plan", "-out=plan", "-no-color")
        return stack, self.terraform(stack, "show", "-json", "plan")

    def review(self, training: Training) -> Report:
        """What a review of a deploy says."""
        stack, shown = self.shown(training)
        return build([read_plan(shown, stack.name, stack=stack.content)])

    def planned(self, training: Training) -> dict[str, list[str]]:
        """What a deploy would do, by address."""
        _, shown = self.shown(training)
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
    """An account with the network, the bucket and the key that the layer depends on."""
    aws = Aws(context, emulator=emulator)
    bootstrap(context, aws)
    s3, ec2 = aws.client("s3"), aws.any_client("ec2")
    artifacts = f"artifacts-{context.account}"
    s3.create_bucket(Bucket=artifacts)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"us-east-1{zone}"
        )["Subnet"]["SubnetId"]
        for n, zone in enumerate("abab")
    ]
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
    s3_list = next(each for each in lists if each["PrefixListName"].endswith(".s3"))
    network = NetworkOutputs(
        vpc_id=vpc,
        vpc_cidr="10.9.0.0/16",
        private_subnet_ids=subnets[:2],
        public_subnet_ids=[],
        s3_prefix_list_id=s3_list["PrefixListId"],
    )
    keys = [aws.any_client("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(3)]
    groups = [
        ec2.create_security_group(GroupName=each, Description=each, VpcId=vpc)["GroupId"]
        for each in ("one", "two")
    ]
    registry = RegistryOutputs(kms_key_arn=keys[2], artifact_bucket=artifacts)
    found = Account(emulator, folder, network, registry, context=context)
    written = environment(valid_trees()["training"])
    assert isinstance(written.inference, Inference)
    watched = RealtimeEndpoint(
        model=Model(image=IMAGE.format(account=context.account), artifact="fraud/1/model.tar.gz"),
        instance_type="ml.m5.large",
        data_capture=DataCapture(),
    )
    endpoints = {**written.inference.endpoints, "one": watched, "two": watched}
    found.environment_with_all = written.replace(
        context=context,
        network=network,
        registry=registry,
        inference=Inference(endpoints=endpoints),
    )
    found.beside = {"keys": keys, "subnets": subnets, "groups": groups}
    return found


@pytest.fixture(scope="module")
def accounts(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Account]:
    found = {}
    for number in (ACCOUNT, OTHER):
        context = Context(
            organization="acme",
            stage="dev",
            account=number,
            region="us-east-1",
            owner="ml",
            deploy_role="deploy",
        )
        found[number] = placed(emulator, context, tmp_path_factory.mktemp(f"training-{number}"))
    return found


@pytest.fixture(params=[ACCOUNT, OTHER])
def account(request: pytest.FixtureRequest, accounts: dict[str, Account]) -> Account:
    return accounts[request.param]


@pytest.fixture
def first(accounts: dict[str, Account]) -> Account:
    """The first account: for what would be no other in the second."""
    return accounts[ACCOUNT]


def told(account: Account, training: Training) -> dict[str, str]:
    """The headline of each story of a review, by the name of what it is about."""
    return {
        each.name.removeprefix("acme-dev-use1-"): each.headline.partition(" is ")[2]
        for each in account.review(training).stories
        if each.kind in ("retraining", "drift monitor")
    }


def spends(spec: Retraining | DriftMonitor) -> str:
    """What a run of it may spend, in the words of a review."""
    return f"may spend {said(*total(cost_of_run(spec, 'us-east-1', PriceTable())))} a run"


def test_a_review_says_what_starts_each_and_what_it_may_spend_before_anything_is_there(
    account: Account,
) -> None:
    largest = account.largest
    (monitor,) = largest.monitors.values()
    name = names.monitor_name(account.context, "fraud")
    (scheduled,) = (e for e in largest.retrainings["fraud"].triggers if isinstance(e, OnSchedule))
    starts = names.trigger_name(account.context, "fraud", "schedule")
    times = [
        when(Start(scheduled.spread(starts), scheduled.timezone)),
        when(Start(monitor.schedule.spread(name), monitor.schedule.timezone)),
    ]
    assert all(each.startswith("at 0") for each in times)
    spent = {each: spends(spec) for each, spec in largest.retrainings.items()}
    assert told(account, largest) == {
        "fraud-retraining": f"new, starts {times[0]} and {spent['fraud']}",
        "tuned-retraining": f"new, {spent['tuned']}",
        "warm-retraining": f"new, {spent['warm']}",
        "fraud-drift": f"new, starts {times[1]} and {spends(monitor)}",
    }
    (story,) = (e for e in account.review(largest).stories if e.name.endswith("fraud-retraining"))
    assert sum(fact == "started by" for fact, _ in story.facts) == 6


def test_the_largest_is_deployed_and_plans_empty(account: Account) -> None:
    account.apply_training(account.largest)


def test_a_retraining_beside_others_is_known_when_it_is_planned(first: Account) -> None:
    largest = first.largest
    fraud = largest.retrainings["fraud"]
    later = fraud.replace(triggers=[OnSchedule(schedule="cron(17 2 * * ? *)")])
    _, shown = first.shown(largest.replace(retrainings={**largest.retrainings, "later": later}))
    # Nothing in its definition waits for the apply, so that the plan alone says all of it.
    assert [each.headline for each in build([read_plan(shown)]).stories] == [
        f"acme-dev-use1-later-retraining is new, starts at 02:17 each day and {spends(later)}"
    ]


# Every field


TOPICS = [f"arn:aws:sns:us-east-1:{{account}}:{name}" for name in ("one", "two")]


def every(account: Account, second: bool) -> Training:
    """Every field of a retraining and a drift monitor; all have other values the second time."""
    number = account.context.account
    aws = account.beside

    def pick(first: Any, other: Any) -> Any:
        return other if second else first

    def process(outputs: dict[str, ProcessingOutput], **more: Any) -> ProcessingJob:
        return ProcessingJob(
            image=pick(*(f"{number}.dkr.ecr.us-east-1.amazonaws.com/fraud:{n}" for n in (1, 2))),
            instance_type=pick("ml.m5.large", "ml.m5.xlarge"),
            outputs=outputs,
            **more,
        )

    def allowed(role: str) -> dict[str, Permissions]:
        queue = f"arn:aws:sqs:us-east-1:{number}:{pick('one', 'two')}"
        statement = PolicyStatement(actions=["sqs:SendMessage"], resources=[queue])
        return {role: Permissions(statements=[statement])}

    image = pick(*(f"{number}.dkr.ecr.us-east-1.amazonaws.com/fraud:{n}" for n in (1, 2)))
    topic = pick(*TOPICS).format(account=number)
    existing = Existing(
        kms_key=aws["keys"][second],
        subnets=aws["subnets"][2 * second :][:2],
        security_groups=[aws["groups"][second]],
    )
    delivery = Delivery(
        retry_attempts=pick(3, 4), max_age_seconds=pick(600, 700), dead_letter=pick(True, False)
    )
    train = TrainingJob(
        image=image,
        instance_type=pick("ml.m5.xlarge", "ml.m5.2xlarge"),
        instance_count=pick(1, 2),
        channels={
            "train": Channel(
                uri=pick("data/one/", FromStep(step="prepare", output="train")),
                content_type=pick("text/csv", "text/libsvm"),
                distribution=pick("FullyReplicated", "ShardedByS3Key"),
                gzip=pick(True, False),
                shuffle_seed=pick(1, 2),
            ),
            "images": Channel(
                uri="data/images.manifest",
                data_type=pick("AugmentedManifestFile", "ManifestFile"),
                input_mode=pick("Pipe", "FastFile"),
                attributes=pick(["image-ref"], []),
            ),
        },
        command=["python", pick("a.py", "b.py")],
        hyperparameters={"rounds": pick("3", FromInput(name="rounds"))},
        environment={"LEVEL": pick("info", "debug")},
        metrics={"auc": pick("auc=([0-9.]+)", "AUC ([0-9.]+)")},
        volume_size_gb=pick(40, 50),
        max_runtime_seconds=pick(3600, 7200),
        spot=Spot(
            max_wait_seconds=pick(7200, 9000),
            checkpoints=pick(Checkpoints(), Checkpoints(local_path="/opt/ml/kept")),
        ),
        retries=pick(2, 3),
        network_isolation=pick(True, False),
        vpc=True,
    )
    evaluate = Evaluation(
        job=process({"evaluation": ProcessingOutput(), "other": ProcessingOutput()}),
        path=pick("metrics.auc", "metrics.f1"),
        threshold=pick(0.8, 0.7),
        comparison=pick("GreaterThanOrEqualTo", "GreaterThan"),
        output=pick("evaluation", "other"),
        file=pick("evaluation.json", "report.json"),
    )
    prepare = process(
        {
            "train": ProcessingOutput(
                uri=pick("prepared/one/", "prepared/two/"),
                local_path=pick("/opt/ml/processing/a", "/opt/ml/processing/b"),
            )
        },
        inputs={
            "raw": ProcessingInput(
                uri=pick("raw/one/", "raw/two/"),
                local_path=pick("/opt/ml/processing/c", "/opt/ml/processing/d"),
                distribution=pick("FullyReplicated", "ShardedByS3Key"),
            )
        },
        command=["python", pick("a.py", "b.py")],
        arguments=["--rounds", pick("1", FromInput(name="rounds"))],
        environment={"LEVEL": pick("info", "debug")},
        instance_count=pick(1, 2),
        volume_size_gb=pick(30, 40),
        max_runtime_seconds=pick(3600, 1800),
        network_isolation=pick(True, False),
        vpc=pick(True, False),
    )
    registers = Register(
        group=f"arn:aws:sagemaker:us-east-1:{number}:model-package-group/{pick('one', 'two')}",
        approval=pick("PendingManualApproval", "Approved"),
        image=image,
        content_types=pick(["text/csv"], ["application/json"]),
        response_types=pick(["text/csv"], ["application/json"]),
        realtime_instance_types=pick(["ml.m5.large"], ["ml.m5.xlarge"]),
        transform_instance_types=pick(["ml.m5.large"], ["ml.m5.xlarge"]),
        metadata={"commit": pick("1a2b3c", "4d5e6f")},
        description=pick("one", "two"),
    )
    whole = Retraining(
        train=train,
        prepare=prepare,
        evaluate=evaluate,
        registers=registers,
        triggers=[
            OnSchedule(
                schedule=pick("cron(0 2 * * ? *)", "cron(0 3 * * ? *)"),
                timezone=pick("UTC", "Europe/Berlin"),
                spread_minutes=pick(30, 60),
            ),
            OnUpload(prefix=pick("in/one/", "in/two/"), suffix=pick(".csv", ".json")),
            OnAlarm(alarm=pick("one", "two")),
            OnDrift(monitor=pick("one", "two")),
            OnApproval(group=pick("one", "two"), statuses=[pick("Approved", "Rejected")]),
            OnEvent(pattern={"source": [pick("acme.one", "acme.two")]}),
        ],
        delivery=delivery,
        parameters={"rounds": pick("10", "20")},
        retry_capacity_minutes=pick(60, 90),
        alarm_on_failure=pick(True, False),
        notify=topic,
        log_retention_days=pick(30, 60),
        tags={"cost": pick("one", "two")},
        permissions=allowed("train"),
        existing=existing,
        overrides={"machine/machine": {"type": "STANDARD", "publish": pick(False, True)}},
    )
    alone = train.replace(
        hyperparameters={}, channels={"train": Channel(uri=pick("data/a/", "data/b/"))}
    )
    warm = Retraining(
        train=alone.replace(spot=None, keep_alive_seconds=pick(600, 900), vpc=pick(True, False))
    )
    tuned = Retraining(
        train=Tuning(
            job=alone.replace(
                command=(), metrics={name: f"{name}=([0-9.]+)" for name in ("auc", "loss")}
            ),
            objective=pick("auc", "loss"),
            goal=pick("Maximize", "Minimize"),
            strategy=pick("Bayesian", "Random"),
            max_jobs=pick(8, 9),
            max_parallel_jobs=pick(2, 3),
            early_stopping=pick(True, False),
            max_runtime_seconds=pick(7200, 9000),
            seed=pick(7, 8),
            ranges={
                "depth": IntegerRange(
                    minimum=pick(2, 3), maximum=pick(8, 9), scale=pick("Auto", "Linear")
                ),
                "rate": ContinuousRange(
                    minimum=pick(0.01, 0.02), maximum=pick(0.5, 0.6), scale=pick("Auto", "Linear")
                ),
                "booster": CategoricalRange(values=pick(["gbtree", "dart"], ["dart", "gblinear"])),
            },
        )
    )
    monitor = DriftMonitor(
        endpoint=pick("one", "two"),
        image=image,
        baseline=pick("data/one/", "data/two/"),
        schedule=OnSchedule(schedule=pick("cron(0 4 * * ? *)", "cron(0 5 * * ? *)")),
        window_hours=pick(24, 48),
        requests_per_hour=pick(500, 600),
        metrics={"psi_max": pick("metrics.psi_max", "metrics.psi")},
        thresholds={"psi_max": pick(0.2, 0.3)},
        then=pick("warm", "tuned"),
        notify=topic,
        instance_type=pick("ml.m5.large", "ml.m5.xlarge"),
        environment={"MIN_RECORDS": pick("50", "60")},
        vpc=True,
        delivery=delivery,
        log_retention_days=pick(30, 60),
        tags={"cost": pick("one", "two")},
        permissions=allowed("measure"),
        existing=existing,
        overrides={"machine/machine": {"publish": pick(False, True)}},
    )
    plain = DriftMonitor(endpoint="one", image=image, baseline="data/", vpc=pick(True, False))
    return Training(
        retrainings={"whole": whole, "warm": warm, "tuned": tuned},
        monitors={"one": monitor, "two": plain},
    )


LEFT_OUT = {
    "Checkpoints.uri": "a place of its own is refused, as each run would continue from the one before (SPT4)",
    **dict.fromkeys(
        ("Existing.execution_role", "Existing.task_role", "Existing.log_group"),
        "each of its jobs has a role and a log of its own (EXI4)",
    ),
}
"""The fields that neither has, with the reason."""


def test_every_field_changes_in_place_and_comes_back_as_it_is(first: Account) -> None:
    before, after = (every(first, each) for each in (False, True))
    fields = fields_of(Retraining, DriftMonitor, beside=[OnSchedule, OnUpload, Existing])
    assert fields - changed(before, after) == {*LEFT_OUT}
    first.apply_training(before)
    planned = first.planned(after)
    by_type: dict[tuple[str, ...], set[str]] = {}
    for address, actions in planned.items():
        by_type.setdefault(tuple(actions), set()).add(address.partition(".")[0])
    assert by_type.pop(("update",)) >= {
        "aws_sfn_state_machine",
        "aws_scheduler_schedule",
        "aws_cloudwatch_event_rule",
        "aws_cloudwatch_event_target",
        "aws_cloudwatch_metric_alarm",
        "aws_cloudwatch_log_group",
        "aws_iam_role_policy",
    }
    assert by_type == {
        # What nobody wants any more: the queues, the right to fill them, and an alarm.
        ("delete",): {
            "aws_cloudwatch_metric_alarm",
            "aws_iam_role_policy",
            "aws_sqs_queue",
            "aws_sqs_queue_policy",
        },
        # Several instances of one job talk to each other.
        ("create",): {
            "aws_vpc_security_group_egress_rule",
            "aws_vpc_security_group_ingress_rule",
        },
    }
    first.apply_training(after)
    first.apply_training(before)


def test_the_smallest_takes_its_place(account: Account) -> None:
    account.apply_training(account.smallest)


def test_nothing_is_left_after_a_destroy(account: Account) -> None:
    assert account.left().keys() >= {"machines", "schedules", "roles", "logs", "pipelines"}
    stack = account.made(account.smallest)
    account.terraform(stack, "destroy", "-auto-approve", "-no-color")
    assert account.terraform(stack, "state", "list") == ""
    assert account.left() == {}
