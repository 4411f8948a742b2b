"""The network layer."""

from __future__ import annotations

from collections.abc import Iterable

from ...cdk import Construct
from ...context import Context
from ...layer import Layer
from ...target import Target
from ...vpc.construct import VpcNetwork
from ...vpc.spec import Network


class NetworkLayer(Layer):
    """One VPC, `network`; hands up NetworkOutputs, `outputs`."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        spec: Network,
        target: Target,
        endpoints: Iterable[str],
        kubernetes: bool = False,
    ) -> None:
        super().__init__(scope, "network", context=context, target=target)
        self.network = VpcNetwork(
            self,
            "network",
            context=context,
            spec=spec,
            endpoints=endpoints,
            kubernetes=kubernetes,
        )
        self.outputs = self.network.outputs
        self.hand_up(self.outputs)
