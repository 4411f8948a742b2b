"""A pipeline of SageMaker on the emulator by Terraform, and what the operator sees of its runs."""

from __future__ import annotations

import json

import pytest

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
            ),
            "long": PipelineFile(definition=LONG),
        }
    ),
)
"""


def text(instance: str = "ml.m5.xlarge", letter: str = "a") -> str:
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    long = (
        '__import__("json").dumps({"Version": "2020-12-01", "Metadata": {"note": '
        f'"{letter}" * (2**20 - 200)}}, "Steps": [{json.dumps(step)}]}})'
    )
    return TEXT.replace("INSTANCE", instance).replace("LONG", long)


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


def test_nothing_is_left_after_a_destroy(life: Life) -> None:
    life.destroy(STACK, "dev-use1-registry")
    listed = life.aws().client("sagemaker").list_pipelines()
    assert listed["PipelineSummaries"] == []
