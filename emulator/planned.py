"""What the plans of rollouts have in common, of endpoints and of services."""

from __future__ import annotations

from typing import Any


def check(plan: Any, outcomes: tuple[str, ...]) -> None:
    """Raise ValueError for an outcome that is none of these, or for a count that is none."""
    if plan.outcome not in outcomes:
        raise ValueError(f"outcome must be one of {', '.join(outcomes)}, got {plan.outcome!r}")
    for name in ("describes", "rolling_back_describes"):
        value = getattr(plan, name)
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"{name} must be 0 or more, got {value!r}")
