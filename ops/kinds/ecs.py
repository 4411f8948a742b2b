"""Amazon ECS: clusters, their capacity, services, task definitions, and CodeDeploy's rollouts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from inferform import EcsOutputs
from inferform.ecs.names import cluster_name
from inferform.service import Deployed
from inferform.usage import (
    Amount,
    Usage,
    above,
    between,
    exactly,
    fargate,
    fargate_storage,
    on_demand,
)

from ..aws import Aws
from ..plan import Action, Change, Plan, Side, dig, number
from ..told import Severity, Story
from . import preflight, weaker
from .capacity import reserved_for
from .ec2 import disks, ec2_quota, sold_as, template_tags
from .ecs_verify import SERVICE_REVERTED, TASK_DEFINITION, ClusterVerifier, ServiceVerifier
from .finding import NotKnownError, given, pairs
from .guards import guards
from .loader import artifacts_of
from .pages import name_in_aws
from .prices import products
from .reasons import (
    part,
    resource,
)
from .record import (
    Existing,
    Finding,
    Found,
    Not,
    Planned,
    Quota,
    Values,
    risk,
)
from .risks import NET2, ROLL2, lowered, raised
from .scaling import TARGET, maximum, planned_bounds, scaling_facts
from .stories import told_when_gone
from .synthesis import Resource, Synthesis
from .untold import hidden, not_told
from .words import arrow, changed_first, forced, short_image

SERVICE = "aws_ecs_service"

# Finding


def _cluster(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    found = aws.client("ecs").describe_clusters(clusters=[name], include=["TAGS"])["clusters"]
    for cluster in found:
        if cluster["status"] != "INACTIVE":  # a deleted one is listed for a while
            yield Existing(name, pairs(cluster.get("tags", [])))


def _capacity_provider(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    found = aws.client("ecs").describe_capacity_providers(
        capacityProviders=[name], include=["TAGS"]
    )["capacityProviders"]
    for provider in found:
        if provider["status"] != "INACTIVE":
            # hashicorp/aws 6 imports it by its ARN; 5, which the emulator is used with, by its name.
            identity = name if aws.emulator else provider["capacityProviderArn"]
            yield Existing(identity, pairs(provider.get("tags", [])))


def _service(aws: Aws, values: Values) -> Iterator[Existing]:
    cluster, name = given(values, "cluster"), given(values, "name")
    try:
        found = aws.client("ecs").describe_services(
            cluster=cluster, services=[name], include=["TAGS"]
        )["services"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ClusterNotFoundException":
            return
        raise
    for service in found:
        if service["status"] != "INACTIVE":
            status = "" if service["status"] == "ACTIVE" else "DELETING"
            identity = f"{cluster.rpartition('/')[2]}/{name}"
            yield Existing(identity, pairs(service.get("tags", [])), status)


def _task_definition(aws: Aws, values: Values) -> Iterator[Existing]:
    """The newest revision of the family: older ones are what the services ran before."""
    family = given(values, "family")
    ecs = aws.client("ecs")
    revisions = ecs.list_task_definitions(
        familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=1
    )["taskDefinitionArns"]
    for arn in revisions:
        found = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        yield Existing(arn, pairs(found.get("tags", [])))


def _auto_scaling_group(aws: Aws, values: Values) -> Iterator[Existing]:
    """A group by its name. It has the tags of its launch template, as it gets none by default."""
    name = given(values, "name")
    found = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    for group in found["AutoScalingGroups"]:
        mixed = dig(group, "MixedInstancesPolicy", "LaunchTemplate", "LaunchTemplateSpecification")
        template = mixed or group.get("LaunchTemplate") or {}
        status = "DELETING" if group.get("Status") else ""
        yield Existing(name, template_tags(aws, template.get("LaunchTemplateId")), status)


def _codedeploy_tags(aws: Aws, resource: str) -> dict[str, str]:
    arn = aws.context.arn("codedeploy", resource)
    return pairs(aws.client("codedeploy").list_tags_for_resource(ResourceArn=arn)["Tags"])


def _namespace(aws: Aws, values: Values) -> Iterator[Existing]:
    """A private namespace by its name; it is imported with its VPC."""
    name, vpc = given(values, "name"), given(values, "vpc")
    client = aws.any_client("servicediscovery")
    for page in client.get_paginator("list_namespaces").paginate():
        for found in page["Namespaces"]:
            if (found["Name"], found["Type"]) == (name, "DNS_PRIVATE"):
                tags = client.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
                yield Existing(f"{found['Id']}:{vpc}", pairs(tags))


def _discovered(aws: Aws, values: Values) -> Iterator[Existing]:
    """A service of a namespace by its name."""
    name = given(values, "name")
    namespace = str(dig(values, "dns_config", "namespace_id") or "")
    if not namespace:
        raise NotKnownError("dns_config")
    client = aws.any_client("servicediscovery")
    only = [{"Name": "NAMESPACE_ID", "Values": [namespace]}]
    for page in client.get_paginator("list_services").paginate(Filters=only):
        for found in page["Services"]:
            if found["Name"] == name:
                tags = client.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
                yield Existing(found["Id"], pairs(tags))


def _zone(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The hosted zone that a private namespace has."""
    yield Usage("hosted zones", "route53/hosted-zone", exactly(1))


def _application(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    aws.client("codedeploy").get_application(applicationName=name)
    yield Existing(name, _codedeploy_tags(aws, f"application:{name}"))


def _deployment_group(aws: Aws, values: Values) -> Iterator[Existing]:
    application, name = given(values, "app_name"), given(values, "deployment_group_name")
    aws.client("codedeploy").get_deployment_group(
        applicationName=application, deploymentGroupName=name
    )
    tags = _codedeploy_tags(aws, f"deploymentgroup:{application}/{name}")
    yield Existing(f"{application}:{name}", tags)


def _deployment_config(aws: Aws, values: Values) -> Iterator[Existing]:
    """A deployment configuration by its name, which has a hash of its content.

    It cannot be tagged, so the environment's parts of its name say whose it is.
    """
    name = given(values, "deployment_config_name")
    aws.client("codedeploy").get_deployment_config(deploymentConfigName=name)
    yield Existing(name, {}, own_name=aws.context.is_own_name(name))


# What a plan says


def containers_of(definition: Change | None, side: Side) -> dict[str, dict[str, Any]]:
    """The containers of a task definition by name."""
    if definition is None:
        return {}
    raw = definition.at(side).get("container_definitions")
    try:
        parsed = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return {}
    entries = parsed if isinstance(parsed, list) else []
    return {str(c.get("name", n)): c for n, c in enumerate(entries) if isinstance(c, dict)}


def task_definition_of(plan: Plan, service: Change) -> Change | None:
    """The task definition of an ECS service."""
    referred = plan.referred(service, "task_definition")
    definitions = [definition for definition in referred if definition.type == TASK_DEFINITION]
    if len(definitions) == 1 and plan.is_resolved(service, "task_definition"):
        return definitions[0]
    for definition in plan.of_type(TASK_DEFINITION):
        for values, wanted in (
            (definition.before, service.before),
            (definition.after, service.after),
        ):
            named = str(wanted.get("task_definition") or "")
            family = str(values.get("family") or "")
            if family and (named == values.get("arn") or f"/{family}:" in named):
                return definition
    return None


def _service_story(plan: Plan, service: Change) -> Iterator[Story]:
    definition = task_definition_of(plan, service)
    before = containers_of(definition, "before") if service.exists_before else {}
    after = containers_of(definition, "after") if service.exists_after else {}
    if definition is not None and definition.is_unknown("container_definitions"):
        after = {name: {"image": "not known before the apply"} for name in before}
    scaling = tuple(
        (label, text.replace("instances", "tasks"))
        for label, text in scaling_facts(plan, service)
        if service.action is not Action.DELETE
    )
    waits = _is_prepared(service, definition)
    if service.is_shown or scaling or waits:
        story = _story(service, definition, before, after, scaling)
        yield _prepared(story) if waits else story


def _prepared(story: Story) -> Story:
    return replace(
        story,
        action="prepare",
        headline=f"{story.name} gets a new task definition, and continues with the old one",
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


def _story(
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
    headline, action, interrupted, rollout, worst, resets = _words(service, name, facts, counts)
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


def _words(
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
    # Tags, the number of tasks and how deployments go start no deployment.
    deploys = bool(service.attributes - _STARTS_NOTHING)
    rollout, worst = _rollout(service.after) if deploys else ("", "")
    low = dig(service.after, "deployment_minimum_healthy_percent")
    interrupted = ""
    if low == 0 and deploys:
        interrupted = "tasks may all stop before new ones start (minimum healthy percent is 0)"
    resets = ""
    if counts[0] != counts[1] and counts[1] is not None:
        resets = f"the number of tasks is set from {counts[0]} to {counts[1]}"
    return headline or f"{name} is updated", "update", interrupted, rollout, worst, resets


_STARTS_NOTHING = {
    "alarms",
    "availability_zone_rebalancing",
    "deployment_circuit_breaker",
    "deployment_configuration",
    "deployment_maximum_percent",
    "deployment_minimum_healthy_percent",
    "desired_count",
    "enable_ecs_managed_tags",
    "enable_execute_command",
    "health_check_grace_period_seconds",
    "propagate_tags",
    "sigint_rollback",
    "tags",
    "tags_all",
    "timeouts",
    "wait_for_steady_state",
}
"""What UpdateService changes without a new deployment. Source: ECS API reference, UpdateService."""


def _rollout(values: Values) -> tuple[str, str]:
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


def _tasks(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The tasks of a service on Fargate; those on EC2 are paid by their instances."""
    values = change.at(side)
    providers = {
        str(entry.get("capacity_provider")): entry
        for entry in values.get("capacity_provider_strategy") or ()
    }
    name = str(values.get("name") or change.name)
    definition = task_definition_of(plan, change)
    task = definition.at(side) if definition is not None else {}
    same = change.action in (Action.NONE, Action.FORGET)
    if not values.get("launch_type") and not providers:
        providers = _of_cluster(plan, change, side)
    on_fargate = values.get("launch_type") == "FARGATE" or any(
        "FARGATE" in name for name in providers
    )
    if not on_fargate:
        # A cluster that the plan does not show may put them on Fargate.
        may = task.get("requires_compatibilities") in (None, ["FARGATE"])
        told = values.get("launch_type") or providers
        if may and not told and hidden(change, "launch_type", side=side):
            yield not_told(f"tasks of {name}", name, side, same=same)
        return
    cpu, memory = task.get("cpu"), task.get("memory")
    if not str(cpu).isdigit() or not str(memory).isdigit():
        yield not_told(f"tasks of {name}", name, side, same=same)
        return
    count = number(values.get("desired_count"), 1)
    is_told = not hidden(change, "desired_count", side=side)
    amount = planned_bounds(plan, change, side, "", count if is_told else None)
    if amount is None:
        yield not_told(f"tasks of {name}", name, side, same=same)
        return
    own = _own_tasks(providers, amount)
    system = str(dig(task, "runtime_platform", "operating_system_family") or "LINUX")
    architecture = str(dig(task, "runtime_platform", "cpu_architecture") or "X86_64")
    for share, spot in ((own, False), (amount - own, True)):
        if share.maximum:
            yield from fargate(
                name,
                share,
                cpu=int(str(cpu)),
                memory=int(str(memory)),
                # Windows has prices of its own, with its license.
                architecture=architecture if system == "LINUX" else "windows",
                spot=spot,
            )
    storage = number(dig(task, "ephemeral_storage", "size_in_gib"), 0)
    yield from fargate_storage(name, amount, storage)
    if dig(values, "network_configuration", "assign_public_ip"):
        yield Usage(name, "vpc/public-ipv4", amount)


def _of_cluster(plan: Plan, service: Change, side: Side) -> dict[str, dict[str, Any]]:
    """The default capacity providers of the cluster of a service, as far as the plan shows them."""
    cluster = str(service.at(side).get("cluster") or "").rpartition("/")[2]
    return {
        str(entry.get("capacity_provider")): entry
        for capacity in plan.of_type("aws_ecs_cluster_capacity_providers")
        if capacity.exists(side) and cluster and capacity.at(side).get("cluster_name") == cluster
        for entry in capacity.at(side).get("default_capacity_provider_strategy") or ()
    }


def _own_tasks(providers: Mapping[str, Mapping[str, Any]], tasks: Amount) -> Amount:
    """The tasks that are no Spot: all of them without capacity providers."""
    if not providers:
        return tasks
    weights = {name: number(entry.get("weight"), 0) for name, entry in providers.items()}
    share = weights.get("FARGATE", 0) / (sum(weights.values()) or 1)
    base = number(providers.get("FARGATE", {}).get("base"), 0)
    return on_demand(tasks, base=base, share=share)


def _instances(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The instances of a group, as the first of its instance types."""
    values = change.at(side)
    name = str(values.get("name") or change.name)
    same = change.action in (Action.NONE, Action.FORGET)
    mixed = dig(values, "mixed_instances_policy")
    overrides = dig(mixed, "launch_template", "override")
    kind = dig(overrides, "instance_type")
    templates = [
        template
        for attribute in ("launch_template", "mixed_instances_policy")
        for template in plan.referred(change, attribute)
        if template.type == "aws_launch_template"
    ]
    for template in templates:
        kind = kind or template.at(side).get("instance_type")
    # Where types weigh differently, the bounds count weights.
    weighs = any(str(each.get("weighted_capacity") or "1") != "1" for each in overrides or ())
    bounds = any(hidden(change, each, side=side) for each in ("min_size", "max_size"))
    if not kind or bounds or weighs:
        yield not_told(f"instances of {name}", name, side, same=same)
        return
    low = number(values.get("min_size"), 0)
    amount = between(low, number(values.get("max_size"), low))
    distribution = dig(mixed, "instances_distribution")
    own = on_demand(
        amount,
        base=number(dig(distribution, "on_demand_base_capacity"), 0),
        share=number(dig(distribution, "on_demand_percentage_above_base_capacity"), 100) / 100,
    )
    spot = amount - own
    own = above(own, reserved_for(plan, change, templates, side))
    for key, share in ((sold_as(templates, side), own), ("ec2-spot", spot)):
        if share.maximum:
            yield Usage(name, f"{key}/{kind}", share)
    yield from disks(templates, side, name, amount)


@risk(NET2)
def _public(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("network_configuration", "assign_public_ip")
    if after is True and before is not True:
        yield "gives its tasks public addresses"


@risk(ROLL2)
def _unguarded(plan: Plan, change: Change) -> Iterator[Found]:
    definition = task_definition_of(plan, change)
    rolls = definition is not None and definition.is_shown
    controller = dig(change.after, "deployment_controller", "type") or "ECS"
    breaker = dig(change.after, "deployment_circuit_breaker", "rollback")
    alarms = dig(change.after, "alarms", "rollback")
    guarded = breaker or alarms or controller != "ECS"
    if change.action is Action.UPDATE and rolls and not guarded:
        yield "has neither a circuit breaker nor alarms", Severity.MEDIUM


def _scaled(before: Values, after: Values, planned: Planned) -> set[str]:
    """The count, where a scalable target has it."""
    cluster = str(before.get("cluster", "")).rpartition("/")[2]
    scaled = {values.get("resource_id") for values in planned(TARGET)}
    return {"desired_count"} if f"service/{cluster}/{before.get('name')}" in scaled else set()


def _capacity(before: Values, after: Values, planned: Planned) -> set[str]:
    """The count of a group, which its capacity provider moves between the same bounds."""
    bounds = [(values.get("min_size"), values.get("max_size")) for values in (before, after)]
    return {"desired_capacity"} if bounds[0] == bounds[1] else set()


# Preflight

TWICE = 2
"""Tasks of a service that run during a rollout, as a multiple of the usual."""

_FARGATE_QUOTAS = {
    False: "Fargate On-Demand vCPU resource count",
    True: "Fargate Spot vCPU resource count",
}


def _vcpus(synthesis: Synthesis, service: Resource) -> Iterator[Quota]:
    """The vCPU of a service on Fargate at its maximum, by where its strategy may put them all."""
    definition = synthesis.referred(service, "task_definition", TASK_DEFINITION)
    if definition is None:
        return
    if "FARGATE" not in definition.values.get("requires_compatibilities", []):
        return
    cpus = int(definition.values.get("cpu", 0)) / 1024 * _most_tasks(synthesis, service) * TWICE
    providers = {
        str(entry.get("capacity_provider"))
        for entry in service.values.get("capacity_provider_strategy") or ()
    }
    for provider in sorted(providers or {"FARGATE"}):
        yield Quota("fargate", _FARGATE_QUOTAS[provider == "FARGATE_SPOT"], cpus)


def _most_tasks(synthesis: Synthesis, service: Resource) -> int:
    return maximum(synthesis, service) or int(service.values.get("desired_count", 1))


def _addresses(synthesis: Synthesis, service: Resource) -> int:
    """One for each task, which has a network interface of its own."""
    own = bool(service.values.get("network_configuration"))
    return _most_tasks(synthesis, service) * TWICE if own else 0


def _group_addresses(synthesis: Synthesis, group: Resource) -> int:
    """One for each instance, beside those of its tasks."""
    return int(group.values.get("max_size", 0))


def _artifacts(synthesis: Synthesis, definitions: Sequence[Resource]) -> Iterator[Finding]:
    """The artifacts that loaders copy before the model's container starts."""
    yield from preflight.artifacts(
        synthesis,
        (
            preflight.Load(
                uri,
                synthesis.referred(definition, "task_role_arn", "aws_iam_role"),
                preflight.service_named(
                    synthesis, "aws_ecs_service", str(definition.values.get("family", ""))
                ),
            )
            for definition in definitions
            for uri in artifacts_of(
                json.loads(definition.values.get("container_definitions") or "[]")
            )
        ),
    )


def _offered(synthesis: Synthesis, groups: Sequence[Resource]) -> Iterator[Finding]:
    yield from preflight.offered(
        synthesis, (kind for group in groups for kind in _types_of(synthesis, group))
    )


def _types_of(synthesis: Synthesis, group: Resource) -> list[str]:
    """The instance types that a group may launch."""
    mixed = dig(group.values, "mixed_instances_policy", "launch_template", "override") or []
    types = [str(entry["instance_type"]) for entry in mixed if entry.get("instance_type")]
    if types:
        return types
    template = _template_of(synthesis, group)
    return [str(template.values["instance_type"])] if template else []


def _group_vcpus(synthesis: Synthesis, group: Resource) -> Iterator[Quota]:
    """The vCPU of a group at its maximum, as its largest type."""
    mixed, types = dig(group.values, "mixed_instances_policy"), _types_of(synthesis, group)
    on_demand = dig(mixed, "instances_distribution", "on_demand_percentage_above_base_capacity")
    base = dig(mixed, "instances_distribution", "on_demand_base_capacity") or 0
    count = int(group.values.get("max_size", 0))
    if on_demand is None or on_demand > 0 or base:
        yield from ec2_quota(types, count, spot=False)
    if on_demand is not None and on_demand < 100:
        yield from ec2_quota(types, count, spot=True)


def _template_of(synthesis: Synthesis, group: Resource) -> Resource | None:
    for argument in ("launch_template", "mixed_instances_policy"):
        found = synthesis.referred(group, argument, "aws_launch_template")
        if found is not None:
            return found
    return None


# Records

_NOT_A_SERVICE = Not("it runs nothing; the services on it are verified")
_OF_THE_SERVICE = Not("it is part of the service's story")


def _page(service: Deployed) -> str:
    """The health of a service, in its cluster."""
    environment = service.place.environment
    given = environment.ecs
    cluster = (
        given.cluster_name if isinstance(given, EcsOutputs) else cluster_name(environment.context)
    )
    region = environment.context.region
    return f"ecs/v2/clusters/{cluster}/services/{name_in_aws(service)}/health?region={region}"


KINDS = (
    resource(
        SERVICE,
        "ECS service",
        _service,
        name=Not("a cluster has each name once, and another cluster may have it too"),
        outage=True,
        owned=_scaled,
        uses=_tasks,
        quotas=_vcpus,
        addresses=_addresses,
        preflight=guards("alarms", "alarm_names"),
        story=_service_story,
        risks=(_public, _unguarded, lowered("desired_count"), *weaker.ECS_SERVICE),
        reverted=SERVICE_REVERTED,
        verify=ServiceVerifier,
        page=_page,
    ),
    resource(
        TASK_DEFINITION,
        "task definition",
        _task_definition,
        name=Not("every registration is a new revision of the family"),
        discard=Not("a revision that no service runs costs nothing and disturbs nothing"),
        uses=Not("the service that runs it has its cost"),
        preflight=_artifacts,
        story=_OF_THE_SERVICE,
        verify=Not("the service that runs it is verified"),
    ),
    resource(
        "aws_ecs_cluster",
        "ECS cluster",
        _cluster,
        name="name",
        outage=True,
        story=told_when_gone("ECS cluster", "every service on it", "name"),
        settings={"configuration": "the logs of commands in containers"},
        verify=ClusterVerifier,
    ),
    part(
        "aws_ecs_cluster_capacity_providers",
        "capacity of a cluster",
        "aws_ecs_cluster",
        "PutClusterCapacityProviders sets what the cluster has",
    ),
    resource(
        "aws_ecs_capacity_provider",
        "capacity provider",
        _capacity_provider,
        name="name",
        uses=Not("its Auto Scaling group has the instances"),
        story=Not("the Auto Scaling group's story tells of the instances"),
        risks=weaker.CAPACITY_PROVIDER,
    ),
    resource(
        "aws_autoscaling_group",
        "Auto Scaling group",
        _auto_scaling_group,
        name="name",
        owned=_capacity,
        uses=_instances,
        quotas=_group_vcpus,
        addresses=_group_addresses,
        preflight=_offered,
        story=told_when_gone("Auto Scaling group", "tasks on its instances", "name"),
        risks=(
            lowered("desired_capacity"),
            raised("max_size"),
            *weaker.bounds("max_size", "min_size"),
        ),
        verify=Not("the services that run on its instances are verified"),
    ),
    resource(
        "aws_service_discovery_private_dns_namespace",
        "private DNS namespace",
        _namespace,
        name=Not("a Region may have a name more than once, for other VPCs"),
        outage=True,
        uses=_zone,
        story=told_when_gone(
            "private DNS namespace", "every request to a name of this namespace", "name"
        ),
        verify=Not("the services that it names are verified"),
    ),
    resource(
        "aws_service_discovery_service",
        "name of a service in DNS",
        _discovered,
        name=Not("a namespace has each name once"),
        outage=True,
        uses=Not("AWS Cloud Map charges nothing for the tasks that ECS registers"),
        story=told_when_gone("name in DNS", "every request to this name", "name"),
        verify=Not("the service whose tasks it names is verified"),
    ),
    resource(
        "aws_codedeploy_app",
        "CodeDeploy application",
        _application,
        name="name",
        story=_OF_THE_SERVICE,
    ),
    resource(
        "aws_codedeploy_deployment_config",
        "deployment configuration",
        _deployment_config,
        name="deployment_config_name",
        discard=Not("its name holds a hash of its content, so that it is imported as it is"),
        story=_OF_THE_SERVICE,
    ),
    resource(
        "aws_codedeploy_deployment_group",
        "deployment group",
        _deployment_group,
        name=Not("an application has each name once"),
        preflight=guards("alarm_configuration", "alarms"),
        story=_OF_THE_SERVICE,
        risks=weaker.DEPLOYMENT_GROUP,
    ),
)

PRICES = (
    products("AmazonECS", r"Fargate-vCPU-Hours:perCPU", "fargate/x86_64/vcpu"),
    products("AmazonECS", r"Fargate-GB-Hours", "fargate/x86_64/gib"),
    products("AmazonECS", r"Fargate-ARM-vCPU-Hours:perCPU", "fargate/arm64/vcpu"),
    products("AmazonECS", r"Fargate-ARM-GB-Hours", "fargate/arm64/gib"),
    products("AmazonECS", r"SpotUsage-Fargate-vCPU-Hours:perCPU", "fargate-spot/x86_64/vcpu"),
    products("AmazonECS", r"SpotUsage-Fargate-GB-Hours", "fargate-spot/x86_64/gib"),
    products("AmazonECS", r"SpotUsage-Fargate-ARM-vCPU-Hours:perCPU", "fargate-spot/arm64/vcpu"),
    products("AmazonECS", r"SpotUsage-Fargate-ARM-GB-Hours", "fargate-spot/arm64/gib"),
)

UNLISTED_PRICES = {
    r"fargate/ephemeral-storage|fargate(-spot)?/windows/.+": "the usage types of storage and of Windows "
    "on Fargate are not known here; see aws.amazon.com/fargate/pricing",
    r"route53/hosted-zone": "Route 53 has one price for all Regions, which is not by Region in the "
    "Price List; see aws.amazon.com/route53/pricing",
}
