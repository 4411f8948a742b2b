"""Deployment guardrails: what SageMaker takes of a rollout, and how long an update takes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..rollouts.spec import AllAtOnce, BlueGreen, Canary, Linear, Rolling, Rollout
from ..rollouts.target import Takes, Target
from ..rules import Problem, rule

DEP4 = rule(
    "DEP4",
    refuses="a canary outside 1 to 50 percent",
    message="must be from {low} to {high} percent of the capacity",
    source="SageMaker API reference, TrafficRoutingConfig CanarySize (at most 50 percent)",
)
DEP5 = rule(
    "DEP5",
    refuses="a linear step outside 10 to 50 percent",
    message="must be from {low} to {high} percent of the capacity",
    source="SageMaker API reference, TrafficRoutingConfig LinearStepSize (10 to 50 percent)",
)
DEP6 = rule(
    "DEP6",
    refuses="a rolling batch outside 5 to 50 percent",
    message="must be from {low} to {high} percent of the capacity",
    source="SageMaker API reference, RollingUpdatePolicy MaximumBatchSize (5 to 50 percent)",
)
DEP7 = rule(
    "DEP7",
    refuses="a wait outside 0 to 3,600 seconds",
    message="must be from {low} to {high} seconds",
    source="botocore sagemaker WaitIntervalInSeconds, TerminationWaitInSeconds",
)
DEP9 = rule(
    "DEP9",
    refuses="a time limit that the waits alone exceed",
    message="({limit} s) is not above the waits of this rollout ({waits} s); raise it or wait less",
    source="botocore sagemaker BlueGreenUpdatePolicy MaximumExecutionTimeoutInSeconds",
)
DEP10 = rule(
    "DEP10",
    refuses="more than 10 rollback alarms",
    message="come to {count} rollback alarms with those of each variant, above AWS's 10; ask for "
    "fewer kinds of alarms",
    source="botocore sagemaker AlarmList",
)
DEP11 = rule(
    "DEP11",
    refuses="a rollout that no alarm can roll back",
    message="has no alarm, so only instances that fail to start roll it back; leave alarms out "
    "for the default ones",
    source="SageMaker developer guide, auto-rollback configuration",
    severity="warning",
)
DEP14 = rule(
    "DEP14",
    refuses="guardrails that AWS ignores: Marketplace models and Inf1 instances",
    message="has no effect: with {what} AWS moves all traffic at once, without a final bake; use "
    "AllAtOnce",
    source="SageMaker developer guide, deployment guardrails, exclusions",
)
DEP22 = rule(
    "DEP22",
    refuses="a bake time shorter than the alarm's evaluation window",
    message="bakes for {bake} s, which is shorter than the evaluation window of its alarms ({window} s), so "
    "they cannot fire in time; wait longer",
    source="SageMaker developer guide, auto-rollback configuration; CloudWatch user guide, "
    "evaluating an alarm",
    severity="warning",
)
DEP24 = rule(
    "DEP24",
    refuses="a rollout that may take longer than the provider's 60-minute timeout",
    message="may take {seconds} seconds, but the provider's timeout for an endpoint is 60 minutes; wait "
    "less, or watch the endpoint yourself",
    source="hashicorp/aws, aws_sagemaker_endpoint (waits up to 60 minutes)",
    severity="warning",
)

_TIMEOUT = 3600
# What instances may take to start beside the waits.
_STARTING = 1800


def _wait(default: int, *aws: str) -> Takes:
    return Takes(default, 0, 3600, DEP7, tuple(f"sagemaker:{member}" for member in aws))


_INTERVAL = "TrafficRoutingConfig.WaitIntervalInSeconds"
_TERMINATION = "BlueGreenUpdatePolicy.TerminationWaitInSeconds"
_SIZE = ("sagemaker:CapacitySize.Value",)

SAGEMAKER = Target(
    "a SageMaker endpoint",
    numbers={
        AllAtOnce: {"termination_wait_seconds": _wait(300, _TERMINATION)},
        Canary: {
            "canary_percent": Takes(10, 1, 50, DEP4, _SIZE),
            "wait_seconds": _wait(600, _INTERVAL),
            "termination_wait_seconds": _wait(0, _TERMINATION),
        },
        Linear: {
            "step_percent": Takes(20, 10, 50, DEP5, _SIZE),
            "wait_seconds": _wait(300, _INTERVAL),
            "termination_wait_seconds": _wait(0, _TERMINATION),
        },
        Rolling: {
            "batch_percent": Takes(25, 5, 50, DEP6, _SIZE),
            "wait_seconds": _wait(300, "RollingUpdatePolicy.WaitIntervalInSeconds"),
            "rollback_batch_percent": Takes(None, 5, 100, DEP6, _SIZE),
        },
    },
    others=frozenset({"alarms", "alarm_names", "maximum_execution_timeout_seconds"}),
    instead={
        "alarm_topics": "write alarms=EndpointAlarms(alarm_topics=...)",
        "max_5xx": "write alarms=EndpointAlarms(...)",
        "max_percent": "write batch_percent",
        "min_healthy_percent": "write batch_percent",
        "ok_topics": "write alarms=EndpointAlarms(ok_topics=...)",
    },
)
"""What SageMaker takes of the rollouts, for endpoints on instances."""


def rolls_back(rollout: Rollout) -> bool:
    """Whether any alarm can roll an update back."""
    return bool(rollout.alarm_names or (rollout.alarms and rollout.alarms.kinds))


def bake_time_seconds(rollout: Rollout) -> int:
    """How long the alarms watch each step."""
    if isinstance(rollout, AllAtOnce):
        return SAGEMAKER.number(rollout, "termination_wait_seconds")
    return SAGEMAKER.number(rollout, "wait_seconds")


def waits_seconds(rollout: Rollout, by: Target = SAGEMAKER) -> int:
    """The sum of all waits of an update that goes well."""
    kept = by.number(rollout, "termination_wait_seconds") if isinstance(rollout, BlueGreen) else 0
    if isinstance(rollout, AllAtOnce):
        return kept
    steps = 1
    if isinstance(rollout, Linear | Rolling):
        share = "step_percent" if isinstance(rollout, Linear) else "batch_percent"
        steps = math.ceil(100 / by.number(rollout, share))
    return steps * by.number(rollout, "wait_seconds") + kept


def worst_case_seconds(rollout: Rollout) -> int:
    """After how many seconds an update is over or rolled back: AWS's time limit."""
    if rollout.maximum_execution_timeout_seconds is not None:
        return rollout.maximum_execution_timeout_seconds
    waits = waits_seconds(rollout)
    wanted = waits + _STARTING
    # Within Terraform's hour where that leaves ten minutes to start.
    limit = max(min(wanted, _TIMEOUT), min(waits + 600, wanted))
    return min(max(limit, 600), 14_400)


def rollout_problems(rollout: Rollout) -> Iterator[Problem]:
    """What SageMaker does not take; too little time for the waits, or for the alarms to fire."""
    refused = list(SAGEMAKER.problems(rollout))
    if refused:
        yield from refused
        return
    limit, waits = rollout.maximum_execution_timeout_seconds, waits_seconds(rollout)
    if limit is not None and limit <= waits:
        yield DEP9.problem("maximum_execution_timeout_seconds", limit=limit, waits=waits)
    elif waits >= 14_400:
        yield DEP9.problem(limit=14_400, waits=waits)
    elif worst_case_seconds(rollout) > _TIMEOUT:
        yield DEP24.problem(seconds=worst_case_seconds(rollout))
    if not rolls_back(rollout):
        yield DEP11.problem("alarms")
    elif rollout.alarms is not None and bake_time_seconds(rollout) < rollout.alarms.window_seconds:
        bake, window = bake_time_seconds(rollout), rollout.alarms.window_seconds
        yield DEP22.problem(bake=bake, window=window)
