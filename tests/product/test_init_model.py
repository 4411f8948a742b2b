"""`inferform init --model`: a repository that trains, checks its image and registers what it has made."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from inferform import (
    DataScientists,
    Environment,
    ModelPackageGroup,
    Network,
    Registry,
    Repository,
    load,
)
from inferform.spec import SpecError
from inferform_ops import versions
from inferform_ops.aws import Aws
from inferform_ops.cli import app
from inferform_ops.demo import small_manifest
from inferform_ops.errors import BadInputError
from inferform_ops.first_version import Asked, plan
from inferform_ops.model_repository import ModelAnswers, ModelCi, init_model, render
from tests.examples.test_docs import check_command
from tests.product.test_init import _valid, _yaml
from tests.rights import allows

CIS: tuple[ModelCi, ...] = get_args(ModelCi)
TAG = "0123456789ab"


def answers(ci: str = "github", **more: Any) -> ModelAnswers:
    given: dict[str, Any] = {
        "model": "churn",
        "organization": "globex",
        "account": "210987654321",
        "region": "eu-west-1",
        "stages": ["dev"],
        "owner": "ml",
    }
    return ModelAnswers(ci=ci, **{**given, **more})


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A repository of each CI."""
    made: dict[str, Path] = {}
    for ci in CIS:
        made[ci] = tmp_path_factory.mktemp(ci)
        init_model(made[ci], answers(ci))
    return made


def _done(*command: str, folder: Path, expect: int = 0, **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("ci", CIS)
def test_nothing_of_a_template_is_left_and_its_python_is_in_form(
    ci: ModelCi, repositories: dict[str, Path]
) -> None:
    folder = repositories[ci]
    for file in (path for path in folder.rglob("*") if path.is_file()):
        if file.suffix == ".pyc" or "build" in file.relative_to(folder).parts:
            continue  # of another test, which has run what is in it
        text = file.read_text("utf-8")
        assert not re.search(r"@[a-z_]+@", text), file
        assert text.endswith("\n"), file
        assert not text.endswith("\n\n"), file
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), file
    for command in (["check"], ["format", "--check"]):
        _done(sys.executable, "-m", "ruff", *command, "--no-cache", ".", folder=folder)


def test_its_own_tests_pass(repositories: dict[str, Path]) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/test_model.py",
    ]
    assert "4 passed" in _done(*command, folder=repositories["github"])


@pytest.mark.parametrize("ci", CIS)
def test_every_target_and_every_command_that_it_names_exists(
    ci: ModelCi, repositories: dict[str, Path]
) -> None:
    folder = repositories[ci]
    files = [*folder.rglob("*.yml"), folder / "README.md"]
    text = "\n".join(file.read_text("utf-8") for file in files)
    targets = {*re.findall(r"\bmake ([a-z]+)", text)} & {
        *re.findall(r"^([a-z]+):", (folder / "Makefile").read_text("utf-8"), re.MULTILINE)
    }
    assert {"test", "check", "release"} <= targets
    for target in targets:
        said = _done("make", "--dry-run", target, f"TAG={TAG}", folder=folder)
        for found in re.findall(r"inferform (check-container[^;\n|]*)", said.replace("\\\n", " ")):
            check_command(shlex.split(found))
    # What a reader is told to type, in this project's own environments.
    for found in re.findall(r"^\s+inferform (.+)$", text, re.MULTILINE):
        check_command([re.sub(r"^dev-euw1$", "dev", word) for word in shlex.split(found)])


def test_github_gives_the_role_to_what_is_merged_alone(repositories: dict[str, Path]) -> None:
    file = repositories["github"] / ".github" / "workflows" / "model.yml"
    _valid("vendor.github-workflows", file)
    content = _yaml(file)
    for name, job in content["jobs"].items():
        released = name == "release"
        assert ("id-token" in job["permissions"]) is released
        assert ("AWS_MODEL_ROLE_ARN" in json.dumps(job)) is released
        assert job["if"] == f"github.event_name == '{'push' if released else 'pull_request'}'"
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert runs[:2] == ["make test", "make check"]
        assert (runs[-1] == "make release") is released
        for step in job["steps"]:
            assert re.search(r"@[0-9a-f]{40}$", step.get("uses", f"@{'0' * 40}"))
    # `on` is a boolean of YAML 1.1.
    assert content[True]["push"] == {"branches": ["main"]}


def test_gitlab_gives_the_role_to_what_is_merged_alone(repositories: dict[str, Path]) -> None:
    file = repositories["gitlab"] / ".gitlab-ci.yml"
    _valid("vendor.gitlab-ci", file)
    content = _yaml(file)
    assert "id_tokens" not in content["check"]
    assert "AWS_MODEL_ROLE_ARN" not in json.dumps(content["check"])
    assert "id_tokens" in content["release"]
    [rule] = content["release"]["rules"]
    assert rule["if"] == "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
    assert (
        content["check"]["script"]
        == content["release"]["script"][:2]
        == ["make test", "make check"]
    )
    assert content["release"]["script"][-1] == "make release"


PENDING = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
APPROVED = {"sagemaker:ModelApprovalStatus": "Approved"}
THROUGH_S3 = {
    "kms:ViaService": "s3.eu-west-1.amazonaws.com",
    "kms:ResourceAliases": ["alias/globex-dev-euw1-data"],
}


@pytest.mark.parametrize(
    ("action", "service", "resource", "keys", "may"),
    [
        ("ecr:PutImage", "ecr", "repository/globex-dev-euw1-churn", {}, True),
        ("ecr:DescribeImages", "ecr", "repository/globex-dev-euw1-churn", {}, True),
        ("ecr:PutImage", "ecr", "repository/globex-dev-euw1-fraud", {}, False),
        ("ecr:BatchDeleteImage", "ecr", "repository/globex-dev-euw1-churn", {}, False),
        ("s3:PutObject", "s3", "{bucket}/models/churn/1/model.tar.gz", {}, True),
        ("s3:PutObject", "s3", "{bucket}/models/fraud/1/model.tar.gz", {}, False),
        ("kms:GenerateDataKey", "kms", "key/1", THROUGH_S3, True),
        ("kms:GenerateDataKey", "kms", "key/1", {}, False),
        (
            "sagemaker:CreateModelPackage",
            "sagemaker",
            "model-package-group/globex-dev-euw1-churn",
            PENDING,
            True,
        ),
        (
            "sagemaker:CreateModelPackage",
            "sagemaker",
            "model-package/globex-dev-euw1-churn/1",
            APPROVED,
            False,
        ),
        (
            "sagemaker:UpdateModelPackage",
            "sagemaker",
            "model-package/globex-dev-euw1-churn/1",
            APPROVED,
            False,
        ),
    ],
)
def test_the_role_of_its_ci_releases_and_approves_nothing(
    action: str, service: str, resource: str, keys: dict[str, Any], may: bool
) -> None:
    policy = json.loads(render(answers())[Path("policy.json")])
    context = answers().context()
    arn = context.arn(service, resource.format(bucket=context.bucket("artifacts")))
    assert allows(policy["Statement"], action, arn, keys) is may


def test_what_it_uploads_is_where_data_scientists_may_too(repositories: dict[str, Path]) -> None:
    prefix = runpy.run_path(str(repositories["github"] / "release.py"))["PREFIX"]
    [beginning] = DataScientists(people=["arn:aws:iam::111122223333:role/a"]).artifacts
    assert prefix.startswith(beginning)


def test_a_release_registers_a_version_that_waits_and_that_an_environment_takes(
    repositories: dict[str, Path], emulator: Any, tmp_path: Path
) -> None:
    folder = repositories["github"]
    context = answers().context().replace(deploy_role="inferform-deploy")
    aws = Aws(context, emulator=emulator)
    name, ecr, sagemaker = context.name("churn"), aws.client("ecr"), aws.client("sagemaker")
    aws.client("s3").create_bucket(
        Bucket=context.bucket("artifacts"),
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    build = folder / "build"
    build.mkdir()
    (build / "model.tar.gz").write_bytes(b"model")

    def release(*words: str, expect: int = 0) -> str:
        command = (sys.executable, "release.py", *words)
        return _done(*command, folder=folder, expect=expect, **aws.shell_variables()).strip()

    def evaluated(accuracy: float) -> None:
        evaluation = {"metrics": {"accuracy": {"value": accuracy}}}
        (build / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")

    evaluated(0.91)
    assert release("password")
    release("pushed", TAG, expect=1)
    assert "make push" in release("register", TAG, expect=1)
    manifest = small_manifest(name)
    pushed = ecr.put_image(repositoryName=name, imageTag=TAG, imageManifest=manifest)["image"]
    release("pushed", TAG)
    first = release("register", TAG)
    found = sagemaker.describe_model_package(ModelPackageName=first)
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["CustomerMetadataProperties"] == {"commit": TAG}
    [container] = found["InferenceSpecification"]["Containers"]
    assert container["Image"].endswith(f"/{name}@{pushed['imageId']['imageDigest']}")
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    assert aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"model"

    # The next evaluation is beside the first, and a decision sees both.
    evaluated(0.97)
    second = release("register", TAG)
    differs = {path: (a, b) for path, a, b in versions.difference(first, second, aws)}
    assert differs["ModelQuality.Statistics.metrics.accuracy.value"] == ("0.91", "0.97")

    environments = tmp_path / "environments"
    environments.mkdir()
    (environments / "dev.py").write_text(_ENVIRONMENT, encoding="utf-8")
    added = plan(load(environments), context.key, Asked("churn/2", unapproved=True), aws)
    # Neither image nor artifact is written: both are the environment's own.
    assert added.notes == ()
    assert f"{name}/2" in added.edit.diff


_ENVIRONMENT = """
from inferform import Context, Environment, ModelPackageGroup, Network, Registry, Repository

dev = Environment(
    context=Context(
        organization="globex", stage="dev", account="210987654321", region="eu-west-1", owner="ml",
        deploy_role="inferform-deploy",
    ),
    network=Network(cidr="10.0.0.0/16"),
    registry=Registry(repositories={"churn": Repository()}, models={"churn": ModelPackageGroup()}),
)
"""


def test_what_the_readme_asks_of_the_environment_is_what_it_takes(
    repositories: dict[str, Path],
) -> None:
    readme = (repositories["github"] / "README.md").read_text("utf-8")
    [shown] = re.findall(r"^```\n(repositories=.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    known = {"Repository": Repository, "ModelPackageGroup": ModelPackageGroup}
    given = eval(f"dict({shown})", known)
    made = Environment(
        context=answers().context(), network=Network(cidr="10.0.0.0/16"), registry=Registry(**given)
    )
    assert versions.group_of(made, "churn").name == "globex-dev-euw1-churn"


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"model": "Churn_1"}, BadInputError, "no name of a model"),
        ({"ci": "codepipeline"}, BadInputError, "--ci github or gitlab"),
        ({"stages": ["dev", "prod"]}, BadInputError, "--stage dev"),
        ({"account": "1111"}, SpecError, "12 digits"),
    ],
)
def test_a_wrong_answer_is_refused_and_nothing_written(
    wrong: dict[str, Any], error: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        init_model(tmp_path / "new", answers(**wrong))
    assert not (tmp_path / "new").exists()


def test_the_command_makes_it_and_writes_over_nothing(tmp_path: Path) -> None:
    where = ["--organization", "globex", "--account", "210987654321", "--region", "eu-west-1"]
    given = ["init", str(tmp_path / "churn"), "--model", "churn", *where]
    assert "20 files in" in CliRunner().invoke(app, given).output
    again = CliRunner().invoke(app, given)
    assert isinstance(again.exception, BadInputError)
    assert "already, so nothing was written" in str(again.exception)
    other = CliRunner().invoke(app, [*given, "--package", "pipenv"])
    assert "neither --tools-account nor --package" in str(other.exception)
