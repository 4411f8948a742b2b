"""What running services depend on: ways out, security groups, rights, images, keys, alarms.

A service that a plan shows to use what goes is named as standing on it. Where the plan does not
show that, the services of the plan are named as those that may.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from ..iam import Grant, NotReadableError, grants
from ..plan import Action, Change, Plan, Side, dig
from ..told import RiskRule, Severity
from .record import Found, risk
from .risks import deleted_too, gone
from .words import some

PLAN4 = RiskRule(
    "PLAN4",
    Severity.HIGH,
    "what running services depend on is taken away",
    advice="make what takes its place first and move the services to it; delete it in a second "
    "change, after verify",
)

_CLUSTER = "aws_eks_cluster"
SERVICES = (
    *("aws_sagemaker_endpoint", "aws_ecs_service", "aws_sfn_state_machine", _CLUSTER),
    *("aws_lambda_function", "aws_sagemaker_pipeline", "aws_sagemaker_monitoring_schedule"),
    "aws_mwaa_environment",
)
"""What serves or runs something in an account, as the Specs make it, and functions."""

_HELD = (
    "aws_sagemaker_endpoint_configuration",
    "aws_sagemaker_data_quality_job_definition",
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


_PULL = ("ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer")
_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
EXECUTION_POLICIES = {
    "AWSLambdaBasicExecutionRole": _LOG,
    "AmazonEC2ContainerRegistryPullOnly": _PULL,
    "AmazonEC2ContainerRegistryReadOnly": _PULL,
    "AmazonECSTaskExecutionRolePolicy": (*_PULL, *_LOG),
    "AmazonEKSFargatePodExecutionRolePolicy": _PULL,
    "AmazonS3ReadOnlyAccess": ("s3:GetObject",),
}
"""Which of these actions AWS-managed policies allow that services need for nothing else.

Source: their documents in the AWS Managed Policy Reference.
"""


@dataclass(frozen=True, slots=True)
class Loss:
    """What goes away, and what tells the services that use it."""

    how: str
    uses: Callable[[str], bool]
    """Whether a value of a service shows that it uses it."""

    may: Callable[[Change], bool] = lambda service: True
    """Whether a service may use it of which the plan does not show it."""

    severity: Severity = PLAN4.severity
    """How severe it is for services that are shown to use it."""


Cut = Callable[[Plan, Change], Iterator[Loss]]


def _is(*values: Any) -> Callable[[str], bool]:
    wanted = {str(value) for value in values if value}
    return lambda text: text in wanted


def _name(service: Change) -> str:
    values = service.before
    return str(values.get("name") or values.get("function_name") or service.name)


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, also in JSON that it holds as text."""
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):
            try:
                yield from texts(json.loads(value))
            except ValueError:
                return
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def _used(plan: Plan, service: Change, side: Side = "before") -> set[str]:
    """Every text of a service, and of what belongs to it."""
    values = service.at(side)
    found, left = {*texts(values)}, [*plan.of_type(*_HELD)]
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
            found |= {*texts(held.at(side))}


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
            verb = "depends" if len(using) == 1 else "depend"
            yield f"{loss.how}; {_names(using)} {verb} on it", loss.severity
        elif maybe:
            yield f"{loss.how}; {_names(maybe)} may depend on it", Severity.MEDIUM
        elif not running:
            text = "services that are not in this plan may depend on it"
            yield f"{loss.how}; {text}", Severity.MEDIUM


def users(plan: Plan, uses: Callable[[str], bool]) -> list[str]:
    """The names of the services that a plan shows to use something, and that stay."""
    return sorted(
        {
            _name(each)
            for each in plan.of_type(*SERVICES)
            if each.exists_before and each.exists_after and any(map(uses, _used(plan, each)))
        }
    )


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
        left = [way for rule in after or () for way in ways(rule)]
        lost = [way for rule in before or () for way in ways(rule) if not goes(way, left)]
        how = "loses rules of egress" if lost else ""
    if how:
        yield Loss(how, _is(change.before.get("id")))


Way = tuple[str, str, int, int]
"""Where to or from, the protocol, and the first and last port."""
_EVERYTHING: Way = ("0.0.0.0/0", "-1", 0, 65535)
_LISTS = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups")
_ONES = (
    *("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id"),
    "source_security_group_id",
)


def ways(rule: Any) -> list[Way]:
    """What a rule of a security group lets out or in; its description lets nothing."""
    if not isinstance(rule, dict):
        return []
    lists = [rule[name] for name in _LISTS if rule.get(name)]
    targets = [str(each) for held in lists for each in (held if isinstance(held, list) else [held])]
    targets += [str(rule[name]) for name in _ONES if rule.get(name)]
    targets += ["self"] if rule.get("self") else []
    protocol = str(rule.get("protocol") or rule.get("ip_protocol") or "-1")
    low, high = rule.get("from_port"), rule.get("to_port")
    if protocol == "-1" or not isinstance(low, int) or not isinstance(high, int) or low < 0:
        low, high = 0, 65535
    return [(target, protocol, low, high) for target in targets]


def goes(way: Way, left: list[Way]) -> bool:
    """Whether what is left lets through all that a way does."""
    target, protocol, low, high = way
    return any(
        _holds(other[0], target)
        and other[1] in (protocol, "-1")
        and other[2] <= low
        and high <= other[3]
        for other in left
    )


def _holds(wider: str, narrower: str) -> bool:
    """Whether one range of addresses holds another; anything else only itself."""
    if wider == narrower or (wider == "0.0.0.0/0" and ":" not in narrower):
        return True
    try:
        outer, inner = ip_network(wider), ip_network(narrower)
    except ValueError:
        return False
    if isinstance(outer, IPv4Network) and isinstance(inner, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(outer, IPv6Network) and isinstance(inner, IPv6Network):
        return inner.subnet_of(outer)
    return False


def _egress(plan: Plan, change: Change) -> Iterator[Loss]:
    how, group = _how(change), change.before.get("security_group_id")
    if change.action is Action.UPDATE and not any(map(change.is_unknown, (*_LISTS, *_ONES))):
        how = "lets less out"
    rules = [
        rule.after
        for rule in plan.of_type(change.type)
        if rule.exists_after
        and rule.after.get("security_group_id") == group
        and (rule is not change or rule.action is Action.UPDATE)
    ]
    left = [way for rule in rules if rule.get("type", "egress") == "egress" for way in ways(rule)]
    had = ways(change.before)
    stays = _EVERYTHING in left or (bool(had) and all(goes(way, left) for way in had))
    if how and change.before.get("type", "egress") == "egress" and not stays:
        yield Loss(how, _is(group))


def _load_balancing(plan: Plan, change: Change) -> Iterator[Loss]:
    if how := _how(change):
        groups = [change.before.get("arn"), *texts(change.before.get("action"))]
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
    if change.is_unknown("policy") or not role:
        return
    left = [*_inline(plan, role), *_managed(plan, role)]
    lost = _needed(_allowed(change.judged("before", "policy"))) - _needed(left)
    if lost:
        shown = isinstance(change.before.get("policy"), str)
        what = f"takes {some(sorted(lost))} from {role}" if shown else f"takes rights from {role}"
        yield Loss(what, lambda text: text == role or text.endswith(f"/{role}"))


def _managed(plan: Plan, role: str) -> list[Grant]:
    """What the managed policies of a plan allow a role once it is applied, as far as is known."""
    return [
        grant
        for attachment in plan.of_type("aws_iam_role_policy_attachment")
        if attachment.exists_after and attachment.after.get("role") == role
        for grant in _granted(plan, attachment, "after") or ()
    ]


def _granted(plan: Plan, attachment: Change, side: Side) -> list[Grant] | None:
    """What an attached policy allows; None where nobody knows."""
    arn = str(attachment.at(side).get("policy_arn") or "")
    if (known := EXECUTION_POLICIES.get(_of_aws(arn))) is not None:
        return [Grant(action, "*") for action in known]
    held = [
        each for each in plan.of_type("aws_iam_policy") if arn and arn == each.at(side).get("arn")
    ]
    if side == "after":
        held += [
            each
            for each in plan.referred(attachment, "policy_arn")
            if each.type == "aws_iam_policy"
        ]
    if not held:
        return None
    return [grant for each in held for grant in _allowed(each.judged(side, "policy"))]


def _of_aws(arn: str) -> str:
    """The name of an AWS-managed policy; empty for one of somebody's own."""
    owner, _, path = arn.partition(":policy/")
    return path.rpartition("/")[2] if owner.endswith(":iam::aws") else ""


def _inline(plan: Plan, role: str) -> list[Grant]:
    """What the inline policies of a plan allow a role once it is applied."""
    return [
        grant
        for other in plan.of_type("aws_iam_role_policy")
        if other.exists_after and other.after.get("role") == role
        for grant in _allowed(other.judged("after", "policy"))
    ]


def _bounded(plan: Plan, change: Change) -> Iterator[Loss]:
    """A role that gets a permissions boundary: what that does not allow, it loses."""
    before, after = change.both("permissions_boundary")
    name = str(change.before.get("name") or "")
    if change.action is Action.UPDATE and not before and after:
        yield Loss(
            f"gets the permissions boundary {str(after).rpartition('/')[2]}, and loses what that "
            "does not allow: not judged",
            lambda text: text == name or text.endswith(f"/{name}"),
            severity=Severity.MEDIUM,
        )


def _attached(plan: Plan, change: Change) -> Iterator[Loss]:
    role = str(change.before.get("role") or "")
    how = _how(change)
    if not how or not role or deleted_too(plan, change, "aws_iam_role", "role"):
        return
    granted = _granted(plan, change, "before")
    if granted is not None:
        lost = _needed(granted) - _needed([*_inline(plan, role), *_managed(plan, role)])
        if not lost:
            return
        how = f"{how}, which takes {some(sorted(lost))} from {role}"
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
        yield Loss(f"{how}, so other accounts may not pull", images_of(change))


def images_of(change: Change, then: str = "[:@]") -> Callable[[str], bool]:
    """What tells an image of a repository, which the change is or names."""
    name = re.escape(str(change.before.get("repository") or change.before.get("name") or ""))
    return lambda text: (
        bool(name) and re.search(rf"\.amazonaws\.com[\w.]*/{name}{then}", text) is not None
    )


def _expiry(plan: Plan, change: Change) -> Iterator[Loss]:
    """Rules of expiry that keep fewer images, or other images, than before."""
    if change.action not in (Action.UPDATE, Action.REPLACE) or change.is_unknown("policy"):
        return
    before, after = (_kept(change.at(side).get("policy")) for side in ("before", "after"))
    fewer = [rule for rule, count in after.items() if rule not in before or count < before[rule]]
    tagged = any(json.loads(rule).get("tagStatus") != "untagged" for rule in fewer)
    by_digest = images_of(change, "(?::[^@]*)?@")
    # A service that pulls by tag has no image without one.
    if tagged:
        yield Loss("keeps fewer images", images_of(change))
    elif fewer and any(
        by_digest(text) for each in plan.of_type(*SERVICES) for text in _used(plan, each)
    ):
        yield Loss("keeps fewer images without a tag", by_digest, may=lambda service: False)


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
        for name in ("tagPrefixList", "tagPatternList"):
            if isinstance(selection.get(name), list):
                selection[name] = sorted(map(str, selection[name]))
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
        told = {name, *texts(change.before.get("dimensions"))}
        yield Loss(
            "is deleted, so it rolls nothing back",
            _is(name),
            may=lambda service: (
                service.type != _CLUSTER
                and not _tells_alarms(service)
                and (_name(service) in told or name.startswith(f"{_name(service)}-"))
            ),
        )


def _tells_alarms(service: Change) -> bool:
    """Whether a service names every alarm that rolls it back; of others CodeDeploy may name them."""
    values = service.before
    if service.type == "aws_ecs_service":
        controller = dig(values, "deployment_controller", "type") or "ECS"
        return "alarms" in values and controller == "ECS"
    return service.type == "aws_sagemaker_endpoint" and "deployment_config" in values


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
    "aws_iam_role": _bounded,
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
