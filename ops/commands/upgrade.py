"""`inferform upgrade`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Json, print_json, stderr, stdout
from . import BEGIN, Command


def upgrade(
    version: Annotated[
        str,
        typer.Argument(
            metavar="VERSION", help="The version, the path of a wheel, or what pip takes."
        ),
    ],
    json: Json = False,
) -> None:
    """Say what another version of Inferform would change in your stacks, before you take it.

    Synthesizes with both versions and compares the Terraform JSON: which resources are changed,
    added, removed, moved, and which get another name in AWS. Asks AWS nothing and changes nothing.

    Example: inferform upgrade 0.2.0
    """
    from .. import upgrade as operations
    from ..program import Program

    with stderr.status("synthesizing with both versions"):
        found = operations.upgrade(version, Program.of(None))
    if json:
        print_json(operations.as_json(found))
        return
    if not found:
        stdout.print(f"{version} changes nothing in the stacks of this project")
        return
    for stack in dict.fromkeys(each.stack for each in found):
        stdout.print(stack)
        for each in (each for each in found if each.stack == stack):
            origin = f" from {each.origin}" if each.origin else ""
            again = ", and created again, as its name changes" if each.renamed else ""
            stdout.print(f"  {each.how}{again}: {each.address or 'the stack'}{origin}")
            for path, (old, new) in each.attributes.items():
                stdout.print(f"    {path}: {operations.shown(old)} → {operations.shown(new)}")


COMMANDS = (Command("upgrade", upgrade, BEGIN, order=40),)
