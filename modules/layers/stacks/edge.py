"""The edge layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...cdk import Construct
from ...edge.construct import CompilationRole, Fleet
from ...edge.spec import Edge
from ...layer import Layer
from ...outputs import RegistryOutputs
from ...target import Target

if TYPE_CHECKING:
    from ...environment import Environment


class EdgeLayer(Layer):
    """`fleets` are the constructs of fleets, `compilations` the roles of compilations, by short name."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        spec: Edge,
        target: Target,
        registry: RegistryOutputs | None = None,
    ) -> None:
        context = environment.context
        super().__init__(scope, "edge", context=context, target=target)
        data = self.below("registry", RegistryOutputs, registry)
        # Known before it is there: components name it in their recipes.
        bucket = environment.artifact_bucket
        fleets = Construct(self, "fleets")
        self.fleets = {
            name: Fleet(
                fleets,
                name,
                context=context,
                spec=each,
                components=spec.components,
                artifact_bucket=bucket,
                kms_key_arn=data.kms_key_arn,
            )
            for name, each in spec.fleets.items()
        }
        compilations = Construct(self, "compilations")
        self.compilations = {
            name: CompilationRole(
                compilations,
                name,
                context=context,
                spec=each,
                artifact_bucket=bucket,
                kms_key_arn=data.kms_key_arn,
            )
            for name, each in spec.compilations.items()
        }
