"""Budgets: subscribers and tags."""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.exceptions import NotFoundException
from moto.budgets.responses import BudgetsResponse
from moto.core.utils import unix_time

from .registry import Service

service = Service("budgets", BudgetsResponse)


@service.adds(
    "DescribeSubscribersForNotification",
    gap="missing: a budget in Terraform fails when it is read",
)
def describe_subscribers_for_notification(response: BudgetsResponse) -> str:
    """AWS answers who is told."""
    wanted = response._get_param("Notification")
    for notification in _budget(response, response._get_param("BudgetName")).notifications:
        if all(notification.details.get(field) == value for field, value in wanted.items()):
            return json.dumps({"Subscribers": notification.subscribers})
    raise NotFoundException("Unable to get subscribers - the notification does not exist.")


@service.adds("ListTagsForResource", gap="missing")
def list_tags_for_resource(response: BudgetsResponse) -> str:
    """AWS answers the tags of a budget by its ARN."""
    tags = _tags(response)
    return json.dumps({"ResourceTags": [{"Key": key, "Value": tags[key]} for key in tags]})


@service.adds("TagResource", gap="missing")
def tag_resource(response: BudgetsResponse) -> str:
    """AWS adds tags and replaces the values of keys that exist."""
    _tags(response).update(
        {tag["Key"]: tag["Value"] for tag in response._get_param("ResourceTags")}
    )
    return json.dumps({})


@service.adds("UntagResource", gap="missing")
def untag_resource(response: BudgetsResponse) -> str:
    """AWS removes the keys and ignores those that are not there."""
    for key in response._get_param("ResourceTagKeys"):
        _tags(response).pop(key, None)
    return json.dumps({})


def _tags(response: BudgetsResponse) -> dict[str, str]:
    name = response._get_param("ResourceARN").rsplit("/", 1)[-1]
    tags: dict[str, str] = _budget(response, name).__dict__.setdefault("tags", {})
    return tags


def _budget(response: BudgetsResponse, name: str) -> Any:
    budgets = response.backend.budgets[response.current_account]
    if name not in budgets:
        raise NotFoundException(f"Unable to get budget: {name} - the budget doesn't exist.")
    return budgets[name]


@service.adds("UpdateBudget", gap="missing: a changed limit fails")
def update_budget(response: BudgetsResponse) -> str:
    """AWS takes the new budget in the place of the old one, and keeps its notifications."""
    given = response._get_param("NewBudget")
    budget = _budget(response, given["BudgetName"])
    period = budget.budget["TimePeriod"]
    budget.budget = {"TimePeriod": period, **given, "LastUpdatedTime": unix_time()}
    return json.dumps({})


@service.corrects("CreateBudget", gap="loses tags given at creation")
def create_budget(original: Any, response: BudgetsResponse) -> str:
    """AWS keeps them."""
    answer = str(original(response))
    budget = _budget(response, response._get_param("Budget")["BudgetName"])
    tags = response._get_param("ResourceTags") or []
    budget.tags = {tag["Key"]: tag["Value"] for tag in tags}
    return answer
