"""Values at and around the limits of a field, and of what it becomes in AWS's API."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from functools import cache

from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inferform.spec import Between, Known, Listed, Matches
from tests.capabilities import capabilities, reasons
from tests.service_models import limits, pattern
from tests.specs.fields import Field

# A character of each sort: all of ASCII that is not alphanumeric, and some beyond it.
ODD = f"{string.punctuation} \t\n\r\x0b\x7fAz0éß中٣\x85\xa0\u2003\u2028\u0301\U0001f600"
LENGTHS = (0, 1, 63, 64, 128, 255, 256, 512, 1024, 2048)
NUMBERS = (0, 1, 2, 3, 5, 7, 10, 45, 100, 1023, 86_399, 86_400, 2**20, 10**9)

_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
# See Capability in tests/capabilities/record.py.
GOOD = reasons(each.good for each in capabilities().values())


def samples(field: Field, shape: Shape) -> list[str] | list[float]:
    """Values for `field` that tell its rules from the limits of `shape`."""
    if isinstance(next(iter(field.choices), ""), int) or field.type in (int, float):
        return sorted(set(_numbers(field, shape)))
    return list(dict.fromkeys(_texts(field, shape)))


def _numbers(field: Field, shape: Shape) -> Iterator[float]:
    edges = [
        limit
        for rule in field.rules
        if isinstance(rule, Between)
        for limit in (rule.low, rule.high)
    ]
    edges += [limits(shape)[name] for name in ("min", "max") if name in limits(shape)]
    yield from field.choices
    for number in (*NUMBERS, *edges):
        for near in (number - 1, number, number + 1):
            yield float(near) if field.type is float else int(near)


def _texts(field: Field, shape: Shape) -> Iterator[str]:
    known = limits(shape)
    yield from known.get("enum", ())
    yield from ("", "a", "1", "none")
    closed = [rule.values() for rule in field.rules if isinstance(rule, Known | Listed)]
    if field.choices or closed:
        yield from map(str, field.choices)
        yield from (value for values in closed for value in values)
        return
    seeds = [*_seeds(field), "a"]
    # Hypothesis needs long for classes of most of Unicode.
    if not re.search(r"\\[pu]|^$", known.get("pattern", "")):
        seeds += matching(pattern(known["pattern"]))
    yield from seeds
    edges = {
        edge + near for edge in (known.get("min", 0), known.get("max", 0)) for near in (-1, 0, 1)
    }
    lengths = sorted({*edges, *LENGTHS, *(length + 1 for length in LENGTHS)})
    for seed in dict.fromkeys((*seeds[:2], *seeds[-2:])):
        half = len(seed) // 2
        for char in ODD:
            yield from (char + seed, seed[:half] + char + seed[half:], seed + char)
        for length in lengths:
            yield from _stretched(seed, length)


def _stretched(text: str, length: int) -> Iterator[str]:
    """`text` made as long as `length`, in each of its parts."""
    if length > len(text):
        ends = [match.end() for match in re.finditer(r"[:/.]|(?=.?$)|^", text)]
        for place in ends[:12]:
            yield text[:place] + "1" * (length - len(text)) + text[place:]


def _seeds(field: Field) -> list[str]:
    """Values that the field takes."""
    rules = [each.rule.id for each in field.rules if hasattr(each, "rule")]
    found = [text for name in (str(field), *rules) for text in GOOD.get(name, ())]
    for rule in field.rules:
        if isinstance(rule, Matches):
            found += matching(re.compile(rule.pattern, re.ASCII))
    return [text for text in found if not field.broken_rules(text)]


@cache
def matching(wanted: re.Pattern[str]) -> tuple[str, ...]:
    """Some texts of a pattern, the same ones each time."""
    found: list[str] = []

    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.from_regex(wanted, fullmatch=True))
    def collect(text: str) -> None:
        found.append(text)

    collect()
    # No file and no API takes these (rule SPEC6).
    return tuple(text for text in found if not re.search("[\x00\ud800-\udfff]", text))
