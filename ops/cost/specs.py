"""What an environment costs a month, from its Specs: one walk."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from inferform import Environment
from inferform.service import Billed, Deployed, Place, Service
from inferform.spec import walk

from .model import Estimate, Usage
from .prices import PriceTable


def usages(environment: Environment) -> list[Usage]:
    """What an environment uses. Where two things have one short name, each has its full one:
    `ecs/fraud` for a service, its path for anything else."""
    found = [
        (Place(path, environment), spec, usage)
        for path, spec in walk(environment)
        if isinstance(spec, Billed)
        for usage in spec.uses(Place(path, environment))
    ]
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for place, _, usage in found:
        owners[usage.service].add(str(place))
    return [
        replace(usage, service=_full_name(place, spec))
        # What several share on purpose, such as "load balancers", is nobody's own name.
        if usage.service == place.name and len(owners[usage.service]) > 1
        else usage
        for place, spec, usage in found
    ]


def _full_name(place: Place, spec: Billed) -> str:
    return Deployed(place, spec).full_name if isinstance(spec, Service) else str(place)


def estimate(environment: Environment, table: PriceTable) -> Estimate:
    """What an environment costs a month."""
    return table.estimate(environment.context.region, usages(environment))
