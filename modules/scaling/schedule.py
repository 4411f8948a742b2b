"""Scheduled scaling: when bounds change, as Application Auto Scaling writes it."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ..rules import Problem, did_you_mean, rule
from ..spec import Aws, Between, Check, ShortName, Spec, SpecError

AAS3 = rule(
    "AAS3",
    refuses="a maximum capacity below the minimum",
    message="max_capacity ({maximum}) is below min_capacity ({minimum}); raise max_capacity or "
    "lower min_capacity",
    source="botocore application-autoscaling RegisterScalableTarget",
)
AAS14 = rule(
    "AAS14",
    refuses="a schedule that is not an at, rate or cron expression, or a wrong one",
    message="{wrong}",
    source="Application Auto Scaling user guide, schedule recurring scaling actions using cron "
    "expressions",
)
AAS15 = rule(
    "AAS15",
    refuses="a scheduled action that changes neither the minimum nor the maximum",
    message="must change min_capacity, max_capacity or both",
    source="Application Auto Scaling API reference, ScalableTargetAction",
)
AAS20 = rule(
    "AAS20",
    refuses="a capacity outside 0 to 10,000",
    message="must be from {low} to {high}",
    source="Inferform: above any account's quota; a larger number is a slip of the finger",
)
AAS28 = rule(
    "AAS28",
    refuses="a start or end that is not a time in UTC, or an end before the start",
    message="{wrong}",
    source="Application Auto Scaling API reference, PutScheduledAction StartTime and EndTime",
)
AAS29 = rule(
    "AAS29",
    refuses="a time zone that does not exist",
    message="is not a time zone of the IANA database{hint}",
    source="Application Auto Scaling API reference, PutScheduledAction Timezone",
)
AAS36 = rule(
    "AAS36",
    refuses="a time zone beside a rate expression",
    message="has no meaning for a rate; leave it out or write cron(...)",
    source="Application Auto Scaling API reference, PutScheduledAction Timezone (at and cron)",
    severity="warning",
)
AAS37 = rule(
    "AAS37",
    refuses="office hours that are not two times of day in order",
    message="must be times of day such as 08:00, the end after the begin",
    source="Inferform: office_hours is a helper for hours within one day",
)

Capacity = Annotated[int, Between(AAS20, 0, 10_000)]

_MONTHS = {name.upper(): n for n, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _DAYS),
    ("year", 1970, 2199, {}),
)
# Days that no number says.
_OF_MONTH = r"L|LW|([1-9]|[12][0-9]|3[01])W"
_FROM_LAST = rf"{_OF_MONTH}|L-([1-9]|[12][0-9]|30)"
_OF_WEEK = r"L|[1-7]L|[1-7]#[1-5]"
_HINT = "such as cron(0 8 ? * MON-FRI *), at(2026-12-24T18:00:00) or rate(12 hours)"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of six fields; days of the week count from 1, Sunday."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int] | str | None
    """Days of the month, or `L`, `L-3` or `15W`; None for `?`."""

    months: frozenset[int]
    weekdays: frozenset[int] | str | None
    """Days of the week, or `6L` or `2#1`; None for `?`."""

    years: frozenset[int]

    @classmethod
    def parse(cls, fields: str, *, from_last: bool = False) -> Self:
        """The expression between the brackets; `from_last` is whether a day of the month may be counted from its
        last, `L-3`, which few of AWS's services take. Raises ValueError saying what is wrong."""
        words = fields.strip(" ").split()
        if re.search(r"[^\S ]", fields):
            raise ValueError("fields are separated by spaces; write one such as 0 8 ? * MON-FRI *")
        if len(words) != 6:
            raise ValueError(
                f"a cron expression has 6 fields (minutes, hours, day of month, month, day of "
                f"week, year), this one {len(words)}; write one such as 0 8 ? * MON-FRI *"
            )
        if (words[2] == "?") == (words[4] == "?"):
            raise ValueError(
                "exactly one of day of month and day of week is ?; write one such as "
                "0 8 ? * MON-FRI * or 0 8 1 * ? *"
            )
        minutes, hours, _, months, _, years = (
            _numbers(word, *field) if index not in (2, 4) else frozenset[int]()
            for index, (word, field) in enumerate(zip(words, _FIELDS, strict=True))
        )
        made = cls(
            tuple(sorted(minutes)),
            tuple(sorted(hours)),
            _days(words[2], _FROM_LAST if from_last else _OF_MONTH, _FIELDS[2]),
            months,
            _days(words[4], _OF_WEEK, _FIELDS[4]),
            years,
        )
        if not any(made.on(day) for year in sorted(years) for day in _days_of(year)):
            raise ValueError("has no day: no month of its years has one that fits")
        return made

    def longest_pause(self) -> timedelta:
        """The longest time between the end of one of its minutes and the next one, in the years of a cycle of
        the calendar that it has. Nothing where it has one minute alone."""
        times = [
            timedelta(hours=hour, minutes=minute) for hour in self.hours for minute in self.minutes
        ]
        minute = timedelta(minutes=1)
        pauses = [after - before - minute for before, after in pairwise(times)]
        cycle = [year for year in range(2024, 2052) if year in self.years] or sorted(self.years)
        days = [day for year in cycle for day in _days_of(year) if self.on(day)]
        night = times[0] + timedelta(days=1) - times[-1] - minute
        pauses += [after - before - timedelta(days=1) + night for before, after in pairwise(days)]
        return max(pauses, default=timedelta())

    def on(self, day: date) -> bool:
        """Whether the expression has times on `day`."""
        if day.year not in self.years or day.month not in self.months:
            return False
        if self.days is not None:
            return _is_day_of_month(self.days, day)
        assert self.weekdays is not None
        return _is_weekday(self.weekdays, day)


def _days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def _days(
    word: str, special: str, field: tuple[str, int, int, dict[str, int]]
) -> frozenset[int] | str | None:
    if word == "?":
        return None
    if re.fullmatch(special, word):
        return word
    return _numbers(word, *field)


def _numbers(word: str, name: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    """The values of one field: `*`, `5`, `1-5`, `*/15`, `0/15`, `MON-FRI`, and lists of them."""
    found: set[int] = set()
    for part in word.split(","):
        match = re.fullmatch(r"(\*|\w+(?:-(\w+))?)(?:/([0-9]+))?", part)
        if match is None:
            raise ValueError(f"{name} cannot be {part}; write a number, 1-5, */15 or a list")
        (first, _, _), last, step = match[1].partition("-"), match[2], match[3]
        if first == "*":
            begin, end = low, high
        else:
            begin = _number(first, name, low, high, names)
            end = begin if last is None else _number(last, name, low, high, names)
            if last is None and step is not None:
                end = high
        if step is not None and int(step) == 0:
            raise ValueError(f"{name} cannot be {part}; a step is 1 or more")
        if begin > end:
            named = {value: each for each, value in names.items()}
            before = f"{first}-{named.get(high, high)}" if begin < high else first
            after = f"{named.get(low, low)}-{last}" if end > low else last
            raise ValueError(
                f"{name} cannot be {part}, which ends before it begins; write {before},{after}"
            )
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _number(word: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    value = names.get(word.upper())
    if value is None and re.fullmatch("[0-9]+", word):
        value = int(word)
    if value is None or not low <= value <= high:
        also = f" or {next(iter(names))} to {list(names)[-1]}" if names else ""
        raise ValueError(f"{name} cannot be {word}; it is from {low} to {high}{also}")
    return value


def _is_day_of_month(wanted: frozenset[int] | str, day: date) -> bool:
    if not isinstance(wanted, str):
        return day.day in wanted
    last = calendar.monthrange(day.year, day.month)[1]
    if wanted == "L" or wanted.startswith("L-"):
        return day.day == last - int(wanted[2:] or 0)
    nearest = date(day.year, day.month, last if wanted == "LW" else min(int(wanted[:-1]), last))
    if nearest.weekday() == 5:
        nearest += timedelta(days=-1 if nearest.day > 1 else 2)
    elif nearest.weekday() == 6:
        nearest += timedelta(days=1 if nearest.day < last else -2)
    return day == nearest


def _is_weekday(wanted: frozenset[int] | str, day: date) -> bool:
    weekday = day.isoweekday() % 7 + 1
    if not isinstance(wanted, str):
        return weekday in wanted
    if wanted == "L":
        return weekday == 7
    if wanted.endswith("L"):
        last = calendar.monthrange(day.year, day.month)[1]
        return weekday == int(wanted[0]) and day.day > last - 7
    which, _, nth = wanted.partition("#")
    return weekday == int(which) and (day.day - 1) // 7 + 1 == int(nth)


@cache
def parsed(schedule: str) -> Cron | datetime | timedelta:
    """A schedule as a Cron, a local time or an interval. Raises ValueError saying what is wrong."""
    if len(schedule) > 1600:
        raise ValueError("must have at most 1,600 characters")
    match = re.fullmatch(r"(at|rate|cron)\((.*)\)", schedule)
    if match is None:
        raise ValueError(f"is not an at, rate or cron expression; write one {_HINT}")
    form, content = match.groups()
    if form == "cron":
        return Cron.parse(content)
    if form == "at":
        try:
            return datetime.strptime(content, "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            raise ValueError(
                "is not a date and time; write one such as at(2026-12-24T18:00:00)"
            ) from None
    rate = re.fullmatch(r"([1-9]\d{0,5}) (minute|hour|day)(s?)", content)
    if rate is None or (rate[1] == "1") == bool(rate[3]):
        raise ValueError(
            "is not a rate; write rate(1 hour) or rate(12 hours): minutes, hours or days, "
            "singular for 1"
        )
    return timedelta(**{f"{rate[2]}s": int(rate[1])})


def _wrong(schedule: str) -> str:
    try:
        parsed(schedule)
    except ValueError as error:
        return str(error)
    return ""


def is_zone(name: str) -> bool:
    """Whether a name is that of a time zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return name != "localtime"


def _time(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


@cache
def zone_names() -> list[str]:
    """The names of all time zones, in order."""
    return sorted(available_timezones())


Schedule = Annotated[
    str, Check(AAS14, lambda value: not _wrong(value), lambda v: {"wrong": _wrong(v)})
]
TimeZone = Annotated[
    str,
    Check(AAS29, is_zone, lambda v: {"hint": did_you_mean(v, zone_names())}),
]
UtcTime = Annotated[
    str,
    Check(
        AAS28,
        lambda value: _time(value) is not None,
        lambda _: {"wrong": "must be a time in UTC such as 2026-12-01T08:00:00Z"},
    ),
]


class Scheduled(Spec):
    """A scheduled action: from a time on, the target has other bounds.

    It stays so until another action changes them. Capacity outside the new bounds is moved into
    them at once.
    """

    name: ShortName
    """The action's name, such as `morning`."""

    schedule: Annotated[Schedule, Aws("application-autoscaling:PutScheduledActionRequest.Schedule")]
    """`at(2026-12-24T18:00:00)`, `rate(12 hours)` or `cron(0 8 ? * MON-FRI *)`: minutes, hours,
    day of month, month, day of week, year."""

    timezone: Annotated[
        TimeZone, Aws("application-autoscaling:PutScheduledActionRequest.Timezone")
    ] = "UTC"
    """The time zone of an at or cron expression, such as `Europe/Berlin`. Default: UTC."""

    min_capacity: (
        Annotated[Capacity, Aws("application-autoscaling:ScalableTargetAction.MinCapacity")] | None
    ) = None
    """The minimum from then on. Default: it stays."""

    max_capacity: (
        Annotated[Capacity, Aws("application-autoscaling:ScalableTargetAction.MaxCapacity")] | None
    ) = None
    """The maximum from then on. Default: it stays."""

    start: (
        Annotated[UtcTime, Aws("application-autoscaling:PutScheduledActionRequest.StartTime")]
        | None
    ) = None
    """When the schedule begins to count, in UTC. Default: at once."""

    end: (
        Annotated[UtcTime, Aws("application-autoscaling:PutScheduledActionRequest.EndTime")] | None
    ) = None
    """When it ceases to count, in UTC. Default: never."""

    def check(self) -> Iterator[Problem]:
        """Something changes, bounds and times are in order, a rate has no time zone."""
        low, high = self.min_capacity, self.max_capacity
        if low is None and high is None:
            yield AAS15.problem()
        elif low is not None and high is not None and high < low:
            yield AAS3.problem(maximum=high, minimum=low)
        if self.start and self.end and self.end <= self.start:
            yield AAS28.problem("end", got=self.end, wrong=f"is not after start ({self.start})")
        if self.schedule.startswith("rate") and self.timezone != "UTC":
            yield AAS36.problem("timezone", got=self.timezone)

    def times(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """When it takes effect in [since, until), in UTC and in order.

        A local time that a change of clocks leaves out does not occur; one that occurs twice
        counts the first time.
        """
        begin = max(since, _time(self.start) or since) if self.start else since
        end = min(until, _time(self.end) or until) if self.end else until
        when = parsed(self.schedule)
        if isinstance(when, timedelta):
            moment = (_time(self.start) or since) if self.start else since
            while moment < end:
                if moment >= begin:
                    yield moment
                moment += when
            return
        for local in _local_times(when, begin, end):
            moment = local.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)
            exists = moment.astimezone(ZoneInfo(self.timezone)).replace(tzinfo=None) == local
            if exists and begin <= moment < end:
                yield moment


def _local_times(when: Cron | datetime, begin: datetime, end: datetime) -> Iterator[datetime]:
    if isinstance(when, datetime):
        yield when
        return
    day = begin.date() - timedelta(days=1)
    while day <= end.date() + timedelta(days=1):
        if when.on(day):
            for hour in when.hours:
                for minute in when.minutes:
                    yield datetime(day.year, day.month, day.day, hour, minute)
        day += timedelta(days=1)


Days = Literal["MON-FRI", "MON-SAT", "SUN-THU", "*"]


def office_hours(
    timezone: str,
    *,
    min_capacity: int,
    max_capacity: int,
    outside: int = 1,
    outside_max: int | None = None,
    begin: str = "08:00",
    end: str = "18:00",
    days: Days = "MON-FRI",
) -> tuple[Scheduled, Scheduled]:
    """Two scheduled actions: `min_capacity` to `max_capacity` in office hours, and else a
    minimum of `outside`.

    Without `outside_max` the maximum stays at the end of the day, so that the target can still
    follow load; where no policy takes capacity away, give it.
    """
    hours = [re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", time) for time in (begin, end)]
    if hours[0] is None or hours[1] is None or end <= begin:
        raise SpecError([AAS37.problem(got=(begin, end))], "office_hours")

    def cron(match: re.Match[str]) -> str:
        return f"cron({int(match[2])} {int(match[1])} ? * {days} *)"

    return (
        Scheduled(
            name="office-begin",
            schedule=cron(hours[0]),
            timezone=timezone,
            min_capacity=min_capacity,
            max_capacity=max_capacity,
        ),
        Scheduled(
            name="office-end",
            schedule=cron(hours[1]),
            timezone=timezone,
            min_capacity=outside,
            max_capacity=max_capacity if outside_max is None else outside_max,
        ),
    )
