"""A new version of a model package group, made of an archive on this machine. It waits for an approval."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from inferform import Environment, FrameworkContainer, Image, Model, Registry, SpecError
from inferform.model.accelerator import device_of
from inferform.model.image import PROGRAM, Framework, image_uri

from . import archive
from .aws import Aws
from .errors import BadInputError
from .publish import upload
from .versions import group_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What a version is made of."""

    group: str
    archive: Path
    image: str
    """`scikit-learn:1.4-2-py312` of AWS, `fraud:1.4.2` of the environment's registry, or a URI."""

    variables: Mapping[str, str] = field(default_factory=dict)
    evaluation: Path | None = None
    """A JSON file, which becomes the version's model quality. Default: none."""

    instance_types: tuple[str, ...] = ("ml.m5.large",)
    content_types: tuple[str, ...] = ("text/csv", "application/json")
    metadata: Mapping[str, str] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A version that is to be registered: nothing is uploaded yet."""

    group: str
    image: str
    variables: Mapping[str, str]
    uploads: Mapping[str, Path]
    """What goes where: by its URI in S3."""

    request: Mapping[str, Any]
    """What CreateModelPackage is told."""


def plan(environment: Environment, asked: Asked) -> Planned:
    """What registering does. Raises BadInputError for an image or an archive that cannot serve."""
    group = group_of(environment, asked.group)
    model = _model(environment, asked)
    archive.check(asked.archive, [model])
    device = device_of(asked.instance_types[0])
    image = image_uri(model.image, environment.context, device)
    # Below the digest of its content, so that no other content takes its place.
    folder = f"s3://{environment.artifact_bucket}/models/{group.short}"
    artifact = f"{folder}/{_digest(asked.archive)}/{asked.archive.name}"
    uploads = {artifact: asked.archive}
    container: dict[str, Any] = {"Image": image, "ModelDataUrl": artifact}
    if model.environment:
        container["Environment"] = dict(model.environment)
    request: dict[str, Any] = {
        "ModelPackageGroupName": group.name,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": list(asked.content_types),
            "SupportedResponseMIMETypes": list(asked.content_types),
            "SupportedRealtimeInferenceInstanceTypes": list(asked.instance_types),
        },
    }
    if asked.evaluation is not None:
        place = f"{folder}/{_digest(asked.evaluation)}/{asked.evaluation.name}"
        uploads[place] = asked.evaluation
        quality = {"ContentType": "application/json", "S3Uri": place}
        request["ModelMetrics"] = {"ModelQuality": {"Statistics": quality}}
    if asked.metadata:
        request["CustomerMetadataProperties"] = dict(asked.metadata)
    if asked.description:
        request["ModelPackageDescription"] = asked.description
    return Planned(group.short, image, model.environment, uploads, request)


def register(planned: Planned, aws: Aws) -> str:
    """Upload what is not there yet, and register the version; its ARN."""
    for uri, file in planned.uploads.items():
        upload(file, uri, aws)
    made = aws.client("sagemaker").create_model_package(**planned.request)
    return str(made["ModelPackageArn"])


def _model(environment: Environment, asked: Asked) -> Model:
    """The Model that the version would be, as a Spec checks it."""
    name, _, version = asked.image.partition(":")
    image: Image | FrameworkContainer | str
    registry = environment.registry
    own = registry.repositories if isinstance(registry, Registry) else {}
    variables = dict(asked.variables)
    try:
        if name in get_args(Framework):
            image = FrameworkContainer(framework=name, version=version)  # type: ignore[arg-type]
            if name == "scikit-learn":
                variables = {**PROGRAM, **variables}
        elif name in own:
            image = Image(repository=name, tag=version)
        elif "/" in asked.image:
            image = asked.image
        else:
            known = ", ".join(sorted(own)) or "none"
            raise BadInputError(
                f"{asked.image} is no image",
                f"write FRAMEWORK:VERSION of one of AWS's containers, NAME:TAG of a repository ({known}), or a URI",
            )
        return Model(
            image=image, artifact=f"{asked.group}/{asked.archive.name}", environment=variables
        )
    except SpecError as error:
        said = "\n  ".join(str(problem) for problem in error.problems)
        raise BadInputError(f"the version cannot be served:\n  {said}") from error


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()[:16]
    except OSError as error:
        raise BadInputError(f"{file} cannot be read: {error.strerror}") from error
