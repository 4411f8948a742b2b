"""How values of a plan are written: short, on one line, the same in every format."""

from __future__ import annotations

import json
from typing import Any

from ..plan import Action, Change, Difference
from ..untrusted import LONGEST, bounded

SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "!",
    Action.DELETE: "-",
    Action.FORGET: "x",
    Action.READ: "<",
    Action.NONE: " ",
}
UNKNOWN = "(known after apply)"


def short(value: Any, limit: int = 160) -> str:
    """A value on one line, cut in the middle where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()) if isinstance(value, str) else text
    if len(text) <= limit:
        return text
    if len(text) > LONGEST:
        return bounded(text, limit)
    half = (limit - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def sentence(difference: Difference, limit: int = 160) -> str:
    """`image: a -> b`."""
    before = short(difference.before, limit)
    after = UNKNOWN if difference.unknown else short(difference.after, limit)
    forced = "  (forces replacement)" if difference.forces_replacement else ""
    if difference.before in (None, ""):
        return f"{difference.path}: {after}{forced}"
    return f"{difference.path}: {before} -> {after}{forced}"


# Why Terraform replaces what no attribute would; the attributes tell the other reasons.
_REASONS = {
    "replace because tainted": "it is tainted",
    "replace by request": "it is asked for by -replace",
    "replace by triggers": "something triggers it (replace_triggered_by)",
}


def marks(change: Change) -> str:
    """What else is to be said about a change: moved, imported, deposed, why."""
    found = []
    if change.moved_from:
        found.append(f"moved from {change.moved_from}")
    if change.import_id:
        found.append(f"imported from {short(change.import_id, 80)}")
    if change.generated:
        found.append("with configuration that Terraform wrote")
    if change.new_identity:
        found.append("its identity changes")
    if change.deposed:
        named = f"{short(change.before['id'], 80)}, " if change.before.get("id") else ""
        found.append(f"{named}an old copy that a replacement left behind")
    if change.action is Action.REPLACE:
        old = "old one forgotten, and continues to exist" if change.forgets_old else ""
        found.append(old or ("new one first" if change.created_first else "old one deleted first"))
    if change.reason in _REASONS:
        found.append(_REASONS[change.reason])
    return ", ".join(found)


# Values that are the same for everything, or that AWS fills in, say nothing in a review.
_QUIET = frozenset({"id", "arn", "tags_all", "unique_id", "create_date"})


def details(change: Change) -> list[Difference]:
    """The attributes worth showing; none for what is deleted, as all of it goes."""
    if change.action in (Action.DELETE, Action.FORGET):
        return []
    return [
        difference
        for difference in change.differences
        if difference.path.partition(".")[0] not in _QUIET
        # All that AWS fills in is unknown once more when a resource is made anew.
        and not (
            difference.unknown
            and not difference.forces_replacement
            and change.action in (Action.CREATE, Action.REPLACE)
        )
    ]
