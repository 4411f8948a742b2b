"""One file per operator command or family of commands, each found by itself.

A file has `COMMANDS`, a tuple of `Command`. Nothing else has to be edited to add one. Help is plain
text: what reads like Rich's markup is shown as it stands.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from ..errors import BadInputError, OperatorError


@dataclass(frozen=True, slots=True, order=True)
class Panel:
    """A heading of `inferform --help`. Panels stand in the order of their numbers."""

    order: int
    title: str


def named_values(words: Iterable[str], what: str, example: str) -> dict[str, str]:
    """Values that are written as NAME=VALUE. Raises BadInputError for one that is not."""
    found = {}
    for each in words:
        name, equals, value = each.partition("=")
        if not equals:
            raise BadInputError(f"{each} is no {what}", f"write NAME=VALUE, such as {example}")
        found[name] = value
    return found


BEGIN = Panel(1, "Begin")
BEFORE = Panel(2, "Before a deploy")
DEPLOY = Panel(3, "Deploy")
AFTER = Panel(4, "After a deploy")
RELEASES = Panel(5, "Releases")
LOOK_UP = Panel(6, "Look up")
BROKEN = Panel(99, "Cannot be loaded")


class _Switches:
    """A command that shows no <bool> behind its switches, as if a value had to follow."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options, of which each may come from Typer itself."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for each in params:
            if isinstance(each, TyperOption) and each.is_flag and each.metavar is None:
                each.metavar = ""
        return params


class Family(_Switches, TyperGroup):
    """A family of commands."""


class _Command(_Switches, TyperCommand):
    """A command whose help is text, and no markup.

    Where it works on the emulator, so do the commands that its errors name.
    """

    emulated = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for shown in (self, *self.params):
            if isinstance(shown, TyperArgument | TyperCommand | TyperOption) and shown.help:
                shown.help = escape(shown.help)

    def invoke(self, ctx: Any) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            if self.emulated or ctx.params.get("emulator"):
                error.reword(on_emulator)
            raise


class _Emulated(_Command):
    """A command that always works on the emulator."""

    emulated = True


class _Family(Family):
    """A family whose help is text, and no markup."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.help = escape(self.help) if self.help else None


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

    note: str = ""
    """What is said on stderr before it runs. Default: nothing."""

    emulated: bool = False
    """Whether it always works on the emulator. Default: where it is given `--emulator`."""

    def add_to(self, app: typer.Typer) -> None:
        """Add it to the application."""
        title = escape(self.panel.title)
        if isinstance(self.body, typer.Typer):
            _without_markup(self.body)
            app.add_typer(self.body, name=self.name, cls=_Family, rich_help_panel=title)
            return
        app.command(
            self.name,
            cls=_Emulated if self.emulated else _Command,
            rich_help_panel=title,
            context_settings=_ANY_ARGUMENTS if self.panel is BROKEN else None,
        )(self.body)


def _without_markup(family: typer.Typer) -> None:
    for command in family.registered_commands:
        command.cls = _Command
    for group in family.registered_groups:
        group.cls = _Family
        if group.typer_instance is not None:
            _without_markup(group.typer_instance)


def found() -> list[Command]:
    """The commands of every file in this folder, in the order of the help.

    The commands of a file that cannot be loaded say why when they are run, and so does a command
    whose name one of an earlier file has, under the name of its file.
    """
    owners: dict[str, str] = {}
    commands: dict[str, Command] = {}
    for module in pkgutil.iter_modules(__path__):
        for command in _of(module.name):
            name = command.name
            if name not in commands:
                owners[name], commands[name] = module.name, command
                continue
            free = _free(module.name.replace("_", "-"), commands)
            owners[free] = module.name
            if command.panel is BROKEN:
                commands[free] = replace(command, name=free)
                continue
            note = (
                f"the command {name} of ops/commands/{module.name}.py is left out, as "
                f"ops/commands/{owners[name]}.py has one of that name; give it another"
            )
            commands[name] = replace(commands[name], note=note)
            commands[free] = _saying(note, free)
    return sorted(commands.values(), key=lambda each: (each.panel, each.order, each.name))


def needed(arguments: Sequence[str]) -> list[Command]:
    """The commands of the one file that writes the name which was given; all where that is not told
    by a name alone, as for the help, a name that is not known, or one that two files have."""
    name = next(iter(arguments), "")
    files = [each.name for each in pkgutil.iter_modules(__path__) if name in _written(each.name)]
    own = _of(files[0]) if len(files) == 1 else []
    return own if sum(each.name == name for each in own) == 1 else found()


_NAMED = re.compile(r"\binferform((?: [a-z][a-z-]*)+)")
_END = re.compile(r"[,;:.] |\n|$")


def on_emulator(text: str) -> str:
    """A text whose commands of ours work on the emulator, where they can."""
    return _NAMED.sub(_on_emulator, text)


def _on_emulator(named: re.Match[str]) -> str:
    words = named[1].split()
    command = words[: _length(words)]
    shown = " ".join(["inferform", *command])
    rest = named.string[named.start() + len(shown) :]
    if not command or "--emulator" in _END.split(rest, maxsplit=1)[0]:
        return named[0]
    return f"{shown} --emulator{named[0][len(shown) :]}"


def _length(words: Sequence[str]) -> int:
    """How many of the words are a command that has `--emulator`; 0 where they begin with none."""
    app = typer.Typer()
    app.callback()(lambda: None)
    for each in needed(words):
        each.add_to(app)
    found: Any = typer.main.get_group(app)
    length = 0
    while length < len(words) and words[length] in getattr(found, "commands", ()):
        found = found.commands[words[length]]
        length += 1
    return length if any("--emulator" in each.opts for each in found.params) else 0


def _free(name: str, taken: Iterable[str]) -> str:
    numbers = (f"{name}-{number}" for number in range(2, len([*taken]) + 3))
    return next(each for each in (name, *numbers) if each not in taken)


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
    if not isinstance(command, Command):
        raise TypeError(f"{command!r} of COMMANDS is no Command")
    for field, kind in (("name", str), ("panel", Panel), ("order", int)):
        if not isinstance(getattr(command, field), kind):
            raise TypeError(f"{field} of {command!r} is no {kind.__name__}")
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", command.name):
        raise ValueError(f"the name {command.name!r} is not of letters, digits and hyphens")
    # Typer reads the parameters of all commands when it runs one.
    command.add_to(app := typer.Typer())
    typer.main.get_command(app)


def _broken(name: str, error: BaseException) -> Iterator[Command]:
    reason = f"ops/commands/{name}.py cannot be loaded: {type(error).__name__}: {error}"
    for command in _written(name) or [name.replace("_", "-")]:
        yield _saying(reason, command)


def _written(name: str) -> list[str]:
    """The names of commands that a file writes as literals; it is not run."""
    spec = importlib.util.find_spec(f"{__name__}.{name}")
    source = Path(spec.origin).read_text("utf-8", "replace") if spec and spec.origin else ""
    return re.findall(r"\bCommand\(\s*[\"']([\w-]+)[\"']", source)


def _saying(reason: str, name: str) -> Command:
    """A command that only says why it cannot be run."""

    def broken() -> None:
        raise OperatorError(reason, "the other commands work")

    broken.__doc__ = reason
    return Command(name, broken, BROKEN)
