"""What running services stand on: ways out, security groups, rights, images, keys, alarms.

A service that a plan shows to use what goes is named as standing on it. Where the plan does not
show that, the services of the plan are named as those that may.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..iam import Grant, NotReadableError, grants
from ..plan import Action, Change, Plan, Side
from ..told import RiskRule, Severity
from .record import Found, risk
from .risks import deleted_too, gone
from .words import some

PLAN4 = RiskRule(
    "PLAN4",
    Severity.HIGH,
    "what running services stand on is taken away",
    advice="make what takes its place first and move the services to it; delete it in a second "
    "change, after verify",
)

_CLUSTER = "aws_eks_cluster"
SERVICES = ("aws_sagemaker_endpoint", "aws_ecs_service", _CLUSTER, "aws_lambda_function")
_HELD = (
    "aws_sagemaker_endpoint_configuration",
    "aws_sagemaker_model",
    "aws_ecs_task_definition",
    "aws_eks_node_group",
)
"""What belongs to a service, so that what it uses the service uses."""

RUNNING = (
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "kms:Decrypt",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
)
"""Actions without which a service cannot start: pulls, artifacts, secrets, logs."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What goes away, and what tells the services that use it."""

    how: str
    uses: Callable[[str], bool]
    """Whether a value of a service shows that it uses it."""

    may: Callable[[Change], bool] = lambda service: True
    """Whether a service may use it of which the plan does not show it."""


Cut = Callable[[Plan, Change], Iterator[Loss]]


def _is(*values: Any) -> Callable[[str], bool]:
    wanted = {str(value) for value in values if value}
    return lambda text: text in wanted


def _name(service: Change) -> str:
    values = service.before
    return str(values.get("name") or values.get("function_name") or service.name)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):
            try:
                yield from _texts(json.loads(value))
            except ValueError:
                return
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _used(plan: Plan, service: Change, side: Side = "before") -> set[str]:
    """Every text of a service, and of what belongs to it."""
    values = service.at(side)
    found, left = {*_texts(values)}, [*plan.of_type(*_HELD)]
    while True:
        near = []
        for held in left:
            named = {str(held.at(side).get(key)) for key in ("arn", "id", "name")} - {"None"}
            of_cluster = held.at(side).get("cluster_name") or ""
            if found & named or of_cluster == values.get("name"):
                near.append(held)
        if not near:
            return found
        left = [held for held in left if held not in near]
        for held in near:
            found |= {*_texts(held.at(side))}


def _moves(plan: Plan, change: Change, service: Change, loss: Loss) -> bool:
    """Whether a service uses something else once what it used is deleted."""
    return (
        change.action is Action.DELETE
        and any(map(loss.uses, _used(plan, service)))
        and not any(map(loss.uses, _used(plan, service, "after")))
    )


@risk(PLAN4)
def cut(plan: Plan, change: Change) -> Iterator[Found]:
    """The risk that something goes that services which stay use."""
    find = None if change.is_data or change.deposed else CUTS.get(change.type)
    if find is None or not change.exists_before or change.action is Action.NONE:
        return
    services = plan.of_type(*SERVICES)
    running = [each for each in services if each.exists_before and each.exists_after]
    if services and not running:
        return
    for loss in find(plan, change):
        left = [each for each in running if not _moves(plan, change, each, loss)]
        using = [each for each in left if any(map(loss.uses, _used(plan, each)))]
        maybe = [each for each in left if loss.may(each)]
        if using:
            verb = "stands" if len(using) == 1 else "stand"
            yield f"{loss.how}; {_names(using)} {verb} on it"
        elif maybe:
            yield f"{loss.how}; {_names(maybe)} may stand on it", Severity.MEDIUM
        elif not running:
            text = "services that are not in this plan may stand on it"
            yield f"{loss.how}; {text}", Severity.MEDIUM


def _names(services: list[Change]) -> str:
    return some(sorted({_name(service) for service in services}))


def _how(change: Change) -> str:
    """How a resource goes; empty where it stays or its successor is made first."""
    return "" if change.created_first else gone(change)


# The network

_TARGETS = ("nat_gateway_id", "gateway_id", "egress_only_gateway_id", "vpc_endpoint_id")


def _in_place(plan: Plan, change: Change, *arguments: str) -> bool:
    """Whether the plan creates another one with the same values of some arguments."""
    return any(
        other.action is Action.CREATE
        and all(other.after.get(name) == change.before.get(name) for name in arguments)
        for other in plan.of_type(change.type)
    )


def _way_out(*same: str) -> Cut:
    """A gateway, route or VPC endpoint, unless another one takes its place."""

    def find(plan: Plan, change: Change) -> Iterator[Loss]:
        how, identity = _how(change), change.before.get("id")
        if not how or deleted_too(plan, change, "aws_vpc", "vpc_id"):
            return
        routes = [
            route
            for route in plan.of_type("aws_route")
            if identity and identity in map(route.before.get, _TARGETS)
        ]
        moved = bool(routes) and all(route.action is Action.UPDATE for route in routes)
        if not moved and not (same and _in_place(plan, change, *same)):
            vpc = change.before.get("vpc_id")
            yield Loss(how, _is(), may=lambda service: _in_vpc(plan, service, vpc))

    return find


def _in_vpc(plan: Plan, service: Change, vpc: Any) -> bool:
    """Whether a service may be in a VPC; not where the plan shows that it is in another one."""
    used = _used(plan, service)
    vpcs = {
        s.before.get("vpc_id") for s in plan.of_type("aws_subnet") if s.before.get("id") in used
    }
    return not vpc or not vpcs or vpc in vpcs


def _security_group(plan: Plan, change: Change) -> Iterator[Loss]:
    how = _how(change)
    if not how and change.action is Action.UPDATE and not change.is_unknown("egress"):
        before, after = (change.judged(side, "egress") for side in ("before", "after"))
        lost = [rule for rule in before or () if rule not in (after or ())]
        open_ = any(_is_open(rule) for rule in after or ())
        how = "loses rules of egress" if lost and not open_ else ""
    if how:
        yield Loss(how, _is(change.before.get("id")))


def _is_open(rule: Any) -> bool:
    """Whether a rule lets everything out."""
    ranges = [*(rule.get("cidr_blocks") or ()), rule.get("cidr_ipv4")]
    return "0.0.0.0/0" in ranges and "-1" in (rule.get("protocol"), rule.get("ip_protocol"))


def _egress(plan: Plan, change: Change) -> Iterator[Loss]:
    how, group = _how(change), change.before.get("security_group_id")
    rules = [
        rule.after
        for rule in plan.of_type(change.type)
        if rule is not change and rule.exists_after and rule.after.get("security_group_id") == group
    ]
    same = ("cidr_ipv4", "from_port", "to_port", "ip_protocol", "protocol", "cidr_blocks")
    stays = any(
        _is_open(rule) or all(rule.get(key) == change.before.get(key) for key in same)
        for rule in rules
        if rule.get("type", "egress") == "egress"
    )
    if how and change.before.get("type", "egress") == "egress" and not stays:
        yield Loss(how, _is(group))


def _load_balancing(plan: Plan, change: Change) -> Iterator[Loss]:
    if how := _how(change):
        groups = [change.before.get("arn"), *_texts(change.before.get("action"))]
        of_tasks = ("aws_ecs_service", _CLUSTER, "aws_lambda_function")
        yield Loss(how, _is(*groups), may=lambda service: service.type in of_tasks)


# Rights


def _allowed(policy: Any) -> list[Grant]:
    try:
        return grants(policy)
    except NotReadableError:
        return []


def _needed(held: list[Grant]) -> set[str]:
    """Which actions of those that a service needs are allowed, on any resource."""
    return {
        action
        for action in RUNNING
        if any(grant.covers(Grant(action, ""), conditions=False, resources=False) for grant in held)
    }


def _rights(plan: Plan, change: Change) -> Iterator[Loss]:
    """A policy of a role that lets a service start."""
    if deleted_too(plan, change, "aws_iam_role", "role"):
        return
    role = str(change.before.get("role") or "")
    others = [
        grant
        for other in plan.of_type(change.type)
        if other.exists_after and other.after.get("role") == role
        for grant in _allowed(other.judged("after", "policy"))
    ]
    if change.is_unknown("policy") or not role:
        return
    lost = _needed(_allowed(change.judged("before", "policy"))) - _needed(others)
    if lost:
        shown = isinstance(change.before.get("policy"), str)
        what = f"takes {some(sorted(lost))} from {role}" if shown else f"takes rights from {role}"
        yield Loss(what, lambda text: text == role or text.endswith(f"/{role}"))


def _attached(plan: Plan, change: Change) -> Iterator[Loss]:
    role = str(change.before.get("role") or "")
    how = _how(change)
    if how and role and not deleted_too(plan, change, "aws_iam_role", "role"):
        yield Loss(
            how,
            lambda text: text == role or text.endswith(f"/{role}"),
            may=lambda service: False,
        )


def _pulls(plan: Plan, change: Change) -> Iterator[Loss]:
    """The policy of a repository, without which other accounts do not pull."""
    if deleted_too(plan, change, "aws_ecr_repository", "repository"):
        return
    how = _how(change)
    if not how and change.action is Action.UPDATE and not change.is_unknown("policy"):
        before, after = (
            _needed(_allowed(change.judged(side, "policy"))) for side in ("before", "after")
        )
        how = f"no longer allows {some(sorted(before - after))}" if before - after else ""
    if how:
        yield Loss(f"{how}, so other accounts may not pull", _images(change))


def _images(change: Change) -> Callable[[str], bool]:
    name = re.escape(str(change.before.get("repository") or ""))
    return lambda text: (
        bool(name) and re.search(rf"\.amazonaws\.com[\w.]*/{name}[:@]", text) is not None
    )


def _expiry(plan: Plan, change: Change) -> Iterator[Loss]:
    """Rules of expiry that keep fewer images, or other images, than before."""
    if change.action not in (Action.UPDATE, Action.REPLACE) or change.is_unknown("policy"):
        return
    before, after = (_kept(change.at(side).get("policy")) for side in ("before", "after"))
    if any(rule not in before or count < before[rule] for rule, count in after.items()):
        yield Loss("keeps fewer images", _images(change))


def _kept(policy: Any) -> dict[str, float]:
    """How many images or days each rule of a lifecycle policy keeps, by what it selects."""
    try:
        rules = json.loads(policy or "{}").get("rules", [])
    except (ValueError, TypeError, AttributeError):
        return {}
    found = {}
    for rule in rules:
        selection = dict(rule.get("selection") or {})
        count = selection.pop("countNumber", 0)
        found[json.dumps(selection, sort_keys=True)] = count
    return found


# Clusters, scaling, alarms, keys


def _of_cluster(plan: Plan, change: Change) -> Iterator[Loss]:
    cluster = change.before.get("cluster_name")
    if (how := _how(change)) and not deleted_too(plan, change, _CLUSTER, "cluster_name"):
        clusters = {str(each.before.get("name")) for each in plan.of_type(_CLUSTER)}
        shown = cluster if cluster in clusters else ""
        if not clusters:
            how = f"{how} under the cluster {cluster}"
        yield Loss(how, _is(shown), may=lambda service: service.type == _CLUSTER or not clusters)


def _alarm(plan: Plan, change: Change) -> Iterator[Loss]:
    if change.action is Action.DELETE:
        name = str(change.before.get("alarm_name") or "")
        told = {name, *_texts(change.before.get("dimensions"))}
        yield Loss(
            "is deleted, so it rolls nothing back",
            _is(name),
            may=lambda service: _name(service) in told or name.startswith(f"{_name(service)}-"),
        )


def _scaling(plan: Plan, change: Change) -> Iterator[Loss]:
    """A scalable target; one that is replaced is registered again by the same apply."""
    parts = str(change.before.get("resource_id") or "").split("/")
    name = "".join(parts[2:3] if parts[0] == "service" else parts[1:2])
    services = {_name(each): each for each in plan.of_type(*SERVICES)}
    stays = name not in services or services[name].exists_after
    again = _in_place(plan, change, "resource_id", "scalable_dimension")
    if change.action is Action.DELETE and stays and not again:
        text = f"is deleted, so {name or 'its service'} no longer scales"
        yield Loss(text, _is(name), may=lambda service: name not in services)


def _key(plan: Plan, change: Change) -> Iterator[Loss]:
    before, after = change.both("is_enabled")
    disabled = change.action is Action.UPDATE and before is not False and after is False
    if how := ("is disabled" if disabled else gone(change)):
        values = change.before
        yield Loss(how, _is(values.get("arn"), values.get("key_id"), values.get("id")))


CUTS: dict[str, Cut] = {
    "aws_nat_gateway": _way_out(),
    "aws_internet_gateway": _way_out(),
    "aws_egress_only_internet_gateway": _way_out(),
    "aws_vpc_endpoint": _way_out("vpc_id", "service_name"),
    "aws_vpc_endpoint_route_table_association": _way_out("route_table_id"),
    "aws_route": _way_out("route_table_id", "destination_cidr_block"),
    "aws_route_table": _way_out(),
    "aws_route_table_association": _way_out("subnet_id"),
    "aws_security_group": _security_group,
    "aws_security_group_rule": _egress,
    "aws_vpc_security_group_egress_rule": _egress,
    "aws_lb_listener_rule": _load_balancing,
    "aws_lb_target_group": _load_balancing,
    "aws_iam_role_policy": _rights,
    "aws_iam_role_policy_attachment": _attached,
    "aws_ecr_repository_policy": _pulls,
    "aws_ecr_lifecycle_policy": _expiry,
    "aws_eks_addon": _of_cluster,
    "aws_eks_access_entry": _of_cluster,
    "aws_eks_access_policy_association": _of_cluster,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_cloudwatch_composite_alarm": _alarm,
    "aws_appautoscaling_target": _scaling,
    "aws_kms_key": _key,
}
"""How a resource of each type may be taken away from services."""
