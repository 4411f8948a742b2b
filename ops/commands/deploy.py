"""`inferra deploy` and `inferra destroy`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated
from ..output import Json, print_json, stdout

Stacks = Annotated[
    list[str], typer.Argument(metavar="STACK...", help="Stack names or patterns: 'dev-use1-*'.")
]
Approve = Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("deploy")(deploy)
    app.command("destroy")(destroy)
    app.command("recover")(recover)


def deploy(
    stacks: Stacks, auto_approve: Approve = False, emulator: Emulated = False, json: Json = False
) -> None:
    """Run cdktf deploy for the stacks that match, with a report for each.

    Example: inferra deploy 'dev-use1-*' --auto-approve
    """
    from .. import deploy as operations
    from ..aws import emulator_in_use
    from ..cdk import Program

    program = Program.of(emulator_in_use() if emulator else None)
    _confirm("deploy", stacks, auto_approve)
    deployment = operations.deploy(stacks, program)
    if json:
        print_json([{"stack": run.name, "result": run.status} for run in deployment.stacks])
    else:
        operations.report(deployment, program)


def destroy(stacks: Stacks, auto_approve: Approve = False, emulator: Emulated = False) -> None:
    """Destroy the stacks that match, those above first.

    Example: inferra destroy 'dev-use1-*'
    """
    from .. import deploy as operations
    from ..aws import emulator_in_use
    from ..cdk import Program

    program = Program.of(emulator_in_use() if emulator else None)
    _confirm("destroy", stacks, auto_approve)
    operations.destroy(stacks, program)


def recover(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="One stack's name.")],
    auto_approve: Approve = False,
    emulator: Emulated = False,
) -> None:
    """Clear the lock that a killed deploy left, and take back what it created.

    Be sure that the deploy is dead. Only what carries the tags of this very layer is imported
    or, where the next deploy makes it anew, deleted.

    Example: inferra recover dev-use1-inference
    """
    from .. import deploy as operations
    from ..aws import emulator_in_use
    from ..cdk import Program

    program = Program.of(emulator_in_use() if emulator else None)
    _confirm("recover", [stack], auto_approve)
    with stdout.status(f"recovering {stack}"):
        done = operations.recover(stack, program)
    for line in done or [f"{stack} has no lock and nothing to take back"]:
        stdout.print(line, highlight=False)


def _confirm(verb: str, stacks: list[str], approved: bool) -> None:
    if approved:
        return
    if not stdout.is_terminal:
        raise typer.BadParameter(f"there is nobody to ask; --auto-approve {verb}s without asking")
    typer.confirm(f"{verb} {' '.join(stacks)}?", abort=True)
