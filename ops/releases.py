"""Which version of a service is written, which is deployed, and which were: who, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from inferform import Environment
from inferform.service import Deployed

from .aws import Aws
from .errors import BadInputError
from .promote import without_grants
from .rollback import release_in, verifier_in
from .services import find
from .state import NOT_KNOWN, State, States

_LONGEST_DIGEST = 19
_PLAIN = ("model.tar.gz", "model.tgz")


def written(service: Deployed) -> str:
    """The version of a service in its environment's file; empty where nothing of it is versioned."""
    return version_of(service.spec.release())


def version_of(release: Iterable[tuple[tuple[Any, ...], str | None]]) -> str:
    """A release in as few words as tell it: `1.4.2`, `fraud/3`, `1.4.2, 1.5.0`.

    An artifact whose path holds the tag of an image says nothing more, nor does what stands beside a
    version of the Model Registry, which only says what its role may read.
    """
    versioned = without_grants({tuple(path): value for path, value in release})
    values = [(str(path[-1]), value) for path, value in versioned.items() if value]
    tags = dict.fromkeys(value for name, value in values if name == "tag")
    words = [
        word
        for name, value in values
        if (word := _word(name, value)) and not _told_by(tags, name, value)
    ]
    return ", ".join(dict.fromkeys(words))


def _told_by(tags: Mapping[str, None], name: str, value: str) -> bool:
    return name not in ("tag", "digest") and any(tag in value.split("/") for tag in tags)


def _word(name: str, value: str) -> str:
    if value.startswith("arn:"):
        return value.split("/", 1)[-1]
    if value.startswith("sha256:"):
        return value[:_LONGEST_DIGEST]
    if name in ("tag", "digest"):
        return value
    if "@sha256:" in value:
        return value.partition("@")[2][:_LONGEST_DIGEST]
    if not value.startswith("s3://") and ":" in value.rpartition("/")[2]:
        return value.rpartition(":")[2]
    path = value.removeprefix("s3://").strip("/")
    folder, _, file = path.rpartition("/")
    return folder.rpartition("/")[2] if file in _PLAIN and folder else path


def deployed(service: Deployed, aws: Aws, state: State) -> str | None:
    """The version of a service that a state holds; None where it does not have the service, or does
    not tell."""
    try:
        verifier = verifier_in(service, aws, state)
        if verifier is None:
            return None
        served = tuple(verifier.served())
        return version_of(release_in(service, served, state, grants=False).items())
    except BadInputError:
        return None


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a service: the version of the state that first had it."""

    version: str
    """What was released; `not known` where the state does not tell."""

    state: str
    """The version of the state in its bucket."""

    when: datetime | None
    who: str
    """Who held the lock of the state, as Terraform calls them; `not known` where nothing tells."""

    reached: bool | None
    """Whether the run got the service there; None where no state tells."""

    def as_dict(self) -> dict[str, object]:
        """The release for machines."""
        return {
            "version": self.version,
            "state": self.state,
            "when": self.when.isoformat() if self.when else None,
            "who": self.who,
            "reached": self.reached,
        }


def history(
    environment: Environment, name: str, aws: Aws, damaged: list[str] | None = None
) -> list[Release]:
    """The releases of a service, newest first, as far as the bucket keeps versions of its state.

    A change of anything but its version is none. What `damaged` is, States.history says. Raises
    BadInputError for a service that the environment does not have.
    """
    found = find(environment, name)
    states, layer = States(aws), found.place.layer
    releases = []
    for version, group in groupby(_versions(found, states, aws, damaged), key=lambda each: each[1]):
        held = [*group]
        # The oldest of the versions with the same release is the one that brought it.
        first, told = held[-1][0], [reached for *_, reached in held if reached is not None]
        lock = states.writer(layer, first.changed)
        releases.append(
            Release(
                version,
                first.version,
                first.changed,
                lock.who if lock else NOT_KNOWN,
                any(told) if told else None,
            )
        )
    return releases


def _versions(
    service: Deployed, states: States, aws: Aws, damaged: list[str] | None
) -> Iterator[tuple[State, str, bool | None]]:
    """Every version of the state that has a service: what it served, and whether it got there."""
    for state in states.history(service.place.layer, damaged):
        verifier = verifier_in(service, aws, state)
        if verifier is None:
            continue
        reached = verifier.was_reached() if verifier.tells_reached else None
        try:
            served = release_in(service, tuple(verifier.served()), state, grants=False)
        except BadInputError:
            # A version that a run has written in its course holds halves of two releases.
            if reached is not False:
                yield state, NOT_KNOWN, reached
            continue
        yield state, version_of(served.items()), reached
