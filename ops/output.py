"""Printing: tables for people, JSON for machines, and the question before something is changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .errors import BadInputError
from .untrusted import visible

_LOG_WIDTH = 160


def write(target: Path, content: str | bytes) -> None:
    """Write a file that somebody asked for, and its folder where that is missing. Raises BadInputError where
    it cannot be written."""
    held = content.encode() if isinstance(content, str) else content
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(held)
    except OSError as error:
        raise BadInputError(f"{target} cannot be written: {error.strerror}") from error


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


class Form(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"


AsForm = Annotated[Form, typer.Option("--format", help="How it is written; --json is json.")]
"""The `--format` option."""

Approve = Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")]
"""The `--auto-approve` option of every command that asks before it changes something."""


def confirm(question: str, approved: bool) -> None:
    """Ask on the terminal, and end the command on a no.

    Raises BadInputError where nobody can be asked.
    """
    if approved:
        return
    if not stdout.is_terminal:
        raise BadInputError("there is nobody to ask", "--auto-approve continues without asking")
    typer.confirm(question, abort=True)


def print_json(value: Any) -> None:
    """Print plain JSON, keys in the order given."""
    typer.echo(json.dumps(value, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table; a title is optional.

    Names and ARNs are never cut or broken. Where the terminal is too narrow for that, each row is
    a paragraph with one line for each cell, or one line where there are two columns.
    """
    cells = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    if _width(columns, cells) > stdout.width:
        _print_paragraphs(columns, cells, title)
        return
    table = Table(
        title=title or None,
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for column in columns:
        # Only the last column may wrap, between words.
        table.add_column(column, no_wrap=column != columns[-1])
    for row in cells:
        table.add_row(*map(Text, row))
    stdout.print(table)


_PADDING = 2


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How wide a terminal must be for a table whose last column wraps between words."""
    whole = [
        max(cell_len(line) for text in texts for line in (text.splitlines() or [""]))
        for texts in zip(columns[:-1], *(row[:-1] for row in rows), strict=True)
    ]
    last = [columns[-1], *(row[-1] for row in rows)]
    words = [cell_len(word) for text in last for word in text.split()]
    return sum(whole) + _PADDING * len(columns) + max(words, default=0)


def _print_paragraphs(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    if title:
        stdout.print(Text(title, style="italic"))
    if len(columns) == 2:
        keys = max((cell_len(key) for key, _ in rows), default=0)
        for key, value in rows:
            stdout.print(Text.assemble((f"{key:<{keys}}", "bold"), f"  {value}"))
        return
    names = max(map(cell_len, columns[1:]), default=0)
    for row in rows:
        stdout.print()
        stdout.print(Text(row[0], style="bold"))
        for column, text in zip(columns[1:], row[1:], strict=True):
            if text:
                stdout.print(Text(f"  {column:<{names}}  {text}"))
    stdout.print()
