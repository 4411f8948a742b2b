"""Where the copies of inference components stand: the instances of a variant, and what each has left.

SageMaker takes an instance's accelerators, memory and vCPUs from EC2, and so does this: from the list
of EC2 that moto has. Of a type that is not in it nothing is known, so that everything has room there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from moto.utilities.utils import load_resource


@dataclass(frozen=True, slots=True)
class Room:
    """Accelerators, vCPUs and memory in MiB: what an instance has, or a copy needs."""

    accelerators: float = 0
    cores: float = 0
    memory: float = 0

    def holds(self, needed: Room) -> bool:
        """Whether that much is here."""
        return (
            needed.accelerators <= self.accelerators
            and needed.cores <= self.cores
            and needed.memory <= self.memory
        )

    def without(self, taken: Room) -> Room:
        """What is left once that is taken."""
        return Room(
            self.accelerators - taken.accelerators,
            self.cores - taken.cores,
            self.memory - taken.memory,
        )


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of an inference component, in one of its revisions."""

    component: str
    revision: int
    needs: Room


@dataclass(slots=True)
class Instance:
    """An instance of a variant, with the copies that stand on it."""

    kind: str
    copies: list[Copy] = field(default_factory=list)

    def left(self) -> Room:
        """What the copies on it leave."""
        left = room_of(self.kind)
        for each in self.copies:
            left = left.without(each.needs)
        return left


@dataclass(slots=True)
class Fleet:
    """The instances of one variant: between ``minimum`` and ``maximum`` of ``kinds``, which stand in the
    order in which they are tried."""

    kinds: list[str]
    minimum: int
    maximum: int
    consolidates: bool = False
    instances: list[Instance] = field(default_factory=list)

    @classmethod
    def of(cls, variant: dict[str, Any]) -> Fleet:
        """The fleet with which a variant of an endpoint configuration begins."""
        pools = sorted(variant.get("InstancePools") or [], key=lambda pool: pool["Priority"])
        kinds = [pool["InstanceType"] for pool in pools] or [variant["InstanceType"]]
        scaling = variant.get("ManagedInstanceScaling") or {}
        managed = scaling.get("Status") == "ENABLED"
        first = variant.get("InitialInstanceCount")
        if first is None:
            first = scaling.get("MinInstanceCount", 1) if managed else 1
        fleet = cls(kinds, first, first)
        if managed:
            fleet.minimum = scaling.get("MinInstanceCount", first)
            fleet.maximum = max(scaling.get("MaxInstanceCount", first), fleet.minimum)
            policy = scaling.get("ScaleInPolicy") or {}
            fleet.consolidates = policy.get("Strategy") == "CONSOLIDATION"
        fleet.instances = [Instance(kinds[0]) for _ in range(first)]
        return fleet

    def place(self, copies: dict[str, Copy], *, spread: bool = False) -> bool:
        """Place one copy, given as what it needs on each instance type; False where there is no room.

        It goes to an instance that has room, else to a new one. ``spread`` takes the instance with the
        fewest copies of the component, otherwise the fullest is taken.
        """
        fitting = [
            each
            for each in self.instances
            if each.kind in copies and each.left().holds(copies[each.kind].needs)
        ]
        if not fitting and len(self.instances) < self.maximum:
            for kind in self.kinds:
                if kind in copies and room_of(kind).holds(copies[kind].needs):
                    fitting = [Instance(kind)]
                    self.instances += fitting
                    break
        if not fitting:
            return False

        def of_component(instance: Instance) -> int:
            name = copies[instance.kind].component
            return sum(each.component == name for each in instance.copies)

        def fullness(instance: Instance) -> int:
            return of_component(instance) if spread else -len(instance.copies)

        chosen = min(fitting, key=fullness)
        chosen.copies.append(copies[chosen.kind])
        return True

    def take(self, component: str, count: int, *, but_revision: int | None = None) -> None:
        """Take away so many copies of a component, if asked only those of other revisions.

        Those on the emptiest instances go first, so that instances become idle."""
        for _ in range(count):
            found = [
                (instance, each)
                for instance in self.instances
                for each in instance.copies
                if each.component == component and each.revision != but_revision
            ]
            if not found:
                return
            instance, copy = min(found, key=lambda pair: len(pair[0].copies))
            instance.copies.remove(copy)

    def release(self) -> None:
        """Give back idle instances above the minimum, those of the last kinds first; where it
        consolidates, also those whose copies have room elsewhere."""
        order = sorted(self.instances, key=lambda each: -self.kinds.index(each.kind))
        for instance in order:
            if len(self.instances) <= self.minimum:
                return
            if not instance.copies or (self.consolidates and self._empty(instance)):
                self.instances.remove(instance)

    def _empty(self, instance: Instance) -> bool:
        others = [
            (each, each.left(), list[Copy]())
            for each in self.instances
            if each is not instance and each.kind == instance.kind
        ]
        for copy in instance.copies:
            for number, (other, left, moved) in enumerate(others):
                if left.holds(copy.needs):
                    others[number] = (other, left.without(copy.needs), [*moved, copy])
                    break
            else:
                return False
        for other, _, moved in others:
            other.copies += moved
        return True

    def count(self, component: str, *, kind: str | None = None) -> int:
        """How many copies of a component stand on these instances, or on those of one type."""
        return sum(
            copy.component == component
            for each in self.instances
            if kind in (None, each.kind)
            for copy in each.copies
        )


_BOUNDLESS = Room(float("inf"), float("inf"), float("inf"))


@cache
def _types() -> dict[str, dict[str, Any]]:
    # not from moto.ec2, which takes a second to load
    types: dict[str, dict[str, Any]] = load_resource("ec2/resources/instance_types.json")
    return types


@cache
def room_of(kind: str) -> Room:
    """What an instance type has, such as ``ml.g5.12xlarge``."""
    known = _types().get(kind.removeprefix("ml."))
    if known is None:
        return _BOUNDLESS
    devices = [
        *known.get("GpuInfo", {}).get("Gpus", []),
        *(
            known.get("NeuronInfo", {}).get("NeuronDevices")
            or known.get("InferenceAcceleratorInfo", {}).get("Accelerators")
            or []
        ),
    ]
    return Room(
        accelerators=sum(each["Count"] for each in devices),
        cores=known["VCpuInfo"]["DefaultVCpus"],
        memory=known["MemoryInfo"]["SizeInMiB"],
    )
