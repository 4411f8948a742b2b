"""Stories: what a plan does to each service that answers predictions, in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ..kinds import known
from ..kinds.record import Not
from ..kinds.scaling import scaling_facts
from ..kinds.words import PAST, arrow, changed_first, forced, short_image
from ..plan import Action, Change, Plan, dig
from ..told import Story

_OLD: list[Callable[[Plan], Iterator[Story]]] = []


def teller(function: Callable[[Plan], Iterator[Story]]) -> Callable[[Plan], Iterator[Story]]:
    """Register what tells the stories of types that have no record yet."""
    _OLD.append(function)
    return function


def tell(plan: Plan) -> list[Story]:
    """Every story of a plan; the services that are interrupted come first."""
    stories = [
        story
        for kind, record in known().items()
        if not isinstance(record.story, Not)
        for change in plan.of_type(kind)
        for story in record.story(plan, change)
    ]
    stories += [
        story
        for tellers in _OLD
        for story in tellers(plan)
        if plan.by_address[story.address].type not in known()
    ]
    return sorted(stories, key=lambda story: (not story.interrupted, story.kind, story.name))


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
            for label, text in scaling_facts(plan, service)
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
            arrow(
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
                facts.append((label, f"{arrow(str(was or ''), str(will or ''))} {unit}"))
    counts = service.both("desired_count")
    if counts[0] != counts[1] and counts[1] is not None:
        facts.append(("tasks", arrow(str(counts[0] or ""), str(counts[1]))))
    headline, action, interrupted, rollout, worst, resets = _ecs_words(service, name, facts, counts)
    return Story(
        kind="ECS service",
        name=name,
        address=service.address,
        action=action,
        headline=headline,
        facts=(*changed_first(facts), *scaling),
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
        text = f"{name} is replaced because of {forced(service)}"
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
        facts = (("Kubernetes", arrow(str(was or ""), str(will or ""))),) if will or was else ()
        gone = cluster.action in (Action.DELETE, Action.REPLACE)
        yield Story(
            kind="EKS cluster",
            name=name,
            address=cluster.address,
            action=cluster.action.value,
            headline=f"{name} is {PAST[cluster.action]}",
            facts=facts,
            interrupted="everything that runs in the cluster" if gone else "",
        )
    for group in plan.of_type("aws_eks_node_group"):
        if not group.is_shown:
            continue
        name = str(group.after.get("node_group_name") or group.before.get("node_group_name") or "")
        was_types, will_types = (", ".join(types or ()) for types in group.both("instance_types"))
        facts = (("instance types", arrow(was_types, will_types)),)
        gone = group.action is Action.DELETE or (
            group.action is Action.REPLACE and not group.created_first
        )
        yield Story(
            kind="EKS node group",
            name=name or group.name,
            address=group.address,
            action=group.action.value,
            headline=f"{name or group.name} is {PAST[group.action]}",
            facts=tuple(fact for fact in facts if fact[1]),
            interrupted="pods that have no other node to run on" if gone else "",
            rollout="nodes are drained and replaced, a few at a time"
            if group.action is Action.UPDATE
            else "",
        )


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
            headline=f"{name} is {PAST[workload.action]}",
            facts=tuple(
                (f"image of {key}", arrow(before.get(key, ""), after.get(key, "")))
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
