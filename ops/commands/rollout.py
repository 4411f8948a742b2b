"""`inferform rollout`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import BadInputError, OperatorError
from ..output import Json, print_json, stderr, stdout
from . import DEPLOY, Command

if TYPE_CHECKING:
    from ..rollout import Rollout


def rollout(
    env: EnvironmentKey,
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="A service that CodeDeploy moves.")
    ] = None,
    all: Annotated[
        bool,
        typer.Option("--all", help="Every service that CodeDeploy moves, to the first failure."),
    ] = False,
    wait: Annotated[bool, typer.Option(help="Follow it to its end.")] = True,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Move a service that CodeDeploy rolls out to what the last apply made: a task definition, or a version.

    CodeDeploy shifts the traffic, and back again when an alarm goes off; exit status 1 then.

    Example: inferform rollout prod-euw1 fraud
    """
    from .. import rollout as operations
    from ..aws import Aws, emulator_in_use

    if all is (service is not None):
        raise BadInputError("name a service, or write --all", f"inferform rollout {env} --all")
    found = environment(env)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    told: list[dict[str, object]] = []
    for name in [service] if service is not None else operations.moved_later(found):
        with stderr.status(f"rolling out {name}"):
            done = operations.start(found, name, aws)
            if done is not None and wait:
                done = operations.wait(aws, done)
        told.append({"deployment": None, "status": "unchanged"} if done is None else asdict(done))
        if not json:
            _show(name, done)
        if done is not None and not done.running and done.status != "Succeeded":
            if json:
                print_json(told if all else told[0])
            raise OperatorError(
                f"{name} was not moved: {done.reason or done.status}",
                "traffic is where it was; see the deployment's events in CodeDeploy",
            )
    if json:
        print_json(told if all else told[0])
    elif not told:
        stdout.print(f"{env} has no service that CodeDeploy moves")


def _show(name: str, done: Rollout | None) -> None:
    if done is None:
        stdout.print(f"{name} serves what the last apply made already")
    else:
        stdout.print(f"{name}: deployment {done.deployment} {done.status}", markup=False)


COMMANDS = (Command("rollout", rollout, DEPLOY, order=30),)
