"""Printing: tables for people, JSON for machines, and the question before something is changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .errors import BadInputError
from .untrusted import visible

_LOG_WIDTH = 160


class _Plain(Console):
    """A console that takes texts as they are: names and messages come from anywhere, and are
    neither markup nor control a terminal."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does; a text is markup only where that is asked for."""
        shown = [visible(each) if isinstance(each, str) else each for each in objects]
        super().print(*shown, **{"markup": False, **options})


def _console(*, stderr: bool = False) -> Console:
    """A console that breaks no line of text, so that commands in it can be copied."""
    console = _Plain(stderr=stderr, highlight=False, emoji=False, soft_wrap=True)
    # A log has no width of its own, and rich would cut tables off at 80.
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _LOG_WIDTH
    return console


stdout = _console()
stderr = _console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
"""The `--json` option that every command with a result has."""

Approve = Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")]
"""The `--auto-approve` option of every command that asks before it changes something."""


def confirm(question: str, approved: bool) -> None:
    """Ask on the terminal, and end the command on a no.

    Raises BadInputError where nobody can be asked.
    """
    if approved:
        return
    if not stdout.is_terminal:
        raise BadInputError("there is nobody to ask", "--auto-approve goes on without asking")
    typer.confirm(question, abort=True)


def print_json(value: Any) -> None:
    """Print plain JSON, keys in the order given."""
    typer.echo(json.dumps(value, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table; a title is optional."""
    table = Table(
        title=title or None,
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for column in columns:
        # Only the last column may wrap, so that names can be copied whole.
        table.add_column(column, overflow="fold", no_wrap=column != columns[-1])
    for row in rows:
        table.add_row(*(Text("" if cell is None else visible(str(cell))) for cell in row))
    stdout.print(table)
