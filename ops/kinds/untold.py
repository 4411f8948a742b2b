"""What a plan uses and does not tell: said to be not known, never left out of the cost."""

from __future__ import annotations

from inferform.usage import Usage, exactly

from ..plan import Change, Side, dig

NOT_TOLD = "not told/"
"""What the key of a usage begins with whose kind or amount a plan does not tell."""


def not_told(what: str, service: str, side: Side, *, same: bool) -> Usage:
    """A usage that no price is known for; `same` where the plan does not change it."""
    return Usage(service, f"{NOT_TOLD}{what}{'' if same else f' {side} the plan'}", exactly(1))


def hidden(change: Change, *path: str | int, side: Side = "after") -> bool:
    """Whether the apply alone tells an argument, or a block around it."""
    return side == "after" and any(
        dig(change.unknown, *path[:end]) is True for end in range(len(path) + 1)
    )
