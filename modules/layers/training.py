"""The training layer: state machines that train, evaluate and register models, and watch for drift.

It stands beside the inference layer, and not in it: what trains has other roles, other owners and
another pace than what serves, and a change of it must not touch an endpoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..outputs import NetworkOutputs, RegistryOutputs
from ..rules import Problem
from ..service import Place
from ..training.spec import Training
from ..training.workflow import Retraining
from .network import more_cidrs
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
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


def _problems(environment: Environment) -> Iterator[Problem]:
    if environment.training is None:
        return
    for kind in ("retrainings", "monitors"):
        for name, spec in getattr(environment.training, kind).items():
            path = ("training", kind, name)
            place = Place(path, environment)
            found = (
                spec.trigger_problems(place)
                if isinstance(spec, Retraining)
                else spec.monitor_problems(place)
            )
            yield from (problem.under(*path) for problem in found)


TRAINING = LayerRecord(
    name="training",
    spec=Training,
    stands_on=("network", "registry"),
    after=("inference",),
    build=_build,
    problems=_problems,
)
"""The training layer."""
