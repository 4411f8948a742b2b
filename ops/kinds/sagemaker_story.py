"""What a plan does to a SageMaker endpoint, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..plan import Action, Change, Plan, Side, dig
from ..told import Story
from .scaling import policy_facts, scaling_facts, scaling_targets, variant_of
from .stacked import STACK, configuration_change
from .words import arrow, changed_first, forced, minutes, short_image

ENDPOINT = "aws_sagemaker_endpoint"
CONFIGURATION = "aws_sagemaker_endpoint_configuration"
MODEL = "aws_sagemaker_model"

_OPEN = "open to who may start a session"

# hashicorp/aws waits this long for an endpoint; a rollout that lasts longer fails the apply.
PROVIDER_WAIT_MINUTES = 60


def endpoint_story(plan: Plan, endpoint: Change) -> Iterator[Story]:
    """What happens to an endpoint, with its configuration, models and scaling."""
    before, after = _served_by(plan, endpoint)
    scaling = (*scaling_facts(plan, endpoint), *policy_facts(plan, endpoint))
    if not endpoint.is_shown and not scaling:
        return
    if endpoint.action is Action.DELETE:
        scaling = ()
    story = _endpoint_story(plan, endpoint, before, after, scaling)
    twin = _renamed(plan, endpoint)
    yield replace(story, facts=(*story.facts, twin)) if twin else story


@dataclass(frozen=True, slots=True)
class Served:
    """What one variant or container serves, on what."""

    variant: str
    image: str = ""
    model: str = ""
    capacity: str = ""
    environment: dict[str, Any] = field(default_factory=dict)
    instance_type: str = ""
    count: int | None = None
    weight: float | None = None
    shell: bool = False


def _only(values: tuple[Change, ...]) -> Change | None:
    return values[0] if len(values) == 1 else None


def named(plan: Plan, kind: str, name: Any, side: Side) -> Change | None:
    """A resource by the name that it has before or after.

    What was rolled back runs what its successor has already replaced in the state.
    """
    if not isinstance(name, str) or not name:
        return None
    for change in (*plan.of_type(kind), *plan.kept(kind)):
        if change.exists(side) and change.at(side).get("name") == name:
            return change
    return None


def configuration_of(plan: Plan, endpoint: Change, side: Side) -> Change | None:
    """The endpoint configuration that an endpoint uses before or after.

    None where it is not in the plan, or cannot be told from it.
    """
    name, path = endpoint.at(side).get("endpoint_config_name"), "endpoint_config_name"
    if isinstance(name, str) and name:
        found, stack = named(plan, CONFIGURATION, name, side), named(plan, STACK, name, side)
    else:
        found = referred_only(plan, endpoint, CONFIGURATION, side, path)
        stack = referred_only(plan, endpoint, STACK, side, path)
    # What hashicorp/aws cannot say is a stack of CloudFormation's.
    return found or (configuration_change(stack, CONFIGURATION) if stack else None)


def referred_only(
    plan: Plan, change: Change, kind: str, side: Side, *path: str | int
) -> Change | None:
    """The one resource of a type that an argument refers to; None where it may be another."""
    if not plan.is_resolved(change, *path):
        return None
    return _only(
        tuple(c for c in plan.referred(change, *path) if c.type == kind and c.exists(side))
    )


def is_told(plan: Plan, endpoint: Change, side: Side) -> bool:
    """Whether the plan tells what an endpoint serves before or after."""
    return not endpoint.exists(side) or configuration_of(plan, endpoint, side) is not None


def variants_of(plan: Plan, endpoint: Change, side: Side) -> dict[str, Served]:
    """What each production variant of an endpoint serves before or after.

    Empty also where that is not known (`is_told`).
    """
    configuration = configuration_of(plan, endpoint, side)
    if configuration is None:
        return {}
    found: dict[str, Served] = {}
    for index, variant in enumerate(dig(configuration.at(side), "production_variants") or ()):
        name = str(variant.get("variant_name") or f"variant {index + 1}")
        path = ("production_variants", index, "model_name")
        model_name = variant.get("model_name")
        if isinstance(model_name, str) and model_name:
            model = named(plan, MODEL, model_name, side)
            unresolved = f"of the model {model_name}"
        else:
            model = referred_only(plan, configuration, MODEL, side, *path)
            unknown = side == "after" and configuration.is_unknown(*path)
            unresolved = "not known" if unknown else ""
        told = served(name, variant, model, side)
        found[name] = replace(told, image=unresolved, model=unresolved) if model is None else told
    return found


def served(name: str, variant: dict[str, Any], model: Change | None, side: Side) -> Served:
    """What the containers of a model serve on the instances of a variant."""
    values = model.at(side) if model is not None else {}
    containers = [*(values.get("primary_container") or ()), *(values.get("container") or ())]
    images = [short_image(str(c["image"])) for c in containers if c.get("image")]
    artifacts = [
        str(c.get("model_data_url") or dig(c, "model_data_source", "s3_data_source", "s3_uri"))
        for c in containers
        if c.get("model_data_url") or dig(c, "model_data_source", "s3_data_source", "s3_uri")
    ]
    packages = [str(c["model_package_name"]) for c in containers if c.get("model_package_name")]
    instance_type = str(variant.get("instance_type") or "")
    count = variant.get("initial_instance_count")
    serverless = dig(variant, "serverless_config")
    if serverless:
        setting = serverless[0] if isinstance(serverless, list) else serverless
        capacity = (
            f"serverless, {setting.get('memory_size_in_mb')} MB, "
            f"at most {setting.get('max_concurrency')} at once"
        )
    else:
        capacity = f"{count or 1} x {instance_type}" if instance_type else ""
    environment: dict[str, Any] = {}
    for container in containers:
        environment |= container.get("environment") or {}
    return Served(
        variant=name,
        image=", ".join(images),
        model=", ".join([*artifacts, *packages]),
        capacity=capacity,
        environment=environment,
        instance_type=instance_type,
        count=count if isinstance(count, int) else None,
        weight=variant.get("initial_variant_weight"),
        shell=variant.get("enable_ssm_access") is True,
    )


def facts_of(before: dict[str, Served], after: dict[str, Served]) -> Iterator[tuple[str, str]]:
    """Image, model, instances, traffic and environment of each variant, and what changes."""
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        suffix = f" of {name}" if len({**before, **after}) > 1 else ""
        if new is None:
            yield f"variant {name}", "removed"
            continue
        if old is None:
            if before:
                yield f"variant {name}", "added"
            old = Served(name)
        for label, attribute in (("image", "image"), ("model", "model"), ("instances", "capacity")):
            was, will = getattr(old, attribute), getattr(new, attribute)
            if will or was:
                yield f"{label}{suffix}", arrow(was, will)
        if old.shell or new.shell:
            was, will = (_OPEN if each.shell else "closed" for each in (old, new))
            yield f"shell in containers{suffix}", arrow(was, will) if name in before else will
        shares = _share(before, name), _share(after, name)
        if suffix and (shares[0] or shares[1]):
            yield f"traffic{suffix}", arrow(*shares)
        changed = sorted(
            key
            for key in {*old.environment, *new.environment}
            if old.environment.get(key) != new.environment.get(key)
        )
        if changed and name in before:
            yield f"environment{suffix}", f"changes {', '.join(changed)}"


def _share(served: dict[str, Served], name: str) -> str:
    """A variant's share of the traffic; empty where it is not there or has no weight."""
    weights = {key: float(variant.weight or 0) for key, variant in served.items()}
    total = sum(weights.values())
    return f"{100 * weights[name] / total:.3g} %" if total and name in weights else ""


def _rollout(values: dict[str, Any]) -> tuple[str, str]:
    """How an endpoint is updated, and how long that may take."""
    policy = dig(values, "deployment_config", "blue_green_update_policy")
    rolling = dig(values, "deployment_config", "rolling_update_policy")
    alarms = dig(values, "deployment_config", "auto_rollback_configuration", "alarms") or ()
    guard = (
        f"; rolls back on {len(alarms)} alarm{'s' if len(alarms) != 1 else ''}" if alarms else ""
    )
    limit = None
    if policy:
        routing = dig(policy, "traffic_routing_configuration") or [{}]
        text, limit = _blue_green(routing[0], dig(policy, "termination_wait_in_seconds") or 0)
        limit = dig(policy, "maximum_execution_timeout_in_seconds") or limit
    elif rolling:
        size = _size(dig(rolling, "maximum_batch_size"))
        text = f"rolling, {size} at a time, {dig(rolling, 'wait_interval_in_seconds')} s between"
        limit = dig(rolling, "maximum_execution_timeout_in_seconds")
    else:
        text = "blue/green, all at once: a new fleet starts, takes over, and the old one ends"
    if not guard:
        guard = "; no alarm rolls it back, only a fleet that fails to start"
    cap = f"{PROVIDER_WAIT_MINUTES} min, then Terraform gives up waiting while AWS continues"
    bound = dig(policy or rolling, "maximum_execution_timeout_in_seconds")
    if bound and bound <= PROVIDER_WAIT_MINUTES * 60:
        cap = f"{minutes(bound)}, then AWS rolls back"
    elif limit and not bound:
        cap = f"{minutes(limit)} of waiting beside starting instances; {cap}"
    return text + guard, cap


def _blue_green(routing: dict[str, Any], termination: int) -> tuple[str, int]:
    kind = str(routing.get("type") or "ALL_AT_ONCE")
    wait = int(routing.get("wait_interval_in_seconds") or 0)
    if kind == "CANARY":
        size = _size(routing.get("canary_size"))
        return f"blue/green, canary of {size} for {wait} s, then the rest", wait + termination
    if kind == "LINEAR":
        step = dig(routing, "linear_step_size", "value") or 10
        percent = dig(routing, "linear_step_size", "type") == "CAPACITY_PERCENT"
        steps = math.ceil(100 / step) if percent else 10
        size = _size(routing.get("linear_step_size"))
        return f"blue/green, linear in steps of {size} every {wait} s", steps * wait + termination
    watched = f", watched for {wait} s" if wait else ""
    return f"blue/green, all at once{watched}", wait + termination


def _size(block: Any) -> str:
    value = dig(block, "value")
    unit = "%" if dig(block, "type") == "CAPACITY_PERCENT" else " instances"
    return f"{value}{unit}"


def _served_by(plan: Plan, endpoint: Change) -> tuple[dict[str, Served], dict[str, Served]]:
    return (
        variants_of(plan, endpoint, "before") if endpoint.exists_before else {},
        variants_of(plan, endpoint, "after") if endpoint.exists_after else {},
    )


def _renamed(plan: Plan, endpoint: Change) -> tuple[str, str] | None:
    """The endpoint that goes when this one comes, or comes when it goes, and serves the same."""
    opposite = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}.get(endpoint.action)
    mine = max(_served_by(plan, endpoint), key=len)
    for other in plan.of_type(ENDPOINT) if mine else ():
        if other.action is opposite and max(_served_by(plan, other), key=len) == mine:
            name = other.after.get("name") or other.before.get("name")
            if endpoint.action is Action.CREATE:
                return "looks like", f"{name} under a new name; its callers have to follow"
            return "looks like", f"it is renamed to {name}; its callers have to follow"
    return None


def _serving(
    plan: Plan, endpoint: Change, before: dict[str, Served], after: dict[str, Served]
) -> Iterator[tuple[str, str]]:
    """What an endpoint serves, as far as the plan tells it."""
    why = "its endpoint configuration is not in the plan, or cannot be told from it"
    if is_told(plan, endpoint, "before") and is_told(plan, endpoint, "after"):
        yield from facts_of(before, after)
    elif is_told(plan, endpoint, "after"):
        yield "serves so far", f"not known: {why}"
        yield from facts_of({}, after)
    elif endpoint.is_written:
        yield "will serve", f"not known: {why}"


def _endpoint_story(
    plan: Plan,
    endpoint: Change,
    before: dict[str, Served],
    after: dict[str, Served],
    scaling: tuple[tuple[str, str], ...],
) -> Story:
    name = str(endpoint.after.get("name") or endpoint.before.get("name") or endpoint.name)
    facts = [*_serving(plan, endpoint, before, after)]
    rollout = worst = interrupted = resets = ""
    headline, action = f"{name} only changes how it scales", "scaling"
    if endpoint.action is Action.CREATE:
        headline, action = f"{name} is new", "create"
        worst = f"{PROVIDER_WAIT_MINUTES} min, then the apply fails"
    elif endpoint.action is Action.REPLACE:
        old = str(endpoint.before.get("name") or "")
        renamed = old != name and bool(old)
        headline = f"{old} is deleted and {name} is created" if renamed else f"{name} is replaced"
        action = "replace"
        gap = "after the new one is in service" if endpoint.created_first else "first"
        interrupted = (
            f"callers of {old} fail from its deletion on"
            if renamed
            else f"every request, from the deletion until the new endpoint is in service "
            f"(up to {PROVIDER_WAIT_MINUTES} min)"
        )
        facts.append(("replaced because of", forced(endpoint)))
        facts.append(("old endpoint is deleted", gap))
    elif endpoint.action in (Action.DELETE, Action.FORGET):
        verb = "deleted" if endpoint.action is Action.DELETE else "no longer managed"
        headline, action = f"{name} is {verb}", endpoint.action.value
        facts = [*facts_of({}, before)]
        if endpoint.action is Action.DELETE:
            interrupted = "every request, for good"
    elif endpoint.action is Action.UPDATE:
        headline, action = _update_headline(name, before, after), "update"
        was, will = endpoint.both("endpoint_config_name")
        if was != will or endpoint.is_unknown("endpoint_config_name"):
            rollout, worst = _rollout(endpoint.after)
            facts += _settings(configuration_of(plan, endpoint, "after"))
            resets = _reset(plan, endpoint, before, after)
    elif endpoint.moved_from or endpoint.import_id:
        verb = "imported" if endpoint.import_id else "moved in the state"
        headline, action = f"{name} is {verb}; nothing changes at AWS", "state"
    if action in ("scaling", "state"):
        facts = []
    return Story(
        kind="SageMaker endpoint",
        name=name,
        address=endpoint.address,
        action=action,
        headline=headline,
        facts=(*changed_first(facts), *scaling),
        interrupted=interrupted,
        resets_capacity=resets,
        rollout=rollout,
        worst_case=worst,
    )


def _settings(configuration: Change | None) -> list[tuple[str, str]]:
    """What else an endpoint configuration changes beside its variants."""
    names = {"data_capture_config", "async_inference_config", "shadow_production_variants"}
    names |= {"kms_key_arn", "execution_role_arn", "vpc_config", "enable_network_isolation"}
    if configuration is None or configuration.action is not Action.REPLACE:
        return []
    facts = []
    for name in sorted(names):
        was, will = (bool(value) for value in configuration.both(name))
        label = name.removesuffix("_config").removesuffix("_arn").replace("_", " ")
        if was != will:
            facts.append((label, "turned on" if will else "turned off"))
        elif any(d.path.partition(".")[0] == name for d in configuration.differences):
            facts.append((label, "changes"))
    return facts


def _update_headline(name: str, before: dict[str, Served], after: dict[str, Served]) -> str:
    shared = [(before[key], after[key]) for key in after if key in before]
    images = {(old.image, new.image) for old, new in shared if old.image != new.image}
    models = {(old.model, new.model) for old, new in shared if old.model != new.model}
    sizes = {(old.capacity, new.capacity) for old, new in shared if old.capacity != new.capacity}
    parts = []
    for changes in (images, models if not images else set(), sizes):
        parts += [f"from {old or 'nothing'} to {new or 'nothing'}" for old, new in sorted(changes)]
    sentences = [f"{name} goes {' and '.join(parts)}"] if parts else []
    added = [key for key in after if key not in before]
    removed = [key for key in before if key not in after]
    if added and before:
        sentences.append(f"{name} gets the variant {', '.join(added)}")
    if removed and after:
        sentences.append(f"{name} loses the variant {', '.join(removed)}")
    return "; ".join(sentences) or f"{name} is updated"


def _reset(
    plan: Plan, endpoint: Change, before: dict[str, Served], after: dict[str, Served]
) -> str:
    """The provider does not ask SageMaker to retain counts, so an update sets them back."""
    scaled = {variant_of(target): target for target in scaling_targets(plan, endpoint)}
    parts = []
    for name, served in after.items():
        if served.count is None or not served.instance_type or name not in before:
            continue
        target = scaled.get(name)
        if target is not None and target.action is not Action.CREATE:
            high = target.before.get("max_capacity") or target.after.get("max_capacity")
            parts.append(f"{name} starts again with {served.count} (it may be at up to {high} now)")
        elif before[name].count != served.count:
            parts.append(f"{name} starts with {served.count} (was {before[name].count})")
    return "; ".join(parts)
