"""SageMaker hosting as Terraform and the operator's commands meet it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

ROLE = "arn:aws:iam::123456789012:role/endpoint"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"


@pytest.fixture
def sagemaker(client: Client) -> Any:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="fraud", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE}
    )
    return sagemaker


def variant(name: str = "main", **fields: Any) -> dict[str, Any]:
    given = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "ModelName": "fraud"}
    return {"VariantName": name, **given, **fields}


def configure(sagemaker: Any, name: str, *variants: dict[str, Any], **fields: Any) -> None:
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=list(variants) or [variant()], **fields
    )


def refused(match: str) -> Any:
    return pytest.raises(ClientError, match=rf"\(ValidationException\).*{match}")


# Models


def test_a_model_comes_back_as_it_was_given(client: Client) -> None:
    sagemaker = client("sagemaker")
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/a.tar.gz", "Environment": {"A": "1"}}
    sagemaker.create_model(
        ModelName="fraud",
        ExecutionRoleArn=ROLE,
        PrimaryContainer=container,
        VpcConfig=vpc,
        EnableNetworkIsolation=True,
    )
    model = sagemaker.describe_model(ModelName="fraud")
    assert model["PrimaryContainer"] == {**container, "Mode": "SingleModel"}
    assert model["VpcConfig"] == vpc
    assert model["EnableNetworkIsolation"] is True
    assert "Containers" not in model


def test_a_model_answers_nothing_that_was_not_given(sagemaker: Any) -> None:
    model = sagemaker.describe_model(ModelName="fraud")
    assert model["EnableNetworkIsolation"] is False
    assert not {"VpcConfig", "Containers", "InferenceExecutionConfig"} & set(model)


def test_a_pipeline_of_containers_keeps_how_they_are_called(client: Client) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="steps",
        ExecutionRoleArn=ROLE,
        Containers=[{"Image": IMAGE}, {"Image": IMAGE, "Mode": "MultiModel"}],
        InferenceExecutionConfig={"Mode": "Direct"},
    )
    model = sagemaker.describe_model(ModelName="steps")
    assert model["InferenceExecutionConfig"] == {"Mode": "Direct"}
    assert [each["Mode"] for each in model["Containers"]] == ["SingleModel", "MultiModel"]
    assert "PrimaryContainer" not in model


def test_a_model_name_that_is_taken_is_refused(sagemaker: Any) -> None:
    with refused("already existing model"):
        sagemaker.create_model(
            ModelName="fraud", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE}
        )


def test_a_model_needs_one_kind_of_container(client: Client) -> None:
    with refused("exactly one of PrimaryContainer and Containers"):
        client("sagemaker").create_model(ModelName="fraud", ExecutionRoleArn=ROLE)


# Endpoint configurations


def test_a_configuration_keeps_every_field(sagemaker: Any) -> None:
    given = {
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 20,
            "DestinationS3Uri": "s3://capture/fraud",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
        "ShadowProductionVariants": [variant("shadow")],
        "ExecutionRoleArn": ROLE,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "EnableNetworkIsolation": True,
        "KmsKeyId": "alias/endpoints",
    }
    configure(sagemaker, "fraud-1", variant(InitialVariantWeight=0.75), **given)
    config = sagemaker.describe_endpoint_config(EndpointConfigName="fraud-1")
    assert {name: config[name] for name in given} == given
    assert config["ProductionVariants"] == [variant(InitialVariantWeight=0.75)]


def test_a_configuration_answers_nothing_that_was_not_given(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1")
    config = sagemaker.describe_endpoint_config(EndpointConfigName="fraud-1")
    absent = {"DataCaptureConfig", "AsyncInferenceConfig", "ShadowProductionVariants", "KmsKeyId"}
    assert not absent & set(config)


def test_an_asynchronous_configuration_keeps_its_settings(sagemaker: Any) -> None:
    given = {
        "OutputConfig": {"S3OutputPath": "s3://out/", "S3FailurePath": "s3://failed/"},
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
    }
    configure(sagemaker, "slow", AsyncInferenceConfig=given)
    config = sagemaker.describe_endpoint_config(EndpointConfigName="slow")
    assert config["AsyncInferenceConfig"] == given


def test_a_serverless_configuration_keeps_its_settings(sagemaker: Any) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 1}
    configure(
        sagemaker,
        "rare",
        {"VariantName": "main", "ModelName": "fraud", "ServerlessConfig": serverless},
    )
    sagemaker.create_endpoint(EndpointName="rare", EndpointConfigName="rare")
    config = sagemaker.describe_endpoint_config(EndpointConfigName="rare")
    assert config["ProductionVariants"][0]["ServerlessConfig"] == serverless
    running = sagemaker.describe_endpoint(EndpointName="rare")["ProductionVariants"][0]
    assert running["CurrentServerlessConfig"] == serverless


def test_every_instance_type_of_the_api_is_taken(sagemaker: Any) -> None:
    shape = boto3.session.Session().client("sagemaker", region_name="us-east-1").meta
    types = shape.service_model.shape_for("ProductionVariantInstanceType").enum
    assert {"ml.g5.xlarge", "ml.m6i.large", "ml.c7g.large"} <= set(types)
    for instance_type in types[:: len(types) // 20]:
        configure(
            sagemaker,
            instance_type.replace(".", "-"),
            variant(InstanceType=instance_type),
        )


def test_an_unknown_instance_type_is_refused(sagemaker: Any) -> None:
    with refused("'ml.m99.huge'.*enum value set"):
        configure(sagemaker, "fraud-1", variant(InstanceType="ml.m99.huge"))


def test_a_configuration_name_that_is_taken_is_refused(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1")
    with refused("already existing endpoint configuration"):
        configure(sagemaker, "fraud-1")


def test_a_configuration_of_an_unknown_model_is_refused(sagemaker: Any) -> None:
    with refused("Could not find model"):
        configure(sagemaker, "fraud-1", variant(ModelName="ghost"))
    with refused("Could not find model"):
        configure(
            sagemaker, "fraud-1", ShadowProductionVariants=[variant("shadow", ModelName="ghost")]
        )


def test_two_variants_of_one_name_are_refused(sagemaker: Any) -> None:
    with refused("non-unique variant name"):
        configure(sagemaker, "fraud-1", variant(), variant())


def test_a_variant_may_leave_its_model_to_inference_components(sagemaker: Any) -> None:
    given = {"VariantName": "main", "InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}
    configure(sagemaker, "shared", given, ExecutionRoleArn=ROLE)
    config = sagemaker.describe_endpoint_config(EndpointConfigName="shared")
    assert config["ProductionVariants"] == [given]


# Endpoints


def test_an_endpoint_runs_what_its_configuration_says(sagemaker: Any) -> None:
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://capture/fraud",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    configure(
        sagemaker,
        "fraud-1",
        variant(InitialInstanceCount=2),
        DataCaptureConfig=capture,
        ShadowProductionVariants=[variant("shadow")],
    )
    rolling = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "fraud-errors"}]},
    }
    sagemaker.create_endpoint(
        EndpointName="fraud", EndpointConfigName="fraud-1", DeploymentConfig=rolling
    )
    endpoint = sagemaker.describe_endpoint(EndpointName="fraud")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["LastDeploymentConfig"] == rolling
    assert endpoint["DataCaptureConfig"]["CaptureStatus"] == "Started"
    assert endpoint["ShadowProductionVariants"][0]["VariantName"] == "shadow"
    running = endpoint["ProductionVariants"][0]
    assert running["CurrentInstanceCount"] == running["DesiredInstanceCount"] == 2
    assert running["CurrentWeight"] == 1
    assert running["DeployedImages"][0]["SpecifiedImage"] == IMAGE


def test_an_endpoint_is_updated_in_place(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1")
    configure(sagemaker, "fraud-2", variant(InitialInstanceCount=3))
    created = sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")
    updated = sagemaker.update_endpoint(EndpointName="fraud", EndpointConfigName="fraud-2")
    assert updated["EndpointArn"] == created["EndpointArn"]
    endpoint = sagemaker.describe_endpoint(EndpointName="fraud")
    assert endpoint["EndpointConfigName"] == "fraud-2"
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert "PendingDeploymentSummary" not in endpoint


def test_an_update_can_keep_counts_and_weights(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1")
    configure(sagemaker, "fraud-2", variant(InitialInstanceCount=1, InitialVariantWeight=0.5))
    configure(sagemaker, "fraud-3", variant(InitialInstanceCount=1, InitialVariantWeight=0.5))
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="fraud",
        DesiredWeightsAndCapacities=[
            {"VariantName": "main", "DesiredInstanceCount": 6, "DesiredWeight": 0.25}
        ],
    )
    sagemaker.update_endpoint(
        EndpointName="fraud", EndpointConfigName="fraud-2", RetainAllVariantProperties=True
    )
    running = sagemaker.describe_endpoint(EndpointName="fraud")["ProductionVariants"][0]
    assert (running["DesiredInstanceCount"], running["DesiredWeight"]) == (6, 0.25)
    sagemaker.update_endpoint(
        EndpointName="fraud",
        EndpointConfigName="fraud-3",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    running = sagemaker.describe_endpoint(EndpointName="fraud")["ProductionVariants"][0]
    assert (running["DesiredInstanceCount"], running["DesiredWeight"]) == (6, 0.5)


def test_an_update_keeps_the_deployment_settings_only_when_told_to(sagemaker: Any) -> None:
    routing = {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}}
    rolling = {"BlueGreenUpdatePolicy": routing}
    for number in (1, 2, 3):
        configure(sagemaker, f"fraud-{number}")
    sagemaker.create_endpoint(
        EndpointName="fraud", EndpointConfigName="fraud-1", DeploymentConfig=rolling
    )
    sagemaker.update_endpoint(
        EndpointName="fraud", EndpointConfigName="fraud-2", RetainDeploymentConfig=True
    )
    endpoint = sagemaker.describe_endpoint(EndpointName="fraud")
    assert endpoint["LastDeploymentConfig"] == rolling
    sagemaker.update_endpoint(EndpointName="fraud", EndpointConfigName="fraud-3")
    assert "LastDeploymentConfig" not in sagemaker.describe_endpoint(EndpointName="fraud")


def test_a_new_weight_leaves_the_instance_count_alone(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1", variant(InitialInstanceCount=2))
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="fraud",
        DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredWeight": 5}],
    )
    running = sagemaker.describe_endpoint(EndpointName="fraud")["ProductionVariants"][0]
    assert (running["CurrentInstanceCount"], running["CurrentWeight"]) == (2, 5)


GUARDED = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    }
}
SERVERLESS = {
    "VariantName": "main",
    "ModelName": "fraud",
    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
}


@pytest.fixture
def serving(sagemaker: Any) -> Any:
    configure(sagemaker, "old")
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="old")
    return sagemaker


def test_guardrails_need_the_same_variants_on_both_sides(serving: Any) -> None:
    configure(serving, "renamed", variant("other"))
    with refused("same variant names"):
        serving.update_endpoint(
            EndpointName="fraud", EndpointConfigName="renamed", DeploymentConfig=GUARDED
        )
    serving.update_endpoint(EndpointName="fraud", EndpointConfigName="renamed")
    described = serving.describe_endpoint(EndpointName="fraud")
    assert [each["VariantName"] for each in described["ProductionVariants"]] == ["other"]


def test_instances_do_not_become_serverless(serving: Any) -> None:
    configure(serving, "serverless", SERVERLESS)
    with refused("serverless"):
        serving.update_endpoint(EndpointName="fraud", EndpointConfigName="serverless")


def test_a_registered_variant_keeps_its_instance_type(serving: Any, client: Client) -> None:
    scaling = client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/fraud/variant/main",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    configure(serving, "larger", variant(InstanceType="ml.m5.xlarge"))
    configure(serving, "renamed", variant("other"))
    for name in ("larger", "renamed"):
        with refused("deregister"):
            serving.update_endpoint(EndpointName="fraud", EndpointConfigName=name)
    scaling.deregister_scalable_target(**target)
    serving.update_endpoint(EndpointName="fraud", EndpointConfigName="larger")
    assert serving.describe_endpoint(EndpointName="fraud")["EndpointConfigName"] == "larger"


def test_names_that_do_not_exist_are_refused_as_aws_does(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1")
    with refused('Could not find endpoint "arn:aws:sagemaker'):
        sagemaker.describe_endpoint(EndpointName="ghost")
    with refused('Could not find endpoint "'):
        sagemaker.update_endpoint(EndpointName="ghost", EndpointConfigName="fraud-1")
    with refused('Could not find endpoint "'):
        sagemaker.delete_endpoint(EndpointName="ghost")
    with refused('Could not find endpoint configuration "'):
        sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="ghost")
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")
    with refused('Could not find endpoint configuration "'):
        sagemaker.update_endpoint(EndpointName="fraud", EndpointConfigName="ghost")
    with refused('Could not find endpoint configuration "'):
        sagemaker.delete_endpoint_config(EndpointConfigName="ghost")


def test_an_endpoint_whose_configuration_was_deleted_cannot_be_updated(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1")
    configure(sagemaker, "fraud-2")
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")
    sagemaker.delete_endpoint_config(EndpointConfigName="fraud-1")
    with refused("endpoint-config/fraud-1"):
        sagemaker.update_endpoint(EndpointName="fraud", EndpointConfigName="fraud-2")


def test_endpoint_names_do_not_differ_by_case(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1")
    sagemaker.create_endpoint(EndpointName="Fraud", EndpointConfigName="fraud-1")
    assert sagemaker.describe_endpoint(EndpointName="fraud")["EndpointName"] == "Fraud"
    with refused("already existing endpoint"):
        sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")


def test_a_tag_is_replaced_and_not_repeated(sagemaker: Any) -> None:
    configure(sagemaker, "fraud-1")
    arn = sagemaker.create_endpoint(
        EndpointName="fraud",
        EndpointConfigName="fraud-1",
        Tags=[{"Key": "owner", "Value": "a"}, {"Key": "stage", "Value": "dev"}],
    )["EndpointArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "b"}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "owner", "Value": "b"},
        {"Key": "stage", "Value": "dev"},
    ]
    with refused("Could not find"):
        sagemaker.list_tags(ResourceArn=arn.replace("fraud", "ghost"))


def test_accounts_do_not_see_each_others_endpoints(
    sagemaker: Any, client_of: Callable[[str], Client]
) -> None:
    configure(sagemaker, "fraud-1")
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="fraud-1")
    other = client_of("999999999999")("sagemaker")
    with refused("999999999999:endpoint/fraud"):
        other.describe_endpoint(EndpointName="fraud")


# Model packages


def register(sagemaker: Any, **fields: Any) -> str:
    answer = sagemaker.create_model_package(
        ModelPackageGroupName="fraud",
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://models/a.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        **fields,
    )
    return str(answer["ModelPackageArn"])


@pytest.fixture
def registry(client: Client) -> Any:
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="fraud")
    return sagemaker


def test_the_newest_approved_version_of_a_model_is_found(registry: Any) -> None:
    first = register(registry, ModelApprovalStatus="Approved")
    second = register(registry)
    listed = registry.list_model_packages(
        ModelPackageGroupName="fraud",
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )["ModelPackageSummaryList"]
    assert [each["ModelPackageArn"] for each in listed] == [first]
    registry.update_model_package(ModelPackageArn=second, ModelApprovalStatus="Approved")
    listed = registry.list_model_packages(
        ModelPackageGroupName="fraud", ModelApprovalStatus="Approved", SortOrder="Descending"
    )["ModelPackageSummaryList"]
    assert [each["ModelPackageVersion"] for each in listed] == [2, 1]


def test_a_version_waits_for_approval(registry: Any) -> None:
    arn = register(registry)
    package = registry.describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["InferenceSpecification"]["Containers"][0]["Image"] == IMAGE


def test_an_approval_keeps_what_it_does_not_change(registry: Any) -> None:
    arn = register(registry, CustomerMetadataProperties={"git": "abc"})
    registry.update_model_package(ModelPackageArn=arn, ApprovalDescription="looks good")
    registry.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={"auc": "0.9"},
    )
    package = registry.describe_model_package(ModelPackageName=arn)
    assert package["ApprovalDescription"] == "looks good"
    assert package["CustomerMetadataProperties"] == {"git": "abc", "auc": "0.9"}


def test_a_versions_number_is_never_given_again(registry: Any) -> None:
    first, _, third = (register(registry) for _ in range(3))
    registry.delete_model_package(ModelPackageName=first)
    assert register(registry).endswith("/4")
    assert registry.describe_model_package(ModelPackageName=third)["ModelPackageVersion"] == 3
    with refused("not found"):
        registry.describe_model_package(ModelPackageName=first)


def test_a_group_is_deleted_once_it_is_empty(registry: Any) -> None:
    arn = register(registry)
    with pytest.raises(ClientError, match="ConflictException"):
        registry.delete_model_package_group(ModelPackageGroupName="fraud")
    registry.delete_model_package(ModelPackageName=arn)
    registry.delete_model_package_group(ModelPackageGroupName="fraud")
    with refused("does not exist"):
        registry.describe_model_package_group(ModelPackageGroupName="fraud")


def test_a_group_has_a_policy_and_tags(registry: Any) -> None:
    with refused("Cannot find resource policy"):
        registry.get_model_package_group_policy(ModelPackageGroupName="fraud")
    registry.put_model_package_group_policy(ModelPackageGroupName="fraud", ResourcePolicy="{}")
    policy = registry.get_model_package_group_policy(ModelPackageGroupName="fraud")
    assert policy["ResourcePolicy"] == "{}"
    registry.delete_model_package_group_policy(ModelPackageGroupName="fraud")
    with refused("Cannot find resource policy"):
        registry.get_model_package_group_policy(ModelPackageGroupName="fraud")
    with refused("already exists"):
        registry.create_model_package_group(ModelPackageGroupName="fraud")


def test_a_version_has_tags(registry: Any) -> None:
    arn = register(registry)
    registry.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "a"}])
    assert registry.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "a"}]
