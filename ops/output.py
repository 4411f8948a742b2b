"""Printing: tables for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

stdout = Console()
stderr = Console(stderr=True)
_LOG_WIDTH = 160

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
"""The `--json` option that every command with a result has."""


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
    )
    for column in columns:
        # Only the last column may wrap, so that names can be copied whole.
        table.add_column(column, overflow="fold", no_wrap=column != columns[-1])
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    # A log has no width of its own, and rich would cut columns off at 80.
    console = stdout if stdout.is_terminal else Console(width=_LOG_WIDTH)
    console.print(table)
