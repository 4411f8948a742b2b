"""The picture of an environment: its network, its layers, what serves, and who calls whom.

It is made of the Specs alone: what callers know outside of them, such as IAM users that invoke an
endpoint, is not in it. The same environment gives the same picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inferform import Environment, Network, NetworkOutputs
from inferform.service import Drawn, Lead, Leading, Place, Service, Subject
from inferform.spec import walk

from .cost.prices import PriceTable
from .listed import Row, rows, spanned

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One thing of the picture."""

    path: Key
    name: str
    words: str
    lines: tuple[str, ...]
    layer: str
    in_vpc: bool
    reached_from: str
    """From where callers reach it, where it is an entrance."""

    full_name: str = ""
    """`endpoint/fraud` of a service; empty for anything else."""


@dataclass(frozen=True, slots=True)
class Band:
    """A layer that has something in the picture, with its nodes by how far they are from callers."""

    layer: str
    levels: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """An environment, ready to be drawn."""

    key: str
    about: str
    """Account, Region and owner."""

    network: str
    """What its network is; empty where it has none."""

    layers: tuple[str, ...]
    """Every layer, those below first."""

    bands: tuple[Band, ...]
    leads: tuple[Lead, ...]

    @property
    def nodes(self) -> dict[Key, Node]:
        """Everything that is drawn, by its path."""
        return {n.path: n for band in self.bands for level in band.levels for n in level}

    @property
    def entrances(self) -> list[tuple[str, Node]]:
        """From where callers come, and where they come in."""
        return [(n.reached_from, n) for n in self.nodes.values() if n.reached_from]


def picture(
    environment: Environment, listed: Sequence[Row] | None = None, table: PriceTable | None = None
) -> Picture:
    """The picture of an environment, with what `listed` knows of its services."""
    known = {row.service.place.path: row for row in listed or rows(environment, table)}
    found = {path: spec for path, spec in walk(environment) if isinstance(spec, Drawn)}
    leads = [
        lead
        for path, spec in walk(environment)
        if isinstance(spec, Leading)
        for lead in spec.leads(Place(path, environment))
        if lead.source in found and lead.target in found
    ]
    ends = {end for lead in leads for end in (lead.source, lead.target)}
    nodes = [
        _node(Place(path, environment), spec, known.get(path))
        for path, spec in found.items()
        if isinstance(spec, Service) or spec.reached_from or path in ends
    ]
    context = environment.context
    return Picture(
        environment.key,
        f"account {context.account}, {context.region}, owner {context.owner}",
        _network(environment),
        tuple(environment.layers),
        tuple(_bands(nodes, leads)),
        tuple(leads),
    )


def _node(place: Place, spec: Drawn, row: Row | None) -> Node:
    lines: tuple[str, ...] = ()
    full_name = ""
    if isinstance(spec, Service):
        full_name = Subject(place, spec).full_name
    if row is not None:
        copies = row.copies
        many = (
            ""
            if copies is None
            else f"{spanned(copies)} {'copy' if copies.maximum == 1 else 'copies'}"
        )
        lines = (
            " · ".join(filter(None, [row.running if row.version else "", many])),
            f"{row.money} a month" if "$" in row.money else f"cost: {row.money}",
        )
    return Node(
        place.path,
        place.name,
        spec.words,
        lines,
        place.layer,
        bool(spec.in_vpc),
        spec.reached_from,
        full_name,
    )


def _network(environment: Environment) -> str:
    network = environment.network
    if isinstance(network, Network):
        zones = len(network.zone_letters or ()) or network.availability_zones
        nat = {"none": "no NAT", "single": "one NAT gateway"}.get(
            network.nat, "a NAT gateway in each zone"
        )
        ends = len(environment.interface_endpoints)
        parts = [
            f"VPC {network.cidr}",
            f"{zones} zones",
            nat,
            *([f"{ends} interface endpoints"] if ends else []),
        ]
        return " · ".join(parts)
    if isinstance(network, NetworkOutputs):
        zones = len(network.private_subnet_ids)
        return (
            f"VPC {network.vpc_cidr} · {network.vpc_id} · {zones} private subnets · made elsewhere"
        )
    return ""


def _bands(nodes: Sequence[Node], leads: Sequence[Lead]) -> Iterator[Band]:
    """The layers, callers first: each below those that lead to it, as far as that goes."""
    layer_of = {node.path: node.layer for node in nodes}
    layers = list(dict.fromkeys(node.layer for node in nodes))
    between = [
        (layer_of[lead.source], layer_of[lead.target])
        for lead in leads
        if layer_of[lead.source] != layer_of[lead.target]
    ]
    for layer in _ordered(layers, between):
        own = [node for node in nodes if node.layer == layer]
        paths = {node.path for node in own}
        inner = [
            (lead.source, lead.target)
            for lead in leads
            if lead.source in paths and lead.target in paths
        ]
        levels = _levels([node.path for node in own], inner)
        deepest = max(levels.values(), default=0)
        yield Band(
            layer,
            tuple(
                tuple(node for node in own if levels[node.path] == level)
                for level in range(deepest + 1)
            ),
        )


def _ordered(items: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Items so that the first of a pair comes before the second; a circle is cut at its first item."""
    before: dict[str, set[str]] = {item: set() for item in items}
    for source, target in pairs:
        before[target].add(source)
    ordered: list[str] = []
    while before:
        free = next((item for item in before if not before[item]), next(iter(before)))
        ordered.append(free)
        del before[free]
        for others in before.values():
            others.discard(free)
    return ordered


def _levels(paths: Sequence[Key], pairs: Sequence[tuple[Key, Key]]) -> Mapping[Key, int]:
    """How many steps lead to each at most; what leads back in a circle counts for nothing."""
    order = {path: index for index, path in enumerate(paths)}
    after: dict[Key, list[Key]] = {path: [] for path in paths}
    waiting = dict.fromkeys(paths, 0)
    for source, target in dict.fromkeys(pairs):
        if source != target:
            after[source].append(target)
            waiting[target] += 1
    levels = dict.fromkeys(paths, 0)
    left = dict.fromkeys(paths)
    free = [path for path in paths if not waiting[path]]
    while left:
        path = free.pop(0) if free else min(left, key=order.__getitem__)
        if path not in left:
            continue
        del left[path]
        for target in after[path]:
            waiting[target] -= 1
            if target in left:
                levels[target] = max(levels[target], levels[path] + 1)
                if not waiting[target]:
                    free.append(target)
    return levels
