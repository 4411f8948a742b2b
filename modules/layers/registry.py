"""The registry layer: image repositories, artifacts and their key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ecr.spec import Image, Repository
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
    declared, and to the accounts that deploy versions of a group whose images it has."""
    services = {
        (image.repository, deployed.spec.pulled_by)
        for deployed in environment.deployed
        if deployed.spec.pulled_by and environment.context.images is None
        for image in deployed.spec.images()
        if isinstance(image, Image)
    }
    accounts = {
        (name, account)
        for group in spec.models.values()
        for name in group.repositories
        for account in group.read_accounts
    }
    opened: dict[str, Repository] = {}
    for field, wanted in (("pull_services", services), ("pull_accounts", accounts)):
        for name, each in sorted(wanted):
            repository = opened.get(name) or spec.repositories.get(name)
            if repository is not None and each not in getattr(repository, field):
                more = {field: sorted({*getattr(repository, field), each})}
                opened[name] = repository.replace(**more)
    return spec.replace(repositories={**spec.repositories, **opened}) if opened else spec


REGISTRY = LayerRecord(name="registry", spec=Registry, outputs=RegistryOutputs, build=_build)
