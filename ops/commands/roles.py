"""`inferform roles`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ..environments import EnvironmentKey, environment, environments
from ..output import Json, print_json, print_table, stdout, write
from . import BEGIN, Command


def roles(
    key: EnvironmentKey,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write the policies as JSON into this folder."),
    ] = None,
    json: Json = False,
) -> None:
    """Show what the deploy role, the plan role and the permissions boundary need, for a team that makes roles
    itself.

    The policies are those of the identity layer, for all environments of the folder that name the same roles. With
    `identity` in an environment the trust policies let in whom it names. Asks AWS nothing.

    Example: inferform roles dev-use1 --output roles
    """
    import json as text

    from ..roles import needed

    found = needed(environment(key), environments().environments.values())
    for each in found if output else ():
        for name, document in each.documents.items():
            write(Path(str(output)) / name, text.dumps(document, indent=2) + "\n")
    if json:
        print_json([asdict(each) for each in found])
        return
    print_table(
        ("what", "ARN", "characters", "longest session"),
        [
            (each.kind, each.arn, f"{each.characters:,}", f"{each.session_seconds or 3600} s")
            if each.trust
            else (each.kind, each.arn, f"{each.characters:,}", "")
            for each in found
        ],
    )
    if output:
        stdout.print(f"wrote {output}: a policy of each, and whom the roles trust")


COMMANDS = (Command("roles", roles, BEGIN, order=22),)
