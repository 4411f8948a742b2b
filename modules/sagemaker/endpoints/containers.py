"""Endpoints of several containers: in a row, or each by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from ...model.environment import MDL17, environment_size
from ...model.spec import Model
from ...rules import Problem, rule
from ...spec import Check, Many
from ..sources import source_problems
from .base import Captured, Guarded, Hosted, Hostname, InVpc, OneVariant
from .fleet import Instances

PIP1 = rule(
    "PIP1",
    refuses="a multi-container endpoint of fewer than 2 or more than 15 containers",
    message="must be from 2 to 15 containers",
    source="botocore sagemaker ContainerDefinitionList; SageMaker developer guide, inference "
    "pipelines",
)


class _Containers(OneVariant, InVpc, Captured, Instances, Guarded):
    def named(self) -> tuple[tuple[str | None, Model], ...]:
        """The containers with their hostnames."""
        raise NotImplementedError

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails, and the containers together."""
        yield from super().check()
        models = [model for _, model in self.named()]
        if sum(environment_size(model.environment) for model in models) > 32 * 1024:
            yield MDL17.problem("containers")
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

    containers: Annotated[Many[Model], Check(PIP1, _two_to_fifteen)]
    """The containers, in the order in which they work."""

    kind = "serial pipeline"

    def named(self) -> tuple[tuple[str | None, Model], ...]:
        """The containers, which SageMaker names itself."""
        return tuple((None, model) for model in self.containers)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return self._hosted("Serial")


class DirectEndpoint(_Containers):
    """Several containers, of which each request names one (`TargetContainerHostname`)."""

    containers: Annotated[dict[Hostname, Model], Check(PIP1, _two_to_fifteen)]
    """The containers by hostname."""

    kind = "direct multi-container"

    def named(self) -> tuple[tuple[str | None, Model], ...]:
        """The containers with their hostnames."""
        return tuple(self.containers.items())

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return self._hosted("Direct")
