"""`inferform rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated, Preflight, environment, repeated
from ..output import Approve, Json, confirm, print_json, stderr, stdout
from ..services import SERVICE_HELP
from . import RELEASES, Command


def rollback(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=SERVICE_HELP)],
    within: Annotated[
        str,
        typer.Option(
            "--in", metavar="ENV", help="Its environment. Default: the only one that has it."
        ),
    ] = "",
    version: Annotated[
        str,
        typer.Option(
            metavar="VERSION", help="The state in which it served what is wanted, by its version."
        ),
    ] = "",
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Deploy the stack as well, once the file is edited.")
    ] = False,
    preflight: Preflight = True,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Write the release that a service had in service before into its environment's file.

    Only image tag or digest, artifact or model package change, and only after the diff was
    shown. Nothing in AWS changes before a deploy.

    Example: inferform rollback fraud --in prod --deploy
    """
    from .. import deploy as deploying
    from .. import rollback as operations
    from ..aws import Aws, emulator_in_use
    from ..environments import environments
    from ..missing import refuse_missing
    from ..program import Program

    program = Program.of(emulator_in_use() if emulator else None)
    loaded = environments(program.environments)
    key = (
        environment(within, program.environments).key
        if within
        else operations.where(loaded, service)
    )
    with stderr.status(f"looking at what {service} served in {key}"):
        aws = Aws(loaded.environments[key].context, emulator=program.emulator)
        found = operations.plan(loaded, service, key, aws, version=version)
    if not json:
        stdout.print(found.story, markup=False)
        stdout.print(found.edit.diff, markup=False, end="")
    question = f"edit {found.edit.file.name}"
    if deploy:
        question += f" and deploy {found.stack}, with all that is not applied there yet"
    confirm(f"{question}?", auto_approve)
    found.edit.make()
    if not json:
        stdout.print(f"{found.edit.file.name} is edited")
    if deploy:
        check = refuse_missing if preflight else deploying.unchecked
        deployment = deploying.deploy([found.stack], program, check=check)
        if not json:
            deploying.report(deployment, program)
        deploying.refuse_unknown(deployment.applied.values())
    if json:
        print_json(
            {
                "file": str(found.edit.file),
                "changes": found.edit.changes,
                "version": found.version,
                "deployed": deploy,
                "then": found.steps(deployed=deploy),
            }
        )
        return
    for step in found.steps(deployed=deploy):
        stdout.print(f"then {step}{repeated(emulator)}", markup=False)


COMMANDS = (Command("rollback", rollback, RELEASES, order=30),)
