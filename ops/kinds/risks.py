"""Risks that resources of several capabilities can have, and what finds them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..plan import Action, Change, Plan
from ..told import RiskRule, Severity
from .record import Found, RiskCheck, risk
from .words import some

IAM1 = RiskRule(
    "IAM1",
    Severity.HIGH,
    "an existing policy allows more actions",
    advice="check that the service needs each of them, and name the resources that it needs "
    "them for",
)
IAM2 = RiskRule(
    "IAM2",
    Severity.HIGH,
    "a policy allows every action of a service, or every service",
    advice="list the actions that are needed; service:* includes deleting and giving rights away",
)
IAM5 = RiskRule(
    "IAM5",
    Severity.HIGH,
    "a resource's own policy lets others in",
    advice="name the accounts and roles that need it, and the actions",
)
IAM6 = RiskRule(
    "IAM6",
    Severity.LOW,
    "a policy that will be known only after the apply",
    advice="read the policy in the code: this review cannot tell whether it is widened",
)
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
    advice="keep it on; where it has to go, say why in the change and who agreed",
)
SEC2 = RiskRule(
    "SEC2",
    Severity.HIGH,
    "deletion protection is lifted",
    advice="expect a deletion in the next change; leave the protection on until then",
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

WORLD = frozenset({"0.0.0.0/0", "::/0"})
"""The ranges that are the whole internet."""


# What goes away


def gone(change: Change) -> str:
    """How a resource goes away or is replaced; empty where it stays."""
    if change.action is Action.DELETE:
        return "is deleted"
    if change.action is Action.REPLACE:
        forced = ", ".join(sorted({str(p[0]) for p in change.replace_paths if p}))
        return f"is replaced{f', because {forced} changes' if forced else ''}"
    return ""


# Policies


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document in JSON; none where it is not one."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return []
    found = document.get("Statement", []) if isinstance(document, dict) else []
    entries = found if isinstance(found, list) else [found]
    return [entry for entry in entries if isinstance(entry, dict)]


def _listed(value: Any) -> list[str]:
    return (
        [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []
    )


def allowed(document: Any, *, everywhere: bool = False) -> set[str]:
    """The actions that a policy allows, or only those that it allows on every resource."""
    return {
        action
        for statement in statements(document)
        if statement.get("Effect") == "Allow"
        and (not everywhere or "*" in _listed(statement.get("Resource")))
        for action in (
            [*_listed(statement.get("Action"))]
            or [f"everything but {', '.join(_listed(statement.get('NotAction')))}"]
        )
    }


def covered(action: str, by: set[str]) -> bool:
    return any(_wildcard(pattern).fullmatch(action) for pattern in by)


def _wildcard(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.IGNORECASE)


def is_whole(action: str) -> bool:
    return action == "*" or action.partition(":")[2] == "*"


def principals(document: Any) -> set[str]:
    """Who a trust or resource policy lets in: accounts, services, `*`."""
    found: set[str] = set()
    for statement in statements(document):
        if statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        entries = principal if isinstance(principal, dict) else {"AWS": principal}
        for kind, values in entries.items():
            for value in _listed(values):
                match = re.search(r"\d{12}", value) if kind == "AWS" else None
                found.add(match[0] if match else value)
    return found


def identity_policy(attribute: str = "policy") -> tuple[RiskCheck, ...]:
    """The risks of a resource whose attribute says what somebody is allowed to do."""

    @risk(IAM1)
    def wider(plan: Plan, change: Change) -> Iterator[Found]:
        if change.action not in (Action.UPDATE, Action.REPLACE):
            return
        before, after = change.both(attribute)
        had = allowed(before)
        added = sorted(action for action in allowed(after) if not covered(action, had))
        if added:
            yield f"now allows {some(added)}"
        had = allowed(before, everywhere=True)
        wide = sorted(
            action
            for action in allowed(after, everywhere=True)
            if action not in added and not covered(action, had)
        )
        if wide:
            yield f"now allows {some(wide)} on every resource"

    @risk(IAM2)
    def whole(plan: Plan, change: Change) -> Iterator[Found]:
        if not change.is_written:
            return
        before, after = change.both(attribute)
        added = {action for action in allowed(after) if action.endswith("*") and is_whole(action)}
        added -= allowed(before)
        if added:
            worst = Severity.CRITICAL if "*" in added else Severity.HIGH
            yield f"allows {some(sorted(added))}", worst

    return wider, whole, _not_known(attribute)


def resource_policy(attribute: str = "policy") -> tuple[RiskCheck, ...]:
    """The risks of a resource whose attribute says who is let in to it."""

    @risk(IAM5)
    def lets_in(plan: Plan, change: Change) -> Iterator[Found]:
        if not change.is_written:
            return
        before, after = change.both(attribute)
        added = {p for p in principals(after) - principals(before) if p == "*" or p.isdigit()}
        foreign = added - plan.accounts if plan.accounts else added & {"*"}
        if foreign and not (foreign == {"*"} and conditioned(after)):
            worst = Severity.CRITICAL if "*" in foreign else Severity.HIGH
            yield f"lets in {some(sorted(foreign))}", worst

    return lets_in, _not_known(attribute)


def conditioned(document: Any) -> bool:
    return all(
        bool(statement.get("Condition"))
        for statement in statements(document)
        if statement.get("Effect") == "Allow" and "*" in principals({"Statement": [statement]})
    )


def _not_known(attribute: str) -> RiskCheck:
    @risk(IAM6)
    def unknown(plan: Plan, change: Change) -> Iterator[Found]:
        replaced = change.action in (Action.UPDATE, Action.REPLACE)
        if replaced and change.is_unknown(attribute):
            yield f"has a {attribute} that is not known yet"

    return unknown


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

    Not where the resource of the type `kind` that `argument` names goes too.
    """

    @risk(SEC1)
    def removed(plan: Plan, change: Change) -> Iterator[Found]:
        if change.action is Action.DELETE and not deleted_too(plan, change, kind, argument):
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
