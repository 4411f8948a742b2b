"""What one container serves, wherever its Spec says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from ..ecr.spec import Image
from ..secret import secret_service
from ..service import Versioned
from .environment import ContainerEnvironment


class Container(Versioned):
    """What says which image, artifact and variables a container has."""

    elsewhere: ClassVar[Mapping[str, str]] = {"env": "environment=..."}

    @property
    def variables(self) -> ContainerEnvironment:
        """Its environment variables."""
        raise NotImplementedError

    def serving_image(self) -> Image | str | None:
        """Its image; None where AWS or a model package names it."""
        return None

    def serving_artifact(self) -> str | None:
        """Its artifact, an S3 URI or a key in the artifact bucket; None where it has none or a
        model package names it."""
        return None

    def secrets(self) -> Iterator[str]:
        """The ARNs of the secrets and parameters that it fetches itself."""
        return (value for value in self.variables.values() if secret_service(value))

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The fields that name a version; an `Image` says its own."""
        raise NotImplementedError


def written(**fields: object) -> Iterator[tuple[str, str | None]]:
    """Those of the fields that hold text, with their values."""
    return ((name, value) for name, value in fields.items() if isinstance(value, str))
