"""What of an endpoint's components fits where: copies on instances, counted and drawn.

SageMaker places copies itself, by rules that it does not publish. What is counted here is certain
where it says that something cannot fit; how many instances copies take is an estimate, by the
largest first. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..instances import InstanceType, facts_of

if TYPE_CHECKING:
    from .endpoints.component import ComponentResources

SAFE_SHARE = 0.9
"""The share of an instance's memory above which copies may not start: SageMaker's own containers
take some, how much it does not say."""

WORDS = {"accelerators": "accelerators", "cores": "cores", "memory": "MiB of memory"}
"""What people call each of the resources."""


@dataclass(frozen=True, slots=True)
class Room:
    """So much of what an instance has; None where AWS does not publish it."""

    accelerators: float | None
    cores: float | None
    memory: float | None
    """In MiB."""

    def items(self) -> Iterator[tuple[str, float | None]]:
        """Each resource by its name."""
        yield "accelerators", self.accelerators
        yield "cores", self.cores
        yield "memory", self.memory

    def holds(self, asked: Room) -> bool:
        """Whether so much is left; what is not known is taken to be enough."""
        return not any(
            have is not None and (want or 0) > have
            for (_, have), (_, want) in zip(self.items(), asked.items(), strict=True)
        )

    def without(self, asked: Room) -> Room:
        """What is left."""
        left = [
            None if have is None else have - (want or 0)
            for (_, have), (_, want) in zip(self.items(), asked.items(), strict=True)
        ]
        return Room(*left)


def room_of(name: str, facts: InstanceType | None = None) -> Room:
    """What an instance of a type has."""
    facts = facts_of(name) if facts is None else facts
    # How SageMaker counts the devices of AWS's own accelerators is not published.
    neuron = name.startswith(("ml.inf", "ml.trn"))
    memory = None if facts.memory_gib is None else facts.memory_gib * 1024
    return Room(None if neuron else facts.gpus, facts.vcpu, memory)


def asked_by(resources: ComponentResources) -> Room:
    """What one copy takes."""
    return Room(resources.accelerators or 0, resources.cpu_cores or 0, resources.min_memory_mib)


def shortages(
    instance_type: str, resources: ComponentResources
) -> Iterator[tuple[str, float, float]]:
    """What one copy takes that no instance of a type has: which resource, wanted and there."""
    have = room_of(instance_type)
    for (name, there), (_, want) in zip(have.items(), asked_by(resources).items(), strict=True):
        if there is not None and want is not None and want > there:
            yield name, want, there


@dataclass(slots=True)
class Instance:
    """One instance with the copies on it."""

    left: Room
    copies: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Copies placed on instances of one type."""

    instance_type: str
    instances: tuple[Instance, ...]
    unplaced: tuple[str, ...]
    """The copies of components that fit no instance of the type."""

    @property
    def idle_share(self) -> float | None:
        """The share of accelerators that no copy has, or of memory where there are none; None
        where AWS does not publish how many there are."""
        return self.idle_among(len(self.instances))

    def idle_among(self, count: float) -> float | None:
        """The same where there are `count` instances."""
        whole = room_of(self.instance_type)
        by = "accelerators" if whole.accelerators or whole.accelerators is None else "memory"
        total = getattr(whole, by)
        if not total or not count:
            return None
        taken = sum(total - getattr(each.left, by) for each in self.instances)
        return float(1 - taken / (total * count))


def placed(
    instance_type: str, counts: Mapping[str, int], asked: Mapping[str, ComponentResources]
) -> Fitted:
    """So many copies of each component, the largest first, on as few instances of a type as
    that finds."""
    whole = room_of(instance_type)
    wanted = {name: asked_by(asked[name]) for name in counts}

    def size(name: str) -> tuple[float, float, float]:
        want = wanted[name]
        return want.accelerators or 0, want.memory or 0, want.cores or 0

    instances: list[Instance] = []
    unplaced: list[str] = []
    for name in sorted(counts, key=size, reverse=True):
        want = wanted[name]
        if not whole.holds(want):
            unplaced += [name] * counts[name]
            continue
        # An instance that has no room for one copy has none for the next.
        first = 0
        for _ in range(counts[name]):
            while first < len(instances) and not instances[first].left.holds(want):
                first += 1
            if first == len(instances):
                instances.append(Instance(whole))
            found = instances[first]
            found.left = found.left.without(want)
            found.copies.append(name)
    return Fitted(instance_type, tuple(instances), tuple(unplaced))


def at_least(
    instance_type: str, counts: Mapping[str, int], asked: Mapping[str, ComponentResources]
) -> int:
    """How many instances of a type so many copies need, however SageMaker places them."""
    whole = dict(room_of(instance_type).items())
    needed = 0
    for name, there in whole.items():
        if not there:
            continue
        wants = [
            (getattr(asked_by(asked[component]), name) or 0, count)
            for component, count in counts.items()
        ]
        needed = max(needed, math.ceil(sum(want * count for want, count in wants) / there))
        # Two that take more than half each share no instance.
        needed = max(needed, sum(count for want, count in wants if want > there / 2))
    return max(needed, 1 if any(counts.values()) else 0)


def drawn(fitted: Fitted) -> list[str]:
    """What is on each instance, a line for each kind of line: `2 x ml.g5.12xlarge  llm llm [2 free]`."""
    lines: dict[str, int] = {}
    for each in fitted.instances:
        lines[_contents(each)] = lines.get(_contents(each), 0) + 1
    width = max((len(str(count)) for count in lines.values()), default=1)
    found = [f"{count:>{width}} x {fitted.instance_type}  {text}" for text, count in lines.items()]
    for name in dict.fromkeys(fitted.unplaced):
        found.append(f"fits no {fitted.instance_type}: {name} x {fitted.unplaced.count(name)}")
    return found


def _contents(instance: Instance) -> str:
    names = dict.fromkeys(instance.copies)
    held = [f"{name} x {instance.copies.count(name)}" for name in names]
    left = instance.left
    free = f"{left.memory / 1024:.3g} GiB" if left.memory is not None else "memory not known"
    if left.accelerators:
        free = f"{left.accelerators:g} accelerators, {free}"
    return f"{', '.join(held)}  ({free} free)"


def explained(
    types: Sequence[str],
    asked: Mapping[str, Mapping[str, ComponentResources]],
    least: Mapping[str, int],
    most: Mapping[str, int],
) -> list[str]:
    """The drawing of an endpoint: at the fewest and the most copies, on each type.

    `asked` has, by instance type, what a copy of each component takes.
    """
    lines: list[str] = []
    for words, counts in (("fewest copies", least), ("most copies", most)):
        if counts == least and words == "most copies":
            continue
        for name in types:
            fitted = placed(name, counts, asked[name])
            idle = fitted.idle_share
            share = "" if idle is None else f", {idle:.0%} idle"
            lines.append(f"{words}: {len(fitted.instances)} x {name}{share}")
            lines += [f"  {line}" for line in drawn(fitted)]
    return lines
