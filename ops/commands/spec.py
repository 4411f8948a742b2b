"""`inferform spec`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output import Json, print_json, print_table, stdout
from . import LOOK_UP, Command


def spec(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A Spec: RealtimeEndpoint. Default: list all."),
    ] = None,
    json: Json = False,
) -> None:
    """Show the fields of a Spec: type, default, unit, limits, rules and AWS's names.

    With --json, print its JSON Schema.

    Example: inferform spec RealtimeEndpoint
    """
    from ..specs import exported, json_schema, named, own, page, printed

    if name is not None:
        found = named(name)
        if json:
            print_json(json_schema(found))
            return
        for line in printed(page(found), min(stdout.width, _WIDEST)):
            stdout.print(line)
        return
    pages = [page(each) for each in {**exported(), **own()}.values()]
    if json:
        print_json([{"name": each.name, "is": each.summary} for each in pages])
        return
    print_table(("spec", "is"), [(each.name, each.summary) for each in pages])


_WIDEST = 80
"""The most columns of a line: longer ones are hard to read."""


COMMANDS = (Command("spec", spec, LOOK_UP, order=15),)
