"""Containers of jobs, run as processes: what they find, what is kept of what they write, how they fail."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from inferform_emulator.containers import Container, running
from inferform_emulator.process import Emulator
from tests.waiting import wait_until

Client = Callable[..., Any]

REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/job"

PROGRAM = """
import json, os, sys
from pathlib import Path

root = Path(os.environ["ML_DIR"])
task = sys.argv[1]
if task == "fail":
    (root / "output").mkdir(exist_ok=True)
    (root / "output/failure").write_text("no rows")
    (root / "output/message").write_text("no rows")
    sys.exit(3)
if task == "process":
    raw = sorted(each.name for each in (root / "processing/input/raw").rglob("*") if each.is_file())
    out = root / "processing/output/told"
    (out / "deeper").mkdir()
    told = {"raw": raw, "variables": sorted(os.environ), "level": os.environ["LEVEL"]}
    (out / "deeper/told.json").write_text(json.dumps(told))
if task == "train":
    given = json.loads((root / "input/config/hyperparameters.json").read_text())
    rows = (root / "input/data/train/rows.csv").read_text()
    kept = root / "checkpoints"
    before = sorted(each.name for each in kept.iterdir())
    (kept / f"{len(before)}.txt").write_text("kept")
    told = {"given": given, "rows": rows, "before": before}
    (root / "model/told.json").write_text(json.dumps(told))
"""


class Account:
    """An account with a bucket, and the jobs that are started in it."""

    def __init__(self, client: Client, account: str) -> None:
        self.bucket = f"jobs-{account}"
        self.s3, self.sagemaker = client("s3"), client("sagemaker")
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key: str, text: str = "1") -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def kept(self) -> set[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {each["Key"] for each in listed}

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def process(self, task: str, image: str = "jobs") -> Mapping[str, Any]:
        self.sagemaker.create_processing_job(
            ProcessingJobName=task,
            RoleArn=ROLE,
            AppSpecification={
                "ImageUri": f"{REGISTRY}/{image}:1",
                "ContainerEntrypoint": ["python", "program.py"],
                "ContainerArguments": [task],
            },
            Environment={"LEVEL": "/opt/ml/processing"},
            ProcessingResources={
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                    "VolumeSizeInGB": 1,
                }
            },
            ProcessingInputs=[
                {
                    "InputName": "raw",
                    "S3Input": {
                        "S3Uri": f"s3://{self.bucket}/raw/",
                        "LocalPath": "/opt/ml/processing/input/raw",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
            ],
            ProcessingOutputConfig={
                "Outputs": [
                    {
                        "OutputName": "told",
                        "S3Output": {
                            "S3Uri": f"s3://{self.bucket}/out/",
                            "LocalPath": "/opt/ml/processing/output/told",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
        )

        def found() -> Mapping[str, Any]:
            described: Mapping[str, Any] = self.sagemaker.describe_processing_job(
                ProcessingJobName=task
            )
            return described

        assert wait_until(lambda: found()["ProcessingJobStatus"] != "InProgress")
        return found()

    def start_training(self, name: str, *task: str) -> None:
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=ROLE,
            AlgorithmSpecification={
                "TrainingImage": f"{REGISTRY}/jobs:1",
                "TrainingInputMode": "File",
                **({"ContainerEntrypoint": ["python", "program.py", *task]} if task else {}),
            },
            HyperParameters={"rounds": "3"},
            InputDataConfig=[
                {
                    "ChannelName": "train",
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri": f"s3://{self.bucket}/train/rows.csv",
                        }
                    },
                }
            ],
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/models"},
            ResourceConfig={
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 1,
            },
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            CheckpointConfig={"S3Uri": f"s3://{self.bucket}/kept/"},
        )

    def train(self, name: str, *task: str) -> Mapping[str, Any]:
        self.start_training(name, *task)

        def found() -> Mapping[str, Any]:
            described: Mapping[str, Any] = self.sagemaker.describe_training_job(
                TrainingJobName=name
            )
            return described

        assert wait_until(lambda: found()["TrainingJobStatus"] != "InProgress")
        return found()


@pytest.fixture
def own(client: Client, account: str) -> Account:
    return Account(client, account)


@pytest.fixture
def containers(tmp_path: Path) -> dict[str, Container]:
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    command = ["python", "program.py", "train"]
    return {"jobs": Container(tmp_path, command, {"ML_DIR": "/opt/ml"})}


def test_a_processing_job_reads_its_inputs_and_its_outputs_are_kept(
    own: Account, emulator: Emulator, account: str, containers: dict[str, Container]
) -> None:
    for key in ("raw/a.csv", "raw/more/b.csv", "rawest.csv"):
        own.put(key)
    with running(emulator, containers, account=account) as ended:
        assert own.process("process")["ProcessingJobStatus"] == "Completed"
    assert ended == ["process"]
    told = json.loads(own.read("out/deeper/told.json"))
    assert told["raw"] == ["a.csv", "b.csv"]
    # A path of the container is one of the job's folder, and nothing of this process is known.
    assert told["level"].endswith("/processing")
    assert not told["level"].startswith("/opt/ml")
    assert {"LEVEL", "ML_DIR", "PATH"} <= {*told["variables"]}
    assert not any(name.startswith(("AWS_", "PYTHON")) for name in told["variables"])


def test_a_training_leaves_its_model_and_resumes_its_checkpoints(
    own: Account, emulator: Emulator, account: str, containers: dict[str, Container]
) -> None:
    own.put("train/rows.csv", "1,2")
    with running(emulator, containers, account=account):
        found = own.train("first")
        assert own.train("second")["TrainingJobStatus"] == "Completed"
    place = f"s3://{own.bucket}/models/first/output/model.tar.gz"
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == place
    told = []
    for name in ("first", "second"):
        packed = io.BytesIO(own.read(f"models/{name}/output/model.tar.gz"))
        with tarfile.open(fileobj=packed) as archive:
            file = archive.extractfile("./told.json")
            assert file is not None
            told.append(json.loads(file.read()))
    assert told == [
        {"given": {"rounds": "3"}, "rows": "1,2", "before": []},
        {"given": {"rounds": "3"}, "rows": "1,2", "before": ["0.txt"]},
    ]
    assert {"kept/0.txt", "kept/1.txt"} <= own.kept()


def test_a_program_that_fails_ends_its_job_with_what_it_says(
    own: Account, emulator: Emulator, account: str, containers: dict[str, Container]
) -> None:
    own.put("train/rows.csv")
    own.put("raw/a.csv")
    with running(emulator, containers, account=account):
        trained, processed = own.train("bad", "fail"), own.process("fail")
        unknown = own.process("process", image="other")
    for found, status in ((trained, "TrainingJobStatus"), (processed, "ProcessingJobStatus")):
        assert found[status] == "Failed"
        assert found["FailureReason"] == "AlgorithmError: no rows, exit code: 3"
    assert unknown["FailureReason"] == f"no container is known for {REGISTRY}/other:1"
    kept = [key for key in own.kept() if key.startswith(("models/", "out/"))]
    assert kept == []


def test_an_input_that_cannot_be_read_ends_its_job_too(
    own: Account, emulator: Emulator, account: str, containers: dict[str, Container]
) -> None:
    own.put("raw/../../escaped.csv")
    with running(emulator, containers, account=account):
        found = own.process("process")
    assert found["ProcessingJobStatus"] == "Failed"
    assert "leads out of its folder" in found["FailureReason"]


def test_an_input_without_an_object_ends_its_job_as_sagemaker_says(
    own: Account, emulator: Emulator, account: str, containers: dict[str, Container]
) -> None:
    own.put("rawest.csv")
    with running(emulator, containers, account=account) as ended:
        processed, trained = own.process("process"), own.train("train")
    assert ended == ["process", "train"]
    for found, key in ((processed, "raw/"), (trained, "train/rows.csv")):
        said = f'ClientError: No S3 objects found under S3 URL "s3://{own.bucket}/{key}"'
        assert found["FailureReason"].startswith(said)


def test_only_a_job_that_is_in_progress_is_ended(
    own: Account, control: Callable[..., dict[str, Any]]
) -> None:
    own.put("train/rows.csv")
    control("sagemaker/job", job="", outcome="InProgress")
    own.start_training("first")
    told = {"kind": "TrainingJob", "name": "first", "outcome": "Stopped", "reason": "too long"}
    control("sagemaker/job-end", **told)
    found = own.sagemaker.describe_training_job(TrainingJobName="first")
    assert (found["TrainingJobStatus"], found["FailureReason"]) == ("Stopped", "too long")
    for again in (told, {**told, "name": "other"}, {**told, "kind": "TransformJob"}):
        with pytest.raises(HTTPError, match="400"):
            control("sagemaker/job-end", **again)
