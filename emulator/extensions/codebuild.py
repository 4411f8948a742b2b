"""CodeBuild: projects of pipelines, their updates, report groups and webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from moto.codebuild.exceptions import (
    InvalidInputException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from moto.codebuild.models import CodeBuild
from moto.codebuild.responses import CodeBuildResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random
from moto.utilities.utils import get_partition

from .registry import Service

service = Service("codebuild", CodeBuildResponse)

Original = Callable[..., Any]

# botocore codebuild; AWS CodeBuild API reference, ProjectSource and ProjectEnvironment.
_WITHOUT_LOCATION = ("CODEPIPELINE", "NO_SOURCE")
_SOURCES = (
    *("BITBUCKET", "CODECOMMIT", "CODEPIPELINE", "GITHUB", "GITHUB_ENTERPRISE", "GITLAB"),
    *("GITLAB_SELF_MANAGED", "NO_SOURCE", "S3"),
)
_CONTAINERS = {
    "ARM_CONTAINER": ("SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE"),
    "LINUX_CONTAINER": ("SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE"),
    "LINUX_GPU_CONTAINER": ("SMALL", "LARGE"),
    "WINDOWS_SERVER_2019_CONTAINER": ("MEDIUM", "LARGE", "XLARGE", "2XLARGE"),
    "WINDOWS_SERVER_2022_CONTAINER": ("MEDIUM", "LARGE", "XLARGE", "2XLARGE"),
}
_LAMBDA = ("ARM_LAMBDA_CONTAINER", "LINUX_LAMBDA_CONTAINER")
_LAMBDA_SIZES = ("1GB", "2GB", "4GB", "8GB", "10GB")

_FIELDS = (
    *("artifacts", "buildBatchConfig", "cache", "concurrentBuildLimit", "description"),
    *("encryptionKey", "environment", "fileSystemLocations", "logsConfig"),
    *("queuedTimeoutInMinutes", "secondaryArtifacts", "secondarySourceVersions"),
    *("secondarySources", "serviceRole", "source", "sourceVersion", "tags", "timeoutInMinutes"),
    "vpcConfig",
)
_WEBHOOK = ("branchFilter", "buildType", "filterGroups", "scopeConfiguration")


@service.corrects(
    "CreateProject",
    gap="wants a location of sources and artifacts that have none, knows neither all environments nor "
    "all compute types, and loses the encryption key, batches, limits, file systems and what is secondary",
)
def create_project(original: Original, response: CodeBuildResponse) -> ActionResult:
    """AWS takes sources CODEPIPELINE and NO_SOURCE without a location, and keeps what it is given."""
    given = _given(response)
    name = str(given["name"])
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9\-_]{1,254}", name):
        raise InvalidInputException(
            "Only alphanumeric characters, dash, and underscore are supported"
        )
    _refuse(response, given)
    projects = response.codebuild_backend.codebuild_projects
    if name in projects:
        raise ResourceAlreadyExistsException(f"Project already exists: {projects[name].arn}")
    made = CodeBuild(
        response.current_account,
        response.region,
        project_name=name,
        description=None,
        project_source={},
        artifacts={},
        environment={},
        serviceRole=given["serviceRole"],
    )
    projects[name] = made
    response.codebuild_backend.build_history[name] = []
    made.project_metadata |= {
        "created": utcnow(),
        "projectVisibility": "PRIVATE",
        "queuedTimeoutInMinutes": 480,
        "timeoutInMinutes": 60,
        "tags": [],
    }
    return _keep(made, given)


@service.adds("UpdateProject", gap="missing: a changed project in Terraform fails")
def update_project(response: CodeBuildResponse) -> ActionResult:
    """AWS changes what is given, and leaves the rest as it is."""
    given = _given(response)
    project = _project(response, given["name"])
    _refuse(response, {**project.project_metadata, **given})
    return _keep(project, given)


@service.corrects("BatchGetProjects", gap="does not say which projects are not there")
def batch_get_projects(original: Original, response: CodeBuildResponse) -> ActionResult:
    """AWS lists them."""
    answer: Any = original(response)
    found = answer.result["projects"]
    known = {each[field] for each in found for field in ("name", "arn")}
    missing = [name for name in response._get_param("names") if name not in known]
    return ActionResult({"projects": found, "projectsNotFound": missing})


@service.corrects("DeleteProject", gap="deletes nothing by an ARN, and says that it did")
def delete_project(original: Original, response: CodeBuildResponse) -> EmptyResult:
    """AWS takes a name or an ARN, and says nothing of a project that is not there."""
    name = _name(response._get_param("name"))
    response.codebuild_backend.delete_project(name)
    return EmptyResult()


# Report groups


@service.adds("CreateReportGroup", gap="missing")
def create_report_group(response: CodeBuildResponse) -> ActionResult:
    """AWS creates it, and refuses a name that is taken."""
    name, kind = response._get_param("name"), response._get_param("type")
    if kind not in ("TEST", "CODE_COVERAGE"):
        raise InvalidInputException(f"Invalid report group type: {kind}")
    arn = _arn(response, f"report-group/{name}")
    groups = _groups(response)
    if arn in groups:
        raise ResourceAlreadyExistsException(f"Report group already exists: {arn}")
    now = utcnow()
    groups[arn] = {
        "arn": arn,
        "name": name,
        "type": kind,
        "exportConfig": response._get_param("exportConfig") or {"exportConfigType": "NO_EXPORT"},
        "created": now,
        "lastModified": now,
        "tags": response._get_param("tags") or [],
        "status": "ACTIVE",
    }
    return ActionResult({"reportGroup": groups[arn]})


@service.adds("BatchGetReportGroups", gap="missing")
def batch_get_report_groups(response: CodeBuildResponse) -> ActionResult:
    """AWS describes those that are there, and lists the others."""
    groups, asked = _groups(response), response._get_param("reportGroupArns")
    return ActionResult(
        {
            "reportGroups": [groups[arn] for arn in asked if arn in groups],
            "reportGroupsNotFound": [arn for arn in asked if arn not in groups],
        }
    )


@service.adds("UpdateReportGroup", gap="missing")
def update_report_group(response: CodeBuildResponse) -> ActionResult:
    """AWS changes where reports are exported to, and the tags."""
    arn = response._get_param("arn")
    if arn not in _groups(response):
        raise ResourceNotFoundException(f"Report group not found: {arn}")
    group = _groups(response)[arn]
    for field in ("exportConfig", "tags"):
        if (value := response._get_param(field)) is not None:
            group[field] = value
    group["lastModified"] = utcnow()
    return ActionResult({"reportGroup": group})


@service.adds("DeleteReportGroup", gap="missing")
def delete_report_group(response: CodeBuildResponse) -> EmptyResult:
    """AWS deletes it, and says nothing of one that is not there."""
    _groups(response).pop(response._get_param("arn"), None)
    return EmptyResult()


# Webhooks


@service.adds("CreateWebhook", gap="missing")
def create_webhook(response: CodeBuildResponse) -> ActionResult:
    """AWS makes one for a project whose source is a Git provider, and refuses a second."""
    project = _project(response, response._get_param("projectName"))
    metadata = project.project_metadata
    if metadata["source"]["type"] in (*_WITHOUT_LOCATION, "CODECOMMIT", "S3"):
        kind = metadata["source"]["type"]
        raise InvalidInputException(f"Webhooks are not supported for source type {kind}")
    if "webhook" in metadata:
        raise ResourceAlreadyExistsException(f"Webhook for {metadata['name']} already exists")
    token = mock_random.get_random_hex(32)
    metadata["webhook"] = {
        "url": f"{metadata['source']['location'].removesuffix('.git')}/hooks/{token[:8]}",
        "payloadUrl": f"https://codebuild.{response.region}.amazonaws.com/webhooks?t={token}",
        "lastModifiedSecret": utcnow(),
        "status": "ACTIVE",
        **_webhook(response),
    }
    return ActionResult({"webhook": {**metadata["webhook"], "secret": token}})


@service.adds("UpdateWebhook", gap="missing")
def update_webhook(response: CodeBuildResponse) -> ActionResult:
    """AWS changes its filters."""
    webhook = _webhook_of(response)
    for field in ("branchFilter", "filterGroups"):
        webhook.pop(field, None)
    webhook |= _webhook(response)
    return ActionResult({"webhook": webhook})


@service.adds("DeleteWebhook", gap="missing")
def delete_webhook(response: CodeBuildResponse) -> EmptyResult:
    """AWS deletes it, and refuses where there is none."""
    _webhook_of(response)
    del _project(response, response._get_param("projectName")).project_metadata["webhook"]
    return EmptyResult()


def _given(response: CodeBuildResponse) -> dict[str, Any]:
    fields = ("name", "badgeEnabled", *_FIELDS)
    given = {field: response._get_param(field) for field in fields}
    return {field: value for field, value in given.items() if value is not None}


def _refuse(response: CodeBuildResponse, project: dict[str, Any]) -> None:
    for said in _wrong(response, project):
        raise InvalidInputException(said)


def _wrong(response: CodeBuildResponse, project: dict[str, Any]) -> Iterator[str]:
    """What AWS refuses of a project."""
    yield from _wrong_source(project["source"])
    yield from _wrong_artifacts(project["source"], project["artifacts"])
    if len(project.get("secondarySources") or ()) > 12:
        yield "Project cannot have more than 12 secondary sources"
    role = f"arn:{get_partition(response.region)}:iam::{response.current_account}:role/"
    if not str(project["serviceRole"]).startswith(role):
        yield "Invalid service role: Service role account ID does not match caller's account"
    yield from _wrong_environment(project)
    for field, low, high in (
        ("timeoutInMinutes", 5, 2160),
        ("queuedTimeoutInMinutes", 5, 480),
    ):
        if project.get(field) is not None and not low <= project[field] <= high:
            yield f"Invalid {field}: must be between {low} and {high}"


def _wrong_source(source: dict[str, Any]) -> Iterator[str]:
    kind = source.get("type")
    if kind not in _SOURCES:
        yield "Invalid type provided: Project source type"
    elif kind not in _WITHOUT_LOCATION:
        if not source.get("location"):
            yield "Project source location is required"
    elif source.get("location"):
        yield f"Invalid project source: location must be empty for source type {kind}"
    elif kind == "NO_SOURCE" and not source.get("buildspec"):
        yield "Invalid project source: buildspec is required for source type NO_SOURCE"


def _wrong_artifacts(source: dict[str, Any], artifacts: dict[str, Any]) -> Iterator[str]:
    kind = artifacts.get("type")
    if kind not in ("CODEPIPELINE", "NO_ARTIFACTS", "S3"):
        yield "Invalid type provided: Artifact type"
    if (source.get("type") == "CODEPIPELINE") is not (kind == "CODEPIPELINE"):
        yield "Invalid artifacts: both source and artifacts have to be of type CODEPIPELINE, or neither"
    if kind == "S3" and not artifacts.get("location"):
        yield "Project artifacts location is required"
    if kind == "NO_ARTIFACTS" and artifacts.get("location"):
        yield "Invalid artifacts: artifact type NO_ARTIFACTS should have null location"


def _wrong_environment(project: dict[str, Any]) -> Iterator[str]:
    environment = project["environment"]
    kind, compute = environment.get("type"), str(environment.get("computeType"))
    if kind in _LAMBDA:
        sizes = [f"BUILD_LAMBDA_{size}" for size in _LAMBDA_SIZES]
        if environment.get("privilegedMode"):
            yield "Privileged mode is not supported for Lambda compute"
        if (project.get("cache") or {}).get("type", "NO_CACHE") != "NO_CACHE":
            yield "Cache is not supported for Lambda compute"
    elif kind in _CONTAINERS:
        sizes = [f"BUILD_GENERAL1_{size}" for size in _CONTAINERS[kind]]
    else:
        yield f"Invalid type provided: {kind}"
        return
    if compute not in sizes:
        yield f"Compute type {compute} is not supported for environment type {kind}"
    curated = str(environment.get("image")).startswith("aws/codebuild/")
    if curated and environment.get("imagePullCredentialsType") == "SERVICE_ROLE":
        yield "SERVICE_ROLE is not supported for images that AWS CodeBuild manages"
    names = [each["name"] for each in environment.get("environmentVariables") or ()]
    if len(set(names)) < len(names):
        yield "Environment variables have to have names of their own"


def _keep(project: CodeBuild, given: dict[str, Any]) -> ActionResult:
    metadata = project.project_metadata
    metadata |= {field: given[field] for field in _FIELDS if field in given}
    if "serviceRole" in given:
        project.service_role = given["serviceRole"]
    if "badgeEnabled" in given:
        metadata["badge"] = {"badgeEnabled": given["badgeEnabled"]}
    environment = metadata["environment"] = dict(metadata["environment"])
    environment.setdefault("privilegedMode", False)
    environment.setdefault("imagePullCredentialsType", "CODEBUILD")
    environment["environmentVariables"] = [
        {"type": "PLAINTEXT", **each} for each in environment.get("environmentVariables") or ()
    ]
    # An empty answer is no limit, no batch and no VPC.
    for field in ("buildBatchConfig", "concurrentBuildLimit", "vpcConfig"):
        if field in given and given[field] in ({}, -1):
            metadata.pop(field, None)
    metadata["lastModified"] = utcnow()
    return ActionResult({"project": metadata})


def _name(named: str) -> str:
    return named.rpartition("/")[2] if named.startswith("arn:") else named


def _project(response: CodeBuildResponse, named: str) -> CodeBuild:
    found: CodeBuild | None = response.codebuild_backend.codebuild_projects.get(_name(named))
    if found is None:
        raise ResourceNotFoundException(f"Project cannot be found: {named}")
    return found


def _arn(response: CodeBuildResponse, resource: str) -> str:
    partition = get_partition(response.region)
    return f"arn:{partition}:codebuild:{response.region}:{response.current_account}:{resource}"


def _groups(response: CodeBuildResponse) -> dict[str, dict[str, Any]]:
    backend = response.codebuild_backend
    groups: dict[str, dict[str, Any]] = backend.__dict__.setdefault("report_groups", {})
    return groups


def _webhook(response: CodeBuildResponse) -> dict[str, Any]:
    given = {field: response._get_param(field) for field in _WEBHOOK}
    return {field: value for field, value in given.items() if value is not None}


def _webhook_of(response: CodeBuildResponse) -> dict[str, Any]:
    project = _project(response, response._get_param("projectName"))
    if "webhook" not in project.project_metadata:
        name = project.project_metadata["name"]
        raise ResourceNotFoundException(f"Webhook for {name} cannot be found")
    found: dict[str, Any] = project.project_metadata["webhook"]
    return found
