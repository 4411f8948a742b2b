"""Service: the base of every Spec that serves or runs something.

What Inferform has to know of a service beside its Terraform stands on its own Spec: every
operation (cost, reachability, push, promote, simulate, verify ...) starts from the walk
`Environment.deployed` and asks the Spec. Pure: no Node, no boto3; it ships in the wheel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .rules import PathPart
from .spec import Spec
from .usage import Usage

if TYPE_CHECKING:
    from .ecr.spec import Image
    from .environment import Environment
    from .scaling.kinds import Kind
    from .scaling.spec import Scaling

SpecPath = tuple[PathPart, ...]
"""The way from a Spec to a value inside it: field names, keys and indices."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a service must be able to reach to start and to answer."""

    interface_endpoints: frozenset[str] = frozenset()
    """AWS services by the name of their interface endpoint, such as `ecr.api`."""

    s3: bool = True
    """Whether it reads or writes S3."""

    internet: bool = False
    """Whether it needs a way to the internet."""

    iam_services: frozenset[str] = frozenset()
    """The prefixes of IAM actions that deploying it takes, such as `sagemaker`."""


class Service(Spec):
    """A Spec that serves or runs something.

    A subclass answers each method; a test asks every one that an Environment can reach.
    """

    words: ClassVar[str]
    """What people call it: `SageMaker endpoint`, `ECS service`."""

    scales: ClassVar[Kind | None] = None
    """What Application Auto Scaling calls it. Default: None, it cannot be simulated."""

    def images(self) -> Iterator[Image | str]:
        """The container images that it runs: of the environment's registry, or by URI."""
        raise NotImplementedError

    def artifacts(self) -> Iterator[str]:
        """The model artifacts that it loads: S3 URIs, or keys in the artifact bucket."""
        raise NotImplementedError

    def release(self) -> Iterator[tuple[SpecPath, str | None]]:
        """What a promotion copies: each value that names a version, by its path in the Spec."""
        raise NotImplementedError

    def needs(self) -> Needs:
        """What it must be able to reach."""
        raise NotImplementedError

    def uses(self, place: Place) -> Iterator[Usage]:
        """What it uses that is billed by the hour or the month."""
        raise NotImplementedError

    def scalings(self) -> Iterator[tuple[str, Scaling]]:
        """What scales it, by the name of the variant; an empty name where there is one only."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Spec stands: its path and short name, and the environment that it belongs to."""

    path: SpecPath
    environment: Environment

    @property
    def name(self) -> str:
        """The name that people gave it; empty for a layer."""
        return str(self.path[-1]) if self.path else ""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A service of an environment: its Spec, and where that stands."""

    place: Place
    spec: Service

    @property
    def name(self) -> str:
        """Its short name, which is unique in its environment for each kind of service."""
        return self.place.name
