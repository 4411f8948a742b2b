"""`inferform models list|approve|reject|diff|lineage` and `inferform connections set-token`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from inferform import (
    Approval,
    Context,
    Dispatch,
    Environment,
    Image,
    Inference,
    Model,
    ModelPackage,
    ModelPackageGroup,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
)
from ops import connections, lineage, versions
from ops.aws import Aws
from ops.errors import BadInputError, OperatorError
from ops.state import NOT_KNOWN

STAGES: dict[str, Sequence[str]] = {"QA": ["Approved", "Rejected"]}


def environment(context: Context, *, registry: Registry | None = None) -> Environment:
    arn = context.arn("sagemaker", f"model-package/{context.name('fraud')}/1")
    model = Model(image=Image(repository="fraud", tag="1"), artifact="fraud/1/model.tar.gz")
    return Environment(
        context=context,
        network=Network(cidr="10.20.0.0/16", auto_endpoints=True),
        registry=registry
        or Registry(
            repositories={"fraud": Repository()},
            models={"fraud": ModelPackageGroup(stages=STAGES)},
            approvals={
                "pull": Approval(group="fraud", target=Dispatch(repository="acme/inference")),
                "qa": Approval(group="fraud", target=Dispatch(repository="acme/qa"), stages=["QA"]),
            },
        ),
        inference=Inference(
            endpoints={
                "fraud": RealtimeEndpoint(model=ModelPackage(arn=arn), instance_type="ml.m5.large"),
                "plain": RealtimeEndpoint(model=model, instance_type="ml.m5.large"),
            }
        ),
    )


def register(aws: Aws, context: Context, **fields: Any) -> str:
    container = {
        "Image": f"{context.account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1",
        "ModelDataUrl": fields.pop("artifact", "s3://models/a/model.tar.gz"),
    }
    sagemaker: Any = aws.client("sagemaker")
    made = sagemaker.create_model_package(
        ModelPackageGroupName=context.name("fraud"),
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        **fields,
    )
    return str(made["ModelPackageArn"])


@pytest.fixture
def group(aws: Aws, context: Context) -> str:
    name = context.name("fraud")
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    return name


def test_versions_are_listed_with_what_names_them(aws: Aws, context: Context, group: str) -> None:
    found = environment(context)
    for _ in range(2):
        register(aws, context)
    of = versions.group_of(found, "fraud")
    newest, oldest = versions.listed(found, of, aws)
    assert (newest.number, newest.status, newest.pinned_by) == (2, "PendingManualApproval", ())
    assert oldest.pinned_by == ("inference.endpoints.fraud",)
    assert versions.group_of(found, group) == of
    with pytest.raises(BadInputError, match="did you mean fraud"):
        versions.group_of(found, "frad")


def test_a_version_is_approved_with_a_reason_and_a_stage(
    aws: Aws, context: Context, group: str
) -> None:
    found, arn = environment(context), register(aws, context)
    decided = versions.decide(
        found, "fraud/1", "Approved", aws, why="AUC 0.93", stage="QA/Approved"
    )
    assert decided == (arn, "PendingManualApproval")
    said = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert said["ModelApprovalStatus"] == "Approved"
    assert said["ApprovalDescription"] == "AUC 0.93"
    assert said["ModelLifeCycle"] == {"Stage": "QA", "StageStatus": "Approved"}
    assert versions.decide(found, arn, "Rejected", aws, why="slow") == (arn, "Approved")
    said = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert said["ModelLifeCycle"] == {"Stage": "QA", "StageStatus": "Approved"}


def test_what_waits_for_a_decision_is_said(context: Context) -> None:
    found = environment(context)
    assert list(versions.started_by(found, "fraud/1", "Rejected")) == []
    (plain,) = versions.started_by(found, "fraud/1", "Approved")
    assert plain.startswith("pull starts Dispatch")
    assert len(list(versions.started_by(found, "fraud/1", "Approved", "QA/Approved"))) == 2


def test_a_decision_that_aws_would_not_take_is_refused(
    aws: Aws, context: Context, group: str
) -> None:
    found = environment(context)
    register(aws, context)
    for match, given, options in (
        ("needs a reason", "fraud/1", {"why": " "}),
        ("needs a reason", "fraud/1", {"why": "a" * 1025}),
        ("is no version", "fraud", {"why": "good"}),
        ("did you mean QA/Approved", "fraud/1", {"why": "good", "stage": "QA/Aproved"}),
        ("is no stage", "fraud/1", {"why": "good", "stage": "QA"}),
    ):
        with pytest.raises(BadInputError, match=match):
            versions.decide(found, given, "Approved", aws, **options)
    with pytest.raises(OperatorError, match="cannot be read"):
        versions.decide(found, "fraud/7", "Approved", aws, why="good")


def test_two_versions_are_compared_with_their_metrics(
    aws: Aws, context: Context, group: str
) -> None:
    s3 = aws.client("s3")
    bucket = f"metrics-{context.account}"
    s3.create_bucket(Bucket=bucket)
    arns = []
    for auc in (0.91, 0.93):
        s3.put_object(Bucket=bucket, Key=f"{auc}.json", Body=json.dumps({"auc": {"value": auc}}))
        source = {"ContentType": "application/json", "S3Uri": f"s3://{bucket}/{auc}.json"}
        arns.append(register(aws, context, ModelMetrics={"ModelQuality": {"Statistics": source}}))
    arns.append(register(aws, context))
    rows = {path: values for path, *values in versions.difference(arns[0], arns[1], aws)}
    assert rows == {
        "ModelMetrics.ModelQuality.Statistics.S3Uri": [
            f"s3://{bucket}/0.91.json",
            f"s3://{bucket}/0.93.json",
        ],
        "ModelQuality.Statistics.auc.value": ["0.91", "0.93"],
    }
    s3.delete_object(Bucket=bucket, Key="0.91.json")
    rows = {path: values for path, *values in versions.difference(arns[0], arns[1], aws)}
    assert rows["ModelQuality.Statistics"][0].startswith("not known: ")


def test_what_runs_leads_back_to_its_data_and_commit(
    aws: Aws, context: Context, group: str
) -> None:
    sagemaker: Any = aws.client("sagemaker")
    role = context.arn("iam", "role/r")
    sagemaker.create_training_job(
        TrainingJobName="fraud-7",
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/2026-11/"}
                },
            }
        ],
        OutputDataConfig={"S3OutputPath": "s3://models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    job = sagemaker.describe_training_job(TrainingJobName="fraud-7")
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    version = register(aws, context, artifact=artifact, MetadataProperties={"CommitId": "0af3c1d"})
    for name, container in (
        ("fraud", {"ModelPackageName": version}),
        ("plain", {"Image": "image", "ModelDataUrl": "s3://by-hand/model.tar.gz"}),
    ):
        own = context.name(name)
        sagemaker.create_model(ModelName=own, ExecutionRoleArn=role, PrimaryContainer=container)
        variant = {"VariantName": "main", "ModelName": own, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=own,
            ProductionVariants=[{**variant, "InitialInstanceCount": 1}],
        )
        sagemaker.create_endpoint(EndpointName=own, EndpointConfigName=own)
    found = environment(context)
    (known,) = lineage.origins(found, aws, "fraud")
    assert known.version == version
    assert known.artifact == artifact
    assert known.training_job == job["TrainingJobArn"]
    assert known.data == ("train: s3://data/2026-11/",)
    assert known.commit == "0af3c1d"
    assert known.notes == ()
    (other,) = lineage.origins(found, aws, "plain")
    assert other.artifact == "s3://by-hand/model.tar.gz"
    assert other.training_job == other.commit == NOT_KNOWN
    assert len(other.notes) == 2
    with pytest.raises(BadInputError, match="has no endpoint frod"):
        list(lineage.origins(found, aws, "frod"))


def test_a_token_reaches_eventbridge_and_nothing_else(aws: Aws, context: Context) -> None:
    found = environment(context)
    name = connections.connection_of(found, "pull")
    with pytest.raises(OperatorError, match="deploy the registry first") as refusal:
        connections.set_token(name, "ghp_secret", aws)
    assert "ghp_secret" not in str(refusal.value)
    key = {"ApiKeyName": "Authorization", "ApiKeyValue": "unset"}
    events = aws.any_client("events")
    events.create_connection(
        Name=name, AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": key}
    )
    assert connections.set_token(name, "ghp_secret\n", aws) == "AUTHORIZED"
    for wrong in ("", "two words", "ünicode", "a" * 501):
        with pytest.raises(BadInputError, match="no header takes"):
            connections.set_token(name, wrong, aws)
    with pytest.raises(BadInputError, match="did you mean pull"):
        connections.connection_of(found, "pul")
