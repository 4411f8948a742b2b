"""What pipelines become: definitions, roles, and where a long definition lies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.validate import ParamValidator

from inferform import (
    Automation,
    CategoricalRange,
    Channel,
    Checkpoints,
    Context,
    Delivery,
    Environment,
    Join,
    ModelOf,
    ModelPackageGroup,
    Network,
    OnApproval,
    OnSchedule,
    OnUpload,
    Param,
    Parameter,
    Pipeline,
    PipelineFile,
    Register,
    RegisterStep,
    Registry,
    Repository,
    SpecError,
    Spot,
    Training,
    TrainingStep,
    Tuning,
    TuningStep,
)
from tests.conftest import Synthesized
from tests.pipelines import TRAIN, abalone
from tests.service_models import service_model

Synthesize = Callable[..., Synthesized]

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
BUCKET = "${data.terraform_remote_state.registry.outputs.artifact_bucket}"
RUN = {"Get": "Execution.PipelineExecutionId"}


def made(synthesize: Synthesize, pipeline: Any) -> dict[str, dict[str, Any]]:
    """The resources of the training layer, by type and their name in Terraform."""
    stacks = synthesize(
        Environment(
            context=CONTEXT,
            network=Network(cidr="10.20.0.0/16"),
            registry=Registry(
                repositories={"abalone": Repository()}, models={"abalone": ModelPackageGroup()}
            ),
            training=Training(pipelines={"abalone": pipeline}),
        )
    )
    resources: dict[str, dict[str, Any]] = stacks["dev-use1-training"]["resource"]
    return resources


def pipeline_of(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    (resource,) = found["aws_sagemaker_pipeline"].values()
    assert isinstance(resource, dict)
    return resource


def steps_of(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every step of the definition, those of branches too."""
    text = re.sub(r'"\$\{[^}]*\}"', '"subnet-1"', pipeline_of(found)["pipeline_definition"])

    def within(steps: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        for step in steps:
            yield step["Name"], step
            for branch in ("IfSteps", "ElseSteps"):
                yield from within(step["Arguments"].get(branch, []))

    return dict(within(json.loads(text)["Steps"]))


def rights(found: dict[str, dict[str, Any]], role: str) -> dict[str, Any]:
    """What a role may do, by Sid."""
    ((_, policy),) = [
        (name, each)
        for name, each in found["aws_iam_role_policy"].items()
        if name.startswith(f"pipelines_abalone_{role}_policy")
    ]
    return {each["Sid"]: each for each in json.loads(policy["policy"])["Statement"]}


@pytest.fixture
def example(synthesize: Synthesize) -> dict[str, dict[str, Any]]:
    return made(synthesize, abalone())


def plain(value: Any) -> Any:
    """Arguments with a text instead of each reference."""
    if isinstance(value, dict):
        if value.keys() in ({"Get"}, {"Std:Join"}, {"Std:JsonGet"}):
            return "s3://bucket/key"
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


TOPIC = "arn:aws:sns:us-east-1:111122223333:ml"


def test_what_starts_a_pipeline_gives_what_a_start_is_given(synthesize: Synthesize) -> None:
    triggers: list[Any] = [
        OnSchedule(schedule="cron(0 2 * * ? *)"),
        OnUpload(prefix="s3://acme-data/abalone/", suffix=".csv"),
        OnApproval(group="abalone"),
    ]
    spec = abalone(
        start_with={"Rounds": "10"},
        automation=Automation(
            triggers=triggers, delivery=Delivery(), notify=TOPIC, alarm_on_failure=True
        ),
    )
    found = made(synthesize, spec)
    given = [{"name": "Rounds", "value": "10"}]
    (schedule,) = found["aws_scheduler_schedule"].values()
    assert schedule["target"]["sagemaker_pipeline_parameters"]["pipeline_parameter"] == given
    assert "input" not in schedule["target"]
    assert "dead_letter_config" in schedule["target"]
    failed = "acme-dev-use1-abalone-pipeline-failed"
    rules = {each["name"]: each for each in found["aws_cloudwatch_event_rule"].values()}
    targets = {each["arn"]: each for each in found["aws_cloudwatch_event_target"].values()}
    told = targets.pop(TOPIC)
    assert len(targets) == 1  # two of one pipeline
    for target in found["aws_cloudwatch_event_target"].values():
        if target is not told:
            assert target["sagemaker_pipeline_target"]["pipeline_parameter_list"] == given
            assert target["retry_policy"]["maximum_retry_attempts"] == 8
            assert "dead_letter_config" in target
    pattern = json.loads(rules[failed]["event_pattern"])
    arn = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/acme-dev-use1-abalone"
    assert pattern["detail"] == {
        "pipelineArn": [arn],
        "currentPipelineExecutionStatus": ["Failed"],
    }
    (alarm,) = found["aws_cloudwatch_metric_alarm"].values()
    assert (alarm["alarm_name"], alarm["alarm_actions"]) == (failed, [TOPIC])
    # Roles that start it do nothing else, but for the queue of a schedule.
    for name, policy in found["aws_iam_role_policy"].items():
        if name.startswith("pipelines_abalone_starts_role-"):
            for statement in json.loads(policy["policy"])["Statement"]:
                if statement["Sid"] == "Start":
                    assert statement["Action"] == "sagemaker:StartPipelineExecution"
                    assert statement["Resource"] == arn
                else:
                    assert statement["Action"] == "sqs:SendMessage"


def test_a_pipeline_without_values_and_triggers_is_given_none(synthesize: Synthesize) -> None:
    spec = abalone(
        start_with={}, automation=Automation(triggers=[OnSchedule(schedule="rate(1 day)")])
    )
    found = made(synthesize, spec)
    (schedule,) = found["aws_scheduler_schedule"].values()
    assert "sagemaker_pipeline_parameters" not in schedule["target"]
    # AWS tries for a day, and keeps nothing.
    assert schedule["target"]["retry_policy"]["maximum_event_age_in_seconds"] == 86_400
    assert "aws_sqs_queue" not in found
    bare = made(synthesize, abalone())
    assert not {"aws_scheduler_schedule", "aws_cloudwatch_event_rule"} & bare.keys()


def test_a_version_notes_what_a_run_is_told(synthesize: Synthesize) -> None:
    register = RegisterStep(
        register_as=Register(
            group="abalone", metadata={"commit": Param(name="Commit"), "team": "risk"}
        ),
        artifact=ModelOf(step="Train"),
    )
    spec = Pipeline(
        parameters={"Commit": Parameter(default="not known")},
        steps={
            "Train": TrainingStep(
                training=TRAIN.replace(
                    channels={"train": Channel(uri="data/train/")}, hyperparameters={}
                )
            ),
            "Register": register,
        },
    )
    noted = steps_of(made(synthesize, spec))["Register"]["Arguments"]["CustomerMetadataProperties"]
    assert noted["commit"] == {"Get": "Parameters.Commit"}
    assert noted["team"] == "risk"
    with pytest.raises(SpecError, match="Comit"):
        spec.replace(
            steps={
                **spec.steps,
                "Register": register.replace(
                    register_as=Register(group="abalone", metadata={"c": Param(name="Comit")})
                ),
            }
        )


REQUESTS = {
    "Model": ("CreateModel", {"ModelName": "a"}),
    "Processing": ("CreateProcessingJob", {"ProcessingJobName": "a"}),
    "RegisterModel": ("CreateModelPackage", {}),
    "Training": ("CreateTrainingJob", {"TrainingJobName": "a"}),
    "Transform": ("CreateTransformJob", {"TransformJobName": "a"}),
    "Tuning": ("CreateHyperParameterTuningJob", {"HyperParameterTuningJobName": "a"}),
}


def valid(step: dict[str, Any]) -> None:
    """The arguments of a step are a request of AWS's API without the name of a job."""
    operation, named = REQUESTS[step["Type"]]
    assert not named.keys() & step["Arguments"].keys()
    shape = service_model("sagemaker").operation_model(operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(plain(step["Arguments"]) | named, shape)
    assert not report.has_errors(), report.generate_report()


def test_each_step_is_a_request_of_the_api(example: dict[str, dict[str, Any]]) -> None:
    found = steps_of(example)
    assert list(found) == [
        *("Preprocess", "Train", "Evaluate", "CheckMse"),
        *("Register", "CreateModel", "Transform", "Fail"),
    ]
    for step in found.values():
        if step["Type"] in REQUESTS:
            valid(step)


def test_steps_tell_each_other_what_they_made(example: dict[str, dict[str, Any]]) -> None:
    found = steps_of(example)
    train = found["Train"]["Arguments"]
    first = train["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert first == {
        "Get": "Steps.Preprocess.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"
    }
    assert train["HyperParameters"]["num_round"] == {"Get": "Parameters.Rounds"}
    assert train["OutputDataConfig"]["S3OutputPath"] == {
        "Std:Join": {
            "On": "/",
            "Values": [f"s3://{BUCKET}/pipelines/abalone", RUN, "Train", "model"],
        }
    }
    prepare = found["Preprocess"]
    assert prepare["Arguments"]["AppSpecification"]["ContainerArguments"] == [
        "--input-data",
        {"Get": "Parameters.InputData"},
    ]
    assert prepare["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}
    assert found["Train"]["RetryPolicies"] == [
        {
            "ExceptionType": ["SageMaker.CAPACITY_ERROR"],
            "IntervalSeconds": 1,
            "BackoffRate": 2.0,
            "MaxAttempts": 3,
        }
    ]
    assert found["Evaluate"]["PropertyFiles"] == [
        {
            "PropertyFileName": "Report",
            "OutputName": "evaluation",
            "FilePath": "evaluation.json",
        }
    ]
    check = found["CheckMse"]["Arguments"]
    assert check["Conditions"] == [
        {
            "Type": "LessThanOrEqualTo",
            "LeftValue": {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
                    "Path": "regression_metrics.mse.value",
                }
            },
            "RightValue": {"Get": "Parameters.MseThreshold"},
        }
    ]
    registered = found["Register"]["Arguments"]
    (container,) = registered["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    assert container["Image"].endswith("/acme-dev-use1-abalone:1")
    assert registered["ModelPackageGroupName"] == "acme-dev-use1-abalone"
    assert registered["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["Transform"]["Arguments"]["ModelName"] == {"Get": "Steps.CreateModel.ModelName"}


def test_each_field_of_a_training_reaches_the_request(synthesize: Synthesize) -> None:
    spot = Spot(max_wait_seconds=7200, checkpoints=Checkpoints())
    job = TRAIN.replace(
        channels={"train": TRAIN.channels["train"].replace(uri="data/")},
        hyperparameters={},
        spot=spot,
        max_runtime_seconds=3600,
        retries=2,
        metrics={"mse": "mse=([0-9.]+)"},
        environment={"LEVEL": "info"},
    )
    tuning = Tuning(
        job=job.replace(retries=None),
        objective="mse",
        goal="Minimize",
        ranges={"eta": CategoricalRange(values=["0.1", "0.2"])},
    )
    found = made(
        synthesize,
        Pipeline(
            steps={
                "Train": TrainingStep(training=job),
                "Tune": TuningStep(tuning=tuning),
                "Register": RegisterStep(
                    register_as=Register(group="abalone"), artifact=ModelOf(step="Tune")
                ),
            }
        ),
    )
    steps = steps_of(found)
    for step in steps.values():
        valid(step)
    train = steps["Train"]["Arguments"]
    assert train["EnableManagedSpotTraining"] is True
    assert train["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 3600,
        "MaxWaitTimeInSeconds": 7200,
    }
    # The prefix belongs to the run and the step: another would resume a training that has ended.
    assert train["CheckpointConfig"]["S3Uri"]["Std:Join"]["Values"][1:] == [
        RUN,
        "Train",
        "checkpoints",
    ]
    assert train["RetryStrategy"] == {"MaximumRetryAttempts": 2}
    tuned = steps["Tune"]["Arguments"]["TrainingJobDefinition"]
    assert tuned["EnableManagedSpotTraining"] is True
    assert tuned["OutputDataConfig"]["S3OutputPath"]["Std:Join"]["Values"][2:] == ["Tune", "model"]
    (container,) = steps["Register"]["Arguments"]["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"]["Std:Join"]["Values"][1:] == [
        RUN,
        *("Tune", "model"),
        {"Get": "Steps.Tune.BestTrainingJob.TrainingJobName"},
        "output/model.tar.gz",
    ]


def test_the_role_of_a_pipeline_has_exactly_what_its_steps_need(
    example: dict[str, dict[str, Any]],
) -> None:
    may = rights(example, "role")
    assert set(may) == {
        *("RunProcessing", "RunTraining", "RunTransform", "MakeModels"),
        *("RegisterVersions", "FindGroups", "ReadArtifact", "ListArtifact", "DecryptArtifact"),
        *("EncryptJobs", "GiveRoles"),
    }
    assert may["RunTraining"]["Action"] == [
        *("sagemaker:AddTags", "sagemaker:CreateTrainingJob"),
        *("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
    ]
    own = "arn:aws:sagemaker:us-east-1:111122223333:training-job/pipelines-*"
    assert may["RunTraining"]["Resource"] == own
    # Property files are read by the pipeline itself.
    assert may["ReadArtifact"]["Resource"] == f"arn:aws:s3:::{BUCKET}/pipelines/abalone/*"
    assert may["GiveRoles"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert len(may["GiveRoles"]["Resource"]) == 4
    arguments = steps_of(example)["Train"]["Arguments"]
    assert arguments["RoleArn"] in may["GiveRoles"]["Resource"]
    assert arguments["RoleArn"].endswith("role/inferform/acme-dev-use1-abalone-pipeline-train")


def test_a_short_definition_is_inline_and_a_long_one_in_s3(synthesize: Synthesize) -> None:
    step = {"Name": "A", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    content = {"Version": "2020-12-01", "Steps": [step]}
    short = json.dumps(content)
    found = made(synthesize, PipelineFile(definition=short))
    assert pipeline_of(found)["pipeline_definition"] == short
    assert "aws_s3_object" not in found
    keys = []
    for letter in "ab":
        long = json.dumps({**content, "Metadata": {letter: letter * (2**20 - 200)}})
        found = made(synthesize, PipelineFile(definition=long))
        resource = pipeline_of(found)
        assert "pipeline_definition" not in resource
        assert resource["lifecycle"] == {"ignore_changes": ["pipeline_definition"]}
        (kept,) = found["aws_s3_object"].values()
        assert kept["content"] == long
        keys.append(kept["key"])
    assert keys[0] != keys[1]


def test_a_synthesis_gives_the_same_definition_again(synthesize: Synthesize) -> None:
    one, other = (pipeline_of(made(synthesize, abalone())) for _ in range(2))
    assert one["pipeline_definition"] == other["pipeline_definition"]
    assert Join(values=["a"]).written() == {"Std:Join": {"On": "", "Values": ["a"]}}
