"""What a run of what a plan changes may spend: told with its story, and a risk where it grows."""

from __future__ import annotations

from dataclasses import replace

from ..cost.model import dollars
from ..cost.prices import PriceTable
from ..cost.runs import cost_of, said, times, total
from ..kinds.starts import when
from ..kinds.words import arrow
from ..plan import Action
from ..told import Risk, Runs, Severity, Story
from .risks import COST_RAISE_USD, RUNS


def spent(story: Story, region: str, table: PriceTable) -> Story:
    """The story with what a run may spend; without its runs, which are then told."""
    runs = story.runs
    if runs is None:
        return story
    if story.action == Action.DELETE.value:
        return replace(story, runs=None)
    sides = [
        said(*total(cost_of(parts, region, table))) if parts else ""
        for parts in (runs.before, runs.after)
    ]
    tail = f"may spend {sides[1]} a run"
    headline = f"{story.headline}, {tail}" if runs.after else story.headline
    if runs.starts_after and runs.starts_after != runs.starts_before:
        now = "now starts" if runs.before else "starts"
        at = " and ".join(when(each) for each in runs.starts_after)
        headline = f"{story.headline}, {now} {at} and {tail}"
        if story.action == "trigger":
            headline = f"{story.name} {now} {at} and {tail}"
    facts = (
        story.facts if sides[0] == sides[1] else (*story.facts, ("a run may spend", arrow(*sides)))
    )
    return replace(story, headline=headline, facts=facts, runs=None)


def risk_of_runs(story: Story, region: str, table: PriceTable) -> Risk | None:
    """The risk of a run, or of all that schedules start in 30 days, that may spend more than before."""
    runs = story.runs
    if runs is None or story.action == Action.DELETE.value:
        return None
    before, after = _month(runs, region, table)
    if before is None or after is None or after - before <= COST_RAISE_USD:
        return None
    severity = Severity.HIGH if after - before > 10 * COST_RAISE_USD else Severity.MEDIUM
    count = sum(len(times(each)) for each in runs.starts_after)
    many = f"in {count} runs of 30 days" if count else "in one run"
    was = f" (was {dollars(before)})" if runs.before else ""
    reason = f"may spend up to {dollars(after)} {many}{was}"
    return Risk(RUNS, story.address, reason, severity)


def _month(runs: Runs, region: str, table: PriceTable) -> list[float | None]:
    found: list[float | None] = []
    for parts, starts in (
        (runs.before, runs.starts_before),
        (runs.after, runs.starts_after),
    ):
        _, most = total(cost_of(parts, region, table))
        count = sum(len(times(each)) for each in starts) or 1
        found.append(None if most is None else most * count)
    return found
