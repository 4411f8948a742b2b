"""A batch transform with every kind of trigger, dead letters and notification, on the emulator with the real
Terraform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from inferform import (
    Automation,
    BatchTransform,
    Delivery,
    Inference,
    Model,
    OnAlarm,
    OnEvent,
    OnSchedule,
    OnUpload,
)
from inferform.sagemaker.batch import transform_failed, transform_trigger, transform_undelivered
from inferform_emulator.process import Emulator
from tests.waiting import wait_until

from . import plan_role
from .hosting import ARTIFACTS, CONTEXT, Hosting, client, hosting

pytestmark = pytest.mark.story("one stack is deployed, damaged and put right again")

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
TOPIC = "arn:aws:sns:us-east-1:123456789012:batch"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:kinds-dev-use1-nightly-transform"
BARE = BatchTransform(
    model=Model(image=IMAGE, artifact="fraud/1/model.tar.gz"),
    instance_type="ml.m5.xlarge",
    trigger=OnSchedule(schedule="cron(0 2 * * ? *)"),
)
WHOLE = BARE.replace(
    automation=Automation(
        triggers=[
            OnUpload(prefix="incoming/scores/", suffix=".csv"),
            OnEvent(pattern={"source": ["acme.data"]}),
            OnAlarm(alarm="late"),
            OnSchedule(schedule="rate(12 hours)"),
        ],
        delivery=Delivery(retry_attempts=0, max_age_seconds=60),
        notify=TOPIC,
        alarm_on_failure=True,
    )
)


class Batch:
    """The stack, and what is looked at in it."""

    def __init__(self, below: Hosting) -> None:
        self.below = below

    def client(self, service: str) -> Any:
        return client(self.below.emulator, service)

    def control(self, route: str, **content: Any) -> dict[str, Any]:
        return self.below.emulator.control("POST", route, content)

    def ended(self) -> list[dict[str, Any]]:
        """The executions, the newest last, once all have ended."""
        states = self.client("stepfunctions")

        def listed() -> list[dict[str, Any]]:
            found = states.list_executions(stateMachineArn=MACHINE)["executions"]
            return sorted(found, key=lambda each: each["startDate"])

        assert wait_until(lambda: all(each["status"] != "RUNNING" for each in listed()))
        return [states.describe_execution(executionArn=e["executionArn"]) for e in listed()]

    def taken(self, queue: str) -> list[dict[str, Any]]:
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture(scope="module")
def batch(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    found = Batch(hosting(emulator, tmp_path_factory.mktemp("batch-triggers")))
    found.client("sns").create_topic(Name="batch")
    found.client("sqs").create_queue(QueueName="told")
    arn = "arn:aws:sqs:us-east-1:123456789012:told"
    found.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    found.client("s3").put_bucket_notification_configuration(
        Bucket=ARTIFACTS, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    # What was there before is changed in place.
    found.below.apply(Inference(batch={"nightly": BARE}))
    actions = found.below.plan(Inference(batch={"nightly": WHOLE}))
    assert {tuple(each) for each in actions.values()} == {("create",), ("update",)}
    found.below.apply(Inference(batch={"nightly": WHOLE}))
    yield found
    found.below.destroy(Inference(batch={"nightly": WHOLE}))


def test_each_trigger_starts_a_job_on_what_it_says(batch: Batch) -> None:
    for name in (
        "kinds-dev-use1-nightly-transform",
        transform_trigger(CONTEXT, "nightly", "schedule"),
    ):
        assert batch.control("scheduler/fire", name=name)["delivered"] is True
    batch.client("s3").put_object(Bucket=ARTIFACTS, Key="incoming/scores/a.csv", Body=b"1")
    batch.client("s3").put_object(Bucket=ARTIFACTS, Key="incoming/scores/a.txt", Body=b"1")
    entry = {"Source": "acme.data", "DetailType": "new", "Detail": "{}"}
    batch.client("events").put_events(Entries=[entry])
    cloudwatch = batch.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="late",
        Namespace="Acme",
        MetricName="Late",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="late", StateValue="ALARM", StateReason="tried")
    runs = batch.ended()
    assert [each["status"] for each in runs] == ["SUCCEEDED"] * 5
    sagemaker = batch.client("sagemaker")
    read = []
    for each in sagemaker.list_transform_jobs()["TransformJobSummaries"]:
        job = sagemaker.describe_transform_job(TransformJobName=each["TransformJobName"])
        read.append(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    own = f"s3://{ARTIFACTS}/batch/nightly/input/"
    assert sorted(read) == sorted([own] * 4 + [f"s3://{ARTIFACTS}/incoming/scores/a.csv"])
    assert batch.taken("told") == []


def test_a_job_that_fails_is_told_once_and_its_execution_fails(batch: Batch) -> None:
    batch.control(
        "sagemaker/job", job="kinds-dev-use1-nightly", outcome="Failed", reason="OutOfMemory"
    )
    batch.client("stepfunctions").start_execution(stateMachineArn=MACHINE, input="{}")
    last = batch.ended()[-1]
    batch.control("sagemaker/job", job="kinds-dev-use1-nightly")
    assert last["status"] == "FAILED"
    (told,) = batch.taken("told")
    assert "OutOfMemory" in json.loads(told["Message"])["cause"]


def test_what_cannot_start_it_lies_in_the_queue_of_its_trigger(batch: Batch) -> None:
    states = batch.client("stepfunctions")
    kept = states.describe_state_machine(stateMachineArn=MACHINE)
    states.delete_state_machine(stateMachineArn=MACHINE)
    entry = {"Source": "acme.data", "DetailType": "new", "Detail": '{"n": 1}'}
    batch.client("events").put_events(Entries=[entry])
    queue = transform_undelivered(CONTEXT, "nightly", "event")
    assert wait_until(lambda: batch.taken(queue) != [])
    fired = batch.control("scheduler/fire", name="kinds-dev-use1-nightly-transform")
    assert fired["delivered"] is False
    assert wait_until(
        lambda: batch.taken(transform_undelivered(CONTEXT, "nightly", "trigger")) != []
    )
    states.create_state_machine(
        name=kept["name"], definition=kept["definition"], roleArn=kept["roleArn"]
    )


def test_a_changed_state_machine_is_planned_by_what_the_plan_role_may(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = Inference(batch={"nightly": WHOLE.replace(instance_type="ml.m5.2xlarge")})
    machine = {
        tuple(actions)
        for address, actions in batch.below.plan(changed).items()
        if address.startswith("aws_sfn_state_machine.")
    }
    assert machine == {("update",)}
    # Terraform lets AWS check the definition while it plans.
    asked, allowed = "states:ValidateStateMachineDefinition", plan_role.allowed
    monkeypatch.setattr(plan_role, "allowed", lambda each: each != asked and allowed(each))
    with pytest.raises(pytest.fail.Exception, match=asked):
        batch.below.plan(changed)


def test_the_alarm_looks_at_its_executions_and_tells_the_topic(batch: Batch) -> None:
    name = transform_failed(CONTEXT, "nightly")
    (alarm,) = batch.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["AlarmActions"] == [TOPIC]
    queried = [each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each]
    assert {each["Metric"]["MetricName"] for each in queried} == {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
    }
