"""The ecs layer: the cluster that ECS services run on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..alb.records import DNS5
from ..alb.spec import LoadBalancer
from ..api.targets import linked_balancers
from ..capacity.spec import network_problems
from ..ecs.checks import check_cluster
from ..ecs.spec import Ec2, EcsCluster, EcsService
from ..identity.spec import Identity
from ..outputs import EcsOutputs, NetworkOutputs, RegistryOutputs
from ..rules import PathPart, Problem
from .network import more_cidrs
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.ecs import EcsLayer


def _build(site: Site) -> EcsLayer:
    from .stacks.ecs import EcsLayer

    return EcsLayer(
        site.app,
        context=site.context,
        spec=site.spec,
        target=site.target,
        network=site.given("network", NetworkOutputs),
        secondary_cidrs=more_cidrs(site.environment),
        registry=site.given("registry", RegistryOutputs),
        private=_instances_are_private(site.environment),
        linked=linked_balancers(site.environment),
    )


def _instances_are_private(environment: Environment) -> bool:
    """Whether container instances reach all they need through endpoints."""
    return environment.private and not any(
        each.spec.needs(each.place).internet
        for each in environment.deployed
        if isinstance(each.spec, EcsService) and isinstance(each.spec.compute, Ec2)
    )


def _problems(environment: Environment) -> Iterator[Problem]:
    if isinstance(environment.ecs, EcsCluster):
        for problem in check_cluster(environment.ecs, environment.network):
            yield problem.under("ecs")
        region = environment.context.region
        for name, capacity in environment.ecs.capacity.items():
            for problem in network_problems(capacity.reservation, environment.network, region):
                yield problem.under("ecs", "capacity", name, "reservation")
        yield from _deployable(environment, environment.ecs)


def _deployable(environment: Environment, cluster: EcsCluster) -> Iterator[Problem]:
    """What is asked for of DNS is what the deploy role of the same environment may make."""
    if not isinstance(environment.identity, Identity):
        return
    needed: dict[tuple[PathPart, ...], set[str]] = {}
    for name, balancer in cluster.load_balancers.items():
        if isinstance(balancer, LoadBalancer) and balancer.records:
            needed["load_balancers", name, "records"] = {"route53"}
    if cluster.own_namespace is not None:
        needed["namespace",] = {"route53", "servicediscovery"}
    for path, wanted in needed.items():
        missing = sorted(wanted - {*environment.identity.deploy_services})
        if missing:
            yield DNS5.problem("ecs", *path, services=", ".join(missing))


ECS = LayerRecord(
    name="ecs",
    spec=EcsCluster,
    outputs=EcsOutputs,
    stands_on=("network", "registry"),
    build=_build,
    problems=_problems,
)
