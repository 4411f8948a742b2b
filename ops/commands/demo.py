"""`inferform demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from . import BEGIN, Command


def demo(
    env: Annotated[
        str | None,
        typer.Argument(metavar="ENV", help="Default: that of the stage dev, else the first."),
    ] = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="Remove everything again.")] = False,
) -> None:
    """Deploy an environment onto the embedded emulator and show what is in service.

    Example: inferform demo
    """
    from .. import demo as operations

    if destroy:
        operations.remove(env)
    else:
        operations.run(env)


COMMANDS = (Command("demo", demo, BEGIN, order=10, emulated=True),)
