"""What an environment may cost, and who is told when it costs more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ..rules import Problem, rule
from ..spec import Check, Many, Spec
from .notify import Email

MON10 = rule(
    "MON10",
    refuses="a budget that AWS Budgets does not take, or that tells nobody",
    message="must be {expected}",
    source="botocore budgets Notification, Subscriber (10 addresses and one topic a notification); AWS Cost "
    "Management user guide, budgets (5 notifications a budget)",
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
    """What it has to cost above what is usual, in US dollars, before somebody is told."""

    often: Literal["immediate", "daily", "weekly"] = "immediate"
    """How often somebody is told: at once by the environment's topic, or by e-mail in a summary. Default:
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
        """Somebody is told, in a way that goes with how often."""
        if self.often == "immediate" and self.emails:
            wrong = (
                "get no immediate messages, only daily or weekly ones; write them in notify.emails"
            )
            yield MON21.problem("emails", got=list(self.emails), wrong=wrong)
        if self.often != "immediate" and not self.emails:
            wrong = f"is empty, so that nobody gets the {self.often} summary; name an address"
            yield MON21.problem("emails", wrong=wrong)


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

    warn_at_percent: Annotated[
        Many[int],
        Check(
            MON10,
            _thresholds,
            lambda _: _expected("1 to 4 different percentages from 1 to 1,000"),
        ),
    ] = (50, 80, 100)
    """Of how much of it somebody is told once it is spent. Default: 50, 80 and 100."""

    forecast_at_percent: (
        Annotated[
            int,
            Check(
                MON10,
                lambda value: 1 <= value <= 1000,
                lambda _: _expected("from 1 to 1,000 percent"),
            ),
        ]
        | None
    ) = 100
    """Of how much of it somebody is told once AWS expects it by the end of the month. Default: 100; None
    for no forecast."""

    emails: Annotated[
        Many[Email],
        Check(
            MON10,
            lambda given: len(given) == len(set(given)) <= 10,
            lambda _: _expected("at most 10 addresses, each once"),
        ),
    ] = ()
    """Who is told beside the environment's topic. Default: nobody else."""

    def notifications(self) -> Iterator[tuple[str, int]]:
        """The type of each notification and its percentage."""
        for percent in self.warn_at_percent:
            yield "ACTUAL", percent
        if self.forecast_at_percent is not None:
            yield "FORECASTED", self.forecast_at_percent
