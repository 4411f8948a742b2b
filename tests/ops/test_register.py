"""`inferform models register`: an archive becomes a version of a group, which waits for an approval."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from inferform import Environment, ModelPackageGroup, Network, Registry, Repository
from ops.aws import Aws
from ops.errors import BadInputError
from ops.register import Asked, plan, register
from ops.versions import group_of, listed


@pytest.fixture
def made(aws: Aws) -> Environment:
    found = Environment(
        context=aws.context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(
            repositories={"churn": Repository()}, models={"churn": ModelPackageGroup()}
        ),
    )
    aws.client("s3").create_bucket(Bucket=found.artifact_bucket)
    aws.client("sagemaker").create_model_package_group(
        ModelPackageGroupName=aws.context.name("churn")
    )
    return found


def packed(folder: Path, *names: str) -> Path:
    file, content = folder / "model.tar.gz", folder / "content"
    content.write_text("weights")
    with tarfile.open(file, "w:gz") as archive:
        for name in names:
            archive.add(content, name)
    return file


def test_a_version_of_awss_container_is_registered_and_waits(
    aws: Aws, made: Environment, tmp_path: Path
) -> None:
    evaluation = tmp_path / "evaluation.json"
    evaluation.write_text(json.dumps({"metrics": {"auc": {"value": 0.9}}}))
    asked = Asked(
        "churn",
        packed(tmp_path, "model.joblib", "code/inference.py"),
        "scikit-learn:1.4-2-py312",
        evaluation=evaluation,
        metadata={"commit": "1a2b3c"},
    )
    planned = plan(made, asked)
    assert planned.variables == {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    }
    arn = register(planned, aws)
    found: Any = aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    (container,) = found["InferenceSpecification"]["Containers"]
    assert container["Image"].endswith("/sagemaker-scikit-learn:1.4-2-py312")
    assert container["Environment"] == planned.variables
    place = container["ModelDataUrl"]
    assert place.startswith(f"s3://{made.artifact_bucket}/models/churn/")
    bucket, _, key = place.removeprefix("s3://").partition("/")
    held = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert held == asked.archive.read_bytes()
    quality = found["ModelMetrics"]["ModelQuality"]["Statistics"]
    assert quality["S3Uri"].endswith("/evaluation.json")
    (version,) = listed(made, group_of(made, "churn"), aws)
    assert (version.number, version.status) == (1, "PendingManualApproval")
    # The same file again is no other object, and another version.
    assert register(plan(made, asked), aws).endswith("/2")


def test_an_image_of_the_environment_is_named_by_its_repository(
    made: Environment, tmp_path: Path
) -> None:
    planned = plan(made, Asked("churn", packed(tmp_path, "model.joblib"), "churn:1.4.2"))
    assert planned.image == (
        f"{made.context.account}.dkr.ecr.us-east-1.amazonaws.com/{made.context.name('churn')}:1.4.2"
    )
    assert planned.variables == {}


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("scikit-learn:1.4-2-py312", "no code/inference.py"),
        ("scikit-learn:7", "the versions of scikit-learn are"),
        ("chrun:1.0.0", r"write FRAMEWORK:VERSION .* a repository \(churn\)"),
        ("churn:latest", "cannot be served"),
    ],
)
def test_what_cannot_serve_is_refused_before_anything_is_uploaded(
    made: Environment, tmp_path: Path, image: str, said: str
) -> None:
    with pytest.raises(BadInputError, match=said):
        plan(made, Asked("churn", packed(tmp_path, "model.joblib"), image))
