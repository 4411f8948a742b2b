"""IoT and Greengrass V2: tags, versions of components, deployments and what devices make of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
Control = Callable[..., dict[str, Any]]

COMPONENT = "com.acme.detect"


def refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**given)
    answer = error.value.response["Error"]
    return f"{answer['Code']}: {answer['Message']}"


# Tags of IoT


@pytest.mark.parametrize(
    ("create", "given", "arn"),
    [
        ("create_thing_group", {"thingGroupName": "cameras"}, "thingGroupArn"),
        ("create_thing_type", {"thingTypeName": "camera"}, "thingTypeArn"),
        (
            "create_role_alias",
            {"roleAlias": "cameras", "roleArn": "arn:aws:iam::111122223333:role/cameras"},
            "roleAliasArn",
        ),
        (
            "create_policy",
            {"policyName": "cameras", "policyDocument": '{"Version": "2012-10-17"}'},
            "policyArn",
        ),
    ],
)
def test_what_is_made_in_iot_keeps_its_tags(
    client: Client, create: str, given: dict[str, Any], arn: str
) -> None:
    iot = client("iot")
    tags = [{"Key": "owner", "Value": "ml"}]
    made = getattr(iot, create)(**given, tags=tags)[arn]
    assert iot.list_tags_for_resource(resourceArn=made)["tags"] == tags
    iot.tag_resource(resourceArn=made, tags=[{"Key": "stage", "Value": "dev"}])
    iot.untag_resource(resourceArn=made, tagKeys=["owner"])
    left = iot.list_tags_for_resource(resourceArn=made)["tags"]
    assert left == [{"Key": "stage", "Value": "dev"}]
    said = refusal(iot.list_tags_for_resource, resourceArn=f"{made}-other")
    assert said.startswith("ResourceNotFoundException")


@pytest.mark.parametrize(
    ("seconds", "is_taken"), [(899, False), (900, True), (43_200, True), (43_201, False)]
)
def test_credentials_of_devices_live_15_minutes_to_12_hours(
    client: Client, seconds: int, is_taken: bool
) -> None:
    given = {
        "roleAlias": "cameras",
        "roleArn": "arn:aws:iam::111122223333:role/cameras",
        "credentialDurationSeconds": seconds,
    }
    # what botocore itself would refuse is sent
    create = client("iot", parameter_validation=False).create_role_alias
    if is_taken:
        create(**given)
    else:
        assert "credentialDurationSeconds" in refusal(create, **given)


# Components


def recipe(version: str = "1.0.0", uri: str = "", **changes: Any) -> bytes:
    return json.dumps(
        {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": COMPONENT,
            "ComponentVersion": version,
            "Manifests": [
                {
                    "Platform": {"os": "linux"},
                    "Lifecycle": {"Run": "python3 detect.py"},
                    "Artifacts": [{"Uri": uri}] if uri else [],
                }
            ],
            **changes,
        }
    ).encode()


@pytest.fixture
def uri(client: Client, account: str) -> str:
    s3, bucket = client("s3"), f"edge-{account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="detect.onnx", Body=b"model")
    return f"s3://{bucket}/detect.onnx"


def test_a_version_of_a_component_is_made_once_with_the_digests_of_its_artifacts(
    client: Client, uri: str
) -> None:
    greengrass = client("greengrassv2")
    made = greengrass.create_component_version(inlineRecipe=recipe(uri=uri), tags={"a": "b"})
    assert made["status"]["componentState"] == "REQUESTED"
    described = greengrass.describe_component(arn=made["arn"])
    assert described["status"]["componentState"] == "DEPLOYABLE"
    assert described["tags"] == {"a": "b"}
    held = json.loads(greengrass.get_component(arn=made["arn"])["recipe"])
    artifact = held["Manifests"][0]["Artifacts"][0]
    # printf model | openssl dgst -sha256 -binary | base64
    assert artifact["Digest"] == "k3LEcO6t1ezZw8dMKzy2M/ji8vrXmSUKD3DWUra4JeQ="
    said = refusal(greengrass.create_component_version, inlineRecipe=recipe(uri=uri))
    assert "already exists with state: [DEPLOYABLE]" in said
    greengrass.create_component_version(inlineRecipe=recipe("1.10.0", uri))
    greengrass.create_component_version(inlineRecipe=recipe("1.9.0", uri))
    arn = made["arn"].partition(":versions:")[0]
    listed = greengrass.list_component_versions(arn=arn)["componentVersions"]
    assert [each["componentVersion"] for each in listed] == ["1.10.0", "1.9.0", "1.0.0"]
    [one] = greengrass.list_components()["components"]
    assert one["latestVersion"]["componentVersion"] == "1.10.0"
    greengrass.delete_component(arn=made["arn"])
    assert "ResourceNotFound" in refusal(greengrass.describe_component, arn=made["arn"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (recipe(uri="s3://nothing/detect.onnx"), "Specified artifact resource cannot be accessed"),
        (recipe("1.0"), "is no semantic version"),
        (recipe(ComponentName="a b"), "ComponentName 'a b' is not valid"),
        (recipe(Manifests=[]), "Manifests must not be empty"),
        (recipe(RecipeFormatVersion="2021-01-25"), "RecipeFormatVersion must be 2020-01-25"),
        (b"{", "cannot be read"),
        (recipe(ComponentDescription="x" * 16_384), "larger than 16 KB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_recipe_that_aws_refuses_is_refused(client: Client, given: bytes, says: str) -> None:
    assert says in refusal(client("greengrassv2").create_component_version, inlineRecipe=given)


def test_an_artifact_of_another_region_cannot_be_accessed(client: Client, account: str) -> None:
    # github.com/aws/aws-cli/issues/6261
    bucket = f"edge-far-{account}"
    s3 = client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="detect.onnx", Body=b"model")
    given = recipe(uri=f"s3://{bucket}/detect.onnx")
    said = refusal(client("greengrassv2").create_component_version, inlineRecipe=given)
    assert "cannot be accessed" in said
    near = client("greengrassv2", region_name="eu-west-1")
    near.create_component_version(inlineRecipe=given)


# Deployments


@pytest.fixture
def group(client: Client, control: Control) -> str:
    """A group of three core devices, one of which fails."""
    iot = client("iot")
    arn = iot.create_thing_group(thingGroupName="cameras")["thingGroupArn"]
    for name in ("a", "b", "c"):
        iot.create_thing(thingName=name)
        iot.add_thing_to_thing_group(thingGroupName="cameras", thingName=name)
        outcome = "FAILED" if name == "a" else "SUCCEEDED"
        control("greengrass/device", thing=name, outcome=outcome, reason="no room")
    return str(arn)


def deployed(client: Client, group: str, **given: Any) -> dict[str, Any]:
    greengrass = client("greengrassv2")
    made: dict[str, Any] = greengrass.create_deployment(
        targetArn=group, components={COMPONENT: {"componentVersion": "1.0.0"}}, **given
    )
    return made


def test_a_deployment_reaches_the_devices_of_a_group(client: Client, group: str) -> None:
    greengrass = client("greengrassv2")
    said = refusal(lambda **_: deployed(client, group))
    assert f"{COMPONENT} = version 1.0.0 does not exist" in said
    greengrass.create_component_version(inlineRecipe=recipe())
    made = deployed(client, group)
    held = greengrass.get_deployment(deploymentId=made["deploymentId"])
    assert (held["deploymentStatus"], held["revisionId"]) == ("ACTIVE", "1")
    job = client("iot").describe_job(jobId=made["iotJobId"])["job"]
    assert job["jobProcessDetails"]["numberOfSucceededThings"] == 2
    assert job["jobProcessDetails"]["numberOfFailedThings"] == 1
    [failed] = greengrass.list_effective_deployments(coreDeviceThingName="a")[
        "effectiveDeployments"
    ]
    assert (failed["coreDeviceExecutionStatus"], failed["reason"]) == ("FAILED", "no room")
    [runs] = greengrass.list_installed_components(coreDeviceThingName="b")["installedComponents"]
    assert runs["componentVersion"] == "1.0.0"
    devices = greengrass.list_core_devices(thingGroupArn=group)["coreDevices"]
    assert [each["coreDeviceThingName"] for each in devices] == ["a", "b", "c"]


def test_a_new_deployment_of_a_target_takes_the_place_of_the_old_one(
    client: Client, group: str
) -> None:
    greengrass = client("greengrassv2")
    greengrass.create_component_version(inlineRecipe=recipe())
    first, second = deployed(client, group), deployed(client, group)
    old = greengrass.get_deployment(deploymentId=first["deploymentId"])
    assert (old["deploymentStatus"], old["isLatestForTarget"]) == ("INACTIVE", False)
    listed = greengrass.list_deployments(targetArn=group)["deployments"]
    assert [each["deploymentId"] for each in listed] == [second["deploymentId"]]
    assert len(greengrass.list_deployments(historyFilter="ALL")["deployments"]) == 2
    greengrass.cancel_deployment(deploymentId=second["deploymentId"])
    said = refusal(greengrass.cancel_deployment, deploymentId=second["deploymentId"])
    assert said.startswith("ConflictException")


@pytest.mark.parametrize(
    ("threshold", "status", "reached"), [(100, "CANCELED", 1), (100.0, "ACTIVE", 3)]
)
def test_a_deployment_stops_where_too_many_devices_fail(
    client: Client, group: str, threshold: float, status: str, reached: int
) -> None:
    greengrass = client("greengrassv2")
    greengrass.create_component_version(inlineRecipe=recipe())
    criterion = {
        "failureType": "ALL",
        "action": "CANCEL",
        "thresholdPercentage": threshold,
        # the first device fails, and two of three do not
        "minNumberOfExecutedThings": 1 if status == "CANCELED" else 2,
    }
    made = deployed(
        client, group, iotJobConfiguration={"abortConfig": {"criteriaList": [criterion]}}
    )
    held = greengrass.get_deployment(deploymentId=made["deploymentId"])
    assert held["deploymentStatus"] == status
    details = client("iot").describe_job(jobId=made["iotJobId"])["job"]["jobProcessDetails"]
    ended = details["numberOfSucceededThings"] + details["numberOfFailedThings"]
    assert ended == reached


def test_a_deployment_needs_a_target_that_exists(client: Client, group: str) -> None:
    said = refusal(lambda **_: deployed(client, f"{group}-other"))
    assert said.startswith("ResourceNotFoundException")
