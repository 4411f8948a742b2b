"""One option of AWS or of a well-known module: how it is written, and what becomes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Way = Literal["field", "always", "overrides", "extend", "no"]
Stacks = dict[str, dict[str, Any]]

GONE = object()
"""The value of an attribute that is not there."""


@dataclass(frozen=True, slots=True)
class Becomes:
    """An attribute that some resource of a type has, or how many resources of the type there are."""

    type: str
    """The Terraform type; `output`, `provider` and `terraform` are the blocks of these names."""

    path: str = ""
    """The attribute below it: `a.0.b`, where `*` is any element. Documents in JSON are entered as
    if they were blocks. Empty for the number of resources."""

    value: Any = None
    """Its value, as the source of the option has it, or a test of it; `GONE` where it has none."""

    def holds(self, stacks: Stacks) -> bool:
        """Whether these stacks have it."""
        found = self.found(stacks)
        if self.value is GONE:
            return not found
        if callable(self.value):
            return any(map(self.value, found))
        return any(_same(value, self.value) for value in found)

    def found(self, stacks: Stacks) -> list[Any]:
        """What these stacks have in its place."""
        found = [*resources(stacks, self.type)]
        if not self.path:
            return [len(found)]
        return [value for each in found for value in _below(each, self.path.split("."))]


@dataclass(frozen=True, slots=True)
class Option:
    """An option, and how it is written in Inferform."""

    name: str
    """Its name at its source."""

    way: Way
    written: str = ""
    """Code that is executed: an expression of a Spec, whose required fields may be left out; for
    `extend` a statement that gets the layers as `built`. Empty where the option always holds. Of
    what cannot be written an expression that is refused."""

    becomes: tuple[Becomes, ...] = ()
    beside: str = ""
    """What it is compared with. Default: the same Spec with its required fields alone."""

    why: str = ""
    """Why it is not written, in words."""

    @property
    def yes(self) -> bool:
        """Whether it can be written."""
        return self.way != "no"


def at(type_: str, path: str, value: Any) -> Becomes:
    """An attribute with a value."""
    return Becomes(type_, path, value)


def some(type_: str, count: int) -> Becomes:
    """A number of resources."""
    return Becomes(type_, value=count)


def gone(type_: str, path: str) -> Becomes:
    """An attribute that no resource of the type has."""
    return Becomes(type_, path, GONE)


def yes(name: str, written: str, *becomes: Becomes, beside: str = "") -> Option:
    """An option that a field is for."""
    return Option(name, "field", written, becomes, beside)


def always(name: str, of: str, *becomes: Becomes) -> Option:
    """An option that is on without being asked for, in what `of` makes."""
    return Option(name, "always", "", becomes, of)


def overridden(name: str, written: str, *becomes: Becomes, beside: str = "") -> Option:
    """An option that is written in `overrides`."""
    return Option(name, "overrides", written, becomes, beside)


def added(name: str, beside: str, written: str, *becomes: Becomes) -> Option:
    """An option that is a resource of one's own beside those of `beside`."""
    return Option(name, "extend", written, becomes, beside)


def no(name: str, why: str, *becomes: Becomes, tried: str = "") -> Option:
    """An option that cannot be written; `becomes` is what Inferform then never makes, `tried` what
    somebody would write, which is refused."""
    return Option(name, "no", tried, becomes, why=why)


def never(type_: str, attribute: str = "") -> Becomes:
    """A resource, or an attribute of one, that Inferform never makes."""
    return Becomes(type_, attribute)


class refers:  # noqa: N801
    """A reference to a resource of a type, or a list of such."""

    def __init__(self, type_: str) -> None:
        self._pattern = re.compile(rf"\$\{{(data\.)?{type_}\.[\w-]+\.\w+\}}")

    def __call__(self, value: Any) -> bool:
        values = value if isinstance(value, list) else [value]
        return bool(values) and all(
            isinstance(each, str) and self._pattern.fullmatch(each) for each in values
        )


def has(*wanted: Any) -> Callable[[Any], bool]:
    """A list or text that has all of these."""
    return lambda value: (
        isinstance(value, list | str | dict) and all(each in value for each in wanted)
    )


def like(pattern: str) -> Callable[[Any], bool]:
    """A text that a pattern fits."""
    return lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value))


def resources(stacks: Stacks, type_: str) -> Iterator[Any]:
    """Every resource of a type, or every block of that name."""
    for stack in stacks.values():
        if type_ in ("output", "terraform"):
            yield stack.get(type_, {})
        elif type_ == "provider":
            yield from stack["provider"]["aws"]
        else:
            kind = "data" if type_.startswith("data.") else "resource"
            yield from stack.get(kind, {}).get(type_.removeprefix("data."), {}).values()


def _below(value: Any, path: list[str]) -> Iterator[Any]:
    """What is at a path in a value; the key of a map may have points itself."""
    if not path:
        yield value
        return
    if isinstance(value, str) and value[:1] in ("{", "["):
        value = json.loads(value)
    if isinstance(value, list):
        value = {str(index): each for index, each in enumerate(value)}
    if not isinstance(value, dict):
        return
    if path[0] == "*":
        for each in value.values():
            yield from _below(each, path[1:])
        return
    for length in range(1, len(path) + 1):
        key = ".".join(path[:length])
        if key in value:
            yield from _below(value[key], path[length:])
            return


def _same(value: Any, wanted: Any) -> bool:
    return type(value) is type(wanted) and bool(value == wanted)
