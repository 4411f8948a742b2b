"""Where what runs comes from: endpoint, version, training job, data, commit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.service import Deployed

from .aws import Aws
from .errors import BadInputError, OperatorError
from .state import NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one container of a running endpoint comes from. What nothing tells is `not known`."""

    endpoint: str
    model: str
    image: str = NOT_KNOWN
    artifact: str = NOT_KNOWN
    version: str = NOT_KNOWN
    """The ARN of its version in the Model Registry."""

    status: str = NOT_KNOWN
    approved_because: str = ""
    training_job: str = NOT_KNOWN
    data: tuple[str, ...] = ()
    """What the training job read, by channel."""

    commit: str = NOT_KNOWN
    repository: str = NOT_KNOWN
    notes: tuple[str, ...] = field(default=())
    """Why something is not known."""


def origins(environment: Environment, aws: Aws, service: str | None = None) -> Iterator[Origin]:
    """Where each container of the environment's endpoints comes from; of one, if it is named."""
    found = [each for each in environment.deployed if isinstance(each.spec, Endpoint)]
    chosen = [each for each in found if service in (None, each.name, each.full_name)]
    if not chosen:
        known = ", ".join(each.name for each in found) or "none"
        raise BadInputError(
            f"{environment.key} has no endpoint {service}", f"its endpoints are {known}"
        )
    for each in chosen:
        yield from _of(each, aws)


def _of(deployed: Deployed, aws: Aws) -> Iterator[Origin]:
    sagemaker = aws.client("sagemaker")
    made = deployed.resource
    assert made is not None
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=made[1])
        config = sagemaker.describe_endpoint_config(
            EndpointConfigName=endpoint["EndpointConfigName"]
        )
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(
            f"{deployed.full_name} cannot be read: {error}", "deploy it first"
        ) from error
    for variant in config["ProductionVariants"]:
        model = variant.get("ModelName")
        if model is None:
            why = "its models are inference components: see their own model packages"
            yield Origin(deployed.name, str(variant.get("VariantName")), notes=(why,))
            continue
        described = sagemaker.describe_model(ModelName=model)
        containers = described.get("Containers") or [described.get("PrimaryContainer", {})]
        for container in containers:
            yield _origin(deployed.name, model, container, aws)


def _origin(endpoint: str, model: str, container: Mapping[str, Any], aws: Aws) -> Origin:
    found: dict[str, Any] = {
        "image": container.get("Image", NOT_KNOWN),
        "artifact": _artifact(container) or NOT_KNOWN,
    }
    notes: list[str] = []
    package: Mapping[str, Any] = {}
    if version := container.get("ModelPackageName"):
        found["version"] = version
        try:
            package = aws.client("sagemaker").describe_model_package(ModelPackageName=version)
        except (BotoCoreError, ClientError) as error:
            notes.append(f"the version cannot be read: {error}")
    else:
        found["version"] = "none: the file names image and artifact"
        found["status"] = ""
    if package:
        held = package.get("InferenceSpecification", {}).get("Containers", [{}])[0]
        found["image"] = held.get("Image", NOT_KNOWN)
        found["artifact"] = _artifact(held) or NOT_KNOWN
        found["status"] = package.get("ModelApprovalStatus", NOT_KNOWN)
        found["approved_because"] = package.get("ApprovalDescription", "")
    about = {
        **package.get("MetadataProperties", {}),
        **package.get("CustomerMetadataProperties", {}),
    }
    found["commit"] = _first(about, "CommitId", "commit", "commit_id", "git_commit") or NOT_KNOWN
    found["repository"] = _first(about, "Repository", "repository") or NOT_KNOWN
    job = _training_job(about, found["artifact"], aws)
    if job is None:
        notes.append("no training job wrote this artifact under its own name")
    else:
        found["training_job"] = job["TrainingJobArn"]
        found["data"] = tuple(_inputs(job))
        environment = job.get("Environment", {})
        if found["commit"] == NOT_KNOWN:
            found["commit"] = _first(environment, "GIT_COMMIT", "COMMIT_ID") or NOT_KNOWN
    if found["commit"] == NOT_KNOWN:
        notes.append(
            "neither the version nor the training job names a commit (MetadataProperties.CommitId)"
        )
    return Origin(endpoint, model, notes=tuple(notes), **found)


def _artifact(container: Mapping[str, Any]) -> str:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return str(container.get("ModelDataUrl") or source.get("S3Uri") or "")


def _first(values: Mapping[str, Any], *names: str) -> str:
    return next((str(values[name]) for name in names if values.get(name)), "")


def _training_job(about: Mapping[str, Any], artifact: str, aws: Aws) -> Mapping[str, Any] | None:
    """The job that a version names, or whose name stands in the path of the artifact that it wrote:
    `OUTPUT/JOB/output/model.tar.gz`. SageMaker developer guide, "Where SageMaker AI saves training
    output"."""
    told = [
        str(value).rpartition("/")[2]
        for name, value in about.items()
        if ":training-job/" in str(value) or name.lower().replace("_", "") == "trainingjob"
    ]
    match = re.search(r"/([^/]+)/output/model\.tar\.gz$", artifact)
    for name in (*told, *([match[1]] if match else [])):
        try:
            job: Mapping[str, Any] = aws.client("sagemaker").describe_training_job(
                TrainingJobName=name
            )
        except (BotoCoreError, ClientError):
            continue
        # A folder of that name may be anybody's.
        wrote = job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
        if name in told or wrote == artifact:
            return job
    return None


def _inputs(job: Mapping[str, Any]) -> Iterator[str]:
    for channel in job.get("InputDataConfig", []):
        uri = channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri", NOT_KNOWN)
        yield f"{channel['ChannelName']}: {uri}"
