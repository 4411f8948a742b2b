"""The eks layer."""

from __future__ import annotations

from collections.abc import Sequence

from ...cdk import Construct, TerraformLocal
from ...context import Context
from ...eks.construct import Cluster
from ...eks.spec import EksCluster
from ...layer import Layer
from ...outputs import NetworkOutputs, RegistryOutputs
from ...target import Target


class EksLayer(Layer):
    """One EKS cluster, `cluster`; hands up EksOutputs, `outputs`."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        spec: EksCluster,
        target: Target,
        network: NetworkOutputs | None = None,
        secondary_cidrs: Sequence[str] = (),
        registry: RegistryOutputs | None = None,
    ) -> None:
        """`secondary_cidrs` are the ranges of a Network that hold its subnets beside `cidr`."""
        super().__init__(scope, "eks", context=context, target=target)
        below = self.below("network", NetworkOutputs, network, secondary_cidrs=secondary_cidrs)
        data = self.below("registry", RegistryOutputs, registry)
        TerraformLocal(self, "held", below.private_subnet_ids)
        suffix = TerraformLocal(self, "suffix", '${substr(sha256(join("/", local.held)), 0, 8)}')
        self.cluster = Cluster(
            self,
            "cluster",
            context=context,
            spec=spec,
            network=below,
            registry=data,
            suffix=suffix.as_string,
        )
        self.outputs = self.cluster.outputs
        self.hand_up(self.outputs)
