"""CloudWatch Logs: log groups."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse
from moto.moto_api._internal import mock_random

from .registry import Service

service = Service("logs", LogsResponse)

Original = Callable[..., Any]


@service.corrects("CreateLogGroup", gap="loses logGroupClass")
def create_log_group(original: Original, response: LogsResponse) -> Any:
    """AWS keeps the class, which can never be changed."""
    result = original(response)
    group: Any = response.logs_backend.groups[response._get_param("logGroupName")]
    group.log_group_class = response._get_param("logGroupClass") or "STANDARD"
    return result


@service.corrects(
    "DescribeLogGroups",
    gap="answers no logGroupClass: Terraform replaces the group",
    owner=LogGroup,
    method="to_describe_dict",
)
def describe_log_groups(original: Original, group: LogGroup) -> dict[str, Any]:
    """AWS answers STANDARD where none was given."""
    answer: dict[str, Any] = original(group)
    return {**answer, "logGroupClass": getattr(group, "log_group_class", "STANDARD")}


@service.corrects(
    "DeleteLogGroup", gap="keeps the tags, which a later group of that name then begins with"
)
def delete_log_group(original: Original, response: LogsResponse) -> Any:
    """AWS forgets a group's tags with the group."""
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    result = original(response)
    if group is not None:
        response.logs_backend.tagger.delete_all_tags_for_resource(group.arn)
    return result


@service.corrects("ListTagsForResource", gap="answers no tags for a group that is not there")
def list_tags_for_resource(original: Original, response: LogsResponse) -> Any:
    """AWS answers ResourceNotFoundException."""
    name = response._get_param("resourceArn").partition(":log-group:")[2].removesuffix(":*")
    if name and name not in response.logs_backend.groups:
        raise ResourceNotFoundException
    return original(response)


@service.corrects(
    "PutMetricFilter",
    gap="puts a changed filter beside the old one: Terraform sees a change for ever",
    owner=MetricFilters,
    method="add_filter",
)
def add_filter(original: Original, filters: MetricFilters, name: str, *given: Any) -> None:
    """AWS changes the filter of that name in the group."""
    group = given[1]
    filters.metric_filters = [
        each
        for each in filters.metric_filters
        if (each["filterName"], each["logGroupName"]) != (name, group)
    ]
    original(filters, name, *given)


def _queries(response: LogsResponse) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = response.logs_backend.__dict__.setdefault("saved", {})
    return found


@service.adds("PutQueryDefinition", gap="missing")
def put_query_definition(response: LogsResponse) -> str:
    """AWS makes one, or replaces the one of an id as a whole: log groups that are left out are gone."""
    given, known = response._get_param("queryDefinitionId"), _queries(response)
    name, text = response._get_param("name"), response._get_param("queryString")
    if given is not None and given not in known:
        raise ResourceNotFoundException("Query definition does not exist.")
    identity = given or str(mock_random.uuid4())
    known[identity] = {
        "queryDefinitionId": identity,
        "queryLanguage": response._get_param("queryLanguage") or "CWLI",
        "name": name,
        "queryString": text,
        "lastModified": int(unix_time_millis()),
        "logGroupNames": response._get_param("logGroupNames") or [],
    }
    return json.dumps({"queryDefinitionId": identity})


@service.adds("DescribeQueryDefinitions", gap="missing")
def describe_query_definitions(response: LogsResponse) -> str:
    """AWS answers those whose names begin with a prefix."""
    prefix = response._get_param("queryDefinitionNamePrefix") or ""
    found = [each for each in _queries(response).values() if each["name"].startswith(prefix)]
    return json.dumps({"queryDefinitions": sorted(found, key=lambda each: str(each["name"]))})


@service.adds("DeleteQueryDefinition", gap="missing")
def delete_query_definition(response: LogsResponse) -> str:
    """AWS refuses an id that it does not have."""
    if _queries(response).pop(response._get_param("queryDefinitionId"), None) is None:
        raise ResourceNotFoundException("Query definition does not exist.")
    return json.dumps({"success": True})
