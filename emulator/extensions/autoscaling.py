"""EC2 Auto Scaling: groups and their instance refreshes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.moto_api._internal import mock_random

from .registry import Service

service = Service("autoscaling", AutoScalingResponse)

Original = Callable[..., Any]

KEPT = (
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "Context",
    "DefaultInstanceWarmup",
    "DesiredCapacityType",
    "InstanceMaintenancePolicy",
    "MaxInstanceLifetime",
)


@service.corrects(
    "CreateAutoScalingGroup",
    gap="loses MaxInstanceLifetime, DefaultInstanceWarmup, InstanceMaintenancePolicy and others",
)
def create_auto_scaling_group(original: Original, response: AutoScalingResponse) -> Any:
    """AWS keeps every field."""
    result = original(response)
    _keep(response, KEPT)
    return result


@service.corrects(
    "UpdateAutoScalingGroup",
    gap="loses the same fields, and ignores CapacityRebalance, DefaultCooldown, PlacementGroup and "
    "TerminationPolicies",
)
def update_auto_scaling_group(original: Original, response: AutoScalingResponse) -> Any:
    """AWS changes each field that was given."""
    result = original(response)
    _keep(
        response,
        (*KEPT, "CapacityRebalance", "DefaultCooldown", "PlacementGroup", "TerminationPolicies"),
    )
    return result


def _keep(response: AutoScalingResponse, fields: tuple[str, ...]) -> None:
    group = _group(response)
    for field in fields:
        value = response._get_param(field)
        if value is not None:
            setattr(group, camelcase_to_underscores(field), value)


@service.corrects(
    "UpdateAutoScalingGroup",
    gap="loses the mixed-instances policy when any other setting changes",
    owner=FakeAutoScalingGroup,
)
def update(
    original: Original,
    group: FakeAutoScalingGroup,
    launch_config_name: str | None = None,
    launch_template: dict[str, Any] | None = None,
    mixed_instances_policy: dict[str, Any] | None = None,
    **others: Any,
) -> None:
    """AWS changes only what was given; a launch template of its own replaces the policy."""
    if not (mixed_instances_policy or launch_template or launch_config_name):
        mixed_instances_policy = copy.deepcopy(group.mixed_instances_policy)
    if mixed_instances_policy:
        # moto adds the name to the id, and then refuses to find both
        template = mixed_instances_policy["LaunchTemplate"]["LaunchTemplateSpecification"]
        if "LaunchTemplateId" in template:
            template.pop("LaunchTemplateName", None)
    original(
        group,
        launch_config_name=launch_config_name,
        launch_template=launch_template or {},
        mixed_instances_policy=mixed_instances_policy,
        **others,
    )


@service.adds("StartInstanceRefresh", gap="missing: a changed launch template cannot be rolled out")
def start_instance_refresh(response: AutoScalingResponse) -> ActionResult:
    """AWS replaces the instances step by step; the emulator is done at once."""
    group = _group(response)
    now = utcnow()
    refresh = {
        "InstanceRefreshId": str(mock_random.uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "Successful",
        "StartTime": now,
        "EndTime": now,
        "PercentageComplete": 100,
        "InstancesToUpdate": 0,
        "Strategy": response._get_param("Strategy") or "Rolling",
        "Preferences": response._get_param("Preferences"),
        "DesiredConfiguration": response._get_param("DesiredConfiguration"),
    }
    _refreshes(group).insert(0, refresh)
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


@service.adds("DescribeInstanceRefreshes", gap="missing")
def describe_instance_refreshes(response: AutoScalingResponse) -> ActionResult:
    """AWS answers the refreshes of a group, newest first."""
    wanted = response._get_param("InstanceRefreshIds")
    return ActionResult(
        {
            "InstanceRefreshes": [
                refresh
                for refresh in _refreshes(_group(response))
                if not wanted or refresh["InstanceRefreshId"] in wanted
            ]
        }
    )


@service.adds("CancelInstanceRefresh", gap="missing")
def cancel_instance_refresh(response: AutoScalingResponse) -> ActionResult:
    """AWS refuses where no refresh is under way, which in the emulator is always."""
    raise AutoscalingClientError(
        "ActiveInstanceRefreshNotFound",
        "No in progress or pending Instance Refresh found for Auto Scaling group "
        f"{_group(response).name}",
    )


def _group(response: AutoScalingResponse) -> Any:
    name = response._get_param("AutoScalingGroupName")
    groups = response.autoscaling_backend.autoscaling_groups
    if name not in groups:
        raise ValidationError(
            f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
        )
    return groups[name]


def _refreshes(group: Any) -> list[dict[str, Any]]:
    refreshes: list[dict[str, Any]] = group.__dict__.setdefault("refreshes", [])
    return refreshes
