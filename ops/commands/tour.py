"""`inferform tour`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import BEGIN, Command


def tour(
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The record. Default: .inferform/tour.html."),
    ] = None,
) -> None:
    """Show in chapters what Inferform does, on an emulator of its own, and keep a record in HTML.

    A model is trained, evaluated, approved, deployed, watched and trained again. Takes some minutes and needs
    a checkout of Inferform, git and Terraform.

    Example: inferform tour
    """
    from ..output import stdout
    from ..terraform import WORK
    from ..tour import guide

    page = output or WORK / "tour.html"
    guide(WORK / "tour", page)
    stdout.print(f"\nthe record is in {page}")


COMMANDS = (Command("tour", tour, BEGIN, order=20),)
