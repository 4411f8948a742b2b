"""Real-time endpoints whose traffic several variants share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ...rollouts.spec import AllAtOnce, Canary, Linear, Rollout
from ...rules import Problem, rule
from ...scaling.kinds import REALTIME
from ...spec import Aws, Check, OneOf
from ..sources import ModelSource, source_problems
from .base import Captured, Endpoint, Hosted, InVpc, VariantName, single
from .fleet import Instances
from .weights import exact_weights, weights_fit

RT1 = rule(
    "RT1",
    refuses="no production variant, or more than 10",
    message="must be from 1 to 10 production variants",
    source="botocore sagemaker ProductionVariantList",
)
RT6 = rule(
    "RT6",
    refuses="a negative weight, or only weights of zero",
    message="must be 0 or more, and above 0 for at least one variant",
    source="botocore sagemaker VariantWeight; with all at zero no variant gets traffic",
)
RT7 = rule(
    "RT7",
    refuses="weights whose ratio AWS cannot keep",
    message="have a ratio that does not fit AWS's 32-bit numbers; write them with fewer digits",
    source="hashicorp/terraform-provider-aws #43643 (weights are float32)",
)


class Variant(Instances):
    """One of several production variants."""

    model: ModelSource
    """What is served."""

    weight: Annotated[
        float,
        Check(RT6, lambda weight: weight >= 0),
        Aws("sagemaker:ProductionVariant.InitialVariantWeight"),
    ] = 1
    """Its share of the traffic, relative to the other variants' weights. Without it, 1."""

    def check(self) -> Iterator[Problem]:
        """What a container is built for is there, and is used."""
        yield from super().check()
        for problem in source_problems(self.model, self.instance_type):
            yield problem.under("model")


class MultiVariantEndpoint(InVpc, Captured, Endpoint):
    """A real-time endpoint whose traffic several variants share (A/B)."""

    variants: Annotated[
        dict[VariantName, Variant], Check(RT1, lambda variants: 1 <= len(variants) <= 10)
    ]
    """The production variants by name."""

    rollout: Annotated[AllAtOnce | Canary | Linear | None, OneOf()] = None
    """How updates reach the endpoint, and what rolls them back. Without it SageMaker's own
    blue/green, under which variants can come and go; with it, a new set of variant names
    replaces the endpoint, as guardrails need the same names on both sides."""

    kind = "real-time, several variants"
    scales = REALTIME
    has_named_variants = True

    @property
    def guard(self) -> Rollout | None:
        """The rollout."""
        return self.rollout

    def check(self) -> Iterator[Problem]:
        """The rules between variants."""
        yield from super().check()
        weights = [variant.weight for variant in self.variants.values()]
        if not any(weights):
            yield RT6.problem("variants", got=weights)
        elif not weights_fit(weights):
            yield RT7.problem("variants", got=weights)
        else:
            yield from self.check_rollout()

    def hosted(self) -> tuple[Hosted, ...]:
        """The production variants."""
        weights = exact_weights([variant.weight for variant in self.variants.values()])
        return tuple(
            single(name, variant.model, variant, weight)
            for (name, variant), weight in zip(self.variants.items(), weights, strict=True)
        )

    def place_of(self, variant: Hosted) -> tuple[str, ...]:
        """The path of what has a variant's instances and scaling."""
        return super().place_of(variant) or ("variants", variant.name)
