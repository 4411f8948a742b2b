"""`inferform rollout`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import OperatorError
from ..output import Json, print_json, stderr, stdout
from . import DEPLOY, Command


def rollout(
    env: EnvironmentKey,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="A service that CodeDeploy moves.")
    ],
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

    found = environment(env)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status(f"rolling out {service}"):
        done = operations.start(found, service, aws)
        if done is not None and wait:
            done = operations.wait(aws, done)
    if done is None:
        if json:
            print_json({"deployment": None, "status": "unchanged"})
        else:
            stdout.print(f"{service} serves what the last apply made already")
        return
    if json:
        print_json(asdict(done))
    else:
        text = f"{service}: deployment {done.deployment} {done.status}"
        stdout.print(text, markup=False)
    if not done.running and done.status != "Succeeded":
        raise OperatorError(
            f"{service} was not moved: {done.reason or done.status}",
            "traffic is where it was; see the deployment's events in CodeDeploy",
        )


COMMANDS = (Command("rollout", rollout, DEPLOY, order=30),)
