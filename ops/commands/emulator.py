"""`inferform emulator start|stop|status|env`."""

from __future__ import annotations

import shlex

import typer

from ..environments import EnvironmentKey, environment
from ..output import Json, print_json, print_table, stdout
from ..terraform import EMULATOR_FOLDER
from . import BEGIN, Command

family = typer.Typer(help="The embedded AWS emulator.", no_args_is_help=True)


@family.command()
def start(json: Json = False) -> None:
    """Start the emulator on a free port of loopback, or show the one that runs.

    Example: inferform emulator start
    """
    from inferform_emulator import process

    running = process.start(EMULATOR_FOLDER)
    _show({"url": running.url, "pid": running.pid}, json=json)


@family.command()
def stop(json: Json = False) -> None:
    """Stop the emulator. It forgets everything that was deployed to it.

    Example: inferform emulator stop
    """
    from inferform_emulator import process

    stopped = process.stop(EMULATOR_FOLDER)
    if json:
        print_json({"stopped": stopped})
        return
    stdout.print("stopped" if stopped else "no emulator runs")


@family.command()
def status(json: Json = False) -> None:
    """Show whether the emulator runs, and where. Exit status 1 when it does not.

    Example: inferform emulator status
    """
    from inferform_emulator import process

    running = process.running(EMULATOR_FOLDER)
    if running is None:
        if json:
            print_json({"url": None, "pid": None})
        else:
            stdout.print("no emulator runs; inferform emulator start starts one")
        raise typer.Exit(1)
    _show({"url": running.url, "pid": running.pid}, json=json)


@family.command("env")
def variables(env: EnvironmentKey, json: Json = False) -> None:
    """Print the variables that direct a shell to an environment's account on the emulator.

    With eval "$(...)" around it, the shell's aws command works there.

    Example: inferform emulator env dev-use1
    """
    from ..aws import Aws, emulator_in_use

    found = Aws(environment(env).context, emulator=emulator_in_use()).shell_variables()
    if json:
        print_json(found)
        return
    for name, value in found.items():
        stdout.print(f"export {name}={shlex.quote(value)}", markup=False)


def _show(values: dict[str, object], *, json: bool) -> None:
    if json:
        print_json(values)
        return
    print_table(tuple(values), [tuple(values.values())])


COMMANDS = (Command("emulator", family, BEGIN, order=30),)
