"""Stories that several types tell in the same way."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import Action, Change, Plan, dig
from ..told import Story
from .record import Teller
from .words import PAST, forced


def name_of(change: Change, *path: str) -> str:
    """An argument that names a resource, or its name in Terraform where that is not known."""
    return str(dig(change.after, *path) or dig(change.before, *path) or change.name)


def story_of(change: Change, words: str, name: str, interrupted: str) -> Story:
    """What becomes of a resource, and why where it is replaced; `words` is what people call it."""
    because = f" because of {forced(change)}" if change.action is Action.REPLACE else ""
    return Story(
        kind=words,
        name=name,
        address=change.address,
        action=change.action.value,
        headline=f"{name} is {PAST[change.action]}{because}",
        interrupted=interrupted,
    )


def told_when_gone(words: str, interrupted: str, *path: str, comes_back: bool = False) -> Teller:
    """Tell of a resource that is deleted or replaced, and of no other change.

    `words` is what people call it, `interrupted` what stops meanwhile, and `path` leads to its name.
    `comes_back` says that it continues once a replacement is made. Default: False.
    """

    def tell(plan: Plan, change: Change) -> Iterator[Story]:
        if change.action not in (Action.DELETE, Action.REPLACE):
            return
        back = ", until it is made again" if comes_back and change.action is Action.REPLACE else ""
        yield story_of(change, words, name_of(change, *path), f"{interrupted}{back}")

    return tell
