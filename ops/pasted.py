"""A Spec as the Python that makes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from inferform.outputs import Outputs
from inferform.spec import Spec

_WIDTH = 100
_STEP = "    "


def pasted(spec: Spec) -> str:
    """The call that makes a Spec, with the fields that were given, in one line."""
    return _value(spec)


def laid_out(value: Any, indent: int = 0) -> str:
    """The Python of a Spec or of plain data, in lines that are not too long; `indent` is the number of
    spaces before the line in which it begins."""
    whole = _value(value)
    if indent + len(whole) + 1 <= _WIDTH or not (entries := list(_entries(value))):
        return whole
    inner = " " * indent + _STEP
    lines = [f"{inner}{label}{laid_out(each, len(inner))},\n" for label, each in entries]
    opening, closing = _brackets(value)
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"


def types_in(value: Any) -> set[str]:
    """The names of the Specs that the Python of a value calls."""
    own = {type(value).__name__} if isinstance(value, Spec | Outputs) else set[str]()
    return own.union(*(types_in(each) for _, each in _entries(value)))


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """What stands between the brackets: the text before each value, and the value."""
    if isinstance(value, Spec):
        for name in type(value).model_fields:
            if name in value.model_fields_set:
                yield f"{name}=", getattr(value, name)
    elif isinstance(value, Outputs):
        for each in fields(value):
            if each.default_factory is MISSING or getattr(value, each.name):
                yield f"{each.name}=", getattr(value, each.name)
    elif isinstance(value, Mapping):
        yield from ((f"{_text(key)}: ", each) for key, each in value.items())
    elif isinstance(value, list | tuple):
        yield from (("", each) for each in value)


def _brackets(value: Any) -> tuple[str, str]:
    if isinstance(value, Spec | Outputs):
        return f"{type(value).__name__}(", ")"
    return ("{", "}") if isinstance(value, Mapping) else ("[", "]")


def _value(value: Any) -> str:
    if not isinstance(value, Spec | Outputs | Mapping | list | tuple):
        return _text(value)
    opening, closing = _brackets(value)
    inside = ", ".join(f"{label}{_value(each)}" for label, each in _entries(value))
    return f"{opening}{inside}{closing}"


def _text(value: Any) -> str:
    """A literal; a text in double quotes, as formatters write it."""
    if not isinstance(value, str):
        return repr(value)
    written = repr(value)
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in value else written
