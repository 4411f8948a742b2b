"""Application Auto Scaling: scalable targets, policies and scheduled actions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from inferform.usage import Amount, Usage, alarm_usage, between, exactly, held

from ..aws import Aws
from ..plan import Action, Change, Plan, Side, dig
from ..told import Severity
from . import weaker
from .finding import given
from .reasons import resource
from .record import Existing, Found, Not, Planned, RiskCheck, Values, risk
from .risks import CAP1, KEPT1, raised
from .synthesis import Resource, Synthesis

TARGET = "aws_appautoscaling_target"
_POLICY = "aws_appautoscaling_policy"
_SCHEDULED = "aws_appautoscaling_scheduled_action"


# What scales a service


def scaling_targets(plan: Plan, service: Change) -> list[Change]:
    """The scalable targets of a service, changed or not."""
    name = service.after.get("name") or service.before.get("name")
    found = []
    for target in plan.of_type(TARGET):
        will, was = (str(side.get("resource_id") or "") for side in (target.after, target.before))
        is_named = bool(name) and name in (will or was).split("/")
        # Where the id is known it says more than what it refers to.
        if is_named or (not will and service in plan.referred(target, "resource_id")):
            found.append(target)
    return found


def variant_of(target: Change) -> str:
    """The variant that a scalable target scales; empty where it is not of an endpoint."""
    resource = str(target.after.get("resource_id") or target.before.get("resource_id") or "")
    match = re.search(r"/variant/(.+)$", resource)
    return match[1] if match else ""


def _tracking_alarms(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The two alarms that Application Auto Scaling makes for each policy of target tracking."""
    followed = change.at(side).get("target_tracking_scaling_policy_configuration")
    if not followed:
        return
    queries = dig(followed, "customized_metric_specification", "metrics") or ()
    looked_at = sum(1 for query in queries if dig(query, "metric_stat"))
    name = str(dig(followed, "predefined_metric_specification", "predefined_metric_type") or "")
    yield alarm_usage(2 * max(1, looked_at), fast=name.endswith("HighResolution"))


def planned_bounds(
    plan: Plan, service: Change, side: Side, variant: str, count: float | None
) -> Amount | None:
    """The scaling bounds of a service of a plan, or its count where nothing scales it.

    None where the plan does not tell them.
    """
    for target in scaling_targets(plan, service):
        values = target.at(side)
        name = str(values.get("resource_id") or "")
        if target.exists(side) and (not variant or not name or name.endswith(f"/{variant}")):
            low, high = values.get("min_capacity"), values.get("max_capacity")
            if isinstance(low, int) and isinstance(high, int):
                return within(plan, target, side, count, low, high)
            return None
    return None if count is None else exactly(count)


def within(
    plan: Plan, target: Change, side: Side, count: float | None, low: int, high: int
) -> Amount:
    """The capacity between the bounds of a scalable target: the `count` with which it begins, where no policy
    and no scheduled action of the plan moves it. Default of `count`: the least."""
    own = target.at(side).get("resource_id")
    moves = any(
        each.at(side).get("resource_id") == own
        if own
        else target in plan.referred(each, "resource_id")
        for each in plan.of_type(_POLICY, _SCHEDULED)
        if each.exists(side)
    )
    return between(low, high) if moves else held(low, low if count is None else count, high)


def maximum(synthesis: Synthesis, service: Resource, suffix: str = "") -> int:
    """The maximum of the scalable target of a synthesized service; 0 without one."""
    for target in synthesis.of(TARGET):
        scaled = str(target.values.get("resource_id", ""))
        named = f"${{{service.address}.name}}" in scaled or (
            scaled.removesuffix(suffix).endswith(f"/{service.values.get('name')}")
        )
        if named and scaled.endswith(suffix) and target.stack == service.stack:
            return int(target.values.get("max_capacity", 0))
    return 0


def scaling_facts(plan: Plan, service: Change) -> Iterator[tuple[str, str]]:
    """What a plan changes of the bounds of a service."""
    for target in scaling_targets(plan, service):
        variant = variant_of(target)
        suffix = f" of {variant}" if variant else ""
        if target.action is Action.CREATE:
            low, high = target.after.get("min_capacity"), target.after.get("max_capacity")
            yield f"scaling{suffix}", f"{low} to {high} instances"
        elif target.action is Action.DELETE:
            yield f"scaling{suffix}", "no longer scales"
        elif target.action is not Action.NONE:
            was = f"{target.before.get('min_capacity')} to {target.before.get('max_capacity')}"
            will = f"{target.after.get('min_capacity')} to {target.after.get('max_capacity')}"
            if was != will:
                yield f"scaling{suffix}", f"{was} → {will} instances"
            elif target.action is Action.REPLACE:
                yield f"scaling{suffix}", "is paused during the update"


def policy_facts(plan: Plan, service: Change) -> Iterator[tuple[str, str]]:
    """What a plan changes of the policies and scheduled actions of a service."""
    name = service.after.get("name") or service.before.get("name")
    for policy in plan.of_type(_POLICY, _SCHEDULED):
        scaled = str(policy.before.get("resource_id", "")).split("/")
        if policy.action is not Action.UPDATE or name not in scaled:
            continue
        path = ("target_tracking_scaling_policy_configuration", "target_value")
        was, will = dig(policy.before, *path), dig(policy.after, *path)
        if was != will:
            yield "scaling target", f"{was:g} → {will:g}"
        else:
            yield "scaling policy", f"{policy.before.get('name')} changes"


# Risks


def lowered_bounds(running: str = "", attribute: str = "desired_count") -> RiskCheck:
    """The risk that the bounds of a scalable target go down.

    `running` is the type of those services whose count a plan knows, `attribute` their count.
    """

    @risk(CAP1)
    def less(plan: Plan, change: Change) -> Iterator[Found]:
        if change.action not in (Action.UPDATE, Action.REPLACE):
            return
        before, after = change.both("max_capacity")
        if _falls(before, after):
            now = next(
                (
                    service.before.get(attribute)
                    for service in plan.of_type(running)
                    if change in scaling_targets(plan, service)
                ),
                None,
            )
            enough = isinstance(now, int) and now <= after
            text = f"lowers the maximum from {before} to {after}"
            yield (
                text if now is None else f"{text}; {now} tasks run now",
                Severity.LOW if enough else Severity.HIGH,
            )
        before, after = change.both("min_capacity")
        if _falls(before, after):
            yield f"lowers the minimum from {before} to {after}", Severity.LOW

    return less


def _falls(before: Any, after: Any) -> bool:
    return isinstance(before, int) and isinstance(after, int) and after < before


@risk(KEPT1)
def _ignored_bounds(plan: Plan, note: Change) -> Iterator[Found]:
    """A change of bounds that scheduled actions own, which Terraform ignores."""
    was, will = note.both("input", "scheduled_bounds")
    if note.action is Action.UPDATE and isinstance(was, dict) and isinstance(will, dict):
        changed = [
            f"{name} from {was[name]} to {will[name]}"
            for name in was.keys() & will.keys()
            if was[name] != will[name]
        ]
        if changed:
            target = dig(note.after, "input", "target")
            yield (
                f"the change of {' and '.join(sorted(changed))} of {target} is ignored, as scheduled "
                "actions own it; it holds once the target is registered again"
            )


# Recover and drift


def _scaled(aws: Aws, values: Values) -> Iterator[tuple[str, dict[str, str]]]:
    """The scalable target that a target or a policy names: its id, and its tags."""
    scaling = aws.client("application-autoscaling")
    namespace: Any = given(values, "service_namespace")
    dimension: Any = given(values, "scalable_dimension")
    resource = given(values, "resource_id")
    targets = scaling.describe_scalable_targets(
        ServiceNamespace=namespace, ResourceIds=[resource], ScalableDimension=dimension
    )["ScalableTargets"]
    for target in targets:
        tags = scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"]
        yield f"{namespace}/{resource}/{dimension}", tags


def _find_target(aws: Aws, values: Values) -> Iterator[Existing]:
    for identity, tags in _scaled(aws, values):
        yield Existing(identity, tags)


def _find_policy(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    namespace: Any = given(values, "service_namespace")
    dimension: Any = given(values, "scalable_dimension")
    for identity, tags in _scaled(aws, values):
        policies = aws.client("application-autoscaling").describe_scaling_policies(
            PolicyNames=[name],
            ServiceNamespace=namespace,
            ResourceId=given(values, "resource_id"),
            ScalableDimension=dimension,
        )["ScalingPolicies"]
        for policy in policies:
            yield Existing(f"{identity}/{policy['PolicyName']}", tags)


def _by_schedule(before: Values, after: Values, planned: Planned) -> set[str]:
    """The bounds, where a scheduled action sets them."""
    scheduled = {values.get("resource_id") for values in planned(_SCHEDULED)}
    owned = before.get("resource_id") in scheduled
    return {"min_capacity", "max_capacity"} if owned else set()


_OF_TARGET = Not("it goes with the scalable target, which the service's story tells")
_FREE = Not("Application Auto Scaling costs nothing; the service's estimate has the bounds")
_SET = Not("a put of the same name sets it again, so that nothing can be taken")
_BOUNDS = Not("its target's bounds are what can hurt")
_OF_SERVICE = Not("the service that it scales counts its maximum")
_VERIFIED = Not("the service that it scales is verified")
_NOWHERE = Not("it is nothing in AWS, but what makes others be replaced with it")

KINDS = (
    resource(
        TARGET,
        "scalable target",
        _find_target,
        name=_SET,
        owned=_by_schedule,
        uses=_FREE,
        quotas=_OF_SERVICE,
        addresses=_OF_SERVICE,
        preflight=Not("the service that it scales is checked"),
        story=Not("it is a fact in the story of the service that it scales"),
        risks=(
            lowered_bounds("aws_ecs_service"),
            raised("max_capacity"),
            *weaker.SCALABLE_TARGET,
        ),
        verify=_VERIFIED,
    ),
    resource(
        _POLICY,
        "scaling policy",
        _find_policy,
        name=_SET,
        uses=_tracking_alarms,
        quotas=Not("a service has fewer than its quota of policies"),
        addresses=Not("what it scales takes them"),
        story=_OF_TARGET,
        risks=weaker.SCALING_POLICY,
        verify=_VERIFIED,
    ),
    resource(
        _SCHEDULED,
        "scheduled scaling action",
        Not("it has no import, and a put of the same name sets it again"),
        name=_SET,
        uses=_FREE,
        quotas=Not("a service has fewer than its quota of scheduled actions"),
        addresses=Not("what it scales takes them"),
        story=_OF_TARGET,
        risks=_BOUNDS,
        verify=_VERIFIED,
    ),
    resource(
        "terraform_data",
        "note of Terraform's",
        Not("it is in the state only; the next apply makes it again"),
        name=_NOWHERE,
        discard=_NOWHERE,
        owned=_NOWHERE,
        uses=_NOWHERE,
        quotas=_NOWHERE,
        addresses=_NOWHERE,
        preflight=_NOWHERE,
        story=Not("what is replaced with it is told"),
        risks=(_ignored_bounds,),
        settings=_NOWHERE,
        verify=_NOWHERE,
    ),
)
