"""Real-time endpoints of one model."""

from __future__ import annotations

from collections.abc import Iterator

from ...rules import Problem
from ..sources import ModelSource, source_problems
from .base import Captured, Guarded, Hosted, InVpc, OneVariant, single
from .capacity import PooledInstances
from .shadow import Shadow, shadow_problems
from .weights import exact_weights


class RealtimeEndpoint(OneVariant, InVpc, Captured, PooledInstances, Guarded):
    """A SageMaker real-time endpoint: one model on instances that are always up."""

    model: ModelSource
    """What is served."""

    shadow: Shadow | None = None
    """A model that is tried on copies of the requests. Default: none."""

    kind = "real-time"

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails and shadows."""
        yield from super().check()
        for instance_type in self.instance_types:
            for problem in source_problems(self.model, instance_type):
                yield problem.under("model")
        if self.shadow is not None:
            yield from shadow_problems(self.shadow, self.variant, self.model, self.instance_type)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (single(self.variant, self.model, self, self._weights()[0]),)

    def shadowed(self) -> Hosted | None:
        """The shadow variant."""
        return self.shadow.hosted(self._weights()[1]) if self.shadow else None

    def _weights(self) -> list[int | float]:
        if self.shadow is None:
            return [1]
        return exact_weights([1, self.shadow.traffic_percent / 100])
