"""CloudWatch Logs: log groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
