"""`inferform diagram`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..environments import EnvironmentKey, environment
from ..output import stdout
from . import BEFORE, Command


class Drawn(StrEnum):
    """How a diagram is written."""

    SVG = "svg"
    MERMAID = "mermaid"


def diagram(
    env: EnvironmentKey,
    format: Annotated[
        Drawn | None, typer.Option(help="How it is written. Default: as the --output is named.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to. Default: here.")
    ] = None,
) -> None:
    """Draw an environment from its Specs: network, layers, what serves, and who calls whom.

    SVG is a picture for a README; Mermaid is drawn by GitHub and GitLab in a pull request. No AWS is asked.

    Example: inferform diagram prod-euw1 --output prod.svg
    """
    from .. import diagram as drawing
    from ..picture import picture

    made = picture(environment(env))
    is_svg = output is not None and output.suffix == ".svg"
    chosen = format or (Drawn.SVG if is_svg else Drawn.MERMAID)
    text = drawing.svg(made) if chosen is Drawn.SVG else drawing.mermaid(made)
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    stdout.print(f"{output}: {len(made.nodes)} services and entrances, {len(made.leads)} ways")


COMMANDS = (Command("diagram", diagram, BEFORE, order=61),)
