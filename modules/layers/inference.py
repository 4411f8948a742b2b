"""The inference layer: everything that serves predictions, in one stack or one for each group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..alb.spec import ExistingLoadBalancer
from ..bedrock.spec import BDR6, InferenceProfile, ProvisionedThroughput
from ..ecs.checks import check_services
from ..ecs.spec import EcsCluster
from ..functions.spec import check_reserved
from ..identity.spec import Identity
from ..outputs import EcsOutputs, NetworkOutputs, RegistryOutputs
from ..rules import PathPart, Problem
from ..s3.spec import ExistingBucket
from ..sagemaker.batch import JOB11, BatchTransform
from ..service import Place
from ..spec import walk
from .groups import check_groups
from .network import more_cidrs
from .record import LayerRecord, Site
from .specs import Inference, Registry

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.inference import InferenceLayer


def _build(site: Site) -> InferenceLayer:
    from .stacks.inference import InferenceLayer

    registry = site.environment.registry
    return InferenceLayer(
        site.app,
        layer=site.part.name,
        context=site.context,
        spec=site.spec,
        target=site.target,
        network=site.given("network", NetworkOutputs),
        secondary_cidrs=more_cidrs(site.environment),
        registry=site.given("registry", RegistryOutputs),
        ecs=site.given("ecs", EcsOutputs),
        private=site.environment.private,
        group=site.part.group,
        artifacts=registry.artifacts.name
        if isinstance(registry, Registry) and isinstance(registry.artifacts, ExistingBucket)
        else None,
        listeners=_listeners(site.environment.ecs),
        watched=site.environment.observability is not None,
    )


def _listeners(ecs: object) -> dict[str, str]:
    """The listeners that exist beside a cluster that is made."""
    balancers = ecs.load_balancers if isinstance(ecs, EcsCluster) else {}
    return {
        name: each.listener
        for name, each in balancers.items()
        if isinstance(each, ExistingLoadBalancer)
    }


def _also_on(spec: Inference) -> Mapping[str, tuple[PathPart, ...]]:
    return {"ecs": ("services",)} if spec.services else {}


def _problems(environment: Environment) -> Iterator[Problem]:
    yield from check_groups("inference", environment)
    yield from _check_triggers(environment)
    yield from _check_bedrock(environment)
    yield from check_reserved(environment.deployed)
    if environment.ecs is not None:
        yield from check_services(environment.services, environment.ecs)


def _check_bedrock(environment: Environment) -> Iterator[Problem]:
    """The deploy role of the same environment may make what is asked of Bedrock."""
    identity = environment.identity
    if not isinstance(identity, Identity) or "bedrock" in identity.deploy_services:
        return
    for path, spec in walk(environment):
        if isinstance(spec, ProvisionedThroughput | InferenceProfile):
            yield BDR6.problem(*path)


def _check_triggers(environment: Environment) -> Iterator[Problem]:
    """Batch transforms that start themselves, that wait for events of a bucket that sends none, or of
    groups that are not there."""
    registry = environment.registry
    found = [(path, spec) for path, spec in walk(environment) if isinstance(spec, BatchTransform)]
    for path, spec in found:
        for problem in spec.loops(Place(path, environment)):
            yield problem.under(*path)
    if not isinstance(registry, Registry):
        return
    remedy = "set registry.artifacts.send_events=True"
    if registry.own_artifacts is None:
        remedy = f"let its owner turn EventBridge on, and {remedy}"
    for path, spec in found:
        for problem in spec.unknown_groups(registry.models):
            yield problem.under(*path)
        bucket = environment.artifact_bucket
        for at in spec.waits_for_events(bucket) if not registry.artifacts.send_events else ():
            yield JOB11.problem(*path, *at, remedy=remedy)


INFERENCE = LayerRecord(
    name="inference",
    spec=Inference,
    stands_on=("network", "registry"),
    grouped=True,
    also_on=_also_on,
    build=_build,
    problems=_problems,
)
