"""`inferform logs`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..output import Json, print_json, print_table, stderr
from ..services import SERVICE_HELP
from . import AFTER, Command


def logs(
    env: EnvironmentKey,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=SERVICE_HELP)],
    since: Annotated[str, typer.Option(help="How far to look back: 90m, 6h or 2d.")] = "1h",
    query: Annotated[
        str, typer.Option(help="A saved query: latest, errors, errors-by-hour, out-of-memory.")
    ] = "latest",
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show the log of a service by a saved query of CloudWatch Logs Insights.

    AWS bills what a query reads. Values that look like secrets are hidden.

    Example: inferform logs prod-euw1 fraud --since 6h --query errors
    """
    import time

    from .. import logs as source
    from ..aws import Aws, emulator_in_use
    from ..services import find_watched

    found = environment(env)
    wanted = find_watched(found, service)
    text, back = source.query_text(wanted, query), source.span(since)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status(f"reading the log of {wanted.full_name}"):
        lines = source.read(wanted, aws, text=text, since=back, now=time.time())
    if json:
        print_json([dict(zip(lines.columns, row, strict=True)) for row in lines.rows])
        return
    if lines.rows:
        print_table(lines.columns, lines.rows)
    stderr.print(f"{len(lines.rows)} lines, of {lines.scanned_mib:.1f} MiB read", markup=False)


COMMANDS = (Command("logs", logs, AFTER, order=31),)
