"""`inferform manifests`."""

from __future__ import annotations

from typing import Annotated

import typer

from ..environments import EnvironmentKey, environment
from ..output import Json, print_json
from . import RELEASES, Command


def manifests(
    key: EnvironmentKey,
    service: Annotated[
        str | None, typer.Option("--service", help="Only the objects of this service.")
    ] = None,
    json: Json = False,
) -> None:
    """Write the Kubernetes objects of an environment's services as YAML.

    They are the objects that `cdktf deploy` makes. To deliver them by GitOps instead, set
    objects_by="gitops" in the environment's Kubernetes.

    Example: inferform manifests dev-use1 > services.yaml
    """
    from .. import manifests as source

    made = source.manifests(environment(key), service)
    if json:
        print_json(made)
    else:
        typer.echo(source.as_yaml(made), nl=False)


COMMANDS = (Command("manifests", manifests, RELEASES, order=40),)
