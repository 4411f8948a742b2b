"""`inferform doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ..environments import Emulated, environment
from ..output import Json, print_json, print_table, stderr, stdout
from . import BEGIN, Command


def doctor(
    envs: Annotated[
        list[str] | None,
        typer.Argument(metavar="ENV", help="Environments whose state buckets are looked for."),
    ] = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show what is there of what the commands need, what is missing, and how to get it.

    Python, Node.js, CDKTF, Terraform or OpenTofu, the AWS provider, credentials (names, never
    values), a container engine. Changes nothing. Exit status 1 when something is missing without
    which nothing works, or the state bucket of a named environment is not found.

    Example: inferform doctor dev-use1
    """
    from .. import doctor as operations
    from ..aws import emulator_in_use

    chosen = [environment(name) for name in envs or ()]
    with stderr.status("looking"):
        parts = operations.examine(chosen, emulator_in_use() if emulator else None)
    missing = [part for part in parts if part.needed and part.status != "found"]
    if json:
        print_json({"ready": not missing, "parts": [asdict(part) for part in parts]})
    else:
        print_table(("what", "", "where"), [(part.name, part.status, part.what) for part in parts])
        for part in parts:
            if part.hint:
                stdout.print(f"{part.name}: {part.hint}")
    raise typer.Exit(1 if missing else 0)


COMMANDS = (Command("doctor", doctor, BEGIN, order=5),)
