"""The delivery layer."""

from __future__ import annotations

from ...cdk import Construct
from ...context import Context
from ...delivery.construct import DeliveryPipeline, connection
from ...delivery.names import DELIVERY
from ...delivery.spec import DeliveryPipelines
from ...kms.construct import Key
from ...layer import Layer
from ...overriding import override
from ...target import Target


class DeliveryLayer(Layer):
    """The pipelines of a repository; `pipelines` are the constructs by short name.

    It holds what deploys elsewhere, so that no deploy role makes it: it works with the caller's credentials.
    """

    def __init__(
        self, scope: Construct, *, context: Context, spec: DeliveryPipelines, target: Target
    ) -> None:
        super().__init__(scope, "delivery", context=context, target=target, assume=False)
        self.key = Key(
            self, DELIVERY, context=context, purpose=f"Artifacts of pipelines of {context.prefix}"
        )
        connection_arn = connection(self, context=context, spec=spec)
        pipelines = Construct(self, "pipelines")
        self.pipelines = {
            name: DeliveryPipeline(
                pipelines,
                name,
                context=context,
                spec=spec,
                connection_arn=connection_arn,
                kms_key_arn=self.key.arn,
            )
            for name in spec.pipelines
        }
        override(spec, self)
