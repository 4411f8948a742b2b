"""The limits that a service's API has for what it is given, as its model in botocore says them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from moto.core.utils import get_service_model


def violation(service: str, shape: str, value: Any) -> str:
    """What AWS answers to a value that breaks limits of a shape; empty if it breaks none."""
    found = list(_broken(_shape(service, shape), value, ""))
    if not found:
        return ""
    many = "s" if len(found) > 1 else ""
    return f"{len(found)} validation error{many} detected: {'; '.join(found)}"


@cache
def _shape(service: str, name: str) -> Any:
    return get_service_model(service).shape_for(name)


def _broken(shape: Any, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        yield from _structure(shape, value, path)
    elif shape.type_name == "list" and isinstance(value, list):
        yield from _size(shape, len(value), value, path, "length")
        for number, each in enumerate(value, 1):
            yield from _broken(shape.member, each, f"{path}.{number}.member")
    elif shape.type_name == "map" and isinstance(value, dict):
        yield from _size(shape, len(value), value, path, "length")
        for key, each in value.items():
            yield from _broken(shape.key, key, f"{path}.key")
            yield from _broken(shape.value, each, f"{path}.{key}.member")
    elif shape.type_name == "string":
        yield from _text(shape, str(value), path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _size(shape, value, value, path, "value")


def _structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _said(None, _member(path, name), "Member must not be null")
    for name, member in shape.members.items():
        yield from _broken(member, value.get(name), _member(path, name))


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _size(shape, len(value), value, path, "length")
    if shape.enum and value not in shape.enum:
        yield _said(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern", "")
    # Python's re has no Unicode properties, which only patterns of tags have
    if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value, re.DOTALL):
        yield _said(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size(shape: Any, size: float, value: Any, path: str, of: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _said(value, path, f"Member must have {of} greater than or equal to {least}")
    if most is not None and size > most:
        yield _said(value, path, f"Member must have {of} less than or equal to {most}")


def _member(path: str, name: str) -> str:
    first = name[0].lower() + name[1:]
    return f"{path}.{first}" if path else first


def _said(value: Any, path: str, rule: str) -> str:
    given = "null" if value is None else f"'{value}'"
    return f"Value {given} at '{path}' failed to satisfy constraint: {rule}"
