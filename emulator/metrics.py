"""Metrics that SageMaker publishes for inference components, and what alarms on them set in motion.

moto keeps metrics and alarms, and never looks from one to the other. Here a metric that is published
is compared with the alarms on it at once, and a scaling policy that an alarm names changes the copies
of its component. Cooldowns are those of no time: none.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.sagemaker.models import sagemaker_backends

from . import components

_NAMESPACE = "AWS/SageMaker"


def publish(component: components.InferenceComponent, **values: float) -> None:
    """Publish a value of each metric by the component alone, as SageMaker does."""
    backend = component.backend
    cloudwatch = cloudwatch_backends[backend.account_id][backend.region_name]
    dimensions = [{"Name": "InferenceComponentName", "Value": component.name}]
    cloudwatch.put_metric_data(
        _NAMESPACE,
        [
            {"MetricName": name, "Value": value, "Dimensions": dimensions}
            for name, value in values.items()
        ],
    )
    for alarm in [*cloudwatch.alarms.values()]:
        measured = [(each.name, each.value) for each in alarm.dimensions]
        if (
            alarm.namespace == _NAMESPACE
            and alarm.metric_name in values
            and measured == [("InferenceComponentName", component.name)]
        ):
            _compare(cloudwatch, alarm)


_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def _compare(cloudwatch: Any, alarm: Any) -> None:
    """Set an alarm off where enough periods up to now breach it."""
    statistic = _STATISTICS.get(alarm.statistic)
    comparison = _COMPARISONS.get(alarm.comparison_operator)
    if statistic is None or comparison is None:
        return
    now, period = utcnow(), timedelta(seconds=int(alarm.period))
    breaching: list[float] = []
    for number in range(int(alarm.evaluation_periods)):
        end = now - number * period
        values = [
            each.value
            for each in cloudwatch.metric_data
            if each.namespace == alarm.namespace
            and each.name == alarm.metric_name
            and [(d.name, d.value) for d in each.dimensions]
            == [(d.name, d.value) for d in alarm.dimensions]
            and end - period < each.timestamp <= end
        ]
        value = statistic(values) if values else None
        if value is not None and comparison(value, float(alarm.threshold)):
            breaching.append(value)
    if len(breaching) >= int(alarm.datapoints_to_alarm or alarm.evaluation_periods):
        alarm.update_state(
            f"Threshold Crossed: {breaching[0]} against {alarm.threshold}", "{}", "ALARM"
        )
        set_off(alarm, breaching[0] - float(alarm.threshold))


def set_off(alarm: Any, breach: float = 0) -> None:
    """Run the scaling policies that an alarm names for inference components.

    ``breach`` is by how much the metric is above the threshold, which a state that is set by hand does
    not say.
    """
    if not alarm.actions_enabled:
        return
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
