"""`inferform`: the operator's command. Each file of `ops/commands` adds its own."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from typer.models import CommandInfo

from inferform.spec import SpecError

from . import commands
from .errors import BadInputError, OperatorError
from .masking import mask_text
from .output import stderr
from .project import own_version

if TYPE_CHECKING:
    app: typer.Typer
    """Every command. It is made when it is asked for."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"inferform {own_version()}")
        raise typer.Exit


_NOTES: dict[str, str] = {}


def inferform(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """ML inference infrastructure on AWS, from typed Python to running endpoints."""
    note = _NOTES.get(context.invoked_subcommand or "")
    if note:
        stderr.print(note, markup=False)


def _commands(family: typer.Typer) -> Iterator[CommandInfo]:
    yield from family.registered_commands
    for group in family.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance)


def _join_lines(app: typer.Typer) -> None:
    """Join the lines of each paragraph of the help; a terminal breaks them by its own width."""
    for command in _commands(app):
        paragraphs = (inspect.getdoc(command.callback) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(lines.split("\n")) for lines in paragraphs)


def _made(wanted: Iterable[commands.Command]) -> typer.Typer:
    """The application with some commands."""
    made = typer.Typer(
        name="inferform",
        cls=commands.Family,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    made.callback()(inferform)
    for each in wanted:
        each.add_to(made)
        _NOTES[each.name] = each.note
    _join_lines(made)
    return made


def __getattr__(name: str) -> typer.Typer:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()["app"] = _made(commands.found())
    return made


def _run() -> None:
    """Run what was asked for, without the commands that nobody asked for: reading the parameters of all
    takes longer than most commands run."""
    run = globals().get("app")
    if run is None:
        try:
            run = _made(commands.needed(sys.argv[1:]))
        except KeyboardInterrupt:
            sys.exit(130)  # as Typer does once a command runs
    run()


def main() -> None:
    """Run the command. Exit status 0; 1 when it failed; 2 when the input was wrong; 3 when all was
    applied and whether it serves is not known; 4 when it would apply what was not approved."""
    try:
        _run()
    except SpecError as error:
        stderr.print(str(error), markup=False)
        sys.exit(BadInputError.status)
    except Exception as error:
        # The packages are not imported here, as most commands do without them.
        if not isinstance(error, OperatorError) and not _is_told(error):
            raise
        stderr.print(mask_text(str(error)), markup=False)
        sys.exit(error.status if isinstance(error, OperatorError) else OperatorError.status)


def _is_told(error: Exception) -> bool:
    """True for botocore and emulator errors, which are printed without a traceback."""
    return type(error).__module__.startswith(("botocore.", "inferform_emulator.process"))


if __name__ == "__main__":
    main()
