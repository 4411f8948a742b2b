"""An environment whose states are files: deployed, read by the layer above, looked at, destroyed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inferform_emulator.process import Emulator
from ops import drift, status
from ops.deploy import destroy
from ops.errors import OperatorError
from ops.preflight import preflight
from ops.state import NOT_KNOWN
from ops.terraform import contents_of
from ops.verify import verify
from tests.e2e.program import Life

pytestmark = pytest.mark.story("each test works on what the one before it left")

ENVIRONMENT = """
from inferform import Context, Environment, LocalBackend, Registry, RegistryOutputs


def topic(built):
    from cdktf_cdktf_provider_aws.sns_topic import SnsTopic

    layer = built.add_layer("topics")
    registry = built.outputs("registry", RegistryOutputs, layer)
    SnsTopic(layer, "topic", name="local-topic", kms_master_key_id=registry.kms_key_arn)


dev = Environment(
    context=Context(
        organization="filed",
        stage="dev",
        account="123456789012",
        region="us-east-1",
        owner="ml",
        backend=LocalBackend(path="{folder}"),
    ),
    registry=Registry(),
    extend=[topic],
)
"""
STACKS = ["dev-use1-registry", "dev-use1-topics"]


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("filed"), emulator)
    life.write(ENVIRONMENT.replace("{folder}", str(states(life))))
    return life


def states(life: Life) -> Path:
    return life.environments.parent / "states"


def test_states_are_files_and_a_layer_reads_that_of_the_layer_below(life: Life) -> None:
    done = life.deploy()
    assert {run.name: run.status for run in done.stacks} == dict.fromkeys(STACKS, "applied")
    files = sorted(states(life).rglob("*.tfstate"))
    assert [str(file.relative_to(states(life))) for file in files] == [
        "dev-use1/registry.tfstate",
        "dev-use1/topics.tfstate",
    ]
    registry, topics = (json.loads(file.read_text("utf-8")) for file in files)
    (topic,) = [each for each in topics["resources"] if each["type"] == "aws_sns_topic"]
    key = registry["outputs"]["kms_key_arn"]["value"]
    assert topic["instances"][0]["attributes"]["kms_master_key_id"] == key


def test_commands_say_what_they_cannot_do_and_do_the_rest(life: Life) -> None:
    made = life.to_plan("test")
    found = drift.detect(made, made.stacks)
    assert {each.stack: (each.result, each.error) for each in found} == dict.fromkeys(
        STACKS, ("none", "")
    )
    known = {
        each.stack: each
        for group in status.by_environment(made, made.stacks)
        for each in status.read(made, group)
    }
    assert {name: bool(each.resources) for name, each in known.items()} == dict.fromkeys(
        STACKS, True
    )
    assert {each.lock for each in known.values()} == {NOT_KNOWN}
    findings = preflight(life.environment(), contents_of(made.stacks), life.aws())
    assert [each for each in findings if each.outcome == "failed"] == []
    skipped = {each.check.title: each.found for each in findings if each.outcome == "skipped"}
    assert skipped["state bucket"].startswith("is Terraform's to open")
    with pytest.raises(OperatorError, match="keeps its state in a local backend, not in S3"):
        verify(life.environment(), life.aws())
    (said, *_) = life.recover("dev-use1-registry")
    assert "were not looked for" in said


def test_everything_is_destroyed(life: Life) -> None:
    assert sorted(destroy(["*"], life.program)) == STACKS
    for file in states(life).rglob("*.tfstate"):
        assert json.loads(file.read_text("utf-8"))["resources"] == []
