"""What no longer lets in or leads to what it did: ingress rules, network ACLs, DNS records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..plan import Action, Change, Plan
from ..told import Severity
from .ground import Way, goes, users, ways
from .record import Found, risk
from .risks import deleted_too, open_ranges
from .untold import hidden
from .weaker import NET4, changes
from .words import some

# Security groups

_GROUPS = ("aws_security_group", "aws_default_security_group")
_OLD_RULE = "aws_security_group_rule"


def _lets_in(change: Change, values: dict[str, Any]) -> list[Way]:
    """What a security group, or a rule of one, lets in."""
    if change.type in _GROUPS:
        return [way for rule in values.get("ingress") or () for way in ways(rule)]
    if change.type == _OLD_RULE and values.get("type") != "ingress":
        return []
    return ways(values)


def _group(change: Change, values: dict[str, Any]) -> Any:
    return values.get("id" if change.type in _GROUPS else "security_group_id")


@risk(NET4)
def _no_longer_lets_in(plan: Plan, change: Change) -> Iterator[Found]:
    """Callers that a security group let in, and that no rule of it lets in afterwards.

    Not where a group that was open to the internet is narrowed to some callers, as NET1 advises.
    """
    if change.action in (Action.NONE, Action.CREATE, Action.READ, Action.FORGET):
        return
    group = _group(change, change.before)
    if not group or deleted_too(plan, change, "aws_security_group", "security_group_id"):
        return
    if change.type in _GROUPS and (change.action is not Action.UPDATE or hidden(change, "ingress")):
        return
    rules = [
        other
        for other in plan.of_type(*_GROUPS, _OLD_RULE, "aws_vpc_security_group_ingress_rule")
        if other.exists_after and group in (_group(other, other.after), _group(other, other.before))
    ]
    if any(other.is_written and _untold(other) for other in rules):
        return
    left = [way for other in rules for way in _lets_in(other, other.after)]
    lost = [
        way
        for way in _lets_in(change, change.before)
        if not goes(way, left)
        and not (open_ranges(way[:1]) and any(goes(one, [way]) for one in left))
    ]
    if lost:
        yield (
            f"no longer lets in {some(sorted({_said(way) for way in lost}))}"
            f"{_stand(users(plan, lambda text: text == group))}",
            Severity.MEDIUM,
        )


def _stand(named: list[str]) -> str:
    return f"; {some(named)} {'depends' if len(named) == 1 else 'depend'} on it" if named else ""


def _untold(rule: Change) -> bool:
    """Whether the apply alone tells whom a rule lets in."""
    sources = ("ingress", "cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks")
    groups = ("referenced_security_group_id", "source_security_group_id", "prefix_list_id")
    return any(hidden(rule, name) for name in (*sources, *groups))


def _said(way: Way) -> str:
    source, protocol, low, high = way
    if protocol == "-1":
        return f"{source} on every port"
    return f"{source} on port {low}" if low == high else f"{source} on ports {low} to {high}"


INGRESS = (_no_longer_lets_in,)

# Network ACLs

_ACLS = ("aws_network_acl", "aws_default_network_acl")
_Entry = tuple[str, str, str, str, Any, Any]
"""The direction, allow or deny, the range, the protocol, and the first and last port."""


def _entries(change: Change, values: dict[str, Any]) -> set[_Entry]:
    if change.type in _ACLS:
        return {
            _entry(way, rule, rule.get("action"))
            for way in ("ingress", "egress")
            for rule in values.get(way) or ()
            if isinstance(rule, dict)
        }
    if not values:
        return set()
    return {_entry("egress" if values.get("egress") else "ingress", values, values["rule_action"])}


def _entry(way: str, rule: dict[str, Any], action: Any) -> _Entry:
    block = str(rule.get("cidr_block") or rule.get("ipv6_cidr_block") or "")
    protocol = {"all": "-1", "tcp": "6", "udp": "17"}.get(str(rule.get("protocol")))
    ports = (rule.get("from_port"), rule.get("to_port"))
    return way, str(action).lower(), block, protocol or str(rule.get("protocol")), *ports


@risk(NET4)
def _denies(plan: Plan, change: Change) -> Iterator[Found]:
    """What a network ACL denies that it did not, or no longer allows."""
    if change.action in (Action.NONE, Action.READ, Action.FORGET):
        return
    if change.type in _ACLS and not changes(change):
        return
    if deleted_too(plan, change, "aws_network_acl", "network_acl_id"):
        return
    if change.type not in _ACLS and _acl_is_new(plan, change):
        return
    before, after = (_entries(change, side) for side in (change.before, change.after))
    others = {
        entry
        for other in plan.of_type(change.type)
        if other is not change
        and other.exists_after
        and change.type not in _ACLS
        and other.after.get("network_acl_id") == change.before.get("network_acl_id")
        for entry in _entries(other, other.after)
    }
    denied = [entry for entry in after - before if entry[1] == "deny"]
    lost = [entry for entry in before - after - others if entry[1] == "allow"]
    if denied:
        yield f"denies {_all(denied)}", Severity.MEDIUM
    if lost and not any(hidden(change, name) for name in ("ingress", "egress", "cidr_block")):
        yield f"no longer allows {_all(lost)}"


def _acl_is_new(plan: Plan, rule: Change) -> bool:
    if rule.action is not Action.CREATE:
        return False
    referred = plan.referred(rule, "network_acl_id")
    return any(other.action is Action.CREATE for other in referred)


def _all(entries: Iterable[_Entry]) -> str:
    said = set()
    for way, _, block, protocol, low, high in entries:
        ports = f"port {low}" if low == high else f"ports {low} to {high}"
        what = "everything" if protocol == "-1" else ports
        said.add(f"{what} {'from' if way == 'ingress' else 'to'} {block}")
    return some(sorted(said))


NETWORK_ACL = (_denies,)

# DNS


def _leads_to(values: dict[str, Any]) -> list[str]:
    """What a DNS record leads to: its values, or the name that it is an alias of."""
    alias = values.get("alias") or ()
    names = [str(each.get("name")) for each in alias if isinstance(each, dict)]
    return sorted({*map(str, values.get("records") or ()), *names})


def validates(values: dict[str, Any]) -> bool:
    """Whether a DNS record is there for ACM alone, which validates a certificate by it."""
    return any("acm-validations" in each for each in _leads_to(values))


@risk(NET4)
def _unresolved(plan: Plan, record: Change) -> Iterator[Found]:
    """A DNS record that goes, or leads elsewhere."""
    name, kind = record.before.get("name"), record.before.get("type")
    if record.action is Action.DELETE:
        again = any(
            other is not record
            and other.exists_after
            and (other.after.get("name"), other.after.get("type")) == (name, kind)
            for other in plan.of_type(record.type)
        )
        if again:
            return
        if validates(record.before):
            text = f"is deleted, so ACM no longer renews the certificate of {name}"
            yield text, Severity.MEDIUM
        else:
            yield f"is deleted, so {name} leads nowhere"
        return
    if not changes(record) or hidden(record, "records") or hidden(record, "alias"):
        return
    if hidden(record, "alias", 0, "name"):
        return
    before, after = _leads_to(record.before), _leads_to(record.after)
    if before and after and before != after:
        yield f"leads {name} to {some(after)} (was {some(before)})", Severity.MEDIUM


DNS_RECORD = (_unresolved,)
