"""The registry layer: image repositories, artifacts and their key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ecr.spec import Image
from ..outputs import RegistryOutputs
from .record import LayerRecord, Site
from .specs import Registry

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.registry import RegistryLayer


def _build(site: Site) -> RegistryLayer:
    from .stacks.registry import RegistryLayer

    spec = _let_in(site.spec, site.environment)
    return RegistryLayer(site.app, context=site.context, spec=spec, target=site.target)


def _let_in(spec: Registry, environment: Environment) -> Registry:
    """The registry with each repository open to the AWS services that pull from it for what is
    declared."""
    wanted = {
        (image.repository, deployed.spec.pulled_by)
        for deployed in environment.deployed
        if deployed.spec.pulled_by and environment.context.images is None
        for image in deployed.spec.images()
        if isinstance(image, Image)
    }
    opened = {
        name: repository.replace(pull_services=sorted({*repository.pull_services, service}))
        for name, service in sorted(wanted)
        if (repository := spec.repositories.get(name)) and service not in repository.pull_services
    }
    return spec.replace(repositories={**spec.repositories, **opened}) if opened else spec


REGISTRY = LayerRecord(name="registry", spec=Registry, outputs=RegistryOutputs, build=_build)
