"""One file per operator command or family of commands, each found by itself.

A file has `COMMANDS`, a tuple of `Command`. Nothing else has to be edited to add one.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from ..errors import OperatorError


@dataclass(frozen=True, slots=True, order=True)
class Panel:
    """A heading of `inferform --help`. Panels stand in the order of their numbers."""

    order: int
    title: str


BEGIN = Panel(1, "Begin")
BEFORE = Panel(2, "Before a deploy")
DEPLOY = Panel(3, "Deploy")
AFTER = Panel(4, "After a deploy")
RELEASES = Panel(5, "Releases")
LOOK_UP = Panel(6, "Look up")
BROKEN = Panel(99, "Cannot be loaded")

_ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a family of commands, of `inferform`."""

    name: str

    body: Callable[..., Any] | typer.Typer
    """The function that runs it, or the Typer with the commands of a family."""

    panel: Panel
    """The heading of the help under which it stands."""

    order: int = 100
    """Where it stands under its heading; equal numbers stand by name. Default: at the end."""

    def add_to(self, app: typer.Typer) -> None:
        """Add it to the application."""
        if isinstance(self.body, typer.Typer):
            app.add_typer(self.body, name=self.name, rich_help_panel=self.panel.title)
            return
        app.command(
            self.name,
            rich_help_panel=self.panel.title,
            context_settings=_ANY_ARGUMENTS if self.panel is BROKEN else None,
        )(self.body)


def found() -> list[Command]:
    """The commands of every file in this folder, in the order of the help.

    The commands of a file that cannot be loaded say why when they are run.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    commands = [command for name in names for command in _of(name)]
    return sorted(commands, key=lambda each: (each.panel, each.order, each.name))


def _of(name: str) -> list[Command]:
    try:
        commands = list(importlib.import_module(f"{__name__}.{name}").COMMANDS)
        for command in commands:
            _check(command)
    # A broken file, or one that ends the program, must not take the other commands away.
    except (Exception, SystemExit) as error:
        return list(_broken(name, error))
    return commands


def _check(command: Command) -> None:
    """Raise what keeps a command from standing beside the others."""
    for field, kind in (("name", str), ("panel", Panel), ("order", int)):
        if not isinstance(getattr(command, field), kind):
            raise TypeError(f"{field} of {command!r} is no {kind.__name__}")
    # Typer reads the parameters of all commands when it runs one.
    command.add_to(app := typer.Typer())
    typer.main.get_command(app)


def _broken(name: str, error: BaseException) -> Iterator[Command]:
    reason = f"ops/commands/{name}.py cannot be loaded: {type(error).__name__}: {error}"

    def broken() -> None:
        raise OperatorError(reason, "the commands of the other files work")

    # The help is read as Rich's markup.
    broken.__doc__ = reason.replace("[", r"\[")
    spec = importlib.util.find_spec(f"{__name__}.{name}")
    source = Path(spec.origin).read_text("utf-8", "replace") if spec and spec.origin else ""
    written = re.findall(r"\bCommand\(\s*\"([\w-]+)\"", source)
    for command in written or [name.replace("_", "-")]:
        yield Command(command, broken, BROKEN)
