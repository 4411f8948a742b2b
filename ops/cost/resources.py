"""What the resources of a plan use, by Terraform type, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from inferform.eks.spec import EXTENDED_VERSIONS

from ..plan import Change, Plan, dig
from ..review.stories import configuration_of, scaling_targets, task_definition_of
from .model import Amount, Usage, between, exactly, fargate

Side = Literal["before", "after"]
Estimator = Callable[[Plan, Change, Side], Iterator[Usage]]
ESTIMATORS: dict[str, Estimator] = {}


def resource(*types: str) -> Callable[[Estimator], Estimator]:
    """Register what resources of some Terraform types use."""

    def register(function: Estimator) -> Estimator:
        ESTIMATORS.update(dict.fromkeys(types, function))
        return function

    return register


def usages(plan: Plan, side: Side) -> list[Usage]:
    """What the resources of a plan use before or after it."""
    found: list[Usage] = []
    for kind, function in ESTIMATORS.items():
        for change in plan.of_type(kind):
            if change.exists_before if side == "before" else change.exists_after:
                found += function(plan, change, side)
    return found


def _values(change: Change, side: Side) -> dict[str, Any]:
    return change.before if side == "before" else change.after


def _number(value: Any, default: float) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def _bounds(plan: Plan, service: Change, side: Side, variant: str, count: float) -> Amount:
    """The scaling bounds of a service, or its count where nothing scales it."""
    for target in scaling_targets(plan, service):
        values = _values(target, side)
        exists = target.exists_before if side == "before" else target.exists_after
        name = str(values.get("resource_id") or "")
        if exists and (not variant or not name or name.endswith(f"/{variant}")):
            low, high = values.get("min_capacity"), values.get("max_capacity")
            if isinstance(low, int) and isinstance(high, int):
                return between(low, high)
    return exactly(count)


@resource("aws_nat_gateway")
def nat_gateway(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """A NAT gateway."""
    yield Usage("network", "vpc/nat-gateway", exactly(1))


@resource("aws_vpc_endpoint")
def vpc_endpoint(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """An interface endpoint, by the zone; gateway endpoints cost nothing."""
    values = _values(change, side)
    if values.get("vpc_endpoint_type") == "Interface":
        subnets = values.get("subnet_ids") or plan.referred(change, "subnet_ids")
        yield Usage("network", "vpc/interface-endpoint", exactly(len(subnets) or 1))


@resource("aws_kms_key")
def kms_key(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """A key."""
    yield Usage("registry", "kms/key", exactly(1))


@resource("aws_lb", "aws_alb")
def load_balancer(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """A load balancer, without its capacity units."""
    kind = _values(change, side).get("load_balancer_type") or "application"
    yield Usage("load balancers", f"elb/{kind}", exactly(1))


@resource("aws_sagemaker_endpoint")
def endpoint(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The instances of every variant of an endpoint, shadows included."""
    configuration = configuration_of(plan, change, side)
    if configuration is None:
        return
    values = _values(configuration, side)
    variants = [
        *(values.get("production_variants") or ()),
        *(values.get("shadow_production_variants") or ()),
    ]
    service = str(_values(change, side).get("name") or change.name)
    for variant in variants:
        name = str(variant.get("variant_name") or "")
        kind, managed = variant.get("instance_type"), dig(variant, "managed_instance_scaling")
        provisioned = dig(variant, "serverless_config", "provisioned_concurrency")
        if provisioned:
            memory = dig(variant, "serverless_config", "memory_size_in_mb")
            key = f"sagemaker/provisioned-concurrency/{memory}"
            yield Usage(service, key, _bounds(plan, change, side, name, provisioned))
        if not kind:
            continue
        count = _number(variant.get("initial_instance_count"), 1)
        amount = _bounds(plan, change, side, name, count)
        if managed:
            low = _number(dig(managed, "min_instance_count"), count)
            amount = between(low, _number(dig(managed, "max_instance_count"), low))
        yield Usage(service, f"sagemaker/hosting/{kind}", amount)
        volume = _number(variant.get("volume_size_in_gb"), 0)
        if volume:
            yield Usage(service, "sagemaker/storage", amount * volume)


@resource("aws_ecs_service")
def ecs_service(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The tasks of a service on Fargate; those on EC2 are paid by their instances."""
    values = _values(change, side)
    definition = task_definition_of(plan, change)
    if definition is None:
        return
    task = _values(definition, side)
    providers = {
        str(entry.get("capacity_provider")): entry
        for entry in values.get("capacity_provider_strategy") or ()
    }
    on_fargate = values.get("launch_type") == "FARGATE" or any(
        "FARGATE" in name for name in providers
    )
    cpu, memory = task.get("cpu"), task.get("memory")
    if not on_fargate or not str(cpu).isdigit() or not str(memory).isdigit():
        return
    name = str(values.get("name") or change.name)
    amount = _bounds(plan, change, side, "", _number(values.get("desired_count"), 1))
    yield from fargate(
        name,
        amount,
        cpu=int(str(cpu)),
        memory=int(str(memory)),
        architecture=str(dig(task, "runtime_platform", "cpu_architecture") or "X86_64"),
        spot=bool(providers) and "FARGATE" not in providers,
    )


@resource("aws_eks_cluster")
def eks_cluster(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """A control plane, and the nodes of Auto Mode, whose price nobody can tell beforehand."""
    values = _values(change, side)
    stays = dig(values, "upgrade_policy", "support_type") == "EXTENDED"
    extended = stays and values.get("version") in EXTENDED_VERSIONS
    yield Usage("eks", "eks/cluster-extended" if extended else "eks/cluster", exactly(1))
    if dig(values, "compute_config", "enabled"):
        yield Usage("eks", "eks/auto-mode-nodes", exactly(1))


@resource("aws_eks_fargate_profile")
def eks_fargate(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """Pods on Fargate, whose number and size the plan does not know."""
    yield Usage("eks", "eks/fargate-pods", exactly(1))


@resource("aws_eks_node_group")
def node_group(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The nodes of a group, as the first of its instance types."""
    values = _values(change, side)
    low = _number(dig(values, "scaling_config", "min_size"), 1)
    amount = between(low, _number(dig(values, "scaling_config", "max_size"), low))
    name = str(values.get("node_group_name") or change.name)
    kinds = values.get("instance_types") or ["t3.medium"]
    spot = "-spot" if values.get("capacity_type") == "SPOT" else ""
    yield Usage(name, f"ec2{spot}/{kinds[0]}", amount)
    disk = _number(values.get("disk_size"), 0) or _disk(
        plan.referred(change, "launch_template"), side
    )
    if disk:
        yield Usage(name, "ebs/gp3", amount * disk)


@resource("aws_autoscaling_group")
def autoscaling_group(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The instances of a group, as the first of its instance types."""
    values = _values(change, side)
    low = _number(values.get("min_size"), 0)
    amount = between(low, _number(values.get("max_size"), low))
    mixed = dig(values, "mixed_instances_policy")
    kind = dig(mixed, "launch_template", "override", "instance_type")
    templates = [
        template
        for attribute in ("launch_template", "mixed_instances_policy")
        for template in plan.referred(change, attribute)
        if template.type == "aws_launch_template"
    ]
    for template in templates:
        kind = kind or _values(template, side).get("instance_type")
    on_demand = dig(mixed, "instances_distribution", "on_demand_percentage_above_base_capacity")
    spot = "-spot" if on_demand == 0 else ""
    name = str(values.get("name") or change.name)
    if kind:
        yield Usage(name, f"ec2{spot}/{kind}", amount)
    disk = _disk(templates, side)
    if disk:
        yield Usage(name, "ebs/gp3", amount * disk)


def _disk(templates: Iterable[Change], side: Side) -> float:
    """The size of the volume that instances are launched with, in GiB."""
    for template in templates:
        size = dig(_values(template, side), "block_device_mappings", "ebs", "volume_size")
        if isinstance(size, int):
            return size
    return 0
