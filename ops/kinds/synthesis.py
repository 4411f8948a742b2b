"""What the synthesis of an environment asks for, before an apply."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inferform import Environment
from inferform.outputs import Outputs

from ..aws import Aws
from ..errors import NotBootstrappedError
from ..references import without_keys
from ..state import OtherBackendError, State, States
from ..terraform import backend_in, place_in, roles_in
from .record import Values

_NAMED = re.compile(r"(?:\d{12}\.dkr\.ecr\.|s3://|arn:aws[\w-]*:acm:)[^\s\"\\]+")
"""What must exist before what names it: images, artifacts and certificates."""

_ALARMS = ("alarm_name", "alarm_names", "alarms")
"""The arguments that name alarms, by one or in a list, or hold what names one."""

_REMOTE = re.compile(r"\$\{data\.terraform_remote_state\.(\w+)\.outputs\.(\w+)\}")


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a synthesized stack; references stand as `${...}` in its arguments."""

    stack: str
    type: str
    logical: str
    values: Values

    @property
    def address(self) -> str:
        """Terraform's address of it."""
        return f"{self.type}.{self.logical}"


class Synthesis:
    """The resources of every stack of an environment, and what is deployed of them.

    A stack whose state is not in S3 is left out, as what it has is known to Terraform alone.
    """

    def __init__(
        self, environment: Environment, stacks: Mapping[str, Mapping[str, Any]], aws: Aws
    ) -> None:
        stacks = {name: each for name, each in stacks.items() if backend_in(each)[0] == "s3"}
        self.environment = environment
        self.context = environment.context
        self.aws = aws
        self.resources = tuple(
            Resource(stack, kind, logical, values)
            for stack, content in stacks.items()
            for kind, bodies in content.get("resource", {}).items()
            for logical, values in bodies.items()
        )
        self._stacks = stacks
        self._meant = set(stacks)
        self.texts = {stack: json.dumps(content) for stack, content in stacks.items()}

    @property
    def given_roles(self) -> list[dict[str, Any]]:
        """The roles that somebody else made, each with what its service needs."""
        found = [each for stack in self._stacks.values() for each in roles_in(stack)]
        return [dict(json.loads(self.resolved(json.dumps(each)))) for each in found]

    def of(self, *types: str) -> list[Resource]:
        """Every resource of some types."""
        return [resource for resource in self.resources if resource.type in types]

    def referred(self, resource: Resource, argument: str, kind: str) -> Resource | None:
        """The resource of a type that an argument refers to; None where it names none."""
        reference = str(resource.values.get(argument, ""))
        return next((r for r in self.of(kind) if f"{{{r.address}." in reference), None)

    @cached_property
    def states(self) -> dict[str, State]:
        """The states of the layers that have one."""
        states = States(self.aws, self._stacks)
        layers = [place_in(content)[1] for content in self._stacks.values()]
        try:
            found = {layer: states.read(layer) for layer in layers}
        except (NotBootstrappedError, OtherBackendError):
            return {}  # that there is no state bucket is a finding of its own
        return {layer: state for layer, state in found.items() if state is not None}

    def new(self, stacks: Collection[str]) -> Synthesis:
        """The same, with the resources of some stacks alone that do not run as they are written:
        their state does not have them, or has them with another image, artifact, certificate or alarm."""
        self.states  # noqa: B018 - so that it is read once
        made = copy.copy(self)
        made.resources = tuple(
            each for each in self.resources if each.stack in stacks and not self._runs(each)
        )
        made._meant = set(stacks)
        made.texts = {
            stack: json.dumps([each.values for each in made.resources if each.stack == stack])
            for stack in self.texts
        }
        return made

    def _runs(self, resource: Resource) -> bool:
        layer = place_in(self._stacks[resource.stack])[1]
        state = self.states.get(layer)
        found = [
            attributes
            for address, attributes in (state.resources if state else {}).items()
            if without_keys(address) == resource.address
        ]
        held = [json.dumps(each) for each in found]
        wanted = _NAMED.findall(self.resolved(json.dumps(resource.values)))
        alarms = {each for each in _alarms(resource.values) if "${" not in each}
        return (
            bool(held)
            and all(any(each in text for text in held) for each in wanted)
            and alarms <= {each for attributes in found for each in _alarms(attributes)}
        )

    def makes_role(self, name: str | None) -> bool:
        """Whether one of the stacks makes the IAM role of a name."""
        return any(role.values.get("name") == name for role in self.of("aws_iam_role"))

    @property
    def roles(self) -> set[str]:
        """The roles that Terraform assumes for the stacks that are meant."""
        return {
            role["role_arn"]
            for stack in self._meant
            for provider in self._stacks[stack].get("provider", {}).get("aws", [])
            for role in provider.get("assume_role", [])
        }

    @cached_property
    def imported(self) -> set[str]:
        """The addresses, each with its stack, that the next apply imports."""
        return {
            f"{stack} {block.get('to')}"
            for stack, content in self._stacks.items()
            for block in content.get("import", [])
        }

    @cached_property
    def deployed(self) -> dict[str, set[str]]:
        """The addresses that each stack's state has."""
        return {
            stack: set(state.resources)
            for stack, content in self._stacks.items()
            if (state := self.states.get(place_in(content)[1]))
        }

    def output(self, layer: str, field: str) -> Any:
        """A value that a layer hands up: written by hand, or in its state; None before that."""
        given = getattr(self.environment, layer, None)
        if isinstance(given, Outputs):
            return getattr(given, field)
        state = self.states.get(layer)
        return state.content.get("outputs", {}).get(field, {}).get("value") if state else None

    def resolved(self, text: str) -> str:
        """The text with the outputs of lower layers filled in, as far as they are known."""

        def value(match: re.Match[str]) -> str:
            known = self.output(match[1], match[2])
            if known is None and match[2] == "artifact_bucket":
                known = self.environment.artifact_bucket
            return known if isinstance(known, str) else match[0]

        return _REMOTE.sub(value, text)


def _alarms(value: Any, *, named: bool = False) -> Iterator[str]:
    """The alarms that a resource names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _alarms(inner, named=key in _ALARMS)
    elif isinstance(value, list):
        for each in value:
            yield from _alarms(each, named=named)
    elif named and isinstance(value, str):
        yield value
