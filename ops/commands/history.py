"""`inferform history`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..output import AsForm, Form, Json, print_json, print_table, stderr, stdout
from ..services import SERVICE_HELP
from . import RELEASES, Command

_REACHED = {True: "yes", False: "no", None: "not known"}


def history(
    env: EnvironmentKey,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=SERVICE_HELP)],
    emulator: Emulated = False,
    format: AsForm = Form.TABLE,
    json: Json = False,
) -> None:
    """Show the releases of a service, newest first: which version, when, by whom, and whether it came
    into service.

    They are read from the versions of its state, and who from Terraform's locks, as far as the state
    bucket keeps both.

    Example: inferform history prod-euw1 fraud
    """
    from .. import releases as operations
    from ..aws import Aws, emulator_in_use
    from ..state import NOT_KNOWN

    found = environment(env)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    damaged: list[str] = []
    with stderr.status(f"reading the states of {service}"):
        releases = operations.history(found, service, aws, damaged)
    for each in damaged:
        stderr.print(each)
    if json or format is Form.JSON:
        print_json([each.as_dict() for each in releases])
    elif releases:
        print_table(
            ("version", "since (UTC)", "by", "in service", "version of the state"),
            [
                (
                    each.version,
                    f"{each.when:%Y-%m-%d %H:%M:%S}" if each.when else NOT_KNOWN,
                    each.who,
                    _REACHED[each.reached],
                    each.state,
                )
                for each in releases
            ],
        )
    else:
        stdout.print(f"no version of the state of {found.key} has {service}")


COMMANDS = (Command("history", history, RELEASES, order=30),)
