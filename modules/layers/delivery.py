"""The delivery layer: pipelines of a tools account that review and deploy the other environments.

It stands beside everything else of its environment: a change of it touches no service. Of the layers below it reads
the network alone, where builds run in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..delivery.parts import CBD5
from ..delivery.spec import DeliveryPipelines
from ..ecr.spec import ECR8, missing_repository
from ..outputs import NetworkOutputs
from ..rules import PathPart, Problem
from ..vpc.spec import Network
from .network import more_cidrs
from .record import LayerRecord, Site
from .specs import Registry

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.delivery import DeliveryLayer


def _build(site: Site) -> DeliveryLayer:
    from .stacks.delivery import DeliveryLayer

    return DeliveryLayer(
        site.app,
        context=site.context,
        spec=site.spec,
        target=site.target,
        network=site.given("network", NetworkOutputs),
        secondary_cidrs=more_cidrs(site.environment),
    )


def _needs(spec: DeliveryPipelines) -> Mapping[str, tuple[PathPart, ...]]:
    """The registry, where images are built, and the network, where builds run in it."""
    needed: dict[str, tuple[PathPart, ...]] = {}
    for name in spec.private:
        needed.setdefault("network", ("pipelines", name, "compute", "private"))
    for name, pipeline in spec.deploys():
        if pipeline.images:
            needed.setdefault("registry", ("pipelines", name, "images"))
    return needed


def _problems(environment: Environment) -> Iterator[Problem]:
    """Builds in the network reach the internet, and images go into repositories that there are."""
    spec, registry, network = environment.delivery, environment.registry, environment.network
    if spec is None:
        return
    if isinstance(network, Network) and not network.leads_out:
        for name in spec.private:
            yield CBD5.problem("delivery", "pipelines", name, "compute", "private", got=True)
    if not isinstance(registry, Registry):
        return
    known = registry.repositories
    for name, pipeline in spec.deploys():
        for index, image in enumerate(pipeline.images):
            if image.repository not in known:
                hint = missing_repository(image.repository, known)
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
