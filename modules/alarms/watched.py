"""Watched: what CloudWatch has of one part of a service, with the values of its dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .published import Feature, Published, Publishes

if TYPE_CHECKING:
    from ..scaling.kinds import Kind
    from ..scaling.spec import Scaling


@dataclass(frozen=True, slots=True)
class Handed:
    """A value of a dimension that only the state of a layer below has."""

    layer: str
    """The layer: `ecs`, or `inference-risk` of a group."""

    output: str
    """The field of its Outputs, a map."""

    key: str
    """The key in that map."""


Dimensions = Mapping[str, str | Handed]
"""The values of dimensions by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One part of a service that publishes metrics: a variant, a copy, tasks, a target group."""

    kind: str
    """How messages call it: `a real-time endpoint`."""

    publishes: Publishes
    """What it publishes."""

    dimensions: Dimensions
    """The values of the dimensions of its metrics."""

    part: str = ""
    """What tells it from other parts of its service: the name of a variant. Default: nothing, it is the
    only one."""

    features: frozenset[Feature] = frozenset()
    """What it has, of what some metrics need. Default: nothing of it."""

    processors: Mapping[str, int] = field(default_factory=dict)
    """How many vCPUs (`vcpu`) and GPUs (`gpu`) an instance of it has, where AWS says it."""

    instance_type: str | None = None
    """Its instance type. Default: None, it has none."""

    scaling: Scaling | None = None
    """How it follows the load. Default: not at all."""

    scales: Kind | None = None
    """What scales it. Default: nothing."""

    def metrics(self) -> Iterator[Published]:
        """The metrics that have data, of which the dimensions are known."""
        for metric in self.publishes.metrics:
            if self.has(metric):
                yield metric

    def has(self, metric: Published) -> bool:
        """Whether a metric of its kind has data here."""
        needed = metric.needs is None or metric.needs in self.features
        return needed and set(metric.dimensions) <= self.dimensions.keys()

    def times(self, metric: Published) -> int | None:
        """What a metric's value of one processor is to be taken times, to be that of an instance; None
        where AWS does not say how many it has."""
        return self.processors.get(metric.added_over) if metric.added_over else 1

    def values(self, metric: Published) -> Dimensions:
        """The dimensions of one of its metrics."""
        return {name: self.dimensions[name] for name in metric.dimensions}
