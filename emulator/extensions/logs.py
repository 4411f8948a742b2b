"""CloudWatch Logs: log groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse

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
