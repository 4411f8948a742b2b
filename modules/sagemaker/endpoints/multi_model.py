"""Endpoints of many models behind one container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from ...rules import Problem, Rule, rule
from ..sources import MultiModel, source_problems
from .base import Captured, Guarded, Hosted, InVpc, OneVariant
from .fleet import Instances
from .shadow import SHD4

MME2 = rule(
    "MME2",
    refuses="a multi-model endpoint on an instance type with several GPUs",
    message="has {gpus} GPUs, but multi-model endpoints use one; take a single-GPU type such as "
    "ml.g5.xlarge",
    source="SageMaker developer guide, multi-model endpoints, supported instance types",
)


class MultiModelEndpoint(OneVariant, InVpc, Captured, Instances, Guarded):
    """Many models behind one container, loaded as they are asked for."""

    model: MultiModel
    """The container, and where its models lie."""

    excluded: ClassVar[Mapping[str, Rule]] = {"shadow": SHD4}

    kind = "multi-model"

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails and GPUs."""
        yield from super().check()
        if (self.facts.gpus or 0) > 1:
            yield MME2.problem("instance_type", got=self.instance_type, gpus=self.facts.gpus)
        for problem in source_problems(self.model, self.instance_type):
            yield problem.under("model")

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (
            Hosted(
                name=self.variant,
                containers=((None, self.model),),
                mode="multi-model",
                isolated=self.model.isolated,
                fleet=self,
                count=self.initial_count,
                scaling=self.scaling,
            ),
        )
