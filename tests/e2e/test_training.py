"""A retraining and a drift monitor on the emulator with the real Terraform: deployed, started by what starts
them, and destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from inferform import (
    Automation,
    Channel,
    DataCapture,
    DriftMonitor,
    Environment,
    Evaluation,
    FromStep,
    Inference,
    Model,
    OnDrift,
    OnEvent,
    OnSchedule,
    OnUpload,
    Param,
    Parameter,
    Pipeline,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    ProcessingStep,
    RealtimeEndpoint,
    Register,
    Retraining,
    Spot,
    Training,
    TrainingJob,
)
from inferform.layers import program
from inferform.target import EMULATOR
from inferform.training import names
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.errors import BadInputError
from ops.terraform import Stack, stacks
from ops.training import Runs
from tests.waiting import wait_until

from .hosting import ARTIFACTS, CONTEXT, Hosting, client, hosting

pytestmark = pytest.mark.story("one stack is deployed, damaged and put right again")

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{REGISTRY}/fraud:1"
GROUP = "kinds-dev-use1-fraud"
GROUP_ARN = f"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/{GROUP}"
TOPIC = "arn:aws:sns:us-east-1:123456789012:training"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:kinds-dev-use1-fraud-retraining"
INFERENCE = Inference(
    endpoints={
        "fraud": RealtimeEndpoint(
            model=Model(image=IMAGE, artifact="fraud/1/model.tar.gz"),
            instance_type="ml.m5.large",
            data_capture=DataCapture(),
        )
    }
)


def retraining(**changes: Any) -> Retraining:
    job = TrainingJob(
        image=IMAGE,
        instance_type="ml.m5.xlarge",
        instance_count=2,
        channels={"train": Channel(uri=FromStep(step="prepare", output="train"))},
        max_runtime_seconds=3600,
        spot=Spot(max_wait_seconds=7200),
    )
    judge = ProcessingJob(
        image=IMAGE,
        instance_type="ml.m5.large",
        inputs={"model": ProcessingInput(uri=FromStep(step="train"))},
        outputs={"evaluation": ProcessingOutput()},
    )
    given: dict[str, Any] = {
        "prepare": ProcessingJob(
            image=IMAGE, instance_type="ml.m5.large", outputs={"train": ProcessingOutput()}
        ),
        "train": job,
        "evaluate": Evaluation(job=judge, path="metrics.auc", threshold=0.8),
        "registers": Register(group=GROUP_ARN),
        "triggers": [
            OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=60),
            OnUpload(prefix="incoming/fraud/", suffix=".csv"),
            OnEvent(pattern={"source": ["acme.data"]}),
            OnDrift(monitor="fraud"),
        ],
        "parameters": {"rounds": "10"},
        "notify": TOPIC,
    }
    return Retraining(**{**given, **changes})


MONITOR = DriftMonitor(endpoint="fraud", image=IMAGE, baseline="data/fraud/baseline/", notify=TOPIC)


class Trained(Hosting):
    """The stack of the training layer, and what is looked at in it."""

    def environment_of(self, training: Training) -> Environment:
        return self.environment(INFERENCE).replace(training=training)

    def made(self, training: Training) -> Stack:
        program.synthesize([self.environment_of(training)], target=EMULATOR, outdir=self.folder)
        (stack,) = (each for each in stacks(self.folder) if each.name.endswith("-training"))
        return stack

    def deploy(self, training: Training) -> None:
        stack = self.made(training)
        self.terraform(stack, "apply", "-auto-approve", "-no-color")
        self.terraform(stack, "plan", "-detailed-exitcode", "-no-color")

    def control(self, route: str, **content: Any) -> dict[str, Any]:
        return self.emulator.control("POST", route, content)

    def client(self, service: str) -> Any:
        return client(self.emulator, service)

    def ended(self) -> list[dict[str, Any]]:
        """The executions of the retraining, the newest last, once all have ended."""
        states = self.client("stepfunctions")

        def listed() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = states.list_executions(stateMachineArn=MACHINE)[
                "executions"
            ]
            return sorted(found, key=lambda each: each["startDate"])

        assert wait_until(lambda: all(each["status"] != "RUNNING" for each in listed()))
        return [states.describe_execution(executionArn=e["executionArn"]) for e in listed()]

    def versions(self) -> list[str]:
        found = self.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)
        return [each["ModelApprovalStatus"] for each in found["ModelPackageSummaryList"]]

    def told(self) -> list[Any]:
        """What the topic was told since the last look."""
        sqs = self.client("sqs")
        queue = sqs.get_queue_url(QueueName="told")["QueueUrl"]
        found = []
        while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append(json.loads(json.loads(message["Body"])["Message"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


WHOLE = Training(
    retrainings={"fraud": retraining()},
    monitors={"fraud": MONITOR},
    pipelines={
        "again": Pipeline(
            parameters={"Why": Parameter()},
            start_with={"Why": "drift"},
            automation=Automation(triggers=[OnDrift(monitor="fraud")]),
            steps={
                "Prepare": ProcessingStep(
                    processing=ProcessingJob(
                        image=IMAGE, instance_type="ml.m5.large", arguments=[Param(name="Why")]
                    )
                )
            },
        )
    },
)


@pytest.fixture(scope="module")
def trained(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    below = hosting(emulator, tmp_path_factory.mktemp("training"))
    found = Trained(below.emulator, below.folder, below.network, below.registry)
    found.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
    found.client("sns").create_topic(Name="training")
    found.client("sqs").create_queue(QueueName="told")
    arn = "arn:aws:sqs:us-east-1:123456789012:told"
    found.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    found.client("s3").put_bucket_notification_configuration(
        Bucket=ARTIFACTS, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    found.deploy(WHOLE)
    found.control(
        "sagemaker/job",
        job="kinds-dev-use1-fraud-evaluate",
        writes={"evaluation/evaluation.json": '{"metrics": {"auc": 0.9}}'},
    )
    yield found
    stack = found.made(WHOLE)
    found.terraform(stack, "destroy", "-auto-approve", "-no-color")
    assert found.terraform(stack, "state", "list") == ""


def test_each_trigger_runs_it_and_registers_a_version(trained: Trained) -> None:
    schedule = names.trigger_name(CONTEXT, "fraud", "schedule")
    assert trained.control("scheduler/fire", name=schedule)["delivered"] is True
    assert [each["status"] for each in trained.ended()] == ["SUCCEEDED"]
    trained.client("s3").put_object(Bucket=ARTIFACTS, Key="incoming/fraud/new.csv", Body=b"1")
    trained.client("s3").put_object(Bucket=ARTIFACTS, Key="incoming/fraud/new.txt", Body=b"1")
    assert len(trained.ended()) == 2
    entry = {"Source": "acme.data", "DetailType": "new", "Detail": "{}"}
    trained.client("events").put_events(Entries=[entry])
    assert [each["status"] for each in trained.ended()] == ["SUCCEEDED"] * 3
    assert trained.versions() == ["PendingManualApproval"] * 3
    sagemaker = trained.client("sagemaker")
    jobs = [
        sagemaker.describe_training_job(TrainingJobName=each["TrainingJobName"])
        for each in sagemaker.list_training_jobs()["TrainingJobSummaries"]
    ]
    assert {len(job["VpcConfig"]["Subnets"]) for job in jobs} == {2}
    assert sorted(trained.network.private_subnet_ids) == sorted(jobs[0]["VpcConfig"]["Subnets"])
    # Each run has checkpoints of its own, so that none continues from another's.
    places = {job["CheckpointConfig"]["S3Uri"] for job in jobs}
    assert len(places) == 3
    assert trained.told() == []


def test_drift_sets_off_the_alarm_which_starts_a_retraining(trained: Trained) -> None:
    before = len(trained.ended())
    report = {"verdict": True, "metrics": {"psi_max": 0.5, "ks_max": 0.1, "drift_share": 0.2}}
    job = "kinds-dev-use1-fraud-measure"
    trained.control("sagemaker/job", job=job, writes={"report/report.json": json.dumps(report)})
    key = f"data-capture/fraud/{CONTEXT.name('fraud')}/primary/2026/11/01/02/a.jsonl"
    trained.client("s3").put_object(Bucket=ARTIFACTS, Key=key, Body=b"{}")
    trained.control("scheduler/fire", name=names.monitor_schedule(CONTEXT, "fraud"))
    cloudwatch = trained.client("cloudwatch")
    name = names.drift_alarm(CONTEXT, "fraud", "psi_max")

    def state() -> str:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(alarm["StateValue"])

    assert wait_until(lambda: state() == "ALARM")
    assert wait_until(lambda: len(trained.ended()) == before + 1)
    (told,) = trained.told()
    assert told["AlarmName"] == name
    # A pipeline that names the monitor has begun as well.
    sagemaker = trained.client("sagemaker")
    begun = sagemaker.list_pipeline_executions(PipelineName="kinds-dev-use1-again")
    (run,) = begun["PipelineExecutionSummaries"]
    given = sagemaker.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=run["PipelineExecutionArn"]
    )
    assert given["PipelineParameters"] == [{"Name": "Why", "Value": "drift"}]


def test_a_run_is_started_waited_for_and_listed_by_the_operator(trained: Trained) -> None:
    environment = trained.environment_of(WHOLE)
    runs = Runs(environment, Aws(CONTEXT, emulator=trained.emulator))
    run = runs.wait(runs.start("fraud", {"rounds": "25"}), every=0.05)
    assert run.status == "SUCCEEDED"
    assert run.why.startswith("arn:aws:sagemaker:us-east-1:123456789012:model-package/")
    listed = [*runs.latest(2)]
    assert [each.kind for each in listed] == ["retraining", "retraining", "monitor"]
    assert run in listed
    with pytest.raises(BadInputError, match="has no parameter depth"):
        runs.start("fraud", {"depth": "3"})
    with pytest.raises(BadInputError, match="has no retraining churn"):
        runs.start("churn", {})


def test_a_failure_is_told_once_and_nothing_is_registered(trained: Trained) -> None:
    before = len(trained.versions())
    job = "kinds-dev-use1-fraud-train"
    trained.control("sagemaker/job", job=job, outcome="Failed", reason="OutOfMemory")
    runs = Runs(trained.environment_of(WHOLE), Aws(CONTEXT, emulator=trained.emulator))
    run = runs.wait(runs.start("fraud", {}), every=0.05)
    trained.control("sagemaker/job", job=job)
    assert (run.status, "OutOfMemory" in run.why) == ("FAILED", True)
    (told,) = trained.told()
    assert "OutOfMemory" in told["cause"]
    assert len(trained.versions()) == before
