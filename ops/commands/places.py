"""`inferform open`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ..environments import EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Json, print_json, stdout
from ..services import SERVICE_HELP
from . import AFTER, Command


class Where(StrEnum):
    """What is opened."""

    CONSOLE = "console"
    DASHBOARD = "dashboard"
    LOGS = "logs"
    IMAGE = "image"
    ARTIFACT = "artifact"


def open_place(
    env: EnvironmentKey,
    service: Annotated[
        str | None,
        typer.Argument(metavar="SERVICE", help=f"{SERVICE_HELP} Default: the dashboards."),
    ] = None,
    where: Annotated[Where | None, typer.Option(help="Which place. Default: the first.")] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Whether a browser is opened.")
    ] = True,
    json: Json = False,
) -> None:
    """Open a service in AWS's console, its dashboard, its logs or its image, and print where that is.

    No AWS is asked, and no browser is opened where nobody looks, as in a pipeline.

    Example: inferform open prod-euw1 fraud --where logs
    """
    from ..links import Link, dashboard_links, links
    from ..services import find_watched

    found = environment(env)
    if service is None:
        places = [Link("dashboard", url) for url in dashboard_links(found)]
    else:
        places = links(find_watched(found, service))
    chosen = [
        each for each in places if where is None or each.title.partition("-")[0] == where.value
    ]
    if not chosen:
        what = f"no {where.value}" if where else "no page in AWS's console"
        known = ", ".join(dict.fromkeys(each.title for each in places)) or "none"
        raise BadInputError(f"{service or found.key} has {what}", f"its places are {known}")
    if json:
        print_json({each.title: each.url for each in chosen})
        return
    width = max(len(each.title) for each in chosen)
    for each in chosen:
        stdout.print(f"{each.title:<{width}}  {each.url}")
    if browser and stdout.is_terminal:
        import webbrowser

        webbrowser.open(chosen[0].url)


COMMANDS = (Command("open", open_place, AFTER, order=13),)
