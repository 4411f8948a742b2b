"""What tests know of each capability: one file for each, which is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from .record import Capability, Reasons

K = TypeVar("K")
V = TypeVar("V")


@cache
def capabilities() -> Mapping[str, Capability]:
    """Every capability by the name of its file, in the order of these."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(__path__))
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return MappingProxyType(
        {name: module.CAPABILITY for name, module in modules.items() if name != "record"}
    )


def together(parts: Iterable[Mapping[K, V]]) -> dict[K, V]:
    """What all capabilities say. Raises ValueError where two speak of the same."""
    found: dict[K, V] = {}
    for part in parts:
        if twice := found.keys() & part.keys():
            raise ValueError(f"two capabilities speak of {', '.join(map(str, twice))}")
        found.update(part)
    return found


def reasons(parts: Iterable[Reasons]) -> dict[str, tuple[str, ...]]:
    """The names that have each reason, of all capabilities."""
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for part in parts:
        for reason, names in part.items():
            found[reason] += names
    return dict(found)
