"""Whether what an environment declares reaches AWS, and what it fetches from the internet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .rules import Problem
from .service import Place, Reaching
from .spec import walk
from .vpc.spec import Network

if TYPE_CHECKING:
    from .environment import Environment


def problems(environment: Environment) -> Iterator[Problem]:
    """What lacks an endpoint in a network of the environment's own, or a way to the internet."""
    network = environment.network
    endpoints = environment.interface_endpoints
    for path, spec in walk(environment):
        if not isinstance(spec, Reaching):
            continue
        place = Place(path, environment)
        for problem in spec.hub_problems(place):
            yield problem.under(*path)
        if isinstance(network, Network):
            for problem in _problems(spec, place, network, endpoints):
                yield problem.under(*path)


def _problems(
    spec: Reaching, place: Place, network: Network, endpoints: frozenset[str]
) -> Iterator[Problem]:
    needs, has_nat = spec.needs(place), network.leads_out
    missing = [] if has_nat and needs.through_nat else sorted(needs.interface_endpoints - endpoints)
    if needs.s3 and not has_nat and "s3" not in network.gateway_endpoints:
        missing.append("s3 (gateway)")
    if missing and spec.unreached is not None:
        yield spec.unreached.problem(missing=", ".join(missing))
    for field in () if has_nat else needs.internet:
        if spec.unreached_internet is not None:
            yield spec.unreached_internet.problem(*field, got=getattr(spec, str(field[0])))
