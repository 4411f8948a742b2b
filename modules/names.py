"""Names: short codes for regions, and cutting to a limit with a stable hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_DIRECTIONS = {
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "central": "c",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "gov": "g",
    "iso": "i",
    "isob": "b",
}


def region_code(region: str) -> str:
    """The short code of a region: `us-east-1` is `use1`, `us-gov-west-1` is `usgw1`."""
    first, *middle, number = region.split("-")
    return first + "".join(_DIRECTIONS.get(word, word) for word in middle) + number


def short_hash(value: Any, length: int = 8) -> str:
    """A stable hash of plain data: the same on any machine and any day."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def fit(name: str, limit: int) -> str:
    """`name` itself, or its beginning and a hash of the whole where it is over `limit`."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 7].rstrip('-')}-{short_hash(name, 6)}"
