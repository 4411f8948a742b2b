"""A model monitor on the emulator with the real Terraform: made, changed in place and by another definition,
verified, and destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from inferform import (
    BatchCapture,
    DataCapture,
    Environment,
    Inference,
    Model,
    ModelMonitor,
    RealtimeEndpoint,
    Training,
)
from inferform.layers import program
from inferform.target import EMULATOR
from inferform.training import names
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.kinds import kinds
from ops.kinds.record import Verification
from ops.plan import read_plan
from ops.review.building import build
from ops.state import State
from ops.terraform import Stack, stacks

from .hosting import CONTEXT, Hosting, client, hosting

pytestmark = pytest.mark.story("one stack is deployed, damaged and put right again")

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
INFERENCE = Inference(
    endpoints={
        "fraud": RealtimeEndpoint(
            model=Model(image=IMAGE, artifact="fraud/1/model.tar.gz"),
            instance_type="ml.m5.large",
            data_capture=DataCapture(),
        )
    }
)
SMALLEST = ModelMonitor(
    endpoint="fraud", statistics="base/statistics.json", constraints="base/constraints.json"
)
LARGEST = SMALLEST.replace(
    schedule="cron(0 0/6 ? * * *)",
    instance_type="ml.m5.2xlarge",
    instance_count=2,
    volume_size_gb=40,
    max_runtime_seconds=3600,
    preprocessor="scripts/before.py",
    postprocessor="scripts/after.py",
    environment={"LEVEL": "info"},
)
OF_BATCH = ModelMonitor(
    batch=BatchCapture(uri="captured/scores/", header=True),
    publish_metrics=False,
    vpc=False,
    statistics="base/statistics.json",
    constraints="base/constraints.json",
)
SCHEDULE = names.quality_schedule(CONTEXT, "fraud")
TYPE = "aws_sagemaker_monitoring_schedule"


class Monitored(Hosting):
    """The stack of the training layer with model monitors."""

    def environment_of(self, **monitors: ModelMonitor) -> Environment:
        training = Training(model_monitors=monitors)
        return self.environment(INFERENCE).replace(training=training)

    def made(self, **monitors: ModelMonitor) -> Stack:
        environment = self.environment_of(**monitors)
        program.synthesize([environment], target=EMULATOR, outdir=self.folder)
        (stack,) = (each for each in stacks(self.folder) if each.name.endswith("-training"))
        return stack

    def deploy(self, **monitors: ModelMonitor) -> Any:
        """Deploy them, after which a plan is empty; the review of the plan."""
        stack = self.made(**monitors)
        self.terraform(stack, "plan", "-out=plan", "-no-color")
        shown = self.terraform(stack, "show", "-json", "plan")
        self.terraform(stack, "apply", "-auto-approve", "-no-color")
        self.terraform(stack, "plan", "-detailed-exitcode", "-no-color")
        return build([read_plan(shown)])

    def verified(self, **monitors: ModelMonitor) -> list[tuple[str, str]]:
        stack = self.made(**monitors)
        state = State(json.loads(self.terraform(stack, "state", "pull")), "1", None)
        aws = Aws(CONTEXT, emulator=self.emulator)
        run = Verification(self.environment_of(**monitors), aws, state)
        (values,) = state.of_type(TYPE)
        verify: Any = kinds()[TYPE].verify
        return [(each.outcome, each.found) for each in verify(run, values).findings()]

    @property
    def sagemaker(self) -> Any:
        return client(self.emulator, "sagemaker")

    def schedule(self) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_monitoring_schedule(
            MonitoringScheduleName=SCHEDULE
        )
        return found

    def definitions(self) -> list[str]:
        found = self.sagemaker.list_data_quality_job_definitions()
        return [each["MonitoringJobDefinitionName"] for each in found["JobDefinitionSummaries"]]


@pytest.fixture(scope="module")
def monitored(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    below = hosting(emulator, tmp_path_factory.mktemp("monitored"))
    below.apply(INFERENCE)
    found = Monitored(below.emulator, below.folder, below.network, below.registry)
    yield found
    stack = found.made(fraud=SMALLEST)
    found.terraform(stack, "destroy", "-auto-approve", "-no-color")
    assert found.terraform(stack, "state", "list") == ""
    assert found.definitions() == []


def test_a_monitor_is_made_and_changed_and_nothing_old_is_left(monitored: Monitored) -> None:
    report = monitored.deploy(fraud=SMALLEST)
    (story,) = report.stories
    assert (story.kind, story.name) == ("model monitor", SCHEDULE)
    assert story.headline.startswith(f"{SCHEDULE} is new, starts cron(0 * ? * * *) and may spend")
    (first,) = monitored.definitions()
    held = monitored.sagemaker.describe_data_quality_job_definition(JobDefinitionName=first)
    assert held["NetworkConfig"]["EnableNetworkIsolation"] is False
    assert sorted(held["NetworkConfig"]["VpcConfig"]["Subnets"]) == sorted(
        monitored.network.private_subnet_ids
    )
    # Another time alone keeps the definition.
    report = monitored.deploy(fraud=SMALLEST.replace(schedule="cron(0 3 ? * * *)"))
    assert [story.action for story in report.stories] == ["update"]
    assert monitored.definitions() == [first]
    config = monitored.schedule()["MonitoringScheduleConfig"]
    assert config["ScheduleConfig"]["ScheduleExpression"] == "cron(0 3 ? * * *)"
    # Another content is another definition, which the schedule has before the old one goes.
    report = monitored.deploy(fraud=LARGEST)
    (second,) = monitored.definitions()
    assert second != first
    assert monitored.schedule()["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"] == second
    (story,) = report.stories
    assert (story.action, story.interrupted) == ("update", "")
    held = monitored.sagemaker.describe_data_quality_job_definition(JobDefinitionName=second)
    app = held["DataQualityAppSpecification"]
    assert app["RecordPreprocessorSourceUri"].endswith("/scripts/before.py")
    assert app["Environment"] == {"LEVEL": "info", "publish_cloudwatch_metrics": "Enabled"}
    assert monitored.verified(fraud=LARGEST) == [
        ("passed", f"starts {second}"),
        ("passed", "is Scheduled, and has never run"),
    ]
    monitored.sagemaker.stop_monitoring_schedule(MonitoringScheduleName=SCHEDULE)
    assert ("failed", "is Stopped") in monitored.verified(fraud=LARGEST)
    monitored.sagemaker.start_monitoring_schedule(MonitoringScheduleName=SCHEDULE)


def test_a_batch_is_monitored_without_a_network(monitored: Monitored) -> None:
    monitored.deploy(fraud=SMALLEST, scores=OF_BATCH)
    (name,) = [each for each in monitored.definitions() if "-scores-" in each]
    held = monitored.sagemaker.describe_data_quality_job_definition(JobDefinitionName=name)
    assert held["NetworkConfig"]["EnableNetworkIsolation"] is True
    batch = held["DataQualityJobInput"]["BatchTransformInput"]
    assert batch["DataCapturedDestinationS3Uri"].endswith("/captured/scores/")
    assert batch["DatasetFormat"] == {"Csv": {"Header": True}}
    monitored.deploy(fraud=SMALLEST)
    assert len(monitored.definitions()) == 1
