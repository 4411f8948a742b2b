"""The whole program: every layer of every environment in one cdktf App."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from ..cdk import App
from ..eks.spec import EksCluster
from ..environment import Environment
from ..layer import Layer
from ..outputs import NetworkOutputs, Outputs, RegistryOutputs
from ..target import AWS, Target
from ..vpc.spec import Network
from .eks import EksLayer
from .identity import IdentityLayer
from .inference import InferenceLayer
from .network import NetworkLayer
from .registry import RegistryLayer
from .specs import Registry

O = TypeVar("O", bound=Outputs)  # noqa: E741


def build(app: App, environment: Environment, *, target: Target = AWS) -> None:
    """Add every layer of `environment` to `app`, each as a stack that depends on those below."""
    context = environment.context
    layers: list[Layer] = []
    network = registry = None
    if environment.identity is not None:
        layers.append(IdentityLayer(app, context=context, spec=environment.identity, target=target))
    if isinstance(environment.network, Network):
        network = NetworkLayer(app, context=context, spec=environment.network, target=target)
        layers.append(network)
    if isinstance(environment.registry, Registry):
        registry = RegistryLayer(app, context=context, spec=environment.registry, target=target)
        layers.append(registry)
    for group, spec in environment.groups.items():
        inference = InferenceLayer(
            app,
            context=context,
            spec=spec,
            target=target,
            network=_foreign(environment.network, NetworkOutputs),
            registry=_foreign(environment.registry, RegistryOutputs),
            group=group,
        )
        for below in (network, registry):
            if below is not None:
                inference.add_dependency(below)
        layers.append(inference)
    if isinstance(environment.eks, EksCluster):
        eks = EksLayer(
            app,
            context=context,
            spec=environment.eks,
            target=target,
            network=_foreign(environment.network, NetworkOutputs),
            registry=_foreign(environment.registry, RegistryOutputs),
        )
        for below in (network, registry):
            if below is not None:
                eks.add_dependency(below)
        layers.append(eks)
    _finish(environment, layers)


def _finish(environment: Environment, layers: list[Layer]) -> None:
    """What every layer has: the identity layer below it, bounded roles, moved resources."""
    identity = next((layer for layer in layers if isinstance(layer, IdentityLayer)), None)
    for layer in layers:
        layer.move(environment.moved.get(layer.layer, {}))
        if layer is identity:
            continue
        layer.bound_roles()
        if identity is not None:
            layer.add_dependency(identity)


def _foreign(value: object, outputs: type[O]) -> O | None:
    """Outputs written by hand, where the environment gives those instead of a Spec."""
    return value if isinstance(value, outputs) else None


def synthesize(
    environments: Iterable[Environment], *, target: Target = AWS, outdir: Path | None = None
) -> Path:
    """Write the Terraform JSON of `environments` and return its folder.

    Without `outdir` it is the folder that `cdktf` asks for, or `cdktf.out`.
    """
    app = App(outdir=str(outdir)) if outdir else App()
    for environment in environments:
        build(app, environment, target=target)
    app.synth()
    return Path(app.outdir)
