"""What Specs use, by type: an estimator for each kind of Spec that costs by the hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from inferform import Environment
from inferform.alb.spec import LoadBalancer
from inferform.ecs.spec import Ec2Capacity, EcsService, Fargate
from inferform.eks.spec import EXTENDED_VERSIONS, EksCluster, FargateProfile, NodeGroup, NodeGroups
from inferform.layers.specs import Registry
from inferform.sagemaker.endpoints.base import Endpoint, Hosted
from inferform.sagemaker.endpoints.components import InferenceComponentEndpoint
from inferform.scaling.spec import Scaling
from inferform.spec import Spec, walk
from inferform.vpc.spec import Network

from .model import Amount, Estimate, Usage, between, exactly, fargate
from .prices import PriceTable

S = TypeVar("S", bound=Spec)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Spec stands: its name, and the environment that it belongs to."""

    name: str
    environment: Environment


Estimator = Callable[[Any, Place], Iterator[Usage]]
ESTIMATORS: dict[type[Spec], Estimator] = {}


def estimator(kind: type[S]) -> Callable[[Callable[[S, Place], Iterator[Usage]]], Estimator]:
    """Register what Specs of a type, and of those derived from it, use."""

    def register(function: Callable[[S, Place], Iterator[Usage]]) -> Estimator:
        ESTIMATORS[kind] = function
        return function

    return register


def usages(environment: Environment) -> list[Usage]:
    """What an environment uses."""
    found: list[Usage] = []
    for path, spec in walk(environment):
        known = next((ESTIMATORS[kind] for kind in type(spec).__mro__ if kind in ESTIMATORS), None)
        if known is not None:
            found += known(spec, Place(_name(path), environment))
    return found


def estimate(environment: Environment, table: PriceTable) -> Estimate:
    """What an environment costs by the month."""
    return table.estimate(environment.context.region, usages(environment))


def _name(path: tuple[object, ...]) -> str:
    """The name that people gave it; a layer's own where there is none."""
    return str(path[-1]) if path else ""


def bounds(scaling: Scaling | None, count: int) -> Amount:
    """The capacity of something that scales, whichever of its schedules is in force."""
    if scaling is None:
        return exactly(count)
    lows = [scaling.min_capacity, *(s.min_capacity for s in scaling.schedules)]
    highs = [scaling.max_capacity, *(s.max_capacity for s in scaling.schedules)]
    return between(
        min(low for low in lows if low is not None),
        max(high for high in highs if high is not None),
    )


@estimator(Network)
def network(spec: Network, place: Place) -> Iterator[Usage]:
    """NAT gateways and interface endpoints, by the hour and zone."""
    gateways = {"none": 0, "single": 1, "per_zone": spec.availability_zones}[spec.nat]
    if gateways:
        yield Usage("network", "vpc/nat-gateway", exactly(gateways))
    interfaces = len(spec.interface_endpoints) * spec.availability_zones
    if interfaces:
        yield Usage("network", "vpc/interface-endpoint", exactly(interfaces))


@estimator(Registry)
def registry(spec: Registry, place: Place) -> Iterator[Usage]:
    """The environment's key."""
    yield Usage("registry", "kms/key", exactly(1))


@estimator(Endpoint)
def endpoint(spec: Endpoint, place: Place) -> Iterator[Usage]:
    """The instances of every variant of a SageMaker endpoint, shadows included."""
    shadow = spec.shadowed()
    for variant in (*spec.hosted(), *((shadow,) if shadow else ())):
        yield from _variant(spec, variant, place)


def _variant(spec: Endpoint, variant: Hosted, place: Place) -> Iterator[Usage]:
    if variant.serverless is not None:
        provisioned = variant.serverless.provisioned_concurrency
        if provisioned is not None:
            key = f"sagemaker/provisioned-concurrency/{variant.serverless.memory_mib}"
            yield Usage(place.name, key, bounds(variant.scaling, provisioned))
        return
    amount = bounds(variant.scaling, variant.count)
    if isinstance(spec, InferenceComponentEndpoint):
        amount = between(spec.min_instances, spec.max_instances)
    yield Usage(place.name, f"sagemaker/hosting/{variant.instance_type}", amount)
    volume = variant.fleet.volume_size_gb if variant.fleet else None
    if volume:
        yield Usage(place.name, "sagemaker/storage", amount * volume)


@estimator(EksCluster)
def cluster(spec: EksCluster, place: Place) -> Iterator[Usage]:
    """The control plane; nodes that EKS itself chooses have no price here."""
    extended = spec.version in EXTENDED_VERSIONS and spec.support_type == "EXTENDED"
    yield Usage("eks", "eks/cluster-extended" if extended else "eks/cluster", exactly(1))
    if isinstance(spec.compute, FargateProfile):
        yield Usage("eks", "eks/fargate-pods", exactly(1))
    elif not isinstance(spec.compute, NodeGroups):
        yield Usage("eks", "eks/auto-mode-nodes", exactly(1))


@estimator(NodeGroup)
def node_group(spec: NodeGroup, place: Place) -> Iterator[Usage]:
    """The nodes of a managed node group, as the first of its instance types."""
    amount = between(spec.min_size, spec.max_size)
    spot = "-spot" if spec.capacity_type == "SPOT" else ""
    yield Usage(place.name, f"ec2{spot}/{spec.instance_types[0]}", amount)
    yield Usage(place.name, "ebs/gp3", amount * spec.disk_size_gib)


@estimator(LoadBalancer)
def load_balancer(spec: LoadBalancer, place: Place) -> Iterator[Usage]:
    """A load balancer, without its capacity units."""
    yield Usage("load balancers", "elb/application", exactly(1))


@estimator(Ec2Capacity)
def ec2_capacity(spec: Ec2Capacity, place: Place) -> Iterator[Usage]:
    """The instances under ECS tasks, as the first of their types, with their volumes."""
    amount = between(spec.min_instances, spec.max_instances)
    spot = "-spot" if spec.on_demand_percent == 0 else ""
    yield Usage(place.name, f"ec2{spot}/{spec.instance_types[0]}", amount)
    yield Usage(place.name, "ebs/gp3", amount * spec.volume_gb)


@estimator(EcsService)
def ecs_service(spec: EcsService, place: Place) -> Iterator[Usage]:
    """The tasks of a service on Fargate; those on EC2 are paid by their instances."""
    compute = spec.compute
    if isinstance(compute, Fargate):
        yield from fargate(
            place.name,
            bounds(spec.scaling, spec.initial_count),
            cpu=compute.cpu,
            memory=compute.memory_mib,
            architecture=compute.architecture,
            spot=compute.on_demand_weight == 0 and compute.on_demand_base == 0,
        )
