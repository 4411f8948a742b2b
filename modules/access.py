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

    deploys: bool = True
    """Whether a deploy creates in it. Where it is False, a deploy only reads. Default: True."""

    roles: tuple[str, ...] = ()
    """What roles of the layers do at run time: actions, which may end in `*`. Default: nothing."""

    roles_have_regions: bool = True
    """Whether `roles` act in the Regions of the account's environments alone. Images, artifacts,
    secrets, keys and topics that a Spec names may lie elsewhere. Default: True."""

    passes_to: tuple[str, ...] = ()
    """Services that a deploy gives roles to, as principals without the suffix: `ecs-tasks`."""

    named: tuple[str, ...] = ()
    """What a deploy works on by its name alone: the beginnings of resources in ARNs, `function:`, behind
    which a name of the organization's stands. Default: none, a deploy creates in all of the service."""

    named_reads: tuple[str, ...] = ()
    """The further actions that a plan reads those with, and nothing else. Default: none."""

    attaches: tuple[str, ...] = ()
    """The AWS-managed policies that layers attach to roles, by name."""


@cache
def services() -> Mapping[str, Access]:
    """Every service that a capability uses, by its prefix in IAM, in the order of these."""
    found: dict[str, Access] = {}
    for file in sorted(Path(__file__).parent.glob("*/access.py")):
        module = importlib.import_module(f"{_PACKAGE}.{file.parent.name}.access")
        for service, access in getattr(module, "ACCESS", {}).items():
            known = found.get(service)
            found[service] = _both(known, access) if known else access
    return MappingProxyType(dict(sorted(found.items())))


def _both(one: Access, other: Access) -> Access:
    """What two capabilities say of one service."""
    return Access(
        tuple(sorted({*one.reads, *other.reads})),
        has_regions=other.has_regions,
        deploys=one.deploys or other.deploys,
        roles=tuple(sorted({*one.roles, *other.roles})),
        roles_have_regions=one.roles_have_regions and other.roles_have_regions,
        passes_to=tuple(sorted({*one.passes_to, *other.passes_to})),
        named=tuple(sorted({*one.named, *other.named})),
        named_reads=tuple(sorted({*one.named_reads, *other.named_reads})),
        attaches=tuple(sorted({*one.attaches, *other.attaches})),
    )
