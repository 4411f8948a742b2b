"""OwnService: the base of services of a kind of a team's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .context import Context
from .ecr.spec import Image
from .names import Name
from .outputs import NetworkOutputs, RegistryOutputs
from .service import Needs, Place, Platform, Service
from .usage import Usage, by_use

if TYPE_CHECKING:
    from .cdk import Construct


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSurroundings:
    """What a service of one's own is built from, beside its Spec."""

    context: Context
    network: NetworkOutputs
    registry: RegistryOutputs


class OwnService(Service):
    """A service of a kind of one's own, in `Inference.own`.

    A subclass gives `build`, and `sort` and `words` of its own; the other answers have a default that says nothing,
    and of the cost that it is not known.
    What the operator's commands know of its resource types stands in records that
    `Environment.kinds` names.
    """

    sort = "own"
    words = "service of a kind of the team's own"
    not_simulated = "it is a kind of the team's own, which says nothing of its scaling"

    def build(self, scope: Construct, name: str, surroundings: OwnSurroundings) -> None:
        """Make its resources below `scope`. Called at synthesis; import bindings inside of it."""
        raise NotImplementedError

    def resource(self, place: Place) -> tuple[str, str] | None:
        """Nothing."""
        return None

    def images(self) -> Iterator[Image | str]:
        """None."""
        yield from ()

    def loads(self) -> Iterator[str]:
        """Nothing."""
        yield from ()

    def platform(self, place: Place) -> Platform | None:
        """Not said."""
        return None

    def needs(self, place: Place) -> Needs:
        """Nothing."""
        return Needs()

    def names(self, place: Place) -> Iterator[Name]:
        """None."""
        yield from ()

    def uses(self, place: Place) -> Iterator[Usage]:
        """Something whose price is not known. A kind that costs nothing itself yields nothing."""
        yield by_use(place.name, f"own/{self.sort}")
