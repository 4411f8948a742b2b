"""What the emulator does otherwise than moto."""

from __future__ import annotations

from inferform_emulator.extensions import list_extensions


def table() -> str:
    """A table of the extensions, by service."""
    rows = [
        (each.service, f"`{each.operation}`", each.gap, each.seen_in) for each in list_extensions()
    ]
    headings = ("service", "operation", "what moto does", "seen in")
    lines = [headings, ("---",) * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
