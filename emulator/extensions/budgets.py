"""Budgets: subscribers, tags, and amounts that adjust themselves."""

from __future__ import annotations

import json
from itertools import dropwhile
from typing import Any

from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import budgets_backends
from moto.budgets.responses import BudgetsResponse
from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.utilities.utils import get_partition

from .registry import Service

service = Service("budgets", BudgetsResponse)


@service.adds(
    "DescribeSubscribersForNotification",
    gap="missing: a budget in Terraform fails when it is read",
)
def describe_subscribers_for_notification(response: BudgetsResponse) -> str:
    """AWS answers who is notified."""
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
    """AWS takes the new budget instead of the old one, and keeps its notifications."""
    given = response._get_param("NewBudget")
    budget = _budget(response, given["BudgetName"])
    _require_one_amount(given)
    period = budget.budget["TimePeriod"]
    budget.budget = {"TimePeriod": period, **given, "LastUpdatedTime": unix_time()}
    _adjust(budget)
    return json.dumps({})


_AMOUNTS = ("BudgetLimit", "PlannedBudgetLimits", "AutoAdjustData")
_MOST = {"DAILY": 60, "MONTHLY": 12, "QUARTERLY": 4, "ANNUALLY": 1}
"""How many periods an average may be of, as the API reference has it of BudgetAdjustmentPeriod."""


class InvalidError(JsonRESTError):  # type: ignore[misc]  # moto is not checked
    """AWS's error of what it does not take."""

    def __init__(self, wrong: str) -> None:
        super().__init__("InvalidParameterException", f"Unable to create/update budget - {wrong}")


def _require_one_amount(given: dict[str, Any]) -> None:
    """AWS takes an amount, planned ones or how it finds one, and nothing of what it finds itself."""
    amounts = [each for each in _AMOUNTS if given.get(each)]
    if len(amounts) != 1:
        raise InvalidError(
            "please provide one of the followings: Budget Limit/ Planned Budget Limit/ Auto Adjust Data"
        )
    options = given.get("AutoAdjustData", {}).get("HistoricalOptions")
    if options is None:
        return
    most, periods = _MOST[given["TimeUnit"]], options["BudgetAdjustmentPeriod"]
    if not 1 <= periods <= most:
        raise InvalidError(
            f"BudgetAdjustmentPeriod must be from 1 to {most} for {given['TimeUnit']}, not {periods}"
        )
    if "LookBackAvailablePeriods" in options:
        raise InvalidError("LookBackAvailablePeriods cannot be set")


def begin_month(account: str, region: str, name: str, spent: list[float]) -> str:
    """A new month after months that have cost so much, the oldest first; the amount of the budget."""
    partition = get_partition(region)
    budget = budgets_backends[account][partition].budgets[account].get(name)
    if budget is None:
        raise ValueError(f"no budget {name}")
    budget.spent = spent
    _adjust(budget)
    return str(budget.budget["BudgetLimit"]["Amount"])


def _adjust(budget: Any) -> None:
    """Set the amount of a budget that adjusts itself, as AWS does when it is saved and at the beginning of
    each period: the average, without periods at the beginning that cost nothing."""
    data = budget.budget.get("AutoAdjustData")
    if data is None:
        return
    options = data.get("HistoricalOptions")
    # AWS does not say what it sets without any; 0.01 was seen (go-to-k/cdk-real-drift #1679).
    amount = 0.01
    if options is not None:
        looked_at = budget.__dict__.get("spent", [])[-options["BudgetAdjustmentPeriod"] :]
        counted = list(dropwhile(lambda cost: cost == 0, looked_at))
        options.pop("LookBackAvailablePeriods", None)
        if counted:
            options["LookBackAvailablePeriods"] = len(counted)
            amount = sum(counted) / len(counted)
    data["LastAutoAdjustTime"] = unix_time()
    budget.budget["BudgetLimit"] = {"Amount": str(amount), "Unit": "USD"}


@service.corrects(
    "CreateBudget",
    gap="loses tags given at creation, and refuses a budget that adjusts itself",
)
def create_budget(original: Any, response: BudgetsResponse) -> str:
    """AWS keeps them, and finds an amount where it is told how."""
    given = response._get_param("Budget")
    _require_one_amount(given)
    if "AutoAdjustData" in given:
        # moto asks for an amount.
        asked = json.loads(response.body)
        asked["Budget"]["BudgetLimit"] = {}
        response.body = json.dumps(asked)
    answer = str(original(response))
    budget = _budget(response, given["BudgetName"])
    _adjust(budget)
    tags = response._get_param("ResourceTags") or []
    budget.tags = {tag["Key"]: tag["Value"] for tag in tags}
    return answer
