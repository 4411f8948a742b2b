"""The first entry of a service: the Spec of an endpoint that serves a registered version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inferform import Environment, ModelPackage, RealtimeEndpoint, Registry, SpecError
from inferform.image_uri import parse_image
from inferform.loading import Loaded
from inferform.rules import did_you_mean, one_of
from inferform.spec import is_short_name

from . import versions
from .aws import Aws
from .errors import BadInputError
from .promote import Promotion
from .takeover.files import Wanted, edit
from .takeover.steps import layer_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be served, and how."""

    version: str
    """A group, of which the latest approved version is taken, or `GROUP/NUMBER` or an ARN."""

    short: str = ""
    """The short name of the endpoint. Default: that of the group."""

    instance_type: str = ""
    """Default: the first that the version names for endpoints."""

    group: str = ""
    """The group of inference layers that it comes into."""

    unapproved: bool = False
    """Whether a version may be taken that nobody has approved."""


@dataclass(frozen=True, slots=True)
class Added:
    """An edit that is not made yet, and what to know of it."""

    edit: Promotion
    arn: str
    short: str
    notes: tuple[str, ...]


def plan(loaded: Loaded, key: str, asked: Asked, aws: Aws) -> Added:
    """The edit of an environment's file that adds an endpoint for a version of the Model Registry.

    Raises BadInputError for a version that is not approved or that no such endpoint can serve, and where
    the file cannot be edited safely.
    """
    environment = loaded.environments[key]
    layer_of(environment, asked.group)
    group, arn = _version(environment, asked, aws)
    short = asked.short or group.short
    inference = environment.groups.get(asked.group)
    if not is_short_name(short):
        raise BadInputError(
            f"{short} is no short name", "--as NAME, of lower-case letters, digits and hyphens"
        )
    if inference is not None and short in inference.endpoints:
        raise BadInputError(
            f"{key} has an endpoint {short} already",
            f"inferform models resolve {key} {group.short} moves it on; or --as another name",
        )
    found = versions.described(arn, aws)
    _refuse_unready(found, arn, asked)
    spec, notes = _spec(environment, asked, arn, found)
    wanted = Wanted(short, environment.context.endpoint(short), spec, group=asked.group)
    return Added(edit(loaded, key, wanted, {}), arn, short, tuple(notes))


def _version(environment: Environment, asked: Asked, aws: Aws) -> tuple[versions.Group, str]:
    """The group and the ARN of what is asked for."""
    if re.search(r"/\d+$", asked.version):
        return versions.version_of(environment, asked.version)
    group = versions.group_of(environment, asked.version)
    held = list(versions.listed(environment, group, aws))
    chosen = [each for each in held if each.status == "Approved"]
    if not chosen:
        said = "; ".join(f"{group.short}/{each.number} is {each.status}" for each in held[:3])
        raise BadInputError(
            f"no version of {group.short} is approved: {said or 'there is none'}",
            f"inferform models approve {environment.key} {group.short}/NUMBER --why ...; or name a version, with "
            "--unapproved",
        )
    return group, chosen[0].arn


def _refuse_unready(found: Mapping[str, Any], arn: str, asked: Asked) -> None:
    if found["ModelPackageStatus"] != "Completed":
        raise BadInputError(f"{arn} is {found['ModelPackageStatus']}", "wait for it")
    status = found.get("ModelApprovalStatus", "not known")
    if status != "Approved" and not asked.unapproved:
        raise BadInputError(
            f"{arn} is {status}", "let somebody approve it first, or say --unapproved"
        )


def _spec(
    environment: Environment, asked: Asked, arn: str, found: Mapping[str, Any]
) -> tuple[RealtimeEndpoint, list[str]]:
    inference = found.get("InferenceSpecification") or {}
    named = versions.named_by(found, arn)
    given: dict[str, Any] = {"arn": arn}
    notes = list[str]()
    if not _is_own(environment, named.image):
        given["image"] = named.image
    if named.artifact and not named.artifact.startswith(f"s3://{environment.artifact_bucket}/"):
        given["artifact"] = named.artifact
    for name in given.keys() - {"arn"}:
        notes.append(
            f"{name} is that of this version: change it with the version, or give what all versions share"
        )
    try:
        spec = RealtimeEndpoint(
            model=ModelPackage(**given), instance_type=_instance_type(asked, arn, inference)
        )
    except SpecError as error:
        said = [str(problem) for problem in error.problems]
        raise BadInputError(
            "\n  ".join([f"{arn} cannot be served as it is", *said]), "write its Spec by hand"
        ) from error
    return spec, sorted(notes)


def _is_own(environment: Environment, image: str) -> bool:
    """Whether an image is in a repository of the environment's own registry."""
    registry, context = environment.registry, environment.context
    parts = parse_image(image)
    own = registry.repositories if isinstance(registry, Registry) else {}
    return parts is not None and any(
        parts["repository"] == context.own_repository(each) and f"{context.account}.dkr." in image
        for each in own
    )


def _instance_type(asked: Asked, arn: str, inference: Mapping[str, Any]) -> str:
    offered = inference.get("SupportedRealtimeInferenceInstanceTypes") or []
    if not asked.instance_type:
        if not offered:
            raise BadInputError(
                f"{arn} names no instance type for endpoints", "--instance-type ml.m5.large"
            )
        return str(offered[0])
    if offered and asked.instance_type not in offered:
        hint = did_you_mean(asked.instance_type, offered)
        raise BadInputError(
            f"{arn} is not for {asked.instance_type}{hint}", f"it names {one_of(offered)}"
        )
    return asked.instance_type
