"""Where AWS's Price List has the price of what a capability uses.

A file of this folder names them in `PRICES`, and in `UNLISTED_PRICES` why others are not there: by
price key, as a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """Products of one service, and the price key of each; a usage type has no Region's prefix."""

    service: str
    filters: dict[str, str]
    usage_type: re.Pattern[str]
    key: Callable[[re.Match[str], dict[str, str]], str]
    unit: str = "hour"


def products(
    service: str,
    usage_type: str,
    key: str | Callable[[re.Match[str], dict[str, str]], str],
    *,
    unit: str = "hour",
    **filters: str,
) -> Wanted:
    """The products of a usage type, under one price key or under one for each."""
    fixed = key if callable(key) else lambda _match, _attributes, text=key: text
    return Wanted(service, filters, re.compile(usage_type), fixed, unit)
