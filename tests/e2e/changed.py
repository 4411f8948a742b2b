"""Which fields of Specs differ between two releases, and which Specs' fields there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from inferform.spec import Spec


def fields_of(*roots: type[Spec], beside: Iterable[type[Spec]] = ()) -> set[str]:
    """`Spec.field` of every field of some Specs, of those of the same packages within them, and of
    `beside`."""
    packages = tuple(root.__module__.rpartition(".")[0] for root in roots)
    found: dict[type[Spec], None] = {}
    left = [*roots, *beside]
    while left:
        spec = left.pop()
        if spec in found:
            continue
        found[spec] = None
        left += [
            each
            for field in spec.model_fields.values()
            for each in _specs(field.annotation)
            if each.__module__.rpartition(".")[0] in packages
        ]
    return {f"{spec.__name__}.{name}" for spec in found for name in spec.model_fields}


def _specs(annotation: Any) -> Iterable[type[Spec]]:
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
    for each in get_args(annotation):
        yield from _specs(each)


def changed(before: Any, after: Any) -> set[str]:
    """`Spec.field` of every field that has another value, in what both have."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return {
            each
            for key in before.keys() & after.keys()
            for each in changed(before[key], after[key])
        }
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        pairs = zip(before, after, strict=False)
        return {each for was, will in pairs for each in changed(was, will)}
    if not isinstance(before, Spec) or type(before) is not type(after):
        return set()
    found = set()
    for name in type(before).model_fields:
        was, will = getattr(before, name), getattr(after, name)
        if was != will:
            found |= {f"{type(before).__name__}.{name}"} | changed(was, will)
    return found
