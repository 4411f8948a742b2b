"""`inferra promote`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated, environment, environments
from ..errors import BadInputError
from ..output import Json, print_json, stderr, stdout


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("promote")(promote)


def promote(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="An endpoint's short name.")],
    source: Annotated[str, typer.Option("--from", metavar="ENV", help="Where it is in service.")],
    target: Annotated[str, typer.Option("--to", metavar="ENV", help="Whose file is edited.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Give an environment's file the release that another environment has in service.

    Only image tag or digest, artifact or model package change, and only after the diff was
    shown. ENV is a key such as prod-use1, or a stage that has one environment.

    Example: inferra promote fraud --from staging --to prod
    """
    from .. import promote as operations
    from ..aws import Aws, emulator_in_use

    loaded = environments()
    giver, taker = _key(source), _key(target)
    if giver == taker:
        raise BadInputError(f"{giver} cannot be promoted to itself")
    promotion = operations.plan(loaded, service, giver, taker)
    found = loaded.environments[giver]
    with stderr.status(f"looking at {service} in {giver}"):
        aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
        operations.require_in_service(found, service, aws)
    if json:
        print_json({"file": str(promotion.file), "changes": promotion.changes})
    else:
        stdout.print(promotion.diff, markup=False, highlight=False, end="")
    if not yes:
        if not stdout.is_terminal:
            raise BadInputError("there is nobody to ask", "--yes edits the file without asking")
        typer.confirm(f"edit {promotion.file.name}?", abort=True)
    promotion.make()
    if not json:
        stdout.print(f"{promotion.file.name} is edited; review and deploy {taker}", highlight=False)


def _key(given: str) -> str:
    known = environments().environments
    staged = [key for key, each in known.items() if each.context.stage == given]
    if given not in known and len(staged) == 1:
        return staged[0]
    if len(staged) > 1:
        raise BadInputError(
            f"{given} is {len(staged)} environments", f"name one: {', '.join(staged)}"
        )
    return environment(given).key
