"""The ecs layer: the cluster that ECS services run on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..ecs.checks import check_cluster
from ..ecs.spec import Ec2, EcsCluster, EcsService
from ..outputs import EcsOutputs, NetworkOutputs, RegistryOutputs
from ..rules import Problem
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
        registry=site.given("registry", RegistryOutputs),
        private=_instances_are_private(site.environment),
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


ECS = LayerRecord(
    name="ecs",
    spec=EcsCluster,
    outputs=EcsOutputs,
    stands_on=("network", "registry"),
    build=_build,
    problems=_problems,
)
