"""`inferform publish`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment, environments, repeated
from ..output import Approve, Json, confirm, print_json, stderr, stdout
from ..services import SERVICE_HELP
from . import RELEASES, Command


def publish(
    env: EnvironmentKey,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=SERVICE_HELP)],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Its version, such as 1.4.3.")],
    artifact: Annotated[Path, typer.Argument(metavar="MODEL.TAR.GZ", help="What is uploaded.")],
    review: Annotated[
        bool, typer.Option("--review/--no-review", help="Review what a deploy would do then.")
    ] = True,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Upload a model's artifact, write its version into the environment's file, and review it.

    A version that the file names already, such as the first one, is only uploaded. An artifact for a
    container of AWS's has to hold what that looks for. The file is edited only after the diff was shown.
    Nothing that is there is replaced in S3, and nothing that serves changes before a deploy. --json reviews
    nothing.

    Example: inferform publish dev-use1 fraud 1.4.3 model.tar.gz
    """
    from .. import publish as operations
    from ..archive import check
    from ..aws import Aws, emulator_in_use

    found = environment(env)
    planned = operations.plan(environments(), found.key, service, version)
    check(artifact, planned.models)
    edit = planned.edit
    if edit is not None and not json:
        stdout.print(edit.diff, end="")
    more = f", and edit {edit.file.name}" if edit is not None else ""
    confirm(f"upload {artifact} to {planned.uri}{more}?", auto_approve)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status(f"uploading to {planned.uri}"):
        is_new = operations.upload(artifact, planned.uri, aws)
    if edit is not None:
        edit.make()
    if json:
        print_json(
            {
                "uri": planned.uri,
                "uploaded": is_new,
                "file": str(edit.file) if edit is not None else None,
                "changes": edit.changes if edit is not None else {},
            }
        )
        return
    stdout.print(f"{planned.uri} {'is uploaded' if is_new else 'was there already'}")
    stdout.print(
        f"{edit.file.name} is edited" if edit is not None else f"{found.key} names it already"
    )
    if planned.images:
        stdout.print(
            f"its image has the same version: inferform push {found.key} {service} --tag {version}{repeated(emulator)}"
        )
    if review:
        from .review import review as reviewed

        reviewed([found.key], emulator=emulator)
    else:
        stdout.print(f"then inferform review {found.key}{repeated(emulator)}")


COMMANDS = (Command("publish", publish, RELEASES, order=25),)
