"""The layer of APIs: a stable URL in front of what serves.

It stands above the inference layer, and not in it: one API leads to services of several groups, each of
which has a stack of its own and hands nothing up; all that an API has to know of a service is its name,
which is calculated, or is handed up by the layers below; and an API keeps its URL, its keys and its domain
while what is behind it is made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..alb.records import DNS5
from ..alb.spec import ExistingLoadBalancer
from ..api.apis import Apis
from ..api.targets import check_routes
from ..ecs.spec import EcsCluster
from ..identity.spec import Identity
from ..outputs import EcsOutputs, NetworkOutputs, RegistryOutputs
from ..rules import Problem
from .network import more_cidrs
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.apis import ApisLayer


def _build(site: Site) -> ApisLayer:
    from .stacks.apis import ApisLayer

    ecs = site.environment.ecs
    balancers = ecs.load_balancers if isinstance(ecs, EcsCluster) else {}
    return ApisLayer(
        site.app,
        environment=site.environment,
        spec=site.spec,
        target=site.target,
        network=site.given("network", NetworkOutputs),
        secondary_cidrs=more_cidrs(site.environment),
        registry=site.given("registry", RegistryOutputs),
        ecs=site.given("ecs", EcsOutputs),
        listeners={
            name: each.listener
            for name, each in balancers.items()
            if isinstance(each, ExistingLoadBalancer)
        },
    )


def _problems(environment: Environment) -> Iterator[Problem]:
    yield from check_routes(environment)
    apis, identity = environment.apis, environment.identity
    if apis is None or not isinstance(identity, Identity):
        return
    for name, domain in apis.domains.items():
        if domain.zone is not None and "route53" not in identity.deploy_services:
            yield DNS5.problem("apis", "domains", name, "zone", services="route53")


APIS = LayerRecord(
    name="apis",
    spec=Apis,
    stands_on=("network", "registry"),
    after=("ecs", "inference"),
    build=_build,
    problems=_problems,
)
