"""The training layer: state machines that train, evaluate and register models, and watch for drift.

It stands beside the inference layer, and not in it: what trains has other roles, other owners and
another pace than what serves, and a change of it must not touch an endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..outputs import NetworkOutputs, RegistryOutputs
from ..training.spec import Training
from .network import more_cidrs
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from .stacks.training import TrainingLayer


def _build(site: Site) -> TrainingLayer:
    from .stacks.training import TrainingLayer

    return TrainingLayer(
        site.app,
        environment=site.environment,
        spec=site.spec,
        target=site.target,
        network=site.given("network", NetworkOutputs),
        secondary_cidrs=more_cidrs(site.environment),
        registry=site.given("registry", RegistryOutputs),
    )


TRAINING = LayerRecord(
    name="training",
    spec=Training,
    stands_on=("network", "registry"),
    after=("inference",),
    build=_build,
)
"""The training layer."""
