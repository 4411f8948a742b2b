"""LayerRecord: all that Inferform has to know of a layer beside what its Terraform says.

A layer is one record in a file of its own and one field in `Environment`, which carries the record
in its annotation. The order of the stacks, their names, what is missing below them and the program
come from it. Records import no constructs: `build` imports them when an environment has the layer,
as their bindings take long to import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..context import Context
from ..names import Name
from ..outputs import Outputs
from ..rules import PathPart, Problem
from ..spec import Spec
from ..target import Target
from ..usage import Usage

if TYPE_CHECKING:
    from ..cdk import App
    from ..environment import Environment
    from ..layer import Layer

O = TypeVar("O", bound=Outputs)  # noqa: E741


def _no_problems(_: Environment) -> Iterator[Problem]:
    yield from ()


def _nothing(_: Any) -> Mapping[str, tuple[PathPart, ...]]:
    return {}


def _no_names(_: Environment) -> Iterator[tuple[tuple[PathPart, ...], Name]]:
    yield from ()


def _no_uses(_: Environment) -> Iterator[Usage]:
    yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecord:
    """What a layer is, what it depends on, how it is built, and its checks."""

    name: str
    """The name of its field in `Environment`, and the last part of its stack's name."""

    spec: type[Spec]
    """What is asked of it."""

    build: Callable[[Site], Layer]
    """Makes its stack. Dependencies between stacks are added afterwards."""

    outputs: type[Outputs] | None = None
    """What it hands up. Default: None, no layer reads from it."""

    stands_on: tuple[str, ...] = ()
    """The layers that it reads from, whatever its Spec holds."""

    also_on: Callable[[Any], Mapping[str, tuple[PathPart, ...]]] = _nothing
    """The further layers that its Spec needs, with the path in the Spec to what needs each."""

    after: tuple[str, ...] = ()
    """The layers that it is deployed after where the environment has them, and reads nothing from.
    Default: none."""

    grouped: bool = False
    """Whether an environment may have several by the name of a group, each a stack. Default: False."""

    is_first: bool = False
    """Whether every other layer depends on it where the environment has it, as it makes the roles
    and the boundary of roles that those are deployed with. Default: False."""

    writes_templates: bool = False
    """Whether it escapes `${` and `%{` in its Spec itself. Default: False, it gets them escaped."""

    names: Callable[[Environment], Iterator[tuple[tuple[PathPart, ...], Name]]] = _no_names
    """The names that are made for it beside those that its Specs state, each with the path of what
    it is made for. Called for an Environment that has the layer and what it depends on. Default:
    none."""

    uses: Callable[[Environment], Iterator[Usage]] = _no_uses
    """What is billed for it beside what its Specs state. Called as `names`. Default: nothing."""

    problems: Callable[[Environment], Iterator[Problem]] = _no_problems
    """The rules of this layer that need other layers or the Context. Called for every Environment,
    with or without the layer."""

    @property
    def ways(self) -> str:
        """How an environment gets the layer, as messages say it."""
        made = f"{self.name}={self.spec.__name__}(...)"
        if self.outputs is None:
            return made
        return f"{made}, or {self.name}={self.outputs.__name__}(...) for one that exists"


@dataclass(frozen=True, slots=True)
class Part:
    """One layer of an environment as it is deployed: one stack."""

    record: LayerRecord
    spec: Spec
    group: str = ""

    @property
    def name(self) -> str:
        """The name of the layer: `inference`, or `inference-risk` for a group."""
        return f"{self.record.name}-{self.group}" if self.group else self.record.name

    @property
    def path(self) -> tuple[PathPart, ...]:
        """Where its Spec is in the Environment."""
        return (self.record.name, self.group) if self.group else (self.record.name,)

    @property
    def needs(self) -> dict[str, tuple[PathPart, ...]]:
        """The layers that it reads from, with the path in the Environment to what needs each."""
        always = dict.fromkeys(self.record.stands_on, self.path)
        also = self.record.also_on(self.spec)
        return always | {layer: (*self.path, *path) for layer, path in also.items()}


@dataclass(frozen=True, slots=True)
class Site:
    """What a layer is built from."""

    app: App
    environment: Environment
    target: Target
    part: Part

    @property
    def context(self) -> Context:
        """Who, where and which stage."""
        return self.environment.context

    @property
    def spec(self) -> Any:
        """What is asked of the layer: an object of the record's Spec type."""
        return self.part.spec

    def given(self, layer: str, outputs: type[O]) -> O | None:
        """The Outputs of a layer below, where they were written by hand."""
        value = getattr(self.environment, layer)
        return value if isinstance(value, outputs) else None
