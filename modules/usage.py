"""Usage: how much of what a price key stands for something uses, without prices."""

from __future__ import annotations

from dataclasses import dataclass

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


def exactly(count: float) -> Amount:
    """The capacity of something that does not scale."""
    return Amount(count, count, count)


@dataclass(frozen=True, slots=True)
class Usage:
    """So much of what one price key stands for; `key` may have no price."""

    service: str
    """What it is for, such as an endpoint's name."""

    key: str
    """The key in the price table, such as `sagemaker/hosting/ml.m5.large`."""

    amount: Amount
    """How many at a time; the price table says whether by the hour or the month."""
