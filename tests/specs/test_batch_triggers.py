"""What starts batch transforms beside their first trigger: the rules, each on both sides, and their names."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    ArtifactBucket,
    Automation,
    BatchTransform,
    Context,
    Delivery,
    Environment,
    Image,
    Inference,
    Model,
    ModelPackageGroup,
    Network,
    OnAlarm,
    OnApproval,
    OnDrift,
    OnEvent,
    OnSchedule,
    OnUpload,
    Registry,
    Repository,
)
from inferform.sagemaker.batch import transform_failed
from inferform.service import Place
from inferform.spec import collecting, problems_of

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
MODEL = Model(image=Image(repository="fraud", tag="1"), artifact="fraud/1/model.tar.gz")
DAILY = OnSchedule(schedule="cron(0 2 * * ? *)")
EVENT = OnEvent(pattern={"source": ["acme.data"]})
FAILED = transform_failed(CONTEXT, "nightly")
BUCKET = CONTEXT.bucket("artifacts")
TOPIC = "arn:aws:sns:us-east-1:111122223333:ml"


def environment(
    *,
    sends: bool = True,
    trigger: OnSchedule | OnUpload | None = None,
    input: str | None = None,
    output: str | None = None,
    **automation: Any,
) -> Environment:
    return Environment(
        context=CONTEXT,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(
            repositories={"fraud": Repository()},
            models={"fraud": ModelPackageGroup()},
            artifacts=ArtifactBucket(send_events=sends),
        ),
        inference=Inference(
            batch={
                "nightly": BatchTransform(
                    model=MODEL,
                    instance_type="ml.m5.xlarge",
                    trigger=trigger,
                    input=input,
                    output=output,
                    automation=Automation(**automation),
                )
            }
        ),
    )


def found(**fields: Any) -> list[tuple[str, str]]:
    with collecting():
        problems = problems_of(environment(**fields))
    return [(p.rule, p.where.removeprefix("inference.batch.nightly.")) for p in problems]


@pytest.mark.parametrize(
    ("rule", "path", "bad", "good"),
    [
        (
            "JOB22",
            "automation.triggers.0",
            {"trigger": DAILY, "triggers": [DAILY]},
            {"triggers": [DAILY]},
        ),
        (
            "JOB22",
            "automation.triggers.1",
            {"triggers": [EVENT, EVENT]},
            {"triggers": [EVENT, DAILY]},
        ),
        (
            "JOB23",
            "automation.triggers.0.group",
            {"triggers": [OnApproval(group="frud")]},
            {"triggers": [OnApproval(group="fraud")]},
        ),
        (
            "JOB15",
            "output",
            {"triggers": [OnUpload(prefix="s3://bucket/in/")], "output": "s3://bucket/in/out/"},
            {"triggers": [OnUpload(prefix="s3://bucket/in/")], "output": "s3://bucket/out/"},
        ),
        (
            "JOB15",
            "output",
            {"trigger": OnUpload(), "input": "s3://bucket/in/", "output": "s3://bucket/in/out/"},
            {"trigger": OnUpload(), "input": "s3://bucket/in/", "output": "s3://bucket/out/"},
        ),
        (
            "JOB15",
            "output",
            {"trigger": OnUpload(), "input": "in/", "output": f"s3://{BUCKET}/in/out/"},
            {"trigger": OnUpload(), "input": "in/", "output": f"s3://{BUCKET}/out/"},
        ),
        (
            "JOB15",
            "output",
            {"triggers": [OnUpload(prefix="batch/nightly/")]},
            {"triggers": [OnUpload(prefix="batch/nightly/input/")]},
        ),
        (
            "JOB24",
            "automation.triggers.0.alarm",
            {"triggers": [OnAlarm(alarm=FAILED)], "alarm_on_failure": True},
            {"triggers": [OnAlarm(alarm=FAILED)]},
        ),
        (
            "JOB11",
            "automation.triggers.0",
            {"sends": False, "triggers": [OnUpload(prefix="in/")]},
            {"sends": False, "triggers": [OnUpload(prefix="s3://another/in/")]},
        ),
        (
            "JOB11",
            "automation.triggers.0",
            {"sends": False, "triggers": [OnUpload(prefix=f"s3://{BUCKET}/in/")]},
            {"sends": True, "triggers": [OnUpload(prefix=f"s3://{BUCKET}/in/")]},
        ),
        (
            "JOB11",
            "trigger",
            {"sends": False, "trigger": OnUpload(), "input": "in/"},
            {"sends": False, "trigger": OnUpload(), "input": "s3://another/in/"},
        ),
        (
            "JOB25",
            "automation.triggers.0",
            {"triggers": [OnDrift(monitor="fraud")]},
            {"triggers": [OnAlarm(alarm="acme-dev-use1-fraud-drift-psi")]},
        ),
        (
            "WFL10",
            "automation.notify",
            {"notify": f"{TOPIC}.fifo"},
            {"notify": TOPIC},
        ),
        (
            "ALM14",
            "automation.notify",
            {"notify": TOPIC.replace("us-east-1", "eu-west-1")},
            {"notify": TOPIC},
        ),
    ],
)
def test_each_rule_is_broken_on_one_side_alone(
    rule: str, path: str, bad: dict[str, Any], good: dict[str, Any]
) -> None:
    assert found(**bad) == [(rule, path)]
    assert found(**good) == []


def test_what_was_there_keeps_its_name_beside_what_is_added() -> None:
    def names(**fields: Any) -> set[tuple[str, str]]:
        made = environment(**fields).names
        return {
            (name.kind, name.value) for path, name in made if path[:2] == ("inference", "batch")
        }

    before = names(trigger=DAILY)
    after = names(
        trigger=DAILY,
        triggers=[
            EVENT,
            OnUpload(prefix="in/"),
            OnAlarm(alarm="a"),
            OnSchedule(schedule="rate(1 day)"),
        ],
        delivery=Delivery(),
        notify=TOPIC,
        alarm_on_failure=True,
    )
    assert before < after
    added = sorted(f"{kind} {value}" for kind, value in after - before)
    own = "acme-dev-use1-nightly-transform"
    assert [each.replace(own, "X") for each in added if "iam_role" not in each] == [
        "aws_cloudwatch_event_rule X-alarm",
        "aws_cloudwatch_event_rule X-event",
        "aws_cloudwatch_event_rule X-upload",
        "aws_cloudwatch_metric_alarm X-failed",
        "aws_scheduler_schedule X-schedule",
        "aws_sqs_queue X-alarm-undelivered",
        "aws_sqs_queue X-event-undelivered",
        "aws_sqs_queue X-schedule-undelivered",
        "aws_sqs_queue X-trigger-undelivered",
        "aws_sqs_queue X-upload-undelivered",
    ]


def test_each_of_its_schedules_counts() -> None:
    made = environment(trigger=DAILY, triggers=[OnSchedule(schedule="rate(1 day)")])
    (batch,) = [each for each in made.deployed if each.spec.sort == "batch"]
    starts = batch.spec.starts_at(Place(("inference", "batch", "nightly"), made))
    assert [each.expression for each in starts] == [DAILY.schedule, "rate(1 day)"]
