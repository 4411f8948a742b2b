"""`inferform fit`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import EnvironmentKey, environment
from ..output import Json, print_json
from . import BEFORE, Command


def fit(
    env: EnvironmentKey,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Only this one, by its short name.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw which copies of inference components fit on which instances.

    At the fewest copies and at the most, on each instance type. SageMaker places copies itself; how
    many instances they take is an estimate.

    Example: inferform fit dev-use1
    """
    from .. import fitted

    found = fitted.drawings(environment(env), endpoint)
    if json:
        print_json(found)
        return
    for number, (name, lines) in enumerate(found.items()):
        typer.echo("\n".join([*([""] if number else []), name, *(f"  {line}" for line in lines)]))


COMMANDS = (Command("fit", fit, BEFORE, order=45),)
