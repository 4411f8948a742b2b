"""Stories: what a plan does to each service that answers predictions, in words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..plan import Action, Change, Plan, dig

# hashicorp/aws waits this long for an endpoint; a rollout that lasts longer fails the apply.
PROVIDER_WAIT_MINUTES = 60
_UNKNOWN = "(known after apply)"


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one service."""

    kind: str
    name: str
    address: str
    action: str
    headline: str
    facts: tuple[tuple[str, str], ...] = ()
    interrupted: str = ""
    """What stops answering, and for how long; empty when nothing does."""

    resets_capacity: str = ""
    """How the update sets live capacity back; empty when it does not."""

    rollout: str = ""
    worst_case: str = ""
    environment: str = ""
    stack: str = ""


Teller = Callable[[Plan], Iterator[Story]]
TELLERS: list[Teller] = []


def teller(function: Teller) -> Teller:
    """Register a function that tells the stories of one kind of service."""
    TELLERS.append(function)
    return function


def tell(plan: Plan) -> list[Story]:
    """Every story of a plan; the services that are interrupted come first."""
    stories = [story for tellers in TELLERS for story in tellers(plan)]
    return sorted(stories, key=lambda story: (not story.interrupted, story.kind, story.name))


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


def short_image(image: str) -> str:
    """`fraud:1.4.2` of an image URI; the registry's host says little in a review."""
    tail = image.rpartition("/")[2] if "/" in image else image
    name, at, digest = tail.partition("@sha256:")
    return f"{name}@sha256:{digest[:12]}" if at else tail


def minutes(seconds: float) -> str:
    """`45 min`, `2 h 30 min`."""
    whole = math.ceil(seconds / 60)
    if whole < 120:
        return f"{whole} min"
    hours, rest = divmod(whole, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


# SageMaker endpoints


def _one(values: tuple[Change, ...]) -> Change | None:
    return values[0] if len(values) == 1 else None


def _named(plan: Plan, kind: str, name: Any, side: str) -> Change | None:
    """A resource by the name that it has before or after."""
    if not isinstance(name, str) or not name:
        return None
    for change in plan.of_type(kind):
        exists = change.exists_before if side == "before" else change.exists_after
        if exists and getattr(change, side).get("name") == name:
            return change
    return None


def configuration_of(plan: Plan, endpoint: Change, side: str) -> Change | None:
    """The endpoint configuration that an endpoint uses before or after."""
    values = getattr(endpoint, side)
    kind = "aws_sagemaker_endpoint_configuration"
    found = _named(plan, kind, values.get("endpoint_config_name"), side)
    if found is None:
        found = _one(
            tuple(c for c in plan.referred(endpoint, "endpoint_config_name") if c.type == kind)
        )
    if found is None:
        return None
    exists = found.exists_before if side == "before" else found.exists_after
    return found if exists else None


def variants_of(plan: Plan, endpoint: Change, side: str) -> dict[str, Served]:
    """What each production variant of an endpoint serves before or after."""
    configuration = configuration_of(plan, endpoint, side)
    if configuration is None:
        return {}
    served: dict[str, Served] = {}
    for index, variant in enumerate(dig(getattr(configuration, side), "production_variants") or ()):
        name = str(variant.get("variant_name") or f"variant {index + 1}")
        model = _model_of(plan, configuration, variant.get("model_name"), side)
        served[name] = _served(name, variant, model, side)
    return served


def _model_of(plan: Plan, configuration: Change, name: Any, side: str) -> Change | None:
    found = _named(plan, "aws_sagemaker_model", name, side)
    if found is None:
        referred = plan.referred(configuration, "production_variants")
        found = _one(tuple(c for c in referred if c.type == "aws_sagemaker_model"))
    return found


def _served(name: str, variant: dict[str, Any], model: Change | None, side: str) -> Served:
    values = getattr(model, side) if model is not None else {}
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
        image=", ".join([*images, *packages]),
        model=", ".join(artifacts),
        capacity=capacity,
        environment=environment,
        instance_type=instance_type,
        count=count if isinstance(count, int) else None,
        weight=variant.get("initial_variant_weight"),
    )


def _arrow(before: str, after: str) -> str:
    if before == after or not before:
        return after
    return f"{before} → {after or 'nothing'}"


def _variant_facts(
    before: dict[str, Served], after: dict[str, Served]
) -> Iterator[tuple[str, str]]:
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
                yield f"{label}{suffix}", _arrow(was, will)
        shares = _share(before, name), _share(after, name)
        if suffix and (shares[0] or shares[1]):
            yield f"traffic{suffix}", _arrow(*shares)
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


def _scaling_facts(plan: Plan, endpoint: Change) -> Iterator[tuple[str, str]]:
    for target in scaling_targets(plan, endpoint):
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
                yield f"scaling{suffix}", "stands still until it is registered again afterwards"


def scaling_targets(plan: Plan, service: Change) -> list[Change]:
    """The scalable targets of a service, changed or not."""
    name = service.after.get("name") or service.before.get("name")
    found = []
    for target in plan.of_type("aws_appautoscaling_target"):
        resource = str(target.after.get("resource_id") or target.before.get("resource_id") or "")
        parts = resource.split("/")
        referred = plan.referred(target, "resource_id")
        if (name and name in parts) or service in referred:
            found.append(target)
    return found


def variant_of(target: Change) -> str:
    resource = str(target.after.get("resource_id") or target.before.get("resource_id") or "")
    match = re.search(r"/variant/(.+)$", resource)
    return match[1] if match else ""


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
    cap = f"{PROVIDER_WAIT_MINUTES} min, then Terraform gives up waiting while AWS goes on"
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


@teller
def endpoints(plan: Plan) -> Iterator[Story]:
    """SageMaker endpoints."""
    for endpoint in plan.of_type("aws_sagemaker_endpoint"):
        before, after = _served_by(plan, endpoint)
        scaling = tuple(_scaling_facts(plan, endpoint))
        policies = _policies_changed(plan, endpoint)
        if not endpoint.is_shown and not scaling and not policies:
            continue
        if endpoint.action is Action.DELETE:
            scaling = policies = ()
        story = _endpoint_story(plan, endpoint, before, after, (*scaling, *policies))
        twin = _renamed(plan, endpoint)
        yield replace(story, facts=(*story.facts, twin)) if twin else story


def _served_by(plan: Plan, endpoint: Change) -> tuple[dict[str, Served], dict[str, Served]]:
    return (
        variants_of(plan, endpoint, "before") if endpoint.exists_before else {},
        variants_of(plan, endpoint, "after") if endpoint.exists_after else {},
    )


def _renamed(plan: Plan, endpoint: Change) -> tuple[str, str] | None:
    """The endpoint that goes when this one comes, or comes when it goes, and serves the same."""
    opposite = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE}.get(endpoint.action)
    mine = max(_served_by(plan, endpoint), key=len)
    for other in plan.of_type("aws_sagemaker_endpoint") if mine else ():
        if other.action is opposite and max(_served_by(plan, other), key=len) == mine:
            name = other.after.get("name") or other.before.get("name")
            if endpoint.action is Action.CREATE:
                return "looks like", f"{name} under a new name; its callers have to follow"
            return "looks like", f"it is renamed to {name}; its callers have to follow"
    return None


def _policies_changed(plan: Plan, service: Change) -> tuple[tuple[str, str], ...]:
    name = service.after.get("name") or service.before.get("name")
    changed = [
        policy
        for policy in plan.of_type(
            "aws_appautoscaling_policy", "aws_appautoscaling_scheduled_action"
        )
        if policy.action is Action.UPDATE
        and name in str(policy.before.get("resource_id", "")).split("/")
    ]
    facts = []
    for policy in changed:
        path = ("target_tracking_scaling_policy_configuration", "target_value")
        was, will = dig(policy.before, *path), dig(policy.after, *path)
        if was != will:
            facts.append(("scaling target", f"{was:g} → {will:g}"))
        else:
            facts.append(("scaling policy", f"{policy.before.get('name')} changes"))
    return tuple(facts)


def _endpoint_story(
    plan: Plan,
    endpoint: Change,
    before: dict[str, Served],
    after: dict[str, Served],
    scaling: tuple[tuple[str, str], ...],
) -> Story:
    name = str(endpoint.after.get("name") or endpoint.before.get("name") or endpoint.name)
    facts = [*_variant_facts(before, after)]
    rollout = worst = interrupted = resets = ""
    headline, action = f"{name} only changes how it scales", "scaling"
    if endpoint.action is Action.CREATE:
        headline, action = f"{name} is new", "create"
        worst = f"{PROVIDER_WAIT_MINUTES} min until it is in service, or the apply fails"
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
        facts.append(("replaced because of", _forced(endpoint)))
        facts.append(("old endpoint is deleted", gap))
    elif endpoint.action in (Action.DELETE, Action.FORGET):
        verb = "deleted" if endpoint.action is Action.DELETE else "no longer managed"
        headline, action = f"{name} is {verb}", endpoint.action.value
        facts = [*_variant_facts({}, before)]
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
        facts=(*_changed_first(facts), *scaling),
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


def _changed_first(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(facts, key=lambda fact: "→" not in fact[1])


def _forced(change: Change) -> str:
    paths = sorted({str(path[0]) for path in change.replace_paths if path})
    return ", ".join(paths) or change.reason or "unknown reasons"


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


# Amazon ECS


def containers_of(definition: Change | None, side: str) -> dict[str, dict[str, Any]]:
    """The containers of a task definition by name."""
    if definition is None:
        return {}
    raw = getattr(definition, side).get("container_definitions")
    try:
        parsed = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return {}
    entries = parsed if isinstance(parsed, list) else []
    return {str(c.get("name", n)): c for n, c in enumerate(entries) if isinstance(c, dict)}


def task_definition_of(plan: Plan, service: Change) -> Change | None:
    """The task definition of an ECS service."""
    kind = "aws_ecs_task_definition"
    referred = tuple(c for c in plan.referred(service, "task_definition") if c.type == kind)
    if referred:
        return referred[0]
    for definition in plan.of_type(kind):
        for side in ("before", "after"):
            values = getattr(definition, side)
            wanted = str(getattr(service, side).get("task_definition") or "")
            family = str(values.get("family") or "")
            if family and (wanted == values.get("arn") or f"/{family}:" in wanted):
                return definition
    return None


@teller
def ecs_services(plan: Plan) -> Iterator[Story]:
    """Amazon ECS services."""
    for service in plan.of_type("aws_ecs_service"):
        definition = task_definition_of(plan, service)
        before = containers_of(definition, "before") if service.exists_before else {}
        after = containers_of(definition, "after") if service.exists_after else {}
        scaling = tuple(
            (label, text.replace("instances", "tasks"))
            for label, text in _scaling_facts(plan, service)
            if service.action is not Action.DELETE
        )
        waits = _is_prepared(service, definition)
        if service.is_shown or scaling or waits:
            story = _ecs_story(service, definition, before, after, scaling)
            yield _prepared(story) if waits else story


def _prepared(story: Story) -> Story:
    return replace(
        story,
        action="prepare",
        headline=f"{story.name} gets a new task definition, and goes on with the old one",
        rollout="by CodeDeploy, in a deployment of its own after the apply",
        worst_case="as its deployment group sets it",
    )


def _is_prepared(service: Change, definition: Change | None) -> bool:
    """Whether a service stays as it is beside a new task definition, as CodeDeploy moves it."""
    return (
        service.action is Action.NONE
        and definition is not None
        and definition.action in (Action.REPLACE, Action.UPDATE)
        and dig(service.after, "deployment_controller", "type") == "CODE_DEPLOY"
    )


def _ecs_story(
    service: Change,
    definition: Change | None,
    before: dict[str, dict[str, Any]],
    after: dict[str, dict[str, Any]],
    scaling: tuple[tuple[str, str], ...],
) -> Story:
    name = str(service.after.get("name") or service.before.get("name") or service.name)
    if service.action is Action.DELETE:
        after, definition = before, None
    facts = [
        (
            f"image of {key}",
            _arrow(
                short_image(str(before.get(key, {}).get("image", ""))),
                short_image(str(after.get(key, {}).get("image", ""))),
            ),
        )
        for key in {**before, **after}
        if before.get(key, {}).get("image") or after.get(key, {}).get("image")
    ]
    if definition is not None:
        for label, unit in (("cpu", "CPU units"), ("memory", "MiB")):
            was, will = definition.both(label)
            if was != will and (was or will):
                facts.append((label, f"{_arrow(str(was or ''), str(will or ''))} {unit}"))
    counts = service.both("desired_count")
    if counts[0] != counts[1] and counts[1] is not None:
        facts.append(("tasks", _arrow(str(counts[0] or ""), str(counts[1]))))
    headline, action, interrupted, rollout, worst, resets = _ecs_words(service, name, facts, counts)
    return Story(
        kind="ECS service",
        name=name,
        address=service.address,
        action=action,
        headline=headline,
        facts=(*_changed_first(facts), *scaling),
        interrupted=interrupted,
        resets_capacity=resets,
        rollout=rollout,
        worst_case=worst,
    )


def _ecs_words(
    service: Change, name: str, facts: list[tuple[str, str]], counts: tuple[Any, Any]
) -> tuple[str, str, str, str, str, str]:
    if service.action is Action.CREATE:
        return f"{name} is new", "create", "", "", "", ""
    if service.action is Action.DELETE:
        return f"{name} is deleted", "delete", "every request, for good", "", "", ""
    if service.action is Action.REPLACE:
        outage = "" if service.created_first else "every request, until new tasks are healthy"
        text = f"{name} is replaced because of {_forced(service)}"
        return text, "replace", outage, "", "", ""
    if service.action is not Action.UPDATE:
        return f"{name} only changes how it scales", "scaling", "", "", "", ""
    changed = [text for label, text in facts if label.startswith("image") and "→" in text]
    headline = f"{name} goes from {changed[0].replace(' → ', ' to ')}" if changed else ""
    rollout, worst = _ecs_rollout(service.after)
    low = dig(service.after, "deployment_minimum_healthy_percent")
    interrupted = ""
    if low == 0:
        interrupted = "tasks may all stop before new ones start (minimum healthy percent is 0)"
    resets = ""
    if counts[0] != counts[1] and counts[1] is not None:
        resets = f"the number of tasks is set from {counts[0]} to {counts[1]}"
    return headline or f"{name} is updated", "update", interrupted, rollout, worst, resets


def _ecs_rollout(values: dict[str, Any]) -> tuple[str, str]:
    controller = dig(values, "deployment_controller", "type") or "ECS"
    strategy = dig(values, "deployment_configuration", "strategy")
    bake = dig(values, "deployment_configuration", "bake_time_in_minutes")
    breaker = dig(values, "deployment_circuit_breaker", "rollback")
    guard = "rolls back by itself" if breaker else "does not roll back by itself"
    if controller == "CODE_DEPLOY":
        return "by CodeDeploy, in a deployment of its own after the apply", "as its group sets it"
    if strategy and strategy != "ROLLING":
        text = str(strategy).lower().replace("_", "/")
        return f"{text}; {guard}", f"{bake or 0} min of baking beside starting tasks"
    low = dig(values, "deployment_minimum_healthy_percent")
    high = dig(values, "deployment_maximum_percent")
    text = f"rolling, {low if low is not None else 100} to {high or 200} % of the tasks; {guard}"
    grace = values.get("health_check_grace_period_seconds")
    waits = bool(values.get("wait_for_steady_state"))
    worst = "20 min, then Terraform gives up waiting" if waits else "Terraform does not wait for it"
    return text, f"{worst}; each task has {grace} s to become healthy" if grace else worst


# Amazon EKS and Kubernetes


@teller
def eks(plan: Plan) -> Iterator[Story]:
    """EKS clusters and node groups."""
    for cluster in plan.of_type("aws_eks_cluster"):
        if not cluster.is_shown:
            continue
        name = str(cluster.after.get("name") or cluster.before.get("name") or cluster.name)
        was, will = cluster.both("version")
        facts = (("Kubernetes", _arrow(str(was or ""), str(will or ""))),) if will or was else ()
        gone = cluster.action in (Action.DELETE, Action.REPLACE)
        yield Story(
            kind="EKS cluster",
            name=name,
            address=cluster.address,
            action=cluster.action.value,
            headline=f"{name} is {_PAST[cluster.action]}",
            facts=facts,
            interrupted="everything that runs in the cluster" if gone else "",
        )
    for group in plan.of_type("aws_eks_node_group"):
        if not group.is_shown:
            continue
        name = str(group.after.get("node_group_name") or group.before.get("node_group_name") or "")
        was_types, will_types = (", ".join(types or ()) for types in group.both("instance_types"))
        facts = (("instance types", _arrow(was_types, will_types)),)
        gone = group.action is Action.DELETE or (
            group.action is Action.REPLACE and not group.created_first
        )
        yield Story(
            kind="EKS node group",
            name=name or group.name,
            address=group.address,
            action=group.action.value,
            headline=f"{name or group.name} is {_PAST[group.action]}",
            facts=tuple(fact for fact in facts if fact[1]),
            interrupted="pods that have no other node to run on" if gone else "",
            rollout="nodes are drained and replaced, a few at a time"
            if group.action is Action.UPDATE
            else "",
        )


_PAST = {
    Action.CREATE: "new",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.FORGET: "no longer managed",
    Action.READ: "read",
    Action.NONE: "unchanged",
}

_WORKLOADS = tuple(
    f"kubernetes_{kind}{version}"
    for kind in ("deployment", "stateful_set", "daemonset", "daemon_set")
    for version in ("", "_v1")
)


@teller
def workloads(plan: Plan) -> Iterator[Story]:
    """Kubernetes workloads."""
    for workload in plan.of_type(*_WORKLOADS, "kubernetes_manifest"):
        if not workload.is_shown:
            continue
        before, after = (_pod_images(workload, side) for side in ("before", "after"))
        is_manifest = workload.type == "kubernetes_manifest"
        if is_manifest and not (before or after):
            continue
        path = ("manifest", "metadata", "name") if is_manifest else ("metadata", "name")
        name = str(dig(workload.after, *path) or dig(workload.before, *path) or workload.name)
        gone = workload.action in (Action.DELETE, Action.REPLACE)
        yield Story(
            kind="Kubernetes workload",
            name=name,
            address=workload.address,
            action=workload.action.value,
            headline=f"{name} is {_PAST[workload.action]}",
            facts=tuple(
                (f"image of {key}", _arrow(before.get(key, ""), after.get(key, "")))
                for key in {**before, **after}
            ),
            interrupted="every request that it answers" if gone else "",
            rollout="rolling, as its strategy says" if workload.action is Action.UPDATE else "",
        )


def _pod_images(workload: Change, side: str) -> dict[str, str]:
    values = getattr(workload, side)
    if workload.type == "kubernetes_manifest":
        containers = dig(values, "manifest", "spec", "template", "spec", "containers")
    else:
        containers = dig(values, "spec", "template", "spec", "container")
    return {
        str(c.get("name", "")): short_image(str(c["image"]))
        for c in containers or ()
        if isinstance(c, dict) and c.get("image")
    }
