"""The state machines of retrainings and drift monitors, run: what SageMaker is asked, and what follows."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    Channel,
    Context,
    DriftMonitor,
    Evaluation,
    FromInput,
    FromStep,
    Image,
    IntegerRange,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    Register,
    Retraining,
    Spot,
    TrainingJob,
    Tuning,
)
from inferform.training import machine, names
from tests.emulator.test_executions import States, states  # noqa: F401

Control = Callable[..., dict[str, Any]]
IMAGE = Image(repository="fraud", tag="1")
REPORT = "evaluation/evaluation.json"
GOOD, BAD = ({REPORT: json.dumps({"metrics": {"auc": auc}})} for auc in (0.9, 0.7))

TRAIN = TrainingJob(
    image=IMAGE,
    instance_type="ml.m5.xlarge",
    instance_count=2,
    channels={
        "train": Channel(uri=FromStep(step="prepare", output="train"), content_type="text/csv")
    },
    command=["python", "train.py"],
    hyperparameters={"depth": "3", "rounds": FromInput(name="rounds")},
    environment={"LEVEL": "info"},
    metrics={"auc": "auc=([0-9.]+)"},
    max_runtime_seconds=3600,
    spot=Spot(max_wait_seconds=7200),
    retries=2,
)
RETRAINING = Retraining(
    prepare=ProcessingJob(
        image=IMAGE,
        instance_type="ml.m5.large",
        inputs={"raw": ProcessingInput(uri="data/fraud/")},
        outputs={"train": ProcessingOutput(), "test": ProcessingOutput()},
        arguments=["--rounds", FromInput(name="rounds"), "all"],
    ),
    train=TRAIN,
    evaluate=Evaluation(
        job=ProcessingJob(
            image=IMAGE,
            instance_type="ml.m5.large",
            inputs={
                "model": ProcessingInput(uri=FromStep(step="train")),
                "test": ProcessingInput(uri=FromStep(step="prepare", output="test")),
            },
            outputs={"evaluation": ProcessingOutput()},
        ),
        path="metrics.auc",
        threshold=0.8,
    ),
    registers=Register(group="fraud", metadata={"commit": "1a2b3c"}, content_types=["text/csv"]),
    parameters={"rounds": "10"},
)


class Account:
    """An account with the bucket and the group of a retraining, and its state machines."""

    def __init__(self, states: States, control: Control) -> None:  # noqa: F811
        self.states, self.control, self.account = states, control, states.account
        self.context = Context(
            organization="acme",
            stage="dev",
            account=states.account,
            region="us-east-1",
            owner="ml",
        )
        self.bucket = f"artifacts-{states.account}"
        states.client("s3").create_bucket(Bucket=self.bucket)
        self.sagemaker = states.client("sagemaker")
        self.sagemaker.create_model_package_group(ModelPackageGroupName="acme-dev-use1-fraud")
        self.topic = states.client("sns").create_topic(Name="ml")["TopicArn"]
        self.queue = states.client("sqs").create_queue(QueueName="told")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{states.account}:told"
        states.client("sns").subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)

    def around(self, *steps: str) -> machine.Around:
        return machine.Around(
            context=self.context,
            bucket=self.bucket,
            kms_key_arn=f"arn:aws:kms:us-east-1:{self.account}:key/data",
            subnet_ids=["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
            security_group_ids=["sg-0a1b2c3d"],
            roles={step: f"arn:aws:iam::{self.account}:role/{step}" for step in steps},
            tags={"owner": "ml"},
        )

    def make(self, spec: Retraining, name: str = "fraud") -> str:
        definition = machine.definition(spec, name, self.around("prepare", "train", "evaluate"))
        return self.states.machine(definition, names.machine_name(self.context, name))

    def run(self, spec: Retraining, **given: str) -> dict[str, Any]:
        """An execution, as it has ended."""
        arn = self.make(spec)
        started = self.states.states.start_execution(
            stateMachineArn=arn, name="run-1", input=json.dumps(given)
        )
        return self.states.ended(started["executionArn"])

    def told(self) -> list[dict[str, Any]]:
        """What the topic was told."""
        sqs = self.states.client("sqs")
        found = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(json.loads(each["Body"])["Message"]) for each in found]

    def archived(self, uri: str) -> list[str]:
        """What is in an archive in S3."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        held = self.states.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(held)) as archive:
            return archive.getnames()

    def versions(self) -> list[dict[str, Any]]:
        found = self.sagemaker.list_model_packages(ModelPackageGroupName="acme-dev-use1-fraud")
        arns = [each["ModelPackageArn"] for each in found["ModelPackageSummaryList"]]
        return [self.sagemaker.describe_model_package(ModelPackageName=arn) for arn in arns]


@pytest.fixture
def own(states: States, control: Control) -> Account:  # noqa: F811
    return Account(states, control)


def test_a_retraining_asks_for_all_that_is_written_and_registers_a_version(own: Account) -> None:
    own.control("sagemaker/job", job="acme-dev-use1-fraud-evaluate", writes=GOOD)
    ended = own.run(RETRAINING, rounds="25")
    assert ended["status"] == "SUCCEEDED", ended
    (summary,) = own.sagemaker.list_training_jobs()["TrainingJobSummaries"]
    job = own.sagemaker.describe_training_job(TrainingJobName=summary["TrainingJobName"])
    root = f"s3://{own.bucket}/training/fraud/run-1"
    wanted = {
        "HyperParameters": {"depth": "3", "rounds": "25"},
        "Environment": {"LEVEL": "info"},
        "EnableManagedSpotTraining": True,
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "CheckpointConfig": {
            "S3Uri": f"{root}/checkpoints",
            "LocalPath": "/opt/ml/checkpoints",
        },
        "RetryStrategy": {"MaximumRetryAttempts": 2},
        "VpcConfig": {
            "SecurityGroupIds": ["sg-0a1b2c3d"],
            "Subnets": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
        },
        "ResourceConfig": {
            "InstanceType": "ml.m5.xlarge",
            "InstanceCount": 2,
            "VolumeSizeInGB": 30,
            "VolumeKmsKeyId": f"arn:aws:kms:us-east-1:{own.account}:key/data",
        },
        "ProfilerConfig": {"DisableProfiler": True},
    }
    assert {name: job[name] for name in wanted} == wanted
    algorithm = job["AlgorithmSpecification"]
    assert algorithm["ContainerEntrypoint"] == ["python", "train.py"]
    assert algorithm["MetricDefinitions"] == [{"Name": "auc", "Regex": "auc=([0-9.]+)"}]
    assert algorithm["TrainingImage"].endswith("/acme-dev-use1-fraud:1")
    (channel,) = job["InputDataConfig"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == f"{root}/prepare/train"
    assert job["OutputDataConfig"]["S3OutputPath"] == f"{root}/model"
    jobs = own.sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
    described = {
        each["ProcessingJobName"].split("-")[4]: own.sagemaker.describe_processing_job(
            ProcessingJobName=each["ProcessingJobName"]
        )
        for each in jobs
    }
    prepared = described["prepare"]["AppSpecification"]["ContainerArguments"]
    assert prepared == ["--rounds", "25", "all"]
    model = job["ModelArtifacts"]["S3ModelArtifacts"]
    inputs = described["evaluate"]["ProcessingInputs"]
    assert [each["S3Input"]["S3Uri"] for each in inputs] == [model, f"{root}/prepare/test"]
    (version,) = own.versions()
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert version["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == model
    assert own.archived(model) == ["model.txt"]
    assert version["CustomerMetadataProperties"] == {
        "commit": "1a2b3c",
        "execution": "run-1",
        "training_job": job["TrainingJobName"],
    }
    assert version["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == (
        f"{root}/evaluate/{REPORT}"
    )


def test_a_model_that_is_not_good_enough_is_told_and_not_registered(own: Account) -> None:
    own.control("sagemaker/job", job="acme-dev-use1-fraud-evaluate", writes=BAD)
    ended = own.run(RETRAINING.replace(notify=own.topic))
    assert ended["status"] == "SUCCEEDED"
    assert own.versions() == []
    (told,) = own.told()
    assert told["report"] == {"metrics": {"auc": 0.7}}
    assert told["wanted"] == "metrics.auc GreaterThanOrEqualTo 0.8"


def test_a_report_without_the_number_is_a_failure_and_no_verdict(own: Account) -> None:
    writes = {REPORT: '{"metrics": {}}'}
    own.control("sagemaker/job", job="acme-dev-use1-fraud-evaluate", writes=writes)
    ended = own.run(RETRAINING.replace(notify=own.topic))
    assert (ended["status"], ended["error"]) == ("FAILED", "StepFailed")
    assert own.versions() == []
    assert [each["error"] for each in own.told()] == ["NoVerdict"]


@pytest.mark.parametrize("step", ["prepare", "train", "evaluate"])
def test_a_job_that_fails_is_told_and_ends_the_execution(own: Account, step: str) -> None:
    own.control(
        "sagemaker/job", job=f"acme-dev-use1-fraud-{step}", outcome="Failed", reason="OutOfMemory"
    )
    ended = own.run(RETRAINING.replace(notify=own.topic))
    assert (ended["status"], ended["error"]) == ("FAILED", "StepFailed")
    assert own.versions() == []
    (told,) = own.told()
    assert json.loads(told["cause"])["FailureReason"] == "OutOfMemory"
    assert told["execution"].endswith(":run-1")


def test_a_tuning_registers_its_best_model(own: Account) -> None:
    tuned = Tuning(
        job=TRAIN.replace(
            command=[], hyperparameters={"rounds": "3"}, channels={"train": Channel(uri="data/")}
        ),
        objective="auc",
        ranges={"depth": IntegerRange(minimum=2, maximum=9)},
        max_jobs=4,
    )
    spec = Retraining(train=tuned, registers=Register(group="fraud"))
    assert own.run(spec)["status"] == "SUCCEEDED"
    (summary,) = own.sagemaker.list_hyper_parameter_tuning_jobs()[
        "HyperParameterTuningJobSummaries"
    ]
    name = summary["HyperParameterTuningJobName"]
    assert len(name) <= 32
    job = own.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    # Spot, which tools have dropped silently, is said of the training jobs.
    assert job["TrainingJobDefinition"]["EnableManagedSpotTraining"] is True
    assert job["TrainingJobDefinition"]["StaticHyperParameters"] == {"rounds": "3"}
    assert job["HyperParameterTuningJobConfig"]["ParameterRanges"] == {
        "IntegerParameterRanges": [
            {"Name": "depth", "MinValue": "2", "MaxValue": "9", "ScalingType": "Auto"}
        ]
    }
    (version,) = own.versions()
    best = job["BestTrainingJob"]["TrainingJobName"]
    model = version["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert model == f"s3://{own.bucket}/training/fraud/run-1/model/{best}/output/model.tar.gz"
    assert own.archived(model) == ["model.txt"]


MONITOR = DriftMonitor(endpoint="fraud", image=IMAGE, baseline="data/fraud/baseline/", then="fraud")


def monitored(own: Account, report: dict[str, Any], *, captures: bool = True) -> dict[str, Any]:
    folder = "data-capture/fraud/acme-dev-use1-fraud/"
    if captures:
        key = f"{folder}primary/2026/11/01/02/a.jsonl"
        own.states.client("s3").put_object(Bucket=own.bucket, Key=key, Body=b"{}")
    retraining = own.make(
        Retraining(
            train=TRAIN.replace(hyperparameters={}, channels={"train": Channel(uri="data/")})
        )
    )
    assert retraining == names.machine_arn(own.context, "fraud")
    own.control(
        "sagemaker/job",
        job="acme-dev-use1-fraud-measure",
        writes={"report/report.json": json.dumps(report)},
    )
    definition = machine.monitor_definition(
        MONITOR.replace(notify=own.topic),
        "fraud",
        own.around("measure"),
        captured=f"s3://{own.bucket}/{folder}",
        endpoint="acme-dev-use1-fraud",
    )
    machine_arn = own.states.machine(definition, names.monitor_name(own.context, "fraud"))
    started = own.states.states.start_execution(stateMachineArn=machine_arn, name="day-1")
    return own.states.ended(started["executionArn"])


def measured(own: Account) -> list[str]:
    found = own.states.client("cloudwatch").list_metrics(Namespace="Inferform/Drift")["Metrics"]
    return sorted(each["MetricName"] for each in found)


def report(psi: float) -> dict[str, Any]:
    metrics = {"psi_max": psi, "ks_max": 0.1, "drift_share": 0.5}
    return {"version": 1, "verdict": True, "records": 500, "metrics": metrics}


def test_drift_above_the_limit_is_measured_and_starts_the_retraining_once(own: Account) -> None:
    ended = monitored(own, report(0.4))
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert measured(own) == ["drift_share", "ks_max", "psi_max"]
    (run,) = own.states.executions(names.machine_arn(own.context, "fraud"))
    assert run["name"] == "day-1"
    assert own.told() == []


def test_drift_below_the_limit_is_measured_alone(own: Account) -> None:
    assert monitored(own, report(0.1))["status"] == "SUCCEEDED"
    assert measured(own) == ["drift_share", "ks_max", "psi_max"]
    assert own.states.executions(names.machine_arn(own.context, "fraud")) == []


def test_without_data_there_is_no_verdict(own: Account) -> None:
    ended = monitored(own, {"version": 1, "verdict": False, "records": 3})
    assert ended["status"] == "SUCCEEDED"
    assert measured(own) == []
    assert own.states.executions(names.machine_arn(own.context, "fraud")) == []


def test_an_endpoint_that_nobody_has_asked_is_not_measured(own: Account) -> None:
    ended = monitored(own, report(0.4), captures=False)
    assert ended["status"] == "SUCCEEDED"
    sagemaker = own.states.client("sagemaker")
    assert sagemaker.list_processing_jobs()["ProcessingJobSummaries"] == []
    assert measured(own) == []
    assert own.told() == []


def test_a_report_that_breaks_the_contract_fails_and_is_told(own: Account) -> None:
    ended = monitored(own, {"metrics": {"psi_max": 9}})
    assert (ended["status"], ended["error"]) == ("FAILED", "StepFailed")
    assert [each["error"] for each in own.told()] == ["NoVerdict"]
    assert measured(own) == []
