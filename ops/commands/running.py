"""`inferform list`, `inferform show` and `inferform diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import AskAws, Emulated, EnvironmentKey, completed, environment, environments
from ..output import AsForm, Form, Json, print_json, print_table, stderr, stdout
from ..services import SERVICE_HELP
from . import AFTER, Command

if TYPE_CHECKING:
    from inferform import Environment

    from ..asked import Asked
    from ..listed import Row


def list_services(
    envs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENV", help="Environments. Default: every one.", autocompletion=completed
        ),
    ] = None,
    aws: AskAws = True,
    emulator: Emulated = False,
    format: AsForm = Form.TABLE,
    json: Json = False,
) -> None:
    """List what runs: every service with its version, status, instances, cost and owner.

    What is deployed comes from the states, how it is from AWS. An account that is out of reach leaves
    what the files say; the rest is not known, and stderr says why.

    Example: inferform list prod-euw1
    """
    wanted = [environment(env) for env in envs] if envs else [*environments().environments.values()]
    found = _ask(wanted, aws=aws, emulator=emulator)
    if json or format is Form.JSON:
        print_json([row.as_dict() for row in found.every])
    else:
        for key, rows in found.rows.items():
            _list(key, rows)
    _note(found)


def _list(key: str, rows: list[Row]) -> None:
    """One environment. A column that nothing is known of is left out, and named below."""
    from ..state import NOT_KNOWN

    if not rows:
        stdout.print(f"{key} has no services")
        return
    columns = {
        "service": [row.service.full_name for row in rows],
        "version": [row.running for row in rows],
        "status": [row.status for row in rows],
        "instances": [row.instances for row in rows],
        "traffic": [row.traffic for row in rows],
        "a month": [row.money for row in rows],
        "last deploy (UTC)": [row.changed for row in rows],
        "by": [row.by for row in rows],
        "owner": [row.owner for row in rows],
    }
    empty = [name for name, cells in columns.items() if set(cells) <= {NOT_KNOWN}]
    shown = {name: cells for name, cells in columns.items() if name not in empty and any(cells)}
    print_table(list(shown), list(zip(*shown.values(), strict=True)), title=key)
    if empty:
        stdout.print(f"not known: {', '.join(empty)}")


def show(
    env: EnvironmentKey,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=SERVICE_HELP)],
    aws: AskAws = True,
    emulator: Emulated = False,
    format: AsForm = Form.TABLE,
    json: Json = False,
) -> None:
    """Show one service: what it is, what is deployed of it, and where to look.

    Example: inferform show prod-euw1 fraud
    """
    from ..links import links
    from ..listed import described
    from ..services import find

    found = environment(env)
    wanted = find(found, service)
    asked = _ask([found], aws=aws, emulator=emulator, only=wanted.full_name)
    [row] = asked.every
    places = links(wanted)
    if json or format is Form.JSON:
        print_json({**row.as_dict(), "links": {each.title: each.url for each in places}})
    else:
        facts = [*described(row), *((each.title, each.url) for each in places)]
        width = max(len(name) for name, _ in facts)
        stdout.print(wanted.full_name, style="bold")
        for name, text in facts:
            stdout.print(f"  {name:<{width}}  {text}")
    _note(asked)


def diff(
    env: EnvironmentKey,
    other: Annotated[
        str,
        typer.Argument(
            metavar="OTHER", help="The environment to compare.", autocompletion=completed
        ),
    ],
    deployed: Annotated[
        bool,
        typer.Option("--deployed", help="Compare what the states hold, and not the files."),
    ] = False,
    emulator: Emulated = False,
    format: AsForm = Form.TABLE,
    json: Json = False,
) -> None:
    """Show the services whose versions differ between two environments.

    Example: inferform diff staging-euw1 prod-euw1
    """
    from ..listed import difference

    one, two = environment(env), environment(other)
    asked = _ask([one, two], aws=deployed, emulator=emulator)
    differing = difference(asked.rows[one.key], asked.rows[two.key])
    if json or format is Form.JSON:
        print_json([each.as_dict() for each in differing])
    elif differing:
        print_table(
            ("service", one.key, two.key),
            [(each.service, each.one or "none", each.other or "none") for each in differing],
        )
    else:
        stdout.print(f"{one.key} and {two.key} have the same services in the same versions")
    _note(asked)


def _ask(wanted: list[Environment], *, aws: bool, emulator: bool, only: str | None = None) -> Asked:
    from ..asked import asked

    with stderr.status("reading states and AWS" if aws else "reading the files"):
        return asked(wanted, aws=aws, emulator=emulator, only=only)


def _note(asked: Asked) -> None:
    for note in asked.notes:
        stderr.print(note, markup=False)


COMMANDS = (
    Command("list", list_services, AFTER, order=10),
    Command("show", show, AFTER, order=11),
    Command("diff", diff, AFTER, order=12),
)
