"""`inferform status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, environment, environments
from ..errors import NotBootstrappedError, OperatorError
from ..output import Json, print_json, print_table, stderr
from . import AFTER, Command

if TYPE_CHECKING:
    from ..status import StackStatus


def status(
    env: Annotated[
        str | None, typer.Argument(metavar="ENV", help="One environment. Without it, all.")
    ] = None,
    drift: Annotated[bool, typer.Option("--drift", help="Plan every stack too.")] = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show every stack: its state, its last change, its resources, and who holds its lock.

    Exit status 1 when an account was out of reach, or a plan of --drift failed.

    Example: inferform status dev-use1 --drift
    """
    from .. import status as operations
    from ..aws import Aws, emulator_in_use
    from ..drift import detect

    running = emulator_in_use() if emulator else None
    chosen = [environment(env)] if env else list(environments().environments.values())
    found: list[StackStatus] = []
    notes: list[str] = []
    failed = False
    for each in chosen:
        try:
            aws = Aws(each.context, emulator=running, role_arn=each.context.plan_role_arn)
            with stderr.status(f"reading the states of {each.key}"):
                stacks = operations.status(each, aws)
            if drift:
                deployed = [stack.stack for stack in stacks if stack.deployed]
                with stderr.status(f"planning {len(deployed)} stacks of {each.key}"):
                    results = detect(each, emulator=running, only=deployed)
                summaries = {result.stack: result.summary for result in results}
                stacks = operations.with_drift(stacks, summaries)
                notes += [f"{result.stack}: {result.error}" for result in results if result.error]
                failed = failed or any(result.error for result in results)
        except NotBootstrappedError as error:
            stacks = operations.not_deployed(each)
            notes.append(f"{each.key}: {error}")
        except OperatorError as error:
            if env:
                raise
            # An account that is out of reach does not hide the others.
            notes.append(f"{each.key}: {error}")
            failed = True
            continue
        found += stacks
    if json:
        print_json([stack.as_dict() for stack in found])
    elif found:
        _show(found, drift=drift)
    for note in notes:
        stderr.print(note, markup=False)
    raise typer.Exit(1 if failed else 0)


def _show(found: list[StackStatus], *, drift: bool) -> None:
    print_table(
        (
            "stack",
            "serial",
            "last change (UTC)",
            "resources",
            *(("drift",) if drift else ()),
            "lock",
        ),
        [
            (
                stack.stack,
                stack.serial,
                f"{stack.changed:%Y-%m-%d %H:%M}" if stack.changed else "not deployed",
                stack.resources,
                *([stack.drift or "not planned"] if drift else []),
                stack.lock or "free",
            )
            for stack in found
        ],
    )


COMMANDS = (Command("status", status, AFTER, order=20),)
