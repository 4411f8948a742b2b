"""The Abalone pipeline of the SageMaker Python SDK, written as typed steps: what comes out is compared with what the SDK
writes for it, argument by argument, and whatever is otherwise is explained."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from inferform import (
    Cache,
    Channel,
    Condition,
    ConditionStep,
    Context,
    Environment,
    FailStep,
    Join,
    JsonGet,
    ModelOf,
    NetworkOutputs,
    OutputOf,
    Param,
    Parameter,
    Pipeline,
    PipelineFile,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    ProcessingStep,
    PropertyFile,
    Register,
    RegisterStep,
    RegistryOutputs,
    Training,
    TrainingJob,
    TrainingStep,
)
from tests import pipelines
from tests.conftest import ROOT, Synthesized

Synthesize = Callable[..., Synthesized]

FILES = ROOT / "tests/pipeline_files"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/abalone:1"
BUCKET = "s3://acme-pipelines/abalone"
GROUP = "AbaloneModelPackageGroup"

OWN_ROLES = "each step has a role of its own, as AWS recommends, and the example one for all"
IN_THE_VPC = "jobs are isolated, and in the environment's private subnets"
ENCRYPTED = "volumes and outputs are encrypted by the environment's key"
TAGGED = "everything has Inferform's tags"
DEFAULT = "AWS's default, which one of both leaves out"
CLOSED = "Debugger and Profiler are closed to new customers, and cost storage where they are not switched off"
EXPERIMENTS = "runs fail by it in Regions without Experiments (aws/sagemaker-python-sdk#5570)"
LITERAL = "is a literal, so that reviews and cost see it; another environment has another file"
OF_THE_RUN = "a run writes below a prefix of its own, so that none resumes another's checkpoints"
LINEAGE = "a version says which run has made it"
LIMITED = "a job that hangs is stopped after an hour; AWS's own limit is a day"

EXPLAINED: Mapping[str, str] = {
    r"Parameters\.(ProcessingInstanceCount|ModelApprovalStatus)\..*": LITERAL,
    r".*\.ClusterConfig\.InstanceCount": LITERAL,
    r".*\.ModelApprovalStatus": LITERAL,
    r"PipelineExperimentConfig\..*": EXPERIMENTS,
    r".*\.RoleArn": OWN_ROLES,
    r".*\.NetworkConfig\..*": IN_THE_VPC,
    r".*\.VpcConfig\..*": IN_THE_VPC,
    r".*\.EnableNetworkIsolation": IN_THE_VPC,
    r".*\.(Volume)?KmsKeyId": ENCRYPTED,
    r".*\.Tags\..*": TAGGED,
    r".*\.AppManaged": DEFAULT,
    r".*\.S3CompressionType": DEFAULT,
    r".*\.InputDataConfig\.\w+\.InputMode": DEFAULT,
    r".*\.Enable(InterContainerTrafficEncryption|ManagedSpotTraining)": DEFAULT,
    r".*\.Containers\.0\.Environment": DEFAULT,
    r".*\.ModelMetrics\.(Bias|Explainability)": DEFAULT,
    r".*\.SkipModelValidation": DEFAULT,
    r".*\.(DebugHookConfig|ProfilerConfig)\..*": CLOSED,
    r".*\.OutputDataConfig\.S3OutputPath": OF_THE_RUN,
    r".*\.CustomerMetadataProperties\..*": LINEAGE,
    r".*\.ModelPackageGroupName": "a group of somebody else's is named by its ARN",
    r".*\.StoppingCondition\.MaxRuntimeInSeconds": LIMITED,
}
"""Why an argument is otherwise, by a pattern of its path."""


def processing(script: str, inputs: Mapping[str, ProcessingInput], *outputs: str) -> ProcessingJob:
    """A processing job of the example."""
    return ProcessingJob(
        image=IMAGE,
        instance_type="ml.m5.xlarge",
        command=["python3", f"/opt/{script}"],
        inputs=dict(inputs),
        outputs={
            name: ProcessingOutput(uri=f"{BUCKET}/{name}", local_path=f"/opt/ml/processing/{name}")
            for name in outputs
        },
    )


def abalone() -> Pipeline:
    """Prepare, train, evaluate; register where the error is small, and fail where it is not."""
    local = "/opt/ml/processing"
    prepare = processing(
        "preprocess.py",
        {"input": ProcessingInput(uri=Param(name="InputData"), local_path=f"{local}/input")},
        *("train", "validation", "test"),
    )
    train = TrainingJob(
        image=IMAGE,
        instance_type="ml.m5.xlarge",
        channels={
            name: Channel(uri=OutputOf(step="AbaloneProcess", output=name), content_type="text/csv")
            for name in ("train", "validation")
        },
        hyperparameters={"objective": "reg:linear", "num_round": "50"},
    )
    evaluate = processing(
        "evaluate.py",
        {
            "model": ProcessingInput(uri=ModelOf(step="AbaloneTrain"), local_path=f"{local}/model"),
            "test": ProcessingInput(
                uri=OutputOf(step="AbaloneProcess", output="test"), local_path=f"{local}/test"
            ),
        },
        "evaluation",
    )
    mse = JsonGet(step="AbaloneEval", file="EvaluationReport", path="regression_metrics.mse.value")
    limit = Param(name="MseThreshold")
    month = Cache(expire_after="P30D")
    group = f"arn:aws:sagemaker:us-east-1:111122223333:model-package-group/{GROUP}"
    return Pipeline(
        parameters={
            "InputData": Parameter(default="s3://acme-data/abalone/abalone-dataset.csv"),
            "MseThreshold": Parameter(type="Float", default=6.0),
        },
        steps={
            "AbaloneProcess": ProcessingStep(processing=prepare, cache=month),
            "AbaloneTrain": TrainingStep(training=train, cache=month),
            "AbaloneEval": ProcessingStep(
                processing=evaluate,
                property_files={"EvaluationReport": PropertyFile(output="evaluation")},
            ),
            "CheckMSEAbaloneEvaluation": ConditionStep(
                conditions=[Condition(left=mse, comparison="LessThanOrEqualTo", right=limit)],
                then={
                    "AbaloneRegister-RegisterModel": RegisterStep(
                        register_as=Register(
                            group=group,
                            realtime_instance_types=["ml.t2.medium", "ml.m5.xlarge"],
                            transform_instance_types=["ml.m5.xlarge"],
                        ),
                        artifact=ModelOf(step="AbaloneTrain"),
                        metrics=f"{BUCKET}/evaluation/evaluation.json",
                    )
                },
                otherwise={
                    "AbaloneMSEFail": FailStep(
                        message=Join(on=" ", values=["Execution failed due to MSE >", limit])
                    )
                },
            ),
        },
    )


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """What version 2 of the SDK writes."""
    found: dict[str, Any] = json.loads((FILES / "sdk-v2.json").read_text("utf-8"))
    return found


def written(synthesize: Synthesize, pipeline: Pipeline | PipelineFile) -> str:
    """The definition that a pipeline becomes."""
    stacks = synthesize(
        Environment(
            context=Context(
                organization="acme",
                stage="dev",
                account="111122223333",
                region="us-east-1",
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
                artifact_bucket="acme-artifacts",
                kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/1",
            ),
            training=Training(pipelines={"abalone": pipeline}),
        )
    )
    (found,) = stacks["dev-use1-training"]["resource"]["aws_sagemaker_pipeline"].values()
    return str(found["pipeline_definition"])


@pytest.fixture
def made(synthesize: Synthesize) -> dict[str, Any]:
    """What Inferform writes."""
    found: dict[str, Any] = json.loads(written(synthesize, abalone()))
    return found


_NAMED = ("Name", "PropertyFileName", "InputName", "OutputName", "ChannelName")
_REFERENCES = {"Get", "Std:Join", "Std:JsonGet"}


def arguments(value: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every value of a definition by its path; what has a name stands under it."""
    if isinstance(value, dict) and value and not value.keys() & _REFERENCES:
        for name, each in value.items():
            yield from arguments(each, *path, name)
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            names = (each[name] for name in _NAMED if isinstance(each, dict) and name in each)
            yield from arguments(each, *path, str(next(names, index)))
    else:
        yield ".".join(path), value


def steps(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each step with its type, those of branches behind the condition, in order."""

    def within(each: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
        for step in each:
            yield step["Name"], step["Type"]
            for branch in ("IfSteps", "ElseSteps"):
                yield from within(step["Arguments"].get(branch, []))

    return [*within(found["Steps"])]


def references(value: Any) -> set[str]:
    """Everything that a definition refers to: the edges of its graph."""
    return set(re.findall(r'"Get": "((?:Steps|Parameters)\.[^"]+)"', json.dumps(value)))


def test_the_same_steps_come_out_in_the_same_order(
    published: dict[str, Any], made: dict[str, Any]
) -> None:
    assert made["Version"] == published["Version"]
    assert steps(made) == steps(published)
    assert len(steps(made)) == 6


def test_steps_refer_to_each_other_as_in_the_example(
    published: dict[str, Any], made: dict[str, Any]
) -> None:
    given_up = {"Parameters.ProcessingInstanceCount", "Parameters.ModelApprovalStatus"}
    assert references(made) == references(published) - given_up


def test_every_argument_that_is_otherwise_is_explained(
    published: dict[str, Any], made: dict[str, Any]
) -> None:
    theirs, ours = dict(arguments(published)), dict(arguments(made))
    otherwise = {path for path in theirs.keys() | ours.keys() if theirs.get(path) != ours.get(path)}
    used = {
        pattern: {path for path in otherwise if re.fullmatch(pattern, path)}
        for pattern in EXPLAINED
    }
    assert otherwise - {path for paths in used.values() for path in paths} == set()
    # No explanation is of a difference that there is not.
    assert [pattern for pattern, paths in used.items() if not paths] == []
    # Most of what the example says comes out as it is.
    kept = theirs.keys() - otherwise
    assert len(kept) > 90
    assert {
        "Steps.AbaloneTrain.Arguments.HyperParameters.num_round",
        "Steps.AbaloneTrain.CacheConfig.ExpireAfter",
        "Steps.AbaloneEval.PropertyFiles.EvaluationReport.FilePath",
        "Steps.AbaloneProcess.Arguments.ProcessingOutputConfig.Outputs.train.S3Output.S3Uri",
    } <= kept


def unresolved(content: Mapping[str, Any]) -> Iterator[str]:
    """The references of a definition to what it does not declare, or only later."""
    known = {f"Parameters.{each['Name']}" for each in content.get("Parameters", [])}

    def within(each: list[dict[str, Any]], before: set[str]) -> Iterator[str]:
        seen = set(before)
        for step in each:
            branches = {name: step["Arguments"].get(name, []) for name in ("IfSteps", "ElseSteps")}
            own = {**step, "Arguments": {**step["Arguments"], **dict.fromkeys(branches)}}
            for get in references(own):
                kind, name = get.split(".")[:2]
                if f"{kind}.{name}" not in known | seen:
                    yield f"{step['Name']}: {get}"
            for name in step.get("DependsOn", []):
                if f"Steps.{name}" not in seen:
                    yield f"{step['Name']}: {name}"
            for branch in branches.values():
                yield from within(branch, seen)
            seen.add(f"Steps.{step['Name']}")

    yield from within(content["Steps"], set())


@pytest.mark.parametrize(
    "pipeline",
    [
        abalone(),
        pipelines.abalone(),
        *(
            PipelineFile(definition=(FILES / f"{name}.json").read_text("utf-8"))
            for name in ("sdk-v2", "sdk-v3")
        ),
    ],
    ids=["typed", "larger", "sdk-v2", "sdk-v3"],
)
def test_every_reference_leads_to_what_comes_before(
    synthesize: Synthesize, pipeline: Pipeline | PipelineFile
) -> None:
    text = written(synthesize, pipeline)
    content = json.loads(text)
    assert references(content)
    assert [*unresolved(content)] == []
    if isinstance(pipeline, PipelineFile):
        assert content == json.loads(pipeline.definition)


def test_a_reference_that_leads_nowhere_would_be_seen(published: dict[str, Any]) -> None:
    turned = {**published, "Steps": published["Steps"][::-1]}
    assert "AbaloneTrain: Steps.AbaloneProcess" in " ".join(unresolved(turned))
    bare = {**published, "Parameters": []}
    assert any("Parameters.InputData" in each for each in unresolved(bare))
