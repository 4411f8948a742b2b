"""How many instances, tasks or copies a load needs: by the simulator, or by a formula for curves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from inferform.scaling.kinds import (
    ASYNCHRONOUS,
    COMPONENT,
    ECS_SERVICE,
    POD,
    REALTIME,
    Kind,
)
from inferform.scaling.metrics import (
    BacklogPerInstance,
    CpuUtilization,
    GpuUtilization,
    InvocationsPerCopy,
    InvocationsPerInstance,
    RequestsPerTarget,
    Tracked,
)
from inferform.scaling.schedule import Scheduled
from inferform.scaling.spec import Scaling, Step, StepScaling, TargetTracking, scale_to_zero

from ..simulate import STARTUP_SECONDS, Load, Service, simulate, target_rate
from .need import Need

SAFETY = 0.7
"""The share of what one unit serves that scaling aims at."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Units that follow a load."""

    kind: Kind
    scaling: Scaling
    service: Service

    @property
    def aim(self) -> float:
        """The requests per second of one unit that its scaling aims at."""
        return target_rate(self.scaling, self.service)


def fleet(need: Need, kind: Kind, serves: float, *, to_zero: bool = False) -> Fleet:
    """The units that follow the load of `need`, each of which serves `serves` requests a second;
    `to_zero` where they may all go while nothing comes."""
    load = need.load
    most = max(need.minimum, math.ceil(max(load.rates) / (serves * SAFETY)) + 1)
    service = Service(
        name="model",
        kind=kind,
        requests_per_second=serves,
        startup_seconds=STARTUP_SECONDS[kind],
        initial=0 if to_zero else need.minimum,
        seconds_per_request=need.seconds,
    )
    return Fleet(kind, _scaling(need, kind, serves, most, to_zero=to_zero), service)


def _scaling(need: Need, kind: Kind, serves: float, most: int, *, to_zero: bool) -> Scaling:
    rate = min(float(f"{serves:.4g}"), _FASTEST)
    if kind is ASYNCHRONOUS:
        return scale_to_zero(BacklogPerInstance(), max_capacity=most)
    if kind is COMPONENT and to_zero:
        metric = InvocationsPerCopy(requests_per_second=rate, safety_factor=SAFETY)
        return scale_to_zero(metric, max_capacity=most)
    policies: list[TargetTracking | StepScaling] = [
        TargetTracking(metric=_metric(need, kind, rate))
    ]
    if need.shape == "spike" and kind is REALTIME:
        # Target tracking waits for three datapoints; two instances at once catch a sudden load.
        above = InvocationsPerInstance(requests_per_second=rate, safety_factor=1.0)
        policies.append(StepScaling(metric=above, steps=[Step(lower=0, change=2)]))
    return Scaling(
        min_capacity=need.minimum,
        max_capacity=most,
        policies=policies,
        schedules=_office(need, most) if need.shape == "office-hours" and kind is not POD else (),
    )


def _office(need: Need, most: int) -> tuple[Scheduled, ...]:
    """What is up before people come, on workdays."""
    ready = max(need.minimum, most - 1)
    if ready == need.minimum:
        return ()
    workdays = "? * MON-FRI *"
    return (
        Scheduled(name="morning", schedule=f"cron(30 7 {workdays})", min_capacity=ready),
        Scheduled(name="evening", schedule=f"cron(0 19 {workdays})", min_capacity=need.minimum),
    )


def _metric(need: Need, kind: Kind, rate: float) -> Tracked:
    """Requests where a request is light, and utilization where it keeps a processor busy."""
    if kind is POD:
        return CpuUtilization(percent=100 * SAFETY)
    if kind is ECS_SERVICE:
        return RequestsPerTarget(requests_per_second=rate, safety_factor=SAFETY)
    if kind is COMPONENT:
        return InvocationsPerCopy(requests_per_second=rate, safety_factor=SAFETY)
    if need.processor == "gpu":
        return GpuUtilization(percent=100 * SAFETY)
    return InvocationsPerInstance(requests_per_second=rate, safety_factor=SAFETY)


_STEADY_HOURS = 4
_FASTEST = 100_000.0
"""The most requests per second that a metric takes (rule AAS22)."""

Measure = Callable[[Fleet, Load], float]
"""How many units of a fleet are paid for on average."""


@lru_cache(maxsize=64)
def simulated(fleet: Fleet, load: Load) -> float:
    """As the simulator has it, in the second of two rounds, so that its start does not count."""
    rates = load.rates
    if len(set(rates)) == 1:
        # What does not change is steady after some hours.
        rates = rates[: max(1, _STEADY_HOURS * 3600 // load.step_seconds)]
    rounds = Load(load.name, rates * 2, load.step_seconds, load.start, load.timezone)
    desired: Sequence[int] = simulate(fleet.scaling, fleet.service, rounds).desired
    second = desired[len(desired) // 2 :]
    return sum(second) / len(second)


def calculated(fleet: Fleet, load: Load) -> float:
    """As many as each rate needs, without delay."""
    total = sum(count * _needed(fleet, rate) for rate, count in Counter(load.rates).items())
    return total / len(load.rates)


def lowest(fleet: Fleet, load: Load) -> int:
    """How many are paid for at any time: what the least rate needs."""
    return _needed(fleet, min(load.rates))


def _needed(fleet: Fleet, rate: float) -> int:
    low, high = fleet.scaling.min_capacity, fleet.scaling.max_capacity
    return min(high, max(low, math.ceil(round(rate / fleet.aim, 9))))
