"""The network layer: one VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..outputs import NetworkOutputs
from ..vpc.spec import Network
from .record import LayerRecord, Site

if TYPE_CHECKING:
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


NETWORK = LayerRecord(name="network", spec=Network, outputs=NetworkOutputs, build=_build)
