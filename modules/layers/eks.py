"""The eks layer: one EKS cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..capacity.spec import network_problems
from ..eks.spec import EKS4, EksCluster
from ..outputs import EksOutputs, NetworkOutputs, RegistryOutputs
from ..rules import Problem
from ..vpc.spec import Network
from .network import more_cidrs
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.eks import EksLayer


def _build(site: Site) -> EksLayer:
    from .stacks.eks import EksLayer

    return EksLayer(
        site.app,
        context=site.context,
        spec=site.spec,
        target=site.target,
        network=site.given("network", NetworkOutputs),
        secondary_cidrs=more_cidrs(site.environment),
        registry=site.given("registry", RegistryOutputs),
    )


def _problems(environment: Environment) -> Iterator[Problem]:
    cluster, network = environment.eks, environment.network
    if not isinstance(cluster, EksCluster):
        return
    if not _has_two_zones(network):
        yield EKS4.problem("eks")
    for name, group in cluster.groups.items():
        for problem in network_problems(group.reservation, network, environment.context.region):
            yield problem.under("eks", "compute", "groups", name, "reservation")


def _has_two_zones(network: Network | NetworkOutputs | None) -> bool:
    if isinstance(network, Network):
        return network.availability_zones > 1
    return network is None or len(network.private_subnet_ids) > 1


EKS = LayerRecord(
    name="eks",
    spec=EksCluster,
    outputs=EksOutputs,
    stands_on=("network", "registry"),
    build=_build,
    problems=_problems,
)
