"""What a service that exists got, and whether its instances, bounds and option suit it."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from inferform.scaling.spec import Scaling

from ..cost.model import HOURS_PER_MONTH, dollars
from ..errors import BadInputError
from ..simulate import START, Load, Service, moment, refuse_without_header, simulate

QUIET_PERCENT, BUSY_PERCENT = 20.0, 85.0
"""Below the one on average an instance has little to do; above the other at its top it has too much."""

IDLE_HOURS = 4.0
"""So many hours a day without a request are worth a change."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured of a service over time."""

    load: Load
    utilization: tuple[float, ...] = ()
    """Percent of what an instance has, of its CPUs or GPUs, whenever it was measured; empty for never."""

    source: str = ""
    """Where it was read."""

    @property
    def idle_hours(self) -> float | None:
        """Hours of a day without a request; None where less than a day was measured."""
        if self.load.hours < 24:
            return None
        return 24 * sum(rate == 0 for rate in self.load.rates) / len(self.load.rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not suit."""

    what: str
    evidence: str
    change: str
    saved: float | None = None
    """USD a month; None where it is not known, negative where the change costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The service that runs."""

    service: Service
    scaling: Scaling
    aim: float
    """The requests per second of one unit that its scaling aims at."""

    usd_per_hour: float | None
    """What a unit costs; None where no price is known."""


_LONGEST_SECONDS = 3600
"""The longest period of a metric: what scaling does within it cannot be judged."""


def read_csv(file: Path) -> Observed:
    """Measurements of a CSV file: time (seconds or ISO 8601, every line as long after the one before),
    rate, and where it was measured a utilization in percent. Raises BadInputError naming the line."""
    try:
        rows = [row for row in csv.reader(file.read_text("utf-8-sig").splitlines()) if row]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{file} cannot be read: {error}") from None
    refuse_without_header(file, rows)
    times: list[float] = []
    rates: list[float] = []
    used: list[float] = []
    first: datetime | None = None
    for number, row in enumerate(rows[1:], 2):
        try:
            time = moment(row[0], None if not times else first is not None)
            if isinstance(time, datetime):
                first = first or time
                time = (time - first).total_seconds()
            # A utilization that was not measured is left out: an instance that is not there has none.
            values = [time, *(float(cell) for cell in row[1:3] if cell.strip())]
            if len(values) < 2 or not all(map(math.isfinite, values)) or min(values) < 0:
                raise ValueError
        except (ValueError, IndexError):
            raise BadInputError(
                f"{file.name}:{number}: must be a time, a rate and perhaps a utilization, got "
                f"{','.join(row)!r}",
                "write lines such as 300,12.5,41 or 2026-03-29T08:05:00Z,12.5,41 below a header",
            ) from None
        if values[2:] and values[2] > 100:
            raise BadInputError(
                f"{file.name}:{number}: utilization must be at most 100 percent, got {values[2]:g}",
                "SageMaker's CPUUtilization and GPUUtilization have 100 for each core or GPU: divide "
                "them by how many the instance has",
            )
        times.append(values[0])
        rates.append(values[1])
        used += values[2:]
    steps = {round(b - a, 6) for a, b in pairwise(times)}
    if len(rates) < 2 or len(steps) != 1 or not (step := steps.pop()) > 0 or step % 60:
        raise BadInputError(
            f"{file.name}: lines must be as far apart as each other, in whole minutes",
            "read a metric with one period, such as 300 seconds",
        )
    if step > _LONGEST_SECONDS:
        raise BadInputError(
            f"{file.name}: lines must be an hour apart at most, got {step:g} seconds",
            "times are seconds, or ISO 8601; read a metric with a period such as 300 seconds",
        )
    load = Load(file.stem, tuple(rates), int(step), first or START)
    return Observed(load, tuple(used), file.name)


def findings(running: Running, observed: Observed) -> Iterator[Finding]:
    """What does not suit, with the evidence. Changes nothing."""
    scaling, rates = running.scaling, observed.load.rates
    needed = [math.ceil(round(rate / running.aim, 9)) for rate in rates]
    low = min(minimum for _, minimum in scaling.lowest())
    high = max(maximum for _, maximum in scaling.highest())
    short = sum(count > high for count in needed) / len(needed)
    if short:
        most = max(needed)
        yield Finding(
            what="the maximum is too low",
            evidence=f"{short:.1%} of the time needed more than {high}: {max(rates):.4g} requests/s at "
            f"most, and one serves {running.aim:.4g} as scaling aims at it",
            change=f"max_capacity={most}",
            saved=_saved(running, observed.load, low, most),
        )
    quiet = max(1, sorted(needed)[len(needed) // 10])
    idle = observed.idle_hours
    # Of quiet hours less than a day says nothing.
    if idle is not None and low > quiet and high > quiet:
        yield Finding(
            what="the minimum is too high",
            evidence=f"in the quietest tenth of the time, with at most {_tenth(rates):.4g} requests/s, "
            f"{quiet} would do, and {low} are kept",
            change=f"min_capacity={quiet}"
            + ("; two survive the loss of a zone" if quiet < 2 else ""),
            saved=_saved(running, observed.load, quiet, high),
        )
    if idle is not None and idle >= IDLE_HOURS:
        yield Finding(
            what="it is idle for hours",
            evidence=f"{idle:.1f} hours of a day had no request",
            change="inferform advise --load compares what costs nothing while idle; or a Scheduled action "
            "lowers the minimum then",
            saved=_per_month(running, low * idle / 24) if low else None,
        )
    yield from _used(running, observed, low)


def _used(running: Running, observed: Observed, low: int) -> Iterator[Finding]:
    used = observed.utilization
    if not used:
        return
    mean, top = sum(used) / len(used), sorted(used)[int(0.99 * (len(used) - 1))]
    if top > BUSY_PERCENT:
        yield Finding(
            what="its instances have too much to do",
            evidence=f"{top:.0f}% of an instance is used at the top, {mean:.0f}% on average",
            change="lower the target of its scaling, or take an instance type with more of it",
        )
    elif mean < QUIET_PERCENT and top < BUSY_PERCENT / 2:
        half = _per_month(running, max(low, 1) / 2)
        yield Finding(
            what="its instances have little to do",
            evidence=f"{mean:.0f}% of an instance is used on average, {top:.0f}% at the top",
            change="take an instance type of half the size, if the model fits its memory; inferform "
            "advise lists them by price",
            saved=half,
        )


def _tenth(rates: Sequence[float]) -> float:
    return sorted(rates)[len(rates) // 10]


def _per_month(running: Running, units: float) -> float | None:
    return None if running.usd_per_hour is None else units * running.usd_per_hour * HOURS_PER_MONTH


def _saved(running: Running, load: Load, low: int, high: int) -> float | None:
    """What other bounds save a month, by the simulator under what was measured."""
    now = _units(running.scaling, running, load)
    then = _units(_bounded(running.scaling, low, high), running, load)
    return _per_month(running, now - then)


def _bounded(scaling: Scaling, low: int, high: int) -> Scaling:
    if scaling.schedules:
        # Schedules own the bounds, so they go with them.
        return scaling.replace(min_capacity=low, max_capacity=high, schedules=())
    return scaling.replace(min_capacity=low, max_capacity=high)


def _units(scaling: Scaling, running: Running, load: Load) -> float:
    desired = simulate(scaling, running.service, load).desired
    return sum(desired) / len(desired)


def shown(finding: Finding) -> tuple[str, str, str, str]:
    """A row: what, why, what to write, and the saving."""
    saved = "not known" if finding.saved is None else dollars(finding.saved)
    return finding.what, finding.evidence, finding.change, saved
