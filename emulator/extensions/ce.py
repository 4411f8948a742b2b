"""Cost Explorer: cost-allocation tags, and what is unusual in spending."""

from __future__ import annotations

import json
from typing import Any

from moto.ce.responses import CostExplorerResponse
from moto.core.exceptions import JsonRESTError
from moto.moto_api._internal import mock_random

from .registry import Service

service = Service("ce", CostExplorerResponse)


def _tags(response: CostExplorerResponse) -> dict[str, str]:
    found: dict[str, str] = response.ce_backend.__dict__.setdefault("cost_tags", {})
    return found


@service.adds("ListCostAllocationTags", gap="missing")
def list_cost_allocation_tags(response: CostExplorerResponse) -> str:
    """AWS answers the tags that it has seen on something that was billed, and whether they are active."""
    wanted, status = response._get_param("TagKeys"), response._get_param("Status")
    found: list[dict[str, Any]] = [
        {"TagKey": key, "Type": "UserDefined", "Status": each}
        for key, each in sorted(_tags(response).items())
        if (not wanted or key in wanted) and status in (None, each)
    ]
    return json.dumps({"CostAllocationTags": found})


@service.adds("UpdateCostAllocationTagsStatus", gap="missing")
def update_cost_allocation_tags_status(response: CostExplorerResponse) -> str:
    """AWS takes up to 20, and answers an error for each that it has not seen; here every tag was seen."""
    for each in response._get_param("CostAllocationTagsStatus"):
        _tags(response)[each["TagKey"]] = each["Status"]
    return json.dumps({"Errors": []})


class UnknownMonitorError(JsonRESTError):  # type: ignore[misc]  # moto is not checked
    """AWS's error of a monitor that there is not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Unknown{what}Exception", f"No {what.lower()} found with the given ARN")


class InvalidError(JsonRESTError):  # type: ignore[misc]  # moto is not checked
    """AWS's error of what it does not take."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


_Kept = dict[str, dict[str, Any]]


def _kept(response: CostExplorerResponse, what: str) -> _Kept:
    found: _Kept = response.ce_backend.__dict__.setdefault(f"anomaly_{what}", {})
    return found


def _made(response: CostExplorerResponse, what: str, value: dict[str, Any]) -> str:
    arn = f"arn:aws:ce::{response.current_account}:anomaly{what}/{mock_random.uuid4()}"
    _kept(response, what)[arn] = {f"{what.title()}Arn": arn, **value}
    tags = response._get_param("ResourceTags") or []
    if tags:
        response.ce_backend.tag_resource(arn, tags)
    return json.dumps({f"{what.title()}Arn": arn})


def _found(response: CostExplorerResponse, what: str, wanted: list[str] | None) -> Any:
    known = _kept(response, what)
    for arn in wanted or ():
        if arn not in known:
            raise UnknownMonitorError(what.title())
    return [known[arn] for arn in wanted or known]


@service.adds("CreateAnomalyMonitor", gap="missing")
def create_anomaly_monitor(response: CostExplorerResponse) -> str:
    """AWS takes one monitor of all services of an account, and others by an expression."""
    given = response._get_param("AnomalyMonitor")
    if given["MonitorType"] == "CUSTOM":
        if not given.get("MonitorSpecification"):
            raise InvalidError("A custom monitor needs a specification")
    elif any(each["MonitorType"] == "DIMENSIONAL" for each in _kept(response, "monitor").values()):
        raise InvalidError("Limit exceeded on dimensional spend monitor creation")
    return _made(response, "monitor", given)


@service.adds("GetAnomalyMonitors", gap="missing")
def get_anomaly_monitors(response: CostExplorerResponse) -> str:
    """AWS refuses an ARN that it does not know."""
    found = _found(response, "monitor", response._get_param("MonitorArnList"))
    return json.dumps({"AnomalyMonitors": found})


@service.adds("UpdateAnomalyMonitor", gap="missing")
def update_anomaly_monitor(response: CostExplorerResponse) -> str:
    """AWS changes its name alone."""
    arn = response._get_param("MonitorArn")
    (found,) = _found(response, "monitor", [arn])
    found["MonitorName"] = response._get_param("MonitorName") or found["MonitorName"]
    return json.dumps({"MonitorArn": arn})


@service.adds("DeleteAnomalyMonitor", gap="missing")
def delete_anomaly_monitor(response: CostExplorerResponse) -> str:
    """AWS takes it out of the subscriptions that name it."""
    arn = response._get_param("MonitorArn")
    _found(response, "monitor", [arn])
    del _kept(response, "monitor")[arn]
    for each in _kept(response, "subscription").values():
        each["MonitorArnList"] = [other for other in each["MonitorArnList"] if other != arn]
    return json.dumps({})


@service.adds("CreateAnomalySubscription", gap="missing")
def create_anomaly_subscription(response: CostExplorerResponse) -> str:
    """AWS tells at once by topics alone, and daily or weekly by e-mail alone."""
    given = response._get_param("AnomalySubscription")
    _require_ways(given)
    _found(response, "monitor", given["MonitorArnList"])
    return _made(response, "subscription", {"AccountId": response.current_account, **given})


def _require_ways(given: dict[str, Any]) -> None:
    wanted = "SNS" if given["Frequency"] == "IMMEDIATE" else "EMAIL"
    if any(each["Type"] != wanted for each in given["Subscribers"]):
        raise InvalidError(
            f"{given['Frequency'].title()} frequency only supports {wanted} subscribers"
        )


@service.adds("GetAnomalySubscriptions", gap="missing")
def get_anomaly_subscriptions(response: CostExplorerResponse) -> str:
    """AWS refuses an ARN that it does not know."""
    found = _found(response, "subscription", response._get_param("SubscriptionArnList"))
    return json.dumps({"AnomalySubscriptions": found})


@service.adds("UpdateAnomalySubscription", gap="missing")
def update_anomaly_subscription(response: CostExplorerResponse) -> str:
    """AWS changes what is given."""
    arn = response._get_param("SubscriptionArn")
    (found,) = _found(response, "subscription", [arn])
    fields = (
        "Frequency",
        "MonitorArnList",
        "Subscribers",
        "SubscriptionName",
        "ThresholdExpression",
    )
    changed = {name: value for name in fields if (value := response._get_param(name)) is not None}
    _require_ways({**found, **changed})
    found.update(changed)
    return json.dumps({"SubscriptionArn": arn})


@service.adds("DeleteAnomalySubscription", gap="missing")
def delete_anomaly_subscription(response: CostExplorerResponse) -> str:
    """AWS refuses an ARN that it does not know."""
    arn = response._get_param("SubscriptionArn")
    _found(response, "subscription", [arn])
    del _kept(response, "subscription")[arn]
    return json.dumps({})
