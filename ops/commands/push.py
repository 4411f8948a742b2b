"""`inferform push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Json, print_json, stderr, stdout
from ..services import SERVICE_HELP
from . import RELEASES, Command


def push(
    env: EnvironmentKey,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=SERVICE_HELP)],
    context: Annotated[
        Path, typer.Option("--context", metavar="DIR", help="The folder of the Dockerfile.")
    ] = Path(),
    tag: Annotated[str | None, typer.Option(help="Default: the tag of the Spec.")] = None,
    platform: Annotated[
        str | None, typer.Option(help="Default: what the service runs on, or linux/amd64.")
    ] = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Build a service's image, push it to the registry, and print its digest to paste.

    Docker or Podman builds, whichever answers. Exit status 1 where neither does.

    Example: inferform push dev-use1 fraud --context container/reference --tag 1.4.3
    """
    from .. import push as operations
    from ..aws import Aws, emulator_in_use

    found = environment(env)
    to = operations.target(found, service, tag, platform)
    if not any((context / name).is_file() for name in ("Dockerfile", "Containerfile")):
        raise BadInputError(f"{context} has no Dockerfile", "name its folder with --context")
    binary = operations.engine()
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    stderr.print(f"building {to.uri} for {to.platform}", markup=False)
    digest = operations.push(aws, to, context, binary)
    line = f'Image(repository="{to.repository}", digest="{digest}")'
    if json:
        print_json({"uri": to.uri, "digest": digest, "platform": to.platform, "image": line})
    else:
        stdout.print(line, markup=False)


COMMANDS = (Command("push", push, RELEASES, order=10),)
