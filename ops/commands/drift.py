"""`inferform drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Chosen, Emulated, Parallelism
from ..output import Json, print_json, print_table, stderr, stdout
from . import AFTER, Command

if TYPE_CHECKING:
    from .. import drift as operations


def drift(
    envs: Chosen,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    parallelism: Parallelism = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Plan every stack side by side and report where AWS differs. Changes nothing.

    A stack of your own that belongs to no environment is planned where it is named.

    Exit status as Terraform's: 0 for no difference, 1 for a failure, 2 for differences.

    Example: inferform drift prod-euw1
    """
    from .. import drift as operations
    from ..aws import emulator_in_use
    from ..program import Program, note_left_out
    from ..progress import followed

    program = Program.of(emulator_in_use() if emulator else None)
    with stderr.status("synthesizing"):
        synthesis = program.to_plan("drift").synthesize()
    planned = synthesis.named(envs)
    with followed() as follow:
        stacks = operations.detect(synthesis, planned, parallelism=parallelism, follow=follow)
    note_left_out(synthesis, planned)
    if json:
        print_json([stack.as_dict() for stack in stacks])
    elif markdown:
        typer.echo(operations.markdown(", ".join(envs), stacks))
    else:
        _show(stacks)
    raise typer.Exit(operations.exit_status(stacks))


def _show(stacks: list[operations.StackDrift]) -> None:
    print_table(
        ("stack", "result", "changes"),
        [
            (
                stack.stack,
                stack.summary,
                "\n".join(
                    f"{'drifted' if change.drifted else 'pending'}: {change}"
                    for change in stack.changes
                ),
            )
            for stack in stacks
        ],
    )
    for stack in stacks:
        if stack.error:
            stdout.print(f"{stack.stack}\n{stack.error}", markup=False)


COMMANDS = (Command("drift", drift, AFTER, order=30),)
