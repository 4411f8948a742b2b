"""What AWS takes, as botocore's service models have it."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import groupby
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

# What may be given for a shape: Terraform writes numbers and flags as text too.
_GIVEN: dict[str, tuple[type, ...]] = {
    "boolean": (str,),
    "double": (int, float, str),
    "float": (int, float, str),
    "integer": (int, float, str),
    "list": (list, dict),
    "long": (int, float, str),
    "map": (dict,),
    "string": (int, float, str),
    "timestamp": (str,),
}
_NUMBERS = ("double", "float", "integer", "long")
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


def entry(shape: Shape) -> tuple[tuple[str, Shape], tuple[str, Shape]] | None:
    """The key and the value, by name, of a map or of a list of such pairs."""
    if isinstance(shape, MapShape):
        return ("key", shape.key), ("value", shape.value)
    members = members_of(shape)
    for key, value in _ENTRIES:
        if {key, value} == set(members):
            return (key, members[key]), (value, members[value])
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
    known, kind = limits(shape), shape.type_name
    if not _is_given_for(kind, value):
        return f"is no {kind}"
    if kind == "string":
        text = str(value)
        if text not in known.get("enum", (text,)):
            return f"is no {shape.name}"
        if not pattern(known.get("pattern", r"[\S\s]*")).fullmatch(text):
            return f"does not match {known['pattern']}"
        return _misfit(len(text), known)
    if kind in ("list", "map"):
        return _misfit(len(value), known)
    return _misfit(float(value), known) if kind in _NUMBERS else None


def _misfit(size: float, known: dict[str, Any]) -> str | None:
    if size < known.get("min", size):
        return f"is below {known['min']}"
    return f"is above {known['max']}" if size > known.get("max", size) else None


def _is_given_for(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str) and kind in _NUMBERS:
        return bool(re.fullmatch(r"-?\d+(\.\d+)?", value))
    return isinstance(value, _GIVEN.get(kind, ()))


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of the models: Java's, and meant for the whole value."""
    # In Java characters beyond the first plane are pairs.
    text = text.replace(r"\uD800\uDC00-\uDBFF\uDFFF", "\U00010000-\U0010ffff")
    text = text.replace(r"\p{Print}", "[ -~]")
    text = re.sub(r"\\p\{(\w)\}", lambda match: _categories()[match[1]], text)
    # SageMaker repeats the end of a text; min and max say what is meant.
    text = re.sub(r"\)\$\{\d+,\d+\}$", ")", text)
    # Java takes a flag in the middle; the models mean it for names of HTML in any case.
    flags = re.IGNORECASE if "(?i)" in text else 0
    return re.compile(text.replace("(?i)", ""), re.ASCII | flags)


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
