"""`inferform turn`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey
from ..output import stdout
from . import BEFORE, Command


def turn(
    env: EnvironmentKey,
    pipeline: Annotated[
        str, typer.Argument(metavar="PIPELINE", help="The ARN of a pipeline of CodePipeline.")
    ],
    execution: Annotated[
        str, typer.Option(metavar="ID", help="The execution of the pipeline that asks.")
    ],
    minutes: Annotated[int, typer.Option(min=0, help="How long to wait.")] = 45,
    emulator: Emulated = False,
) -> None:
    """Wait until no other execution of a pipeline is between the first plan of an environment and its end.

    Builds that plan call it: a plan beside an apply would be stale, or take back what is applied. Exit status 1 where
    another execution is still there.

    Example: inferform turn dev-use1 arn:aws:codepipeline:us-east-1:111122223333:acme-delivery-main --execution ID
    """
    from .. import turn as operations
    from ..aws import emulator_in_use

    running = emulator_in_use() if emulator else None
    operations.wait(pipeline, env, execution, minutes=minutes, emulator=running)
    stdout.print(f"no other execution is in {env}", markup=False, soft_wrap=True)


COMMANDS = (Command("turn", turn, BEFORE, order=90),)
