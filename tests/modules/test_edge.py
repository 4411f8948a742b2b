"""The JSON of fleets of devices."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import EdgeComponent, EdgeFleet
from tests.capabilities.edge import edge
from tests.conftest import Synthesized

Synthesize = Callable[..., Synthesized]
FLEET = "acme-dev-use1-cameras-edge"


def layer(synthesize: Synthesize) -> dict[str, Any]:
    found: dict[str, Any] = synthesize(edge())["dev-use1-edge"]["resource"]
    return found


def only(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = resources[kind].values()
    assert isinstance(found, dict)
    return found


def rights(text: str) -> dict[str, Any]:
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


def test_a_fleet_has_a_group_a_type_a_policy_and_a_role_alias(synthesize: Synthesize) -> None:
    made = layer(synthesize)
    assert {
        only(made, f"aws_iot_{kind}")["name"] for kind in ("policy", "thing_group", "thing_type")
    } == {FLEET}
    alias = only(made, "aws_iot_role_alias")
    assert (alias["alias"], alias["credential_duration"]) == (FLEET, 3600)
    assert alias["role_arn"].endswith(".arn}")
    assert alias["depends_on"][0].startswith("aws_iam_role_policy.")


def test_a_device_is_let_in_as_one_of_its_fleet(synthesize: Synthesize) -> None:
    text = only(layer(synthesize), "aws_iot_policy")["policy"]
    # IoT fills in no variable of things for core devices.
    assert "${" not in text
    place, things = "arn:aws:iot:us-east-1:111122223333", f"{FLEET}_*"
    own = f"$aws/things/{things}"
    heard = [f"{own}/jobs/*", f"{own}/shadow/*"]
    told = [f"{own}/greengrass/health/json", f"{own}/greengrassv2/health/json"]
    # The Greengrass V2 developer guide's minimal policy, and the topics of the fleet. MQTT's wildcard is no
    # wildcard in a policy.
    assert {sid: (each["Action"], each["Resource"]) for sid, each in rights(text).items()} == {
        "Connect": ("iot:Connect", [f"{place}:client/{things}"]),
        "PublishAndReceive": (
            ["iot:Publish", "iot:Receive"],
            [f"{place}:topic/{each}" for each in (*told, *heard, "cameras/*/seen")],
        ),
        "Subscribe": (
            "iot:Subscribe",
            [f"{place}:topicfilter/{each}" for each in (*heard, "cameras/+/seen")],
        ),
        "KeepShadows": (
            ["iot:DeleteThingShadow", "iot:GetThingShadow", "iot:UpdateThingShadow"],
            [f"{place}:thing/{things}"],
        ),
        "TakeDeployments": (
            [
                "greengrass:GetComponentVersionArtifact",
                "greengrass:GetDeploymentConfiguration",
                "greengrass:ListThingGroupsForCoreDevice",
                "greengrass:ResolveComponentCandidates",
            ],
            "*",
        ),
        "GetCredentials": ("iot:AssumeRoleWithCertificate", f"{place}:rolealias/{FLEET}"),
    }


@pytest.mark.parametrize(("seconds", "longest"), [(900, None), (3600, None), (7200, 7200)])
def test_a_role_is_assumed_for_as_long_as_credentials_of_devices_are_good(
    synthesize: Synthesize, seconds: int, longest: int | None
) -> None:
    found = edge()
    fleet = EdgeFleet(credential_duration_seconds=seconds)
    changed = found.edge.replace(fleets={"cameras": fleet}) if found.edge else None
    made = synthesize(found.replace(edge=changed))["dev-use1-edge"]["resource"]
    (role,) = [
        each
        for each in made["aws_iam_role"].values()
        if "credentials.iot" in each["assume_role_policy"]
    ]
    assert role.get("max_session_duration") == longest


def test_devices_read_what_they_run_and_nothing_else(synthesize: Synthesize) -> None:
    made = layer(synthesize)
    policies = [rights(each["policy"]) for each in made["aws_iam_role_policy"].values()]
    (device,) = [each for each in policies if "MakeLogs" not in each]
    bucket = "arn:aws:s3:::acme-dev-use1-artifacts-111122223333"
    assert device["ReadArtifact"]["Resource"] == f"{bucket}/edge/detect/1.4.2/model.onnx"
    assert device["FindBucket"]["Resource"] == bucket
    assert device["PullImage"]["Resource"] == "arn:aws:ecr:us-east-1:111122223333:repository/detect"
    trusted = [
        json.loads(each["assume_role_policy"])["Statement"][0]["Principal"]["Service"]
        for each in made["aws_iam_role"].values()
    ]
    # `*` stands where the action takes no resource, for that alone.
    everywhere = {each["Sid"] for each in device.values() if each["Resource"] == "*"}
    assert everywhere == {"RegistryLogin"}
    assert sorted(trusted) == ["credentials.iot.amazonaws.com", "sagemaker.amazonaws.com"]


def test_a_compilation_reads_its_model_and_writes_below_its_folder(synthesize: Synthesize) -> None:
    policies = [
        rights(each["policy"]) for each in layer(synthesize)["aws_iam_role_policy"].values()
    ]
    (role,) = [each for each in policies if "WriteCompiled" in each]
    bucket = "arn:aws:s3:::acme-dev-use1-artifacts-111122223333"
    assert role["ReadArtifact"]["Resource"] == f"{bucket}/edge/detect/model.tar.gz"
    assert role["WriteCompiled"]["Resource"] == f"{bucket}/edge/compiled/detect/*"
    logs = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/CompilationJobs"
    assert role["MakeLogs"]["Resource"] == logs
    assert role["WriteLogs"]["Resource"] == [logs, f"{logs}:*"]


def test_an_artifact_of_another_bucket_is_found_and_read_there(synthesize: Synthesize) -> None:
    found = edge()
    assert found.edge
    model = EdgeComponent(version="1.0.0", artifact="s3://models/detect.onnx", run="serve")
    fleet = EdgeFleet(components=["detect"])
    changed = found.edge.replace(fleets={"cameras": fleet}, components={"detect": model})
    made = synthesize(found.replace(edge=changed))["dev-use1-edge"]["resource"]
    policies = [rights(each["policy"]) for each in made["aws_iam_role_policy"].values()]
    (device,) = [each for each in policies if "MakeLogs" not in each]
    assert device["FindBucket"]["Resource"] == "arn:aws:s3:::models"
    assert device["ReadArtifact"]["Resource"] == "arn:aws:s3:::models/detect.onnx"


def test_devices_may_fetch_what_their_components_need_of_the_environment(
    synthesize: Synthesize,
) -> None:
    """Greengrass brings it without being told."""
    found = edge()
    assert found.edge
    parts = {
        name: EdgeComponent(
            version="1.0.0",
            artifact=f"edge/{name}/1.0.0/model.onnx",
            run="serve",
            requires=requires,
        )
        for name, requires in (
            ("detect", {"acme-dev-use1-lib": ">=1.0.0", "aws.greengrass.Nucleus": "^2.0.0"}),
            ("lib", {"acme-dev-use1-base": ">=1.0.0"}),
            ("base", {"acme-dev-use1-lib": ">=1.0.0"}),
            ("other", {}),
        )
    }
    fleet = EdgeFleet(components=["detect"])
    changed = found.edge.replace(fleets={"cameras": fleet}, components=parts)
    made = synthesize(found.replace(edge=changed))["dev-use1-edge"]["resource"]
    policies = [rights(each["policy"]) for each in made["aws_iam_role_policy"].values()]
    (device,) = [each for each in policies if "MakeLogs" not in each]
    bucket = "arn:aws:s3:::acme-dev-use1-artifacts-111122223333/edge"
    assert sorted(device["ReadArtifact"]["Resource"]) == [
        f"{bucket}/{name}/1.0.0/model.onnx" for name in ("base", "detect", "lib")
    ]
