"""The network layer."""

from __future__ import annotations

from collections.abc import Iterable

from ...cdk import Construct, TerraformOutput
from ...context import Context
from ...layer import Layer
from ...target import Target
from ...vpc.construct import VpcNetwork
from ...vpc.spec import Network

_OF_OUTPUTS = ("private", "public")


class NetworkLayer(Layer):
    """One VPC, `network`; hands up NetworkOutputs, `outputs`. The ids of the subnets of other tiers
    than private and public are the output `subnet_ids`."""

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
        made = self.network.subnet_ids
        if more := {tier: ids for tier, ids in made.items() if tier not in _OF_OUTPUTS}:
            TerraformOutput(self, "subnet_ids", value=more)
