"""What an environment may cost, and who is notified when it costs more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ..rules import Problem, rule
from ..spec import Aws, Check, Many, Spec
from .notify import Email

MON10 = rule(
    "MON10",
    refuses="a budget that AWS Budgets does not take, or that tells nobody",
    message="must be {expected}",
    source="botocore budgets Notification, Subscriber (10 addresses and one topic a notification), "
    "HistoricalOptions (12 months); AWS Cost Management user guide, budgets (5 notifications a budget)",
)
MON27 = rule(
    "MON27",
    refuses="an adjusting budget that tells somebody in an ordinary month",
    message="is no more than what an ordinary month costs, so that it tells somebody nearly every month; "
    "write more than 100",
    source="AWS Cost Management user guide, budget methods (the amount is the average of past months)",
    severity="warning",
)


def _expected(text: str) -> dict[str, str]:
    return {"expected": text}


def _thresholds(values: tuple[int, ...]) -> bool:
    return 0 < len(values) == len(set(values)) <= 4 and all(0 < value <= 1000 for value in values)


MON21 = rule(
    "MON21",
    refuses="what is unusual in spending told to nobody, or by a way that AWS does not take",
    message="{wrong}",
    source="AWS Cost Management user guide, detecting unusual spend (individual alerts go to a topic, "
    "daily and weekly summaries to addresses); botocore ce AnomalySubscription",
)


class CostAnomalies(Spec):
    """What is unusual in what the environment's tag costs, as AWS Cost Anomaly Detection learns it.

    The key of the tag has to be an active cost-allocation tag, as for a `Budget`.
    """

    usd: Annotated[
        float,
        Check(
            MON21,
            lambda value: 0 < value <= 100_000_000,
            lambda _: {"wrong": "must be above 0 and at most 100,000,000 US dollars"},
        ),
    ]
    """What it has to cost above what is usual, in US dollars, before somebody is notified."""

    often: Literal["immediate", "daily", "weekly"] = "immediate"
    """How often somebody is notified: at once by the environment's topic, or by e-mail in a summary. Default:
    immediate."""

    emails: Annotated[
        Many[Email],
        Check(
            MON21,
            lambda given: len(given) == len(set(given)) <= 10,
            lambda _: {"wrong": "must be at most 10 addresses, each once"},
        ),
    ] = ()
    """Who gets the summary. Default: nobody; immediate messages go to the topic."""

    def check(self) -> Iterator[Problem]:
        """Somebody is notified, in a way that goes with how often."""
        if self.often == "immediate" and self.emails:
            wrong = (
                "get no immediate messages, only daily or weekly ones; write them in notify.emails"
            )
            yield MON21.problem("emails", got=list(self.emails), wrong=wrong)
        if self.often != "immediate" and not self.emails:
            wrong = f"is empty, so that nobody gets the {self.often} summary; name an address"
            yield MON21.problem("emails", wrong=wrong)


WarnAt = Annotated[
    Many[int],
    Check(MON10, _thresholds, lambda _: _expected("1 to 4 different percentages from 1 to 1,000")),
]
"""Percentages of a budget that are spent."""

ForecastAt = Annotated[
    int,
    Check(MON10, lambda value: 1 <= value <= 1000, lambda _: _expected("from 1 to 1,000 percent")),
]
"""The percentage of a budget that AWS expects."""

Receivers = Annotated[
    Many[Email],
    Check(
        MON10,
        lambda given: len(given) == len(set(given)) <= 10,
        lambda _: _expected("at most 10 addresses, each once"),
    ),
]
"""Who is notified of a budget beside the environment's topic."""


class Budget(Spec):
    """A monthly budget of everything that carries the environment's tag.

    The key of the tag has to be an active cost-allocation tag: AWS Budgets sees nothing otherwise. Whoever
    pays the bill activates it once; that takes up to a day and shows no past.
    """

    usd_per_month: Annotated[
        float,
        Check(
            MON10,
            lambda value: 1 <= value <= 100_000_000,
            lambda _: _expected("from 1 to 100,000,000 US dollars"),
        ),
    ]
    """What the environment may cost in a calendar month, in US dollars."""

    warn_at_percent: WarnAt = (50, 80, 100)
    """Of how much of it somebody is notified once it is spent. Default: 50, 80 and 100."""

    forecast_at_percent: ForecastAt | None = 100
    """Of how much of it somebody is notified once AWS expects it by the end of the month. Default: 100; None
    for no forecast."""

    emails: Receivers = ()
    """Who is notified beside the environment's topic. Default: nobody else."""

    @property
    def words(self) -> str:
        """The budget in a few words."""
        return f"Budget of ${self.usd_per_month:,g} a month"


class AdjustingBudget(Spec):
    """A monthly budget that nobody has to guess: the average of what carried the environment's tag in the
    last months, which AWS works out again at the beginning of each.

    It tells of a month that costs more than those before, not of one that costs too much: write a
    `Budget` for that. The key of the tag has to be active, as for a `Budget`. AWS leaves out the months
    before the first that cost something; it does not say what the amount is before there is one.
    """

    months: Annotated[
        int,
        Check(MON10, lambda value: 1 <= value <= 12, lambda _: _expected("from 1 to 12 months")),
        Aws("budgets:HistoricalOptions.BudgetAdjustmentPeriod"),
    ] = 3
    """How many months the average is of. Default: 3."""

    warn_at_percent: WarnAt = (120,)
    """Of how much of it somebody is notified once it is spent. Default: 120."""

    forecast_at_percent: ForecastAt | None = 120
    """Of how much of it somebody is notified once AWS expects it by the end of the month, which it does after
    about five weeks of costs. Default: 120; None for no forecast."""

    emails: Receivers = ()
    """Who is notified beside the environment's topic. Default: nobody else."""

    @property
    def words(self) -> str:
        """The budget in a few words."""
        of = "the last month" if self.months == 1 else f"the last {self.months} months"
        return f"Budget of the average of {of}"

    def check(self) -> Iterator[Problem]:
        """No percentage that an ordinary month reaches."""
        for index, percent in enumerate(self.warn_at_percent):
            if percent <= 100:
                yield MON27.problem("warn_at_percent", index, got=percent)
        if self.forecast_at_percent is not None and self.forecast_at_percent <= 100:
            yield MON27.problem("forecast_at_percent", got=self.forecast_at_percent)


def notifications(budget: Budget | AdjustingBudget) -> Iterator[tuple[str, int]]:
    """The type of each notification and its percentage."""
    for percent in budget.warn_at_percent:
        yield "ACTUAL", percent
    if budget.forecast_at_percent is not None:
        yield "FORECASTED", budget.forecast_at_percent
