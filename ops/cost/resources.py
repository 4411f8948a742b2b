"""What the resources of a plan use, by Terraform type, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from inferform.eks.spec import EXTENDED_VERSIONS

from ..kinds import kinds
from ..kinds.record import Estimator, Not
from ..kinds.scaling import planned_bounds
from ..plan import Change, Plan, Side, dig, number
from ..review.stories import task_definition_of
from .model import Usage, between, exactly, fargate

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
    known = {kind: record.uses for kind, record in kinds().items()}
    for kind, estimator in {**ESTIMATORS, **known}.items():
        if isinstance(estimator, Not):
            continue
        for change in plan.of_type(kind):
            if change.exists(side):
                found += estimator(plan, change, side)
    return found


@resource("aws_nat_gateway")
def nat_gateway(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """A NAT gateway."""
    yield Usage("network", "vpc/nat-gateway", exactly(1))


@resource("aws_vpc_endpoint")
def vpc_endpoint(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """An interface endpoint, by the zone; gateway endpoints cost nothing."""
    values = change.at(side)
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
    kind = change.at(side).get("load_balancer_type") or "application"
    yield Usage("load balancers", f"elb/{kind}", exactly(1))


@resource("aws_ecs_service")
def ecs_service(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The tasks of a service on Fargate; those on EC2 are paid by their instances."""
    values = change.at(side)
    definition = task_definition_of(plan, change)
    if definition is None:
        return
    task = definition.at(side)
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
    amount = planned_bounds(plan, change, side, "", number(values.get("desired_count"), 1))
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
    values = change.at(side)
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
    values = change.at(side)
    low = number(dig(values, "scaling_config", "min_size"), 1)
    amount = between(low, number(dig(values, "scaling_config", "max_size"), low))
    name = str(values.get("node_group_name") or change.name)
    kinds = values.get("instance_types") or ["t3.medium"]
    spot = "-spot" if values.get("capacity_type") == "SPOT" else ""
    yield Usage(name, f"ec2{spot}/{kinds[0]}", amount)
    disk = number(values.get("disk_size"), 0) or _disk(
        plan.referred(change, "launch_template"), side
    )
    if disk:
        yield Usage(name, "ebs/gp3", amount * disk)


@resource("aws_autoscaling_group")
def autoscaling_group(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The instances of a group, as the first of its instance types."""
    values = change.at(side)
    low = number(values.get("min_size"), 0)
    amount = between(low, number(values.get("max_size"), low))
    mixed = dig(values, "mixed_instances_policy")
    kind = dig(mixed, "launch_template", "override", "instance_type")
    templates = [
        template
        for attribute in ("launch_template", "mixed_instances_policy")
        for template in plan.referred(change, attribute)
        if template.type == "aws_launch_template"
    ]
    for template in templates:
        kind = kind or template.at(side).get("instance_type")
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
        size = dig(template.at(side), "block_device_mappings", "ebs", "volume_size")
        if isinstance(size, int):
            return size
    return 0
