"""`inferform apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..environments import Emulated
from ..environments import environment as find_environment
from ..output import Json, print_json, stdout
from . import DEPLOY, Command


def apply(
    plans: Annotated[
        list[Path], typer.Argument(metavar="PLAN", help="Plans that inferform review saved.")
    ],
    environment: Annotated[
        str | None, typer.Option(metavar="ENV", help="Refuse plans of any other environment.")
    ] = None,
    uncommitted: Annotated[
        bool,
        typer.Option(
            "--uncommitted", help="Also plans that no commit holds wholly, or that have none."
        ),
    ] = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Apply plans that were reviewed. Refuses one of another commit or environment, or a stale one.

    Example: inferform apply .inferform/plans/dev-use1/dev-use1-network.tfplan
    """
    from ..aws import emulator_in_use
    from ..program import Program
    from ..review.apply import apply as run

    program = Program.of(emulator_in_use() if emulator else None)
    only = find_environment(environment).key if environment else None
    applied = []
    for plan in plans:
        applied.append(run(plan, program, environment=only, uncommitted=uncommitted))
        if not json:
            stdout.print(f"applied {applied[-1]}")
    if json:
        print_json({"applied": applied})


COMMANDS = (Command("apply", apply, DEPLOY, order=20),)
