"""The matrix of what each operation knows of each resource type, and of each service."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import fields

from inferform import Image, Spec
from inferform.service import Service, Versioned
from ops import kinds
from ops.kinds.record import Kind, Not
from tests.specs.test_services import SERVICES, environments, specs_in

HEADINGS = {
    "find": "recover",
    "discard": "recover deletes",
    "completed": "recover completes",
    "name": "name is free",
    "owned": "drift",
    "uses": "cost",
    "quotas": "quota",
    "addresses": "addresses",
    "preflight": "preflight",
    "story": "story",
    "risks": "risks",
    "settings": "settings",
    "reverted": "rolled back",
    "verify": "verify",
    "unseen": "drift beside the plan",
    "page": "in the console",
}
"""What the matrix calls each member of a record that may be `Not`."""

YES = "yes"


def members() -> list[str]:
    """The members of a record that are given, or are `Not` for a reason."""
    return [each.name for each in fields(Kind) if "Not" in str(each.type).split(" | ")]


def capabilities() -> Iterator[tuple[str, str, tuple[Kind, ...]]]:
    """Each file of `ops/kinds` with records: its name, the first line of its text, the records."""
    for module in sorted(pkgutil.iter_modules(kinds.__path__), key=lambda entry: entry.name):
        loaded = importlib.import_module(f"{kinds.__name__}.{module.name}")
        records = getattr(loaded, "KINDS", ())
        if records:
            title = (loaded.__doc__ or "").strip().partition("\n")[0].rstrip(".")
            yield module.name, title, tuple(records)


def cells(kind: Kind) -> dict[str, str]:
    """What the matrix says of a record: `yes` or the reason, by member."""
    given = {name: getattr(kind, name) for name in members()}
    return {name: value.reason if isinstance(value, Not) else YES for name, value in given.items()}


def numbered() -> dict[str, int]:
    """The number of each reason, in the order in which the tables first name it."""
    reasons = (
        reason
        for _, _, records in capabilities()
        for kind in records
        for reason in cells(kind).values()
        if reason != YES
    )
    return {reason: number for number, reason in enumerate(dict.fromkeys(reasons), 1)}


def _row(values: Iterable[str]) -> str:
    return f"| {' | '.join(values)} |"


def _yes(value: bool) -> str:
    return YES if value else "no"


def _rows(records: tuple[Kind, ...], numbers: dict[str, int]) -> Iterator[str]:
    for kind in records:
        part = f", part of `{kind.part_of}`" if kind.part_of else ""
        yield _row(
            [
                f"`{kind.type}`<br>{kind.words}{part}",
                _yes(kind.outage),
                _yes(kind.holds_data),
                *(cell if cell == YES else f"no {numbers[cell]}" for cell in cells(kind).values()),
            ]
        )


def of_types() -> str:
    """The matrix of the resource types, a table for each capability, and the list of reasons."""
    numbers = numbered()
    headings = ["resource type", "outage", "data", *(HEADINGS[name] for name in members())]
    lines: list[str] = []
    for name, title, records in capabilities():
        lines += [f"### {title}", "", f"`ops/kinds/{name}.py`", ""]
        lines += [_row(headings), _row(["---"] * len(headings)), *_rows(records, numbers), ""]
    lines += ["### Why not", ""]
    lines += [f"{number}. {reason}" for reason, number in numbers.items()]
    return "\n".join(lines) + "\n"


def _inside(spec: type[Spec]) -> set[type[Spec]]:
    """Every Spec that can stand inside of a Spec."""
    found: set[type[Spec]] = set()
    waiting = [spec]
    while waiting:
        for field in waiting.pop().model_fields.values():
            new = set(specs_in(field.annotation)) - found
            found |= new
            waiting += new
    return found


def _holds(spec: type[Spec], wanted: type[Spec], reason: str) -> str:
    return YES if any(issubclass(each, wanted) for each in _inside(spec)) else reason


def _service(spec: type[Service], type_: str) -> dict[str, str]:
    kind = kinds.kinds()[type_]
    answers = cells(kind)
    return {
        "service": f"`{spec.__name__}`<br>{spec.words}",
        "resource type": f"`{type_}`",
        "network endpoints": YES,
        "cost": YES,
        "push": _holds(spec, Image, "no field of it names an image"),
        "promote": _holds(spec, Versioned, "no field of it names a version"),
        "simulate": YES if spec.scales else spec.not_simulated,
        "preflight": answers["preflight"],
        "review": answers["story"],
        "verify": answers["verify"],
        "rolled back": answers["reverted"],
        "recover": answers["find"],
    }


def services() -> list[dict[str, str]]:
    """What each operation does with each kind of service: `yes` or why not."""
    deployed = [each for one in environments() for each in one.deployed]
    types = {type(each.spec): each.resource[0] for each in deployed if each.resource}
    return [_service(spec, types[spec]) for spec in SERVICES]


def of_services() -> str:
    """The matrix of the services."""
    rows = services()
    lines = [_row(rows[0]), _row(["---"] * len(rows[0])), *(_row(row.values()) for row in rows)]
    return "\n".join(lines) + "\n"
