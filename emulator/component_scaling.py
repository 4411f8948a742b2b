"""What the scaling policies of inference components do when an alarm sets them off.

moto keeps policies and runs none. Cooldowns are those of no time: none.
"""

from __future__ import annotations

import math
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from . import components


def set_off(alarm: Any, breach: float) -> None:
    """Run the scaling policies that an alarm names for inference components.

    ``breach`` is by how much the metric is above the threshold.
    """
    for action in alarm.alarm_actions or []:
        if ":scalingPolicy:" in action and ":resource/sagemaker/inference-component/" in action:
            _scale(action, breach, low="AlarmLow" in alarm.name)


def _scale(arn: str, breach: float, *, low: bool) -> None:
    from moto.applicationautoscaling.models import applicationautoscaling_backends

    _, _, _, region, account, _ = arn.split(":", 5)
    backend = applicationautoscaling_backends[account][region]
    own = arn.partition(":createdBy/")[0]
    policy = next((each for each in backend.policies.values() if each.policy_arn == own), None)
    if policy is None:
        return
    target = backend.targets.get(policy.scalable_dimension, {}).get(policy.resource_id)
    name = policy.resource_id.removeprefix("inference-component/")
    component = components.components(sagemaker_backends[account][region]).get(name)
    if target is None or component is None or component.status != "InService":
        return
    wanted = _wanted(policy, component.copies, breach, target, low=low)
    suspended = target.suspended_state or {}
    away = "In" if wanted < component.copies else "Out"
    if wanted != component.copies and not suspended.get(f"DynamicScaling{away}Suspended"):
        components.scale(component, wanted)


def _wanted(policy: Any, copies: int, breach: float, target: Any, *, low: bool) -> int:
    """The copies that a policy asks for, within the capacities of its target.

    A target-tracking policy knows the load, which the emulator does not: its alarms for high and low
    load are taken for one copy more, and for no load.
    """
    steps = policy.step_scaling_policy_configuration
    if steps is None:
        wanted = target.min_capacity if low else copies + 1
    else:
        change = next(
            (
                each["ScalingAdjustment"]
                for each in steps.get("StepAdjustments", [])
                if each.get("MetricIntervalLowerBound", -math.inf)
                <= breach
                < each.get("MetricIntervalUpperBound", math.inf)
            ),
            0,
        )
        wanted = {
            "ChangeInCapacity": copies + change,
            "ExactCapacity": change,
            "PercentChangeInCapacity": copies + math.ceil(copies * change / 100),
        }[steps["AdjustmentType"]]
    return int(min(max(wanted, target.min_capacity), target.max_capacity))
