"""Savings Plans: what those that somebody bought cover, and what one would save."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from inferform import Commitment
from inferform.usage import Amount, Usage, exactly

from .model import HOURS_PER_MONTH, Estimate, PricedLine

if TYPE_CHECKING:
    from .loads import Hours

_COVERED = {
    "sagemaker": re.compile(r"sagemaker/(hosting|async|transform|processing|training)/.+"),
    "compute": re.compile(r"ec2/.+|fargate/.+/.+|lambda/.+/.*gb-second"),
}
"""The price keys that each kind of plan covers (Savings Plans user guide): no Spot, no storage, no
requests, and nothing of serverless inference."""


def covered(estimate: Estimate, kind: str) -> tuple[PricedLine, ...]:
    """The lines with a sum that a kind of plan covers."""
    return tuple(
        line
        for line in estimate.lines
        if line.monthly is not None and _COVERED[kind].fullmatch(line.usage.key)
    )


def net(hourly: float, commitment: float, discount: float) -> float:
    """What an hour costs with a plan: the commitment whether it is used or not, and On-Demand for what
    is beyond what it covers."""
    return commitment + max(0.0, hourly - commitment / (1 - discount))


def _worth(commitment: Commitment) -> float:
    """What a commitment covers in an hour, at the prices of On-Demand."""
    return commitment.usd_per_hour / (1 - commitment.discount_percent / 100)


def in_force(commitments: Iterable[Commitment], day: date) -> list[Commitment]:
    """The commitments whose last day is not past."""
    return [each for each in commitments if each.ends_on is None or each.ends_on >= f"{day}"]


def subtracted(estimate: Estimate, commitments: Iterable[Commitment]) -> Estimate:
    """The estimate with a line for each commitment: what it changes of the sums, which is more money
    where it is not used."""
    lines = list(estimate.lines)
    left = {kind: _sum(covered(estimate, kind)) for kind in _COVERED}
    for index, each in enumerate(commitments, 1):
        eligible = left[each.kind]
        worth = _worth(each) * HOURS_PER_MONTH
        paid = each.usd_per_hour * HOURS_PER_MONTH
        changes = [
            paid - min(value, worth)
            for value in (eligible.minimum, eligible.expected, eligible.maximum)
        ]
        left[each.kind] = Amount(
            *(
                value - min(value, worth)
                for value in (eligible.minimum, eligible.expected, eligible.maximum)
            )
        )
        key = f"savings-plan/{each.kind}-{index}"
        lines.append(PricedLine(Usage("commitments", key, exactly(1)), None, Amount(*changes)))
    return Estimate(tuple(lines))


def _sum(lines: Sequence[PricedLine]) -> Amount:
    total = Amount()
    for line in lines:
        total += line.monthly or Amount()
    return total


@dataclass(frozen=True, slots=True)
class Offer:
    """What one more commitment would change."""

    kind: str
    usd_per_hour: float
    saved: float
    """USD a month less, or more where it is negative."""

    used_percent: float
    """The share of the commitment that is used."""


def offers(
    estimate: Estimate,
    hours: Mapping[str, Hours],
    names: Mapping[str, str],
    discount: float,
    commitments: Sequence[Commitment] = (),
) -> list[Offer]:
    """What commitments would save at a discount, over the hours of a load, or at the expected sums where
    there is none. They are of the spend that is reached in all hours, in nine of ten, in three of four
    and in half of them; the mean is none, as the hours below it pay for what is not used.

    `names` has the full name of each service by the name in the lines; what `commitments` cover already
    is not there to be covered again.
    """
    found = []
    for kind in _COVERED:
        bought = sum(_worth(each) for each in commitments if each.kind == kind)
        hourly = _hourly(covered(estimate, kind), hours, names)
        spend = sorted(max(0.0, each - bought) for each in hourly)
        if not spend or spend[-1] <= 0:
            continue
        before = sum(spend) / len(spend)
        for share in (0.0, 0.1, 0.25, 0.5):
            reached = spend[min(len(spend) - 1, int(share * len(spend)))]
            commitment = reached * (1 - discount)
            if commitment < 0.001:
                continue
            after = sum(net(each, commitment, discount) for each in spend) / len(spend)
            used = sum(min(each, reached) for each in spend) / (reached * len(spend))
            offer = Offer(kind, commitment, (before - after) * HOURS_PER_MONTH, 100 * used)
            if offer not in found:
                found.append(offer)
    return found


def _hourly(
    lines: Sequence[PricedLine], hours: Mapping[str, Hours], names: Mapping[str, str]
) -> list[float]:
    """What the lines cost in each hour."""
    length = max((len(each.shares) for each in hours.values()), default=1)
    total = [0.0] * length
    for line in lines:
        monthly = line.monthly or Amount()
        own = hours.get(names.get(line.usage.service, ""))
        for hour in range(length):
            if own is None or monthly.minimum == monthly.maximum:
                value = monthly.expected
            else:
                share = own.shares[hour % len(own.shares)]
                value = monthly.minimum + share * (monthly.maximum - monthly.minimum)
            total[hour] += value / HOURS_PER_MONTH
    return total
