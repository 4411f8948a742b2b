"""Arguments whose change in place takes traffic, capacity, protection or data away.

Nothing is deleted or replaced by such a change, so that a plan of many lines hides it. A record
declares each with `weaker`, in one line; what takes more than two values to judge is a check of
its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from ..plan import Action, Change, Plan, dig, number
from ..told import RiskRule, Severity
from .ground import SERVICES, images_of, texts, users
from .record import Found, RiskCheck, risk
from .risks import CAP1, NET2, ROLL3, SEC1, SEC5
from .untold import hidden
from .words import some

NET3 = RiskRule(
    "NET3",
    Severity.HIGH,
    "requests travel without encryption, or with a weaker one",
    advice="keep HTTPS, its certificate and the policy; let HTTP only redirect to it",
)
NET4 = RiskRule(
    "NET4",
    Severity.HIGH,
    "requests no longer reach what they reached",
    advice="make the new way first and move the callers; take the old one away in a second change",
)
SEC4 = RiskRule(
    "SEC4",
    Severity.MEDIUM,
    "what is deployed may be overwritten under its name",
    advice="keep tags immutable and push a new tag; otherwise a restart may run other code than "
    "was reviewed",
)
DATA1 = RiskRule(
    "DATA1",
    Severity.MEDIUM,
    "stored data is kept for a shorter time, or can be brought back for a shorter time",
    advice="check that nobody needs what is older; AWS deletes it within a day or two, for good",
)
RUN1 = RiskRule(
    "RUN1",
    Severity.HIGH,
    "what runs or scales by itself stops",
    advice="say in the change until when, and who starts it again; nothing else tells that it "
    "does not run",
)
CAP5 = RiskRule(
    "CAP5",
    Severity.HIGH,
    "running tasks or pods are stopped, or may be",
    advice="move them first: add the new capacity, drain the old one, then make the change",
)
ROLL4 = RiskRule(
    "ROLL4",
    Severity.MEDIUM,
    "what guards deployments is turned off or made weaker",
    advice="keep it: the next release that answers wrongly stays, or stops what answers",
)

Worse = Callable[[Any, Any], bool]
"""Whether an argument's value after is worse than the one before."""


def off(before: Any, after: Any) -> bool:
    """Whether something is turned off or taken away."""
    return bool(before) and not after


def turns(to: Any) -> Worse:
    """A predicate: whether a switch gets a position that it did not have."""
    return lambda before, after: before is not None and before != to and after == to


def leaves(*good: str) -> Worse:
    """A predicate: whether a value is no longer one of the good ones."""
    return lambda before, after: before in good and after not in good


def falls(before: Any, after: Any) -> bool:
    """Whether a number goes down, also one that a provider writes as text."""
    was, will = (number(_number(each), -1) for each in (before, after))
    return 0 <= will < was


def loses(before: Any, after: Any) -> bool:
    """Whether a list loses members."""
    return isinstance(before, list) and bool(_lost(before, after))


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _lost(before: list[Any], after: Any) -> list[str]:
    left = after if isinstance(after, list) else []
    return sorted(str(each) for each in before if each not in left)


def changes(change: Change) -> bool:
    """Whether a resource is there before and after, and is written."""
    return change.action in (Action.UPDATE, Action.REPLACE)


def weaker(
    rule: RiskRule, path: str, worse: Worse, words: str, severity: Severity | None = None
) -> RiskCheck:
    """The risk that an argument, `block.name` in a block, gets a worse value.

    `words` may hold {before} and {after}, or {lost} for the members that a list loses.
    """
    parts = tuple(path.split("."))

    @risk(rule)
    def found(plan: Plan, change: Change) -> Iterator[Found]:
        before, after = change.both(*parts)
        if not changes(change) or hidden(change, *parts) or not worse(before, after):
            return
        lost = some(_lost(before, after)) if isinstance(before, list) else ""
        text = words.format(before=before, after="nothing" if after is None else after, lost=lost)
        yield f"{text}{of_services(plan, change)}", severity or rule.severity

    return found


_ABOVE = ("vpc_id", "load_balancer_arn", "listener_arn")


def of_services(plan: Plan, change: Change) -> str:
    """The services that depend on a resource, as the end of a reason; empty where none is shown."""
    if change.type in SERVICES:
        return ""
    known = _identities(change)
    for other in plan.changes:
        if known & {str(other.before.get(key)) for key in _ABOVE}:
            known |= _identities(other)
    named = users(plan, known.__contains__)
    if change.type == "aws_ecr_repository":
        named = users(plan, images_of(change))
    if not named:
        return ""
    return f"; {some(named)} {'depends' if len(named) == 1 else 'depend'} on it"


def _identities(change: Change) -> set[str]:
    values = change.before
    own = {str(values.get(key)) for key in ("id", "arn", "cluster_name", "alarm_name")}
    own |= {str(dig(values, "ecs_service", "service_name"))}
    own |= {str(values.get("resource_id")).rpartition("/")[2]}
    # A role or a key is shared by what has nothing to do with the change.
    arns = {text for text in texts(values) if re.match(r"arn:[^:]+:(?!iam|kms)", text)}
    return (own | arns) - {"None", ""}


# Load balancers

_POLICY = re.compile(r"ELBSecurityPolicy-(?:(?:TLS13|TLS|FS)-1-(\d)|FS-2018|201[56])")
_CIPHERS = {"Res": 3, "Ext0": 1, "Ext1": 1, "Ext": 1, "Ext2": 0}


def _strength(policy: Any) -> tuple[int, int] | None:
    """The oldest TLS 1.x that a security policy of ELB takes, and how few ciphers; None: unknown.

    Source: Application Load Balancers user guide, Security policies.
    """
    match = _POLICY.match(str(policy))
    if match is None:
        return None
    ranks = [_CIPHERS[part] for part in str(policy).split("-") if part in _CIPHERS]
    return int(match[1] or 0), ranks[0] if ranks else 2


_ENCRYPTED = ("HTTPS", "TLS")


@risk(NET3)
def _unencrypted(plan: Plan, listener: Change) -> Iterator[Found]:
    """A listener that goes to HTTP, loses its certificate, a stronger policy or its redirect."""
    (was, will), end = listener.both("protocol"), of_services(plan, listener)
    if listener.action is Action.DELETE and was in _ENCRYPTED:
        balancer = listener.before.get("load_balancer_arn")
        left = [
            each
            for each in plan.of_type(listener.type)
            if each.exists_after and balancer and each.after.get("load_balancer_arn") == balancer
        ]
        opened = [each for each in left if _serves_plainly(each) and each.is_shown]
        if opened and not any(each.after.get("protocol") in _ENCRYPTED for each in left):
            yield f"is deleted, and its load balancer continues without encryption{end}"
    if not changes(listener):
        return
    if was in _ENCRYPTED and will not in _ENCRYPTED and not hidden(listener, "protocol"):
        yield f"goes from {was} to {will or 'no encryption'}{end}"
        return
    certificates = listener.both("certificate_arn")
    if off(*certificates) and not hidden(listener, "certificate_arn"):
        yield f"loses its certificate{end}"
    policies = listener.both("ssl_policy")
    stronger, weak = map(_strength, policies)
    if stronger and weak and weak < stronger:
        yield f"takes weaker TLS: from {policies[0]} to {policies[1]}{end}", Severity.MEDIUM
    if _redirects(listener.before) and _serves_plainly(listener):
        yield f"no longer redirects to HTTPS{end}"


def _redirects(values: dict[str, Any]) -> bool:
    return any(
        dig(action, "redirect", "protocol") == "HTTPS"
        for action in values.get("default_action") or ()
    )


def _serves_plainly(listener: Change) -> bool:
    actions = {str(dig(action, "type")) for action in listener.after.get("default_action") or ()}
    plain = listener.after.get("protocol") in ("HTTP", "TCP")
    return plain and "forward" in actions and not hidden(listener, "default_action")


@risk(NET4)
def _forwards_nothing(plan: Plan, change: Change) -> Iterator[Found]:
    """A listener or rule that answers by itself what it sent to a service."""
    name = "default_action" if change.type.endswith("listener") else "action"
    before, after = ({str(dig(each, "type")) for each in side or ()} for side in change.both(name))
    if changes(change) and "forward" in before and after and "forward" not in after:
        yield f"goes from forward to {some(sorted(after))}{of_services(plan, change)}"


@risk(NET4)
def _narrower(plan: Plan, rule: Change) -> Iterator[Found]:
    """A rule that no longer takes paths or hosts, which no other rule takes."""
    if not changes(rule) or hidden(rule, "condition"):
        return
    left = {
        each
        for other in plan.of_type(rule.type)
        if other.exists_after and other.after.get("listener_arn") == rule.before.get("listener_arn")
        for each in _taken(other.after)
    }
    kinds = {kind for kind, _ in _taken(rule.after)}
    lost = [
        value
        for kind, value in sorted(_taken(rule.before) - left)
        if kind in kinds and (kind, "*") not in left and (kind, "/*") not in left
    ]
    if lost:
        yield f"no longer takes {some(lost)}{of_services(plan, rule)}"


def _taken(values: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (kind, str(value))
        for condition in values.get("condition") or ()
        for kind in ("path_pattern", "host_header")
        for value in dig(condition, kind, "values") or ()
    }


def _checks(name: str) -> RiskCheck:
    return weaker(
        NET4,
        f"health_check.{name}",
        lambda before, after: bool(before) and bool(after) and before != after,
        f"checks the {name} {{after}} (was {{before}}); what does not answer it yet gets no requests",
        Severity.MEDIUM,
    )


_LEAVES_GROUPS = "leaves the security groups {lost}, so others may reach it, or be reached by it"

BALANCER = (
    weaker(SEC1, "drop_invalid_header_fields", off, "lets invalid header fields through"),
    weaker(SEC1, "enable_waf_fail_open", turns(True), "lets requests past a web ACL that is down"),
    weaker(NET4, "subnets", loses, "leaves the subnets {lost}", Severity.MEDIUM),
    weaker(NET4, "security_groups", loses, _LEAVES_GROUPS, Severity.MEDIUM),
    weaker(
        SEC1,
        "enforce_security_group_inbound_rules_on_private_link_traffic",
        turns("off"),
        "lets in all that comes by PrivateLink, such as a VPC link of REST APIs, whatever its groups say",
        Severity.MEDIUM,
    ),
)
LISTENER = (
    _unencrypted,
    _forwards_nothing,
    weaker(
        NET4,
        "port",
        lambda before, after: bool(before) and bool(after) and before != after,
        "listens on port {after} (was {before})",
    ),
    weaker(
        SEC1,
        "mutual_authentication.mode",
        leaves("verify"),
        "no longer verifies the certificates of clients",
    ),
)
LISTENER_RULE = (_forwards_nothing, _narrower)
TARGET_GROUP = (
    *(_checks(name) for name in ("path", "port", "protocol", "matcher")),
    weaker(NET4, "health_check.enabled", off, "checks no health", Severity.MEDIUM),
)

# Registry

REPOSITORY = (
    weaker(
        SEC4,
        "image_tag_mutability",
        lambda before, after: (
            leaves("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")(before, after)
            or (before == "IMMUTABLE" and after == "IMMUTABLE_WITH_EXCLUSION")
        ),
        "goes from {before} to {after}",
    ),
)
KEY = (
    weaker(
        DATA1,
        "deletion_window_in_days",
        falls,
        "can be brought back for {after} days after its deletion (was {before})",
        Severity.LOW,
    ),
)
BUCKET_ENCRYPTION = (
    weaker(
        SEC1,
        "rule.apply_server_side_encryption_by_default.sse_algorithm",
        leaves("aws:kms", "aws:kms:dsse"),
        "goes from encryption by a KMS key to {after}",
    ),
)
BUCKET_OWNERSHIP = (
    weaker(
        SEC1,
        "rule.object_ownership",
        leaves("BucketOwnerEnforced"),
        "lets ACLs give rights again ({after})",
    ),
)
NOTIFICATION = (weaker(RUN1, "eventbridge", off, "tells EventBridge of no uploads any more"),)


@risk(DATA1)
def _expires(plan: Plan, change: Change) -> Iterator[Found]:
    """Rules that delete objects of a bucket sooner than before, or that did not delete any."""
    bucket = change.after.get("bucket")
    is_new = bool(bucket) and any(
        each.exists_before and bucket in (each.before.get("bucket"), each.before.get("id"))
        for each in plan.of_type("aws_s3_bucket")
    )
    if not changes(change) and not (change.action is Action.CREATE and is_new):
        return
    if hidden(change, "rule"):
        return
    before, after = _expiries(change.before), _expiries(change.after)
    for (what, where), days in sorted(after.items()):
        was = before.get((what, where))
        # A rule for all of them may have been there, and be split by prefixes.
        whole = before.get((what, ""))
        least = min((each for each in (was, whole) if each), default=None)
        if least is None or days < least:
            of = f" under {where}" if where else ""
            yield f"deletes {what}{of} after {days} days (was {least or 'never'})"


def _expiries(values: dict[str, Any]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for rule in values.get("rule") or ():
        where = str(dig(rule, "filter", "prefix") or dig(rule, "prefix") or "")
        more = dig(rule, "filter", "tag") or dig(rule, "filter", "and")
        if more:
            where = json.dumps(more, sort_keys=True)
        for what, *path in (
            ("objects", "expiration", "days"),
            ("old versions", "noncurrent_version_expiration", "noncurrent_days"),
        ):
            days = dig(rule, *path)
            if dig(rule, "status") == "Enabled" and isinstance(days, int) and days > 0:
                found[what, where] = min(days, found.get((what, where), days))
    return found


BUCKET_EXPIRY = (_expires,)

# What runs by itself

_STOPS = "is disabled, so it starts nothing"
SCHEDULE = (weaker(RUN1, "state", turns("DISABLED"), _STOPS),)


@risk(RUN1)
def _rule_disabled(plan: Plan, rule: Change) -> Iterator[Found]:
    """The provider knows two arguments for this: `state`, and `is_enabled` of old."""
    for name, is_off in (("state", "DISABLED"), ("is_enabled", False)):
        if changes(rule) and turns(is_off)(*rule.both(name)):
            yield f"{_STOPS}{_started(plan, rule)}"
            return


def _started(plan: Plan, rule: Change) -> str:
    arns = {
        str(target.before.get("arn"))
        for target in plan.of_type("aws_cloudwatch_event_target")
        if target.before.get("rule") in (rule.before.get("name"), rule.before.get("id"))
    }
    named = users(plan, arns.__contains__)
    return f"; {some(named)} {'waits' if len(named) == 1 else 'wait'} for it" if named else ""


EVENT_RULE = (_rule_disabled,)
EVENT_SOURCE = (weaker(RUN1, "enabled", turns(False), _STOPS),)
TRAIL = (
    weaker(SEC1, "enable_logging", turns(False), "records nothing any more"),
    weaker(SEC1, "enable_log_file_validation", turns(False), "no longer proves its files"),
    weaker(SEC1, "is_multi_region_trail", turns(False), "records one Region only"),
)


def _suspends(name: str, what: str) -> RiskCheck:
    return weaker(RUN1, f"suspended_state.{name}", turns(True), f"suspends {what}")


SCALABLE_TARGET = (
    _suspends("dynamic_scaling_out_suspended", "scaling out by load"),
    _suspends("scheduled_scaling_suspended", "scheduled scaling"),
)


@risk(RUN1)
def _policy_gone(plan: Plan, policy: Change) -> Iterator[Found]:
    """The last scaling policy of a target that stays."""
    of = ("resource_id", "scalable_dimension")
    same = [
        each
        for kind in (policy.type, "aws_appautoscaling_scheduled_action")
        for each in plan.of_type(kind)
        if each.exists_after and all(each.after.get(k) == policy.before.get(k) for k in of)
    ]
    stays = any(
        target.exists_after and all(target.after.get(k) == policy.before.get(k) for k in of)
        for target in plan.of_type("aws_appautoscaling_target")
    )
    if policy.action is Action.DELETE and stays and not same:
        yield f"is deleted, so {policy.before.get('resource_id')} no longer scales"


SCALING_POLICY = (_policy_gone,)

# Capacity

_MAXIMUM = "lowers the maximum from {before} to {after}"
_MINIMUM = "lowers the minimum from {before} to {after}"


def bounds(maximum: str, minimum: str = "") -> tuple[RiskCheck, ...]:
    """The risks that the bounds of capacity are lowered."""
    low = (weaker(CAP1, minimum, falls, _MINIMUM, Severity.LOW),) if minimum else ()
    return (weaker(CAP1, maximum, falls, _MAXIMUM), *low)


CAPACITY_PROVIDER = (
    weaker(
        RUN1,
        "auto_scaling_group_provider.managed_scaling.status",
        turns("DISABLED"),
        "no longer starts instances for waiting tasks",
    ),
    weaker(
        CAP5,
        "auto_scaling_group_provider.managed_termination_protection",
        turns("DISABLED"),
        "lets instances be ended on which tasks run",
        Severity.MEDIUM,
    ),
    weaker(
        CAP5,
        "auto_scaling_group_provider.managed_draining",
        turns("DISABLED"),
        "ends instances without draining their tasks",
        Severity.MEDIUM,
    ),
)
LAUNCH_TEMPLATE = (
    weaker(
        SEC1,
        "metadata_options.http_tokens",
        leaves("required"),
        "lets the instance metadata be read without a token (IMDSv1)",
    ),
    weaker(
        SEC1,
        "block_device_mappings.ebs.encrypted",
        lambda before, after: str(before) == "true" and str(after) != "true",
        "turns off the encryption of volumes",
    ),
)
FUNCTION = (
    weaker(
        CAP1,
        "reserved_concurrent_executions",
        lambda before, after: falls(1001 if before == -1 else before, after),
        "lowers the concurrency from {before} to {after}",
    ),
)

# Deployments of ECS


@risk(SEC5)
def _commands(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("enable_execute_command")
    if after is True and before is not True and (changes(change) or change.action is Action.CREATE):
        yield "lets people into its containers: who may ecs:ExecuteCommand gets a shell"


ECS_SERVICE = (
    _commands,
    weaker(
        ROLL3,
        "deployment_configuration.strategy",
        leaves("CANARY", "LINEAR", "BLUE_GREEN"),
        "goes from {before} to {after}",
    ),
    weaker(
        NET4,
        "network_configuration.security_groups",
        loses,
        _LEAVES_GROUPS,
        Severity.MEDIUM,
    ),
    weaker(NET4, "load_balancer", off, "leaves its load balancer"),
    weaker(NET4, "service_registries", off, "leaves service discovery"),
    weaker(NET4, "service_connect_configuration.enabled", turns(False), "leaves Service Connect"),
    weaker(ROLL4, "deployment_circuit_breaker.enable", off, "has no circuit breaker any more"),
    weaker(
        ROLL4,
        "deployment_circuit_breaker.rollback",
        off,
        "is no longer rolled back by its circuit breaker",
    ),
    weaker(ROLL4, "alarms.enable", off, "is no longer watched by alarms"),
    weaker(
        ROLL4,
        "deployment_minimum_healthy_percent",
        turns(0),
        "may stop every task before new ones start (minimum healthy percent was {before})",
    ),
)
DEPLOYMENT_GROUP = (
    weaker(
        ROLL3,
        "deployment_config_name",
        lambda before, after: (
            bool(before)
            and not str(before).endswith("AllAtOnce")
            and str(after).endswith("AllAtOnce")
        ),
        "goes from {before} to {after}",
    ),
    weaker(
        ROLL4,
        "auto_rollback_configuration.enabled",
        off,
        "no longer rolls back by itself",
    ),
    weaker(ROLL4, "alarm_configuration.enabled", off, "is no longer stopped by alarms"),
)


@risk(ROLL4)
def _sounds_later(plan: Plan, alarm: Change) -> Iterator[Found]:
    """An alarm whose threshold is further away, or must be crossed for longer."""
    names = ("threshold", "evaluation_periods", "datapoints_to_alarm", "period")
    if not changes(alarm) or any(hidden(alarm, name) for name in names):
        return
    operator = str(alarm.after.get("comparison_operator"))
    if operator != str(alarm.before.get("comparison_operator")):
        return
    (was, will), end = alarm.both("threshold"), of_services(plan, alarm)
    numbers = isinstance(was, int | float) and isinstance(will, int | float) and was != will
    if numbers and ("Less" in operator) is (will < was):
        yield f"fires at {will:g} (was {was:g}){end}"
    before, after = map(_crossed, (alarm.before, alarm.after))
    if any(one < other for one, other in zip(before[2:], after[2:], strict=True)):
        yield (
            f"fires after {after[1]:g} of {after[0]:g} periods (was {before[1]:g} of {before[0]:g}), {after[2] / after[0]:g} s each{end}",
            Severity.LOW,
        )


def _crossed(alarm: dict[str, Any]) -> tuple[float, float, float, float]:
    """Of how many periods an alarm looks, how many must be bad, and both in seconds."""
    periods = max(number(alarm.get("evaluation_periods"), 1), 1)
    bad = number(alarm.get("datapoints_to_alarm"), 0) or periods
    seconds = number(alarm.get("period"), 60)
    return periods, bad, periods * seconds, bad * seconds


ALARM = (
    _sounds_later,
    weaker(
        ROLL4,
        "treat_missing_data",
        leaves("breaching"),
        "no longer fires where the metric is missing ({after})",
        Severity.LOW,
    ),
    weaker(ROLL4, "actions_enabled", turns(False), "tells nobody and sets off nothing"),
    weaker(ROLL4, "alarm_actions", loses, "no longer sets off {lost}"),
)
ENDPOINT = (
    weaker(
        ROLL4,
        "deployment_config.auto_rollback_configuration.alarms",
        off,
        "is no longer rolled back by alarms",
    ),
)

# EKS and Kubernetes

CLUSTER = (
    weaker(
        NET4,
        "vpc_config.endpoint_private_access",
        turns(False),
        "is no longer reached from the VPC itself",
        Severity.MEDIUM,
    ),
    weaker(
        SEC1,
        "enabled_cluster_log_types",
        lambda before, after: bool(after) and loses(before, after),
        "no longer logs {lost}",
    ),
)
_EFFECTS = {
    "NO_EXECUTE": (CAP5.severity, "ends pods that do not tolerate the taint {}"),
    "NO_SCHEDULE": (Severity.MEDIUM, "takes no new pods that do not tolerate the taint {}"),
}
WORKLOADS = tuple(
    f"kubernetes_{kind}{version}"
    for kind in ("deployment", "stateful_set", "daemonset", "daemon_set")
    for version in ("", "_v1")
)


@risk(CAP5)
def _tainted(plan: Plan, group: Change) -> Iterator[Found]:
    """A node group that gets a taint, unless every workload of the plan tolerates it."""
    if not changes(group) or hidden(group, "taint"):
        return
    before, after = (
        {tuple(str(each.get(k) or "") for k in ("key", "value", "effect")) for each in side or ()}
        for side in group.both("taint")
    )
    running = [each for each in plan.of_type(*WORKLOADS) if each.exists_before]
    for key, value, effect in sorted(after - before):
        if effect not in _EFFECTS:
            continue
        severity, words = _EFFECTS[effect]
        hit = [each for each in running if not _tolerates(each, key, value, effect)]
        if running and not hit:
            continue
        text = words.format(f"{key}={value}" if value else key)
        named = sorted({str(dig(each.before, "metadata", "name")) for each in hit})
        yield f"{text}{f': {some(named)}' if named else of_services(plan, group)}", severity


def _tolerates(workload: Change, key: str, value: str, effect: str) -> bool:
    """Source: Kubernetes documentation, Taints and Tolerations."""
    effects = {"NO_EXECUTE": "NoExecute", "NO_SCHEDULE": "NoSchedule"}
    for each in dig(workload.before, "spec", "template", "spec", "toleration") or ():
        exists = each.get("operator") == "Exists"
        if (
            each.get("key") in (key, None, "")[: 3 if exists else 1]
            and (exists or str(each.get("value") or "") == value)
            and each.get("effect") in (None, "", effects[effect])
            and not each.get("toleration_seconds")
        ):
            return True
    return False


NODE_GROUP = (*bounds("scaling_config.max_size", "scaling_config.min_size"), _tainted)


def _labels(workload: Change, side: dict[str, Any]) -> set[tuple[str, str]]:
    found = dig(side, "spec", "template", "metadata", "labels")
    return set(found.items()) if isinstance(found, dict) else set()


@risk(NET4)
def _selects_others(plan: Plan, service: Change) -> Iterator[Found]:
    """A Service whose selector leaves the pods that it selected.

    Not where the pods of every workload of the plan that it selected have the new labels, too.
    """
    before, after = service.both("spec", "selector")
    if not changes(service) or hidden(service, "spec", "selector"):
        return
    was = set(before.items()) if isinstance(before, dict) else set()
    will = set(after.items()) if isinstance(after, dict) else set()
    if not was or (will and will <= was):
        return
    workloads = [each for each in plan.of_type(*WORKLOADS) if each.exists_before]
    behind = [each for each in workloads if was <= _labels(each, each.before)]
    stays = all(
        will <= _labels(each, each.before) and will <= _labels(each, each.after) for each in behind
    )
    if behind and will and stays:
        return
    left = sorted({str(dig(each.before, "metadata", "name")) for each in behind})
    name = f"{some(left)} gets no requests by it" if left else "the pods behind it get none"
    shown = [", ".join(f"{k}={v}" for k, v in sorted(each)) or "nothing" for each in (was, will)]
    yield f"selects {shown[1]} instead of {shown[0]}; {name}"


@risk(NET4)
def _other_ports(plan: Plan, service: Change) -> Iterator[Found]:
    """A Service that no longer has a port, or sends to another one of the pods."""
    if not changes(service) or hidden(service, "spec", "port"):
        return
    was, will = (
        {each.get("port"): str(each.get("target_port") or "") for each in side or ()}
        for side in service.both("spec", "port")
    )
    for port in sorted(was.keys() - will.keys(), key=str):
        yield f"no longer listens on port {port}"
    for port in sorted(was.keys() & will.keys(), key=str):
        if was[port] != will[port] and will[port]:
            text = f"sends port {port} to {will[port]} of its pods (was {was[port]})"
            yield text, Severity.MEDIUM


_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
_SCHEMES = (
    "service.beta.kubernetes.io/aws-load-balancer-scheme",
    "alb.ingress.kubernetes.io/scheme",
)


@risk(NET2)
def _internet_facing(plan: Plan, change: Change) -> Iterator[Found]:
    """A Service or Ingress whose load balancer is told to face the internet, or is told nothing."""
    before, after = (_faces(change.type, side) for side in (change.before, change.after))
    if change.is_written and after and after != before:
        if hidden(change, "metadata", 0, "annotations"):
            return
        if after == "told":
            yield "gets a load balancer that faces the internet"
        elif not before:
            yield (
                "gets a load balancer without a scheme, which may face the internet",
                Severity.MEDIUM,
            )


def _faces(kind: str, values: dict[str, Any]) -> str:
    held = dig(values, "metadata", "annotations") or {}
    schemes = [held[name] for name in _SCHEMES if name in held]
    balances = "ingress" in kind or dig(values, "spec", "type") == "LoadBalancer"
    if not balances or not isinstance(held, dict):
        return ""
    if "internet-facing" in schemes or held.get(_INTERNAL) == "false":
        return "told"
    # The controller's Ingress is internal by default, a Service of Kubernetes itself is not.
    return "" if schemes or _INTERNAL in held or "ingress" in kind else "maybe"


KUBERNETES_SERVICE = (
    _internet_facing,
    _selects_others,
    _other_ports,
    weaker(NET4, "spec.type", leaves("LoadBalancer"), "goes from {before} to {after}"),
)


@risk(NET3)
def _plain_ingress(plan: Plan, ingress: Change) -> Iterator[Found]:
    """An Ingress that loses HTTPS, by TLS or by what the load balancer is told."""
    if not changes(ingress) or hidden(ingress, "metadata", "annotations"):
        return
    if off(*ingress.both("spec", "tls")) and not hidden(ingress, "spec", "tls"):
        yield "has no TLS any more"
    prefix = "alb.ingress.kubernetes.io"
    for name, words in (("certificate-arn", "has no certificate"), ("listen-ports", "no HTTPS")):
        before, after = ingress.both("metadata", "annotations", f"{prefix}/{name}")
        had = "HTTPS" in str(before) if name == "listen-ports" else bool(before)
        has = "HTTPS" in str(after) if name == "listen-ports" else bool(after)
        if had and not has:
            yield f"{words} any more"
            return


INGRESS = (_plain_ingress, _internet_facing)
WORKLOAD = (
    weaker(CAP1, "spec.replicas", falls, "lowers the number of pods from {before} to {after}"),
    weaker(
        ROLL4,
        "spec.strategy.type",
        turns("Recreate"),
        "stops every pod before new ones start",
    ),
)
POD_AUTOSCALER = bounds("spec.max_replicas", "spec.min_replicas")
DISRUPTION_BUDGET = (
    weaker(
        CAP5,
        "spec.min_available",
        falls,
        "lets more pods be stopped at once: {after} stay (were {before})",
        Severity.LOW,
    ),
)

# The network

VPC = (
    weaker(NET4, "enable_dns_support", turns(False), "resolves no names any more"),
    weaker(
        NET4,
        "enable_dns_hostnames",
        turns(False),
        "gives VPC endpoints no private names any more",
    ),
)
VPC_ENDPOINT = (
    weaker(
        NET4,
        "private_dns_enabled",
        turns(False),
        "is no longer reached by the service's own name",
    ),
    weaker(NET4, "subnet_ids", loses, "leaves the subnets {lost}", Severity.MEDIUM),
    weaker(NET4, "route_table_ids", loses, "leaves the route tables {lost}"),
)

# Databases

DATABASE = (
    weaker(DATA1, "backup_retention_period", falls, "keeps backups {after} days (was {before})"),
    weaker(CAP5, "multi_az", turns(False), "has no standby any more", Severity.MEDIUM),
)
TABLE = (
    weaker(
        DATA1,
        "point_in_time_recovery.enabled",
        turns(False),
        "cannot be brought back to an earlier time any more",
    ),
)
QUEUE = (
    weaker(
        DATA1,
        "message_retention_seconds",
        falls,
        "keeps messages {after} s (was {before})",
    ),
)
STREAM = (weaker(DATA1, "retention_period", falls, "keeps records {after} h (was {before})"),)
