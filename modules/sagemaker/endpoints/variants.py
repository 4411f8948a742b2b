"""Real-time endpoints whose traffic several variants share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, ClassVar

from ...rollouts.spec import AllAtOnce, Canary, Linear, Rolling, Rollout
from ...rules import Problem, rule
from ...scaling.kinds import REALTIME
from ...spec import Aws, Check, OneOf
from ..sources import ModelSource, source_problems
from .base import Captured, Endpoint, Hosted, InVpc, VariantName, single
from .fleet import Instances
from .shadow import Shadow, shadow_problems
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
SHD1 = rule(
    "SHD1",
    refuses="a shadow variant beside several production variants",
    message="cannot be used beside {count} production variants: AWS shadows one; leave one in variants, "
    "or the shadow out",
    source="SageMaker API reference, CreateEndpointConfig ShadowProductionVariants",
)
DEP15 = rule(
    "DEP15",
    refuses="rolling updates of several production variants",
    message="does not roll {count} production variants: AWS replaces the instances of one alone in "
    "batches; use Canary, Linear or AllAtOnce",
    source="SageMaker developer guide, deployment guardrails, exclusions",
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
    """Its share of the traffic, relative to the other variants' weights. Default: 1."""

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

    rollout: Annotated[AllAtOnce | Canary | Linear | Rolling | None, OneOf()] = None
    """How updates reach the endpoint, and what rolls them back. Default: SageMaker's own
    blue/green, under which variants can come and go; with it, a new set of variant names
    replaces the endpoint, as guardrails need the same names on both sides. Rolling is for one
    variant."""

    shadow: Shadow | None = None
    """A model that is tried on copies of the requests of the one production variant. Default: none."""

    kind = "real-time, several variants"
    elsewhere: ClassVar[Mapping[str, str]] = {
        **Endpoint.elsewhere,
        "production_variants": "variants={'a': Variant(...), 'b': Variant(...)}",
        "traffic": "variants={'a': Variant(weight=9, ...), 'b': Variant(weight=1, ...)}",
        "weights": "variants={'a': Variant(weight=9, ...), 'b': Variant(weight=1, ...)}",
    }
    scales = REALTIME
    has_named_variants = True

    @property
    def guard(self) -> Rollout | None:
        """The rollout."""
        return self.rollout

    def check(self) -> Iterator[Problem]:
        """The rules between variants."""
        yield from super().check()
        weights, count = self._weights(), len(self.variants)
        if not any(weights):
            yield RT6.problem("variants", got=weights)
        elif not weights_fit(weights):
            yield RT7.problem("variants", got=weights)
        else:
            yield from self.check_rollout()
        if isinstance(self.rollout, Rolling) and count > 1:
            yield DEP15.problem("rollout", count=count)
        if self.shadow is None:
            return
        if count > 1:
            yield SHD1.problem("shadow", count=count)
        for name, each in self.variants.items():
            path = ("variants", name)
            yield from shadow_problems(self.shadow, name, each.model, each.instance_type, *path)

    def hosted(self) -> tuple[Hosted, ...]:
        """The production variants."""
        weights = exact_weights(self._weights())[: len(self.variants)]
        return tuple(
            single(name, variant.model, variant, weight)
            for (name, variant), weight in zip(self.variants.items(), weights, strict=True)
        )

    def shadowed(self) -> Hosted | None:
        """The shadow variant."""
        return self.shadow.hosted(exact_weights(self._weights())[-1]) if self.shadow else None

    def _weights(self) -> list[float]:
        """The weight of each variant, and last that of the shadow."""
        weights = [variant.weight for variant in self.variants.values()]
        if self.shadow is None:
            return weights
        # As the decimals that they are written with.
        share = Fraction(str(weights[0])) * self.shadow.traffic_percent / 100
        return [*weights, float(share)]

    def place_of(self, variant: Hosted) -> tuple[str, ...]:
        """The path of what has a variant's instances and scaling."""
        return super().place_of(variant) or ("variants", variant.name)
