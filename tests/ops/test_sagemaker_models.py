"""`inferform models`: the latest approved version is pinned, and durations are shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    Component,
    Context,
    Environment,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Model,
    Network,
    Registry,
    Repository,
    load,
)
from inferform.sagemaker.sources import ModelPackage
from ops import models
from ops.aws import Aws
from ops.cli import app
from ops.errors import BadInputError, OperatorError
from ops.promote import Promotion

GROUP = "fraud"

_FILE = """
from inferform import *

{before}
dev = Environment(
    context=Context(
        organization="{organization}", stage="dev", account="{account}", region="us-east-1",
        owner="ml",
    ),
    network=NetworkOutputs(
        vpc_id="vpc-1", vpc_cidr="10.0.0.0/16", private_subnet_ids=["subnet-1"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1",
    ),
    registry=RegistryOutputs(kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/k", artifact_bucket="kept"),
    inference=Inference(
        endpoints={{
            "fraud": RealtimeEndpoint(
                model=ModelPackage(arn={arn}),  # moved on by inferform models resolve
                instance_type='ml.m5.large',
            ),
        }},
    ),
)
"""


@pytest.fixture
def group(aws: Aws, context: Context) -> Any:
    """A group with versions 1 to 12, of which 2, 9, 10 and 11 are approved."""
    sagemaker = aws.client("sagemaker")
    name = context.name(GROUP)
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    image = f"{context.account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
    for version in range(1, 13):
        sagemaker.create_model_package(
            ModelPackageGroupName=name,
            InferenceSpecification={
                "Containers": [{"Image": image}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            ModelApprovalStatus="Approved" if version in (2, 9, 10, 11) else "Rejected",
        )
    return sagemaker


def written(folder: Path, context: Context, arn: str, before: str = "") -> Path:
    environments = folder / "environments"
    environments.mkdir()
    file = environments / "dev.py"
    file.write_text(
        _FILE.format(
            before=before, organization=context.organization, account=context.account, arn=arn
        )
    )
    return environments


def arn_of(context: Context, version: int) -> str:
    return context.arn("sagemaker", f"model-package/{context.name(GROUP)}/{version}")


def resolved(environments: Path, aws: Aws, group: str = GROUP) -> Promotion:
    loaded = load(environments)
    pins = models.pins_of(loaded.environments["dev-use1"], group)
    latest = {pin.arn: models.latest_approved(pin, aws) for pin in pins.values()}
    return models.plan(loaded, "dev-use1", pins, latest)


def test_the_highest_approved_version_is_pinned_and_nothing_else_changes(
    tmp_path: Path, group: Any, aws: Aws, context: Context
) -> None:
    environments = written(tmp_path, context, f'"{arn_of(context, 2)}"')
    before = (environments / "dev.py").read_text()
    edit = resolved(environments, aws)
    edit.make()
    after = (environments / "dev.py").read_text()
    assert after == before.replace(arn_of(context, 2), arn_of(context, 11))
    model = load(environments).environments["dev-use1"].groups[""].endpoints["fraud"].hosted()
    ((_, package),) = model[0].containers
    assert isinstance(package, ModelPackage)
    assert package.arn == arn_of(context, 11)
    with pytest.raises(BadInputError, match="has the latest approved version already"):
        resolved(environments, aws)


def test_of_two_versions_that_are_compared_the_newer_alone_is_moved_on(
    tmp_path: Path, group: Any, aws: Aws, context: Context
) -> None:
    environments = written(tmp_path, context, f'"{arn_of(context, 9)}"')
    file = environments / "dev.py"
    shadow = f"""shadow=Shadow(
                    model=ModelPackage(arn="{arn_of(context, 10)}"), instance_type="ml.m5.large",
                ),
                instance_type="""
    file.write_text(file.read_text().replace("instance_type=", shadow, 1))
    assert resolved(environments, aws).changes == {
        "inference.endpoints.fraud.shadow.model.arn": (arn_of(context, 10), arn_of(context, 11))
    }


def test_the_full_name_of_a_group_does_as_well(
    tmp_path: Path, group: Any, aws: Aws, context: Context
) -> None:
    environments = written(tmp_path, context, f'"{arn_of(context, 10)}"')
    edit = resolved(environments, aws, context.name(GROUP))
    assert edit.changes == {
        "inference.endpoints.fraud.model.arn": (arn_of(context, 10), arn_of(context, 11))
    }


def test_an_arn_that_is_put_together_is_not_guessed_at(
    tmp_path: Path, group: Any, aws: Aws, context: Context
) -> None:
    environments = written(
        tmp_path, context, "GROUP + '/2'", f"GROUP = '{arn_of(context, 2).rpartition('/')[0]}'"
    )
    with pytest.raises(BadInputError, match="cannot be edited safely"):
        resolved(environments, aws)


def test_a_group_that_nothing_serves_is_said_with_how_to_serve_it(
    tmp_path: Path, group: Any, aws: Aws, context: Context
) -> None:
    environments = written(tmp_path, context, f'"{arn_of(context, 2)}"')
    with pytest.raises(BadInputError, match=r"ModelPackage\(arn="):
        resolved(environments, aws, "ranking")


def test_a_group_without_an_approved_version_is_an_error(
    tmp_path: Path, group: Any, aws: Aws, context: Context
) -> None:
    for version in (2, 9, 10, 11):
        group.update_model_package(
            ModelPackageArn=arn_of(context, version), ModelApprovalStatus="Rejected"
        )
    environments = written(tmp_path, context, f'"{arn_of(context, 2)}"')
    with pytest.raises(OperatorError, match="is approved"):
        resolved(environments, aws)


def test_the_rollouts_of_an_environment_are_shown() -> None:
    shown = CliRunner().invoke(app, ["models", "rollouts", "prod-euw1", "--json"])
    assert shown.exit_code == 0, shown.output
    rows = {row["endpoint"]: row for row in json.loads(shown.output)}
    assert rows["fraud"] == {
        "endpoint": "fraud",
        "kind": "real-time",
        "variants": 1,
        "rollout": "Canary",
        "waits_seconds": 600,
        "worst_case_seconds": 2400,
        "rollback_alarms": 2,
    }
    table = CliRunner().invoke(app, ["models", "rollouts", "prod-euw1"])
    assert "40 min" in table.output


def test_each_inference_component_has_a_rollout_of_its_own() -> None:
    component = Component(
        model=Model(image=Image(repository="fraud", tag="1")),
        accelerators=1,
        min_memory_mib=4096,
        copies=2,
    )
    made = Environment(
        context=Context(
            organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
        ),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(
            endpoints={
                "chat": InferenceComponentEndpoint(
                    instance_type="ml.g5.12xlarge", max_instances=2, components={"llama": component}
                )
            }
        ),
    )
    whole, part = models.rollouts(made)
    assert (whole["endpoint"], whole["worst_case_seconds"]) == ("chat", None)
    assert (part["endpoint"], part["rollout"]) == ("chat/llama", "ComponentRolling")
    assert (part["waits_seconds"], part["worst_case_seconds"]) == (
        600,
        component.worst_case_seconds,
    )
    assert part["rollback_alarms"] == 2
