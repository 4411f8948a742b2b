"""AWS's published samples of drift detection and of safe deployment, resource by resource: what Inferform makes in the
place of each, and why whatever is otherwise is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    Approval,
    Channel,
    Context,
    DataCapture,
    DriftMonitor,
    Environment,
    Inference,
    InvocationsPerInstance,
    ModelPackage,
    ModelPackageGroup,
    NetworkOutputs,
    OnDrift,
    OnSchedule,
    RealtimeEndpoint,
    Registry,
    Retraining,
    Scaling,
    StartCodePipeline,
    TargetTracking,
    Training,
    TrainingJob,
)
from inferform.layers import program
from tests.conftest import ROOT, stacks_in

SAMPLES = ROOT / "tests/published"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/drift:1"
HOURLY = OnSchedule(schedule="cron(0 * * * ? *)")

NAMES = "names are made of the Context and a short name"
PINNED = "the file names the version, and a pull request changes it"
COMPUTED = "the ARN or the name is computed, where CloudFormation refers to it"
LINKED = "Application Auto Scaling has a role of its own, which AWS makes"
OWN_ROLE = "the model has a role of its own"
ENCRYPTED = "what is written and the volumes are encrypted by the environment's key"
CLOSED = "Model Monitor is closed to new customers: a metric of our own is measured by a job, in a namespace of its own"
SILENT = "without data in a window there is no verdict, and no alarm"
ONE_VARIANT = "the only variant of an endpoint is called primary"
ISOLATED = "containers are isolated, and in the environment's subnets"
WHOLE = "a drift index is compared as it is; an average of one value is the same"
RESOURCES = "alarms are named by their ARNs, so that one of the same name elsewhere starts nothing"
ONCE = "SageMaker tells each change of a version, and only one of its status is meant"
APPROVED = "a rejection deploys nothing"
MACHINE = "a retraining is a state machine, whose definition AWS checks while Terraform plans"
AT_LEAST = "AWS's default, which one of both leaves out"


def environment() -> Environment:
    """What both samples have, as an environment."""
    job = TrainingJob(
        image=IMAGE, instance_type="ml.m5.xlarge", channels={"train": Channel(uri="data/")}
    )
    tracking = TargetTracking(
        metric=InvocationsPerInstance(invocations_per_minute=750),
        scale_in_cooldown_seconds=60,
        scale_out_cooldown_seconds=60,
    )
    return Environment(
        context=Context(
            organization="acme",
            stage="prod",
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
        registry=Registry(
            models={"fraud": ModelPackageGroup()},
            approvals={
                "deploy": Approval(group="fraud", target=StartCodePipeline(name="deploy-fraud"))
            },
        ),
        inference=Inference(
            endpoints={
                "fraud": RealtimeEndpoint(
                    model=ModelPackage(
                        arn="arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/1"
                    ),
                    instance_type="ml.m5.large",
                    data_capture=DataCapture(
                        destination="s3://artifacts/data-capture",
                        csv_content_types=["text/csv"],
                        json_content_types=["application/json"],
                    ),
                    scaling=Scaling(min_capacity=2, max_capacity=4, policies=[tracking]),
                )
            }
        ),
        training=Training(
            retrainings={
                "fraud": Retraining(
                    train=job,
                    triggers=[
                        OnSchedule(schedule="cron(0 12 1 * ? *)"),
                        OnDrift(monitor="fraud"),
                    ],
                )
            },
            monitors={
                "fraud": DriftMonitor(
                    endpoint="fraud",
                    image=IMAGE,
                    baseline="s3://artifacts/baseline/",
                    instance_type="ml.m5.xlarge",
                    schedule=HOURLY,
                    window_hours=1,
                    thresholds={"psi_max": 0.4},
                )
            },
        ),
    )


@dataclass(frozen=True)
class Made:
    """A resource of Terraform that stands instead of one of a sample."""

    kind: str
    name: str = ""
    """The end of its name, where the type has several."""


SCHEDULE = Made("aws_scheduler_schedule", "-drift")
MODEL = Made("aws_sagemaker_model")
CONFIGURATION = Made("aws_sagemaker_endpoint_configuration")
ENDPOINT = Made("aws_sagemaker_endpoint")
TARGET = Made("aws_appautoscaling_target")
POLICY = Made("aws_appautoscaling_policy")
ALARM = Made("aws_cloudwatch_metric_alarm", "-drift-psi_max")
DRIFT = Made("aws_cloudwatch_event_rule", "-retraining-drift")
APPROVAL = Made("aws_cloudwatch_event_rule", "-approval-deploy")

PLACES: Mapping[str, Mapping[str, Made | str]] = {
    "drift-detection": {
        "LatestApproved": MODEL,
        "EndpointConfig": CONFIGURATION,
        "Endpoint": ENDPOINT,
        "AutoScaling": TARGET,
        "AutoScalingPolicy": POLICY,
        "MonitoringSchedule": SCHEDULE,
        "DriftAlarm": ALARM,
        "buildDriftRule57B559DE": DRIFT,
        "deployModelRegistryRule7580001A": APPROVAL,
        "buildPipelineStartpipelineCE56AAFD": Made("aws_scheduler_schedule", "-schedule"),
        "buildSagemakerPipelineRule62AAE2D7": "a schedule that starts too early is told (EVT8), and "
        "no function switches rules on and off",
        **dict.fromkeys(
            (
                "buildPipelineChangeFunction2A12C006",
                "buildSagemakerPipelineRuleAllowEventRulepipelinesbuildPipelineChangeFunctionEEDEF21DA4D211D6",
                "lambda8B5974B5",
                "lambdaDefaultPolicy1B66924E",
                "buildCrPipelineNameLowercaseCB400AA5",
            ),
            "no function stands between, so there is none to build or to patch",
        ),
        **dict.fromkeys(
            (
                *("buildCodeRepo98CC3CA1", "buildCodeCommitRule053DDAC9"),
                *("deployCodeRepoB16477B8", "deployCodeCommitRule27D7EEDD"),
                *("buildPipelineBuild46F8E223", "buildPipelineC97C8E56"),
                *("deployCdkBuildD37E4932", "deployPipelineE4C9DF81"),
            ),
            "the repository and its CI are the team's own: inferform init writes their pipelines",
        ),
    },
    "safe-deployment": {
        "Model": MODEL,
        "EndpointConfig": CONFIGURATION,
        "Endpoint": ENDPOINT,
        "AutoScaling": TARGET,
        "AutoScalingPolicy": POLICY,
        "SagemakerMonitoringSchedule": SCHEDULE,
        "SagemakerScheduleAlarm": ALARM,
        **dict.fromkeys(
            (
                *("ApiFunction", "ApiFunctionRole"),
                *("PreTrafficLambdaFunction", "PostTrafficLambdaFunction"),
                *(
                    "AliasErrorMetricGreaterThanZeroAlarm",
                    "LatestVersionErrorMetricGreaterThanZeroAlarm",
                ),
            ),
            "traffic is moved by SageMaker's own guardrails, with alarms on the endpoint, and not by "
            "versions of a function before it",
        ),
    },
}
"""What stands instead of each resource of a sample, or why nothing does."""

EXPLAINED: Mapping[str, str] = {
    r"AWS::SageMaker::Model\.(ModelName|Name)": NAMES,
    r"AWS::SageMaker::Model\.ExecutionRoleArn": OWN_ROLE,
    r"AWS::SageMaker::Model\.PrimaryContainer\..*": PINNED,
    r"AWS::SageMaker::Model\.(VpcConfig\..*|EnableNetworkIsolation)": ISOLATED,
    r"AWS::SageMaker::EndpointConfig\.(EndpointConfigName|Name)": NAMES,
    r"AWS::SageMaker::EndpointConfig\.(DataCaptureConfig\.)?Kms.*": ENCRYPTED,
    r"AWS::SageMaker::EndpointConfig\.ProductionVariants\.0\.ModelName": COMPUTED,
    r"AWS::SageMaker::EndpointConfig\.ProductionVariants\.0\.VariantName": ONE_VARIANT,
    r"AWS::SageMaker::EndpointConfig\.DataCaptureConfig\.DestinationS3Uri": NAMES,
    r"AWS::SageMaker::Endpoint\.(EndpointConfigName|EndpointName|Name)": NAMES,
    r"AWS::SageMaker::Endpoint\.DeploymentConfig\..*": "an update is rolled back where an alarm fires",
    r"AWS::ApplicationAutoScaling::ScalableTarget\.(ResourceId|RoleARN)": LINKED,
    r"AWS::ApplicationAutoScaling::ScalableTarget\.MaxCapacity": "one environment stands for both samples",
    r"AWS::ApplicationAutoScaling::ScalingPolicy\.(ResourceId|PolicyName|Name)": NAMES,
    r"AWS::ApplicationAutoScaling::ScalingPolicy\..*\.DisableScaleIn": AT_LEAST,
    r"AWS::CloudWatch::Alarm\.(AlarmName|AlarmDescription)": NAMES,
    r"AWS::CloudWatch::Alarm\.(MetricName|Namespace|Threshold|Dimensions\..*)": CLOSED,
    r"AWS::CloudWatch::Alarm\.TreatMissingData": SILENT,
    r"AWS::CloudWatch::Alarm\.DatapointsToAlarm": AT_LEAST,
    r"AWS::CloudWatch::Alarm\.(Statistic|Period)": WHOLE,
    r"AWS::Events::Rule\.(Name|Description)": NAMES,
    r"AWS::Events::Rule\.State": AT_LEAST,
    r"AWS::Events::Rule\.EventPattern\.detail\.alarmName\..*": RESOURCES,
    r"AWS::Events::Rule\.EventPattern\.resources\..*": RESOURCES,
    r"AWS::Events::Rule\.EventPattern\.detail\.ModelPackageGroupName\.0": NAMES,
    r"AWS::Events::Rule\.EventPattern\.detail\.ModelApprovalStatus\.1": APPROVED,
    r"AWS::Events::Rule\.EventPattern\.detail\.(ModelPackageStatus\.0|\$or\..*)": ONCE,
    r"AWS::Events::Rule\.Targets\..*": MACHINE,
}
"""Why a property is otherwise, by a pattern of its type and path."""

# What belongs to Terraform, and not to the resource.
_TERRAFORM = {"depends_on", "lifecycle", "//", "tags", "tags_all", "provider", "timeouts"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The resources of every layer, by type."""
    outdir = tmp_path_factory.mktemp("published")
    program.synthesize([environment()], outdir=outdir)
    found: dict[str, dict[str, Any]] = {}
    for stack in stacks_in(outdir).values():
        for kind, each in stack.get("resource", {}).items():
            found.setdefault(kind, {}).update(each)
    return found


def sample(name: str) -> dict[str, dict[str, Any]]:
    """The resources of a sample."""
    found: dict[str, dict[str, Any]] = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    return found


def resource(made: Mapping[str, Mapping[str, Any]], place: Made) -> dict[str, Any]:
    """What stands instead of a resource of a sample."""
    named = ("name", "alarm_name")
    (found,) = [
        each
        for each in made[place.kind].values()
        if not place.name or any(str(each.get(key, "")).endswith(place.name) for key in named)
    ]
    return dict(found)


def pascal(name: str) -> str:
    """An attribute of Terraform as CloudFormation calls it."""
    return "".join(part.capitalize() for part in name.split("_"))


def shaped(value: Any) -> Any:
    """Attributes of Terraform as properties of CloudFormation."""
    if isinstance(value, dict):
        return {
            pascal(name): shaped(each) for name, each in value.items() if name not in _TERRAFORM
        }
    if isinstance(value, list):
        return [shaped(each) for each in value]
    return value


def properties(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a resource as properties: an event pattern is what it says, and dimensions are named."""
    found: dict[str, Any] = shaped(dict(resource))
    if "EventPattern" in found:
        found["EventPattern"] = json.loads(found["EventPattern"])
    return found


def declared(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a sample, with dimensions by their names."""
    found = dict(properties)
    if "Dimensions" in found:
        found["Dimensions"] = {each["Name"]: each["Value"] for each in found["Dimensions"]}
    return found


def flat(value: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every value by its path; what CloudFormation refers to is one value."""
    if isinstance(value, dict) and value and not any(k == "Ref" or "Fn::" in k for k in value):
        for name, each in value.items():
            yield from flat(each, *path, name)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from flat(each, *path, str(index))
    else:
        # Terraform has every number as it is, and CloudFormation some as text.
        yield ".".join(path), float(value) if isinstance(value, int) else value


def compared(
    name: str, made: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str, Any, Any]]:
    """Each property of a sample that has a place: its type with its path, and both values."""
    resources = sample(name)
    for logical, place in PLACES[name].items():
        if not isinstance(place, Made) or place.kind == "aws_scheduler_schedule":
            continue
        kind = resources[logical]["Type"]
        theirs = dict(flat(declared(resources[logical]["Properties"]), kind))
        ours = dict(flat(properties(resource(made, place)), kind))
        for path in sorted(theirs.keys() | ours.keys()):
            yield logical, path, theirs.get(path), ours.get(path)


@pytest.mark.parametrize("name", PLACES)
def test_every_resource_of_a_sample_has_its_place_or_a_reason(name: str) -> None:
    assert sample(name).keys() == PLACES[name].keys()


def test_every_property_that_is_otherwise_is_explained(made: dict[str, dict[str, Any]]) -> None:
    otherwise = {
        path: (theirs, ours)
        for name in PLACES
        for _, path, theirs, ours in compared(name, made)
        if theirs != ours
    }
    used = {
        pattern: {path for path in otherwise if re.fullmatch(pattern, path)}
        for pattern in EXPLAINED
    }
    explained = {path for paths in used.values() for path in paths}
    assert {path: otherwise[path] for path in otherwise.keys() - explained} == {}
    # No explanation is of a difference that there is not.
    assert [pattern for pattern, paths in used.items() if not paths] == []


def test_what_a_sample_says_comes_out_as_it_is(made: dict[str, dict[str, Any]]) -> None:
    same = {
        path for name in PLACES for _, path, theirs, ours in compared(name, made) if theirs == ours
    }
    policy = "AWS::ApplicationAutoScaling::ScalingPolicy.TargetTrackingScalingPolicyConfiguration"
    assert {
        "AWS::SageMaker::EndpointConfig.ProductionVariants.0.InitialInstanceCount",
        "AWS::SageMaker::EndpointConfig.DataCaptureConfig.CaptureContentTypeHeader.CsvContentTypes.0",
        "AWS::SageMaker::EndpointConfig.DataCaptureConfig.InitialSamplingPercentage",
        "AWS::ApplicationAutoScaling::ScalableTarget.MinCapacity",
        f"{policy}.TargetValue",
        f"{policy}.ScaleInCooldown",
        "AWS::CloudWatch::Alarm.ComparisonOperator",
        "AWS::Events::Rule.EventPattern.detail.state.value.0",
        "AWS::Events::Rule.EventPattern.detail-type.0",
        "AWS::Events::Rule.EventPattern.detail.ModelApprovalStatus.0",
    } <= same


@pytest.mark.parametrize(
    ("name", "logical"),
    [
        ("drift-detection", "MonitoringSchedule"),
        ("safe-deployment", "SagemakerMonitoringSchedule"),
    ],
)
def test_a_monitoring_schedule_is_a_job_on_a_schedule(
    name: str, logical: str, made: dict[str, dict[str, Any]]
) -> None:
    asked = sample(name)[logical]["Properties"]["MonitoringScheduleConfig"]
    theirs = asked["MonitoringJobDefinition"]
    # Model Monitor's expressions have the seconds of Quartz, and a day of the month that is not asked.
    assert asked["ScheduleConfig"]["ScheduleExpression"] == "cron(0 * ? * * *)"
    assert resource(made, SCHEDULE)["schedule_expression"] == HOURLY.schedule
    machine = resource(made, Made("aws_sfn_state_machine", "-drift"))
    ours = json.loads(machine["definition"])["States"]["Measure"]["Parameters"]
    cluster = dict(theirs["MonitoringResources"]["ClusterConfig"])
    cluster.pop("VolumeKmsKeyId", None)
    assert cluster.items() <= ours["ProcessingResources"]["ClusterConfig"].items()
    inputs = {each["InputName"]: each["S3Input"] for each in ours["ProcessingInputs"]}
    assert inputs["baseline"]["S3Uri"] == "s3://artifacts/baseline/"
    assert inputs["captured"]["S3Uri"].startswith("s3://artifacts/data-capture/")
    (output,) = ours["ProcessingOutputConfig"]["Outputs"]
    assert "S3Uri.$" in output["S3Output"]
    assert len(theirs["MonitoringOutputConfig"]["MonitoringOutputs"]) == 1


def test_the_schedule_of_the_sample_starts_the_retraining(
    made: dict[str, dict[str, Any]],
) -> None:
    rule = sample("drift-detection")["buildPipelineStartpipelineCE56AAFD"]["Properties"]
    schedule = resource(made, Made("aws_scheduler_schedule", "-schedule"))
    assert schedule["schedule_expression"] == rule["ScheduleExpression"]


def test_samples_are_the_only_files_of_their_folder() -> None:
    assert {file.stem for file in Path(SAMPLES).glob("*.json")} == PLACES.keys()
