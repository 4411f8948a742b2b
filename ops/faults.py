"""What Terraform says of a run that failed, in the order of a person's questions: what, where, what now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .references import type_of

# Terraform writes a path to the resource behind its address where cdktf prints it.
_WITH = re.compile(r"^with (?P<address>[^\s,]+)(?: \((?P<path>[^()]*)\))?,?$")
_IN = re.compile(
    r"in resource\.(?P<address>\w+\.[\w-]+)(?: \((?P<path>[^()]*)\))?(?:\.lifecycle|:|$)"
)
_SOURCE = re.compile(r"^(on \S+ line \d+|\d+:|├─)")
# The answer's number and ids are in the log, for AWS's support.
_WIRE = re.compile(
    r"https response error StatusCode: \d+, (?:RequestID: [^,]*, )?(?:HostID: [^,]*, )?"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LOCK = "Error acquiring the state lock"
_LOCK_FIELD = re.compile(r"^(ID|Path|Operation|Who|Version|Created|Info):\s*(.*)$")
_SHOWN = 12
_LONGEST = 600

# What people are told instead of Terraform's headings that say nothing.
_EMPTY_HEADINGS = ("Resource postcondition failed",)


@dataclass(slots=True)
class Fault:
    """One error that Terraform printed."""

    heading: str
    address: str = ""
    path: str = ""
    """The place of its construct in the stack, where it was said."""

    detail: list[str] = field(default_factory=list)
    framed: bool = False
    """Whether Terraform drew a frame around it, as it does on a terminal."""

    @property
    def cause(self) -> str:
        """What went wrong, on one line."""
        said = " ".join(self.detail)
        if self.heading not in _EMPTY_HEADINGS:
            # A long heading continues in the next line.
            end = " " if self.heading.endswith(",") else ". "
            said = f"{self.heading}{end}{said}" if said else self.heading
        said = _WIRE.sub("", re.sub(r"\s+", " ", said)).strip()
        return said if len(said) <= _LONGEST else f"{said[:_LONGEST]} …"


def faults_of(output: str | Iterable[str]) -> list[Fault]:
    """The errors in what Terraform, or cdktf, printed."""
    lines = output.splitlines() if isinstance(output, str) else output
    found: list[Fault] = []
    for raw in lines:
        plain = _COLOUR.sub("", raw).strip()
        line = plain.lstrip("│╷╵ ")
        bars = plain[: len(plain) - len(line)].count("│")
        if line.startswith("Error: "):
            found.append(Fault(line.removeprefix("Error: "), framed=bool(bars)))
        elif line.startswith("Warning: "):
            found.append(Fault(""))
        # What stands behind a bar of its own is a value of the condition that was not met.
        elif found and line and bars <= found[-1].framed:
            _read(found[-1], line)
    return [fault for fault in found if fault.heading]


def _read(fault: Fault, line: str) -> None:
    for pattern in (_WITH, _IN):
        place = pattern.search(line)
        if place:
            fault.address, fault.path = place["address"], place["path"] or fault.path
    if not _WITH.match(line) and not _SOURCE.match(line):
        fault.detail.append(line)


def told(output: str | Iterable[str], words: Mapping[str, str]) -> list[str]:
    """The errors for a person: what went wrong, and where; `words` is what people call each type."""
    found = faults_of(output)
    lines = [line for fault in found[:_SHOWN] for line in _lines(fault, words)]
    more = len(found) - _SHOWN
    return lines + ([f"and {more} more errors"] if more > 0 else [])


def _lines(fault: Fault, words: Mapping[str, str]) -> Iterator[str]:
    if _LOCK in fault.heading and _holder(fault):
        yield _holder(fault)
        return
    yield fault.cause
    if fault.address:
        type_ = type_of(fault.address)
        what = words.get(type_, type_)
        where = (
            f"{what} {fault.path} ({fault.address})" if fault.path else f"{what} {fault.address}"
        )
        yield f"  where: {where.strip()}"


def _holder(fault: Fault) -> str:
    """Who holds the lock; empty where Terraform does not say."""
    said = {match[1]: match[2] for line in fault.detail if (match := _LOCK_FIELD.match(line))}
    if not said.get("Who"):
        return ""
    operation = said.get("Operation", "").removeprefix("OperationType").lower() or "a run"
    return (
        f"the state is locked by {said['Who']}: {operation}, since {said.get('Created', 'unknown')}, "
        f"lock {said.get('ID', 'unknown')}"
    )
