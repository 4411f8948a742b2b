"""The provider's schema, as its bindings carry it.

Each resource and each block is a generated class, whose signature has its attributes with their
types. A type there also takes a reference, which is left out here.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from inspect import Parameter, isclass, signature
from typing import Any

from .rules import PathPart


@dataclass(frozen=True, slots=True)
class Wrong:
    """What of a value the provider does not take."""

    expected: str
    got: Any
    unknown: str = ""
    """The name of an attribute that its block does not have; `known` are those that it has."""

    known: Collection[str] = ()
    at: tuple[PathPart, ...] = ()
    """Where in the value."""

    def under(self, part: PathPart) -> Wrong:
        """The same, seen from what holds the value."""
        return replace(self, at=(part, *self.at))


class Taken:
    """What an attribute takes."""

    words: str
    """What it is called in a message."""

    plural: str
    """What several are called."""

    def below(self, part: str) -> Taken | None:
        """What is under a key, an index or the name of an attribute. Default: nothing."""
        return None

    def wrong(self, value: Any) -> Iterator[Wrong]:
        """What of a value is not taken. Default: nothing."""
        yield from ()


class Anything(Taken):
    """Any plain data."""

    words = "plain data"
    plural = "any values"


@dataclass(frozen=True)
class Scalar(Taken):
    """Text, a number or a truth value."""

    words: str
    plural: str
    of: tuple[type, ...]

    def wrong(self, value: Any) -> Iterator[Wrong]:
        """A value of another type; a truth value is no number."""
        if not isinstance(value, self.of) or (isinstance(value, bool) and bool not in self.of):
            yield Wrong(self.words, value)


STRING = Scalar("a string", "strings", (str,))
NUMBER = Scalar("a number", "numbers", (int, float))
BOOL = Scalar("True or False", "truth values", (bool,))


@dataclass(frozen=True)
class ListOf(Taken):
    """A list of values or blocks."""

    of: Taken

    @property
    def words(self) -> str:  # type: ignore[override]
        """A list, with what its elements are."""
        return f"a list of {self.of.plural}"

    plural = "lists"

    def below(self, part: str) -> Taken | None:
        """An element by its index."""
        return self.of if part.isdecimal() else None

    def wrong(self, value: Any) -> Iterator[Wrong]:
        """No list, and what is wrong with its elements."""
        if not isinstance(value, list | tuple):
            yield Wrong(self.words, value)
            return
        for index, each in enumerate(value):
            for wrong in self.of.wrong(each):
                yield wrong.under(index)


@dataclass(frozen=True)
class MapOf(Taken):
    """A dict with keys of one's own."""

    of: Taken

    @property
    def words(self) -> str:  # type: ignore[override]
        """A dict, with what its values are."""
        return f"a dict of {self.of.plural}"

    plural = "dicts"

    def below(self, part: str) -> Taken | None:
        """A value by its key."""
        return self.of

    def wrong(self, value: Any) -> Iterator[Wrong]:
        """No dict, and what is wrong with its values."""
        if not isinstance(value, dict):
            yield Wrong(self.words, value)
            return
        for key, each in value.items():
            for wrong in self.of.wrong(each):
                yield wrong.under(key)


@dataclass(frozen=True)
class Block(Taken):
    """A resource, or a block in one, by its class in the bindings."""

    of: type

    words = "a dict"
    plural = "dicts"

    @property
    def members(self) -> Mapping[str, Member]:
        """Its attributes and blocks, by Terraform's names."""
        return _members(self.of)

    def below(self, part: str) -> Taken | None:
        """What an attribute takes."""
        member = self.members.get(part)
        return member.takes if member else None

    def wrong(self, value: Any) -> Iterator[Wrong]:
        """Attributes that it does not have or that it lacks, and what is wrong with the others."""
        if not isinstance(value, dict):
            yield Wrong(self.words, value)
            return
        for name, inner in value.items():
            if name not in self.members:
                yield Wrong("", inner, unknown=name, known=self.members).under(name)
            elif inner is not None:
                for wrong in self.members[name].takes.wrong(inner):
                    yield wrong.under(name)
        lacking = [
            name
            for name, member in self.members.items()
            if member.required and value.get(name) is None
        ]
        if lacking:
            yield Wrong(f"a dict with {' and '.join(lacking)}", value)


@dataclass(frozen=True, slots=True)
class Member:
    """An attribute or block of a block."""

    takes: Taken
    required: bool


# What a resource has as a construct; a block may have an attribute `scope` of its own.
_OF_CONSTRUCTS = frozenset(("scope", "id_"))
_SCALARS: Mapping[Any, Taken] = {str: STRING, bool: BOOL, int: NUMBER, float: NUMBER}


@cache
def _members(block: type) -> Mapping[str, Member]:
    initialize: Any = block.__init__  # type: ignore[misc]
    hints = typing.get_type_hints(initialize)
    parameters = signature(initialize).parameters
    left_out = {"self", *(_OF_CONSTRUCTS if "id_" in parameters else ())}
    return {
        # Python's own words have a _ behind them.
        name.rstrip("_"): Member(_taken(hints[name]), parameter.default is Parameter.empty)
        for name, parameter in parameters.items()
        if name not in left_out
    }


def _taken(hint: Any) -> Taken:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        taken = [_taken(each) for each in arguments if not _is_left_out(each)]
        # A block may be written as a dict, too.
        blocks = [each for each in taken if isinstance(each, Block | ListOf)]
        return (blocks or taken or [Anything()])[0]
    if isclass(origin) and issubclass(origin, Mapping | Sequence):
        return (
            MapOf(_taken(arguments[1]))
            if issubclass(origin, Mapping)
            else ListOf(_taken(arguments[0]))
        )
    if isclass(hint) and hasattr(hint, "__jsii_type__"):
        return Block(hint)
    return _SCALARS.get(hint, Anything())


def _is_left_out(hint: Any) -> bool:
    return hint is type(None) or getattr(hint, "__name__", "") == "IResolvable"
