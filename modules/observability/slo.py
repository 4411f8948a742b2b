"""SLOs: what share of requests has to be good, and how fast the rest may be used up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from ..alarms.spec import ALM6
from ..rules import Problem, rule
from ..spec import Between, Spec

MON7 = rule(
    "MON7",
    refuses="an SLO outside 90 to 99.99 percent, or over less than 7 or more than 90 days",
    message="must be from {low} to {high}",
    source="Inferform: below 90 percent nothing is promised, above 99.99 one failed request of a quiet "
    "hour is more than the budget; CloudWatch keeps minutes of metrics for 15 days, hours for 455",
)
MON15 = rule(
    "MON15",
    refuses="an SLO whose burn-rate alarm can never fire",
    message="lets {budget:g} % fail, of which {burn:g} times is more than 100 %, so that the alarm {label} "
    "never fires; raise it, or turn that alarm off",
    source="Google SRE Workbook, alerting on SLOs; arithmetic: no more than 100 percent of requests fail",
)
MON8 = rule(
    "MON8",
    refuses="an SLO whose alarms one failed request could set off",
    message="lets one failed request set off the alarm {label}, which {burn:g} times the budget does; write "
    "at least {fewest}, or leave it out",
    source="Arithmetic: one failed request of min_requests is a share of 1 / min_requests",
    severity="warning",
)

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Window:
    """A pair of windows of one alarm: it fires when both burn the budget at least as fast."""

    label: str
    """What tells it from the others of an SLO."""

    share: float
    """The share of the budget that is used up when the long window is over."""

    long_seconds: int
    """The long window: what has happened."""

    short_seconds: int
    """The short window: that it still happens."""

    page: bool
    """Whether somebody is woken; a ticket is enough otherwise."""

    def burn(self, period_days: float) -> float:
        """How many times as fast as the whole period allows the budget is used up."""
        return self.share * period_days * _DAY / self.long_seconds


WINDOWS = (
    Window("fast", 0.02, 3600, 300, page=True),
    Window("slow", 0.05, 6 * 3600, 1800, page=True),
    Window("ticket", 0.10, _DAY, 7200, page=False),
)
"""Google SRE Workbook, alerting on SLOs, "Multiwindow, Multi-Burn-Rate Alerts": 14.4, 6 and 3 times of
30 days. CloudWatch has no period above a day, so that the ticket looks at one day and not at three."""


class Slo(Spec):
    """What share of a service's requests has to be answered, or answered in time."""

    of: str
    """The service: `fraud`, or with its sort where several have the name, `endpoint/fraud`."""

    objective_percent: Annotated[float, Between(MON7, 90, 99.99)]
    """The share of requests that has to be good, such as 99.9."""

    latency_ms: Annotated[float, Between(ALM6, 1, 3_600_000)] | None = None
    """How long a good request takes at most. Default: None, a good request is one that is answered
    without an error of the server."""

    period_days: Annotated[int, Between(MON7, 7, 90)] = 30
    """Over how many days the objective holds. Default: 30."""

    min_requests: Annotated[int, Between(MON7, 1, 1_000_000_000)] | None = None
    """How many requests a window must have to be judged. Default: so many that one failed request alone
    sets off nothing."""

    page: bool = True
    """Whether alarms of 1 and 6 hours are made. Default: True."""

    ticket: bool = True
    """Whether the alarm of a day is made. Default: True."""

    def check(self) -> Iterator[Problem]:
        """Each alarm can fire, and does not for one request."""
        for window in self.windows:
            burn = window.burn(self.period_days)
            threshold = self.threshold(window)
            if threshold > 100:
                yield MON15.problem(
                    "objective_percent",
                    got=self.objective_percent,
                    budget=self.budget_percent,
                    burn=burn,
                    label=window.label,
                )
            elif self.min_requests is not None and self.min_requests < self.fewest(window):
                yield MON8.problem(
                    "min_requests",
                    got=self.min_requests,
                    label=window.label,
                    burn=burn,
                    fewest=self.fewest(window),
                )
                return

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows that are watched."""
        return tuple(each for each in WINDOWS if (self.page if each.page else self.ticket))

    @property
    def budget_percent(self) -> float:
        """The share of requests that may be bad."""
        return 100 - self.objective_percent

    def threshold(self, window: Window) -> float:
        """The percentage of bad requests above which a window is too fast."""
        return round(window.burn(self.period_days) * self.budget_percent, 9)

    def fewest(self, window: Window) -> int:
        """The fewest requests of which one that fails is not above the threshold."""
        return math.ceil(100 / self.threshold(window))

    def least(self, window: Window) -> int:
        """How many requests a window must have to be judged."""
        return self.fewest(window) if self.min_requests is None else self.min_requests
