"""The delivery layer: pipelines of a tools account that review and deploy the other environments.

It stands beside everything else of its environment: nothing is read from the layers below, and a change of it
touches no service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..delivery.spec import DeliveryPipelines
from ..ecr.spec import ECR8
from ..rules import PathPart, Problem, did_you_mean
from .record import LayerRecord, Site
from .specs import Registry

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.delivery import DeliveryLayer


def _build(site: Site) -> DeliveryLayer:
    from .stacks.delivery import DeliveryLayer

    return DeliveryLayer(site.app, context=site.context, spec=site.spec, target=site.target)


def _needs(spec: DeliveryPipelines) -> Mapping[str, tuple[PathPart, ...]]:
    """The registry, where images are built."""
    for name, pipeline in spec.deploys():
        if pipeline.images:
            return {"registry": ("pipelines", name, "images")}
    return {}


def _problems(environment: Environment) -> Iterator[Problem]:
    """Images go into repositories that there are."""
    spec, registry = environment.delivery, environment.registry
    if spec is None or not isinstance(registry, Registry):
        return
    known = registry.repositories
    for name, pipeline in spec.deploys():
        for index, image in enumerate(pipeline.images):
            if image.repository not in known:
                hint = did_you_mean(image.repository, known)
                where = ("delivery", "pipelines", name, "images", index, "repository")
                yield ECR8.problem(*where, repository=image.repository, hint=hint)


DELIVERY = LayerRecord(
    name="delivery",
    spec=DeliveryPipelines,
    also_on=_needs,
    after=("registry",),
    build=_build,
    problems=_problems,
)
"""The delivery layer."""
