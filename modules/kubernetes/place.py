"""What the objects need to know of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..eks.spec import EksCluster
from ..vpc.spec import Network
from .objects import Place

if TYPE_CHECKING:
    from ..environment import Environment


def place_of(environment: Environment) -> Place:
    """The literal facts of the layers below the services of `environment`."""
    context, network = environment.context, environment.network
    assert network is not None
    return Place(
        context=context,
        artifact_bucket=environment.artifact_bucket,
        vpc_cidr=network.cidr if isinstance(network, Network) else network.vpc_cidr,
        cluster=environment.eks if isinstance(environment.eks, EksCluster) else None,
    )
