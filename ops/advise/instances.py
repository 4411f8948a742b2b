"""Instance types compared: by price for what they have, alone and together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

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

    if_: str = ""
    """What the type asks for that the need has not. Default: nothing."""

    @property
    def together(self) -> float:
        """What so many cost a month at the top."""
        return self.count * self.sold.monthly


def compared(need: Need, market: Market, most: int = 12) -> list[Compared]:
    """The types that hold a model: the cheapest together, the cheapest that carries it alone, and the
    cheapest one for an image or a model that is built for something else."""
    found = _each(need, market)
    alone = [each for each in found if each.alone][:3]
    shown = found[:most]
    others = []
    if need.architecture == "x86_64":
        others.append((replace(need, architecture="arm64"), "an image for arm64"))
    if need.processor == "gpu":
        others.append((need.on("neuron"), "a model compiled for AWS Neuron"))
    return [
        *shown,
        *(each for each in alone if each not in shown),
        *(replace(each, if_=words) for other, words in others for each in _each(other, market)[:1]),
    ]


def _each(need: Need, market: Market) -> list[Compared]:
    found = []
    for sold in market.hosting(need):
        count = _count(need, sold)
        found.append(Compared(sold, count, count <= 1))
    return sorted(found, key=lambda each: (each.together, each.count, each.sold.name))


def _count(need: Need, sold: Sold) -> int:
    return max(1, math.ceil(round(need.peak / (sold.serves(need) * SAFETY), 9)))
