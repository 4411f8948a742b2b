"""`inferform dashboard`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..environments import EnvironmentKey, environment
from ..output import stdout, write
from . import BEFORE, Command


def dashboard(
    env: EnvironmentKey,
    output: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("dashboard.html"),
    recorded: Annotated[
        Path | None,
        typer.Option(
            help="What inferform metrics --json has written. Default: sample data, which looks real."
        ),
    ] = None,
) -> None:
    """Draw an environment's dashboards as they will be, before anything is deployed.

    The widgets are those of the observability layer; no AWS is asked.

    Example: inferform dashboard prod-euw1 --output dashboard.html
    """
    from .. import dashboard as source

    drawn = source.draw(environment(env), source.read(recorded) if recorded else None)
    write(output, drawn.text)
    many = f"{drawn.pages} dashboard{'s' if drawn.pages > 1 else ''}"
    stdout.print(f"{output}: {drawn.widgets} widgets of {many}", markup=False)


COMMANDS = (Command("dashboard", dashboard, BEFORE, order=60),)
