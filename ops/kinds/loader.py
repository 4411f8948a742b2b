"""The container that copies a model's artifact before the model's own container starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_VARIABLE = "ARTIFACT"


def artifacts_of(containers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The S3 URIs that loaders copy, by the variable that names each."""
    for container in containers:
        for variable in container.get("environment") or container.get("env") or ():
            if variable.get("name") == _VARIABLE and variable.get("value"):
                yield str(variable["value"])
