"""The Kubernetes objects of an environment as YAML, for teams that deliver by GitOps."""

from __future__ import annotations

from typing import Any

import yaml

from inferform import EksService, Environment
from inferform.kubernetes.objects import Object, objects, objects_of
from inferform.kubernetes.place import place_of

from .errors import BadInputError
from .services import find


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
    if service is None:
        return objects(spec, place_of(environment))
    found = find(
        environment,
        service,
        among=lambda each: isinstance(each.spec, EksService),
        what="EKS service",
    )
    return objects_of(found.name, spec.services[found.name], place_of(environment))


class _Plain(yaml.SafeDumper):
    """Values in full wherever they stand: no anchors, which people read badly."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(made: list[Object]) -> str:
    """The objects as one YAML stream, in the order in which they can be applied."""
    return str(yaml.dump_all(made, Dumper=_Plain, sort_keys=False, explicit_start=True, width=100))
