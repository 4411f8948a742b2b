"""Shadow variants of real-time endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ...rules import Problem, rule
from ...spec import Between
from ..sources import JumpStartModel, OwnModelSource, Source, source_problems
from .base import Hosted, VariantName
from .fleet import Fleet, InitialCount

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
SHD4 = rule(
    "SHD4",
    refuses="a shadow variant of a kind of endpoint that AWS does not shadow",
    message="is not supported: AWS shadows no serverless, asynchronous, multi-model or multi-container "
    "endpoint; leave it out, or use RealtimeEndpoint",
    source="SageMaker developer guide, shadow tests, exclusions",
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
    """How many instances. Default: 1."""

    traffic_percent: Annotated[int, Between(SHD3, 1, 100)] = 100
    """The share of requests that is copied. Default: all."""

    variant: VariantName = "shadow"
    """The shadow variant's name."""

    def check(self) -> Iterator[Problem]:
        """What a container is built for is there, and is used."""
        yield from super().check()
        for problem in source_problems(self.model, self.instance_type):
            yield problem.under("model")

    def hosted(self, weight: int | float) -> Hosted:
        """The variant; `weight` is in proportion to that of the production variant."""
        return Hosted(
            name=self.variant,
            containers=((None, self.model),),
            mode="single",
            isolated=self.model.isolated,
            fleet=self,
            count=self.instance_count,
            weight=weight,
        )


def shadow_problems(
    shadow: Shadow, variant: str, model: Source, instance_type: str, *path: str
) -> Iterator[Problem]:
    """What AWS does not shadow; `path` leads to the production variant from where `shadow` stands."""
    if shadow.variant == variant:
        yield N7.problem("shadow", "variant", got=variant)
    if isinstance(model, JumpStartModel):
        yield SHD2.problem("shadow", what="a Marketplace model")
    for type_, of in ((instance_type, path), (shadow.instance_type, ("shadow",))):
        if type_.startswith("ml.inf1."):
            yield SHD2.problem(*of, "instance_type", what="an Inf1 instance type")
