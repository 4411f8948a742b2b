"""The Kubernetes objects of an environment as YAML, for teams that deliver by GitOps."""

from __future__ import annotations

from typing import Any

import yaml

from inferform import Environment
from inferform.kubernetes.objects import Object, objects
from inferform.kubernetes.place import place_of
from inferform.rules import did_you_mean

from .errors import BadInputError


def manifests(environment: Environment, service: str | None = None) -> list[Object]:
    """Every object of the environment's services, or those of one service.

    Raises BadInputError where there are none, or none of that name.
    """
    spec = environment.kubernetes
    if spec is None:
        raise BadInputError(
            f"{environment.key} has no services on Kubernetes",
            "give the environment kubernetes=Kubernetes(services={...})",
        )
    made = objects(spec, place_of(environment))
    if service is None:
        return made
    if service not in spec.services:
        hint = f"the services are {', '.join(spec.services)}{did_you_mean(service, spec.services)}"
        raise BadInputError(f"{environment.key} has no service {service}", hint)
    namespace = spec.services[service].namespace
    return [
        each
        for each in made
        if (each["metadata"].get("namespace"), each["metadata"]["name"]) == (namespace, service)
    ]


class _Plain(yaml.SafeDumper):
    """Values in full wherever they stand: no anchors, which people read badly."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(made: list[Object]) -> str:
    """The objects as one YAML stream, in the order in which they can be applied."""
    return str(yaml.dump_all(made, Dumper=_Plain, sort_keys=False, explicit_start=True, width=100))
