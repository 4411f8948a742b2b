"""`inferform demo`, which `make demo` runs."""

from __future__ import annotations

from typing import Annotated

import typer

from . import BEGIN, Command


def demo(
    destroy: Annotated[bool, typer.Option("--destroy", help="Remove everything again.")] = False,
) -> None:
    """Deploy dev-use1 onto the embedded emulator and show what is in service.

    Example: inferform demo
    """
    from .. import demo as operations

    if destroy:
        operations.remove()
    else:
        operations.run()


COMMANDS = (Command("demo", demo, BEGIN, order=10),)
