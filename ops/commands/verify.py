"""`inferform verify`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Json, print_json, print_table, stderr, stdout
from . import AFTER, Command, on_emulator


def verify(
    env: EnvironmentKey,
    samples: Annotated[
        Path | None,
        typer.Option(help="A folder of request bodies: fraud.csv or fraud.json for fraud."),
    ] = None,
    callers: Annotated[
        Path | None,
        typer.Option(help="A JSON file with token and api_key by API: http.front, rest.models."),
    ] = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Check after an apply that what runs is what the states say, healthy, and answers.

    A rollout that SageMaker rolled back is reported with its reason. Each route of an API is sent
    one request, signed where IAM lets callers in; one that needs a token or a key is not tried
    without --callers. Exit status 1 when anything failed.

    Example: inferform verify prod-euw1 --samples samples
    """
    from ..aws import Aws, emulator_in_use
    from ..callers import read
    from ..verify import verify as run

    found = environment(env)
    if samples is not None and not samples.is_dir():
        raise BadInputError(f"{samples} is not a folder")
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status(f"verifying {env}"):
        findings = run(found, aws, samples, read(callers, found) if callers else None)
    if emulator:
        findings = [replace(each, fix=on_emulator(each.fix)) for each in findings]
    failed = [finding for finding in findings if finding.outcome == "failed"]
    if json:
        print_json([finding.as_dict() for finding in findings])
    else:
        print_table(
            ("result", "check", "found"),
            [(f.outcome, f.check.label, f"{f.subject}: {f.found}") for f in findings],
        )
        for finding in failed:
            stdout.print(f"{finding.subject} {finding.found}\n  {finding.fix}", markup=False)
    raise typer.Exit(1 if failed else 0)


COMMANDS = (Command("verify", verify, AFTER, order=10),)
