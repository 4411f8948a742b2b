"""`inferform convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadInputError
from ..output import Json, print_json, stderr, stdout, write
from . import BEGIN, Command


def convert(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="CloudFormation templates, AWS CDK's output, Terraform states, or their plans as JSON.",
        ),
    ],
    organization: Annotated[str, typer.Option(help="The first part of names.")] = "acme",
    stage: Annotated[str, typer.Option(help="The stage of the environment.")] = "dev",
    account: Annotated[str, typer.Option(help="The account, of 12 digits.")] = "111122223333",
    region: Annotated[str, typer.Option(help="The Region.")] = "us-east-1",
    owner: Annotated[str, typer.Option(help="The team that answers for it.")] = "ml",
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A parameter of the templates, one an option."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where to write the environment. Default: to the terminal."
        ),
    ] = None,
    removed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to write the removed blocks for the Terraform project that has it all now.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write an environment's file from what another tool declares, and name what could not be taken.

    Nothing is asked of AWS, and no file is overwritten.

    Example: inferform convert template.yaml --parameter ImageUri=... --output environments/dev.py
    """
    from inferform import Context

    from ..takeover import reading
    from ..takeover.converted import lines, removed_blocks

    given = dict(map(_given, parameter or ()))
    context = Context(
        organization=organization, stage=stage, account=account, region=region, owner=owner
    )
    made = reading.converted(files, context, given)
    _check(output, removed)
    said = list(lines(made))
    if output is not None:
        write(output, made.text)
    if removed is not None:
        write(removed, removed_blocks(made.removed))
    if json:
        print_json(
            {
                "environment": made.text,
                "left": said,
                "adopt": [{"name": name, "as": short} for name, short in made.adopt],
                "removed": list(made.removed),
            }
        )
        return
    if output is None:
        stdout.print(made.text, markup=False, end="")
    for line in said:
        stderr.print(f"not taken as it is: {line}", markup=False)
    for name, short in made.adopt:
        stderr.print(
            f"to take over the one that runs: inferform endpoints adopt {context.key} {name} --as {short}",
            markup=False,
        )


def _check(output: Path | None, removed: Path | None) -> None:
    """Refuse files that cannot be written, before any is."""
    for target in (output, removed):
        if target is not None and target.exists():
            raise BadInputError(
                f"{target} is there already", "write to another file, and merge them"
            )
    if output is not None and output == removed:
        raise BadInputError(f"--output and --removed both name {output}", "write two files")


def _given(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not (name and equals):
        raise BadInputError(
            f"--parameter {parameter} has no value", f"write --parameter {name}=..."
        )
    return name, value


COMMANDS = (Command("convert", convert, BEGIN),)
