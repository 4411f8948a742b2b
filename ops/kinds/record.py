"""Kind: the record of one Terraform resource type, and the types of its members.

Each member is answered, or answered by `Not("why not")`; a test refuses a hole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from inferform.usage import Usage

from ..plan import Change, Plan

if TYPE_CHECKING:
    from inferform import Environment

    from ..aws import Aws
    from ..state import State

Side = Literal["before", "after"]
Values = Mapping[str, Any]
"""A resource's arguments as a plan or a synthesis knows them; unknown ones are missing."""


@dataclass(frozen=True, slots=True)
class Not:
    """A member that does not apply to a type, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Existing:
    """Something in AWS that is what a resource asks for."""

    id: str
    """Its id for `terraform import`."""

    tags: Mapping[str, str]
    """Its tags or, where it has none, those of what it is a part of."""

    status: str = ""
    """AWS's word for its status, where it takes minutes to be made."""


Finder = Callable[["Aws", Values], Iterable[Existing]]
"""Yields what is in AWS for a resource's arguments."""

Estimator = Callable[[Plan, Change, Side], Iterator[Usage]]
"""Yields what a resource of a plan uses before or after it."""


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
    """How the update sets live capacity back; empty when it does not."""

    rollout: str = ""
    worst_case: str = ""
    environment: str = ""
    stack: str = ""


Teller = Callable[[Plan, Change], Iterator[Story]]
"""Yields what a plan does to one resource; called for unchanged ones too."""


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


Found = tuple[Change, str] | tuple[Change, str, Severity]
"""The change that a risk holds for, the reason and, where it differs, the severity."""


@dataclass(frozen=True, slots=True)
class RiskCheck:
    """A risk rule with what finds it in a plan."""

    rule: RiskRule
    find: Callable[[Plan], Iterator[Found]]


def risk(
    id: str, severity: Severity, title: str, *, advice: str
) -> Callable[[Callable[[Plan], Iterator[Found]]], RiskCheck]:
    """Make a risk of the function that yields the changes which it holds for."""

    def made(find: Callable[[Plan], Iterator[Found]]) -> RiskCheck:
        return RiskCheck(RiskRule(id, severity, title, advice), find)

    return made


Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of verify or preflight found and, where it is wrong, how to fix it."""

    check: str
    """The check's id, which `inferform explain` spells out."""

    subject: str
    outcome: Outcome
    found: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification works with."""

    environment: Environment
    aws: Aws
    state: State
    """The state of the layer that the resource is in."""

    samples: Path | None = None
    """A folder of request bodies by the service's short name."""

    invoke: bool = True


class Verifier(Protocol):
    """The checks of one resource that is deployed."""

    def findings(self) -> Iterator[Finding]:
        """One finding for each check, until one fails that the others need."""
        ...

    def served(self) -> Iterator[str]:
        """The images and artifacts that it runs now."""
        ...


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota that a resource counts against, and how much of it at the maximum."""

    service: str
    """The service code of Service Quotas."""

    name: str
    amount: float


@dataclass(frozen=True, slots=True)
class Kind:
    """What Inferform knows of one Terraform resource type."""

    type: str
    """Terraform's name of it."""

    words: str
    """What people call it."""

    _: KW_ONLY

    part_of: str = ""
    """The type that it only sets something on, for a sub-resource without a life of its own."""

    outage: bool
    """Whether callers fail once it is deleted or replaced."""

    holds_data: bool
    """Whether its deletion loses data that nothing brings back."""

    find: Finder | Not
    """How it is found in AWS by its arguments, and its id for an import."""

    name: str | Not
    """The argument whose value only one resource of the account and Region can have."""

    discard: Callable[[Aws, str], Any] | None = None
    """Deletes one by its id, for immutable resources that the next deploy makes again."""

    owned: Mapping[str, str] = field(default_factory=dict)
    """Attributes that somebody else sets after the creation, and who: autoscaling, CodeDeploy."""

    uses: Estimator | Not
    """What it uses that is billed by the hour or the month."""

    quotas: Callable[[Any, Any], Iterator[Quota]] | Not
    """The quotas that it counts against; called with the synthesis and the resource."""

    story: Teller | Not
    """What a plan does to it, in words of the service."""

    risks: tuple[RiskCheck, ...] | Not
    """The risks of a change that belong to this type, beside those that hold for every type."""

    settings: Mapping[str, str] | Not
    """Attributes that must not be weakened or removed, and what people call them."""

    verify: Callable[[Verification, Values], Verifier] | Not
    """The checks of a deployed one; called with its attributes in the state."""
