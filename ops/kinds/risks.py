"""Risks that resources of several capabilities can have, and what finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_network
from typing import Any

from ..plan import Action, Change, Plan
from ..told import RiskRule, Severity
from .record import Found, RiskCheck, risk

NET2 = RiskRule(
    "NET2",
    Severity.HIGH,
    "something becomes reachable from the internet",
    advice="keep it internal unless callers outside of the network need it; then see to HTTPS, "
    "authentication and a web ACL",
)
SEC1 = RiskRule(
    "SEC1",
    Severity.HIGH,
    "encryption, logging or isolation is turned off",
    advice="keep it on, or record in the change why not and who approved it",
)
SEC2 = RiskRule(
    "SEC2",
    Severity.HIGH,
    "deletion protection is lifted",
    advice="expect a deletion in the next change; leave the protection on until then",
)
SEC5 = RiskRule(
    "SEC5",
    Severity.MEDIUM,
    "people get a shell in containers that serve",
    advice="see who may open one (ssm:StartSession, ecs:ExecuteCommand): they see requests, models and "
    "secrets, and act as the role of the containers; take it away when the fault is found",
)
CAP1 = RiskRule(
    "CAP1",
    Severity.HIGH,
    "capacity is lowered below what may be running now",
    advice="look at the current count first; lower it at low load, or let autoscaling do it",
)
GROWTH_FACTOR = 2.0
"""A maximum capacity that grows more than this many times is a risk."""

CAP3 = RiskRule(
    "CAP3",
    Severity.MEDIUM,
    f"a maximum capacity grows more than {GROWTH_FACTOR:g} times",
    advice="check the budget and the account's instance quota; a runaway metric can now cost "
    "as much",
)
KEPT1 = RiskRule(
    "KEPT1",
    Severity.LOW,
    "an argument that is taken at the creation alone is written otherwise, and stays",
    advice="write what is there, or make a new one beside it under another name; of bounds that "
    "scheduled actions own, change the schedules",
)
ROLL1 = RiskRule(
    "ROLL1",
    Severity.HIGH,
    "traffic is shifted outside of a rollout",
    advice="let the rollout shift it (CodeDeploy, blue/green), which watches alarms and rolls back",
)
ROLL2 = RiskRule(
    "ROLL2",
    Severity.HIGH,
    "an endpoint update has no way back by itself",
    advice="give the endpoint a canary rollout with alarms; without alarms a model that answers "
    "wrongly, slowly or with errors stays",
)

ROLL3 = RiskRule(
    "ROLL3",
    Severity.MEDIUM,
    "a canary or linear rollout is taken away",
    advice="keep it: without one the whole traffic moves at once",
)

BUY1 = RiskRule(
    "BUY1",
    Severity.HIGH,
    "something is bought that cannot be given back",
    advice="see that somebody decided it, with its price and its term; deleting it later ends no payment",
)


WORLD = frozenset({"0.0.0.0/0", "::/0"})
"""The ranges that are the whole internet."""


def open_ranges(blocks: Iterable[Any]) -> set[str]:
    """The ranges that are the internet, or a part of it wider than any owner has.

    `::/0` is found in each of its spellings, and so are halves of the internet. The widest blocks
    that registries give out are a /8 of IPv4 and a /12 of IPv6 (IANA).
    """
    found = set()
    for block in map(str, blocks):
        try:
            network = ip_network(block, strict=False)
        except ValueError:
            continue
        if network.prefixlen < (8 if network.version == 4 else 12) and not network.is_private:
            found.add(block)
    return found


# What goes away


def gone(change: Change) -> str:
    """How a resource goes away or is replaced; empty where it stays."""
    if change.action is Action.DELETE:
        return "is deleted"
    if change.action is Action.REPLACE:
        forced = ", ".join(sorted({str(p[0]) for p in change.replace_paths if p}))
        return f"is replaced{f', because {forced} changes' if forced else ''}"
    return ""


# Protection and capacity


def exposed(attribute: str, value: bool) -> RiskCheck:
    """The risk that an attribute is set so that the internet can reach the resource."""

    @risk(NET2)
    def public(plan: Plan, change: Change) -> Iterator[Found]:
        before, after = change.both(attribute)
        if change.is_written and after is value and before is not value:
            yield f"sets {attribute} to {str(value).lower()}"

    return public


def deleted_too(plan: Plan, change: Change, kind: str, argument: str) -> bool:
    """Whether the resource of a type that an argument names is deleted in the same plan."""
    name = change.before.get(argument)
    return bool(name) and any(
        other.action in (Action.DELETE, Action.REPLACE)
        and name in (other.before.get(argument), other.before.get("id"))
        for other in plan.of_type(kind)
    )


def protection(kind: str = "", argument: str = "") -> RiskCheck:
    """The risk that encryption, logging or isolation goes with the resource itself.

    Not where the resource that `argument` names goes too, which is of the type `kind`, nor where
    the plan makes or keeps another one for it.
    """

    @risk(SEC1)
    def removed(plan: Plan, change: Change) -> Iterator[Found]:
        of = change.before.get(argument)
        again = bool(of) and any(
            other is not change and other.exists_after and other.after.get(argument) == of
            for other in plan.of_type(change.type)
        )
        gone_too = bool(kind) and deleted_too(plan, change, kind, argument)
        if change.action is Action.DELETE and not again and not gone_too:
            yield "is deleted"

    return removed


def lowered(*path: Any) -> RiskCheck:
    """The risk that a desired count goes down."""

    @risk(CAP1)
    def less(plan: Plan, change: Change) -> Iterator[Found]:
        before, after = change.both(*path)
        are_counts = isinstance(before, int) and isinstance(after, int)
        if change.action is Action.UPDATE and are_counts and after < before:
            yield f"lowers the desired count from {before} to {after}"

    return less


def grows(before: Any, after: Any) -> bool:
    """Whether a count becomes more than GROWTH_FACTOR times what it was."""
    are_counts = isinstance(before, int) and isinstance(after, int)
    return are_counts and 0 < before * GROWTH_FACTOR < after


def raised(*path: Any) -> RiskCheck:
    """The risk that a maximum grows much."""

    @risk(CAP3)
    def more(plan: Plan, change: Change) -> Iterator[Found]:
        before, after = change.both(*path)
        replaced = change.action in (Action.UPDATE, Action.REPLACE)
        if replaced and grows(before, after):
            yield f"raises the maximum from {before} to {after}"

    return more


def bought(what: str, is_bought: Callable[[Change], bool] = lambda _: True) -> RiskCheck:
    """The risk that a resource is a purchase; `is_bought` may say which ones are."""

    @risk(BUY1)
    def buys(plan: Plan, change: Change) -> Iterator[Found]:
        if change.action in (Action.CREATE, Action.REPLACE) and is_bought(change):
            yield f"buys {what}"

    return buys
