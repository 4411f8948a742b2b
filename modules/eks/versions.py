"""The Kubernetes versions of Amazon EKS, and until when each is supported: a dated table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

_ROOT = __package__.rpartition(".")[0]

Support = Literal["standard", "extended", "ended"]

NOTICE = timedelta(days=90)
"""How long before the end of a version's support it is told."""


@dataclass(frozen=True, slots=True)
class KubernetesVersion:
    """One minor version on EKS."""

    name: str
    standard_until: date
    """The last day of standard support."""

    extended_until: date | None
    """The last day of extended support, at a higher hourly price; None where AWS has not said it."""

    def support(self, on: date) -> Support:
        """What support it has on a day."""
        if on <= self.standard_until:
            return "standard"
        return "extended" if self.extended_until is None or on <= self.extended_until else "ended"

    def ending(self, on: date) -> tuple[Support, date] | None:
        """The support that ends within `NOTICE` from a day, and when; None where none does."""
        support = self.support(on)
        until = self.standard_until if support == "standard" else self.extended_until
        if support == "ended" or until is None or until - on > NOTICE:
            return None
        return support, until


@cache
def versions_read() -> date:
    """The day on which the table was read."""
    return date.fromisoformat(_table()["read"])


@cache
def versions() -> Mapping[str, KubernetesVersion]:
    """Every version that the table has, by its name, the oldest first."""
    return MappingProxyType(
        {
            name: KubernetesVersion(
                name,
                date.fromisoformat(row["standard_until"]),
                date.fromisoformat(row["extended_until"]) if row["extended_until"] else None,
            )
            for name, row in _table()["versions"].items()
        }
    )


def in_support(support: Support, on: date | None = None) -> tuple[str, ...]:
    """The versions that have a support on a day. Default: the day on which the table was read."""
    day = on or versions_read()
    return tuple(name for name, each in versions().items() if each.support(day) == support)


@cache
def _table() -> dict[str, Any]:
    text = (resources.files(_ROOT) / "data" / "eks_versions.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
