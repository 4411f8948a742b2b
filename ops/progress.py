"""A line for each stack that is worked on, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .output import stderr

Follow = Callable[[str, str], None]
"""Hears the name of a stack, and what is done with it or has come of it."""

PLANNING = "planning"
"""What is said of a stack that is being planned; anything else ends its line."""


@contextmanager
def followed() -> Iterator[Follow]:
    """Show what is told of stacks, a line each with the time that it takes; the lines go at the end.

    Where stderr is no terminal, nothing is shown.
    """
    # Imported late, as most commands show no such lines.
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    ) as progress:
        tasks = {}

        def follow(name: str, status: str) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=None, status=status)
            ended = status != PLANNING
            progress.update(
                tasks[name], status=status, total=1 if ended else None, completed=int(ended)
            )

        yield follow
