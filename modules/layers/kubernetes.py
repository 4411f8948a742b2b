"""The kubernetes layer: the inference services on an EKS cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..eks.spec import EksCluster
from ..kubernetes import fit
from ..kubernetes.objects import objects
from ..kubernetes.place import place_of
from ..kubernetes.spec import Kubernetes
from ..names import Name
from ..outputs import EksOutputs, RegistryOutputs
from ..rules import PathPart, Problem
from .record import LayerRecord, Site

if TYPE_CHECKING:
    from ..environment import Environment
    from .stacks.kubernetes import KubernetesLayer


def _build(site: Site) -> KubernetesLayer:
    from .stacks.kubernetes import KubernetesLayer

    return KubernetesLayer(
        site.app,
        context=site.context,
        spec=site.spec,
        target=site.target,
        place=place_of(site.environment),
        cluster=site.given("eks", EksOutputs),
        registry=site.given("registry", RegistryOutputs),
    )


def _names(environment: Environment) -> Iterator[tuple[tuple[PathPart, ...], Name]]:
    """Of every object, whoever makes them, and of what Kubernetes puts into each namespace."""
    spec = environment.kubernetes
    assert spec is not None
    for namespace in sorted({service.namespace for service in spec.services.values()}):
        yield ("kubernetes",), Name("ServiceAccount", "default", within=f"namespace {namespace}")
    for made in objects(spec, place_of(environment)):
        name, namespace = made["metadata"]["name"], made["metadata"].get("namespace")
        service = spec.services.get(name)
        is_of_service = service is not None and service.namespace == namespace
        path = ("kubernetes", "services", name) if is_of_service else ("kubernetes",)
        yield path, Name(made["kind"], name, within=f"namespace {namespace}" if namespace else "")


def _problems(environment: Environment) -> Iterator[Problem]:
    if isinstance(environment.eks, EksCluster) and environment.kubernetes is not None:
        for problem in fit.problems(environment.eks, environment.kubernetes.services):
            yield problem.under("kubernetes", "services")


KUBERNETES = LayerRecord(
    name="kubernetes",
    spec=Kubernetes,
    stands_on=("network", "registry", "eks"),
    # Charts bring types of objects, without which none of them is planned.
    after=("helm",),
    # Its objects are escaped one by one: `inferform manifests` writes them as they are.
    writes_templates=True,
    build=_build,
    names=_names,
    problems=_problems,
)
