"""`inferform endpoints use`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Json, print_json, stdout
from . import AFTER, Command

family = typer.Typer(help="SageMaker endpoints, for those who call them.", no_args_is_help=True)


@family.command("use")
def use(
    env: EnvironmentKey,
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="An endpoint's name: fraud.")],
    client: Annotated[
        str, typer.Option(help="One alone: boto3, sdk-v3, sdk-v2, curl or openai.")
    ] = "",
    component: Annotated[
        str, typer.Option(help="The inference component that is called. Default: the first.")
    ] = "",
    json: Json = False,
) -> None:
    """Print how to call an endpoint: boto3, SageMaker's SDKs 2 and 3, curl with SigV4, OpenAI's client.

    The names are filled in; no AWS is asked.

    Example: inferform endpoints use prod-euw1 fraud --client boto3
    """
    from ..use import snippets

    found = snippets(environment(env), endpoint, component)
    chosen = [each for each in found if client in ("", each.key)]
    if not chosen:
        known = ", ".join(each.key for each in found)
        raise BadInputError(f"{endpoint} is not called by {client}", f"its clients are {known}")
    if json:
        print_json({each.key: each.text for each in chosen})
    elif client:
        typer.echo(chosen[0].text, nl=False)
    else:
        for each in chosen:
            stdout.print(f"# {each.title}", style="bold")
            typer.echo(each.text)


COMMANDS = (Command("endpoints", family, AFTER, order=40),)
