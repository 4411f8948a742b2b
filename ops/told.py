"""What a review tells of a plan: the stories of services, and risks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from inferform.usage import RunPart, Start


@dataclass(frozen=True, slots=True)
class Runs:
    """What runs again and again, on both sides of a plan: what a run asks for, and its schedules."""

    before: tuple[RunPart, ...]
    after: tuple[RunPart, ...]
    starts_before: tuple[Start, ...] = ()
    starts_after: tuple[Start, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one service, in words."""

    kind: str
    name: str
    address: str
    action: str
    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    interrupted: str = ""
    """What stops answering, and for how long; empty when nothing does."""

    resets_capacity: str = ""
    """How the update resets the running instance count; empty when it does not."""

    rollout: str = ""
    worst_case: str = ""
    runs: Runs | None = None
    """What of it runs again and again, until it is priced."""

    environment: str = ""
    stack: str = ""


class Severity(IntEnum):
    """How bad it is when it is overlooked."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class RiskRule:
    """One kind of risk; its id never changes."""

    id: str
    severity: Severity
    title: str
    advice: str


@dataclass(frozen=True, slots=True)
class Risk:
    """A rule that holds for one resource of a plan."""

    rule: RiskRule
    address: str
    reason: str
    severity: Severity
    environment: str = ""
    stack: str = ""
