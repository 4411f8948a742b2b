"""`inferform connections set-token`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..output import stdout
from . import AFTER, Command

family = typer.Typer(
    help="Connections by which EventBridge calls repositories.", no_args_is_help=True
)


@family.command("set-token")
def set_token(
    env: EnvironmentKey,
    approval: Annotated[
        str, typer.Argument(metavar="APPROVAL", help="An approval whose target is a Dispatch.")
    ],
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the token from the standard input.")
    ] = False,
    emulator: Emulated = False,
) -> None:
    """Hand EventBridge the token of a repository: it stands in no file and in no state.

    Example: inferform connections set-token dev-use1 fraud
    """
    from .. import connections
    from ..aws import Aws, emulator_in_use

    found = environment(env)
    name = connections.connection_of(found, approval)
    token = sys.stdin.readline() if stdin else typer.prompt("Token", hide_input=True)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    state = connections.set_token(name, token, aws)
    stdout.print(f"{name} has the token, and is {state}", markup=False)


COMMANDS = (Command("connections", family, AFTER, order=61),)
