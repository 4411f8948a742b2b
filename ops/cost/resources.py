"""What the resources of a plan use, by Terraform type, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..kinds import known
from ..kinds.foreign import FREE
from ..kinds.record import Foreign, Not
from ..kinds.untold import not_told
from ..plan import Action, Change, Plan, Side
from .model import Usage


def usages(plan: Plan, side: Side) -> list[Usage]:
    """What the resources of a plan use before or after it."""
    found: list[Usage] = []
    for kind, record in known().items():
        if isinstance(record.uses, Not):
            continue
        for change in plan.of_type(kind):
            # What is forgotten continues to exist, and costs on.
            at: Side = "before" if change.action is Action.FORGET else side
            if change.action is Action.FORGET or change.exists(side):
                found += _sound(record.uses, plan, change, at)
    return found


_COST_NOTHING = frozenset(
    (
        *("terraform", "null", "random", "local", "tls", "time", "archive", "external"),
        *("cloudinit", "http"),
    )
)
"""The providers of what is in no cloud."""


def without_prices(plan: Plan) -> list[Change]:
    """The resources before or after a plan of types of which nobody has said what they cost."""
    return [
        change
        for change in plan.changes
        if not change.is_data
        and not change.deposed
        and change.type.partition("_")[0] not in _COST_NOTHING
        and not FREE.fullmatch(change.type)
        and _is_untold(change.type)
    ]


_SAYS_NOTHING = frozenset(("tags", "tags_all"))
"""What an update may change without a change of the cost."""


def changes_cost(change: Change) -> bool:
    """Whether a plan may change what a resource costs, as far as its type tells."""
    if change.action is Action.UPDATE:
        return not change.attributes <= _SAYS_NOTHING
    return change.action in (Action.CREATE, Action.REPLACE, Action.DELETE)


def _is_untold(kind: str) -> bool:
    record = known().get(kind)
    return record is None or (isinstance(record, Foreign) and isinstance(record.uses, Not))


_MOST = 1e15
"""More of anything, GB-seconds too, than an account has a month."""


def _sound(
    uses: Callable[[Plan, Change, Side], Iterable[Usage]], plan: Plan, change: Change, side: Side
) -> Iterator[Usage]:
    """The usages of a resource. An amount that nothing can have, as one below zero, is not known: it
    would take from the sums what other resources cost."""
    try:
        for usage in uses(plan, change, side):
            amount = usage.amount
            if amount is None or all(
                0 <= value <= _MOST for value in (amount.minimum, amount.expected, amount.maximum)
            ):
                yield usage
            else:
                yield not_told(f"how many {usage.key}", usage.service, side, same=True)
    except OverflowError:
        yield not_told("how many", change.address, side, same=True)
