"""What a chapter of a tour is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..place import Tour


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter."""

    title: str
    words: str
    """What it shows."""

    run: Callable[[Tour], None]
    """Shows it. Raises OperatorError where a command does not end as it should."""
