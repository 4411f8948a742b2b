"""Many models in a loop: their names, their schedules, and what a synthesis does for each."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from inferform import (
    Channel,
    Context,
    DataCapture,
    DriftMonitor,
    Environment,
    Inference,
    Model,
    NetworkOutputs,
    OnAlarm,
    OnDrift,
    OnEvent,
    OnSchedule,
    OnUpload,
    Parameter,
    Pipeline,
    ProcessingJob,
    ProcessingOutput,
    RealtimeEndpoint,
    RegistryOutputs,
    Retraining,
    Training,
    TrainingJob,
    TrainingStep,
    Tuning,
)
from inferform.layers import program
from inferform.names import LIMITS, UNIQUE
from inferform.training.jobs import ContinuousRange
from tests.conftest import stacks_in

pytestmark = pytest.mark.long

IMAGE = "111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/fraud:1"
NIGHTLY = OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=60)
JOB = TrainingJob(
    image=IMAGE,
    instance_type="ml.m5.large",
    channels={"train": Channel(uri="data/")},
    metrics={"auc": "auc=([0-9.]+)"},
)
TUNING = Tuning(job=JOB, objective="auc", ranges={"eta": ContinuousRange(minimum=0.1, maximum=0.9)})


def many(count: int, name: str = "model") -> Environment:
    """An environment with so many retrainings, monitors and pipelines, written in a loop."""
    names = [f"{name}-{n:02}" for n in range(count)]
    prepare = ProcessingJob(
        image=IMAGE, instance_type="ml.m5.large", outputs={"train": ProcessingOutput()}
    )
    return Environment(
        context=Context(
            # As long as an organization and a stage may be, so that names are cut.
            organization="a-large-business",
            stage="production",
            account="111122223333",
            region="ap-northeast-1",
            owner="ml",
        ),
        network=NetworkOutputs(
            vpc_id="vpc-1",
            vpc_cidr="10.0.0.0/16",
            private_subnet_ids=["subnet-1"],
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1",
        ),
        registry=RegistryOutputs(
            artifact_bucket="a-large-business-artifacts",
            kms_key_arn="arn:aws:kms:ap-northeast-1:111122223333:key/1",
        ),
        inference=Inference(
            endpoints={
                "fraud": RealtimeEndpoint(
                    model=Model(image=IMAGE, artifact="1.tar.gz"),
                    instance_type="ml.m5.large",
                    data_capture=DataCapture(),
                )
            }
        ),
        training=Training(
            retrainings={
                each: Retraining(
                    prepare=prepare,
                    train=TUNING if index % 2 else JOB,
                    triggers=[
                        NIGHTLY,
                        OnUpload(prefix=f"incoming/{each}/"),
                        OnAlarm(alarm=f"alarm-{each}"),
                        OnDrift(monitor=each),
                        OnEvent(pattern={"source": [each]}),
                        OnEvent(pattern={"source": [f"other.{each}"]}),
                    ],
                )
                for index, each in enumerate(names)
            },
            monitors={
                each: DriftMonitor(endpoint="fraud", image=IMAGE, baseline=f"data/{each}/")
                for each in names
            },
            pipelines={
                each: Pipeline(
                    parameters={"Rounds": Parameter(type="Integer", default=10)},
                    steps={"Train": TrainingStep(training=JOB)},
                )
                for each in names
            },
        ),
    )


def resources(environment: Environment, outdir: Path) -> dict[str, dict[str, Any]]:
    """The resources of the training layer, by type."""
    program.synthesize([environment], outdir=outdir)
    (found,) = (v for k, v in stacks_in(outdir).items() if k.endswith("-training"))
    made: dict[str, dict[str, Any]] = found["resource"]
    return made


@pytest.fixture(scope="module")
def fifty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Fifty models whose names agree in as many characters as a short name has but two."""
    return resources(
        many(50, "detects-fraud-of-card-payments"[:29]), tmp_path_factory.mktemp("fifty")
    )


_NAMES = {
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_sagemaker_pipeline": "pipeline_name",
}


def test_every_name_is_one_of_its_own_and_within_its_limit(
    fifty: dict[str, dict[str, Any]],
) -> None:
    cut = set()
    for kind, made in fifty.items():
        if kind not in LIMITS:
            continue
        names = [each[_NAMES.get(kind, "name")] for each in made.values()]
        assert len({*names}) == len(names), kind
        assert max(map(len, names)) <= LIMITS[kind], kind
        cut |= {kind for name in names if len(name) == LIMITS[kind]}
    # What is cut is cut at different places, each with a hash of its own.
    assert {"aws_scheduler_schedule", "aws_cloudwatch_event_rule", "aws_iam_role"} <= cut


def formats(fifty: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """What the names of jobs begin with, by the kind of job."""
    for machine in fifty["aws_sfn_state_machine"].values():
        for state in json.loads(machine["definition"])["States"].values():
            for member, text in state.get("Parameters", {}).items():
                if member.endswith("JobName.$"):
                    (base,) = re.findall(r"States\.Format\('([^']+)-\{\}'", text)
                    yield member, base


def test_jobs_have_names_of_their_own_with_room_for_what_makes_each_unique(
    fifty: dict[str, dict[str, Any]],
) -> None:
    found = [*formats(fifty)]
    counts = Counter(member for member, _ in found)
    assert counts == {
        "ProcessingJobName.$": 100,
        "TrainingJobName.$": 25,
        "HyperParameterTuningJobName.$": 25,
    }
    assert len({*found}) == len(found)
    for member, base in found:
        limit = 32 if member.startswith("Hyper") else 63
        assert len(base) + UNIQUE <= limit, base


def test_schedules_are_spread_over_the_hour(fifty: dict[str, dict[str, Any]]) -> None:
    expressions = [each["schedule_expression"] for each in fifty["aws_scheduler_schedule"].values()]
    assert len(expressions) == 100
    # SageMaker starts one processing job a second, so a minute takes as many as sixty.
    counts = Counter(expressions)
    assert max(counts.values()) <= 6
    assert len(counts) > 60


def test_each_trigger_starts_the_machine_of_its_own_model(
    fifty: dict[str, dict[str, Any]],
) -> None:
    models = {
        f"${{aws_sfn_state_machine.{key}.arn}}": json.loads(each["definition"])["Comment"]
        for key, each in fifty["aws_sfn_state_machine"].items()
    }
    rules = {
        f"${{aws_cloudwatch_event_rule.{key}.name}}": each["event_pattern"]
        for key, each in fifty["aws_cloudwatch_event_rule"].items()
    }
    targets = [*fifty["aws_cloudwatch_event_target"].values()]
    assert len(targets) == 250
    for target in targets:
        model = models[target["arn"]].removeprefix("Retraining ")
        # An alarm of drift has a name of its own, and is not cut.
        assert model in rules[target["rule"]]


def test_a_second_synthesis_makes_the_same(
    fifty: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    assert resources(many(50, "detects-fraud-of-card-payments"[:29]), tmp_path) == fifty


def calls(function: Callable[[], object]) -> int:
    """How many functions of Python are called."""
    count = 0

    def called(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def test_a_synthesis_does_as_much_for_each_model_however_many_there_are(tmp_path: Path) -> None:
    def made(count: int) -> int:
        return calls(lambda: resources(many(count), tmp_path / str(count)))

    # What is loaded once is loaded by now.
    made(2)
    few, more, most = made(4), made(8), made(16)
    assert (most - more) / (more - few) == pytest.approx(2, rel=0.1)
