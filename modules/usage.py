"""Usage: how much of what a price key stands for something uses, without prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scaling.spec import Scaling

EXPECTED_SHARE = 0.25
"""Where between the scaling bounds the expected capacity lies: a quarter of the way up."""


@dataclass(frozen=True, slots=True)
class Amount:
    """The least, the expected and the most of something in a month."""

    minimum: float = 0.0
    expected: float = 0.0
    maximum: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.minimum + other.minimum,
            self.expected + other.expected,
            self.maximum + other.maximum,
        )

    def __sub__(self, other: Amount) -> Amount:
        return self + other * -1

    def __mul__(self, factor: float) -> Amount:
        return Amount(self.minimum * factor, self.expected * factor, self.maximum * factor)


def between(low: float, high: float) -> Amount:
    """The capacity of something that scales from `low` to `high`."""
    return Amount(low, low + EXPECTED_SHARE * (high - low), high)


def held(low: float, count: float, high: float) -> Amount:
    """The capacity of something that may scale from `low` to `high`, and that nothing moves."""
    return Amount(low, min(max(low, count), high), high)


def exactly(count: float) -> Amount:
    """The capacity of something that does not scale."""
    return Amount(count, count, count)


def bounds(scaling: Scaling | None, count: int) -> Amount:
    """The capacity of something that may scale, whichever of its schedules is in force; what nothing moves
    is expected to stay at the `count` with which it begins."""
    if scaling is None:
        return exactly(count)
    low, high = (
        min(low for _, low in scaling.lowest()),
        max(high for _, high in scaling.highest()),
    )
    return between(low, high) if scaling.moves else held(low, count, high)


@dataclass(frozen=True, slots=True)
class Usage:
    """So much of what one price key stands for; `key` may have no price."""

    service: str
    """What it is for, such as an endpoint's name."""

    key: str
    """The key in the price table, such as `sagemaker/hosting/ml.m5.large`."""

    amount: Amount | None
    """How many at a time; the price table says whether by the hour or the month. None where the
    environment does not say how many, as they are billed by use."""

    alternatives: tuple[str, ...] = ()
    """Keys of what AWS may give in its place, each at its own price. Default: none."""


@dataclass(frozen=True, slots=True)
class RunPart:
    """What one job of a run asks for, until it is stopped."""

    step: str
    words: str
    """What it runs on: `2 ml.g5.xlarge Spot for up to 4 h`."""

    key: str
    """The price key of an hour of one instance."""

    hours: float | None
    """Hours of instances at most; None where nothing stops the job."""

    is_spot: bool = False
    """Whether AWS may take its instances back, and asks less for them."""

    instances: int = 1
    """How many there are at once."""


@dataclass(frozen=True, slots=True)
class Start:
    """When something is started: an expression of EventBridge Scheduler."""

    expression: str
    timezone: str = "UTC"


def run_part(
    step: str,
    kind: str,
    instance_type: str,
    *,
    count: int = 1,
    jobs: int = 1,
    at_once: int = 1,
    seconds: int | None,
    spot: bool = False,
) -> RunPart:
    """What `jobs` jobs of `kind`, `at_once` of them at a time, ask for: `count` instances each, until
    they are stopped after `seconds`."""
    many = f"{count} {instance_type}" if count > 1 else instance_type
    words = f"{many}{' Spot' if spot else ''}"
    if seconds is not None:
        words += f" for up to {seconds / 3600:g} h"
    if jobs > 1:
        words += f", {jobs} jobs"
    hours = None if seconds is None else seconds / 3600 * count * jobs
    return RunPart(step, words, f"sagemaker/{kind}/{instance_type}", hours, spot, count * at_once)


def by_use(service: str, key: str) -> Usage:
    """Something that is billed by use: how much of it a month takes is not known."""
    return Usage(service, key, None)


MONITORING = "monitoring"
"""What alarms and dashboards are for, whichever service they watch."""


def alarm_usage(metrics: float, *, fast: bool = False) -> Usage:
    """Alarms, which are billed by each metric that they look at; `fast` with a period below a
    minute."""
    key = "cloudwatch/alarm-high-resolution" if fast else "cloudwatch/alarm"
    return Usage(MONITORING, key, exactly(metrics))


def fargate(
    service: str, amount: Amount, *, cpu: float, memory: float, architecture: str, spot: bool
) -> Iterator[Usage]:
    """Tasks or pods on Fargate, by vCPU and GiB; `cpu` in CPU units, `memory` in MiB."""
    kind = f"{'fargate-spot' if spot else 'fargate'}/{architecture.lower()}"
    yield Usage(service, f"{kind}/vcpu", amount * (cpu / 1024))
    yield Usage(service, f"{kind}/gib", amount * (memory / 1024))


BALANCERS = "load balancers"
"""What load balancers are for: services share them."""


def of_balancer(key: str, *, addresses: int) -> Iterator[Usage]:
    """A load balancer without its capacity units, with the public IPv4 addresses that AWS gives it: one
    in each zone of one that faces the internet, and none inside."""
    yield Usage(BALANCERS, key, exactly(1))
    if addresses:
        yield Usage(BALANCERS, "vpc/public-ipv4", exactly(addresses))


FREE_STORAGE_GIB = 20
"""What each task on Fargate has without charge. Source: aws.amazon.com/fargate/pricing."""


def fargate_storage(service: str, tasks: Amount, size_gib: float | None) -> Iterator[Usage]:
    """The storage of tasks on Fargate beyond what each has without charge."""
    if size_gib is not None and size_gib > FREE_STORAGE_GIB:
        yield Usage(service, "fargate/ephemeral-storage", tasks * (size_gib - FREE_STORAGE_GIB))


def above(amount: Amount, reserved: float) -> Amount:
    """What is beyond so many that are paid for anyway."""
    if not reserved:
        return amount
    return Amount(
        max(amount.minimum - reserved, 0.0),
        max(amount.expected - reserved, 0.0),
        max(amount.maximum - reserved, 0.0),
    )


def on_demand(amount: Amount, *, base: float, share: float) -> Amount:
    """The on-demand part of a capacity: the first `base`, and a `share` of what is above."""

    def part(count: float) -> float:
        first = min(count, base)
        return first + (count - first) * share

    return Amount(part(amount.minimum), part(amount.expected), part(amount.maximum))
