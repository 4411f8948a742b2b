"""`inferform diagram`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..environments import EnvironmentKey, environment
from ..errors import BadInputError
from ..output import stdout, write
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

    chosen = format or _by_name(output)
    made = picture(environment(env))
    text = drawing.svg(made) if chosen is Drawn.SVG else drawing.mermaid(made)
    if output is None:
        typer.echo(text, nl=False)
        return
    write(output, text)
    stdout.print(f"{output}: {len(made.nodes)} services and entrances, {len(made.leads)} ways")


_NAMED = {".svg": Drawn.SVG, ".mmd": Drawn.MERMAID, ".mermaid": Drawn.MERMAID, ".md": Drawn.MERMAID}


def _by_name(output: Path | None) -> Drawn:
    if output is None:
        return Drawn.MERMAID
    if output.suffix not in _NAMED:
        raise BadInputError(
            f"nothing says how {output} is written", f"name it {', '.join(_NAMED)}, or --format"
        )
    return _NAMED[output.suffix]


COMMANDS = (Command("diagram", diagram, BEFORE, order=61),)
