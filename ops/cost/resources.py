"""What the resources of a plan use, by Terraform type, before and after."""

from __future__ import annotations

from ..kinds import known
from ..kinds.record import Not
from ..plan import Action, Plan, Side
from .model import Usage


def usages(plan: Plan, side: Side) -> list[Usage]:
    """What the resources of a plan use before or after it."""
    found: list[Usage] = []
    for kind, record in known().items():
        if isinstance(record.uses, Not):
            continue
        for change in plan.of_type(kind):
            if change.action is Action.FORGET:
                # It goes on existing, and costs on.
                found += record.uses(plan, change, "before")
            elif change.exists(side):
                found += record.uses(plan, change, side)
    return found
