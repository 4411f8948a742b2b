"""The delivery layer."""

from __future__ import annotations

from collections.abc import Sequence

from ...cdk import Construct
from ...context import Context
from ...delivery.construct import DeliveryPipeline, connection, network_of
from ...delivery.names import DELIVERY
from ...delivery.spec import DeliveryPipelines
from ...kms.construct import Key
from ...layer import Layer
from ...outputs import NetworkOutputs
from ...overriding import override
from ...target import Target


class DeliveryLayer(Layer):
    """The pipelines of a repository; `pipelines` are the constructs by short name.

    It holds what deploys elsewhere, so that no deploy role makes it: it works with the caller's credentials.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        spec: DeliveryPipelines,
        target: Target,
        network: NetworkOutputs | None = None,
        secondary_cidrs: Sequence[str] = (),
    ) -> None:
        """`secondary_cidrs` are the ranges of a Network that hold its subnets beside `cidr`."""
        super().__init__(scope, "delivery", context=context, target=target, assume=False)
        self.key = Key(
            self,
            DELIVERY,
            context=context,
            purpose=f"Artifacts of pipelines of {context.prefix or context.key}",
        )
        connection_arn = connection(self, context=context, spec=spec)
        inside = None
        if spec.private:
            below = self.below("network", NetworkOutputs, network, secondary_cidrs=secondary_cidrs)
            inside = network_of(self, context=context, network=below)
        pipelines = Construct(self, "pipelines")
        self.pipelines = {
            name: DeliveryPipeline(
                pipelines,
                name,
                context=context,
                spec=spec,
                connection_arn=connection_arn,
                kms_key_arn=self.key.arn,
                network=inside,
            )
            for name in spec.pipelines
        }
        override(spec, self)
