"""Risks: what in a plan can hurt, why, and what to do. Each rule has an id that does not change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from ..cost.model import dollars
from ..kinds import known
from ..kinds.record import Foreign, Found, Kind, Not, RiskCheck, risk
from ..kinds.risks import (
    CAP1,
    CAP3,
    IAM1,
    IAM2,
    IAM5,
    IAM6,
    NET2,
    ROLL1,
    ROLL2,
    SEC1,
    SEC2,
    WORLD,
    allowed,
    conditioned,
    covered,
    grows,
    is_whole,
    principals,
)
from ..kinds.words import some
from ..plan import Action, Change, Plan, dig
from ..told import Risk, RiskRule, Severity
from .stories import (
    task_definition_of,
)

_Found = tuple[Change, str] | tuple[Change, str, Severity]
_Finder = Callable[[Plan], Iterator[_Found]]
_OLD: list[tuple[RiskRule, _Finder]] = []


def _old(rule: RiskRule) -> Callable[[_Finder], _Finder]:
    """Register what finds a risk in the types that have no record yet."""

    def register(finder: _Finder) -> _Finder:
        _OLD.append((rule, finder))
        return finder

    return register


COST_RAISE_USD = 500
"""A monthly cost that grows by more than this is a risk; by ten times as much, a high one."""

COST = RiskRule(
    "COST1",
    Severity.MEDIUM,
    f"the monthly cost grows by more than ${COST_RAISE_USD:,}",
    "check the budget; lower the maximum capacity or choose smaller instances if it is not meant",
)
"""Found where plans are priced together, as one plan alone does not show an environment's cost."""


def cost_risk(environment: str, expected: float, maximum: float) -> Risk | None:
    """The risk of what an environment's plans add by the month, in USD."""
    most = max(expected, maximum)
    if most <= COST_RAISE_USD:
        return None
    severity = Severity.HIGH if most > 10 * COST_RAISE_USD else Severity.MEDIUM
    reason = f"costs {dollars(expected, signed=True)} as expected, {dollars(maximum, signed=True)} at most"
    return Risk(COST, environment, reason, severity, environment=environment)


@cache
def risk_rules() -> Mapping[str, RiskRule]:
    """Every rule by its id. Raises ValueError where two have the same id."""
    own = [COST, PLAN1, PLAN2, SEC1, *(check.rule for check in _ANY)]
    held = (record.risks for record in known().values())
    of_types = [check.rule for risks in held if not isinstance(risks, Not) for check in risks]
    found: dict[str, RiskRule] = {}
    for rule in (*own, *of_types, *(rule for rule, _ in _OLD)):
        if found.setdefault(rule.id, rule) != rule:
            raise ValueError(f"risk {rule.id} is defined twice")
    return MappingProxyType(dict(sorted(found.items())))


def find_risks(plan: Plan) -> list[Risk]:
    """Every risk of a plan, the worst first."""
    found: list[Risk] = []
    for kind, record in known().items():
        for change in plan.of_type(kind):
            found += _of(plan, change, record)
    for change in plan.changes:
        for check in _ANY:
            found += _holding(check, plan, change)
    for rule, finder in _OLD:
        for change, reason, *severity in finder(plan):
            if change.type not in known():
                worst = severity[0] if severity else rule.severity
                found.append(Risk(rule, change.address, reason, worst))
    return sorted(found, key=lambda item: (-item.severity, item.rule.id, item.address))


def _of(plan: Plan, change: Change, record: Kind | Foreign) -> Iterator[Risk]:
    """The risks that a record knows of a change."""
    gone = _gone(change)
    if gone and record.outage:
        yield Risk(PLAN1, change.address, gone, PLAN1.severity)
    if gone and record.holds_data:
        yield Risk(PLAN2, change.address, gone, PLAN2.severity)
    settings = {} if isinstance(record.settings, Not) else record.settings
    for attribute, words in settings.items():
        before, after = change.both(attribute)
        unknown = change.is_unknown(attribute)
        if change.exists_after and before and not after and not unknown:
            yield Risk(SEC1, change.address, f"turns off {words}", SEC1.severity)
    for check in () if isinstance(record.risks, Not) else record.risks:
        yield from _holding(check, plan, change)


def _holding(check: RiskCheck, plan: Plan, change: Change) -> Iterator[Risk]:
    for found in check.find(plan, change):
        reason, severity = (found, check.rule.severity) if isinstance(found, str) else found
        yield Risk(check.rule, change.address, reason, severity)


def _gone(change: Change) -> str:
    """How a resource goes away or is replaced; empty where it stays."""
    if change.action is Action.DELETE:
        return "is deleted"
    if change.action is Action.REPLACE:
        forced = ", ".join(sorted({str(p[0]) for p in change.replace_paths if p}))
        return f"is replaced{f', because {forced} changes' if forced else ''}"
    return ""


PLAN1 = RiskRule(
    "PLAN1",
    Severity.CRITICAL,
    "a service is replaced or deleted: an outage",
    advice="keep its name and the settings that force the replacement, or run the new one beside "
    "it, move the callers, and delete the old one in a second change",
)
PLAN2 = RiskRule(
    "PLAN2",
    Severity.CRITICAL,
    "a resource that holds data is deleted or replaced",
    advice="check that its content is not needed or is copied; take it out of Terraform with "
    "terraform state rm to keep it",
)
STATE1 = RiskRule(
    "STATE1",
    Severity.MEDIUM,
    "Terraform stops managing a resource",
    advice="make sure that something else manages it, or it stays and costs on",
)


@risk(STATE1)
def _forgotten(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action is Action.FORGET:
        yield "is forgotten and goes on existing"


_PROTECTIONS = (
    "deletion_protection",
    "enable_deletion_protection",
    "deletion_protection_enabled",
    "disable_api_termination",
    "termination_protection",
)


@risk(SEC2)
def _unprotected(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action in (Action.UPDATE, Action.REPLACE):
        for attribute in _PROTECTIONS:
            before, after = change.both(attribute)
            if before is True and after is not True:
                yield f"sets {attribute} to false"


_ANY = (_forgotten, _unprotected)
"""The risks of resources of every type, known or not."""


SERVICES = frozenset(
    {
        "aws_ecs_service",
        "aws_eks_cluster",
        "aws_lb",
        "aws_alb",
        "aws_lb_listener",
        "aws_api_gateway_rest_api",
        "aws_apigatewayv2_api",
    }
)
STATEFUL = frozenset(
    {
        "aws_s3_bucket",
        "aws_kms_key",
        "aws_ecr_repository",
        "aws_dynamodb_table",
        "aws_db_instance",
        "aws_rds_cluster",
        "aws_efs_file_system",
        "aws_fsx_lustre_file_system",
        "aws_ebs_volume",
        "aws_elasticache_cluster",
        "aws_elasticache_replication_group",
        "aws_opensearch_domain",
        "aws_sagemaker_feature_group",
        "aws_sagemaker_model_package_group",
        "aws_sagemaker_domain",
        "aws_secretsmanager_secret",
        "aws_sqs_queue",
    }
)
NETWORKS = frozenset(
    {"aws_vpc", "aws_subnet", "aws_default_vpc", "aws_vpc_ipv4_cidr_block_association"}
)


def _going(plan: Plan, types: frozenset[str]) -> Iterator[tuple[Change, str]]:
    for change in plan.of_type(*sorted(types)):
        if gone := _gone(change):
            yield change, gone


@_old(PLAN1)
def _service_gone(plan: Plan) -> Iterator[_Found]:
    yield from _going(plan, SERVICES)


@_old(PLAN2)
def _data_gone(plan: Plan) -> Iterator[_Found]:
    yield from _going(plan, STATEFUL)


@_old(
    RiskRule(
        "PLAN3",
        Severity.CRITICAL,
        "the network under running services is replaced or deleted",
        advice="add the new network beside the old one and move the services first; a subnet's "
        "range cannot be changed in place",
    )
)
def _network_gone(plan: Plan) -> Iterator[_Found]:
    yield from _going(plan, NETWORKS)


# IAM

_POLICY_ATTRIBUTES = {
    "aws_iam_role_policy": "policy",
    "aws_iam_policy": "policy",
    "aws_iam_user_policy": "policy",
    "aws_iam_group_policy": "policy",
}
_RESOURCE_POLICIES = {
    "aws_s3_bucket_policy": "policy",
    "aws_kms_key": "policy",
    "aws_kms_key_policy": "policy",
    "aws_ecr_repository_policy": "policy",
    "aws_sqs_queue_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_secretsmanager_secret_policy": "policy",
    "aws_sagemaker_model_package_group_policy": "resource_policy",
}


def _policies(plan: Plan) -> Iterator[tuple[Change, Any, Any]]:
    for change in plan.changes:
        attribute = _POLICY_ATTRIBUTES.get(change.type)
        if attribute and change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE):
            yield change, *change.both(attribute)


@_old(IAM1)
def _wider_policy(plan: Plan) -> Iterator[_Found]:
    for change, before, after in _policies(plan):
        if change.action is Action.CREATE:
            continue
        known = allowed(before)
        added = sorted(action for action in allowed(after) if not covered(action, known))
        if added:
            yield change, f"now allows {some(added)}"
        wide = sorted(
            action
            for action in allowed(after, everywhere=True)
            if action not in added and not covered(action, allowed(before, everywhere=True))
        )
        if wide:
            yield change, f"now allows {some(wide)} on every resource"


@_old(IAM2)
def _wildcard_policy(plan: Plan) -> Iterator[_Found]:
    for change, before, after in _policies(plan):
        added = {action for action in allowed(after) if action.endswith("*") and is_whole(action)}
        added -= allowed(before)
        if added:
            worst = Severity.CRITICAL if "*" in added else Severity.HIGH
            yield change, f"allows {some(sorted(added))}", worst


@_old(IAM6)
def _unknown_policy(plan: Plan) -> Iterator[_Found]:
    for change in plan.changes:
        for attribute in (_POLICY_ATTRIBUTES, _RESOURCE_POLICIES):
            name = attribute.get(change.type)
            replaced = change.action in (Action.UPDATE, Action.REPLACE)
            if name and replaced and change.is_unknown(name):
                yield change, f"has a {name} that is not known yet"


@_old(
    RiskRule(
        "IAM3",
        Severity.HIGH,
        "a role trusts somebody new",
        advice="check that the account or identity provider is yours, and add a condition "
        "(aws:SourceAccount, sts:ExternalId, or the token's subject)",
    )
)
def _wider_trust(plan: Plan) -> Iterator[_Found]:
    own = plan.accounts
    for change in plan.of_type("aws_iam_role"):
        if change.action in (Action.DELETE, Action.NONE, Action.READ, Action.FORGET):
            continue
        before, after = change.both("assume_role_policy")
        added = principals(after) - principals(before)
        foreign = {p for p in added if p == "*" or (p.isdigit() and p not in own)}
        if foreign:
            worst = Severity.CRITICAL if "*" in foreign else Severity.HIGH
            yield change, f"can be assumed by {some(sorted(foreign))}", worst
        elif change.action is Action.UPDATE and added:
            yield change, f"can be assumed by {some(sorted(added))} too", Severity.MEDIUM


@_old(
    RiskRule(
        "IAM4",
        Severity.HIGH,
        "an AWS-managed policy with far-reaching rights is attached",
        advice="write a policy with the actions and resources that the service needs",
    )
)
def _managed_policy(plan: Plan) -> Iterator[_Found]:
    for change in plan.of_type("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
        arn = str(change.after.get("policy_arn") or "")
        if change.action in (Action.CREATE, Action.REPLACE) and re.search(
            r"FullAccess|AdministratorAccess|PowerUserAccess|IAMFullAccess", arn
        ):
            yield change, f"attaches {arn.rpartition('/')[2]}"


@_old(IAM5)
def _resource_policy(plan: Plan) -> Iterator[_Found]:
    own = plan.accounts
    for change in plan.changes:
        attribute = _RESOURCE_POLICIES.get(change.type)
        if not attribute or change.action not in (Action.CREATE, Action.UPDATE, Action.REPLACE):
            continue
        before, after = change.both(attribute)
        added = {p for p in principals(after) - principals(before) if p == "*" or p.isdigit()}
        foreign = added - own if own else added & {"*"}
        if foreign and not (foreign == {"*"} and conditioned(after)):
            worst = Severity.CRITICAL if "*" in foreign else Severity.HIGH
            yield change, f"lets in {some(sorted(foreign))}", worst


# Network exposure


def _ingress(values: dict[str, Any], kind: str) -> set[tuple[str, str]]:
    """(range, ports) of every ingress rule that is open to the world."""
    found = set()
    if kind in ("aws_security_group", "aws_default_security_group"):
        rules = values.get("ingress") or []
    elif kind == "aws_security_group_rule":
        rules = [values] if values.get("type") == "ingress" else []
    else:
        rules = [values]
    for rule in rules if isinstance(rules, list) else []:
        blocks = [*(rule.get("cidr_blocks") or []), *(rule.get("ipv6_cidr_blocks") or [])]
        blocks += [rule.get("cidr_ipv4"), rule.get("cidr_ipv6")]
        ports = _ports(rule)
        found |= {(str(block), ports) for block in blocks if block in WORLD}
    return found


def _ports(rule: dict[str, Any]) -> str:
    protocol = str(rule.get("protocol") or rule.get("ip_protocol") or "")
    low, high = rule.get("from_port"), rule.get("to_port")
    if protocol == "-1" or low is None or low == -1:
        return "every port"
    return f"port {low}" if low == high else f"ports {low} to {high}"


@_old(
    RiskRule(
        "NET1",
        Severity.HIGH,
        "a security group is opened to the internet",
        advice="allow only the ranges or security groups of the callers; a public service belongs "
        "behind a load balancer with HTTPS",
    )
)
def _opened_group(plan: Plan) -> Iterator[_Found]:
    kinds = ("aws_security_group", "aws_default_security_group", "aws_security_group_rule")
    for change in plan.of_type(*kinds, "aws_vpc_security_group_ingress_rule"):
        if change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE):
            added = _ingress(change.after, change.type) - _ingress(change.before, change.type)
            if added:
                text = some(sorted(f"{ports} from {block}" for block, ports in added))
                web = all(ports in ("port 443", "port 80") for _, ports in added)
                yield change, f"opens {text}", Severity.MEDIUM if web else Severity.HIGH


_PUBLIC = (
    ("aws_lb", "internal", False),
    ("aws_alb", "internal", False),
    ("aws_db_instance", "publicly_accessible", True),
    ("aws_subnet", "map_public_ip_on_launch", True),
    ("aws_instance", "associate_public_ip_address", True),
    ("aws_s3_bucket_public_access_block", "block_public_policy", False),
    ("aws_s3_bucket_public_access_block", "block_public_acls", False),
    ("aws_s3_bucket_public_access_block", "ignore_public_acls", False),
    ("aws_s3_bucket_public_access_block", "restrict_public_buckets", False),
)


@_old(NET2)
def _public(plan: Plan) -> Iterator[_Found]:
    for kind, attribute, value in _PUBLIC:
        for change in plan.of_type(kind):
            before, after = change.both(attribute)
            if _is_changed(change) and after is value and before is not value:
                yield change, f"sets {attribute} to {str(value).lower()}"
    for change in plan.of_type("aws_s3_bucket_public_access_block"):
        if change.action is Action.DELETE and not _deleted_too(plan, change):
            yield change, "is deleted, so the bucket may be made public"
    for change in plan.of_type("aws_eks_cluster"):
        before, after = change.both("vpc_config", "endpoint_public_access")
        ranges = dig(change.after, "vpc_config", "public_access_cidrs") or ["0.0.0.0/0"]
        if after is True and before is not True and WORLD & {*ranges}:
            yield change, "opens the Kubernetes API to the internet"
    for change in plan.of_type("aws_ecs_service"):
        before, after = change.both("network_configuration", "assign_public_ip")
        if after is True and before is not True:
            yield change, "gives its tasks public addresses"


def _is_changed(change: Change) -> bool:
    return change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE)


def _deleted_too(plan: Plan, change: Change) -> bool:
    """Whether the bucket that a setting belongs to is deleted in the same plan."""
    bucket = change.before.get("bucket")
    return bool(bucket) and any(
        other.action in (Action.DELETE, Action.REPLACE)
        and bucket in (other.before.get("bucket"), other.before.get("id"))
        for other in plan.of_type("aws_s3_bucket")
    )


# Protection

_SETTINGS = (
    ("aws_cloudwatch_log_group", "kms_key_id", "encryption by your key"),
    ("aws_ebs_volume", "encrypted", "encryption"),
    ("aws_db_instance", "storage_encrypted", "encryption"),
    ("aws_efs_file_system", "encrypted", "encryption"),
    ("aws_kms_key", "enable_key_rotation", "key rotation"),
    ("aws_s3_bucket_server_side_encryption_configuration", "rule", "encryption"),
    ("aws_lb", "access_logs", "access logs"),
    ("aws_eks_cluster", "encryption_config", "encryption of secrets"),
    ("aws_eks_cluster", "enabled_cluster_log_types", "control-plane logs"),
    ("aws_ecr_repository", "image_scanning_configuration", "image scanning"),
)
_LOGS = frozenset(
    {
        "aws_flow_log",
        "aws_cloudtrail",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_wafv2_web_acl_association",
        "aws_wafv2_web_acl_logging_configuration",
    }
)


@_old(SEC2)
def _destroyable(plan: Plan) -> Iterator[_Found]:
    for change in plan.of_type("aws_s3_bucket"):
        before, after = change.both("force_destroy")
        replaced = change.action in (Action.UPDATE, Action.REPLACE)
        if replaced and after is True and before is not True:
            yield change, "sets force_destroy, so a deletion takes the objects with it"


@_old(SEC1)
def _turned_off(plan: Plan) -> Iterator[_Found]:
    for kind, attribute, words in _SETTINGS:
        for change in plan.of_type(kind):
            before, after = change.both(attribute)
            unknown = change.is_unknown(attribute)
            if change.exists_after and before and not after and not unknown:
                yield change, f"turns off {words}"
    for change in plan.of_type(*_LOGS):
        if change.action is Action.DELETE and not _deleted_too(plan, change):
            yield change, "is deleted"
    for change in plan.of_type("aws_s3_bucket_versioning"):
        status = dig(change.after, "versioning_configuration", "status")
        if change.action is Action.UPDATE and status == "Suspended":
            yield change, "suspends versioning"


@_old(
    RiskRule(
        "SEC3",
        Severity.LOW,
        "logs are kept for a shorter time or not at all",
        advice="check that nobody has to keep them; export them first if so",
    )
)
def _shorter_logs(plan: Plan) -> Iterator[_Found]:
    for change in plan.of_type("aws_cloudwatch_log_group"):
        before, after = change.both("retention_in_days")
        if change.action is Action.DELETE:
            yield change, "is deleted with the events that it holds", Severity.MEDIUM
        elif change.action is Action.UPDATE and after and (not before or after < before):
            yield change, f"keeps events {after} days (was {before or 'for ever'})"


# Capacity


@_old(CAP1)
def _less_capacity(plan: Plan) -> Iterator[_Found]:
    for service in plan.of_type("aws_ecs_service", "aws_eks_node_group", "aws_autoscaling_group"):
        path: tuple[Any, ...] = ("desired_count",)
        if service.type == "aws_eks_node_group":
            path = ("scaling_config", "desired_size")
        elif service.type == "aws_autoscaling_group":
            path = ("desired_capacity",)
        before, after = service.both(*path)
        known = isinstance(before, int) and isinstance(after, int)
        if service.action is Action.UPDATE and known and after < before:
            yield service, f"lowers the desired count from {before} to {after}"


@_old(CAP3)
def _much_more_capacity(plan: Plan) -> Iterator[_Found]:
    for group in plan.of_type("aws_eks_node_group", "aws_autoscaling_group"):
        path = ("scaling_config", "max_size") if "eks" in group.type else ("max_size",)
        before, after = group.both(*path)
        if group.action in (Action.UPDATE, Action.REPLACE) and grows(before, after):
            yield group, f"raises the maximum from {before} to {after}"


# Rollouts


@_old(ROLL1)
def _weights(plan: Plan) -> Iterator[_Found]:
    for change in plan.of_type("aws_lb_listener", "aws_lb_listener_rule", "aws_alb_listener"):
        attribute = "action" if change.type.endswith("rule") else "default_action"
        if change.action is not Action.UPDATE:
            continue
        before, after = (_weights_of(values) for values in change.both(attribute))
        if before and after and before != after:
            yield change, f"changes weights from {before} to {after}"


def _weights_of(actions: Any) -> str:
    weights = [
        str(target.get("weight"))
        for action in actions or ()
        for target in dig(action, "forward", "target_group") or ()
        if isinstance(target, dict)
    ]
    return ":".join(weights)


@_old(ROLL2)
def _unguarded(plan: Plan) -> Iterator[_Found]:
    for service in plan.of_type("aws_ecs_service"):
        definition = task_definition_of(plan, service)
        rolls = definition is not None and definition.is_shown
        controller = dig(service.after, "deployment_controller", "type") or "ECS"
        breaker = dig(service.after, "deployment_circuit_breaker", "rollback")
        alarms = dig(service.after, "alarms", "rollback")
        guarded = breaker or alarms or controller != "ECS"
        if service.action is Action.UPDATE and rolls and not guarded:
            yield service, "has neither a circuit breaker nor alarms", Severity.MEDIUM


@_old(
    RiskRule(
        "UPG1",
        Severity.HIGH,
        "a Kubernetes version goes up by more than one minor, or down",
        advice="raise eks.version by one minor at a time; EKS refuses anything else in the middle of "
        "the apply",
    )
)
def _skipped_version(plan: Plan) -> Iterator[_Found]:
    for cluster in plan.of_type("aws_eks_cluster"):
        before, after = cluster.both("version")
        steps = [re.fullmatch(r"1\.(\d+)", str(version)) for version in (before, after)]
        if cluster.action is not Action.UPDATE or None in steps:
            continue
        first, second = (int(step[1]) for step in steps if step)
        if second - first not in (0, 1):
            yield cluster, f"goes from {before} to {after}"
