"""Patterns of events, as EventBridge takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any

COMPARISONS = (
    *("anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"),
    "wildcard",
)
"""What a list of a pattern compares by. Source: Amazon EventBridge user guide, comparison operators."""


def _is_pattern(value: object) -> bool:
    """Whether a value is a pattern: objects whose leaves are lists, and $or a list of patterns."""
    if not isinstance(value, dict) or not value:
        return False
    for name, each in value.items():
        if not isinstance(name, str):
            return False
        if name == "$or":
            good = isinstance(each, list | tuple) and len(each) > 1
            if not good or not all(_is_pattern(part) for part in each):
                return False
        elif isinstance(each, list | tuple):
            if not each or not all(map(_is_leaf, each)):
                return False
        elif not _is_pattern(each):
            return False
    return True


def _is_leaf(value: object) -> bool:
    """Whether a value stands in a list of a pattern: plain, or one comparison."""
    if not isinstance(value, dict):
        return value is None or isinstance(value, str | int | float)
    return len(value) == 1 and all(_compares(*each) for each in value.items())


def _compares(name: object, value: object) -> bool:
    if name == "exists":
        return isinstance(value, bool)
    if name in ("prefix", "suffix"):
        return _is_text(value) or _only(value, ("equals-ignore-case",), _is_text)
    if name in ("cidr", "equals-ignore-case", "wildcard"):
        return _is_text(value)
    if name == "numeric":
        return _is_range(value)
    if name == "anything-but":
        inner = ("equals-ignore-case", "prefix", "suffix", "wildcard")
        return (
            isinstance(value, str | int | float)
            or _are(value, str)
            or _are(value, int | float)
            or _only(value, inner, _is_texts)
        )
    return False


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return _is_text(value) or _are(value, str)


def _are(values: object, kind: type | UnionType) -> bool:
    return (
        isinstance(values, list | tuple)
        and bool(values)
        and all(isinstance(each, kind) for each in values)
    )


def _only(value: object, names: tuple[str, ...], test: Callable[[object], bool]) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == 1
        and all(name in names and test(each) for name, each in value.items())
    )


def _is_range(value: object) -> bool:
    """`["=", 5]`, `[">", 0]` or `[">", 0, "<=", 5]`."""
    return (
        isinstance(value, list | tuple)
        and len(value) in (2, 4)
        and all(each in ("=", "<", "<=", ">", ">=") for each in value[::2])
        and all(
            isinstance(each, int | float) and not isinstance(each, bool) for each in value[1::2]
        )
    )


def may_match_own(pattern: Mapping[str, Any]) -> bool:
    """Whether a pattern may be matched by what a trigger starts: a state machine, a pipeline, its jobs."""
    if {"detail", "resources", "$or"} & pattern.keys():
        return False
    sources = pattern.get("source")
    return sources is None or any(
        not isinstance(each, str) or each in ("aws.sagemaker", "aws.states") for each in sources
    )


def fits(pattern: object) -> bool:
    """Whether EventBridge takes a pattern."""
    try:
        return _is_pattern(pattern) and len(json.dumps(pattern, allow_nan=False)) <= 4096
    except (TypeError, ValueError):
        return False
