"""What Inferform's roles need of each AWS service, as each capability says it of its own.

A file `access.py` in the folder of a capability says in `ACCESS` which services it uses, by the
prefix of their actions in IAM. Each file is found by itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

_PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Access:
    """What a deploy and a plan do with a service."""

    reads: tuple[str, ...]
    """The beginnings of the actions that a plan reads with: `Describe`. Where `Get` reads what is
    kept and not only how (images, objects, secrets, parameters), only the others are named."""

    has_regions: bool = True
    """Whether its requests go to a Region, to which a deploy is limited. Default: True."""


@cache
def services() -> Mapping[str, Access]:
    """Every service that a capability uses, by its prefix in IAM, in the order of these."""
    found: dict[str, Access] = {}
    for file in sorted(Path(__file__).parent.glob("*/access.py")):
        module = importlib.import_module(f"{_PACKAGE}.{file.parent.name}.access")
        for service, access in getattr(module, "ACCESS", {}).items():
            reads = {*access.reads, *(found[service].reads if service in found else ())}
            found[service] = Access(tuple(sorted(reads)), has_regions=access.has_regions)
    return MappingProxyType(dict(sorted(found.items())))
