"""`inferform models resolve` and `inferform models rollouts`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment, environments
from ..output import Approve, Json, confirm, print_json, print_table, stderr, stdout
from . import RELEASES, Command

family = typer.Typer(help="What endpoints serve, and how it changes.", no_args_is_help=True)


@family.command()
def resolve(
    env: EnvironmentKey,
    group: Annotated[
        str, typer.Argument(metavar="GROUP", help="A model package group, by short or full name.")
    ],
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Pin the latest approved version of a model package group in an environment's file.

    Synthesis never asks AWS: what is deployed is the version that stands in the file.

    Example: inferform models resolve staging-euw1 fraud
    """
    from .. import models
    from ..aws import Aws, emulator_in_use

    found = environment(env)
    loaded = environments()
    pins = models.pins_of(found, group)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status(f"looking for approved versions of {group}"):
        latest = {pin.arn: models.latest_approved(pin, aws) for pin in pins.values()}
    edit = models.plan(loaded, found.key, pins, latest)
    if json:
        print_json({"file": str(edit.file), "changes": edit.changes})
    else:
        stdout.print(edit.diff, markup=False, end="")
    confirm(f"edit {edit.file.name}?", auto_approve)
    edit.make()
    if not json:
        stdout.print(f"{edit.file.name} is edited; review and deploy {found.key}")


@family.command()
def rollouts(env: EnvironmentKey, json: Json = False) -> None:
    """Show how updates reach each endpoint, and how long one takes at worst.

    Example: inferform models rollouts prod-euw1
    """
    from .. import models

    rows = models.rollouts(environment(env))
    if json:
        print_json(rows)
        return
    columns = ("endpoint", "kind", "variants", "rollout", "waits", "at worst", "alarms")
    print_table(columns, [_shown(row) for row in rows])


def _shown(row: dict[str, object]) -> list[object]:
    return [
        f"{int(str(value)) / 60:.0f} min"
        if key.endswith("seconds") and value is not None
        else value
        for key, value in row.items()
    ]


COMMANDS = (Command("models", family, RELEASES, order=50),)
