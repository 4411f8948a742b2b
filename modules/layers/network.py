"""The network layer: one VPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..outputs import NetworkOutputs
from ..rules import Problem, did_you_mean
from ..vpc.spec import VPC24, Network
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.network import NetworkLayer


def _build(site: Site) -> NetworkLayer:
    from .stacks.network import NetworkLayer

    return NetworkLayer(
        site.app,
        context=site.context,
        spec=site.spec,
        target=site.target,
        endpoints=site.environment.interface_endpoints,
        kubernetes=site.environment.eks is not None,
    )


def more_cidrs(environment: Environment) -> list[str]:
    """The secondary ranges that hold subnets of a network that is made."""
    network = environment.network
    return network.more_cidrs if isinstance(network, Network) else []


def _problems(environment: Environment) -> Iterator[Problem]:
    """Policies are for endpoints that the layer makes, those of auto_endpoints among them."""
    network = environment.network
    if not isinstance(network, Network):
        return
    made = {*network.gateway_endpoints, *environment.interface_endpoints}
    for service in network.endpoint_policies:
        if service not in made:
            hint = did_you_mean(service, sorted(made))
            yield VPC24.problem("network", "endpoint_policies", service, hint=hint)


NETWORK = LayerRecord(
    name="network", spec=Network, outputs=NetworkOutputs, build=_build, problems=_problems
)
