"""What Inferform knows of each Terraform resource type that it makes: one file per capability.

Every file of this folder with `KINDS`, `FOREIGN`, `MOVERS`, `PRICES` or `UNLISTED_PRICES` is found by
itself; modules of a team's own are named by `Environment.kinds`.
Operations (review, cost, recover, preflight, verify, drift) are loops over the records; none of
them names a type.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar, cast

from ..errors import BadInputError
from .prices import Wanted
from .record import Foreign, Kind, Mover

K = TypeVar("K", bound=Kind | Foreign)
F = TypeVar("F", bound=Callable[..., Any])


@cache
def kinds() -> Mapping[str, Kind]:
    """Every record by its Terraform type. Raises ValueError where two files have the same."""
    return _by_type(kind for module in _modules() for kind in getattr(module, "KINDS", ()))


@cache
def known() -> Mapping[str, Kind | Foreign]:
    """What a review knows by Terraform type: the records, and those of other projects' types."""
    own = kinds()
    foreign = (
        entry
        for module in _modules()
        for entry in getattr(module, "FOREIGN", ())
        if entry.type not in own or module in _OWN.values()
    )
    return _by_type((*own.values(), *foreign))


@cache
def movers() -> tuple[Mover, ...]:
    """How each kind of service is rolled out that does not move within an apply."""
    return tuple(mover for module in _modules() for mover in getattr(module, "MOVERS", ()))


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


def _modules() -> tuple[ModuleType, ...]:
    return (*_built_in(), *_OWN.values())


@cache
def _built_in() -> tuple[ModuleType, ...]:
    names = sorted(entry.name for entry in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}") for name in names)


def own_modules() -> tuple[ModuleType, ...]:
    """The modules of a team's own that were added."""
    return tuple(_OWN.values())


_OWN: dict[str, ModuleType] = {}
_MADE_OF_RECORDS: list[Callable[[], object]] = []


def made_of_records(function: F) -> F:
    """Cache a function that reads the records, until a module of records is added."""
    cached: Any = cache(function)
    _MADE_OF_RECORDS.append(cached.cache_clear)
    return cast(F, cached)


def add_own(paths: Iterable[str], folder: Path) -> None:
    """Add the records of a team's own modules, which are beside `folder` or installed.

    Raises BadInputError where a module does not import, or has no records.
    """
    for path in paths:
        if path in _OWN:
            continue
        sys.path.insert(0, str(folder))
        try:
            module = importlib.import_module(path)
        except Exception as error:
            raise BadInputError(
                f"the records {path} of Environment.kinds do not import: "
                f"{type(error).__name__}: {error}",
                f"write the module beside {folder / 'environments'}, or install it",
            ) from error
        finally:
            sys.path.remove(str(folder))
        if not any(hasattr(module, name) for name in ("KINDS", "FOREIGN", "RISKS")):
            raise BadInputError(
                f"{path} of Environment.kinds has neither records nor rules",
                "write KINDS = (resource(...),) or RISKS = (...), see docs/extending.md",
            )
        _OWN[path] = module
        _forget()
        kinds()  # a type with two records is an error here


def forget_own() -> None:
    """Know none of a team's own modules any more."""
    _OWN.clear()
    _forget()


def _forget() -> None:
    for clear in (
        kinds.cache_clear,
        known.cache_clear,
        movers.cache_clear,
        wanted_prices.cache_clear,
        unlisted_prices.cache_clear,
        *_MADE_OF_RECORDS,
    ):
        clear()


def _by_type(records: Iterable[K]) -> Mapping[str, K]:
    found: dict[str, K] = {}
    for record in records:
        if found.setdefault(record.type, record) is not record:
            raise ValueError(f"{record.type} has two records")
    return MappingProxyType(found)
