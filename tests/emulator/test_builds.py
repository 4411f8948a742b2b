"""Projects of CodeBuild as a pipeline and Terraform use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]


@pytest.fixture
def builds(client: Client) -> Any:
    return client("codebuild")


@pytest.fixture
def project(account: str) -> dict[str, Any]:
    return {
        "name": "acme-plan",
        "source": {"type": "CODEPIPELINE", "buildspec": '{"version": "0.2"}'},
        "artifacts": {"type": "CODEPIPELINE"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "computeType": "BUILD_GENERAL1_MEDIUM",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "environmentVariables": [{"name": "LEVEL", "value": "1"}],
        },
        "serviceRole": f"arn:aws:iam::{account}:role/plan",
    }


def described(builds: Any, name: str = "acme-plan") -> dict[str, Any]:
    [found] = builds.batch_get_projects(names=[name])["projects"]
    return dict(found)


def test_a_project_of_a_pipeline_keeps_what_it_is_given(
    builds: Any, project: dict[str, Any], account: str
) -> None:
    key = f"arn:aws:kms:us-east-1:{account}:key/a"
    builds.create_project(**project, encryptionKey=key, concurrentBuildLimit=2)
    found = described(builds)
    assert found["source"]["type"] == "CODEPIPELINE"
    assert (found["encryptionKey"], found["concurrentBuildLimit"]) == (key, 2)
    assert (found["timeoutInMinutes"], found["queuedTimeoutInMinutes"]) == (60, 480)
    environment = found["environment"]
    assert environment["environmentVariables"][0]["type"] == "PLAINTEXT"
    assert environment["imagePullCredentialsType"] == "CODEBUILD"
    assert environment["privilegedMode"] is False


def test_an_update_changes_what_is_given_and_leaves_the_rest(
    builds: Any, project: dict[str, Any]
) -> None:
    builds.create_project(**project, description="plans")
    builds.update_project(name="acme-plan", timeoutInMinutes=30)
    found = described(builds)
    assert (found["timeoutInMinutes"], found["description"]) == (30, "plans")
    with pytest.raises(builds.exceptions.ResourceNotFoundException):
        builds.update_project(name="other", timeoutInMinutes=30)


def test_a_project_is_deleted_by_its_arn_and_can_be_made_again(
    builds: Any, project: dict[str, Any]
) -> None:
    arn = builds.create_project(**project)["project"]["arn"]
    with pytest.raises(builds.exceptions.ResourceAlreadyExistsException):
        builds.create_project(**project)
    builds.delete_project(name=arn)
    assert builds.batch_get_projects(names=[arn])["projectsNotFound"] == [arn]
    builds.create_project(**project)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"artifacts": {"type": "NO_ARTIFACTS"}}, "or neither"),
        (
            {"source": {"type": "NO_SOURCE"}, "artifacts": {"type": "NO_ARTIFACTS"}},
            "buildspec is required",
        ),
        (
            {
                "source": {"type": "NO_SOURCE", "buildspec": "a", "location": "b"},
                "artifacts": {"type": "NO_ARTIFACTS"},
            },
            "location must be empty",
        ),
        ({"source": {"type": "GITHUB"}, "artifacts": {"type": "NO_ARTIFACTS"}}, "location"),
        ({"timeoutInMinutes": 2161}, "between 5 and 2160"),
        ({"queuedTimeoutInMinutes": 481}, "between 5 and 480"),
        ({"serviceRole": "arn:aws:iam::999988887777:role/plan"}, "does not match"),
        ({"name": "acme.plan"}, "Only alphanumeric"),
    ],
)
def test_what_aws_refuses_of_a_project(
    builds: Any, project: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(builds.exceptions.InvalidInputException, match=said):
        builds.create_project(**{**project, **change})


@pytest.mark.parametrize(
    ("kind", "compute", "more", "said"),
    [
        ("LINUX_GPU_CONTAINER", "BUILD_GENERAL1_MEDIUM", {}, "is not supported for environment"),
        ("LINUX_CONTAINER", "BUILD_LAMBDA_2GB", {}, "is not supported for environment"),
        ("LINUX_LAMBDA_CONTAINER", "BUILD_LAMBDA_2GB", {"privilegedMode": True}, "Privileged"),
        (
            "LINUX_CONTAINER",
            "BUILD_GENERAL1_SMALL",
            {"imagePullCredentialsType": "SERVICE_ROLE"},
            "SERVICE_ROLE",
        ),
    ],
)
def test_what_aws_refuses_of_compute(
    builds: Any, project: dict[str, Any], kind: str, compute: str, more: Any, said: str
) -> None:
    environment = {**project["environment"], "type": kind, "computeType": compute, **more}
    with pytest.raises(ClientError, match=said):
        builds.create_project(**{**project, "environment": environment})


def test_compute_that_moto_does_not_know_is_taken(builds: Any, project: dict[str, Any]) -> None:
    for number, (kind, compute) in enumerate(
        [
            ("LINUX_GPU_CONTAINER", "BUILD_GENERAL1_LARGE"),
            ("ARM_CONTAINER", "BUILD_GENERAL1_XLARGE"),
        ]
    ):
        environment = {**project["environment"], "type": kind, "computeType": compute}
        name = f"acme-{number}"
        builds.create_project(**{**project, "name": name, "environment": environment})
        assert described(builds, name)["environment"]["computeType"] == compute


def test_report_groups_are_made_changed_and_deleted(builds: Any) -> None:
    made = builds.create_report_group(
        name="acme-checks", type="TEST", exportConfig={"exportConfigType": "NO_EXPORT"}
    )["reportGroup"]
    with pytest.raises(builds.exceptions.ResourceAlreadyExistsException):
        builds.create_report_group(
            name="acme-checks", type="TEST", exportConfig={"exportConfigType": "NO_EXPORT"}
        )
    builds.update_report_group(arn=made["arn"], tags=[{"key": "owner", "value": "ml"}])
    [found] = builds.batch_get_report_groups(reportGroupArns=[made["arn"]])["reportGroups"]
    assert found["tags"] == [{"key": "owner", "value": "ml"}]
    builds.delete_report_group(arn=made["arn"])
    answer = builds.batch_get_report_groups(reportGroupArns=[made["arn"]])
    assert (answer["reportGroups"], answer["reportGroupsNotFound"]) == ([], [made["arn"]])


def test_a_webhook_is_of_a_project_with_a_git_provider(
    builds: Any, project: dict[str, Any]
) -> None:
    builds.create_project(**project)
    with pytest.raises(builds.exceptions.InvalidInputException, match="CODEPIPELINE"):
        builds.create_webhook(projectName="acme-plan")
    source = {"type": "GITHUB", "location": "https://github.com/acme/inference.git"}
    builds.create_project(
        **{**project, "name": "acme-git", "source": source, "artifacts": {"type": "NO_ARTIFACTS"}}
    )
    filters = [[{"type": "EVENT", "pattern": "PUSH"}]]
    made = builds.create_webhook(projectName="acme-git", filterGroups=filters)["webhook"]
    assert made["secret"]
    shown = described(builds, "acme-git")["webhook"]
    assert shown["filterGroups"] == filters
    assert "secret" not in shown
    with pytest.raises(builds.exceptions.ResourceAlreadyExistsException):
        builds.create_webhook(projectName="acme-git")
    builds.update_webhook(projectName="acme-git", branchFilter="main")
    shown = described(builds, "acme-git")["webhook"]
    assert (shown["branchFilter"], shown.get("filterGroups")) == ("main", None)
    builds.delete_webhook(projectName="acme-git")
    assert "webhook" not in described(builds, "acme-git")
