"""What gives rights: policies, attachments, access entries, and the policies of resources.

Policies are judged before they are masked. A reason names an action or a principal only where it
stands in the masked policy, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from inferform.permissions import MORE, attached_as

from ..iam import (
    ESCALATING,
    EVERYBODY,
    Grant,
    NotReadableError,
    accounts_in,
    added,
    far_reaching,
    grants,
    is_of_aws,
    listed,
    matches,
    names_callers,
)
from ..plan import Action, Change, Plan, Side, dig
from ..told import RiskRule, Severity
from .ground import PLAN4
from .record import Foreign, Found, RiskCheck, risk
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
IAM3 = RiskRule(
    "IAM3",
    Severity.HIGH,
    "a role trusts somebody new",
    advice="check that the account or identity provider is yours, and add a condition "
    "(aws:SourceAccount, sts:ExternalId, or the token's subject)",
)
IAM4 = RiskRule(
    "IAM4",
    Severity.HIGH,
    "an AWS-managed policy with far-reaching rights is attached",
    advice="write a policy with the actions and resources that the service needs",
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
    "rights that are not judged: known only after the apply, or not in the plan",
    advice="read the policy in the code or in AWS: this review cannot tell what it allows",
)
IAM7 = RiskRule(
    "IAM7",
    Severity.HIGH,
    "a policy lets its holder take the rights of others",
    advice="name the roles and policies that it is for, in place of every one; for iam:PassRole "
    "add the condition iam:PassedToService",
)

IAM8 = RiskRule(
    "IAM8",
    Severity.MEDIUM,
    "a role gets a policy beside that of its service",
    advice="check that the service needs each right, and that the policy names the resources that it "
    "needs it for",
)

# Reading


def documents(change: Change, side: Side, attribute: str) -> list[Any]:
    """The policies that an attribute holds, before they are masked; blocks hold one each."""
    value = change.judged(side, attribute)
    if isinstance(value, list):
        return [entry.get("policy") if isinstance(entry, dict) else entry for entry in value]
    return [value]


def _granted(change: Change, side: Side, attribute: str, effect: str = "Allow") -> list[Grant]:
    """What the policies of an attribute that can be read grant."""
    found: list[Grant] = []
    for document in documents(change, side, attribute):
        try:
            found += grants(document, effect)
        except NotReadableError:
            continue
    return found


def _both(change: Change, attribute: str, effect: str = "Allow") -> tuple[list[Grant], list[Grant]]:
    before = _granted(change, "before", attribute, effect)
    return before, _granted(change, "after", attribute, effect)


def _visible(change: Change, attribute: str) -> set[str]:
    """The actions and principals that may be shown: those of the masked policies."""
    found: set[str] = set()
    for side in ("before", "after"):
        value = change.at("before" if side == "before" else "after").get(attribute)
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            document = entry.get("policy") if isinstance(entry, dict) else entry
            for effect in ("Allow", "Deny"):
                try:
                    read = grants(document, effect)
                except NotReadableError:
                    continue
                for grant in read:
                    found |= {grant.said, grant.who, grant.where, *accounts_in(grant.condition)}
    return found


class _Words:
    """Names actions, principals and resources as far as the masked policies show them."""

    def __init__(self, change: Change, attribute: str) -> None:
        self._change, self._attribute = change, attribute

    @cached_property
    def _visible(self) -> set[str]:
        return _visible(self._change, self._attribute)

    def __call__(self, values: Iterable[str], what: str) -> str:
        wanted = sorted({*values})
        # A wildcard alone is no secret, and what the rule found.
        shown = [value for value in wanted if value in self._visible or value == "*"]
        hidden = len(wanted) - len(shown)
        if not hidden:
            return some(shown)
        masked = f"{hidden} {what}{'' if hidden == 1 else 's'} (masked)"
        return f"{some(shown)} and {masked}" if shown else masked


def _said_condition(found: Iterable[Grant]) -> str:
    return " under a condition" if all(grant.condition for grant in found) else ""


def _any_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_any_unknown, value.values()))
    if isinstance(value, list):
        return any(map(_any_unknown, value))
    return value is True


def _is_unknown(plan: Plan, change: Change, attribute: str, computed: bool) -> bool:
    """Whether the configuration sets an attribute to what is not known before the apply.

    AWS fills in what it does not set; a `computed` one may be such where the plan has no
    configuration.
    """
    marks = change.unknown if isinstance(change.unknown, dict) else {}
    if change.unknown is not True and not _any_unknown(marks.get(attribute)):
        return False
    known = plan.arguments(change)
    return not computed if known is None else attribute in known


def _unread(plan: Plan, change: Change, attribute: str, *, computed: bool) -> str:
    """Why the policies of an attribute cannot be judged; empty where they can."""
    if _is_unknown(plan, change, attribute, computed):
        return "is not known yet"
    for document in documents(change, "after", attribute):
        try:
            grants(document)
        except NotReadableError as error:
            return str(error)
    return ""


def _not_judged(attribute: str, *, computed: bool = False) -> RiskCheck:
    @risk(IAM6)
    def unknown(plan: Plan, change: Change) -> Iterator[Found]:
        if change.is_written and (why := _unread(plan, change, attribute, computed=computed)):
            yield f"has a {attribute} that {why}: not judged"

    return unknown


# Identities


def identity_policy(attribute: str = "policy", *, computed: bool = False) -> tuple[RiskCheck, ...]:
    """The risks of a resource whose attribute says what somebody is allowed to do.

    `computed` says that AWS fills the attribute in where the configuration does not set it.
    """

    @risk(IAM1)
    def wider(plan: Plan, change: Change) -> Iterator[Found]:
        if change.action in (Action.UPDATE, Action.REPLACE):
            yield from _wider(change, attribute, _Words(change, attribute))

    @risk(IAM2)
    def whole(plan: Plan, change: Change) -> Iterator[Found]:
        if change.is_written:
            yield from _whole(*_both(change, attribute), _Words(change, attribute))

    @risk(IAM7)
    def escalates(plan: Plan, change: Change) -> Iterator[Found]:
        if change.is_written:
            yield from _escalates(*_both(change, attribute), _Words(change, attribute))

    return wider, whole, escalates, _not_judged(attribute, computed=computed)


def _wider(change: Change, attribute: str, words: _Words) -> Iterator[Found]:
    more: dict[str, list[Grant]] = {}
    for grant, how in added(*_both(change, attribute)):
        more.setdefault(how, []).append(grant)
    new = {grant.said for grant in more.get("", ())}
    for how, found in sorted(more.items()):
        actions = {grant.said for grant in found} - (new if how else set())
        if actions:
            shown = words(actions, "action")
            yield f"now allows {shown}{_how(how, words)}{'' if how else _said_condition(found)}"
    yield from _no_longer_denied(change, attribute, words)


def _how(how: str, words: _Words) -> str:
    """In which way a policy allows an action more than before; the resource as far as it is shown."""
    if how.startswith("on ") and how != "on every resource":
        return f" on {words([how.removeprefix('on ')], 'resource')}"
    return how and f" {how}"


def _no_longer_denied(change: Change, attribute: str, words: _Words) -> Iterator[Found]:
    before, after = _both(change, attribute, "Deny")
    lost = [old for old in before if not any(new.covers(old) for new in after)]
    gone = [
        old
        for old in lost
        if not any(new.covers(old, conditions=False, resources=False) for new in after)
    ]
    if gone:
        yield f"no longer denies {words((grant.said for grant in gone), 'action')}"
    rest = {grant.said for grant in lost if grant not in gone}
    if rest:
        yield f"denies {words(rest, 'action')} in other cases than before"


def _whole(
    before: list[Grant], after: list[Grant], words: _Words
) -> Iterator[tuple[str, Severity]]:
    had = {grant.said for grant in before}
    new = [g for g in after if (g.is_whole or g.but_actions) and g.said not in had]
    if not new:
        return
    everything = [grant for grant in new if grant.is_everything]
    worst = Severity.CRITICAL if everything else Severity.HIGH
    if all(grant.but_actions and not grant.is_everywhere for grant in everything):
        worst = Severity.HIGH
    yield f"allows {words((grant.said for grant in new), 'action')}{_said_condition(new)}", worst


def _escalates(before: list[Grant], after: list[Grant], words: _Words) -> Iterator[Found]:
    def far(held: list[Grant]) -> list[Grant]:
        return [
            grant
            for grant in held
            if grant.is_everywhere
            and not grant.is_everything
            and not grant.condition
            and grant.action.lower() != "iam:*"
            and any(matches(grant.action, action) for action in ESCALATING)
        ]

    had = far(before)
    new = [grant for grant in far(after) if not any(old.covers(grant) for old in had)]
    if new:
        yield f"allows {words((grant.said for grant in new), 'action')} on every resource"


@risk(IAM1)
def unbounded(plan: Plan, change: Change) -> Iterator[Found]:
    """The risk that an identity loses its permissions boundary, or gets another."""
    before, after = change.both("permissions_boundary")
    if change.action is Action.UPDATE and before and not change.is_unknown("permissions_boundary"):
        if not after:
            yield "loses its permissions boundary"
        elif before != after:
            yield "gets another permissions boundary, which is not judged", Severity.MEDIUM


def _role_of(plan: Plan, change: Change) -> tuple[str, bool]:
    """The name of the role that a policy is for, and whether it is there before the apply."""
    name = str(change.after.get("role") or "")
    roles = plan.referred(change, "role") or tuple(
        role for role in plan.of_type("aws_iam_role") if name and role.after.get("name") == name
    )
    called = next((str(role.after.get("name") or role.name) for role in roles), name)
    return called, any(role.exists_before for role in roles) if roles else bool(name)


@risk(IAM8)
def more_rights(plan: Plan, change: Change) -> Iterator[Found]:
    """The risk that a role may do more by a new policy of its own: one that is there already, or one
    whose Spec asks for more."""
    role, exists = _role_of(plan, change)
    if change.action is not Action.CREATE or not (exists or change.after.get("name") == MORE):
        return
    words = _Words(change, "policy")
    by_resource: dict[str, list[Grant]] = {}
    for grant in _granted(change, "after", "policy"):
        by_resource.setdefault(grant.where, []).append(grant)
    for where, held in by_resource.items():
        actions = words((grant.said for grant in held), "action")
        on = words([where], "resource") if where != "every resource" else where
        yield f"lets the role {role} do {actions} on {on}{_said_condition(held)}"


@risk(IAM8)
def more_attached(plan: Plan, change: Change) -> Iterator[Found]:
    """The risk that a role gets what a managed policy allows that its Spec asks for."""
    for arn in _attached(change, "policy_arn"):
        if attached_as("", arn) in change.name:
            role, name = _role_of(plan, change)[0], _policy_name(change, "policy_arn", arn)
            yield f"gives the role {role} what {name} allows"


# Managed policies


def _arns(change: Change, side: Side, attribute: str) -> list[str]:
    value = change.judged(side, attribute)
    return [str(arn) for arn in (value if isinstance(value, list) else [value]) if arn]


def _documented(plan: Plan, arn: str) -> Change | None:
    """The customer's policy of an ARN, where it is in the plan."""
    return next(
        (
            policy
            for policy in plan.of_type("aws_iam_policy")
            if arn in (policy.before.get("arn"), policy.after.get("arn"))
        ),
        None,
    )


def managed_policies(
    attribute: str = "policy_arn", *, computed: bool = False
) -> tuple[RiskCheck, ...]:
    """The risks of a resource whose attribute names managed policies by their ARNs."""

    @risk(IAM4)
    def far(plan: Plan, change: Change) -> Iterator[Found]:
        for arn in _attached(change, attribute):
            if why := _in_scope(arn, change.judged("after", "access_scope")):
                yield f"attaches {_policy_name(change, attribute, arn)}: {why}", _worst(arn)

    @risk(IAM2)
    def whole(plan: Plan, change: Change) -> Iterator[Found]:
        for arn in _attached(change, attribute):
            for reason, severity in _allowed_by(plan, arn):
                name = _policy_name(change, attribute, arn)
                yield f"attaches {name}, which {reason}", severity

    @risk(IAM6)
    def unread(plan: Plan, change: Change) -> Iterator[Found]:
        yield from _not_in_plan(plan, change, attribute)
        if change.is_written and _refers_elsewhere(plan, change, attribute, computed):
            yield f"has a {attribute} that is not known yet: not judged"

    return far, whole, unread


def _allowed_by(plan: Plan, arn: str) -> Iterator[tuple[str, Severity]]:
    """Every whole service that a policy of the plan allows; one that is written is judged itself."""
    policy = _documented(plan, arn)
    if policy is not None and not policy.is_written:
        yield from _whole([], _granted(policy, "after", "policy"), _Words(policy, "policy"))


def _not_in_plan(plan: Plan, change: Change, attribute: str) -> Iterator[Found]:
    for arn in _attached(change, attribute):
        if not is_of_aws(arn) and not far_reaching(arn) and _documented(plan, arn) is None:
            name = _policy_name(change, attribute, arn)
            yield f"attaches {name}, which is not in this plan: not judged"


def _refers_elsewhere(plan: Plan, change: Change, attribute: str, computed: bool) -> bool:
    """Whether an attribute names policies that are not known and not in the plan."""
    referred = plan.referred(change, attribute)
    of_plan = referred and all(other.type == "aws_iam_policy" for other in referred)
    return not of_plan and _is_unknown(plan, change, attribute, computed)


def _attached(change: Change, attribute: str) -> list[str]:
    """The ARNs that a change adds to an attribute."""
    if not change.is_written:
        return []
    held = _arns(change, "before", attribute) if change.action is Action.UPDATE else []
    return [arn for arn in _arns(change, "after", attribute) if arn not in held]


def _policy_name(change: Change, attribute: str, arn: str) -> str:
    shown = change.after.get(attribute)
    is_shown = arn in (shown if isinstance(shown, list) else [shown])
    return arn.rpartition("/")[2] if is_shown else "a policy (masked)"


def _worst(arn: str) -> Severity:
    return Severity.CRITICAL if arn.endswith("/AdministratorAccess") else Severity.HIGH


def _in_scope(arn: str, scope: Any) -> str:
    why = far_reaching(arn)
    kinds = {entry.get("type") for entry in scope or () if isinstance(entry, dict)}
    return "" if ":cluster-access-policy/" in arn and kinds == {"namespace"} else why


def not_judged(say: Callable[[Change], str], severity: Severity = Severity.LOW) -> RiskCheck:
    """The risk that somebody is given rights whose extent is not in the plan."""

    @risk(IAM6)
    def unread(plan: Plan, change: Change) -> Iterator[Found]:
        if change.is_written and (text := say(change)):
            yield f"{text}: not judged", severity

    return unread


# Resources


def _outsiders(plan: Plan, held: Iterable[Grant]) -> dict[str, list[Grant]]:
    """The grants of those who are not the plan's accounts, by principal: accounts and everybody.

    Where the condition names accounts, these are let in, and not everybody.
    """
    found: dict[str, list[Grant]] = {}
    for grant in held:
        named = accounts_in(grant.condition)
        people = {grant.principal}
        if grant.principal == EVERYBODY and names_callers(grant.condition):
            people = named
        elif not grant.principal.isdigit() and grant.principal != EVERYBODY:
            # A service acts for the accounts that the condition names.
            people = named if "." in grant.principal else set()
        for principal in people:
            own = principal in plan.accounts if plan.accounts else principal != EVERYBODY
            if not own:
                found.setdefault(principal, []).append(grant)
    return found


def resource_policy(attribute: str = "policy", *, computed: bool = False) -> tuple[RiskCheck, ...]:
    """The risks of a resource whose attribute says who is let in to it."""

    @risk(IAM5)
    def lets_in(plan: Plan, change: Change) -> Iterator[Found]:
        if not change.is_written:
            return
        words = _Words(change, attribute)
        before, after = (_outsiders(plan, held) for held in _both(change, attribute))
        new = {who: held for who, held in after.items() if who not in before}
        if new:
            excepted = {g.who for held in new.values() for g in held if g.but_principals}
            names = ({*new} - {EVERYBODY} | excepted) if excepted else {*new}
            worst = Severity.CRITICAL if EVERYBODY in new else Severity.HIGH
            some_how = [g for held in new.values() for g in held]
            yield f"lets in {words(names, 'principal')}{_said_condition(some_how)}", worst
        for who, held in sorted(after.items()):
            if who in before and (more := added(before[who], held)):
                actions = words((grant.said for grant, _ in more), "action")
                yield f"lets {words([who], 'principal')} do more than before: {actions}"
        if change.action in (Action.UPDATE, Action.REPLACE):
            yield from _no_longer_denied(change, attribute, words)

    @risk(IAM6)
    def unclear(plan: Plan, change: Change) -> Iterator[Found]:
        if not change.is_written:
            return
        before, after = _both(change, attribute)
        had = {grant.principal for grant in before}
        strange = {
            grant.principal
            for grant in after
            if not _is_plain(grant.principal) and grant.principal not in had
        }
        if strange:
            said = _Words(change, attribute)(strange, "principal")
            yield f"lets in {said}, which tells no account: not judged"

    return lets_in, unclear, narrows(attribute), _not_judged(attribute, computed=computed)


def _is_plain(principal: str) -> bool:
    """Whether a principal is an account, everybody, a service or a provider."""
    return (
        not principal
        or principal == EVERYBODY
        or principal.isdigit()
        or "." in principal
        or ":" in principal
    )


def endpoint_policy() -> tuple[RiskCheck, ...]:
    """The risks of the policy of a VPC endpoint: what it lets through, more or less than before.

    One that is made without a policy lets everything through, so a creation is no risk.
    """

    @risk(IAM1)
    def wider(plan: Plan, change: Change) -> Iterator[Found]:
        if change.action is Action.UPDATE and change.judged("before", "policy"):
            for found in _wider(change, "policy", _Words(change, "policy")):
                yield (found if isinstance(found, str) else found[0]), Severity.MEDIUM

    return wider, narrows(), _not_judged("policy", computed=True)


def narrows(attribute: str = "policy") -> RiskCheck:
    """The risk that a policy of a resource no longer allows what it did, or denies it."""

    @risk(PLAN4)
    def less(plan: Plan, change: Change) -> Iterator[Found]:
        if change.action is not Action.UPDATE or _unread(plan, change, attribute, computed=True):
            return
        words = _Words(change, attribute)
        before, after = _both(change, attribute)
        lost = [
            grant
            for who in {grant.principal for grant in before}
            for grant, how in added(_of(who, after), _of(who, before))
            if not how
        ]
        if lost:
            who = words({grant.principal for grant in lost} - {""}, "principal")
            actions = words((grant.said for grant in lost), "action")
            yield f"no longer allows {actions}{f' to {who}' if who else ''}", Severity.MEDIUM
        had, has = _both(change, attribute, "Deny")
        new = {grant.said for grant in has if not any(old.covers(grant) for old in had)}
        if new:
            yield f"denies {words(new, 'action')} in more cases than before", Severity.MEDIUM

    return less


def _of(who: str, held: Iterable[Grant]) -> list[Grant]:
    """The grants of a principal, and of everybody."""
    return [grant for grant in held if grant.principal in (who, EVERYBODY)]


# Trust


@risk(IAM3)
def wider_trust(plan: Plan, change: Change) -> Iterator[Found]:
    """The risk that a role can be assumed by others than before, or under fewer conditions."""
    if not change.is_written:
        return
    words = _Words(change, "assume_role_policy")
    before, after = _both(change, "assume_role_policy")
    had, has = {grant.principal for grant in before}, {grant.principal for grant in after}
    new = {who for who in has - had if who}
    foreign = {p for p in new if p == EVERYBODY or (p.isdigit() and p not in plan.accounts)}
    if foreign:
        excepted = {g.who for g in after if g.but_principals}
        names = foreign - {EVERYBODY} | excepted if excepted else foreign
        worst = Severity.CRITICAL if EVERYBODY in foreign else Severity.HIGH
        of_them = [grant for grant in after if grant.principal in foreign]
        yield f"can be assumed by {words(names, 'principal')}{_said_condition(of_them)}", worst
    elif change.action is Action.UPDATE and new:
        yield f"can be assumed by {words(new, 'principal')} too", Severity.MEDIUM
    eased = {
        grant.principal
        for grant in after
        if grant.principal in had
        and not grant.condition
        and all(old.condition for old in before if old.principal == grant.principal)
    }
    if eased:
        yield f"can be assumed by {words(eased, 'principal')} without a condition that it had"
    if shared := _any_tenant(after) - _any_tenant(before):
        yield f"can be assumed by every identity of {words(shared, 'principal')}", Severity.CRITICAL
    yield from _no_longer_denied(change, "assume_role_policy", words)


_SHARED_ISSUERS = (
    "accounts.google.com",
    "agent.buildkite.com",
    "api.bitbucket.org",
    "app.terraform.io",
    "gitlab.com",
    "graph.facebook.com",
    "oidc.circleci.com",
    "token.actions.githubusercontent.com",
    "www.amazon.com",
)
"""Issuers of tokens for whoever has an account there: only a condition on the subject tells whose it is.

Source: IAM user guide, Create a role for OpenID Connect federation.
"""


def _any_tenant(held: Iterable[Grant]) -> set[str]:
    """The providers of a trust policy of which no condition asks whose identity it is."""
    found = set()
    for grant in held:
        issuer = grant.principal.partition(":oidc-provider/")[2] or grant.principal
        if issuer.partition("/")[0] not in _SHARED_ISSUERS:
            continue
        asked = json.loads(grant.condition or "{}")
        if not any(
            operator.startswith(("StringEquals", "StringLike", "ForAnyValue:String"))
            and "Not" not in operator
            and not operator.endswith("IfExists")
            and key.lower().partition(":")[2] not in ("aud", "")
            and all(_names_tenant(each) for each in listed(values))
            for operator, keys in asked.items()
            for key, values in keys.items()
        ):
            found.add(grant.principal)
    return found


def _names_tenant(value: str) -> bool:
    """Whether a pattern of a subject says more than its form: `repo:*` says nothing."""
    first = re.sub(r"^(repo|project_path|organization|org):", "", value)
    return not first.startswith(("*", "?"))


trust = (wider_trust, _not_judged("assume_role_policy"))
"""The risks of who may assume a role."""


# Permissions that are arguments, and no documents


@risk(IAM5)
def any_account(plan: Plan, permission: Change) -> Iterator[Found]:
    """A service that may call a function on behalf of whoever uses that service.

    Source: Lambda developer guide, Granting Lambda function access to AWS services.
    """
    value = str(permission.judged("after", "principal") or "")
    narrowed = ("source_arn", "source_account", "principal_org_id", "event_source_token")
    if not permission.is_written or not value.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return
    if any(permission.after.get(each) or permission.is_unknown(each) for each in narrowed):
        return
    if permission.action is Action.UPDATE and not any(map(permission.before.get, narrowed)):
        return
    shown = value if value == permission.after.get("principal") else "a service (masked)"
    yield (
        f"lets in {shown} for every account: it names neither source_arn nor source_account",
        Severity.MEDIUM,
    )


def everybody(attribute: str, word: str) -> RiskCheck:
    """The risk that an argument shares something with everybody, by AWS's word for that."""

    @risk(IAM5)
    def shared(plan: Plan, change: Change) -> Iterator[Found]:
        before, after = (
            {str(each).lower() for each in listed_values(change.judged(side, attribute))}
            for side in ("before", "after")
        )
        if change.is_written and word in after and word not in before:
            yield "lets in everybody", Severity.CRITICAL

    return shared


def listed_values(value: Any) -> list[Any]:
    """The values of an argument that is a list, a set or one value."""
    if isinstance(value, dict):
        return [each for held in value.values() for each in listed_values(held)]
    if isinstance(value, list):
        return [each for held in value for each in listed_values(held)]
    return [] if value is None else [each.strip() for each in str(value).split(",")]


# Kubernetes

_ANYBODY = ("system:anonymous", "system:authenticated", "system:unauthenticated")
_WHOLE_ROLES = {"cluster-admin": Severity.CRITICAL, "admin": Severity.HIGH}


@risk(IAM2)
def _binds_everything(plan: Plan, binding: Change) -> Iterator[Found]:
    """A binding to a role of Kubernetes that may do everything, in the cluster or a namespace."""
    role = str(dig(binding.after, "role_ref", "name") or "")
    whole = role in _WHOLE_ROLES and dig(binding.after, "role_ref", "kind") != "Role"
    if not binding.is_written or not whole:
        return
    people = _subjects(binding.after) - (
        _subjects(binding.before) if dig(binding.before, "role_ref", "name") == role else set()
    )
    if people:
        in_cluster = "cluster_role_binding" in binding.type
        worst = _WHOLE_ROLES[role] if in_cluster else Severity.HIGH
        yield f"gives {some(sorted(people))} every right of {role}", worst


@risk(IAM5)
def _binds_anybody(plan: Plan, binding: Change) -> Iterator[Found]:
    people = {each for each in _subjects(binding.after) if each in _ANYBODY}
    new = people - _subjects(binding.before)
    if binding.is_written and new:
        yield f"lets in {some(sorted(new))}", Severity.CRITICAL


def _subjects(values: dict[str, Any]) -> set[str]:
    return {
        "/".join(str(part) for part in (each.get("namespace"), each.get("name")) if part)
        if each.get("kind") == "ServiceAccount"
        else str(each.get("name"))
        for each in values.get("subject") or ()
        if isinstance(each, dict)
    }


@risk(IAM2)
def _role_of_everything(plan: Plan, role: Change) -> Iterator[Found]:
    """A role of Kubernetes whose rule has the wildcard for groups, resources and verbs."""
    before, after = (
        any(map(_is_whole, side.get("rule") or ())) for side in (role.before, role.after)
    )
    if role.is_written and after and not before:
        worst = Severity.CRITICAL if "cluster_role" in role.type else Severity.HIGH
        yield "allows every verb on every resource", worst


def _is_whole(rule: Any) -> bool:
    return all("*" in (dig(rule, name) or ()) for name in ("api_groups", "resources", "verbs"))


def _of_an_account(attribute: str) -> RiskCheck:
    """The risk that a principal of an account is let in by a plan that does not tell its own."""

    @risk(IAM6)
    def unclear(plan: Plan, change: Change) -> Iterator[Found]:
        value = str(change.judged("after", attribute) or "")
        same = change.action is Action.UPDATE and value == change.judged("before", attribute)
        names_one = re.search(r"(?:^|:)\d{12}(?:$|:)", value) is not None
        if change.is_written and names_one and not plan.accounts and not same:
            yield f"has a {attribute} of an account, and the plan does not tell its own: not judged"

    return unclear


def lets(attribute: str = "principal") -> tuple[RiskCheck, ...]:
    """The risks of a resource whose attribute is the principal that is let in."""

    @risk(IAM5)
    def lets_in(plan: Plan, change: Change) -> Iterator[Found]:
        if not change.is_written:
            return
        value = str(change.judged("after", attribute) or "")
        if change.action is Action.UPDATE and value == change.judged("before", attribute):
            return
        account = next(
            (part for part in value.split(":") if part.isdigit() and len(part) == 12), value
        )
        shown = account if value == change.after.get(attribute) else "a principal (masked)"
        narrowed = change.after.get("principal_org_id") or change.after.get("source_account")
        if value == EVERYBODY and not narrowed:
            yield f"lets in {shown}", Severity.CRITICAL
        elif account.isdigit() and plan.accounts and account not in plan.accounts:
            yield f"lets in {shown}"
        source = str(change.after.get("source_account") or "")
        if source and plan.accounts and source not in plan.accounts:
            yield f"lets in {value if source == account else source} by its source_account"

    @risk(IAM6)
    def unknown(plan: Plan, change: Change) -> Iterator[Found]:
        if change.is_written and change.is_unknown(attribute):
            referred = plan.referred(change, attribute)
            if not referred:
                yield f"has a {attribute} that is not known yet: not judged"

    return lets_in, unknown, _of_an_account(attribute)


def _shown(change: Change, attribute: str) -> list[Any]:
    """The values of a list; the mask alone where it is masked, so that it is told."""
    value = change.after.get(attribute) or []
    if isinstance(value, list):
        return value
    return [{"name": value}] if attribute.endswith("reference") else [value]


def _assigned(change: Change) -> str:
    who, where = (change.after.get(key) or "somebody" for key in ("principal_id", "target_id"))
    return f"gives {who} a permission set in {where}"


def _groups(change: Change) -> str:
    groups = [str(group) for group in _shown(change, "kubernetes_groups")]
    held = change.before.get("kubernetes_groups") or ()
    new = [group for group in groups if group not in held]
    return f"gives the rights of {some(new)} in Kubernetes" if new else ""


def _member(change: Change) -> str:
    names = _shown(change, "groups") or [change.after.get("group") or change.after.get("name")]
    return f"gives users the rights of the group {some([str(name) for name in names])}"


def _referenced(change: Change) -> str:
    held = _shown(change, "customer_managed_policy_reference") or [{}]
    return f"attaches the policy {held[0].get('name') or 'of another account'}"


access_entry = (*lets("principal_arn"), not_judged(_groups))
"""The risks of an access entry of EKS."""

_OF_RESOURCES = {
    "aws_api_gateway_rest_api_policy": ("policy of a REST API", "policy"),
    "aws_backup_vault_policy": ("policy of a backup vault", "policy"),
    "aws_cloudwatch_event_bus_policy": ("policy of an event bus", "policy"),
    "aws_cloudwatch_log_destination_policy": ("policy of a log destination", "access_policy"),
    "aws_cloudwatch_log_resource_policy": ("policy of log groups", "policy_document"),
    "aws_codeartifact_domain_permissions_policy": ("policy of a domain", "policy_document"),
    "aws_codeartifact_repository_permissions_policy": ("policy of packages", "policy_document"),
    "aws_dynamodb_resource_policy": ("policy of a table", "policy"),
    "aws_ecrpublic_repository_policy": ("policy of a public repository", "policy"),
    "aws_efs_file_system_policy": ("policy of a file system", "policy"),
    "aws_glue_resource_policy": ("policy of a catalog", "policy"),
    "aws_kinesis_resource_policy": ("policy of a stream", "policy"),
    "aws_kms_key_policy": ("policy of a key", "policy"),
    "aws_opensearch_domain_policy": ("policy of a search domain", "access_policies"),
    "aws_s3control_access_point_policy": ("policy of an access point", "policy"),
    "aws_s3control_bucket_policy": ("policy of a bucket", "policy"),
    "aws_secretsmanager_secret_policy": ("policy of a secret", "policy"),
}
_WITH_A_POLICY = {
    "aws_ecr_repository_creation_template": ("template of repositories", "repository_policy"),
    "aws_kms_external_key": ("key", "policy"),
    "aws_kms_replica_key": ("key", "policy"),
    "aws_s3_access_point": ("access point", "policy"),
}

FOREIGN = (
    Foreign("aws_iam_user", "user", risks=(unbounded,)),
    Foreign("aws_iam_user_policy", "policy of a user", risks=identity_policy()),
    Foreign("aws_iam_group_policy", "policy of a group", risks=identity_policy()),
    Foreign(
        "aws_ssoadmin_permission_set_inline_policy",
        "policy of a permission set",
        risks=identity_policy("inline_policy"),
    ),
    *(
        Foreign(f"aws_iam_{kind}", "attached policy", risks=managed_policies())
        for kind in ("policy_attachment", "user_policy_attachment", "group_policy_attachment")
    ),
    *(
        Foreign(
            f"aws_iam_{kind}_policy_attachments_exclusive",
            "attached policies",
            risks=managed_policies("policy_arns"),
        )
        for kind in ("role", "user", "group")
    ),
    Foreign(
        "aws_ssoadmin_managed_policy_attachment",
        "policy of a permission set",
        risks=managed_policies("managed_policy_arn"),
    ),
    Foreign(
        "aws_ssoadmin_customer_managed_policy_attachment",
        "policy of a permission set",
        risks=(not_judged(_referenced),),
    ),
    Foreign(
        "aws_ssoadmin_account_assignment",
        "assignment of a permission set",
        risks=(not_judged(_assigned, Severity.MEDIUM),),
    ),
    Foreign("aws_iam_group_membership", "users of a group", risks=(not_judged(_member),)),
    Foreign("aws_iam_user_group_membership", "groups of a user", risks=(not_judged(_member),)),
    Foreign("aws_lambda_layer_version_permission", "permission of a layer", risks=lets()),
    Foreign("aws_cloudwatch_event_permission", "permission of an event bus", risks=lets()),
    Foreign(
        "aws_ami_launch_permission",
        "share of an image",
        risks=(*lets("account_id"), everybody("group", "all")),
    ),
    Foreign("aws_ssm_document", "document", risks=(everybody("permissions", "all"),)),
    *(
        Foreign(kind, "snapshot", risks=(everybody("shared_accounts", "all"),))
        for kind in ("aws_db_snapshot", "aws_db_cluster_snapshot", "aws_db_snapshot_copy")
    ),
    *(
        Foreign(
            f"kubernetes_{scope}role_binding{version}",
            "binding of a role in Kubernetes",
            risks=(_binds_everything, _binds_anybody),
        )
        for scope in ("", "cluster_")
        for version in ("", "_v1")
    ),
    *(
        Foreign(
            f"kubernetes_{scope}role{version}",
            "role in Kubernetes",
            risks=(_role_of_everything,),
        )
        for scope in ("", "cluster_")
        for version in ("", "_v1")
    ),
    Foreign("aws_vpc_endpoint_policy", "policy of a VPC endpoint", risks=endpoint_policy()),
    Foreign(
        "aws_snapshot_create_volume_permission", "share of a snapshot", risks=lets("account_id")
    ),
    Foreign("aws_kms_grant", "grant of a key", risks=lets("grantee_principal")),
    Foreign("aws_ram_principal_association", "share of a resource", risks=lets()),
    *(
        Foreign(kind, words, risks=resource_policy(attribute))
        for kind, (words, attribute) in _OF_RESOURCES.items()
    ),
    *(
        Foreign(kind, words, risks=resource_policy(attribute, computed=True))
        for kind, (words, attribute) in _WITH_A_POLICY.items()
    ),
)
