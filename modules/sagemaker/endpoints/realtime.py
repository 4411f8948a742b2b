"""Real-time endpoints of one model, and their shadow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ...rules import Problem, rule
from ...spec import Between
from ..sources import JumpStartModel, ModelSource, OwnModelSource, source_problems
from .base import Captured, Guarded, Hosted, InVpc, OneVariant, VariantName, single
from .fleet import Fleet, InitialCount, Instances
from .weights import exact_weights

SHD2 = rule(
    "SHD2",
    refuses="a shadow variant beside what AWS does not shadow",
    message="cannot be shadowed: {what} is not supported in shadow tests",
    source="SageMaker developer guide, shadow tests, feature exclusions",
)
SHD3 = rule(
    "SHD3",
    refuses="a share of shadowed traffic outside 1 to 100 percent",
    message="must be from {low} to {high} percent",
    source="botocore sagemaker CreateEndpointConfigInput ShadowProductionVariants",
)
N7 = rule(
    "N7",
    refuses="two variants of one endpoint with the same name",
    message="is the name of the production variant too; give the shadow another",
    source="botocore sagemaker ProductionVariant VariantName",
)


class Shadow(Fleet):
    """A shadow variant: it gets copies of requests, and its answers go nowhere."""

    model: OwnModelSource
    """What is tried."""

    instance_count: InitialCount = 1
    """How many instances. Without it, 1."""

    traffic_percent: Annotated[int, Between(SHD3, 1, 100)] = 100
    """The share of requests that is copied. Without it, all."""

    variant: VariantName = "shadow"
    """The shadow variant's name."""

    def check(self) -> Iterator[Problem]:
        """What a container is built for is there, and is used."""
        yield from super().check()
        for problem in source_problems(self.model, self.instance_type):
            yield problem.under("model")


class RealtimeEndpoint(OneVariant, InVpc, Captured, Instances, Guarded):
    """A SageMaker real-time endpoint: one model on instances that are always up."""

    model: ModelSource
    """What is served."""

    shadow: Shadow | None = None
    """A model that is tried on copies of the requests. Without it, none."""

    kind = "real-time"

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails and shadows."""
        yield from super().check()
        for problem in source_problems(self.model, self.instance_type):
            yield problem.under("model")
        if self.shadow is None:
            return
        if self.shadow.variant == self.variant:
            yield N7.problem("shadow", "variant", got=self.variant)
        if isinstance(self.model, JumpStartModel):
            yield SHD2.problem("shadow", what="a Marketplace model")
        for type_, path in (
            (self.instance_type, ("instance_type",)),
            (self.shadow.instance_type, ("shadow", "instance_type")),
        ):
            if type_.startswith("ml.inf1."):
                yield SHD2.problem(*path, what="an Inf1 instance type")

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (single(self.variant, self.model, self, self._weights()[0]),)

    def shadowed(self) -> Hosted | None:
        """The shadow variant."""
        shadow = self.shadow
        if shadow is None:
            return None
        return Hosted(
            name=shadow.variant,
            containers=((None, shadow.model),),
            mode="single",
            isolated=shadow.model.isolated,
            fleet=shadow,
            count=shadow.instance_count,
            weight=self._weights()[1],
        )

    def _weights(self) -> list[int | float]:
        if self.shadow is None:
            return [1]
        return exact_weights([1, self.shadow.traffic_percent / 100])
