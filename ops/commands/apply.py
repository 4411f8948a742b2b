"""`inferform apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..environments import Emulated
from ..environments import environment as find_environment
from ..output import Json, print_json, stdout
from . import DEPLOY, Command
from .deploy import Approved, Verify, told


def apply(
    plans: Annotated[
        list[Path],
        typer.Argument(
            metavar="PLAN", help="Plans that inferform review saved; with --all, folders of them."
        ),
    ],
    all: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Every plan in the folders, those of lower stacks first, to the first failure.",
        ),
    ] = False,
    environment: Annotated[
        str | None, typer.Option(metavar="ENV", help="Refuse plans of any other environment.")
    ] = None,
    uncommitted: Annotated[
        bool,
        typer.Option(
            "--uncommitted", help="Also plans that no commit holds wholly, or that have none."
        ),
    ] = False,
    verify: Verify = True,
    approved: Approved = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Apply plans that were reviewed, and verify the services that they change.

    Refuses a plan of another commit or environment, or a stale one. Exit status 1 when a plan failed,
    or a service does not serve what was asked for; 3 when all was applied and whether it serves is
    not known; 4 when a plan is not what was approved.

    Example: inferform apply .inferform/plans/dev-use1/dev-use1-network.tfplan
    """
    from ..aws import emulator_in_use
    from ..deploy import notes, refuse_unknown
    from ..program import Program
    from ..review.apply import apply as run
    from ..review.apply import plans_in
    from ..review.approved import Approved as Review

    program = Program.of(emulator_in_use() if emulator else None)
    only = find_environment(environment).key if environment else None
    review = Review.of(approved) if approved else None
    if all:
        plans = [plan for folder in plans for plan in plans_in(folder, program)]
    done = []
    for plan in plans:
        done.append(
            run(
                plan,
                program,
                environment=only,
                uncommitted=uncommitted,
                verified=verify,
                approved=review,
            )
        )
        if not json:
            stdout.print(f"applied {done[-1].stack}")
            for line in notes(done[-1].applied):
                stdout.print(line, markup=False)
    if json:
        print_json(
            {
                "applied": [each.stack for each in done],
                "verified": {each.stack: told(each.applied) for each in done},
            }
        )
    refuse_unknown(each.applied for each in done)


COMMANDS = (Command("apply", apply, DEPLOY, order=20),)
