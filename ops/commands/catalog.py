"""`inferform catalog`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..environments import AskAws, Emulated, completed, environment, environments
from ..output import stderr, stdout, write
from . import AFTER, Command


def catalog(
    envs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENV", help="Environments. Default: every one.", autocompletion=completed
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("catalog.html"),
    source_url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where the project is on the web, to which lines of files lead: "
            "https://github.com/acme/ml/blob/main.",
        ),
    ] = "",
    aws: AskAws = True,
    emulator: Emulated = False,
) -> None:
    """Write one page with what runs: every service with version, status, cost and owner, and a picture of
    each environment.

    It loads nothing from elsewhere and asks for no sign-in, so that it can be sent to anybody who may know
    names and costs.

    Example: inferform catalog --output catalog.html
    """
    from datetime import UTC, datetime

    from ..asked import asked
    from ..catalog import Source, page
    from ..cost.prices import price_table

    loaded = environments()
    wanted = [environment(env) for env in envs] if envs else [*loaded.environments.values()]
    source = Source(loaded.files, source_url)
    with stderr.status("reading states and AWS" if aws else "reading the files"):
        found = asked(wanted, aws=aws, emulator=emulator)
    was_asked = any(row.seen for row in found.every)
    text = page(
        wanted,
        found.rows,
        source,
        price_table(),
        asked=datetime.now(UTC) if was_asked else None,
        notes=found.notes if was_asked else (),
    )
    write(output, text)
    for note in found.notes:
        stderr.print(note)
    services, places = len(found.every), len(wanted)
    stdout.print(
        f"{output}: {services} service{'s' * (services != 1)} of "
        f"{places} environment{'s' * (places != 1)}"
    )


COMMANDS = (Command("catalog", catalog, AFTER, order=15),)
