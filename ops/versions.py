"""Versions of the Model Registry: what there is, deciding on one, and comparing two."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment, ModelPackage
from inferform.layers.specs import Registry
from inferform.rules import did_you_mean, one_of
from inferform.s3_uri import bucket_and_key
from inferform.sagemaker.registry import ModelPackageGroup
from inferform.spec import walk

from .aws import Aws
from .errors import BadInputError, OperatorError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef

Status = Literal["Approved", "Rejected"]

_MOST_READ = 1_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """A model package group, as an environment reaches it."""

    short: str
    """How people write it."""

    name: str
    """Its name, or its ARN where it is in another account."""

    spec: ModelPackageGroup | None
    """What the environment's registry says of it; None where that does not make it."""

    def version(self, context_arn: str, number: int) -> str:
        """The ARN of a version; `context_arn` is that of the versions of a group of one's own."""
        if ":" in self.name:
            return f"{self.name.replace(':model-package-group/', ':model-package/')}/{number}"
        return f"{context_arn}{self.name}/{number}"


@dataclass(frozen=True, slots=True)
class Version:
    """One version, and which services of the environment's file name it."""

    number: int
    arn: str
    status: str
    stage: str
    created: str
    described: str
    pinned_by: tuple[str, ...]


def group_of(environment: Environment, given: str) -> Group:
    """The group of a short name, full name or ARN: of the registry, or one that a service names."""
    context = environment.context
    registry = environment.registry
    own = registry.models if isinstance(registry, Registry) else {}
    for short, spec in own.items():
        name = context.name(short)
        if given in (short, name, context.arn("sagemaker", f"model-package-group/{name}")):
            return Group(short, name, spec)
    if given.startswith("arn:"):
        return Group(given.rpartition("/")[2], given, None)
    pinned = {
        spec.group: spec.arn for _, spec in walk(environment) if isinstance(spec, ModelPackage)
    }
    arn = pinned.get(given) or pinned.get(context.name(given))
    if arn is None:
        known = [*own, *pinned]
        raise BadInputError(
            f"{environment.key} has no model package group {given}{did_you_mean(given, known)}",
            f"groups are {one_of(known or ['none'])}; one of another account is named by its ARN",
        )
    name = arn.split("/")[1]
    if arn.split(":")[4] == context.account:
        return Group(given, name, None)
    return Group(
        given, arn.replace(":model-package/", ":model-package-group/").rpartition("/")[0], None
    )


def version_of(environment: Environment, given: str) -> tuple[Group, str]:
    """The group and ARN of a version, which is written `fraud/3` or as its ARN."""
    context = environment.context
    if match := re.fullmatch(r"(arn:[^/]+:model-package)/([^/]+)/(\d{1,9})", given):
        group = f"{match[1].replace(':model-package', ':model-package-group')}/{match[2]}"
        return group_of(environment, group), given
    short, _, number = given.rpartition("/")
    if not short or not number.isdecimal():
        raise BadInputError(f"{given} is no version", "write it as GROUP/NUMBER, such as fraud/3")
    found = group_of(environment, short)
    return found, found.version(context.arn("sagemaker", "model-package/"), int(number))


def listed(environment: Environment, group: Group, aws: Aws) -> Iterator[Version]:
    """The versions of a group, the newest first."""
    pins: dict[str, list[str]] = {}
    for path, spec in walk(environment):
        if isinstance(spec, ModelPackage):
            pins.setdefault(spec.arn, []).append(".".join(map(str, path[:-1])))
    pages = (
        aws.client("sagemaker")
        .get_paginator("list_model_packages")
        .paginate(ModelPackageGroupName=group.name, ModelPackageType="Versioned")
    )
    try:
        found = [each for page in pages for each in page["ModelPackageSummaryList"]]
    except (BotoCoreError, ClientError) as error:
        raise _unreadable(group.short, error) from error
    for each in sorted(found, key=lambda one: -int(one.get("ModelPackageVersion", 0))):
        cycle = each.get("ModelLifeCycle")
        yield Version(
            number=int(each["ModelPackageVersion"]),
            arn=each["ModelPackageArn"],
            status=str(each.get("ModelApprovalStatus", "not known")),
            stage=f"{cycle['Stage']}/{cycle['StageStatus']}" if cycle else "",
            created=each["CreationTime"].strftime("%Y-%m-%d %H:%M"),
            described=str(each.get("ModelPackageDescription", "")),
            pinned_by=tuple(pins.get(each["ModelPackageArn"], ())),
        )


def decide(
    environment: Environment,
    given: str,
    status: Status,
    aws: Aws,
    *,
    why: str,
    stage: str | None = None,
) -> tuple[str, str]:
    """Approve or reject a version; its ARN, and what its status was.

    Raises BadInputError for a version that is not there or not ready, a reason that AWS does not take and
    a stage that the group does not have.
    """
    group, arn = version_of(environment, given)
    if not why.strip() or len(why) > 1024:
        raise BadInputError(
            "a decision needs a reason of at most 1,024 characters", "write one: --why TEXT"
        )
    cycle = _stage(group, stage)
    found = described(arn, aws)
    ready = found["ModelPackageStatus"]
    if status == "Approved" and ready != "Completed":
        raise BadInputError(f"{given} is {ready}", "approve it once SageMaker has completed it")
    asked: dict[str, Any] = {
        "ModelPackageArn": arn,
        "ModelApprovalStatus": status,
        "ApprovalDescription": why,
    }
    if cycle:
        asked["ModelLifeCycle"] = cycle
    try:
        aws.client("sagemaker").update_model_package(**asked)
    except (BotoCoreError, ClientError) as error:
        raise _unreadable(given, error) from error
    return arn, str(found.get("ModelApprovalStatus", "not known"))


def started_by(
    environment: Environment, given: str, status: Status, stage: str | None = None
) -> Iterator[str]:
    """What of the environment's registry waits for such a decision, in words."""
    registry = environment.registry
    if not isinstance(registry, Registry):
        return
    group, _ = version_of(environment, given)
    reached = (stage or "").partition("/")[0]
    for name, approval in registry.approvals.items():
        waits = status in approval.statuses and (
            reached in approval.stages if approval.stages else True
        )
        if approval.enabled and waits and approval.group in (group.short, group.name):
            yield f"{name} starts {type(approval.target).__name__}, if the status has changed"


def _stage(group: Group, stage: str | None) -> dict[str, str]:
    if stage is None:
        return {}
    name, _, status = stage.partition("/")
    if not name or not status:
        raise BadInputError(f"{stage} is no stage", "write it as STAGE/STATUS, such as QA/Approved")
    known = group.spec.stages if group.spec else {}
    if known and status not in known.get(name, ()):
        every = [f"{each}/{one}" for each, statuses in known.items() for one in statuses]
        raise BadInputError(
            f"{group.short} has no stage {stage}{did_you_mean(stage, every)}",
            f"its stages are {one_of(every)}",
        )
    return {"Stage": name, "StageStatus": status}


def described(arn: str, aws: Aws) -> DescribeModelPackageOutputTypeDef:
    """What SageMaker says of a version. Raises OperatorError where it says nothing."""
    try:
        return aws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    except (BotoCoreError, ClientError) as error:
        raise _unreadable(arn, error) from error


@dataclass(frozen=True, slots=True)
class Named:
    """What the one container of a version runs and loads, by whole URIs; empty where it names none."""

    image: str
    artifact: str


def named_by(found: Mapping[str, Any], arn: str) -> Named:
    """What a version names. Raises BadInputError for one that has not one container."""
    containers = (found.get("InferenceSpecification") or {}).get("Containers") or []
    if len(containers) != 1:
        raise BadInputError(
            f"{arn} has {len(containers)} containers", "write its Spec by hand, as PipelineEndpoint"
        )
    (container,) = containers
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    artifact = container.get("ModelDataUrl") or source.get("S3Uri") or ""
    return Named(str(container.get("Image") or ""), str(artifact))


def _unreadable(what: str, error: Exception) -> OperatorError:
    return OperatorError(
        f"{what} cannot be read or changed: {error}",
        "for a group of another account, its registry names yours in read_accounts; decide where the "
        "registry is",
    )


# Comparing two versions

_ABOUT = (
    *("ModelApprovalStatus", "ApprovalDescription", "ModelPackageDescription", "SourceUri"),
    *("InferenceSpecification", "CustomerMetadataProperties", "MetadataProperties"),
    *("ModelLifeCycle", "ModelMetrics", "DriftCheckBaselines", "SkipModelValidation"),
)


def difference(one: str, other: str, aws: Aws) -> list[tuple[str, str, str]]:
    """What differs between two versions by its path, and their metrics where they can be read."""
    values = [_told(described(arn, aws), aws) for arn in (one, other)]
    return [
        (path, values[0].get(path, ""), values[1].get(path, ""))
        for path in dict.fromkeys([*values[0], *values[1]])
        if values[0].get(path) != values[1].get(path)
    ]


def _told(found: Mapping[str, Any], aws: Aws) -> dict[str, str]:
    told = dict(_flat({name: found[name] for name in _ABOUT if found.get(name) is not None}))
    metrics = found.get("ModelMetrics", {})
    for kind, parts in metrics.items():
        for part, source in parts.items():
            path = f"{kind}.{part}"
            content, read = _read(str(source.get("S3Uri")), aws)
            if read:
                told |= dict(_flat(content, path))
            else:
                told[path] = f"not known: {content}"
    return told


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{path}.{index}")
    else:
        yield path, str(value)


def _read(uri: str, aws: Aws) -> tuple[Any, bool]:
    """A JSON document in S3, and whether it could be read; else why not."""
    bucket, key = bucket_and_key(uri)
    try:
        body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(_MOST_READ)
        return json.loads(body), True
    except (BotoCoreError, ClientError) as error:
        return str(error), False
    except ValueError:
        return f"{uri} is no JSON", False
