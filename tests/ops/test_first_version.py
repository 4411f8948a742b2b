"""`inferform models add`: a registered version becomes the first entry of a service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import Context, ModelPackage, RealtimeEndpoint, load
from ops.aws import Aws
from ops.cli import app
from ops.errors import BadInputError, OperatorError
from ops.first_version import Added, Asked, plan

_FILE = """
from inferform import Context, Environment, ModelPackageGroup, Network, Registry, Repository

dev = Environment(
    context=Context(
        organization="{organization}", stage="dev", account="{account}", region="us-east-1",
        owner="ml", deploy_role="inferform-deploy",
    ),
    network=Network(cidr="10.0.0.0/16"),
    registry=Registry(repositories={{"fraud": Repository()}}, models={{"fraud": ModelPackageGroup()}}),
)
"""


@pytest.fixture
def folder(tmp_path: Path, context: Context) -> Path:
    made = tmp_path / "environments"
    made.mkdir()
    text = _FILE.format(organization=context.organization, account=context.account)
    (made / "dev.py").write_text(text, encoding="utf-8")
    return made


def register(
    aws: Aws, *statuses: str, types: tuple[str, ...] = ("ml.m5.large",), **more: Any
) -> None:
    """Versions of a group, with these statuses."""
    context, sagemaker = aws.context, aws.client("sagemaker")
    name = context.name("fraud")
    if not sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]:
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
    container: Any = {
        "Image": f"{context.account}.dkr.ecr.us-east-1.amazonaws.com/{context.name('fraud')}:1",
        "ModelDataUrl": f"s3://{context.bucket('artifacts')}/models/fraud/1/model.tar.gz",
        **more,
    }
    specification: Any = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
        "SupportedRealtimeInferenceInstanceTypes": [*types],
    }
    for status in statuses:
        sagemaker.create_model_package(
            ModelPackageGroupName=name,
            InferenceSpecification=specification,
            ModelApprovalStatus=status,  # type: ignore[arg-type]
        )


def planned(folder: Path, aws: Aws, version: str = "fraud", **asked: Any) -> Added:
    return plan(load(folder), "dev-use1", Asked(version, **asked), aws)


def test_the_latest_approved_version_becomes_an_endpoint(
    folder: Path, aws: Aws, context: Context
) -> None:
    register(aws, "Approved", "Approved", "Rejected")
    before = (folder / "dev.py").read_text("utf-8")
    added = planned(folder, aws)
    assert (folder / "dev.py").read_text("utf-8") == before
    added.edit.make()
    arn = context.arn("sagemaker", f"model-package/{context.name('fraud')}/2")
    assert load(folder).environments["dev-use1"].groups[""].endpoints == {
        "fraud": RealtimeEndpoint(model=ModelPackage(arn=arn), instance_type="ml.m5.large")
    }
    assert added.notes == ()
    with pytest.raises(BadInputError, match="has an endpoint fraud already"):
        planned(folder, aws)


def test_image_and_artifact_of_others_are_named(folder: Path, aws: Aws) -> None:
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    register(aws, "Approved", Image=image, ModelDataUrl="s3://theirs/fraud/model.tar.gz")
    added = planned(folder, aws, short="scores")
    assert len(added.notes) == 2
    added.edit.make()
    (endpoint,) = load(folder).environments["dev-use1"].groups[""].endpoints.values()
    assert isinstance(endpoint, RealtimeEndpoint)
    assert isinstance(endpoint.model, ModelPackage)
    assert (endpoint.model.image, endpoint.model.artifact) == (
        image,
        "s3://theirs/fraud/model.tar.gz",
    )


def test_a_version_that_nobody_has_approved_is_refused_unless_that_is_said(
    folder: Path, aws: Aws
) -> None:
    register(aws, "PendingManualApproval")
    with pytest.raises(BadInputError, match="fraud/1 is PendingManualApproval"):
        planned(folder, aws)
    with pytest.raises(BadInputError, match="is PendingManualApproval"):
        planned(folder, aws, "fraud/1")
    assert planned(folder, aws, "fraud/1", unapproved=True).arn.endswith("/1")


def test_the_instance_type_is_one_that_the_version_names(folder: Path, aws: Aws) -> None:
    register(aws, "Approved", types=("ml.c5.xlarge", "ml.m5.large"))
    assert "ml.c5.xlarge" in planned(folder, aws).edit.diff
    assert "ml.m5.large" in planned(folder, aws, instance_type="ml.m5.large").edit.diff
    with pytest.raises(BadInputError, match=r"is not for ml\.m5\.larg; did you mean"):
        planned(folder, aws, instance_type="ml.m5.larg")


def test_what_is_not_there_is_refused(folder: Path, aws: Aws) -> None:
    with pytest.raises(BadInputError, match="has no model package group frau"):
        planned(folder, aws, "frau")
    register(aws)
    with pytest.raises(BadInputError, match="no version of fraud is approved: there is none"):
        planned(folder, aws)
    with pytest.raises(OperatorError, match="cannot be read"):
        planned(folder, aws, "fraud/9")


def test_the_command_shows_the_edit_and_makes_it_once_it_is_agreed_to(
    folder: Path, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(aws, "Approved")
    monkeypatch.setattr("ops.environments.ROOT", folder.parent)
    monkeypatch.setattr("ops.aws.emulator_in_use", lambda: aws.emulator)
    refused = CliRunner().invoke(
        app, ["models", "add", "dev-use1", "fraud", "--emulator"], input="n\n"
    )
    assert refused.exit_code != 0
    assert "RealtimeEndpoint(" in refused.stdout
    assert "RealtimeEndpoint" not in (folder / "dev.py").read_text("utf-8")
    done = CliRunner().invoke(
        app, ["models", "add", "dev-use1", "fraud", "--emulator", "--auto-approve", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["as"] == "fraud"
    assert "RealtimeEndpoint(" in (folder / "dev.py").read_text("utf-8")
