"""A fleet of devices on the emulator: made by Terraform, and given components by the operator's commands."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import EdgeComponent
from inferform_emulator.process import Emulator
from ops.cli import app
from ops.edge import Edge
from ops.errors import BadInputError, OperatorError
from ops.kinds import known
from ops.kinds.record import Kind
from ops.own import existing
from ops.plan import read_plan
from ops.preflight import preflight
from ops.review.risks import find_risks
from ops.terraform import contents_of
from ops.verify import verify

from .hosting import client
from .program import Life, actions

pytestmark = pytest.mark.story("one environment is deployed, changed and destroyed")

STACK = "dev-use1-edge"
FLEET = "acme-dev-use1-cameras-edge"
COMPONENT = "acme-dev-use1-detect"
BUCKET = "acme-dev-use1-artifacts-123456789012"

TEXT = """
from inferform import *

V = {values!r}
dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(),
    edge=Edge(
        fleets={{
            "cameras": EdgeFleet(
                components=["detect"], topics=[V["topic"]],
                credential_duration_seconds=V["seconds"], stop_after_devices=2,
            )
        }},
        components={{
            "detect": EdgeComponent(
                version=V["version"], artifact="edge/detect/model.onnx", run=V["run"],
                memory_mib=256,
            )
        }},
        compilations={{
            "detect": Compilation(
                artifact="edge/detect/model.tar.gz", framework="ONNX",
                data_input_config='{{"input": [1, 3]}}', device="rasp4b",
                max_runtime_seconds=V["runtime"],
            )
        }},
    ),
)
"""
MADE = {
    "aws_iot_thing_group": "name",
    "aws_iot_thing_type": "name",
    "aws_iot_role_alias": "alias",
    "aws_iot_policy": "name",
}
"""What a fleet is made of in IoT, and the argument of its name."""

FIRST: dict[str, Any] = {
    "topic": "cameras/+/seen",
    "seconds": 3600,
    "version": "1.0.0",
    "run": "serve {artifacts:path}/model.onnx",
    "runtime": 900,
}


def write(life: Life, **changes: Any) -> None:
    life.write(TEXT.format(values={**FIRST, **changes}))


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    found = Life(tmp_path_factory.mktemp("edge"), emulator)
    write(found)
    found.bootstrap()
    found.deploy("dev-use1-registry", STACK)
    return found


def edge(life: Life) -> Edge:
    return Edge(life.environment(), life.aws())


def verified(life: Life) -> list[tuple[str, str]]:
    return [
        (each.outcome, each.found)
        for each in verify(life.environment(), life.aws())
        if each.subject == FLEET
    ]


def join(life: Life, thing: str) -> None:
    iot = client(life.emulator, "iot")
    iot.create_thing(thingName=thing)
    iot.add_thing_to_thing_group(thingGroupName=FLEET, thingName=thing)


def upload(life: Life, model: bytes) -> None:
    s3 = client(life.emulator, "s3")
    s3.put_object(Bucket=BUCKET, Key="edge/detect/model.tar.gz", Body=model)


def roles(life: Life) -> set[str]:
    """The layer's roles that are there."""
    listed = client(life.emulator, "iam").list_roles()["Roles"]
    return {each["RoleName"] for each in listed if each["RoleName"].startswith("acme-dev-use1-")}


def device(life: Life, thing: str, **given: Any) -> None:
    """A thing of the fleet's group that has reported itself as a core device."""
    join(life, thing)
    life.emulator.control("POST", "greengrass/device", {"thing": thing, **given})


def test_a_fleet_is_made_and_plans_empty(life: Life) -> None:
    assert life.plan_status(STACK) == 0
    iot = client(life.emulator, "iot")
    policy = json.loads(iot.get_policy(policyName=FLEET)["policyDocument"])
    (connect,) = [each for each in policy["Statement"] if each["Sid"] == "Connect"]
    assert roles(life) == {FLEET, "acme-dev-use1-detect-compile"}
    assert connect["Resource"] == [f"arn:aws:iot:us-east-1:123456789012:client/{FLEET}_*"]


def test_a_component_is_published_once_its_artifact_is_there(life: Life) -> None:
    def found() -> list[tuple[str, str]]:
        made = life.to_plan()
        checks = preflight(life.environment(), contents_of(made.stacks), life.aws())
        return [(each.outcome, each.found) for each in checks if each.check.id == "PRE71"]

    place = f"s3://{BUCKET}/edge/detect/model.onnx"
    assert found() == [("failed", f"{place} is not there, or may not be read")]
    with pytest.raises(OperatorError, match="is not there"):
        edge(life).publish("detect")
    client(life.emulator, "s3").put_object(
        Bucket=BUCKET, Key="edge/detect/model.onnx", Body=b"onnx"
    )
    assert found() == [("passed", f"{place} is there")]
    made = edge(life).publish("detect")
    assert (made.version, made.is_new) == ("1.0.0", True)
    assert made.arn.endswith(f":components:{COMPONENT}:versions:1.0.0")
    # The same again changes nothing.
    assert replace(edge(life).publish("detect"), is_new=True) == made


def test_a_version_never_changes(life: Life) -> None:
    write(life, run="serve --fast")
    with pytest.raises(OperatorError, match="with another recipe"):
        edge(life).publish("detect")
    write(life)


def test_what_is_not_declared_or_not_published_is_refused(life: Life) -> None:
    with pytest.raises(BadInputError, match="did you mean detect"):
        edge(life).publish("detct")
    with pytest.raises(BadInputError, match="has no fleet x"):
        edge(life).deploy("x")
    write(life, version="9.0.0")
    with pytest.raises(OperatorError, match="is not published"):
        edge(life).deploy("cameras")
    write(life)


def test_what_a_component_needs_has_to_be_published_too(life: Life) -> None:
    found = life.environment()
    assert found.edge
    needs = found.edge.components["detect"].replace(requires={"acme-dev-use1-lib": ">=1.0.0"})
    lib = EdgeComponent(version="1.0.0", artifact="edge/lib/model.onnx", run="true")
    changed = found.edge.replace(components={"detect": needs, "lib": lib})
    with pytest.raises(OperatorError, match=r"lib 1\.0\.0 is not published"):
        Edge(found.replace(edge=changed), life.aws()).deploy("cameras")


def test_a_deployment_reaches_the_devices_and_verify_says_so(life: Life) -> None:
    assert verified(life) == [("failed", f"has no deployment of {COMPONENT} 1.0.0")]
    device(life, f"{FLEET}_1")
    deployment = edge(life).deploy("cameras")
    stand = edge(life).status("cameras")
    assert (stand.deployment, stand.status, stand.behind) == (deployment, "ACTIVE", ())
    (first,) = stand.devices
    assert (first.name, first.status, dict(first.runs)) == (
        f"{FLEET}_1",
        "HEALTHY",
        {COMPONENT: "1.0.0"},
    )
    assert verified(life) == [
        ("passed", f"brings {COMPONENT} 1.0.0"),
        ("passed", f"healthy: {FLEET}_1"),
    ]
    given = client(life.emulator, "greengrassv2").get_deployment(deploymentId=deployment)
    assert given["components"][COMPONENT]["runWith"]["systemResourceLimits"]["memory"] == 256 * 1024
    assert given["deploymentPolicies"]["failureHandlingPolicy"] == "ROLLBACK"


def test_the_commands_say_what_they_found(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.commands.edge._edge", lambda *_: edge(life))
    monkeypatch.setenv("COLUMNS", "80")

    def said(*words: str) -> str:
        done = CliRunner().invoke(app, ["edge", *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert said("publish", "dev-use1", "detect").endswith("versions:1.0.0 is published already\n")
    shown = said("status", "dev-use1", "cameras")
    assert f"cameras: ACTIVE, {COMPONENT} 1.0.0" in shown
    assert f" {FLEET}_1  HEALTHY  SUCCEEDED   {COMPONENT} 1.0.0 " in shown
    (first,) = json.loads(said("status", "dev-use1", "cameras", "--json"))["devices"]
    assert first["runs"] == {COMPONENT: "1.0.0"}


def test_a_device_whose_name_is_none_of_its_fleets_is_told_to_be_shut_out(life: Life) -> None:
    # Nothing has reported itself under this name, as the policy does not let it in.
    join(life, "door")
    assert edge(life).status("cameras").outside == ("door",)
    assert verified(life)[1] == ("failed", "its policy does not let in door")
    client(life.emulator, "iot").remove_thing_from_thing_group(
        thingGroupName=FLEET, thingName="door"
    )
    assert edge(life).status("cameras").outside == ()


def test_a_deployment_that_fails_on_devices_stops_and_verify_says_so(life: Life) -> None:
    for number in (2, 3):
        device(life, f"{FLEET}_{number}", outcome="FAILED", reason="no memory")
    write(life, version="1.1.0")
    edge(life).publish("detect")
    edge(life).deploy("cameras")
    stand = edge(life).status("cameras")
    assert stand.status == "CANCELED"
    brings, health = verified(life)
    assert brings == ("passed", f"brings {COMPONENT} 1.1.0")
    assert health[0] == "failed"
    assert health[1].startswith("its deployment is CANCELED")
    write(life)


def test_a_compilation_is_started_once_unless_it_is_asked_for_again(life: Life) -> None:
    with pytest.raises(OperatorError, match=r"edge/detect/model.tar.gz is not there"):
        edge(life).compile("detect")
    upload(life, b"x")
    job = edge(life).compile("detect")
    assert edge(life).compile("detect") == job
    other = edge(life).compile("detect", again=True)
    assert other == f"{job}-2"
    assert edge(life).compile("detect") == other
    found = client(life.emulator, "sagemaker").describe_compilation_job(CompilationJobName=job)
    assert found["OutputConfig"]["S3OutputLocation"] == f"s3://{BUCKET}/edge/compiled/detect/"
    assert found["RoleArn"].endswith("role/inferform/acme-dev-use1-detect-compile")
    status, _ = edge(life).wait(job, every=0)
    assert status in ("COMPLETED", "FAILED", "STOPPED")
    write(life, runtime=600)
    assert edge(life).compile("detect") not in (job, other)
    write(life)
    upload(life, b"another model under the same key")
    assert edge(life).compile("detect") not in (job, other)


def test_a_fleet_changes_in_place_and_a_review_says_who_is_cut_off(life: Life) -> None:
    write(life, topic="cameras/+/heard", seconds=7200)
    planned = life.plan(STACK)
    # Credentials of two hours need a role that is assumed for two hours.
    assert actions(planned) == {
        "aws_iam_role": ["update"],
        "aws_iot_policy": ["update"],
        "aws_iot_role_alias": ["update"],
    }
    assert [
        each for each in find_risks(read_plan(json.dumps(planned))) if each.rule.id == "FLE1"
    ] == []
    life.apply(STACK)
    assert life.plan_status(STACK) == 0
    for kind, name in MADE.items():
        assert isinstance(known()[kind], Kind)
        (found,) = existing(kind, {name: FLEET}, life.aws())
        assert (found.id, found.tags["environment"]) == (FLEET, "dev-use1")


def test_nothing_of_terraforms_stays_behind(life: Life) -> None:
    life.destroy(STACK)
    for kind, name in MADE.items():
        assert existing(kind, {name: FLEET}, life.aws()) == []
    assert roles(life) == set()
    # Devices and components are not Terraform's.
    listed = client(life.emulator, "greengrassv2").list_components()["components"]
    assert COMPONENT in {each["componentName"] for each in listed}
