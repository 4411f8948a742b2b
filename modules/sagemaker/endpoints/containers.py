"""Endpoints of several containers: in a row, or each by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from ...model.environment import MDL17, TOGETHER, environment_size
from ...model.spec import Model
from ...rules import Problem, Rule, rule
from ...spec import Check, Many
from ..sources import ContainerSource, ModelPackage, MultiModel, source_problems
from .base import Captured, Guarded, Hosted, Hostname, InVpc, OneVariant
from .fleet import Instances
from .multi_model import MME2
from .shadow import SHD4

PIP1 = rule(
    "PIP1",
    refuses="a multi-container endpoint of fewer than 2 or more than 15 containers",
    message="must be from 2 to 15 containers",
    source="botocore sagemaker ContainerDefinitionList; SageMaker developer guide, inference "
    "pipelines",
)
PIP4 = rule(
    "PIP4",
    refuses="more than one multi-model container in a pipeline",
    message="holds {count} multi-model containers, and a pipeline takes one; make the others models",
    source="SageMaker developer guide, multi-model endpoints",
)
PIP7 = rule(
    "PIP7",
    refuses="a multi-model container where each request names its container",
    message="is not supported: AWS takes a container of many models in a serial pipeline alone; use "
    "PipelineEndpoint or MultiModelEndpoint",
    source="SageMaker developer guide, supported features (multi-model endpoints: not for "
    "multi-container endpoints)",
)

Contained = Model | ModelPackage | MultiModel
"""What one of several containers serves."""


class _Containers(OneVariant, InVpc, Captured, Instances, Guarded):
    excluded: ClassVar[Mapping[str, Rule]] = {"shadow": SHD4}

    def named(self) -> tuple[tuple[str | None, Contained], ...]:
        """The containers with their hostnames."""
        raise NotImplementedError

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails, and the containers together."""
        yield from super().check()
        models = [model for _, model in self.named()]
        if sum(environment_size(model.environment) for model in models) > 32 * 1024:
            yield MDL17.problem("containers", wrong=TOGETHER)
        if any(isinstance(model, MultiModel) for model in models) and (self.facts.gpus or 0) > 1:
            yield MME2.problem("instance_type", got=self.instance_type, gpus=self.facts.gpus)
        for index, (name, model) in enumerate(self.named()):
            for problem in source_problems(model, self.instance_type):
                yield problem.under("containers", name or index)

    def _hosted(self, mode: Literal["Serial", "Direct"]) -> tuple[Hosted, ...]:
        return (
            Hosted(
                name=self.variant,
                containers=self.named(),
                mode=mode,
                isolated=all(model.isolated for _, model in self.named()),
                fleet=self,
                count=self.initial_count,
                scaling=self.scaling,
            ),
        )


def _two_to_fifteen(containers: Any) -> bool:
    return 2 <= len(containers) <= 15


class PipelineEndpoint(_Containers):
    """A serial inference pipeline: each container's answer is the next one's request."""

    containers: Annotated[Many[ContainerSource], Check(PIP1, _two_to_fifteen)]
    """The containers, in the order in which they work: models, model packages, and at most one
    container of many models."""

    kind = "serial pipeline"

    def check(self) -> Iterator[Problem]:
        """At most one container has many models."""
        yield from super().check()
        count = sum(isinstance(each, MultiModel) for each in self.containers)
        if count > 1:
            yield PIP4.problem("containers", count=count)

    def named(self) -> tuple[tuple[str | None, Contained], ...]:
        """The containers, which SageMaker names itself."""
        return tuple((None, model) for model in self.containers)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return self._hosted("Serial")


class DirectEndpoint(_Containers):
    """Several containers, of which each request names one (`TargetContainerHostname`)."""

    containers: Annotated[dict[Hostname, ContainerSource], Check(PIP1, _two_to_fifteen)]
    """The containers by hostname: models and model packages."""

    kind = "direct multi-container"

    def check(self) -> Iterator[Problem]:
        """No container has many models."""
        yield from super().check()
        for name, each in self.containers.items():
            if isinstance(each, MultiModel):
                yield PIP7.problem("containers", name)

    def named(self) -> tuple[tuple[str | None, Contained], ...]:
        """The containers with their hostnames."""
        return tuple(self.containers.items())

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return self._hosted("Direct")
