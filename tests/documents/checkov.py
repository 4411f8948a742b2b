"""The table of what Checkov finds on purpose, with the reasons of tests/capabilities."""

from __future__ import annotations

from tests.capabilities import capabilities


def _type(place: str) -> str:
    """The resource type of a place: a type alone, or `stack/type.name`."""
    return place.rpartition("/")[2].partition(".")[0]


def table() -> str:
    """Each check that fails on purpose, of which resource, and why."""
    rows = {
        (check, _type(place), why)
        for known in capabilities().values()
        for place, checks in known.checkov.items()
        for check, why in checks.items()
    }
    lines = [f"| {check} | `{of}` | {why} |\n" for check, of, why in sorted(rows)]
    return "".join(["| Check | Of | Why it is no fault |\n", "|---|---|---|\n", *lines])
