"""The orchestration layer: what runs workflows beside the schedules and events of the training layer.

It stands beside the training layer, and not in it: an environment of Airflow takes half an hour to make and
is used by others too, while what it starts comes and goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..airflow.names import environment_name
from ..airflow.spec import MWA6, Orchestration
from ..outputs import NetworkOutputs, RegistryOutputs
from ..rules import Problem, rule
from ..vpc.spec import Network
from .network import more_cidrs
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.orchestration import OrchestrationLayer

MWA1 = rule(
    "MWA1",
    refuses="a name of an environment that MWAA does not take",
    message="would make the environment {name}, but its name has to begin with a letter; begin "
    "context.naming.template, or the organization, with one",
    source="botocore mwaa EnvironmentName",
)


def _build(site: Site) -> OrchestrationLayer:
    from .stacks.orchestration import OrchestrationLayer

    return OrchestrationLayer(
        site.app,
        environment=site.environment,
        spec=site.spec,
        target=site.target,
        network=site.given("network", NetworkOutputs),
        secondary_cidrs=more_cidrs(site.environment),
        registry=site.given("registry", RegistryOutputs),
    )


def _problems(environment: Environment) -> Iterator[Problem]:
    """Names and subnets that MWAA takes, and DAGs that start what is there."""
    if environment.orchestration is None:
        return
    network = environment.network
    for name, spec in environment.orchestration.airflow.items():
        path = ("orchestration", "airflow", name)
        made = environment_name(environment.context, name)
        if not re.match("[a-zA-Z]", made):
            yield MWA1.problem(*path, name=made)
        if not spec.existing.subnets:
            if isinstance(network, Network) and network.availability_zones < 2:
                yield MWA6.problem(*path, remedy="set network.availability_zones=2")
            elif isinstance(network, NetworkOutputs) and len(network.private_subnet_ids) < 2:
                yield MWA6.problem(*path, remedy="name them in network.private_subnet_ids")
        for dag, each in spec.training_dags.items():
            for problem in each.problems(environment):
                yield problem.under(*path, "training_dags", dag)


ORCHESTRATION = LayerRecord(
    name="orchestration",
    spec=Orchestration,
    stands_on=("network", "registry"),
    after=("training",),
    build=_build,
    problems=_problems,
)
"""The orchestration layer."""
