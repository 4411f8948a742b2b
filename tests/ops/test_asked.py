"""What a run asks for is the same, whether it is read from a Spec or from what SageMaker is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from inferform import (
    CategoricalRange,
    Channel,
    Context,
    Image,
    IntegerRange,
    Pipeline,
    PipelineFile,
    ProcessingJob,
    ProcessingStep,
    Retraining,
    Spot,
    TrainingJob,
    TrainingStep,
    Tuning,
    TuningStep,
)
from inferform.training import machine
from inferform.training.asked import part_of_step, steps_of
from inferform.training.definition import definition
from inferform.usage import RunPart
from ops.cost.prices import PriceTable
from ops.cost.runs import cost_of_run, said, total
from ops.kinds.training import asked_of
from ops.plan import read_plan
from ops.review.building import build
from tests.conftest import ROOT
from tests.pipelines import abalone
from tests.review.plans import changed, plan_of

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
IMAGE = Image(repository="fraud", tag="1")
JOB = TrainingJob(
    image=IMAGE,
    instance_type="ml.m5.xlarge",
    instance_count=2,
    channels={"train": Channel(uri="data/")},
    metrics={"auc": "auc=(.*)"},
    max_runtime_seconds=7200,
)
SPOT = JOB.replace(spot=Spot(max_wait_seconds=9000))
SEARCH = Tuning(
    job=JOB, objective="auc", ranges={"depth": IntegerRange(minimum=1, maximum=9)}, max_jobs=8
)
GRID = Tuning(
    job=JOB,
    objective="auc",
    strategy="Grid",
    ranges={
        "booster": CategoricalRange(values=["gbtree", "dart"]),
        "rate": CategoricalRange(values=["0.1", "0.2", "0.3"]),
    },
)
PREPARE = ProcessingJob(image=IMAGE, instance_type="ml.m5.large", max_runtime_seconds=1800)


def around(roles: Iterable[str]) -> machine.Around:
    return machine.Around(
        context=CONTEXT,
        bucket="data",
        kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/data",
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
        roles={name: f"arn:aws:iam::111122223333:role/{name}" for name in roles},
        tags={},
    )


def text(spec: Pipeline) -> str:
    return json.dumps(definition(spec, "fraud", around(spec.roles)))


def asked(content: str) -> Iterator[RunPart]:
    for step in steps_of(json.loads(content)):
        part = part_of_step(step)
        if part is not None:
            yield part


@pytest.mark.parametrize(
    "train", [JOB, SPOT, SEARCH, GRID], ids=["plain", "spot", "search", "grid"]
)
def test_a_state_machine_asks_for_what_the_retraining_says(train: TrainingJob | Tuning) -> None:
    spec = Retraining(prepare=PREPARE, train=train)
    made = machine.definition(spec, "fraud", around(spec.jobs))
    found = [each.part for each in asked_of({"definition": json.dumps(made)})]
    wanted = [*spec.run_parts()]
    assert [(e.words, e.key, e.hours, e.is_spot, e.instances) for e in found] == [
        (e.words, e.key, e.hours, e.is_spot, e.instances) for e in wanted
    ]


@pytest.mark.parametrize(
    "spec",
    [
        abalone(),
        Pipeline(
            steps={
                "Prepare": ProcessingStep(processing=PREPARE),
                "Train": TrainingStep(training=SPOT),
                "Search": TuningStep(tuning=SEARCH),
                "Grid": TuningStep(tuning=GRID),
            }
        ),
    ],
    ids=["abalone", "kinds"],
)
def test_a_definition_asks_for_what_the_pipeline_says(spec: Pipeline) -> None:
    assert [*asked(text(spec))] == [*spec.run_parts()]
    assert [*PipelineFile(definition=text(spec)).run_parts()] == [*spec.run_parts()]


def test_what_a_parameter_says_is_not_known() -> None:
    written = json.loads(text(Pipeline(steps={"Train": TrainingStep(training=JOB)})))
    (step,) = written["Steps"]
    resources = step["Arguments"]["ResourceConfig"]
    table = PriceTable()
    for name in ("InstanceType", "InstanceCount"):
        before, resources[name] = resources[name], {"Get": f"Parameters.{name}"}
        file = PipelineFile(definition=json.dumps({**written, "Parameters": parameter(name)}))
        assert total(cost_of_run(file, "us-east-1", table)) == (None, None)
        resources[name] = before
    assert None not in total(
        cost_of_run(PipelineFile(definition=json.dumps(written)), "us-east-1", table)
    )


def parameter(name: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Type": "String", "DefaultValue": "1"}]


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_file_of_the_sdk_has_its_jobs(version: str) -> None:
    content = (ROOT / f"tests/pipeline_files/sdk-{version}.json").read_text("utf-8")
    parts = [*PipelineFile(definition=content).run_parts()]
    assert {each.key.rpartition("/")[0] for each in parts} >= {
        "sagemaker/processing",
        "sagemaker/training",
    }


def test_a_review_says_what_a_run_of_a_pipeline_may_spend() -> None:
    small = Pipeline(steps={"Train": TrainingStep(training=JOB)})
    large = Pipeline(steps={"Train": TrainingStep(training=JOB.replace(instance_count=4))})
    sides = [{"pipeline_name": "fraud", "pipeline_definition": text(e)} for e in (small, large)]
    spends = [said(*total(cost_of_run(e, "us-east-1", PriceTable()))) for e in (small, large)]
    region = {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}}

    def story(actions: list[str], before: Any, after: Any) -> Any:
        entry = changed("aws_sagemaker_pipeline.x", actions, before, after)
        plan = plan_of(entry, configuration={"provider_config": region})
        (found,) = build([read_plan(plan)]).stories
        return found

    assert (
        story(["create"], None, sides[0]).headline == f"fraud is new, may spend {spends[0]} a run"
    )
    told = story(["update"], *sides)
    assert told.headline == f"fraud is updated, may spend {spends[1]} a run"
    assert dict(told.facts)["a run may spend"] == f"{spends[0]} → {spends[1]}"
    assert story(["delete"], sides[0], None).headline == "fraud is deleted"
