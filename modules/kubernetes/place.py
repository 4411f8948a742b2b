"""What the objects need to know of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..context import Context
from ..eks.spec import EksCluster
from ..outputs import NetworkOutputs
from ..vpc.spec import Network
from .objects import Object, Place

if TYPE_CHECKING:
    from ..environment import Environment


def place_of(environment: Environment) -> Place:
    """The literal facts of the layers below the services of `environment`."""
    context, network = environment.context, environment.network
    assert network is not None
    return Place(
        context=context,
        artifact_bucket=environment.artifact_bucket,
        vpc_cidrs=(network.cidr, *network.more_cidrs)
        if isinstance(network, Network)
        else tuple(network.cidrs),
        subnets=_subnets(network, context),
        cluster=environment.eks if isinstance(environment.eks, EksCluster) else None,
    )


def _subnets(network: Network | NetworkOutputs, context: Context) -> tuple[Object, ...]:
    """The private subnets: those that exist by their ids, own ones by the tags that they get."""
    if isinstance(network, NetworkOutputs):
        return tuple({"id": each} for each in network.private_subnet_ids)
    tags = {
        context.tag_key("environment"): context.key,
        context.tag_key("managed-by"): "inferform",
    }
    return ({"tags": {"kubernetes.io/role/internal-elb": "1", **tags}},)
