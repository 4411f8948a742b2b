"""What an environment costs a month, from its Specs: one walk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from inferform import Environment
from inferform.rules import did_you_mean
from inferform.service import Billed, Deployed, Place, Service
from inferform.spec import Spec, walk

from ..errors import BadInputError
from .model import Estimate, Usage
from .prices import PriceTable


@dataclass(frozen=True, slots=True)
class Owned:
    """A usage, and the Spec that asks for it: the Environment for what a layer has as a whole."""

    place: Place
    spec: Spec
    usage: Usage

    @property
    def tags(self) -> dict[str, str]:
        """The tags of what it uses."""
        own: dict[str, str] = getattr(self.spec, "tags", {})
        return {**self.place.environment.context.default_tags(self.place.layer), **own}


def owned(environment: Environment) -> list[Owned]:
    """What each Spec of an environment uses. Where two things have one short name, each has its full
    one: `ecs/fraud` for a service, its path for anything else."""
    found = [
        Owned(place, spec, usage)
        for path, spec in walk(environment)
        if isinstance(spec, Billed)
        for place in (Place(path, environment),)
        for usage in _of(spec, place)
    ]
    found += [
        Owned(Place((part.record.name,), environment), environment, usage)
        for part in environment.parts
        for usage in part.record.uses(environment)
    ]
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for each in found:
        owners[each.usage.service].add(str(each.place))
    return [
        replace(each, usage=replace(each.usage, service=_full_name(each.place, each.spec)))
        # What several share on purpose, such as "load balancers", is nobody's own name.
        if each.usage.service == each.place.name and len(owners[each.usage.service]) > 1
        else each
        for each in found
    ]


def _of(spec: Billed, place: Place) -> Iterator[Usage]:
    yield from spec.uses(place)
    if isinstance(spec, Service):
        yield from spec.alarms_used(place)


def grouped(uses: Iterable[Owned], by: str) -> dict[str, list[Usage]]:
    """Usages by service, by layer, or by a tag's value: `tag:owner`. Raises BadInputError for
    anything else, or a tag that nothing has."""
    found: defaultdict[str, list[Usage]] = defaultdict(list)
    uses = list(uses)
    kind, _, key = by.partition(":")
    if kind == "tag":
        known = sorted({name for each in uses for name in each.tags})
        if key not in known:
            hint = f"write --by tag:KEY, with one of {', '.join(known)}{did_you_mean(key, known)}"
            raise BadInputError(
                f"nothing has the tag {key}" if key else "--by tag has no key", hint
            )
    elif by not in ("service", "layer"):
        raise BadInputError(
            f"--by must be service, layer or tag:KEY, got {by}", "such as --by tag:owner"
        )
    for each in uses:
        name = each.tags.get(key, "untagged") if kind == "tag" else each.place.layer
        found[each.usage.service if by == "service" else name].append(each.usage)
    return dict(found)


def usages(environment: Environment) -> list[Usage]:
    """What an environment uses."""
    return [each.usage for each in owned(environment)]


def _full_name(place: Place, spec: Spec) -> str:
    return Deployed(place, spec).full_name if isinstance(spec, Service) else str(place)


def estimate(environment: Environment, table: PriceTable) -> Estimate:
    """What an environment costs a month."""
    return table.estimate(environment.context.region, usages(environment))
