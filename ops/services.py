"""The one look-up of the service that somebody means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from inferform import Environment
from inferform.rules import did_you_mean
from inferform.service import Deployed

from .errors import BadInputError

T = TypeVar("T")

SERVICE_HELP = "A service's name: fraud, or ecs/fraud where several have it."


def find(
    environment: Environment,
    name: str,
    *,
    among: Callable[[Deployed], bool] = lambda _: True,
    what: str = "service",
) -> Deployed:
    """The service that `name` means: a short name, `ecs/fraud`, or a path.

    `among` says which services can be meant, `what` what those are called. Raises BadInputError
    with the nearest match for an unknown name, and with what to write instead for one that
    several services have.
    """
    known = [each for each in environment.deployed if among(each)]
    names: dict[str, list[Deployed]] = {}
    for each in known:
        for alias in aliases(each):
            names.setdefault(alias, []).append(each)
    other = [each for each in environment.deployed if name in aliases(each)]
    if name not in names and other:
        raise BadInputError(
            f"{name} of {environment.key} is no {what}, it is {_article(other[0])}",
            _listed(what, known),
        )
    return chosen(names, name, environment.key, what, _listed(what, known), lambda e: e.full_name)


def aliases(service: Deployed) -> tuple[str, ...]:
    """Every way to write a service: `fraud`, `ecs/fraud`, `inference.services.fraud`."""
    return service.name, service.full_name, str(service.place)


def chosen(
    names: Mapping[str, Sequence[T]],
    name: str,
    where: str,
    what: str,
    listed: str,
    full_name: Callable[[T], str],
) -> T:
    """The one thing of a name. Raises BadInputError where there is none, or more than one."""
    found = names.get(name, ())
    if not found:
        raise BadInputError(f"{where} has no {what} {name}{did_you_mean(name, names)}", listed)
    if len(found) > 1:
        written = " or ".join(full_name(each) for each in found)
        raise BadInputError(f"{where} has {len(found)} of the name {name}", f"write {written}")
    return found[0]


def _article(service: Deployed) -> str:
    words = service.spec.words
    return f"{'an' if words[0] in 'AEIOU' else 'a'} {words}"


def _listed(what: str, known: Sequence[Deployed]) -> str:
    """The services by the shortest name that means each."""
    names = [each.name for each in known]
    shortest = sorted(e.full_name if names.count(e.name) > 1 else e.name for e in known)
    return f"the names are {', '.join(shortest)}" if shortest else f"there is no {what}"
