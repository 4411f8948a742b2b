"""Estimates: quantities by price key, then money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inferform.usage import EXPECTED_SHARE, Amount, Usage, between, exactly, fargate

__all__ = ["EXPECTED_SHARE", "Amount", "Usage", "between", "exactly", "fargate"]

HOURS_PER_MONTH = 730

ASSUMPTIONS = (
    f"a month has {HOURS_PER_MONTH} hours; prices are list prices, without Savings "
    "Plans, free tiers, taxes or credits",
    "minimum and maximum are the scaling bounds around the clock; expected is a quarter of the "
    "way from the one to the other",
    "what is billed by use is not in it: requests, data processed, transferred and stored, "
    "logs and alarms; instances that only run by use have a line without a sum",
)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A usage with its price; `monthly` is None where there is no price, or nobody knows how
    much is used."""

    usage: Usage
    unit: str
    price: float | None
    monthly: Amount | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What something costs by the month in USD, and what of it is not known."""

    lines: tuple[PricedLine, ...]

    @property
    def total(self) -> Amount:
        """The sum of what has a price."""
        total = Amount()
        for line in self.lines:
            total += line.monthly or Amount()
        return total

    @property
    def not_priced(self) -> tuple[PricedLine, ...]:
        """What is not in the sums: no price is known, or not how much is used."""
        return tuple(line for line in self.lines if line.monthly is None)

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate((*self.lines, *other.lines))


def merged(usages: Iterable[Usage]) -> tuple[Usage, ...]:
    """The same things of the same service, added up."""
    found: dict[tuple[str, str], Amount | None] = {}
    for usage in usages:
        at = (usage.service, usage.key)
        known = found.get(at, Amount())
        found[at] = None if known is None or usage.amount is None else known + usage.amount
    return tuple(Usage(service, key, amount) for (service, key), amount in found.items())


def dollars(value: float, *, signed: bool = False) -> str:
    """`$1,234`, and with cents below $10; `+$12` where signed."""
    if abs(value) < 0.005:
        return "$0"
    sign = "-" if value < 0 else "+" if signed else ""
    size = abs(value)
    return f"{sign}${size:,.2f}" if size < 10 else f"{sign}${size:,.0f}"
