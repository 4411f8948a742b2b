"""What a Scaling would do under a load: a model of Application Auto Scaling, tick by tick, and of
the HorizontalPodAutoscaler of EKS services.

docs/simulation.md says what it models, from which sources, and what it does not.
"""

from __future__ import annotations

import csv
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from inferform.scaling.kinds import (
    ASYNCHRONOUS,
    COMPONENT,
    ECS_SERVICE,
    LAMBDA,
    POD,
    REALTIME,
    SERVERLESS,
    Kind,
)
from inferform.scaling.metrics import (
    BacklogPerInstance,
    BacklogWithoutCapacity,
    ConcurrentRequests,
    CpuUtilization,
    GpuUtilization,
    InvocationsPerCopy,
    InvocationsPerInstance,
    Metric,
    NoCapacityFailures,
    ProvisionedConcurrencyUtilization,
    RequestsPerTarget,
)
from inferform.scaling.spec import Scaling, Step, StepScaling, TargetTracking

from .errors import BadInputError
from .pod_autoscaler import SYNC_SECONDS, PodAutoscaler

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday, where a load has no times of its own."""

MAX_HOURS = 24 * 62
"""Two months: what a run still answers in a few seconds."""

SHAPES = ("steady", "daily", "spike", "ramp", "office-hours")

STARTUP_SECONDS = {
    REALTIME: 300,
    ASYNCHRONOUS: 300,
    SERVERLESS: 120,
    COMPONENT: 180,
    ECS_SERVICE: 90,
    LAMBDA: 60,
    POD: 90,
}
"""How long a new unit takes until it serves; measure your own."""

HIGH_DATAPOINTS = 3
LOW_SECONDS = 900
LOW_MARGIN = 0.9
"""Target tracking adds after 3 datapoints above the target, and removes after 15 minutes below
90 percent of it."""

_RATES = (InvocationsPerInstance, InvocationsPerCopy, RequestsPerTarget)
_SHARES = (CpuUtilization, GpuUtilization, ProvisionedConcurrencyUtilization)
_QUEUES = (BacklogPerInstance, BacklogWithoutCapacity, NoCapacityFailures)


@dataclass(frozen=True, slots=True)
class Load:
    """Requests per second over time: one rate for each tick."""

    name: str
    rates: tuple[float, ...]
    step_seconds: int = 60
    start: datetime = START
    timezone: str = "UTC"
    """In which times are shown."""

    @property
    def hours(self) -> float:
        """How long it lasts."""
        return len(self.rates) * self.step_seconds / 3600

    def every(self, step_seconds: int) -> Load:
        """The same load in shorter ticks."""
        times = self.step_seconds // step_seconds
        rates = tuple(rate for rate in self.rates for _ in range(times))
        return replace(self, rates=rates, step_seconds=step_seconds)


@dataclass(frozen=True, slots=True)
class Service:
    """What is scaled: its kind, what one unit serves and how long a new one takes."""

    name: str
    kind: Kind
    requests_per_second: float
    """What one instance, copy, task or unit of concurrency can serve at most."""

    startup_seconds: int
    initial: int
    seconds_per_request: float
    """How long one request is in work."""

    instances: Callable[[int], int] | None = None
    """About how many instances so many copies of a component take, beside the fewest of the others.
    Default: None, a unit is an instance or has none."""

    max_instances: int | None = None
    """The most instances that there may be, likewise."""


@dataclass(frozen=True, slots=True)
class Action:
    """One change of the desired capacity."""

    time: datetime
    before: int
    after: int
    reason: str


@dataclass(slots=True)
class Result:
    """What happened, tick by tick."""

    name: str
    service: Service
    load: Load
    in_service: list[int] = field(default_factory=list)
    desired: list[int] = field(default_factory=list)
    minimum: list[int] = field(default_factory=list)
    maximum: list[int] = field(default_factory=list)
    backlog: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    metric: list[float | None] = field(default_factory=list)
    """The metric of the first policy."""

    target: float | None = None
    target_of: str = ""
    actions: list[Action] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The figures of the table."""
        step = self.load.step_seconds
        one = self.service.requests_per_second
        rates, seconds = self.load.rates, len(self.load.rates) * step
        asked = sum(rates) * step
        capacity = [count * one for count in self.in_service]
        # an endpoint without instances has no utilization, so it is left out of peak and mean
        shares = [rate / limit for rate, limit in zip(rates, capacity, strict=True) if limit]
        queued = self.service.kind is ASYNCHRONOUS
        lost = 0.0 if queued else asked - sum(self.served) * step
        below = (
            [self.service.instances(count) for count in self.desired]
            if self.service.instances
            else []
        )
        return {
            "name": self.name,
            "unit": self.service.kind.unit,
            "unit_hours": round(sum(self.desired) * step / 3600, 2),
            "units_mean": round(sum(self.desired) * step / seconds, 2),
            "units_peak": max(self.desired),
            "instance_hours": round(sum(below) * step / 3600, 2) if below else None,
            "instances_peak": max(below) if below else None,
            "utilization_mean": round(sum(self.served) / (sum(capacity) or 1), 4),
            "utilization_peak": round(max(shares, default=0.0), 4),
            "requests": round(asked),
            "beyond_capacity": round(max(0.0, lost) / (asked or 1), 6),
            "scale_outs": sum(action.after > action.before for action in self.actions),
            "scale_ins": sum(action.after < action.before for action in self.actions),
            "backlog_peak": round(max(self.backlog, default=0.0), 1) if queued else None,
            "notes": self.notes,
        }


class _Alarm:
    """A CloudWatch alarm: `needed` of the last `periods` datapoints of `period` ticks breach."""

    def __init__(
        self,
        *,
        ticks: int,
        periods: int,
        needed: int,
        breaches: Callable[[float], bool],
        missing: str = "missing",
        scale: float = 1,
    ) -> None:
        self.points: deque[float | None] = deque(maxlen=periods)
        self.on = False
        self._ticks, self._periods, self._needed = ticks, periods, needed
        self._breaches, self._missing, self._scale = breaches, missing, scale
        self._values: list[float] = []
        self._count = 0

    def feed(self, value: float | None) -> bool:
        """Take one tick's value; whether a datapoint was completed."""
        self._count += 1
        if value is not None:
            self._values.append(value)
        if self._count < self._ticks:
            return False
        values = self._values
        self.points.append(sum(values) / len(values) * self._scale if values else None)
        self._values, self._count = [], 0
        self.on = self._state()
        return True

    def _state(self) -> bool:
        if len(self.points) < self._periods:
            return False
        known = [point for point in self.points if point is not None]
        absent = self._periods - len(known)
        if self._missing == "ignore" and not known:
            return self.on
        breaching = sum(map(self._breaches, known))
        if self._missing == "breaching":
            breaching += absent
        return breaching >= self._needed

    @property
    def last(self) -> float | None:
        """The latest datapoint."""
        return self.points[-1] if self.points else None


class _Tracking:
    """A target-tracking policy with the two alarms that Application Auto Scaling makes."""

    def __init__(self, spec: TargetTracking, kind: Kind, step: int) -> None:
        self.spec, self.label = spec, spec.label
        self.metric = spec.metric
        self.target = spec.metric.target_value
        period = max(step, spec.metric.resolution(kind))
        ticks = period // step
        low = LOW_MARGIN * self.target
        self._high = _Alarm(
            ticks=ticks,
            periods=HIGH_DATAPOINTS,
            needed=HIGH_DATAPOINTS,
            breaches=lambda value: value > self.target,
        )
        self._low = _Alarm(
            ticks=ticks,
            periods=LOW_SECONDS // period,
            needed=LOW_SECONDS // period,
            breaches=lambda value: value < low,
        )
        self._wanted: deque[int] = deque(maxlen=LOW_SECONDS // period)

    def feed(self, value: float | None, state: _State) -> bool:
        """Take one tick's value; whether a datapoint was completed."""
        if self._low.feed(value):
            point = self._low.last or 0.0
            self._wanted.append(math.ceil(round(self._units(state) * point / self.target, 9)))
        return self._high.feed(value)

    def out(self) -> int | None:
        """The capacity to add up to, or None."""
        return self._wanted[-1] if self._high.on else None

    def into(self) -> int | None:
        """The capacity to shrink to, or None: enough for the busiest of the minutes seen."""
        if not self._low.on or self.spec.disable_scale_in:
            return None
        return max(self._wanted)

    def _units(self, state: _State) -> int:
        # without instances the backlog is published all the same, as of one
        return max(1, state.in_service)


class _Stepping:
    """A step scaling policy with its alarm."""

    def __init__(self, spec: StepScaling, kind: Kind, step: int) -> None:
        self.spec, self.label = spec, spec.label
        self.metric = spec.metric
        self.target = spec.metric.target_value
        source = spec.metric.source(kind)
        compare: dict[str, Callable[[float], bool]] = {
            "GreaterThanOrEqualToThreshold": lambda value: value >= self.target,
            "GreaterThanThreshold": lambda value: value > self.target,
            "LessThanThreshold": lambda value: value < self.target,
            "LessThanOrEqualToThreshold": lambda value: value <= self.target,
        }
        period = max(step, spec.period_seconds)
        self._alarm = _Alarm(
            ticks=period // step,
            periods=spec.evaluation_periods,
            needed=spec.datapoints_to_alarm or spec.evaluation_periods,
            breaches=compare[spec.comparison],
            missing=spec.missing_data,
            # rates are per minute here, and a sum grows with its period
            scale=period / 60 if source.statistic == "Sum" else 1,
        )

    def feed(self, value: float | None, state: _State) -> bool:
        """Take one tick's value; whether a datapoint was completed."""
        return self._alarm.feed(value)

    def wanted(self, base: int) -> int | None:
        """The capacity that the step in force asks for, from `base`."""
        value = self._alarm.last
        if not self._alarm.on or value is None:
            return None
        step = self._step((value - self.target) / self.spec.metric.unit_factor)
        if step is None:
            return None
        if self.spec.adjustment == "ExactCapacity":
            return step.change
        if self.spec.adjustment == "ChangeInCapacity":
            return base + step.change
        return base + _percent(base, step.change, self.spec.minimum_change or 1)

    def _step(self, distance: float) -> Step | None:
        for step in self.spec.steps:
            low = -math.inf if step.lower is None else step.lower
            high = math.inf if step.upper is None else step.upper
            inside = low <= distance < high if self.spec.rises else low < distance <= high
            if inside:
                return step
        return None


def _percent(base: int, percent: int, least: int) -> int:
    """A percentage of the capacity as AWS rounds it: towards zero, but at least one."""
    change = math.trunc(base * percent / 100)
    if abs(change) < least:
        change = least if percent > 0 else -least
    return change if percent else 0


@dataclass(slots=True)
class _State:
    """The target at one moment."""

    minimum: int
    maximum: int
    desired: int
    in_service: int
    starting: list[tuple[int, int]] = field(default_factory=list)
    """Seconds at which units are ready, and how many."""

    backlog: float = 0.0
    """Requests that wait in the queue."""

    working: float = 0.0
    """Requests in work, which CloudWatch counts into the queue."""

    out_until: float = -1
    out_base: int = 0
    in_until: float = -1

    def arrive(self, now: int) -> None:
        """Units whose start-up is over begin to serve."""
        ready = sum(count for at, count in self.starting if at <= now)
        self.in_service += ready
        self.starting = [(at, count) for at, count in self.starting if at > now]

    def move(self, wanted: int, now: int, startup: int) -> None:
        """Add units, which take their time to start, or remove some at once."""
        change = wanted - self.desired
        self.desired = wanted
        if change > 0 and startup:
            self.starting.append((now + startup, change))
        elif change > 0:
            self.in_service += change
        while change < 0 and self.starting:
            at, count = self.starting.pop()
            if count > -change:
                self.starting.append((at, count + change))
            change = min(0, change + count)
        self.in_service += min(0, change)


def value_of(metric: Metric, rate: float, state: _State, service: Service) -> float | None:
    """A metric's value at one moment; None where nothing is published."""
    count = state.in_service
    if isinstance(metric, _QUEUES):
        return _queued(metric, rate, state)
    if count == 0:
        return None
    if isinstance(metric, ConcurrentRequests):
        return rate * service.seconds_per_request / count
    if isinstance(metric, _SHARES):
        full = 1.0 if isinstance(metric, ProvisionedConcurrencyUtilization) else 100.0
        return full * min(1.0, rate / (count * service.requests_per_second))
    return rate * 60 / count


def _queued(metric: Metric, rate: float, state: _State) -> float | None:
    if isinstance(metric, BacklogPerInstance):
        return (state.backlog + state.working) / max(1, state.in_service)
    if isinstance(metric, BacklogWithoutCapacity):
        return float(state.backlog > 0 and state.in_service == 0)
    return rate * 60 if state.in_service == 0 else None


def unsimulated(metric: Metric) -> str:
    """Why a metric is not simulated; empty where it is."""
    if isinstance(metric, (*_RATES, *_SHARES, *_QUEUES, ConcurrentRequests)):
        return ""
    return f"{type(metric).__name__} does not follow from the number of requests"


def resolution(scaling: Scaling, kind: Kind) -> int:
    """The tick that a Scaling needs: a minute, or less where a metric or alarm is faster."""
    ticks = [SYNC_SECONDS if kind is POD else 60]
    for policy in () if kind is POD else scaling.policies:
        if isinstance(policy, TargetTracking):
            ticks.append(policy.metric.resolution(kind))
        else:
            ticks.append(policy.period_seconds)
    return math.gcd(*(tick for tick in ticks if tick <= 60))


def simulate(scaling: Scaling, service: Service, load: Load, name: str = "policy") -> Result:
    """Run `load` against `service` scaled by `scaling`."""
    step = math.gcd(resolution(scaling, service.kind), load.step_seconds)
    load = load.every(step)
    result = Result(name, service, load)
    return _Run(scaling, service, load, result).result


class _Run:
    """One simulation."""

    def __init__(self, scaling: Scaling, service: Service, load: Load, result: Result) -> None:
        self.result = result
        self._scaling, self._service, self._load = scaling, service, load
        step, kind = load.step_seconds, service.kind
        self._tracking: list[_Tracking] = []
        self._stepping: list[_Stepping] = []
        pods: list[TargetTracking] = []
        for policy in scaling.policies:
            reason = unsimulated(policy.metric)
            if reason:
                result.notes.append(f"policy {policy.label} is left out: {reason}")
            elif kind is POD and isinstance(policy, TargetTracking):
                pods.append(policy)
            elif isinstance(policy, TargetTracking):
                self._tracking.append(_Tracking(policy, kind, step))
            else:
                self._stepping.append(_Stepping(policy, kind, step))
        self._policies: list[_Tracking | _Stepping] = [*self._tracking, *self._stepping]
        followed = [policy.spec for policy in self._policies] or pods
        self._followed: Metric | None = followed[0].metric if followed else None
        if self._followed is not None:
            result.target = self._followed.target_value
            result.target_of = type(self._followed).__name__
        self._bounds = self._scheduled()
        first = min(max(service.initial, scaling.min_capacity), scaling.max_capacity)
        self._state = _State(scaling.min_capacity, scaling.max_capacity, first, first)
        self._pods = PodAutoscaler(pods, first) if kind is POD else None
        if kind is POD:
            result.notes.append(
                "a new pod finds room on a node; where it does not, a node takes minutes to start"
            )
        # An endpoint that is being updated takes no other update until it is done.
        self._one_at_a_time = kind.namespace == "sagemaker"
        for index, rate in enumerate(load.rates):
            self._tick(index * step, rate)
        self._note_instances()

    def _note_instances(self) -> None:
        """Copies are taken to find room; said where they would not."""
        service, copies = self._service, max(self.result.desired, default=0)
        if service.instances is None or service.max_instances is None:
            return
        needed = service.instances(copies)
        if needed > service.max_instances:
            self.result.notes.append(
                f"{copies} copies take about {needed} instances, and max_instances is "
                f"{service.max_instances}: what finds no room waits, and does not serve"
            )

    def _scheduled(self) -> deque[tuple[int, str, int | None, int | None]]:
        """When bounds change, in seconds from the start."""
        start = self._load.start
        end = start + timedelta(hours=self._load.hours)
        if "scheduled" in self._scaling.suspended:
            return deque()
        return deque(
            sorted(
                (
                    (int((time - start).total_seconds()), s.name, s.min_capacity, s.max_capacity)
                    for s in self._scaling.schedules
                    for time in s.times(start, end)
                ),
                key=lambda entry: entry[0],
            )
        )

    def _tick(self, now: int, rate: float) -> None:
        state, step = self._state, self._load.step_seconds
        state.arrive(now)
        while self._bounds and self._bounds[0][0] < now + step:
            _, name, low, high = self._bounds.popleft()
            state.minimum = state.minimum if low is None else low
            state.maximum = state.maximum if high is None else high
            self._move(self._bounded(state.desired), now, f"schedule {name}")
        self._serve(rate, step)
        self._record(rate)
        if self._pods is not None:
            self._scale_pods(self._pods, rate, now + step)
            return
        due = False
        for policy in self._policies:
            value = value_of(policy.metric, rate, state, self._service)
            due = policy.feed(value, state) or due
        if due and not (self._one_at_a_time and state.starting):
            self._scale(now + step)

    def _scale_pods(self, autoscaler: PodAutoscaler, rate: float, now: int) -> None:
        state = self._state
        values = [
            value_of(policy.metric, rate, state, self._service) for policy in autoscaler.policies
        ]
        wanted, label = autoscaler.wanted(now, values, state.desired, state.in_service)
        self._move(self._bounded(wanted), now, label)

    def _serve(self, rate: float, step: int) -> None:
        state = self._state
        limit = state.in_service * self._service.requests_per_second
        if self._service.kind is not ASYNCHRONOUS:
            self.result.served.append(min(rate, limit))
            return
        waiting = state.backlog + rate * step
        served = min(waiting, limit * step)
        state.backlog = waiting - served
        state.working = served / step * self._service.seconds_per_request
        self.result.served.append(served / step)

    def _record(self, rate: float) -> None:
        state, result = self._state, self.result
        result.in_service.append(state.in_service)
        result.desired.append(state.desired)
        result.minimum.append(state.minimum)
        result.maximum.append(state.maximum)
        result.backlog.append(state.backlog)
        followed = self._followed
        result.metric.append(
            None if followed is None else value_of(followed, rate, state, self._service)
        )

    def _bounded(self, wanted: int) -> int:
        return max(self._state.minimum, min(self._state.maximum, wanted))

    def _scale(self, now: int) -> None:
        """The largest capacity that any policy asks for, within bounds and cooldowns."""
        suspended, state = self._scaling.suspended, self._state
        outs = list(self._outs(now))
        if outs and "scale-out" not in suspended:
            wanted, cooldown, label = max(outs, key=lambda entry: entry[0])
            cooling = now < state.out_until
            base = state.out_base if cooling else state.desired
            if self._move(wanted, now, label):
                state.out_base = base
                state.out_until = now + self._service.startup_seconds + cooldown
                state.in_until = -1
            return
        ins = list(self._ins())
        if ins and "scale-in" not in suspended and now >= state.in_until:
            wanted, cooldown, label = max(ins, key=lambda entry: entry[0])
            if self._move(wanted, now, label):
                state.in_until = now + cooldown
                state.out_until = -1

    def _outs(self, now: int) -> Iterator[tuple[int, int, str]]:
        """Additions asked for. In a cooldown what was just added counts as part of them."""
        state = self._state
        base = state.out_base if now < state.out_until else state.desired
        asked = [
            *((p.out(), p.spec.scale_out_cooldown_seconds, p.label) for p in self._tracking),
            *((p.wanted(base), p.spec.cooldown_seconds, p.label) for p in self._stepping),
        ]
        for wanted, cooldown, label in asked:
            if wanted is not None and self._bounded(wanted) > state.desired:
                yield self._bounded(wanted), cooldown, label

    def _ins(self) -> Iterator[tuple[int, int, str]]:
        """Removals asked for: by target tracking only when all of its policies agree."""
        state = self._state
        able = [policy for policy in self._tracking if not policy.spec.disable_scale_in]
        wishes = [(policy.into(), policy) for policy in able]
        if able and all(wish is not None for wish, _ in wishes):
            wanted, by = max(((wish or 0, p) for wish, p in wishes), key=lambda entry: entry[0])
            if self._bounded(wanted) < state.desired:
                yield self._bounded(wanted), by.spec.scale_in_cooldown_seconds, by.label
        for policy in self._stepping:
            wish = policy.wanted(state.desired)
            if wish is not None and self._bounded(wish) < state.desired:
                yield self._bounded(wish), policy.spec.cooldown_seconds, policy.label

    def _move(self, wanted: int, now: int, reason: str) -> bool:
        state = self._state
        if wanted == state.desired:
            return False
        time = self._load.start + timedelta(seconds=now)
        self.result.actions.append(Action(time, state.desired, wanted, reason))
        state.move(wanted, now, self._service.startup_seconds)
        return True


def capacity_of(scaling: Scaling, kind: Kind) -> float | None:
    """What one unit serves, as far as the metrics say it: as load-tested, or twice the target,
    which is AWS's advice for a target."""
    for policy in scaling.policies:
        metric = policy.metric
        if isinstance(metric, _RATES):
            if metric.requests_per_second is not None:
                return metric.requests_per_second
            return metric.target_value / 60 / metric.safety_factor
    return None


def target_rate(scaling: Scaling, service: Service) -> float:
    """The requests per second of one unit that the policies aim at."""
    rates = [
        policy.metric.target_value / 60
        for policy in scaling.policies
        if isinstance(policy.metric, _RATES) and isinstance(policy, TargetTracking)
    ]
    return min(rates, default=0.7 * service.requests_per_second)


def shape(
    name: str,
    peak: float,
    *,
    hours: float = 24,
    start: datetime = START,
    timezone: str = "UTC",
    step_seconds: int = 60,
) -> Load:
    """A built-in load: steady, a daily wave, a spike, a ramp, or office hours."""
    ticks = max(1, round(hours * 3600 / step_seconds))
    zone = ZoneInfo(timezone)
    form = _FORMS[name]
    rates = []
    for tick in range(ticks):
        local = (start + timedelta(seconds=tick * step_seconds)).astimezone(zone)
        rates.append(peak * form(tick / ticks, local))
    return Load(name, tuple(rates), step_seconds, start, timezone)


def _hour(local: datetime) -> float:
    return local.hour + local.minute / 60 + local.second / 3600


def _daily(_: float, local: datetime) -> float:
    return 0.55 - 0.45 * math.cos((_hour(local) - 3) / 24 * 2 * math.pi)


def _spike(part: float, _: datetime) -> float:
    return 1.0 if 0.5 <= part < 0.5 + 1 / 24 else 0.2


def _office(_: float, local: datetime) -> float:
    if local.isoweekday() > 5:
        return 0.05
    hour = _hour(local)
    rise = min(1.0, max(0.0, (hour - 7) / 2))
    fall = min(1.0, max(0.0, (19 - hour) / 2))
    return 0.05 + 0.95 * min(rise, fall)


_FORMS: dict[str, Callable[[float, datetime], float]] = {
    "steady": lambda part, local: 1.0,
    "daily": _daily,
    "spike": _spike,
    "ramp": lambda part, local: part,
    "office-hours": _office,
}


def read_load(path: Path, *, hours: float | None = None, step_seconds: int = 60) -> Load:
    """A load from a CSV file: a header, then a time and a rate in each line.

    Times are seconds from the start, or ISO 8601 (UTC where they have no zone). A rate holds
    until the next line. Raises BadInputError naming the line.
    """
    try:
        rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} cannot be read: {error}") from None
    refuse_without_header(path, rows)
    entries: list[tuple[float, float]] = []
    start = START
    dated: bool | None = None
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        try:
            time, rate = moment(row[0], dated), float(row[1])
        except (ValueError, IndexError):
            raise BadInputError(
                f"{path.name}:{number}: must be a time and a rate, got {','.join(row)!r}",
                "write lines such as 60,12.5 or 2026-03-29T08:01:00Z,12.5 below a header",
            ) from None
        if isinstance(time, datetime):
            dated = True
            start = start if entries else time
            time = (time - start).total_seconds()
        if not math.isfinite(rate) or rate < 0 or (entries and time <= entries[-1][0]):
            raise BadInputError(
                f"{path.name}:{number}: rates are 0 or more and times rise, got {','.join(row)!r}"
            )
        entries.append((time, rate))
        dated = bool(dated)
    if len(entries) < 2:
        raise BadInputError(f"{path.name} has fewer than two lines below its header")
    if entries[-1][0] - entries[0][0] > MAX_HOURS * 3600:
        raise BadInputError(f"{path.name} is longer than {MAX_HOURS // 24} days; cut it")
    return Load(path.name, _held(entries, hours, step_seconds), step_seconds, start)


def refuse_without_header(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Raises BadInputError where the first line of a CSV file is a measurement, which would be lost."""
    try:
        moment(rows[0][0], None), float(rows[0][1])
    except (ValueError, IndexError):
        return
    raise BadInputError(
        f"{path.name}:1: must be a header, got {','.join(rows[0])!r}", "write time,rate above it"
    )


def moment(text: str, dated: bool | None) -> float | datetime:
    """A time of either form, and of the same form as those before it."""
    try:
        seconds = float(text)
    except ValueError:
        if dated is False:
            raise
        found = datetime.fromisoformat(text.strip())
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    if dated:
        raise ValueError(text)
    return seconds


def _held(
    entries: Sequence[tuple[float, float]], hours: float | None, step: int
) -> tuple[float, ...]:
    """One rate for each tick: that of the last line before it."""
    origin, last = entries[0][0], entries[-1][0]
    # the last line holds as long as the one before it
    seconds = last - origin + (last - entries[-2][0]) if hours is None else hours * 3600
    rates: list[float] = []
    index = 0
    for tick in range(max(1, math.ceil(seconds / step))):
        while index + 1 < len(entries) and entries[index + 1][0] <= origin + tick * step:
            index += 1
        rates.append(entries[index][1])
    return tuple(rates)
