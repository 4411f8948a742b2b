"""What is bad of a service, and when its alarms fire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ..alarms.published import Bad
from ..alarms.spec import ALM3, ALM6, ALM9, DatapointsToAlarm, EvaluationPeriods, Percent
from ..rules import Problem, rule
from ..spec import Between, Spec

MON2 = rule(
    "MON2",
    refuses="a limit of alarms outside what its metric can be",
    message="must be from {low} to {high}",
    source="SageMaker developer guide, metrics of endpoints (an hour is the longest request, a day the "
    "longest time in the queue); CloudWatch API reference, PutMetricAlarm EvaluationPeriods (a week)",
)

Milliseconds = Annotated[float, Between(ALM6, 1, 3_600_000)]
_Count = Annotated[int, Between(MON2, 0, 1_000_000)]
_Minutes = Annotated[int, Between(MON2, 1, 1_440)]


class UsageAlarms(Spec):
    """What of a service may run full, or be missing. None of a field is no alarm."""

    memory_percent: Percent | None = 90.0
    """The fullest instance's memory, or that of tasks and pods. Default: 90."""

    disk_percent: Percent | None = 80.0
    """The fullest instance's disk. Default: 80; data capture stops at 75."""

    gpu_memory_percent: Percent | None = 95.0
    """The memory of all GPUs of the fullest instance. Default: 95."""

    saturation_percent: Percent | None = 80.0
    """The share of `max_concurrency` of a serverless endpoint in use. Default: 80."""

    behind_minutes: _Minutes | None = 15
    """Minutes in which the metric that scaling follows is above its target without a break: the
    maximum is reached, or capacity does not come. Default: 15."""

    missing: _Count | None = 0
    """How many desired tasks may not run, or fail their health check. Default: 0."""

    missing_minutes: _Minutes = 5
    """For how many minutes without a break they may be missing. Default: 5."""

    restarts: _Count | None = 2
    """How many containers of pods may restart in a minute. Default: 2."""


class QueueAlarms(Spec):
    """What may wait, and be lost. None of a field is no alarm."""

    backlog_age_seconds: Annotated[int, Between(MON2, 1, 86_400)] | None = 900
    """How long a request may wait in the queue of an asynchronous endpoint. Default: 900."""

    lost_requests: _Count | None = 0
    """How many requests of a minute may expire, be unreadable or be refused. Default: 0."""

    spillover: _Count | None = 0
    """How many requests of a minute may miss the provisioned concurrency. Default: 0."""


class ServiceAlarms(Spec):
    """The alarms of a service. Each is made where the service publishes its metric; None of a field is
    no alarm."""

    server_error_percent: Percent | None = 1.0
    """5XX answers, or errors of a function, per 100 requests. Default: 1."""

    client_error_percent: Percent | None = 5.0
    """4XX answers likewise. Default: 5."""

    latency_ms: Milliseconds | None = None
    """How long the model, the task or the function may take. Default: no alarm, as only you know what is
    slow."""

    latency_percentile: Annotated[float, Between(ALM9, 50, 99.9)] = 99.0
    """Which percentile of latency and overhead counts. Default: the 99th."""

    overhead_ms: Milliseconds | None = 1000.0
    """What SageMaker may add to a request. Default: 1,000; 10,000 of a serverless endpoint, whose overhead
    holds the start of a container."""

    no_traffic_hours: Annotated[int, Between(MON2, 1, 168)] | None = None
    """Hours without a request. Default: no alarm; set it where traffic is promised."""

    failed_runs: _Count | None = 0
    """How many runs of a batch transform, a retraining, a drift monitor or a pipeline may fail, or take too
    long, in a minute. Default: 0."""

    minutes: DatapointsToAlarm = 3
    """How many minutes of `of_minutes` have to be bad. Default: 3."""

    of_minutes: EvaluationPeriods = 5
    """How many minutes are looked at. Default: 5."""

    usage: UsageAlarms = UsageAlarms()
    """What may run full, or be missing. Default: see there."""

    queue: QueueAlarms = QueueAlarms()
    """What may wait, and be lost. Default: see there."""

    def check(self) -> Iterator[Problem]:
        """No more bad minutes than are looked at."""
        if self.minutes > self.of_minutes:
            yield ALM3.problem("minutes", got=self.minutes, periods=self.of_minutes)

    def limit_of(self, bad: Bad) -> float | None:
        """The limit above which a metric is bad, in the field's unit; None for no alarm."""
        holder, name = self._holder(bad.limit)
        value: float | None = getattr(holder, name)
        if bad.default is not None and name not in holder.model_fields_set:
            return bad.default
        return value

    def minutes_of(self, bad: Bad) -> tuple[int, int]:
        """How many minutes have to be bad, and of how many."""
        if bad.at_once:
            return 1, 1
        if not bad.lasts:
            return self.minutes, self.of_minutes
        holder, name = self._holder(bad.lasts)
        minutes: int = getattr(holder, name)
        return minutes, minutes

    def _holder(self, path: str) -> tuple[Spec, str]:
        within, _, name = path.rpartition(".")
        return (getattr(self, within) if within else self), name
