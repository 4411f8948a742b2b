"""A pipeline of SageMaker on the emulator by Terraform, and what the operator sees of its runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform.training import pipeline
from inferform_emulator.process import Emulator
from ops import pipelines
from ops.errors import BadInputError
from ops.verify import verify

from .program import Life

pytestmark = pytest.mark.story("one environment is deployed, changed and destroyed")

STACK = "dev-use1-training"

TEXT = """
from inferform import *

image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
prepare = ProcessingJob(
    image=image, instance_type="ml.m5.xlarge", arguments=["--input", Param(name="InputData")],
    outputs={"train": ProcessingOutput()},
)
train = TrainingJob(
    image=image, instance_type="INSTANCE",
    channels={"train": Channel(uri=OutputOf(step="Prepare", output="train"))},
)
dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=NetworkOutputs(
        vpc_id="vpc-1", vpc_cidr="10.0.0.0/16", private_subnet_ids=["subnet-1"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1",
    ),
    registry=Registry(models={"fraud": ModelPackageGroup()}),
    training=Training(
        pipelines={
            "fraud": Pipeline(
                parameters={"InputData": Parameter()},
                steps={
                    "Prepare": ProcessingStep(processing=prepare.replace(vpc=False)),
                    "Train": TrainingStep(training=train.replace(vpc=False)),
                    "Register": RegisterStep(
                        register_as=Register(group="fraud"), artifact=ModelOf(step="Train")
                    ),
                },
                AUTOMATED
            ),
            "long": PipelineFile(definition=LONG),
        }
    ),
)
"""


TOPIC = "arn:aws:sns:us-east-1:123456789012:ml"
PIPELINE = "acme-dev-use1-fraud"
AUTOMATED = f"""
start_with={{"InputData": "s3://data/a.csv"}},
automation=Automation(
    triggers=[
        OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=60),
        OnUpload(prefix="s3://acme-data/fraud/", suffix=".csv"),
        OnApproval(group="fraud"),
        OnAlarm(alarm="late"),
        OnEvent(pattern={{"source": ["acme.data"]}}),
    ],
    delivery=Delivery(retry_attempts=0, max_age_seconds=60),
    notify="{TOPIC}", alarm_on_failure=True,
),
"""
MONTHLY = """
start_with={"InputData": "s3://data/b.csv"},
automation=Automation(triggers=[OnSchedule(schedule="cron(0 3 1 * ? *)")]),
"""


def text(instance: str = "ml.m5.xlarge", letter: str = "a", automated: str = "") -> str:
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    long = (
        '__import__("json").dumps({"Version": "2020-12-01", "Metadata": {"note": '
        f'"{letter}" * (2**20 - 200)}}, "Steps": [{json.dumps(step)}]}})'
    )
    made = TEXT.replace("INSTANCE", instance).replace("LONG", long)
    return made.replace("AUTOMATED", automated)


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("life"), emulator)
    life.write(text())
    life.bootstrap()
    return life


def test_pipelines_are_deployed_and_plan_empty(life: Life) -> None:
    life.deploy("dev-use1-registry", STACK)
    assert life.plan_status(STACK) == 0


def test_a_run_is_started_with_its_parameters_and_shows_its_steps(life: Life) -> None:
    environment, aws = life.environment(), life.aws()
    name, spec = pipelines.pipeline_of(environment, "fraud")
    with pytest.raises(BadInputError, match="needs a value for InputData"):
        pipelines.values_for(spec, {})
    with pytest.raises(BadInputError, match="did you mean InputData"):
        pipelines.values_for(spec, {"InputDate": "x"})
    values = pipelines.values_for(spec, {"InputData": "s3://data/a.csv"})
    run = pipelines.start(name, values, aws)
    assert pipelines.last(name, aws) == run
    assert pipelines.wait(run, aws)[0] == "Succeeded"
    assert {each.name for each in pipelines.steps(run, aws)} == {"Prepare", "Train", "Register"}
    found = {each.subject: each for each in verify(environment, aws)}
    assert found[name].outcome == "passed"


def test_pipelines_are_changed_in_place(life: Life) -> None:
    life.write(text(instance="ml.m5.2xlarge", letter="b"))
    changes = {
        change["type"]: change["change"]["actions"]
        for change in life.plan(STACK)["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    }
    assert changes["aws_sagemaker_pipeline"] == ["update"]
    life.apply(STACK)
    assert life.plan_status(STACK) == 0
    sagemaker = life.aws().client("sagemaker")
    for name, word in (("fraud", "ml.m5.2xlarge"), ("long", "bbbb")):
        held = sagemaker.describe_pipeline(PipelineName=f"acme-dev-use1-{name}")
        assert word in held["PipelineDefinition"]


def automate(life: Life, automated: str) -> dict[str, str]:
    """Deploy the pipelines with what starts one; what became of each type of resource."""
    life.write(text(instance="ml.m5.2xlarge", letter="b", automated=automated))
    changes = {
        change["type"]: "-".join(change["change"]["actions"])
        for change in life.plan(STACK)["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    }
    life.apply(STACK)
    assert life.plan_status(STACK) == 0
    return changes


def runs(life: Life) -> list[dict[str, str]]:
    """What each run of the pipeline was given, the oldest first."""
    sagemaker = life.aws().client("sagemaker")
    listed = sagemaker.list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"]
    given = []
    for each in sorted(listed, key=lambda each: each["StartTime"]):
        arn = each["PipelineExecutionArn"]
        found = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
        given.append({each["Name"]: each["Value"] for each in found["PipelineParameters"]})
    return given


def heard(life: Life, queue: str) -> list[dict[str, Any]]:
    """What lies in a queue."""
    sqs: Any = life.aws().any_client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = []
    while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in got:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_each_trigger_starts_a_run_with_what_a_start_is_given(life: Life) -> None:
    aws, account = life.aws(), "123456789012"
    sns, sqs = aws.any_client("sns"), aws.any_client("sqs")
    sns.create_topic(Name="ml")
    sqs.create_queue(QueueName="told")
    heard_by = f"arn:aws:sqs:us-east-1:{account}:told"
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=heard_by)
    changes = automate(life, AUTOMATED)
    assert set(changes.values()) == {"create"}
    before = len(runs(life))

    schedule = pipeline.trigger_name(life.environment().context, "fraud", "schedule")
    fired = life.emulator.control("POST", "scheduler/fire", {"name": schedule, "account": account})
    assert fired["delivered"] is True
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="acme-data")
    s3.put_bucket_notification_configuration(
        Bucket="acme-data", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    for key in ("fraud/a.csv", "fraud/a.txt", "other/a.csv"):
        s3.put_object(Bucket="acme-data", Key=key, Body=b"1")
    sagemaker = aws.client("sagemaker")
    version = sagemaker.create_model_package(
        ModelPackageGroupName=PIPELINE, ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=version, ModelApprovalStatus="Approved")
    sagemaker.update_model_package(ModelPackageArn=version, ApprovalDescription="looked at")
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="late", Namespace="Acme", MetricName="Late", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="late", StateValue="ALARM", StateReason="tried")
    entry: Any = {"Source": "acme.data", "DetailType": "new", "Detail": "{}"}
    aws.any_client("events").put_events(Entries=[entry])
    started = runs(life)[before:]
    assert started == [{"InputData": "s3://data/a.csv"}] * 5
    assert heard(life, "told") == []


def test_a_run_that_fails_is_told_once_with_how_to_look_at_it(life: Life) -> None:
    context, aws = life.environment().context, life.aws()
    given = {"pipeline": PIPELINE, "account": context.account}
    life.emulator.control("POST", "sagemaker/pipeline", {**given, "reason": "OutOfMemory"})
    run = pipelines.start(PIPELINE, {"InputData": "s3://data/a.csv"}, aws)
    life.emulator.control("POST", "sagemaker/pipeline", given)
    (told,) = heard(life, "told")
    assert run in told["Message"]
    assert "inferform pipelines steps dev-use1 fraud" in told["Message"]
    found = {each.subject: each for each in verify(life.environment(), aws)}
    assert (found[PIPELINE].outcome, "OutOfMemory" in found[PIPELINE].found) == ("failed", True)
    pipelines.start(PIPELINE, {"InputData": "s3://data/a.csv"}, aws)
    assert heard(life, "told") == []
    name = pipeline.failed_alarm(context, "fraud")
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["AlarmActions"] == [TOPIC]
    looked_at = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    assert {each["MetricName"] for each in looked_at} == {"ExecutionFailed", "ExecutionStopped"}
    assert all(
        each["Dimensions"] == [{"Name": "PipelineName", "Value": PIPELINE}] for each in looked_at
    )


def test_what_cannot_start_it_lies_in_the_queue_of_its_trigger(life: Life) -> None:
    context, aws = life.environment().context, life.aws()
    sagemaker = aws.client("sagemaker")
    kept = sagemaker.describe_pipeline(PipelineName=PIPELINE)
    sagemaker.delete_pipeline(PipelineName=PIPELINE, ClientRequestToken="0" * 32)
    entry: Any = {"Source": "acme.data", "DetailType": "new", "Detail": '{"n": 1}'}
    aws.any_client("events").put_events(Entries=[entry])
    (left,) = heard(life, pipeline.undelivered(context, "fraud", "event"))
    assert left["detail"] == {"n": 1}
    name = pipeline.trigger_name(context, "fraud", "schedule")
    given = {"name": name, "account": context.account}
    assert life.emulator.control("POST", "scheduler/fire", given)["delivered"] is False
    assert heard(life, pipeline.undelivered(context, "fraud", "schedule")) != []
    sagemaker.create_pipeline(
        PipelineName=PIPELINE,
        PipelineDisplayName=PIPELINE,
        PipelineDefinition=kept["PipelineDefinition"],
        RoleArn=kept["RoleArn"],
        ClientRequestToken="1" * 32,
    )
    life.apply(STACK)


def test_other_triggers_and_values_are_changed_in_place(life: Life) -> None:
    changes = automate(life, MONTHLY)
    assert changes.pop("aws_scheduler_schedule") == "update"
    assert changes.pop("aws_iam_role_policy") in ("update", "delete")
    assert set(changes.values()) == {"delete"}
    scheduler: Any = life.aws().any_client("scheduler")
    (schedule,) = scheduler.list_schedules()["Schedules"]
    target = scheduler.get_schedule(Name=schedule["Name"])["Target"]
    (value,) = target["SageMakerPipelineParameters"]["PipelineParameterList"]
    assert value == {"Name": "InputData", "Value": "s3://data/b.csv"}


def test_nothing_is_left_after_a_destroy(life: Life) -> None:
    sagemaker = life.aws().client("sagemaker")
    for each in sagemaker.list_model_packages(ModelPackageGroupName=PIPELINE)[
        "ModelPackageSummaryList"
    ]:
        sagemaker.delete_model_package(ModelPackageName=each["ModelPackageArn"])
    life.destroy(STACK, "dev-use1-registry")
    listed = life.aws().client("sagemaker").list_pipelines()
    assert listed["PipelineSummaries"] == []
    scheduler: Any = life.aws().any_client("scheduler")
    assert scheduler.list_schedules()["Schedules"] == []
