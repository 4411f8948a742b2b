"""The edge layer: fleets of devices that run models, and the roles of what is compiled for them.

Terraform has no component and no deployment of Greengrass V2: those are made by `inferform edge`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..edge.recipe import recipe
from ..edge.spec import EDG7, LARGEST_RECIPE, Edge
from ..outputs import RegistryOutputs
from ..rules import Problem
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.edge import EdgeLayer


def _build(site: Site) -> EdgeLayer:
    from .stacks.edge import EdgeLayer

    return EdgeLayer(
        site.app,
        environment=site.environment,
        spec=site.spec,
        target=site.target,
        registry=site.given("registry", RegistryOutputs),
    )


def _problems(environment: Environment) -> Iterator[Problem]:
    """Recipes are as small as Greengrass takes them."""
    if environment.edge is None:
        return
    for name, spec in environment.edge.components.items():
        made = json.dumps(recipe(environment.context, name, spec, environment.artifact_bucket))
        if len(made.encode()) > LARGEST_RECIPE:
            yield EDG7.problem("edge", "components", name, size=len(made.encode()))


EDGE = LayerRecord(
    name="edge",
    spec=Edge,
    stands_on=("registry",),
    build=_build,
    problems=_problems,
)
"""The edge layer."""
