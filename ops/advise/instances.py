"""Instance types compared: by price for what they have, alone and together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .fleets import SAFETY
from .market import Market, Sold
from .need import Need


@dataclass(frozen=True, slots=True)
class Compared:
    """One instance type for a need."""

    sold: Sold
    count: int
    """How many together carry the top of the load: horizontal scaling."""

    alone: bool
    """Whether one does: vertical scaling."""

    @property
    def together(self) -> float:
        """What so many cost a month at the top."""
        return self.count * self.sold.monthly


def compared(need: Need, market: Market, most: int = 12) -> list[Compared]:
    """The types that hold a model: the cheapest together, and the cheapest that carries it alone."""
    found = [
        Compared(sold, _count(need, sold), _count(need, sold) <= 1) for sold in market.hosting(need)
    ]
    found.sort(key=lambda each: (each.together, each.count, each.sold.name))
    alone = [each for each in found if each.alone][:3]
    shown = found[:most]
    return [*shown, *(each for each in alone if each not in shown)]


def _count(need: Need, sold: Sold) -> int:
    return max(1, math.ceil(round(need.peak / (sold.serves(need) * SAFETY), 9)))
