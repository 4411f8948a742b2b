"""The orchestration layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...airflow.construct import Airflow
from ...airflow.spec import Orchestration
from ...cdk import Construct, TerraformLocal, Token
from ...layer import Layer
from ...outputs import NetworkOutputs, RegistryOutputs
from ...target import Target
from ...vpc.spec import Network

if TYPE_CHECKING:
    from ...environment import Environment


class OrchestrationLayer(Layer):
    """What runs workflows: `airflow` are the constructs of environments by short name."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        spec: Orchestration,
        target: Target,
        network: NetworkOutputs | None = None,
        secondary_cidrs: Sequence[str] = (),
        registry: RegistryOutputs | None = None,
    ) -> None:
        """`secondary_cidrs` are the ranges of a Network that hold its subnets beside `cidr`."""
        context, below = environment.context, environment.network
        super().__init__(scope, "orchestration", context=context, target=target)
        self.network = self.below(
            "network", NetworkOutputs, network, secondary_cidrs=secondary_cidrs
        )
        self.registry = self.below("registry", RegistryOutputs, registry)
        TerraformLocal(self, "private", self.network.private_subnet_ids)
        # MWAA takes two, and keeps them: a third zone changes nothing.
        first_two = Token.as_list("${slice(local.private, 0, 2)}")
        airflow = Construct(self, "airflow")
        self.airflow = {
            name: Airflow(
                airflow,
                name,
                context=context,
                spec=each,
                network=self.network,
                subnet_ids=first_two,
                kms_key_arn=self.registry.kms_key_arn,
                leads_out=not isinstance(below, Network) or below.leads_out,
            )
            for name, each in spec.airflow.items()
        }
