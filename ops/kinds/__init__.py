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
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar, cast

from ..errors import BadInputError
from .prices import Wanted
from .record import Foreign, Kind, Mover, Not, RiskCheck

K = TypeVar("K", bound=Kind | Foreign)
F = TypeVar("F", bound=Callable[..., Any])


@cache
def kinds() -> Mapping[str, Kind]:
    """Every record by its Terraform type; a team's own comes before Inferform's of the same type.

    Raises ValueError where two files of Inferform's, or two modules of the team's, have the same.
    """
    brought = _by_type(each for module in _built_in() for each in getattr(module, "KINDS", ()))
    own = _by_type(each for module in own_modules() for each in getattr(module, "KINDS", ()))
    joined = {
        kind: _joined(record, brought[kind]) if kind in brought else record
        for kind, record in own.items()
    }
    return MappingProxyType({**brought, **joined})


def _joined(own: Kind, brought: Kind) -> Kind:
    """A team's record of a type that Inferform knows too, as it may since an upgrade: the team's
    answers, Inferform's where the team has none, and the risks and settings of both."""
    answers = {
        each.name: getattr(brought, each.name)
        for each in fields(Kind)
        if isinstance(getattr(own, each.name), Not)
    }
    record = replace(own, **answers)
    return replace(
        record,
        outage=own.outage or brought.outage,
        holds_data=own.holds_data or brought.holds_data,
        risks=tuple(dict.fromkeys((*_risks(own), *_risks(brought)))) or record.risks,
        settings={**_settings(brought), **_settings(own)} or record.settings,
    )


def _risks(record: Kind) -> tuple[RiskCheck, ...]:
    return () if isinstance(record.risks, Not) else record.risks


def _settings(record: Kind) -> Mapping[str, str]:
    return {} if isinstance(record.settings, Not) else record.settings


@cache
def known() -> Mapping[str, Kind | Foreign]:
    """What a review knows by Terraform type: the records, and those of other projects' types. Of a
    team's own a type that has a record adds its risks alone."""
    found: dict[str, Kind | Foreign] = dict(kinds())
    for module in _built_in():
        for entry in getattr(module, "FOREIGN", ()):
            found.setdefault(entry.type, entry)
    team = _by_type(each for module in own_modules() for each in getattr(module, "FOREIGN", ()))
    for kind, entry in team.items():
        record = found.get(kind)
        if isinstance(record, Kind):
            found[kind] = replace(record, risks=(*_risks(record), *entry.risks) or record.risks)
        else:
            found[kind] = entry
    return MappingProxyType(found)


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
        kinds()  # a type with two records of the team's is an error here


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
