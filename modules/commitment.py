"""Commitment: a Savings Plan that somebody bought, which cost estimates subtract."""

from __future__ import annotations

from typing import Annotated, Literal

from .rules import rule
from .spec import Between, Matches, Spec

CMT1 = rule(
    "CMT1",
    refuses="a commitment of nothing, or a discount that no Savings Plan has",
    message="must be from {low} to {high}",
    source="Savings Plans user guide (a commitment of at least $0.001 an hour; savings up to 72 percent)",
)
CMT2 = rule(
    "CMT2",
    refuses="an end that is no day",
    message="must be a day such as 2027-11-30",
    source="ISO 8601",
)


class Commitment(Spec):
    """A Savings Plan of the account, bought outside of Inferform: what `inferform cost` subtracts.

    Nothing is bought by an apply. AWS publishes no rates that can be read without an account, so the
    discount is stated: the console shows it for each instance type.
    """

    kind: Literal["sagemaker", "compute"]
    """What it covers: instances of SageMaker, or EC2, Fargate and Lambda. A Compute Savings Plan does not
    cover SageMaker."""

    usd_per_hour: Annotated[float, Between(CMT1, 0.001, 1_000_000)]
    """What is paid each hour, used or not."""

    discount_percent: Annotated[float, Between(CMT1, 0.1, 72)]
    """How much less than On-Demand what it covers costs."""

    ends_on: (
        Annotated[str, Matches(CMT2, r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")] | None
    ) = None
    """Its last day, in UTC, until which it is subtracted. Default: not stated, it is always subtracted."""
