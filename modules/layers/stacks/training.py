"""The training layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...cdk import Construct
from ...layer import Layer
from ...outputs import NetworkOutputs, RegistryOutputs
from ...overriding import override
from ...s3.spec import ExistingBucket
from ...target import Target
from ...training.spec import Training
from ..specs import Registry

if TYPE_CHECKING:
    from ...environment import Environment


class TrainingLayer(Layer):
    """What trains the models of an environment; `network` and `registry` are what the layers below
    hand up."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        spec: Training,
        target: Target,
        network: NetworkOutputs | None = None,
        secondary_cidrs: Sequence[str] = (),
        registry: RegistryOutputs | None = None,
    ) -> None:
        """`secondary_cidrs` are the ranges of a Network that hold its subnets beside `cidr`."""
        super().__init__(scope, "training", context=environment.context, target=target)
        self.network = self.below(
            "network", NetworkOutputs, network, secondary_cidrs=secondary_cidrs
        )
        data = self.below("registry", RegistryOutputs, registry)
        below = environment.registry
        if isinstance(below, Registry) and isinstance(below.artifacts, ExistingBucket):
            data = replace(data, artifact_bucket=below.artifacts.name)
        self.registry = data
        override(spec, self)
