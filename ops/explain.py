"""Every id that an output of Inferform can hold, and what `inferform explain` says of it.

Rules of Specs, risks of a review and checks each have a registry of their own; this is the one
place that reads them all. A registry is imported only when an id is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from inferform.rules import nearest, one_of
from inferform.spec import SpecError

from .environments import environments
from .errors import BadInputError, OperatorError

_CHECKOV = re.compile(r"CKV\d?_[A-Z0-9]+_\d+")


@dataclass(frozen=True, slots=True)
class Entry:
    """What there is to say of an id."""

    id: str

    kind: str
    """What it is the id of: `rule`, `risk`, or `preflight`, `verify` or `container check`."""

    severity: str
    """How bad it is: `error` or `warning`, `low` to `critical`, `failed` for a check."""

    title: str
    """What a rule refuses, when a risk is found, what a check looks at."""

    message: str = ""
    """What a user reads; what is filled in stands in angle brackets."""

    why: str = ""
    """What happens when it is not heeded."""

    fix: str = ""
    """What to do."""

    source: str = "Inferform"
    """Who says so."""


def _rules() -> Iterator[Entry]:
    from inferform import RULES

    for rule in RULES.values():
        yield Entry(
            rule.id, "rule", rule.severity, rule.condition, rule.template, source=rule.source
        )


def _risks() -> Iterator[Entry]:
    from .review.risks import risk_rules

    for risk in risk_rules().values():
        yield Entry(risk.id, "risk", str(risk.severity), risk.title, fix=risk.advice)


def _checks() -> Iterator[Entry]:
    from .checks import CHECKS
    from .kinds import kinds

    kinds()  # capabilities define checks beside their records
    for check in CHECKS.values():
        yield Entry(
            id=check.id,
            kind="container check"
            if check.command == "check-container"
            else f"{check.command} check",
            severity="failed",
            title=check.title,
            why=check.why,
            fix=check.fix,
            source=check.source,
        )


REGISTRIES: tuple[Callable[[], Iterator[Entry]], ...] = (_rules, _risks, _checks)


def place(id: str) -> tuple[str, int]:
    """Its letters and its number, so that AAS9 comes before AAS10."""
    letters = id.rstrip("0123456789")
    return letters, int(id.removeprefix(letters) or 0)


@cache
def entries() -> Mapping[str, Entry]:
    """Every entry by its id, in the order of the registries and the ids.

    Raises ValueError where two registries have the same id.
    """
    found: dict[str, Entry] = {}
    for registry in REGISTRIES:
        for entry in sorted(registry(), key=lambda each: place(each.id)):
            if found.setdefault(entry.id, entry) is not entry:
                raise ValueError(f"{entry.id} is the id of two entries")
    return MappingProxyType(found)


def load_own() -> None:
    """Know the ids of the team's own rules, which stand beside the environments that load."""
    # What is wrong with environments is no matter here.
    with suppress(OperatorError, SpecError):
        environments()
    entries.cache_clear()


def _entry(id: str) -> Entry | None:
    for registry in REGISTRIES:
        # One after the other, as those of risks and checks take longer to import.
        for entry in registry():
            if entry.id.lower() == id.lower():
                return entry
    return None


def _metric(name: str) -> Entry | None:
    """What the table of metrics says of one, whichever kinds publish it."""
    from inferform.alarms.published import KNOWN

    found = [
        (kind, metric)
        for kind, publishes in KNOWN.items()
        for metric in publishes.metrics
        if metric.name.lower() == name.lower()
    ]
    if not found:
        return None
    first = found[0][1]
    bad = [(kind, metric.bad) for kind, metric in found if metric.bad is not None]
    by = " and ".join(first.dimensions)
    return Entry(
        first.name,
        "metric",
        "",
        f"published by {one_of(kind for kind, _ in found)} in {first.namespace}, by {by}",
        message=f"the {first.statistic} of a minute"
        + (f", added over each {first.added_over}" if first.added_over else ""),
        why="; ".join(dict.fromkeys(f"{each.alarm}: {each.says}" for _, each in bad)).format(
            limit="the limit"
        ),
        fix="; ".join(dict.fromkeys(each.do for _, each in bad)),
        source="Amazon CloudWatch metrics of SageMaker AI, ECS, Elastic Load Balancing, Lambda, "
        "EKS and API Gateway",
    )


def explained(id: str) -> Entry:
    """The entry of an id or a CloudWatch metric, in upper or lower case. Raises BadInputError where there is none."""
    wanted = id.lower()
    entry = _entry(id)
    if entry is None and not _CHECKOV.fullmatch(id.upper()):
        load_own()
        entry = _entry(id)
    entry = entry or _metric(id)
    if entry is not None:
        return entry
    if _CHECKOV.fullmatch(id.upper()):
        return Entry(
            id.upper(),
            "check of Checkov",
            "",
            "a policy of Checkov, whose findings inferform review shows and which block nothing",
            fix="read its guideline, which the report of inferform review names",
            source="https://www.checkov.io/5.Policy%20Index/terraform.html",
        )
    known = {each.lower(): each for each in entries()}
    near = [known[each] for each in nearest(wanted, known)]
    hint = f"; did you mean {one_of(near)}" if near else ""
    raise BadInputError(f"there is no id {id}{hint}", "inferform rules --all lists them all")
