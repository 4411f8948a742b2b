"""What runs again and again: what one run may spend, and how often schedules start it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inferform import Environment, Scheduled, SpecError
from inferform.service import Service
from inferform.usage import RunPart, Start

from .model import dollars
from .prices import PriceTable

SPOT_DISCOUNT = 0.9
"""The most that Spot takes off, as AWS says it: a claim, never a promise."""

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday, from which runs are counted where nobody says otherwise."""

MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class StepCost:
    """What one job of a run may cost."""

    step: str
    words: str
    """What it runs on: `2 ml.g5.xlarge Spot for up to 4 h`."""

    least_usd: float | None
    """With the most that Spot takes off; None where the price is not known."""

    most_usd: float | None
    """Running until it is stopped, on demand; None where the price is not known, or nothing stops
    it."""


def cost_of(parts: Iterable[RunPart], region: str, table: PriceTable) -> list[StepCost]:
    """What each job of a run costs at most, and with Spot at best.

    Nobody knows beforehand how long a job takes: the most is that of one which is stopped at its
    `max_runtime_seconds`, for which retries of SageMaker's own count too. Storage and transfer are not
    counted.
    """
    found = []
    for part in parts:
        price = table.price(region, part.key)
        most = price.usd * part.hours if price is not None and part.hours is not None else None
        least = most * (1 - SPOT_DISCOUNT) if most is not None and part.is_spot else most
        found.append(StepCost(part.step, part.words, least, most))
    return found


def cost_of_run(spec: Service, region: str, table: PriceTable) -> list[StepCost]:
    """What each job of a run of a service costs at most, and with Spot at best."""
    return cost_of(spec.run_parts(), region, table)


def total(costs: Iterable[StepCost]) -> tuple[float | None, float | None]:
    """The least and the most of a whole run; None where one of its parts is not known."""
    least, most = 0.0, 0.0
    for each in costs:
        if each.least_usd is None or each.most_usd is None:
            return None, None
        least, most = least + each.least_usd, most + each.most_usd
    return least, most


def said(least: float | None, most: float | None) -> str:
    """`up to $38`, and what Spot makes of it at best; a word for what is not known."""
    if least is None or most is None:
        return "what is not known"
    if least < most:
        return f"up to {dollars(most)} ({dollars(least)} where Spot takes off the most)"
    return f"up to {dollars(most)}"


def times(start: Start, begin: datetime = BEGIN, until: datetime | None = None) -> list[datetime]:
    """When a schedule starts something, in a month from `begin` unless `until` says otherwise.

    A rate counts from `begin`; one that is no expression of EventBridge Scheduler starts nothing.
    """
    try:
        each = Scheduled(
            name="start", schedule=start.expression, timezone=start.timezone, min_capacity=1
        )
        return [*each.times(begin, until or begin + MONTH)]
    except SpecError:
        return []


@dataclass(frozen=True, slots=True)
class Repeated:
    """What one service that runs again and again may spend."""

    service: str
    """Its name with its sort: `retraining/fraud`."""

    parts: tuple[RunPart, ...]
    least_usd: float | None
    most_usd: float | None
    """Of one run; None where it is not known."""

    runs: int
    """How often its schedules start it in 30 days."""

    @property
    def text(self) -> str:
        """The same in a sentence."""
        run = f"{self.service}: a run may spend {said(self.least_usd, self.most_usd)}"
        if not self.runs:
            return f"{run}; no schedule starts it"
        if self.most_usd is None:
            return f"{run}; its schedules start {self.runs} in 30 days"
        return (
            f"{run}; its schedules start {self.runs} in 30 days, which is up to "
            f"{dollars(self.runs * self.most_usd)}"
        )


def repeated(environment: Environment, table: PriceTable) -> Iterator[Repeated]:
    """What of an environment runs again and again."""
    region = environment.context.region
    for each in environment.deployed:
        parts = tuple(each.spec.run_parts())
        if parts:
            least, most = total(cost_of(parts, region, table))
            runs = sum(len(times(start)) for start in each.spec.starts_at(each.place))
            yield Repeated(each.full_name, parts, least, most, runs)
