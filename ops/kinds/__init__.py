"""What Inferform knows of each Terraform resource type that it makes: one file per capability.

Every file of this folder with a `KINDS` tuple is found by itself. Operations (review, cost,
recover, preflight, verify, drift) are loops over the records; none of them names a type.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from .record import Kind


@cache
def kinds() -> Mapping[str, Kind]:
    """Every record by its Terraform type. Raises ValueError where two files have the same."""
    found: dict[str, Kind] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        for kind in getattr(importlib.import_module(f"{__name__}.{module.name}"), "KINDS", ()):
            if found.setdefault(kind.type, kind) is not kind:
                raise ValueError(f"{kind.type} has two records")
    return MappingProxyType(found)
