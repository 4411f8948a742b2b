"""Risks: what in a plan can hurt, why, and what to do. Each rule has an id that does not change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from ..cost.model import dollars
from ..plan import Action, Change, Plan, dig
from .stories import (
    configuration_of,
    scaling_targets,
    task_definition_of,
    variant_of,
    variants_of,
)


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
    """One kind of risk."""

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


Found = tuple[Change, str] | tuple[Change, str, Severity]
Finder = Callable[[Plan], Iterator[Found]]
RISKS: dict[str, tuple[RiskRule, Finder]] = {}

GROWTH_FACTOR = 2.0
"""A maximum capacity that grows more than this many times is a risk."""


def risk(id: str, severity: Severity, title: str, *, advice: str) -> Callable[[Finder], Finder]:
    """Register a rule; the function yields the changes that it holds for, with the reason."""

    def register(finder: Finder) -> Finder:
        if id in RISKS:
            raise ValueError(f"risk {id} is defined twice")
        RISKS[id] = (RiskRule(id, severity, title, advice), finder)
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


def find_risks(plan: Plan) -> list[Risk]:
    """Every risk of a plan, the worst first."""
    found = []
    for rule, finder in RISKS.values():
        for change, reason, *severity in finder(plan):
            worst = severity[0] if severity else rule.severity
            found.append(Risk(rule, change.address, reason, worst))
    return sorted(found, key=lambda item: (-item.severity, item.rule.id, item.address))


SERVICES = frozenset(
    {
        "aws_sagemaker_endpoint",
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


def _gone(plan: Plan, types: frozenset[str]) -> Iterator[tuple[Change, str]]:
    for change in plan.changes:
        if change.type in types and not change.deposed:
            if change.action is Action.DELETE:
                yield change, "is deleted"
            elif change.action is Action.REPLACE:
                forced = ", ".join(sorted({str(p[0]) for p in change.replace_paths if p}))
                yield change, f"is replaced{f', because {forced} changes' if forced else ''}"


@risk(
    "PLAN1",
    Severity.CRITICAL,
    "a service is replaced or deleted: an outage",
    advice="keep its name and the settings that force the replacement, or run the new one beside "
    "it, move the callers, and delete the old one in a second change",
)
def _service_gone(plan: Plan) -> Iterator[Found]:
    yield from _gone(plan, SERVICES)


@risk(
    "PLAN2",
    Severity.CRITICAL,
    "a resource that holds data is deleted or replaced",
    advice="check that its content is not needed or is copied; take it out of Terraform with "
    "terraform state rm to keep it",
)
def _data_gone(plan: Plan) -> Iterator[Found]:
    yield from _gone(plan, STATEFUL)


@risk(
    "PLAN3",
    Severity.CRITICAL,
    "the network under running services is replaced or deleted",
    advice="add the new network beside the old one and move the services first; a subnet's "
    "range cannot be changed in place",
)
def _network_gone(plan: Plan) -> Iterator[Found]:
    yield from _gone(plan, NETWORKS)


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


def _covered(action: str, by: set[str]) -> bool:
    return any(_wildcard(pattern).fullmatch(action) for pattern in by)


def _wildcard(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.IGNORECASE)


def _policies(plan: Plan) -> Iterator[tuple[Change, Any, Any]]:
    for change in plan.changes:
        attribute = _POLICY_ATTRIBUTES.get(change.type)
        if attribute and change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE):
            yield change, *change.both(attribute)


@risk(
    "IAM1",
    Severity.HIGH,
    "an existing policy allows more actions",
    advice="check that the service needs each of them, and name the resources that it needs "
    "them for",
)
def _wider_policy(plan: Plan) -> Iterator[Found]:
    for change, before, after in _policies(plan):
        if change.action is Action.CREATE:
            continue
        known = allowed(before)
        added = sorted(action for action in allowed(after) if not _covered(action, known))
        if added:
            yield change, f"now allows {_some(added)}"
        wide = sorted(
            action
            for action in allowed(after, everywhere=True)
            if action not in added and not _covered(action, allowed(before, everywhere=True))
        )
        if wide:
            yield change, f"now allows {_some(wide)} on every resource"


@risk(
    "IAM2",
    Severity.HIGH,
    "a policy allows every action of a service, or every service",
    advice="list the actions that are needed; service:* includes deleting and giving rights away",
)
def _wildcard_policy(plan: Plan) -> Iterator[Found]:
    for change, before, after in _policies(plan):
        added = {action for action in allowed(after) if action.endswith("*") and _is_whole(action)}
        added -= allowed(before)
        if added:
            worst = Severity.CRITICAL if "*" in added else Severity.HIGH
            yield change, f"allows {_some(sorted(added))}", worst


def _is_whole(action: str) -> bool:
    return action == "*" or action.partition(":")[2] == "*"


def _some(values: list[str], limit: int = 5) -> str:
    shown = ", ".join(values[:limit])
    return f"{shown} and {len(values) - limit} more" if len(values) > limit else shown


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


@risk(
    "IAM6",
    Severity.LOW,
    "a policy that will be known only after the apply",
    advice="read the policy in the code: this review cannot tell whether it is widened",
)
def _unknown_policy(plan: Plan) -> Iterator[Found]:
    for change in plan.changes:
        for attribute in (_POLICY_ATTRIBUTES, _RESOURCE_POLICIES):
            name = attribute.get(change.type)
            replaced = change.action in (Action.UPDATE, Action.REPLACE)
            if name and replaced and change.is_unknown(name):
                yield change, f"has a {name} that is not known yet"


@risk(
    "IAM3",
    Severity.HIGH,
    "a role trusts somebody new",
    advice="check that the account or identity provider is yours, and add a condition "
    "(aws:SourceAccount, sts:ExternalId, or the token's subject)",
)
def _wider_trust(plan: Plan) -> Iterator[Found]:
    own = _accounts(plan)
    for change in plan.of_type("aws_iam_role"):
        if change.action in (Action.DELETE, Action.NONE, Action.READ, Action.FORGET):
            continue
        before, after = change.both("assume_role_policy")
        added = principals(after) - principals(before)
        foreign = {p for p in added if p == "*" or (p.isdigit() and p not in own)}
        if foreign:
            worst = Severity.CRITICAL if "*" in foreign else Severity.HIGH
            yield change, f"can be assumed by {_some(sorted(foreign))}", worst
        elif change.action is Action.UPDATE and added:
            yield change, f"can be assumed by {_some(sorted(added))} too", Severity.MEDIUM


def _accounts(plan: Plan) -> set[str]:
    """The accounts that the plan works in, told from the ARNs of what exists."""
    found = set()
    for change in plan.changes:
        parts = str(change.before.get("arn") or change.after.get("arn") or "").split(":")
        if len(parts) > 4 and parts[4].isdigit():
            found.add(parts[4])
    return found


@risk(
    "IAM4",
    Severity.HIGH,
    "an AWS-managed policy with far-reaching rights is attached",
    advice="write a policy with the actions and resources that the service needs",
)
def _managed_policy(plan: Plan) -> Iterator[Found]:
    for change in plan.of_type("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
        arn = str(change.after.get("policy_arn") or "")
        if change.action in (Action.CREATE, Action.REPLACE) and re.search(
            r"FullAccess|AdministratorAccess|PowerUserAccess|IAMFullAccess", arn
        ):
            yield change, f"attaches {arn.rpartition('/')[2]}"


@risk(
    "IAM5",
    Severity.HIGH,
    "a resource's own policy lets others in",
    advice="name the accounts and roles that need it, and the actions",
)
def _resource_policy(plan: Plan) -> Iterator[Found]:
    own = _accounts(plan)
    for change in plan.changes:
        attribute = _RESOURCE_POLICIES.get(change.type)
        if not attribute or change.action not in (Action.CREATE, Action.UPDATE, Action.REPLACE):
            continue
        before, after = change.both(attribute)
        added = {p for p in principals(after) - principals(before) if p == "*" or p.isdigit()}
        foreign = added - own if own else added & {"*"}
        if foreign and not (foreign == {"*"} and _conditioned(after)):
            worst = Severity.CRITICAL if "*" in foreign else Severity.HIGH
            yield change, f"lets in {_some(sorted(foreign))}", worst


def _conditioned(document: Any) -> bool:
    return all(
        bool(statement.get("Condition"))
        for statement in statements(document)
        if statement.get("Effect") == "Allow" and "*" in principals({"Statement": [statement]})
    )


# Network exposure

_WORLD = frozenset({"0.0.0.0/0", "::/0"})


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
        found |= {(str(block), ports) for block in blocks if block in _WORLD}
    return found


def _ports(rule: dict[str, Any]) -> str:
    protocol = str(rule.get("protocol") or rule.get("ip_protocol") or "")
    low, high = rule.get("from_port"), rule.get("to_port")
    if protocol == "-1" or low is None or low == -1:
        return "every port"
    return f"port {low}" if low == high else f"ports {low} to {high}"


@risk(
    "NET1",
    Severity.HIGH,
    "a security group is opened to the internet",
    advice="allow only the ranges or security groups of the callers; a public service belongs "
    "behind a load balancer with HTTPS",
)
def _opened_group(plan: Plan) -> Iterator[Found]:
    kinds = ("aws_security_group", "aws_default_security_group", "aws_security_group_rule")
    for change in plan.of_type(*kinds, "aws_vpc_security_group_ingress_rule"):
        if change.action in (Action.CREATE, Action.UPDATE, Action.REPLACE):
            added = _ingress(change.after, change.type) - _ingress(change.before, change.type)
            if added:
                text = _some(sorted(f"{ports} from {block}" for block, ports in added))
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


@risk(
    "NET2",
    Severity.HIGH,
    "something becomes reachable from the internet",
    advice="keep it internal unless callers outside of the network need it; then see to HTTPS, "
    "authentication and a web ACL",
)
def _public(plan: Plan) -> Iterator[Found]:
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
        if after is True and before is not True and _WORLD & {*ranges}:
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
    ("aws_sagemaker_endpoint_configuration", "kms_key_arn", "volume encryption by your key"),
    ("aws_sagemaker_endpoint_configuration", "data_capture_config", "data capture"),
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
    ("aws_sagemaker_model", "enable_network_isolation", "network isolation"),
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


@risk(
    "SEC1",
    Severity.HIGH,
    "encryption, logging or isolation is turned off",
    advice="keep it on; where it has to go, say why in the change and who agreed",
)
def _turned_off(plan: Plan) -> Iterator[Found]:
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


@risk(
    "SEC3",
    Severity.LOW,
    "logs are kept for a shorter time or not at all",
    advice="check that nobody has to keep them; export them first if so",
)
def _shorter_logs(plan: Plan) -> Iterator[Found]:
    for change in plan.of_type("aws_cloudwatch_log_group"):
        before, after = change.both("retention_in_days")
        if change.action is Action.DELETE:
            yield change, "is deleted with the events that it holds", Severity.MEDIUM
        elif change.action is Action.UPDATE and after and (not before or after < before):
            yield change, f"keeps events {after} days (was {before or 'for ever'})"


_PROTECTIONS = (
    "deletion_protection",
    "enable_deletion_protection",
    "deletion_protection_enabled",
    "disable_api_termination",
    "termination_protection",
)


@risk(
    "SEC2",
    Severity.HIGH,
    "deletion protection is lifted",
    advice="expect a deletion in the next change; leave the protection on until then",
)
def _unprotected(plan: Plan) -> Iterator[Found]:
    for change in plan.changes:
        if change.action in (Action.UPDATE, Action.REPLACE):
            for attribute in _PROTECTIONS:
                before, after = change.both(attribute)
                if before is True and after is not True:
                    yield change, f"sets {attribute} to false"
            before, after = change.both("force_destroy")
            if change.type == "aws_s3_bucket" and after is True and before is not True:
                yield change, "sets force_destroy, so a deletion takes the objects with it"


# Capacity


@risk(
    "CAP1",
    Severity.HIGH,
    "capacity is lowered below what may be running now",
    advice="look at the current count first; lower it at low load, or let autoscaling do it",
)
def _less_capacity(plan: Plan) -> Iterator[Found]:
    running = {
        target.address: service.before.get("desired_count")
        for service in plan.of_type("aws_ecs_service")
        for target in scaling_targets(plan, service)
    }
    for target in plan.of_type("aws_appautoscaling_target"):
        if target.action not in (Action.UPDATE, Action.REPLACE):
            continue
        before, after = target.both("max_capacity")
        if isinstance(before, int) and isinstance(after, int) and after < before:
            now = running.get(target.address)
            enough = isinstance(now, int) and now <= after
            text = f"lowers the maximum from {before} to {after}"
            yield (
                target,
                text if now is None else f"{text}; {now} tasks run now",
                Severity.LOW if enough else Severity.HIGH,
            )
        before, after = target.both("min_capacity")
        if isinstance(before, int) and isinstance(after, int) and after < before:
            yield target, f"lowers the minimum from {before} to {after}", Severity.LOW
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


@risk(
    "CAP2",
    Severity.MEDIUM,
    "an update sets live capacity back",
    advice="deploy at low load, or raise the minimum first: Terraform's provider does not ask "
    "SageMaker to retain the instance counts that autoscaling has reached",
)
def _reset_capacity(plan: Plan) -> Iterator[Found]:
    for endpoint in plan.of_type("aws_sagemaker_endpoint"):
        was, will = endpoint.both("endpoint_config_name")
        unknown = endpoint.is_unknown("endpoint_config_name")
        if endpoint.action is not Action.UPDATE or (was == will and not unknown):
            continue
        after = variants_of(plan, endpoint, "after")
        for target in scaling_targets(plan, endpoint):
            name, high = variant_of(target), target.before.get("max_capacity")
            starts = after[name].count if name in after else None
            if isinstance(high, int) and starts is not None and starts < high:
                yield (
                    endpoint,
                    f"{name} starts again with {starts}, while autoscaling may be at up to {high}",
                )


@risk(
    "CAP3",
    Severity.MEDIUM,
    f"a maximum capacity grows more than {GROWTH_FACTOR:g} times",
    advice="check the budget and the account's instance quota; a runaway metric can now cost "
    "as much",
)
def _much_more_capacity(plan: Plan) -> Iterator[Found]:
    for target in plan.of_type("aws_appautoscaling_target"):
        before, after = target.both("max_capacity")
        if target.action in (Action.UPDATE, Action.REPLACE) and _grows(before, after):
            yield target, f"raises the maximum from {before} to {after}"
    for group in plan.of_type("aws_eks_node_group", "aws_autoscaling_group"):
        path = ("scaling_config", "max_size") if "eks" in group.type else ("max_size",)
        before, after = group.both(*path)
        if group.action in (Action.UPDATE, Action.REPLACE) and _grows(before, after):
            yield group, f"raises the maximum from {before} to {after}"


def _grows(before: Any, after: Any) -> bool:
    return (
        isinstance(before, int)
        and isinstance(after, int)
        and before > 0
        and after > GROWTH_FACTOR * before
    )


@risk(
    "CAP4",
    Severity.HIGH,
    "a scaled variant changes its instance type or goes away",
    advice="SageMaker refuses this while the variant is registered with Application Auto "
    "Scaling: let the scalable target be replaced with it (replace_triggered_by), or use a new "
    "variant name",
)
def _type_under_scaling(plan: Plan) -> Iterator[Found]:
    for endpoint in plan.of_type("aws_sagemaker_endpoint"):
        if endpoint.action is not Action.UPDATE:
            continue
        before = variants_of(plan, endpoint, "before")
        after = variants_of(plan, endpoint, "after")
        for target in scaling_targets(plan, endpoint):
            name = str(target.before.get("resource_id") or "").rpartition("/variant/")[2]
            if target.action in (Action.REPLACE, Action.DELETE, Action.CREATE) or not name:
                continue
            old, new = before.get(name), after.get(name)
            if old is not None and after and new is None:
                yield endpoint, f"removes the variant {name}, which is still scaled"
            elif old and new and old.instance_type != new.instance_type:
                yield (
                    endpoint,
                    f"changes {name} from {old.instance_type} to {new.instance_type} while it "
                    "is registered for scaling",
                )


# Rollouts


@risk(
    "ROLL1",
    Severity.HIGH,
    "traffic is shifted outside of a rollout",
    advice="let the rollout shift it (CodeDeploy, blue/green), which watches alarms and rolls back",
)
def _weights(plan: Plan) -> Iterator[Found]:
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


@risk(
    "ROLL2",
    Severity.HIGH,
    "an endpoint update has no way back by itself",
    advice="give the endpoint a canary rollout with alarms; without alarms a model that answers "
    "wrongly, slowly or with errors stays",
)
def _unguarded(plan: Plan) -> Iterator[Found]:
    for endpoint in plan.of_type("aws_sagemaker_endpoint"):
        was, will = endpoint.both("endpoint_config_name")
        changes = was != will or endpoint.is_unknown("endpoint_config_name")
        if endpoint.action is not Action.UPDATE or not changes:
            continue
        path = ("deployment_config", "auto_rollback_configuration", "alarms")
        if not dig(endpoint.after, *path):
            yield endpoint, "is updated without an alarm that rolls it back", Severity.MEDIUM
    for service in plan.of_type("aws_ecs_service"):
        definition = task_definition_of(plan, service)
        rolls = definition is not None and definition.is_shown
        controller = dig(service.after, "deployment_controller", "type") or "ECS"
        breaker = dig(service.after, "deployment_circuit_breaker", "rollback")
        alarms = dig(service.after, "alarms", "rollback")
        guarded = breaker or alarms or controller != "ECS"
        if service.action is Action.UPDATE and rolls and not guarded:
            yield service, "has neither a circuit breaker nor alarms", Severity.MEDIUM


@risk(
    "ROLL3",
    Severity.MEDIUM,
    "a canary or linear rollout is taken away",
    advice="keep it: without one the whole traffic moves at once",
)
def _unstaged(plan: Plan) -> Iterator[Found]:
    path = ("deployment_config", "blue_green_update_policy", "traffic_routing_configuration")
    for endpoint in plan.of_type("aws_sagemaker_endpoint"):
        before, after = endpoint.both(*path, "type")
        staged = before in ("CANARY", "LINEAR")
        if endpoint.action is Action.UPDATE and staged and after not in ("CANARY", "LINEAR"):
            yield endpoint, f"goes from {before} to {after or 'all at once'}"


@risk(
    "STATE1",
    Severity.MEDIUM,
    "Terraform stops managing a resource",
    advice="make sure that something else manages it, or it stays and costs on",
)
def _forgotten(plan: Plan) -> Iterator[Found]:
    for change in plan.changes:
        if change.action is Action.FORGET:
            yield change, "is forgotten and goes on existing"


@risk(
    "STATE2",
    Severity.MEDIUM,
    "the configuration under a running endpoint is deleted",
    advice="SageMaker needs it for the next update: let the new configuration be made first "
    "(create_before_destroy)",
)
def _configuration_gone(plan: Plan) -> Iterator[Found]:
    for endpoint in plan.of_type("aws_sagemaker_endpoint"):
        if not (endpoint.exists_before and endpoint.exists_after):
            continue
        used = configuration_of(plan, endpoint, "before")
        if used is None or used.created_first:
            continue
        if used.action in (Action.DELETE, Action.REPLACE):
            yield used, f"is deleted while {endpoint.before.get('name')} uses it"


@risk(
    "UPG1",
    Severity.HIGH,
    "a Kubernetes version goes up by more than one minor, or down",
    advice="raise eks.version by one minor at a time; EKS refuses anything else in the middle of "
    "the apply",
)
def _skipped_version(plan: Plan) -> Iterator[Found]:
    for cluster in plan.of_type("aws_eks_cluster"):
        before, after = cluster.both("version")
        steps = [re.fullmatch(r"1\.(\d+)", str(version)) for version in (before, after)]
        if cluster.action is not Action.UPDATE or None in steps:
            continue
        first, second = (int(step[1]) for step in steps if step)
        if second - first not in (0, 1):
            yield cluster, f"goes from {before} to {after}"
