"""From which load on one option is cheaper than another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from .fleets import calculated
from .market import Market
from .need import FASTEST, SECONDS_PER_MONTH, Need
from .options import judge

Cost = Callable[[float], float | None]
"""What an option costs a month at a rate; None where it does not fit."""


def cost_of(name: str, need: Need, market: Market) -> Cost:
    """The cost of one option by the requests per second at the top of the load."""

    def cost(rate: float) -> float | None:
        if rate > FASTEST:
            return None
        return judge(name, need.at(rate), market, calculated).monthly

    return cost


def crossings(one: Cost, other: Cost, low: float, high: float, points: int = 48) -> Iterator[float]:
    """The rates between `low` and `high` at which the cheaper of two options changes."""
    rates = spaced(low, high, points)
    before: tuple[float, float] | None = None
    for rate in rates:
        gap = _gap(one, other, rate)
        if gap is None:
            return
        if before is not None and gap and before[1] and (gap > 0) != (before[1] > 0):
            yield _between(one, other, before[0], rate, before[1] > 0)
        if gap:
            before = rate, gap


def spaced(low: float, high: float, points: int) -> list[float]:
    """Rates from `low` to `high`, each so many times the one before."""
    step = (high / low) ** (1 / (points - 1))
    return [low * step**index for index in range(points)]


def _gap(one: Cost, other: Cost, rate: float) -> float | None:
    left, right = one(rate), other(rate)
    return None if left is None or right is None else left - right


def _between(one: Cost, other: Cost, low: float, high: float, rises: bool) -> float:
    for _ in range(24):
        middle = math.sqrt(low * high)
        gap = _gap(one, other, middle)
        if gap is not None and (gap > 0) == rises:
            low = middle
        else:
            high = middle
    return high


def break_even(monthly: float, usd_per_request: float) -> float:
    """The requests per second at which what is paid by the request costs as much as what costs
    `monthly` whatever comes."""
    return monthly / usd_per_request / SECONDS_PER_MONTH
