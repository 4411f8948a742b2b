"""IoT: tags of what is made, and the counts of a job that Greengrass made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iot.exceptions import InvalidRequestException, ResourceNotFoundException
from moto.iot.models import IoTBackend
from moto.iot.responses import IoTResponse

from .registry import Service

service = Service("iot", IoTResponse)

Original = Callable[..., Any]

_LOST = "loses tags"


@service.corrects("CreatePolicy", gap=_LOST)
def create_policy(original: Original, response: IoTResponse) -> ActionResult:
    """AWS keeps the tags that are given at the creation."""
    return _tag(original(response), "policyArn", response)


@service.corrects("CreateRoleAlias", gap=_LOST)
def create_role_alias(original: Original, response: IoTResponse) -> ActionResult:
    """AWS keeps the tags that are given at the creation, and takes 900 to 43,200 seconds."""
    seconds = response._get_int_param("credentialDurationSeconds", 3600)
    if not 900 <= seconds <= 43_200:
        raise InvalidRequestException("credentialDurationSeconds must be between 900 and 43200")
    return _tag(original(response), "roleAliasArn", response)


@service.corrects("CreateThingGroup", gap=_LOST)
def create_thing_group(original: Original, response: IoTResponse) -> ActionResult:
    """AWS keeps the tags that are given at the creation."""
    return _tag(original(response), "thingGroupArn", response)


@service.corrects("CreateThingType", gap=_LOST)
def create_thing_type(original: Original, response: IoTResponse) -> ActionResult:
    """AWS keeps the tags that are given at the creation."""
    return _tag(original(response), "thingTypeArn", response)


@service.adds("ListTagsForResource", gap="missing")
def list_tags_for_resource(response: IoTResponse) -> ActionResult:
    """AWS answers the tags of what has the ARN."""
    tags = _tags(response, response._get_param("resourceArn"))
    return ActionResult({"tags": [{"Key": key, "Value": value} for key, value in tags.items()]})


@service.adds("TagResource", gap="missing")
def tag_resource(response: IoTResponse) -> EmptyResult:
    """AWS adds tags, and replaces those of the same key."""
    tags = _tags(response, response._get_param("resourceArn"))
    tags.update({each["Key"]: each["Value"] for each in response._get_param("tags")})
    return EmptyResult()


@service.adds("UntagResource", gap="missing")
def untag_resource(response: IoTResponse) -> EmptyResult:
    """AWS takes tags away by their keys."""
    tags = _tags(response, response._get_param("resourceArn"))
    for key in response._get_param("tagKeys"):
        tags.pop(key, None)
    return EmptyResult()


@service.corrects("DescribeJob", gap="counts one thing, whatever became of it")
def describe_job(original: Original, response: IoTResponse) -> ActionResult:
    """AWS counts the things of a job by what became of each."""
    from . import greengrassv2

    found = greengrassv2.of_job(
        response.current_account, response.region, response._get_param("jobId")
    )
    answer: ActionResult = original(response)
    if found is not None:
        answer.result["job"] |= {
            "jobProcessDetails": found.counts(),
            "status": found.job_status(),
        }
    return answer


def _all_tags(backend: IoTBackend) -> dict[str, dict[str, str]]:
    held: dict[str, dict[str, str]] = backend.__dict__.setdefault("inferform_tags", {})
    return held


def _tag(answer: ActionResult, arn: str, response: IoTResponse) -> ActionResult:
    tags = {each["Key"]: each["Value"] for each in response._get_param("tags") or ()}
    # What had the name before is gone, and its tags with it.
    _all_tags(response.iot_backend)[answer.result[arn]] = tags
    return answer


def _tags(response: IoTResponse, arn: str) -> dict[str, str]:
    """The tags of what exists."""
    backend = response.iot_backend
    known = {
        *(each.arn for each in backend.thing_groups.values()),
        *(each.arn for each in backend.thing_types.values()),
        *(each.arn for each in backend.role_aliases.values()),
        *(each.arn for each in backend.policies.values()),
        *(each.job_arn for each in backend.jobs.values()),
    }
    if arn not in known:
        raise ResourceNotFoundException(f"The resource {arn} does not exist")
    return _all_tags(backend).setdefault(arn, {})
