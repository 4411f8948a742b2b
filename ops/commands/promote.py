"""`inferform promote`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated, environment, environments, repeated
from ..errors import BadInputError
from ..output import Approve, Json, confirm, print_json, stderr, stdout
from ..services import SERVICE_HELP
from . import RELEASES, Command


def promote(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=SERVICE_HELP)],
    source: Annotated[str, typer.Option("--from", metavar="ENV", help="Where it is in service.")],
    target: Annotated[str, typer.Option("--to", metavar="ENV", help="Whose file is edited.")],
    unverified: Annotated[
        bool, typer.Option(help="Promote a service that nothing can verify, as by GitOps.")
    ] = False,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Promote the release of a service from one environment to another, in the latter's file.

    Only image tag or digest, artifact or model package change, and only after the diff was
    shown.

    Example: inferform promote fraud --from staging --to prod
    """
    from .. import promote as operations
    from ..aws import Aws, emulator_in_use

    loaded = environments()
    giver, taker = environment(source).key, environment(target).key
    if giver == taker:
        raise BadInputError(f"{giver} cannot be promoted to itself")
    promotion = operations.plan(loaded, service, giver, taker)
    found = loaded.environments[giver]
    with stderr.status(f"looking at {service} in {giver}"):
        aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
        operations.require_in_service(found, service, aws, unverified=unverified)
    if not json:
        stdout.print(promotion.diff, markup=False, end="")
    confirm(f"edit {promotion.file.name}?", auto_approve)
    promotion.make()
    copies = operations.copies(found, environment(taker), service)
    if json:
        file = str(promotion.file)
        print_json({"file": file, "changes": promotion.changes, "copies": copies})
        return
    stdout.print(f"{promotion.file.name} is edited")
    if copies:
        stdout.print(f"{taker} looks elsewhere than {giver}; where it is not there yet:")
    for command in copies:
        stdout.print(f"  {command}", markup=False)
    more = repeated(emulator)
    stdout.print(f"then inferform preflight {taker}{more}, inferform review {taker}{more}")


COMMANDS = (Command("promote", promote, RELEASES, order=20),)
