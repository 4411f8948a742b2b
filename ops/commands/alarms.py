"""`inferform alarms`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..output import Json, print_json, print_table, stderr, stdout
from . import AFTER, Command


def alarms(
    env: EnvironmentKey,
    in_alarm: Annotated[
        bool, typer.Option("--in-alarm", help="Only those in the state ALARM.")
    ] = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show an environment's alarms: their states, since when and why, and what to do first.

    Keys of the observability layer's are those that composite alarms take; what a service has of its own,
    such as the alarms that roll its updates back, has its name in AWS. Exit status 1 when one fires.

    Example: inferform alarms prod-euw1
    """
    from ..alarms import read
    from ..aws import Aws, emulator_in_use

    found = environment(env)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status(f"reading the alarms of {env}"):
        states = read(found, aws)
    loud = [each for each in states if each.state == "ALARM"]
    shown = loud if in_alarm else states
    if json:
        print_json([each.as_dict() for each in shown])
    else:
        print_table(
            ("state", "since (UTC)", "alarm"),
            [
                (each.state, f"{each.since:%Y-%m-%d %H:%M}" if each.since else "", each.key)
                for each in shown
            ],
        )
        for each in loud:
            stdout.print(f"{each.key}: {each.says}", markup=False)
            stdout.print(f"  why: {each.why}\n  first: {each.do}", markup=False)
    raise typer.Exit(1 if loud else 0)


COMMANDS = (Command("alarms", alarms, AFTER, order=30),)
