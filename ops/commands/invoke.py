"""`inferform invoke`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Json, print_json, stderr, stdout, write
from ..services import SERVICE_HELP
from . import AFTER, Command


def invoke(
    env: EnvironmentKey,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help=f"{SERVICE_HELP} Or an API: rest-api/models.")
    ],
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="The body of the request.")],
    content_type: Annotated[
        str, typer.Option(help="What it is. Default: as the file is named: .csv, .json or .jsonl.")
    ] = "",
    component: Annotated[str, typer.Option(help="The inference component that is meant.")] = "",
    container: Annotated[
        str, typer.Option(help="The container that is meant, where each request names one.")
    ] = "",
    model: Annotated[str, typer.Option(help="The model of an endpoint that has many.")] = "",
    variant: Annotated[str, typer.Option(help="The variant that is meant.")] = "",
    path: Annotated[
        str,
        typer.Option(
            metavar="PATH",
            help="The route of an API, or the path of the container behind a load balancer. Default: the "
            "only route, or /invocations.",
        ),
    ] = "",
    callers: Annotated[
        Path | None,
        typer.Option(
            help="A JSON file with token and api_key by API: http.front, rest.models, as for verify."
        ),
    ] = None,
    wait: Annotated[
        int,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="How long to wait for an asynchronous endpoint; 0 prints where its answer will be.",
        ),
    ] = 900,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the answer goes. Default: here.")
    ] = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Send a request to a deployed service or API, and print what it answers.

    Endpoints and functions are asked by AWS's own calls, an asynchronous endpoint through S3, APIs by their routes, ECS and EKS services by a
    load balancer that faces the internet. Where that is none, the message says what leads there.

    Example: inferform invoke dev-use1 fraud --file sample.csv
    """
    from .. import invoke as operations
    from ..aws import Aws, emulator_in_use
    from ..callers import read
    from ..kinds.record import Request
    from ..kinds.sagemaker_verify import CONTENT_TYPES

    kind = content_type or CONTENT_TYPES.get(file.suffix, "")
    if not kind:
        known = ", ".join(CONTENT_TYPES)
        raise BadInputError(f"nothing says what {file} is", f"name it {known}, or --content-type")
    try:
        body = file.read_bytes()
    except OSError as error:
        raise BadInputError(f"{file} cannot be read: {error.strerror}") from error
    found = environment(env)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    to = {"component": component, "container": container, "model": model, "variant": variant}
    request = Request(body, kind, {part: value for part, value in to.items() if value}, path, wait)
    with stderr.status(f"asking {service}"):
        answered = operations.invoke(
            found, service, request, aws, read(callers, found) if callers else None
        )
    reply = answered.reply
    if output is not None:
        write(output, reply.body)
    if json:
        print_json(
            {
                "by": reply.by or None,
                "content_type": reply.content_type,
                "milliseconds": answered.milliseconds,
                "body": reply.body.decode("utf-8", "replace"),
            }
        )
        return
    if output is None and stdout.is_terminal:
        stdout.print(reply.body.decode("utf-8", "replace"))
    elif output is None:
        sys.stdout.buffer.write(reply.body)
        sys.stdout.buffer.flush()
    by = f" by {reply.by}" if reply.by else ""
    stderr.print(f"{len(reply.body)} bytes{by} in {answered.milliseconds} ms")


COMMANDS = (Command("invoke", invoke, AFTER, order=14),)
