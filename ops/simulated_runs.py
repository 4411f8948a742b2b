"""What schedules start in a time: how many runs, what they may spend, and which come at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from inferform import Environment
from inferform.service import Deployed
from inferform.usage import RunPart

from .cost.prices import PriceTable
from .cost.runs import BEGIN, MONTH, cost_of, times, total
from .errors import BadInputError
from .services import aliases, folded


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The runs of one service in the time."""

    service: str
    starts: tuple[datetime, ...]
    hours: float | None
    """Hours of instances at most, of all runs; None where nothing stops a job."""

    least_usd: float | None
    most_usd: float | None
    """What all runs may spend; None where it is not known."""

    lasts: timedelta | None
    """How long one run takes at most; None where nothing stops a job."""


@dataclass(frozen=True, slots=True)
class Collision:
    """Runs that come at once."""

    time: datetime
    services: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Month:
    """What schedules start from `begin` to `end`."""

    begin: datetime
    end: datetime
    scheduled: tuple[Scheduled, ...]
    unscheduled: tuple[str, ...]
    """What runs again and again, and is started by no schedule: how often, nobody knows."""

    collisions: tuple[Collision, ...]
    peaks: dict[str, int]
    """The most instances at once by price key, if each job takes as long as it may. What nothing
    stops is not in it."""

    @property
    def total(self) -> tuple[float | None, float | None]:
        """The least and the most of all runs; None where one is not known."""
        least, most = 0.0, 0.0
        for each in self.scheduled:
            if each.least_usd is None or each.most_usd is None:
                return None, None
            least, most = least + each.least_usd, most + each.most_usd
        return least, most


def _seconds(part: RunPart) -> float | None:
    return None if part.hours is None else part.hours * 3600 / part.instances


def simulated(
    environment: Environment,
    table: PriceTable,
    *,
    service: str = "",
    begin: datetime = BEGIN,
    lasts: timedelta = MONTH,
) -> Month:
    """What the schedules of an environment start; of one service, if it is named.

    Raises BadInputError where nothing of it runs again and again.
    """
    found = [each for each in environment.deployed if any(each.spec.run_parts())]
    chosen = [each for each in found if not service or folded(service) in aliases(each)]
    if not chosen:
        known = ", ".join(each.full_name for each in found) or "nothing"
        raise BadInputError(
            f"{environment.key} has nothing {f'named {service} ' if service else ''}that runs again "
            "and again",
            f"what does: {known}",
        )
    end = begin + lasts
    scheduled, unscheduled = [], []
    for each in chosen:
        starts = sorted({t for s in each.spec.starts_at(each.place) for t in times(s, begin, end)})
        if not starts:
            unscheduled.append(each.full_name)
            continue
        scheduled.append(_of(each, tuple(starts), environment.context.region, table))
    parts = {each.full_name: [*each.spec.run_parts()] for each in chosen}
    return Month(
        begin,
        end,
        tuple(scheduled),
        tuple(unscheduled),
        tuple(sorted(_collisions(scheduled), key=lambda each: (each.time, each.services))),
        _peaks(scheduled, parts),
    )


def _of(
    deployed: Deployed, starts: tuple[datetime, ...], region: str, table: PriceTable
) -> Scheduled:
    parts, count = [*deployed.spec.run_parts()], len(starts)
    least, most = total(cost_of(parts, region, table))
    hours = [part.hours for part in parts if part.hours is not None]
    seconds = [each for part in parts if (each := _seconds(part)) is not None]
    ends = len(hours) == len(parts)
    return Scheduled(
        deployed.full_name,
        starts,
        sum(hours) * count if ends else None,
        None if least is None else least * count,
        None if most is None else most * count,
        timedelta(seconds=sum(seconds)) if ends else None,
    )


def _collisions(scheduled: list[Scheduled]) -> Iterator[Collision]:
    """Runs of one service that may overlap, and runs of several that begin in one minute.

    SageMaker takes one CreateProcessingJob a second, which cannot be raised (AWS General Reference,
    SageMaker quotas): those that come at once wait for each other.
    """
    minutes: dict[datetime, list[str]] = {}
    for each in scheduled:
        for index, start in enumerate(each.starts):
            minutes.setdefault(start.replace(second=0, microsecond=0), []).append(each.service)
            after = each.starts[index + 1 : index + 2]
            if after and each.lasts is not None and start + each.lasts > after[0]:
                why = "starts again before the run before it may have ended"
                yield Collision(after[0], (each.service,), why)
    for minute, services in minutes.items():
        if len(services) > 1:
            yield Collision(minute, tuple(sorted(services)), "begin in the same minute")


def _peaks(scheduled: list[Scheduled], parts: dict[str, list[RunPart]]) -> dict[str, int]:
    changes: dict[str, list[tuple[datetime, int]]] = {}
    for each in scheduled:
        for start in each.starts:
            now = start
            for part in parts[each.service]:
                seconds = _seconds(part)
                if seconds is None:
                    break
                end = now + timedelta(seconds=seconds)
                changes.setdefault(part.key, []).extend(
                    [(now, part.instances), (end, -part.instances)]
                )
                now = end
    found: Counter[str] = Counter()
    for key, each_change in changes.items():
        at_once = 0
        # What ends makes room for what begins at the same time.
        for _, count in sorted(each_change):
            at_once += count
            found[key] = max(found[key], at_once)
    return dict(sorted(found.items()))
