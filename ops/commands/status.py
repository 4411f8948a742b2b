"""`inferform status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated
from ..errors import NotBootstrappedError, OperatorError
from ..output import Json, print_json, print_table, stderr
from . import AFTER, Command

if TYPE_CHECKING:
    from ..status import StackStatus


def status(
    envs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENV",
            help="Environments, or names and patterns of stacks. Default: every stack.",
        ),
    ] = None,
    drift: Annotated[bool, typer.Option("--drift", help="Plan every stack too.")] = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show every stack: its state, its last change, its resources, how long its last plan
    on this machine took, and who holds its lock.

    Exit status 1 when an account was out of reach, or a plan of --drift failed.

    Example: inferform status dev-use1 --drift
    """
    from .. import status as operations
    from ..aws import emulator_in_use
    from ..drift import detect
    from ..program import Program, note_left_out

    program = Program.of(emulator_in_use() if emulator else None)
    with stderr.status("synthesizing"):
        synthesis = program.to_plan("status").synthesize()
    wanted = synthesis.named(envs) if envs else list(synthesis.stacks)
    found: list[StackStatus] = []
    notes: list[str] = []
    failed = False
    for stacks in operations.by_environment(synthesis, wanted):
        whose = stacks[0].environment or stacks[0].name
        try:
            with stderr.status(f"reading the states of {whose}"):
                ours = operations.read(synthesis, stacks)
            if drift:
                deployed = {stack.stack for stack in ours if stack.deployed}
                with stderr.status(f"planning {len(deployed)} stacks of {whose}"):
                    results = detect(synthesis, [s for s in stacks if s.name in deployed])
                summaries = {result.stack: result.summary for result in results}
                ours = operations.with_drift(ours, summaries)
                notes += [f"{result.stack}: {result.error}" for result in results if result.error]
                failed = failed or any(result.error for result in results)
        except NotBootstrappedError as error:
            ours = operations.not_deployed(stacks)
            notes.append(f"{whose}: {error}")
        except OperatorError as error:
            if envs and len(envs) == 1:
                raise
            # An account that is out of reach does not hide the others.
            notes.append(f"{whose}: {error}")
            failed = True
            continue
        found += ours
    if json:
        print_json([stack.as_dict() for stack in found])
    elif found:
        _show(found, drift=drift)
    notes += operations.proposals(synthesis, found)
    for note in notes:
        stderr.print(note, markup=False)
    note_left_out(synthesis, wanted)
    raise typer.Exit(1 if failed else 0)


def _show(found: list[StackStatus], *, drift: bool) -> None:
    print_table(
        (
            "stack",
            "serial",
            "last change (UTC)",
            "resources",
            "last plan (s)",
            *(("drift",) if drift else ()),
            "lock",
        ),
        [
            (
                stack.stack,
                stack.serial,
                _changed(stack),
                stack.resources,
                "" if stack.plan_seconds is None else f"{stack.plan_seconds:.1f}",
                *([stack.drift or "not planned"] if drift else []),
                stack.lock or "free",
            )
            for stack in found
        ],
    )


def _changed(stack: StackStatus) -> str:
    if stack.changed:
        return f"{stack.changed:%Y-%m-%d %H:%M}"
    return "not deployed" if stack.serial is None else "not known"


COMMANDS = (Command("status", status, AFTER, order=20),)
