"""Deployment guardrails: how an update reaches an endpoint, and what rolls it back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from ..alarms.spec import AlarmName, EndpointAlarms
from ..rules import Problem, rule
from ..spec import Aws, Between, Many, Spec

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
DEP8 = rule(
    "DEP8",
    refuses="a time limit outside 600 to 14,400 seconds",
    message="must be from {low} to {high} seconds",
    source="botocore sagemaker MaximumExecutionTimeoutInSeconds; hashicorp/aws stops at 14,400",
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
    refuses="a bake that ends before its alarms can sound",
    message="({bake} s) is shorter than what the alarms look back over ({window} s), so they "
    "cannot sound in time; wait longer",
    source="SageMaker developer guide, auto-rollback configuration; CloudWatch user guide, "
    "evaluating an alarm",
    severity="warning",
)
DEP24 = rule(
    "DEP24",
    refuses="a rollout that may outlast Terraform's patience",
    message="may take {seconds} seconds, but Terraform waits for an endpoint for an hour; wait "
    "less, or watch the endpoint yourself",
    source="hashicorp/aws, aws_sagemaker_endpoint (waits up to 60 minutes)",
    severity="warning",
)

_PATIENCE = 3600
# What instances may take to start beside the waits.
_STARTING = 1800

Wait = Annotated[int, Between(DEP7, 0, 3600)]
Interval = Annotated[Wait, Aws("sagemaker:TrafficRoutingConfig.WaitIntervalInSeconds")]
Termination = Annotated[Wait, Aws("sagemaker:BlueGreenUpdatePolicy.TerminationWaitInSeconds")]
_CAPACITY_SIZE = Aws("sagemaker:CapacitySize.Value")


class Rollout(Spec):
    """What all rollouts have: alarms and a time limit."""

    alarms: EndpointAlarms | None = EndpointAlarms()
    """The alarms, made for each variant, that roll an update back. Without it, 5XX above 1 % and
    4XX above 5 % of invocations; None for none. Going from None to alarms and back replaces the
    endpoint."""

    more_alarms: Annotated[Many[AlarmName], Aws("sagemaker:Alarm.AlarmName")] = ()
    """The names of alarms that exist already and roll back too. Without it, none."""

    maximum_execution_timeout_seconds: (
        Annotated[
            int,
            Between(DEP8, 600, 14_400),
            Aws(
                "sagemaker:BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds",
                "sagemaker:RollingUpdatePolicy.MaximumExecutionTimeoutInSeconds",
            ),
        ]
        | None
    ) = None
    """Seconds after which AWS gives up and rolls back. Without it, the waits and half an hour
    for instances to start."""

    def check(self) -> Iterator[Problem]:
        """The time limit leaves time for the waits, and the alarms time to sound."""
        limit = self.maximum_execution_timeout_seconds
        if limit is not None and limit <= self.waits_seconds:
            yield DEP9.problem(
                "maximum_execution_timeout_seconds", limit=limit, waits=self.waits_seconds
            )
        elif self.waits_seconds >= 14_400:
            yield DEP9.problem(limit=14_400, waits=self.waits_seconds)
        elif self.worst_case_seconds > _PATIENCE:
            yield DEP24.problem(seconds=self.worst_case_seconds)
        if not self.rolls_back:
            yield DEP11.problem("alarms")
        elif self.alarms is not None and self.bake_time_seconds < self.alarms.window_seconds:
            yield DEP22.problem(bake=self.bake_time_seconds, window=self.alarms.window_seconds)

    @property
    def rolls_back(self) -> bool:
        """Whether any alarm can roll an update back."""
        return bool(self.more_alarms or (self.alarms and self.alarms.kinds))

    @property
    def bake_time_seconds(self) -> int:
        """How long the alarms watch each step."""
        raise NotImplementedError

    @property
    def waits_seconds(self) -> int:
        """The sum of all waits of an update that goes well."""
        raise NotImplementedError

    @property
    def worst_case_seconds(self) -> int:
        """After how many seconds an update is over or rolled back: AWS's time limit."""
        if self.maximum_execution_timeout_seconds is not None:
            return self.maximum_execution_timeout_seconds
        waits = self.waits_seconds
        wanted = waits + _STARTING
        # Within Terraform's hour where that leaves ten minutes to start.
        limit = max(min(wanted, _PATIENCE), min(waits + 600, wanted))
        return min(max(limit, 600), 14_400)


class AllAtOnce(Rollout):
    """Blue/green with all traffic moved in one step, and the old fleet kept for a while."""

    bake_seconds: Termination = 300
    """Seconds that the old fleet is kept, ready to take the traffic back. Without it, 300."""

    @property
    def bake_time_seconds(self) -> int:
        """The termination wait."""
        return self.bake_seconds

    @property
    def waits_seconds(self) -> int:
        """The bake."""
        return self.bake_seconds


class Canary(Rollout):
    """Blue/green in two steps: a small share of the traffic, a bake, then the rest."""

    percent: Annotated[int, Between(DEP4, 1, 50), _CAPACITY_SIZE] = 10
    """The share of capacity that is tried first. Without it, 10."""

    bake_seconds: Interval = 600
    """Seconds for which the first step is watched. Without it, 600."""

    termination_wait_seconds: Termination = 0
    """Seconds that the old fleet is kept after the second step. Without it, 0."""

    @property
    def bake_time_seconds(self) -> int:
        """The wait after the canary."""
        return self.bake_seconds

    @property
    def waits_seconds(self) -> int:
        """The bake and the termination wait."""
        return self.bake_seconds + self.termination_wait_seconds


class Linear(Rollout):
    """Blue/green in equal steps, each watched."""

    step_percent: Annotated[int, Between(DEP5, 10, 50), _CAPACITY_SIZE] = 20
    """The share of capacity that each step moves. Without it, 20."""

    interval_seconds: Interval = 300
    """Seconds for which each step is watched. Without it, 300."""

    termination_wait_seconds: Termination = 0
    """Seconds that the old fleet is kept after the last step. Without it, 0."""

    @property
    def bake_time_seconds(self) -> int:
        """The wait after each step."""
        return self.interval_seconds

    @property
    def waits_seconds(self) -> int:
        """All intervals and the termination wait."""
        steps = math.ceil(100 / self.step_percent)
        return steps * self.interval_seconds + self.termination_wait_seconds


class Rolling(Rollout):
    """Batches of instances replaced one after the other: no second fleet is paid for."""

    batch_percent: Annotated[int, Between(DEP6, 5, 50), _CAPACITY_SIZE] = 25
    """The share of capacity that each batch replaces. Without it, 25."""

    wait_seconds: Annotated[Wait, Aws("sagemaker:RollingUpdatePolicy.WaitIntervalInSeconds")] = 300
    """Seconds for which each batch is watched. Without it, 300."""

    rollback_batch_percent: Annotated[int, Between(DEP6, 5, 100), _CAPACITY_SIZE] | None = None
    """The share that each batch of a rollback takes back. Without it, all at once."""

    @property
    def bake_time_seconds(self) -> int:
        """The wait after each batch."""
        return self.wait_seconds

    @property
    def waits_seconds(self) -> int:
        """The waits of all batches."""
        return math.ceil(100 / self.batch_percent) * self.wait_seconds
