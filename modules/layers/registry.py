"""The registry layer: image repositories, artifacts and their key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..outputs import RegistryOutputs
from .record import LayerRecord, Site
from .specs import Registry

if TYPE_CHECKING:
    from .stacks.registry import RegistryLayer


def _build(site: Site) -> RegistryLayer:
    from .stacks.registry import RegistryLayer

    return RegistryLayer(site.app, context=site.context, spec=site.spec, target=site.target)


REGISTRY = LayerRecord(name="registry", spec=Registry, outputs=RegistryOutputs, build=_build)
