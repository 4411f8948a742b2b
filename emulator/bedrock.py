"""Provisioned throughput and application inference profiles of Bedrock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from moto.bedrock.exceptions import BedrockClientError, ResourceNotFoundException
from moto.core.utils import iso_8601_datetime_without_milliseconds, utcnow
from moto.moto_api._internal import mock_random
from moto.utilities.utils import get_partition

_TERMS = {"OneMonth": timedelta(days=30), "SixMonths": timedelta(days=182)}
_NAME = re.compile(r"([0-9a-zA-Z][_-]?)+", re.ASCII)
_PROFILE_NAME = re.compile(r"([0-9a-zA-Z][ _-]?)+", re.ASCII)


class RefusedError(BedrockClientError):  # type: ignore[misc]  # moto is not checked
    """What Bedrock does not do."""

    def __init__(self, message: str, kind: str = "ValidationException") -> None:
        super().__init__(kind, message)


Kept = dict[str, dict[str, Any]]


def throughputs(backend: Any) -> Kept:
    """Provisioned throughput by its ARN."""
    # on the backend, so that resetting moto resets them
    found: Kept = backend.__dict__.setdefault("throughputs", {})
    return found


def profiles(backend: Any) -> Kept:
    """Application inference profiles by their ARN."""
    found: Kept = backend.__dict__.setdefault("inference_profiles", {})
    return found


def provision(backend: Any, given: dict[str, Any]) -> str:
    """Buy model units."""
    name, model = given["provisionedModelName"], given["modelId"]
    if len(name) > 63 or not _NAME.fullmatch(name):
        raise RefusedError(f"{name!r} is no name of a Provisioned Throughput")
    if any(each["provisionedModelName"] == name for each in throughputs(backend).values()):
        raise RefusedError(f"{name} exists", "ConflictException")
    _require_region(backend, model)
    if not given["modelUnits"] >= 1:
        raise RefusedError("modelUnits must be 1 or more")
    term, now = given.get("commitmentDuration"), utcnow()
    if term is not None and term not in _TERMS:
        raise RefusedError(f"{term} is no commitment")
    arn = _arn(backend, f"provisioned-model/{mock_random.get_random_hex(12)}")
    throughputs(backend)[arn] = {
        "provisionedModelName": name,
        "provisionedModelArn": arn,
        "modelArn": model,
        "desiredModelArn": model,
        "foundationModelArn": model,
        "modelUnits": given["modelUnits"],
        "desiredModelUnits": given["modelUnits"],
        "status": "InService",
        "creationTime": _at(now),
        "lastModifiedTime": _at(now),
        **(
            {"commitmentDuration": term, "commitmentExpirationTime": _at(now + _TERMS[term])}
            if term
            else {}
        ),
    }
    _tag(backend, arn, given)
    return arn


def give_back(backend: Any, identity: str) -> None:
    """Delete what is not committed any more."""
    found = find(throughputs(backend), identity, "provisionedModelName", "provisionedModelArn")
    until = found.get("commitmentExpirationTime")
    if until is not None and until > _at(utcnow()):
        raise RefusedError(
            "You can't delete a Provisioned Throughput before the commitment term is over",
            "ConflictException",
        )
    del throughputs(backend)[found["provisionedModelArn"]]


def profile(backend: Any, given: dict[str, Any]) -> str:
    """Make a profile of a model, or of a system-defined one."""
    name, source = given["inferenceProfileName"], given["modelSource"]["copyFrom"]
    if len(name) > 64 or not _PROFILE_NAME.fullmatch(name):
        raise RefusedError(f"{name!r} is no name of an inference profile")
    if any(each["inferenceProfileName"] == name for each in profiles(backend).values()):
        raise RefusedError(f"{name} exists", "ConflictException")
    _require_region(backend, source)
    identity, now = mock_random.get_random_hex(12), _at(utcnow())
    arn = _arn(backend, f"application-inference-profile/{identity}")
    profiles(backend)[arn] = {
        "inferenceProfileName": name,
        "inferenceProfileArn": arn,
        "inferenceProfileId": identity,
        **({"description": given["description"]} if given.get("description") else {}),
        "models": [{"modelArn": source}],
        "status": "ACTIVE",
        "type": "APPLICATION",
        "createdAt": now,
        "updatedAt": now,
    }
    _tag(backend, arn, given)
    return arn


def find(kept: Kept, identity: str, *members: str) -> dict[str, Any]:
    """What has an identity in one of some members."""
    for each in kept.values():
        if identity in (each[member] for member in members):
            return each
    raise ResourceNotFoundException(f"The resource {identity} was not found")


def _tag(backend: Any, arn: str, given: dict[str, Any]) -> None:
    tags = [{"Key": tag["key"], "Value": tag["value"]} for tag in given.get("tags") or ()]
    backend.tagger.tag_resource(arn, tags)


def _require_region(backend: Any, arn: str) -> None:
    parts = arn.split(":")
    if arn.startswith("arn:") and parts[3] != backend.region_name:
        raise RefusedError(f"{arn} is not of {backend.region_name}")


def _arn(backend: Any, name: str) -> str:
    region = backend.region_name
    return f"arn:{get_partition(region)}:bedrock:{region}:{backend.account_id}:{name}"


def _at(moment: datetime) -> str:
    found: str = iso_8601_datetime_without_milliseconds(moment)
    return found
