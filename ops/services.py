"""The one look-up of the service that somebody means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from inferform import Environment
from inferform.own import OwnService
from inferform.rules import did_you_mean, one_of
from inferform.service import Deployed, Service, Subject, meant
from inferform.spec import below

from .errors import BadInputError

T = TypeVar("T")
S = TypeVar("S", bound=Subject)

SERVICE_HELP = "A service's name: fraud, or ecs/fraud where several have it."


def find(
    environment: Environment,
    name: str,
    *,
    among: Callable[[Deployed], bool] = lambda _: True,
    what: str = "service",
) -> Deployed:
    """The service that `name` means: a short name, `ecs/fraud` in any case of its kind, or a path.

    A short name is that of what serves before that of what trains, watches or scores for it, which
    often has the same. `among` says which services can be meant, `what` what those are called. Raises BadInputError
    with the nearest match for an unknown name, and with what to write instead for one that
    several services have.
    """
    name = folded(name)
    known = [each for each in environment.deployed if among(each)]
    names: dict[str, list[Deployed]] = {}
    for each in known:
        for alias in aliases(each):
            names.setdefault(alias, []).append(each)
    if name in names:
        names[name] = _serving(names[name])
    other = [each for each in environment.deployed if name in aliases(each)]
    if name not in names and other:
        raise BadInputError(
            f"{name} of {environment.key} is no {what}, it is {_article(other[0])}",
            _listed(what, known),
        )
    return chosen(names, name, environment.key, what, _listed(what, known), lambda e: e.full_name)


def find_watched(environment: Environment, name: str) -> Subject:
    """The service or API that `name` means, likewise; a short name is that of a service first."""
    known = environment.subjects
    name = folded(name)
    names: dict[str, list[Subject]] = {}
    for each in known:
        for alias in aliases(each):
            held = _serving(meant(known, alias)) if alias == each.name else [each]
            names.setdefault(alias, held)
    listed = _listed("service or API", known)
    return chosen(names, name, environment.key, "service or API", listed, lambda e: e.full_name)


def _serving(found: list[S]) -> list[S]:
    """Of things of one name those that serve, where some do: not what runs now and then."""
    serving = [
        each
        for each in found
        if not isinstance(each.spec, Service) or next(each.spec.run_parts(), None) is None
    ]
    return serving or found


def aliases(service: Subject) -> tuple[str, ...]:
    """Every way to write a service: `fraud`, `ecs/fraud`, `inference.services.fraud`."""
    return service.name, service.full_name, str(service.place)


def sorts() -> dict[str, str]:
    """What tells services of one name apart, with its words: `ecs` is `ECS service`."""
    found = {
        each.sort: each.words
        for each in below(Service)
        # A base of a team's own may leave its words to what is built on it.
        if hasattr(each, "sort") and hasattr(each, "words") and each is not OwnService
    }
    return dict(sorted(found.items()))


def folded(name: str) -> str:
    """`name` with its sort in lower case: `ecs/fraud` for `ECS/fraud`."""
    sort, slash, rest = name.partition("/")
    return f"{sort.lower()}/{rest}" if slash and sort.lower() in sorts() else name


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
        sort, slash, rest = name.partition("/")
        # As fraud/blue, of a variant, begins with the name of a service.
        is_sort = slash and not any(known.partition("/")[0] == sort for known in names)
        likely = names.get(rest, ()) if is_sort or sort in sorts() else ()
        hint = f"; did you mean {one_of(map(full_name, likely))}" if likely else ""
        if is_sort and sort not in sorts():
            kinds = ", ".join(f"{each} ({words})" for each, words in sorts().items())
            hint = f": {sort} is no kind of service; the kinds are {kinds}{hint}"
        hint = hint or did_you_mean(name, names)
        raise BadInputError(f"{where} has no {what} {name}{hint}", listed)
    if len(found) > 1:
        written = " or ".join(full_name(each) for each in found)
        raise BadInputError(f"{where} has {len(found)} of the name {name}", f"write {written}")
    return found[0]


def _article(service: Deployed) -> str:
    words = service.spec.words
    return f"{'an' if words[0] in 'AEIOU' else 'a'} {words}"


def _listed(what: str, known: Sequence[Subject]) -> str:
    """The services by the shortest name that means each."""
    shortest = sorted(shortest_names(known).values())
    return f"the names are {', '.join(shortest)}" if shortest else f"there is no {what}"


def shortest_names(known: Sequence[Subject]) -> dict[str, str]:
    """The shortest name that means each of some services, by its full name: `fraud`, or
    `ecs/fraud` where several have it."""
    counts = Counter(each.name for each in known)
    return {e.full_name: e.full_name if counts[e.name] > 1 else e.name for e in known}
