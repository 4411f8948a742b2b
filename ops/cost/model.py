"""Estimates: quantities by price key, then money."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from inferform.usage import EXPECTED_SHARE, Amount, Usage, between, exactly, fargate

__all__ = ["EXPECTED_SHARE", "Amount", "Usage", "between", "exactly", "fargate"]

HOURS_PER_MONTH = 730

ASSUMPTIONS: tuple[str, ...] = (
    f"a month has {HOURS_PER_MONTH} hours; prices are list prices, without Savings "
    "Plans, free tiers, taxes or credits",
    "minimum and maximum are the scaling bounds around the clock; expected is a quarter of the "
    "way from the one to the other, and that with which it begins where people move it",
    "what is billed by use is not in it: requests, data processed, transferred and stored, and "
    "logs; what only runs by use has a line without a sum",
)


def under_load(name: str) -> tuple[str, ...]:
    """The assumptions of an estimate under a load."""
    return (
        ASSUMPTIONS[0],
        f"expected is what the simulator has under {name}, which continues for the month; minimum and "
        "maximum are the scaling bounds around the clock; of what has no load, a quarter of the way",
        "requests, data, logs, runs and capacity units of load balancers are those of the services that "
        "the load names; stored logs are not compressed, and each request is a connection",
    )


def with_plans(assumptions: tuple[str, ...]) -> tuple[str, ...]:
    """The assumptions of an estimate from which Savings Plans are subtracted."""
    first, *others = assumptions
    return first.replace("without Savings Plans", "without other Savings Plans"), *others


@dataclass(frozen=True, slots=True)
class Price:
    """One price in USD by its unit; `date` is when its source had it."""

    usd: float
    unit: str
    date: str
    source: str
    bounds: tuple[float, float] | None = None
    """Between what an estimate lies. Default: none, as AWS publishes the price."""

    @property
    def monthly(self) -> float:
        """What one costs by the month: so many hours of what is priced by the hour; of anything
        else an amount is so much a month."""
        by_the_hour = self.unit == "hour" or self.unit.endswith("-hour")
        return self.usd * (HOURS_PER_MONTH if by_the_hour else 1)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A usage with its price; `monthly` is None where there is no price, or nobody knows how
    much is used."""

    usage: Usage
    price: Price | None
    monthly: Amount | None

    @property
    def is_hole(self) -> bool:
        """Whether money is missing that the environment does ask for: it has no price, and is not
        merely billed by use at a price that is known."""
        return self.monthly is None and self.price is None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What something costs a month in USD, and what of it is not known."""

    lines: tuple[PricedLine, ...]

    @property
    def total(self) -> Amount:
        """The sum of what has a price."""
        return _sum(self.lines)

    @property
    def not_priced(self) -> tuple[PricedLine, ...]:
        """What is not in the sums: no price is known, or not how much is used."""
        return tuple(line for line in self.lines if line.monthly is None)

    @property
    def priced(self) -> tuple[tuple[PricedLine, Price], ...]:
        """What is in the sums, with its price."""
        return tuple(
            (line, line.price) for line in self.lines if line.monthly is not None and line.price
        )

    @property
    def is_known(self) -> bool:
        """Whether anything has a sum, or nothing is left out: sums without any line are no zero."""
        return not self.lines or any(line.monthly is not None for line in self.lines)

    @property
    def estimated(self) -> Amount:
        """The part of the sums that rests on prices which AWS did not publish."""
        return _sum(line for line, price in self.priced if price.bounds)

    @property
    def bounds(self) -> tuple[Amount, Amount]:
        """That part at the lower and at the upper bounds of its prices."""
        low, high = Amount(), Amount()
        for line, price in self.priced:
            least, most = price.bounds or (0.0, 0.0)
            monthly = line.monthly or Amount()
            low += monthly * (least / price.usd)
            high += monthly * (most / price.usd)
        return low, high

    @property
    def dates(self) -> str:
        """The dates of the prices in the sums: `2026-09-22`, or the oldest and the newest; empty
        where nothing has a price."""
        dates = sorted({price.date for _, price in self.priced})
        return "" if not dates else dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"

    @property
    def services(self) -> dict[str, Estimate]:
        """The same by service, in the order of their first lines."""
        found: dict[str, list[PricedLine]] = {}
        for line in self.lines:
            found.setdefault(line.usage.service, []).append(line)
        return {name: Estimate(tuple(lines)) for name, lines in found.items()}

    @property
    def left_out(self) -> str:
        """How many things are in no sum: `2 are not priced, 1 is billed by use`; empty for none."""
        holes = sum(line.is_hole for line in self.not_priced)
        by_use = len(self.not_priced) - holes
        return ", ".join(
            f"{count} {'is' if count == 1 else 'are'} {what}"
            for count, what in ((holes, "not priced"), (by_use, "billed by use"))
            if count
        )

    def without(self, services: Container[str]) -> Estimate:
        """The same without some services."""
        return Estimate(tuple(each for each in self.lines if each.usage.service not in services))

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate((*self.lines, *other.lines))


def _sum(lines: Iterable[PricedLine]) -> Amount:
    total = Amount()
    for line in lines:
        total += line.monthly or Amount()
    return total


def rounded(value: Amount) -> dict[str, float]:
    """Dollars a month, to the cent, for machines."""
    return {
        "minimum": round(value.minimum, 2),
        "expected": round(value.expected, 2),
        "maximum": round(value.maximum, 2),
    }


def merged(usages: Iterable[Usage]) -> tuple[Usage, ...]:
    """The same things of the same service, added up."""
    found: dict[tuple[str, str, tuple[str, ...]], Amount | None] = {}
    for usage in usages:
        at = (usage.service, usage.key, usage.alternatives)
        known = found.get(at, Amount())
        found[at] = None if known is None or usage.amount is None else known + usage.amount
    return tuple(
        Usage(service, key, amount, others) for (service, key, others), amount in found.items()
    )


def dollars(value: float, *, signed: bool = False) -> str:
    """`$1,234`, and with cents below $10; `+$12` where signed."""
    if abs(value) < 0.005:
        return "$0"
    sign = "-" if value < 0 else "+" if signed else ""
    size = abs(value)
    return f"{sign}${size:,.2f}" if size < 10 else f"{sign}${size:,.0f}"
