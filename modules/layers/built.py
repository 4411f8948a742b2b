"""Built: the layers of an environment as they are built, for what a team adds to them.

An environment's `extend` functions get it at synthesis, when every layer stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ..outputs import Outputs
from ..rules import did_you_mean
from ..spec import NAME1, is_short_name

if TYPE_CHECKING:
    from ..cdk import App
    from ..context import Context
    from ..environment import Environment
    from ..layer import Layer
    from ..target import Target
    from .stacks.ecs import EcsLayer
    from .stacks.eks import EksLayer
    from .stacks.helm import HelmLayer
    from .stacks.identity import IdentityLayer
    from .stacks.inference import InferenceLayer
    from .stacks.kubernetes import KubernetesLayer
    from .stacks.network import NetworkLayer
    from .stacks.observability import ObservabilityLayer
    from .stacks.registry import RegistryLayer

O = TypeVar("O", bound=Outputs)  # noqa: E741
L = TypeVar("L", bound="Layer")


@dataclass(frozen=True, slots=True)
class Built:
    """Every layer of one environment, before it is written."""

    app: App
    environment: Environment
    target: Target
    stacks: Mapping[str, Layer]
    """The layers by name: `inference`, or `inference-risk` for a group."""

    own: dict[str, Layer] = field(default_factory=dict)
    """The layers that `add_layer` has made."""

    @property
    def context(self) -> Context:
        """Who, where and which stage."""
        return self.environment.context

    def layer(self, name: str) -> Layer:
        """A layer by its name. Raises ValueError where the environment does not deploy it."""
        known = {**self.stacks, **self.own}
        if name not in known:
            raise ValueError(
                f"{self.environment.key} deploys no layer {name}{did_you_mean(name, known)}; its "
                f"layers are {', '.join(known)}"
            )
        return known[name]

    def _layer(self, name: str, kind: type[L]) -> L:
        found = self.layer(name)
        assert isinstance(found, kind)
        return found

    @property
    def network(self) -> NetworkLayer:
        """The network layer. Raises ValueError where the VPC is somebody else's."""
        from .stacks.network import NetworkLayer

        return self._layer("network", NetworkLayer)

    @property
    def registry(self) -> RegistryLayer:
        """The registry layer."""
        from .stacks.registry import RegistryLayer

        return self._layer("registry", RegistryLayer)

    @property
    def ecs(self) -> EcsLayer:
        """The ecs layer."""
        from .stacks.ecs import EcsLayer

        return self._layer("ecs", EcsLayer)

    @property
    def eks(self) -> EksLayer:
        """The eks layer."""
        from .stacks.eks import EksLayer

        return self._layer("eks", EksLayer)

    @property
    def helm(self) -> HelmLayer:
        """The helm layer."""
        from .stacks.helm import HelmLayer

        return self._layer("helm", HelmLayer)

    @property
    def kubernetes(self) -> KubernetesLayer:
        """The kubernetes layer."""
        from .stacks.kubernetes import KubernetesLayer

        return self._layer("kubernetes", KubernetesLayer)

    @property
    def observability(self) -> ObservabilityLayer:
        """The observability layer."""
        from .stacks.observability import ObservabilityLayer

        return self._layer("observability", ObservabilityLayer)

    @property
    def identity(self) -> IdentityLayer:
        """The identity layer."""
        from .stacks.identity import IdentityLayer

        return self._layer("identity", IdentityLayer)

    @property
    def inference(self) -> InferenceLayer:
        """The inference layer of an environment without groups."""
        return self.group("")

    def group(self, name: str) -> InferenceLayer:
        """The inference layer of a group."""
        from .stacks.inference import InferenceLayer

        return self._layer("-".join(filter(None, ["inference", name])), InferenceLayer)

    def add_layer(self, name: str, *, stands_on: Iterable[str] = ()) -> Layer:
        """A layer of your own: a stack with its state, provider, tags and roles as the others.

        `stands_on` are layers that are deployed before it; `outputs` adds those that it reads.
        Raises ValueError where the name is no short name, or a layer has it.
        """
        from ..layer import Layer

        if not is_short_name(name):
            raise ValueError(f"the name of a layer {NAME1.message}, got {name!r} [{NAME1.id}]")
        if name in {*self.environment.records(), *self.stacks, *self.own}:
            raise ValueError(
                f"{name} is a layer of {self.environment.key} already; name it otherwise"
            )
        made = Layer(self.app, name, context=self.context, target=self.target)
        for below in stands_on:
            made.add_dependency(self.layer(below))
        self.own[name] = made
        return made

    def outputs(self, of: str, outputs: type[O], into: Layer) -> O:
        """What the layer `of` hands up, as the layer `into` can use it: written by hand in the
        environment, or read from the other layer's state, before which it is then deployed."""
        given = getattr(self.environment, of, None)
        if isinstance(given, outputs):
            return given
        below = self.layer(of)
        into.add_dependency(below)
        return into.below(of, outputs, None)


Extension = Callable[[Built], None]
"""A function that adds constructs to the layers of an environment."""
