"""Words that stories of several capabilities share."""

from __future__ import annotations

import math

from ..plan import Action, Change

PAST = {
    Action.CREATE: "new",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.FORGET: "no longer managed",
    Action.READ: "read",
    Action.NONE: "unchanged",
}


def short_image(image: str) -> str:
    """`fraud:1.4.2` of an image URI; the registry's host says little in a review."""
    tail = image.rpartition("/")[2] if "/" in image else image
    name, at, digest = tail.partition("@sha256:")
    return f"{name}@sha256:{digest[:12]}" if at else tail


def minutes(seconds: float) -> str:
    """`45 min`, `2 h 30 min`."""
    whole = math.ceil(seconds / 60)
    if whole < 120:
        return f"{whole} min"
    hours, rest = divmod(whole, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def arrow(before: str, after: str) -> str:
    """`1 → 2`, and only what is after where nothing changes or nothing was."""
    if before == after or not before:
        return after
    return f"{before} → {after or 'nothing'}"


def changed_first(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Facts with those that change first."""
    return sorted(facts, key=lambda fact: "→" not in fact[1])


def forced(change: Change) -> str:
    """What forces a replacement."""
    paths = sorted({str(path[0]) for path in change.replace_paths if path})
    return ", ".join(paths) or change.reason or "unknown reasons"


def some(values: list[str], limit: int = 5) -> str:
    """The first of several values, and how many more there are."""
    shown = ", ".join(values[:limit])
    return f"{shown} and {len(values) - limit} more" if len(values) > limit else shown
