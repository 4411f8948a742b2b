"""The whole program: every layer of every environment in one cdktf App.

A layer is imported when an environment has it, as its bindings take long to import.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from ..bindings import sending_ahead
from ..cdk import App
from ..ecs.spec import Ec2, EcsCluster, EcsService
from ..eks.spec import EksCluster
from ..environment import Environment
from ..kubernetes.place import place_of
from ..layer import Layer
from ..literal import literal
from ..outputs import EcsOutputs, EksOutputs, NetworkOutputs, Outputs, RegistryOutputs
from ..target import AWS, Target
from ..vpc.spec import Network
from .specs import Registry

O = TypeVar("O", bound=Outputs)  # noqa: E741


def build(app: App, environment: Environment, *, target: Target = AWS) -> None:
    """Add every layer of `environment` to `app`, each as a stack that depends on those below."""
    environment = literal(environment)
    common: dict[str, Any] = {"context": environment.context, "target": target}
    identity: Layer | None = None
    if environment.identity is not None:
        from .identity import IdentityLayer

        identity = IdentityLayer(app, spec=environment.identity, **common)
    below: list[Layer] = []
    if isinstance(environment.network, Network):
        from .network import NetworkLayer

        endpoints = environment.interface_endpoints
        network = NetworkLayer(
            app,
            spec=environment.network,
            endpoints=endpoints,
            kubernetes=environment.eks is not None,
            **common,
        )
        below.append(network)
    if isinstance(environment.registry, Registry):
        from .registry import RegistryLayer

        below.append(RegistryLayer(app, spec=environment.registry, **common))
    common["network"] = _foreign(environment.network, NetworkOutputs)
    common["registry"] = _foreign(environment.registry, RegistryOutputs)
    layers = [*below, *_platforms(app, environment, below, common)]
    _finish(environment, identity, layers)


def _platforms(
    app: App, environment: Environment, below: list[Layer], common: dict[str, Any]
) -> list[Layer]:
    """What stands on the network and the registry: clusters and what serves."""
    layers: list[Layer] = []
    ecs: list[Layer] = []
    if isinstance(environment.ecs, EcsCluster):
        from .ecs import EcsLayer

        private = _instances_are_private(environment)
        ecs.append(EcsLayer(app, spec=environment.ecs, private=private, **common))
    for group, spec in environment.groups.items():
        from .inference import InferenceLayer

        inference = InferenceLayer(
            app,
            spec=spec,
            ecs=_foreign(environment.ecs, EcsOutputs),
            private=environment.private,
            group=group,
            **common,
        )
        for lower in ecs if spec.services else ():
            inference.add_dependency(lower)
        layers.append(inference)
    layers = [*ecs, *layers, *_on_eks(app, environment, common)]
    for layer in layers:
        for lower in below:
            layer.add_dependency(lower)
    return layers


def _on_eks(app: App, environment: Environment, common: dict[str, Any]) -> list[Layer]:
    """The EKS cluster, and the services on it."""
    layers: list[Layer] = []
    if isinstance(environment.eks, EksCluster):
        from .eks import EksLayer

        layers.append(EksLayer(app, spec=environment.eks, **common))
    if environment.kubernetes is not None:
        from .kubernetes import KubernetesLayer

        services = KubernetesLayer(
            app,
            context=common["context"],
            spec=environment.kubernetes,
            target=common["target"],
            place=place_of(environment),
            cluster=_foreign(environment.eks, EksOutputs),
            registry=common["registry"],
        )
        for cluster in layers:
            services.add_dependency(cluster)
        layers.append(services)
    return layers


def _instances_are_private(environment: Environment) -> bool:
    """Whether container instances reach all they need through endpoints."""
    return environment.private and not any(
        each.spec.needs(each.place).internet
        for each in environment.deployed
        if isinstance(each.spec, EcsService) and isinstance(each.spec.compute, Ec2)
    )


def _finish(environment: Environment, identity: Layer | None, layers: list[Layer]) -> None:
    """What every layer has: the identity layer below it, bounded roles, moved resources."""
    for layer in layers:
        layer.bound_roles()
        if identity is not None:
            layer.add_dependency(identity)
    for layer in [identity, *layers] if identity is not None else layers:
        layer.move(environment.moved.get(layer.layer, {}))


def _foreign(value: object, outputs: type[O]) -> O | None:
    """Outputs written by hand, where the environment gives those instead of a Spec."""
    return value if isinstance(value, outputs) else None


def synthesize(
    environments: Iterable[Environment], *, target: Target = AWS, outdir: Path | None = None
) -> Path:
    """Write the Terraform JSON of `environments` and return its folder.

    Without `outdir` it is the folder that `cdktf` asks for, or `cdktf.out`.
    """
    if outdir:
        outdir.parent.mkdir(parents=True, exist_ok=True)
    app = App(outdir=str(outdir)) if outdir else App()
    with sending_ahead():
        for environment in environments:
            build(app, environment, target=target)
    app.synth()
    return Path(app.outdir)
