"""What Inferform knows of each Terraform resource type that it makes: one file per capability.

Every file of this folder with `KINDS`, `FOREIGN`, `PRICES` or `UNLISTED_PRICES` is found by itself.
Operations (review, cost, recover, preflight, verify, drift) are loops over the records; none of
them names a type.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import TypeVar

from .prices import Wanted
from .record import Foreign, Kind

K = TypeVar("K", bound=Kind | Foreign)


@cache
def kinds() -> Mapping[str, Kind]:
    """Every record by its Terraform type. Raises ValueError where two files have the same."""
    return _by_type(kind for module in _modules() for kind in getattr(module, "KINDS", ()))


@cache
def known() -> Mapping[str, Kind | Foreign]:
    """What a review knows by Terraform type: the records, and those of other projects' types."""
    foreign = (entry for module in _modules() for entry in getattr(module, "FOREIGN", ()))
    return _by_type((*kinds().values(), *foreign))


@cache
def wanted_prices() -> tuple[Wanted, ...]:
    """The products of AWS's Price List whose prices are wanted."""
    return tuple(wanted for module in _modules() for wanted in getattr(module, "PRICES", ()))


@cache
def unlisted_prices() -> Mapping[str, str]:
    """Why prices are not in the Price List, by a pattern of price keys."""
    return MappingProxyType(
        {
            pattern: why
            for module in _modules()
            for pattern, why in getattr(module, "UNLISTED_PRICES", {}).items()
        }
    )


@cache
def _modules() -> tuple[ModuleType, ...]:
    names = sorted(entry.name for entry in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


def _by_type(records: Iterable[K]) -> Mapping[str, K]:
    found: dict[str, K] = {}
    for record in records:
        if found.setdefault(record.type, record) is not record:
            raise ValueError(f"{record.type} has two records")
    return MappingProxyType(found)
