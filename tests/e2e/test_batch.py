"""Batch transforms on the emulator: verified, taken back after a killed apply, told in a review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from inferform import BatchTransform, Environment, Inference, OnSchedule, OnUpload
from inferform.model.spec import Model
from inferform_emulator.process import Emulator
from ops import promote
from ops.adopt import adopt, in_use
from ops.aws import Aws
from ops.errors import OperatorError
from ops.kinds.record import Finding
from ops.plan import read_plan
from ops.review.risks import find_risks
from ops.review.stories import tell
from ops.told import Story
from ops.verify import verify

from .hosting import CONTEXT, Hosting, client, hosting

pytestmark = pytest.mark.story("one stack is deployed, damaged and put right again")

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def transform(version: str = "1", **more: Any) -> BatchTransform:
    model = Model(image=f"{REGISTRY}/fraud:{version}", artifact=f"fraud/{version}/model.tar.gz")
    return BatchTransform(model=model, instance_type="ml.m5.xlarge", **more)


NIGHTLY = OnSchedule(schedule="cron(0 2 * * ? *)")
BATCH = {
    "nightly": transform(trigger=NIGHTLY),
    "hourly": transform(trigger=OnSchedule(schedule="rate(1 hour)")),
    "uploads": transform(trigger=OnUpload(suffix=".csv"), vpc=False),
}
NAME = "kinds-dev-use1-nightly-transform"
UPLOADS = "kinds-dev-use1-uploads-transform"


class Batch:
    """The stack, and what is looked at in it."""

    def __init__(self, hosting: Hosting) -> None:
        self.hosting = hosting
        self.environment = Environment(
            context=CONTEXT,
            network=hosting.network,
            registry=hosting.registry,
            inference=Inference(batch=BATCH),
        )
        self.aws = Aws(CONTEXT, emulator=hosting.emulator)

    def client(self, service: str) -> Any:
        return client(self.hosting.emulator, service)

    def findings(self, name: str = NAME) -> list[Finding]:
        return [f for f in verify(self.environment, self.aws) if f.subject == name]

    def failed(self, name: str = NAME) -> list[str]:
        return [f.found for f in self.findings(name) if f.outcome == "failed"]

    def stories(self, **batch: BatchTransform) -> tuple[list[Story], dict[str, str]]:
        """What a plan tells, and the addresses of its risks by id."""
        hosting = self.hosting
        stack = hosting.stack(Inference(batch=batch))
        hosting.terraform(stack, "plan", "-out=plan", "-no-color")
        plan = read_plan(hosting.terraform(stack, "show", "-json", "plan"), "inference")
        return tell(plan), {risk.rule.id: risk.address for risk in find_risks(plan)}


@pytest.fixture(scope="module")
def batch(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    found = hosting(emulator, tmp_path_factory.mktemp("batch"))
    found.apply(Inference(batch=BATCH))
    yield Batch(found)
    found.destroy(Inference(batch=BATCH))


def test_what_is_deployed_as_it_is_written_passes(batch: Batch) -> None:
    for name in (NAME, UPLOADS):
        assert [(f.check.title, f.outcome) for f in batch.findings(name)] == [
            ("configuration", "passed"),
            ("health", "passed"),
            ("invocation", "skipped"),
            ("health", "passed"),
        ]


def test_a_deployed_transform_is_promoted_and_one_that_is_not_is_refused(batch: Batch) -> None:
    promote.require_in_service(batch.environment, "nightly", batch.aws)
    inference = Inference(batch={**BATCH, "nightly": transform("2", trigger=NIGHTLY)})
    newer = batch.environment.replace(inference=inference)
    with pytest.raises(OperatorError, match=r"says .*fraud.*2.* which is not what is deployed"):
        promote.require_in_service(newer, "nightly", batch.aws)
    missing = batch.environment.replace(inference=Inference(batch={"weekly": transform()}))
    with pytest.raises(OperatorError, match="weekly is not deployed and in service"):
        promote.require_in_service(missing, "weekly", batch.aws)


def test_a_new_model_is_told_and_a_deleted_transform_is_an_outage(batch: Batch) -> None:
    changed = {"nightly": transform("2", trigger=NIGHTLY), "hourly": BATCH["hourly"]}
    (gone, updated), risks = batch.stories(**changed)
    assert gone.name == UPLOADS
    assert gone.interrupted == "no job can be started any more"
    assert dict(gone.facts)["instances"] == "1 x ml.m5.xlarge"
    assert updated.headline == f"{NAME} is updated"
    assert ("image", "fraud:1 → fraud:2") in updated.facts
    assert updated.interrupted == ""
    assert updated.rollout.startswith("the next job runs it")
    assert risks["PLAN1"].startswith("aws_sfn_state_machine.batch_uploads")


def test_another_schedule_is_told_and_one_that_goes_interrupts(batch: Batch) -> None:
    later = transform(trigger=OnSchedule(schedule="cron(0 4 * * ? *)"))
    stories, _ = batch.stories(nightly=later, hourly=transform(), uploads=BATCH["uploads"])
    gone, changed = stories
    assert gone.interrupted == "no job starts by itself any more"
    assert changed.headline == f"{NAME} only changes what starts it"
    assert changed.facts[0] == ("started by", "at 02:00 each day → at 04:00 each day")
    assert changed.interrupted == ""


def test_what_no_state_knows_and_carries_the_tags_of_the_layer_is_taken_back(batch: Batch) -> None:
    hosting = batch.hosting
    stack = hosting.stack(Inference(batch=BATCH))
    known = hosting.terraform(stack, "state", "list").split()
    lost = [
        address
        for address in known
        if address.split(".")[0] in TAKEN and "batch_uploads" in address
    ]
    assert {address.split(".")[0] for address in lost} == TAKEN
    lost += [address for address in known if address.startswith("aws_scheduler_schedule.")]
    hosting.terraform(stack, "state", "rm", *lost)
    logs = batch.client("logs")
    group = {"resourceArn": CONTEXT.arn("logs", f"log-group:/aws/vendedlogs/states/{UPLOADS}")}
    logs.tag_resource(**group, tags={"layer": "inference-other"})
    done = adopt(stack, batch.aws, hosting.variables, in_use(batch.aws))
    assert [line for line in done if "aws_cloudwatch_log_group" in line] == []
    logs.tag_resource(**group, tags={"layer": "inference"})
    done = adopt(stack, batch.aws, hosting.variables, in_use(batch.aws))
    assert [line.split()[1].partition(".")[0] for line in done] == ["aws_cloudwatch_log_group"]
    hosting.terraform(stack, "plan", "-detailed-exitcode", "-no-color")


TAKEN = {
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "aws_cloudwatch_log_group",
    "aws_sfn_state_machine",
}


def test_a_trigger_that_is_off_or_gone_is_found(batch: Batch) -> None:
    scheduler, events = batch.client("scheduler"), batch.client("events")
    schedule = scheduler.get_schedule(Name=NAME)
    kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    scheduler.update_schedule(**{key: schedule[key] for key in kept}, State="DISABLED")
    assert batch.failed() == ["what starts it is DISABLED"]
    scheduler.delete_schedule(Name=NAME)
    assert batch.failed() == ["has no schedule, so that it is not started"]
    events.disable_rule(Name=UPLOADS)
    assert batch.failed(UPLOADS) == ["what starts it is DISABLED"]


def test_another_definition_or_no_model_is_found(batch: Batch) -> None:
    states, sagemaker = batch.client("stepfunctions"), batch.client("sagemaker")
    name = "kinds-dev-use1-hourly-transform"
    arn = CONTEXT.arn("states", f"stateMachine:{name}")
    definition = json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"])
    model = definition["States"]["Transform"]["Parameters"]["ModelName"]
    sagemaker.delete_model(ModelName=model)
    assert batch.failed(name) == [f"its model {model} does not exist, so that every job fails"]
    definition["States"]["Transform"]["Parameters"]["MaxPayloadInMB"] = 1
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    assert batch.failed(name) == ["its definition is not the one in the state"]
    states.delete_state_machine(stateMachineArn=arn)
    assert batch.failed(name) == ["does not exist"]
