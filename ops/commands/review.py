"""`inferform review`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import DEFAULT, Changed, Compared, Emulated, Parallelism, Preflight
from ..errors import BadInputError
from ..output import stdout, write
from ..told import Severity
from . import BEFORE, Command

if TYPE_CHECKING:
    from ..review.report import Report


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


def _severity(text: str) -> Severity:
    try:
        return Severity[text.upper()]
    except KeyError:
        words = ", ".join(map(str, Severity))
        raise typer.BadParameter(f"must be one of {words}, got {text}") from None


def review(
    envs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENV", help="Environments to plan, or names and patterns of stacks."
        ),
    ] = None,
    plan: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Review the output of terraform show -json instead; repeatable."
        ),
    ] = None,
    format: Annotated[
        list[Format] | None,
        typer.Option(
            metavar="FORMAT",
            help="text, markdown, html or json; repeatable. Default: as the --output is named.",
        ),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Where to, one for each format. Default: here."),
    ] = None,
    checkov: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Checkov's JSON, whose findings the report shows too."),
    ] = None,
    read_only: Annotated[
        bool,
        typer.Option(
            "--read-only", help="Plan with the environments' plan roles; nothing to apply is saved."
        ),
    ] = False,
    level: Annotated[
        bool,
        typer.Option(
            "--level",
            help="Keep the plans alone that can be applied now: what depends on a stack that changes is "
            "planned after that.",
        ),
    ] = False,
    changed: Changed = False,
    base: Compared = DEFAULT,
    parallelism: Parallelism = None,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write counts, risks, cost and what is left as NAME=value, for the next step of a "
            "pipeline.",
        ),
    ] = None,
    preflight: Preflight = True,
    fail_on: Annotated[
        Severity | None,
        typer.Option(
            metavar="SEVERITY",
            parser=_severity,
            help="Exit with status 3 if a risk is at least this severe: low, medium, high or critical.",
        ),
    ] = None,
    emulator: Emulated = False,
) -> None:
    """Say what a deploy would do: services first, then risks, cost and every change.

    Plans are saved in .inferform/plans; inferform apply applies them.

    Example: inferform review dev-use1 --output review.html
    """
    outputs = output or []
    formats = format or [_format_of(file) for file in outputs] or [Format.TEXT]
    if outputs and len(outputs) != len(formats):
        raise BadInputError("give as many --output as --format")
    if len(formats) > 1 and not outputs:
        raise BadInputError("several formats need an --output each")
    if bool(envs) == bool(plan):
        raise BadInputError(
            "give environments to plan, or plans to read",
            "inferform review dev-use1, or inferform review --plan plan.json",
        )
    if level and (plan or read_only):
        raise BadInputError("--level keeps plans, and so goes with neither --plan nor --read-only")
    if changed and (plan or level):
        raise BadInputError(
            "--changed plans some stacks, and so goes with neither --plan nor --level"
        )
    report = (
        _read(plan, checkov)
        if plan
        else _made(
            envs or [],
            checkov,
            emulator=emulator,
            read_only=read_only,
            preflight=preflight,
            level=level,
            base=base if changed else "",
            parallelism=parallelism,
        )
    )
    if export is not None:
        from ..review.exported import write

        write(report, export)
    for index, chosen in enumerate(formats):
        _write(report, chosen, outputs[index] if outputs else None)
    if any(stack.status == "failed" for stack in report.stacks):
        raise typer.Exit(1)
    if fail_on is not None and report.worst is not None and report.worst >= fail_on:
        raise typer.Exit(3)


def _format_of(file: Path) -> Format:
    """The format that a file's name asks for."""
    named = {".md": Format.MARKDOWN, ".html": Format.HTML, ".json": Format.JSON}
    return named.get(file.suffix.lower(), Format.TEXT)


def _read(files: Sequence[Path], checkov: Path | None) -> Report:
    from ..review.reviewing import review_files

    return review_files(files, checkov=checkov)


def _made(
    keys: Sequence[str],
    checkov: Path | None,
    *,
    emulator: bool,
    read_only: bool,
    preflight: bool,
    level: bool,
    base: str,
    parallelism: int | None,
) -> Report:
    from ..aws import emulator_in_use
    from ..program import Program
    from ..progress import followed
    from ..review.reviewing import review_environments

    program = Program.of(emulator_in_use() if emulator else None)
    with followed() as follow:
        return review_environments(
            keys,
            program,
            checkov=checkov,
            read_only=read_only,
            preflight=preflight,
            lowest=level,
            base=base,
            parallelism=parallelism,
            follow=follow,
        )


def _write(report: Report, chosen: Format, output: Path | None) -> None:
    from ..review.renderers import FORMATS
    from ..review.renderers.text import print_report

    if output is None and chosen is Format.TEXT and stdout.is_terminal:
        print_report(report, stdout)
        return
    text = FORMATS[chosen.value](report)
    if output is None:
        typer.echo(text, nl=False)
        return
    write(output, text)


COMMANDS = (Command("review", review, BEFORE, order=10),)
