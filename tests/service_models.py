"""What AWS takes, as botocore's service models have it."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import groupby
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

_NUMBERS = ("integer", "long", "float", "double")
# How AWS names the two members of an entry, where Specs and Terraform have a dict.
_ENTRIES = (("Key", "Value"), ("key", "value"), ("Name", "Value"), ("name", "value"))


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service."""
    return botocore.session.get_session().get_service_model(service)


@cache
def shape_of(name: str) -> Shape:
    """The shape of `service:Shape` or `service:Shape.Member`, where members may be nested."""
    service, _, path = name.partition(":")
    first, *members = path.split(".")
    shape: Shape = service_model(service).shape_for(first)
    for member in members:
        shape = members_of(shape)[member]
    return shape


def members_of(shape: Shape) -> dict[str, Shape]:
    """The members of a structure, or of what a list holds; none of any other shape."""
    inner = element(shape)
    return dict(inner.members) if isinstance(inner, StructureShape) else {}


def element(shape: Shape) -> Shape:
    """What a list holds, and a list in it; any other shape itself."""
    while isinstance(shape, ListShape):
        shape = shape.member
    return shape


def entry(shape: Shape) -> tuple[Shape, Shape] | None:
    """The shapes of key and value, of a map or of a list of such pairs."""
    if isinstance(shape, MapShape):
        return shape.key, shape.value
    members = members_of(shape)
    for key, value in _ENTRIES:
        if {key, value} == set(members):
            return members[key], members[value]
    return None


def limits(shape: Shape) -> dict[str, Any]:
    """The enum, pattern, min and max of a shape, as far as it has them."""
    return {
        name: shape.metadata[name]
        for name in ("enum", "pattern", "min", "max")
        if name in shape.metadata
    }


def refusal(shape: Shape, value: Any) -> str | None:
    """Why a shape does not take a value, or None."""
    known = limits(shape)
    if shape.type_name in _NUMBERS:
        size = float(value)
    elif shape.type_name in ("list", "map"):
        size = len(value)
    elif shape.type_name == "string":
        text = str(value)
        if "enum" in known:
            return None if text in known["enum"] else f"is no {shape.name}"
        if "pattern" in known and not pattern(known["pattern"]).fullmatch(text):
            return f"does not match {known['pattern']}"
        size = len(text)
    else:
        return None
    if size < known.get("min", size):
        return f"is below {known['min']}"
    if size > known.get("max", size):
        return f"is above {known['max']}"
    return None


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of the models: Java's, and meant for the whole value."""
    # In Java characters beyond the first plane are pairs.
    text = text.replace(r"\uD800\uDC00-\uDBFF\uDFFF", "\U00010000-\U0010ffff")
    text = text.replace(r"\p{Print}", "[ -~]")
    text = re.sub(r"\\p\{(\w)\}", lambda match: _categories()[match[1]], text)
    return re.compile(text, re.ASCII)


@cache
def _categories() -> dict[str, str]:
    """The characters of each of Unicode's categories, as they stand in a character class."""
    members: dict[str, list[int]] = {}
    for point in range(0x110000):
        members.setdefault(unicodedata.category(chr(point))[0], []).append(point)
    return {letter: "".join(_ranges(points)) for letter, points in members.items()}


def _ranges(points: list[int]) -> list[str]:
    runs = groupby(enumerate(points), lambda pair: pair[1] - pair[0])
    edges = [[point for _, point in run] for _, run in runs]
    return [f"{re.escape(chr(run[0]))}-{re.escape(chr(run[-1]))}" for run in edges]
