"""Kind: the record of one Terraform resource type, and the types of its members.

Each member is given, or is `Not("why not")`; a test refuses a hole. `Foreign` is the shorter record
of a type that Inferform does not make, and that a review of another project's plan has to know.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from inferform.usage import Usage

from ..checks import RUNNING_IMAGE, Check
from ..errors import BadInputError
from ..masking import mask_text
from ..plan import Change, Plan, Side
from ..told import RiskRule, Severity, Story
from ..untrusted import visible

if TYPE_CHECKING:
    from inferform import Environment
    from inferform.service import Deployed, Service

    from ..aws import Aws
    from ..callers import Caller
    from ..state import State
    from .synthesis import Resource, Synthesis

Values = Mapping[str, Any]
"""A resource's arguments as a plan or a synthesis knows them; unknown ones are missing."""


@dataclass(frozen=True, slots=True)
class Not:
    """A member that does not apply to a type, and why."""

    reason: str


# Recover


@dataclass(frozen=True, slots=True)
class Existing:
    """Something in AWS that is what a resource asks for."""

    id: str
    """Its id for `terraform import`."""

    tags: Mapping[str, str]
    """Its tags or, where it has none, those of what it is a part of."""

    status: str = ""
    """AWS's word for its status, where it takes minutes to be made."""

    own_name: bool = False
    """Whether it cannot be tagged, and has a name that only this environment gives."""


Finder = Callable[["Aws", Values], Iterable[Existing]]
"""Yields what is in AWS for a resource's arguments, see `ops.kinds.finding`."""


@dataclass(frozen=True, slots=True)
class Discard:
    """How an immutable resource is deleted that the next deploy makes again."""

    delete: Callable[[Aws, str], object]
    """Deletes one by its id."""

    used: Callable[[Aws], Collection[str]]
    """The ids of those that something in the environment uses now."""


Completed = Callable[["Aws", str], Iterator[str]]
"""Does for one, by its id, what a killed run had still to do after it was made; yields what it did."""


# Drift

Planned = Callable[[str], Iterable[Values]]
"""The arguments of every resource of a type in a plan."""

Owner = Callable[[Values, Values, Planned], Collection[str]]
"""The attributes of an update that somebody else sets, such as autoscaling; called with the
arguments before and after."""


Unseen = Callable[["Aws", Values, Planned], Iterator[str]]
"""Yields what somebody changed in AWS of one that Terraform's own reading does not show; called with
its arguments as that reading has them."""

# Cost

Estimator = Callable[[Plan, Change, Side], Iterator[Usage]]
"""Yields what a resource of a plan uses before or after it."""


# Review


Teller = Callable[[Plan, Change], Iterator[Story]]
"""Yields what a plan does to one resource; called for unchanged ones too."""


Found = str | tuple[str, Severity]
"""Why a risk holds and, where it differs from the rule's, how severe it is."""

RiskFinder = Callable[[Plan, Change], Iterator[Found]]
"""Yields why a risk holds for one resource of a plan; called for unchanged ones too."""


@dataclass(frozen=True, slots=True)
class RiskCheck:
    """A risk, and what finds it in a resource of one type."""

    rule: RiskRule
    find: RiskFinder


def risk(rule: RiskRule) -> Callable[[RiskFinder], RiskCheck]:
    """Make a check for a risk of the function that finds it."""

    def made(find: RiskFinder) -> RiskCheck:
        return RiskCheck(rule, find)

    return made


# Preflight and verify

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of preflight or verify found and, where it is wrong, how to fix it."""

    check: Check
    subject: str
    outcome: Outcome
    found: str
    fix: str = ""

    def __post_init__(self) -> None:
        # It may quote what AWS answered.
        object.__setattr__(self, "found", visible(mask_text(self.found)))

    def as_dict(self) -> dict[str, str]:
        """The finding for machines."""
        return {**asdict(self), "check": self.check.title, "id": self.check.id}


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota that a resource counts against, and how much of it at the maximum."""

    service: str
    """The service code of Service Quotas."""

    name: str
    amount: float

    doubled: bool = True
    """Whether a blue/green rollout takes twice as much."""


Quotas = Callable[["Synthesis", "Resource"], Iterator[Quota]]
"""Yields the quotas that a synthesized resource counts against."""

Preflight = Callable[["Synthesis", Sequence["Resource"]], Iterator[Finding]]
"""Checks every synthesized resource of a type before an apply; reads only."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification works with."""

    environment: Environment
    aws: Aws
    state: State
    """The state of the layer that the resource is in."""

    samples: Path | None = None
    """A folder of request bodies by the service's short name. Default: None, empty bodies."""

    invoke: bool = True
    """Whether to send a request. Default: True."""

    applied: bool = False
    """Whether an apply has just ended: what a rollout of its own brings afterwards is then no fault.
    Default: False."""

    callers: Mapping[str, Caller] = field(default_factory=dict)
    """What requests to APIs bring, by `http.NAME` or `rest.NAME`. Default: signatures alone."""


@dataclass(frozen=True, slots=True)
class Now:
    """What AWS says of a service at this moment; None is what nobody tells."""

    status: str | None = None
    """AWS's own word, such as `InService`, or what its checks found."""

    copies: int | None = None
    """How many instances, tasks or pods run."""

    shares: Mapping[str, float] = field(default_factory=dict)
    """The share of the traffic of each of its variants or versions, of 1; empty for one alone."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a prediction."""

    body: bytes
    content_type: str
    to: Mapping[str, str] = field(default_factory=dict)
    """Which part of the service is meant, such as `{"component": "ranker"}`. Default: all of it."""

    path: str = ""
    """The route of an API, or the path of a container behind a load balancer. Default: the only route,
    or /invocations."""

    wait_seconds: int = 900
    """How long an answer is waited for that does not come at once. Default: 900; 0 says where it will be."""

    @property
    def given(self) -> frozenset[str]:
        """What it says beside its body."""
        return frozenset(self.to) | ({"path"} if self.path else frozenset())


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered."""

    body: bytes
    content_type: str
    by: str = ""
    """What of it answered: a variant, or a version. Default: not told."""


class Verifier(ABC):
    """The checks of one deployed resource; `values` are its attributes in the state."""

    takes: ClassVar[frozenset[str]] = frozenset()
    """What of `Request.given` it knows. Default: nothing."""

    tells_reached = True
    """Whether a state tells a run that reached what it asked for from one that did not."""

    def __init__(self, run: Verification, values: Values) -> None:
        self.run = run
        self.values = values

    @property
    def name(self) -> str:
        """AWS's name of it."""
        return str(self.values.get("name"))

    @abstractmethod
    def findings(self) -> Iterator[Finding]:
        """One finding for each check, until one fails that the others need."""

    def waits_for(self) -> str:
        """What it is still about once Terraform has ended; empty where Terraform waits for it."""
        return ""

    @abstractmethod
    def served(self) -> Iterator[str]:
        """The images and artifacts that it runs, as far as the state says."""

    def now(self) -> Now:
        """What AWS says of it at this moment. Default: what its checks find, without a request."""
        found = [each for each in self.findings() if each.outcome != "skipped"]
        failed = [each for each in found if each.outcome == "failed"]
        return Now((failed or found)[-1].found) if found else Now()

    def ask(self, request: Request) -> Reply:
        """Send a request for a prediction. Default: raises BadInputError, nothing here can."""
        raise BadInputError(f"{self.name} takes no requests from here", "see inferform verify")

    def parts(self) -> Iterator[tuple[str, Values]]:
        """What of the service is verified by itself: the type of each, and its attributes in the
        state. Default: nothing."""
        yield from ()

    def was_reached(self) -> bool:
        """Whether, as the state says, the run that wrote it got the service to what it asked for."""
        return self.run.state.is_settled(self.values)

    def finding(self, check: Check, outcome: Outcome, found: str, fix: str = "") -> Finding:
        """What a check found."""
        return Finding(check, self.name, outcome, found, fix)

    def images(self, expected: set[str], deployed: set[str], fix: str) -> Finding:
        """Whether the images that run are those that the state says."""
        runs, wanted = ", ".join(sorted(deployed)), ", ".join(sorted(expected))
        if deployed == expected:
            return self.finding(RUNNING_IMAGE, "passed", runs)
        return self.finding(
            RUNNING_IMAGE, "failed", f"runs {runs}, but the state says {wanted}", fix
        )


Page = Callable[["Deployed"], str]
"""The place of a service within AWS's console, such as `lambda/home?region=us-east-1#/functions/a`."""


@dataclass(frozen=True, slots=True)
class Reverted:
    """How AWS puts an update of a resource back without Terraform, and what tells of it."""

    by: str
    """Who puts it back, and when."""

    found: str
    """What `inferform verify` reads to find it, also after `inferform deploy`."""

    guarded: Callable[[Values], bool]
    """Whether one with these arguments has a postcondition that fails the apply."""


# Rollouts


@dataclass(frozen=True, slots=True)
class Mover:
    """How `inferform rollout` moves a kind of service to what an apply has only prepared."""

    of: type[Service]
    """The services that it moves, where their Spec says that they move later."""

    begin: Callable[[Deployed, Aws], tuple[str, str] | None]
    """Starts a deployment of CodeDeploy; its id, and what it moves to. None where that serves."""


# The records


@dataclass(frozen=True, slots=True)
class Kind:
    """What Inferform knows of one Terraform resource type that it makes."""

    type: str
    """Terraform's name of it."""

    words: str
    """What people call it: `SageMaker endpoint`."""

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
    """The argument whose value only one resource can have, in the account or in the world."""

    discard: Discard | Not
    """How one is deleted that the next deploy makes again: for immutable resources."""

    completed: Completed | Not
    """What is done to one that a killed run has made, before it is imported."""

    owned: Owner | Not
    """Which of its attributes somebody else sets after its creation."""

    uses: Estimator | Not
    """What it uses that is billed by the hour or the month."""

    quotas: Quotas | Not
    """The quotas that it counts against."""

    addresses: Callable[[Synthesis, Resource], int] | Not
    """How many addresses of the private subnets it takes at its maximum."""

    preflight: Preflight | Not
    """What else would fail in the middle of an apply."""

    story: Teller | Not
    """What a plan does to it, in words of the service."""

    risks: tuple[RiskCheck, ...] | Not
    """The risks of a change of it, beside those that hold for every type."""

    settings: Mapping[str, str] | Not
    """Attributes that must not be emptied or turned off, and what people call them."""

    reverted: Reverted | Not
    """Whether AWS may put an update of it back without Terraform, and how that is found."""

    verify: Callable[[Verification, Values], Verifier] | Not
    """The checks of a deployed one."""

    unseen: Unseen | Not = Not("Terraform reads what it has set")
    """What drift asks AWS of it beside Terraform's plan."""

    page: Page | Not = Not("AWS's console has no page for it alone")
    """Where AWS's console shows the service that it stands for."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a review knows of a type that Inferform does not make."""

    type: str
    words: str
    _: KW_ONLY
    part_of: str = ""
    outage: bool = False
    holds_data: bool = False
    uses: Estimator | Not = Not("Inferform prices what it makes")
    story: Teller | Not = Not("Inferform does not run it")
    risks: tuple[RiskCheck, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
