"""What is on sale in a Region: prices, and instance types with what they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from inferform.ec2 import ec2_facts, has_gpu
from inferform.instances import InstanceType, instance_types

from ..cost.model import HOURS_PER_MONTH, Price
from ..cost.prices import PriceTable
from .need import Need, Processor

SAFE_SHARE = 0.9
"""The share of an instance's memory that models get; the rest is the system's."""


@dataclass(frozen=True, slots=True)
class Sold:
    """An instance type with its price by the hour."""

    name: str
    usd: float
    vcpu: int
    memory_gib: float
    gpus: int
    """GPUs, or Neuron devices."""

    gpu_memory_gib: float
    """Of all its GPUs, or Neuron devices, together."""

    arch: str
    processor: Processor

    @property
    def monthly(self) -> float:
        """What one costs a month."""
        return self.usd * HOURS_PER_MONTH

    def serves(self, need: Need) -> float:
        """The requests per second that one serves at most: one at a time for each GPU or Neuron device,
        or for each lot of cores that a request keeps busy."""
        slots = self.gpus if need.gpu_memory_gib else self.vcpu / need.cores
        return max(slots, 1e-9) / need.seconds

    def holds(self, need: Need) -> bool:
        """Whether it has room for one model, and a request's cores."""
        return (
            self.memory_gib * SAFE_SHARE >= need.memory_gib
            and self.gpu_memory_gib >= need.gpu_memory_gib
            and self.processor == need.processor
            and self.arch == need.architecture
            and self.vcpu >= need.cores
        )


class Market:
    """The prices and instance types of a Region."""

    def __init__(self, table: PriceTable, region: str) -> None:
        self.region = region
        self._table = table
        self._prices = table.region(region)
        self.used: set[str] = set()
        """The dates of the prices that were asked for."""

    def price(self, key: str) -> float | None:
        """A price in its unit; None where none is known."""
        found = self.found(key)
        return None if found is None else found.usd

    def found(self, key: str) -> Price | None:
        """A price with its unit, bounds and date; None where none is known."""
        # Asking the table reads the whole Region; it also knows prices that follow from others.
        found = self._prices.get(key) or self._table.price(self.region, key)
        if found is not None:
            self.used.add(found.date)
        return found

    def smallest(self, need: Need) -> Sold | None:
        """The SageMaker type with the least memory that runs on CPUs alone."""
        types = (
            each
            for each in self._hosting
            if each.processor == "cpu" and each.arch == need.architecture
        )
        return min(types, key=lambda each: (each.memory_gib, each.usd), default=None)

    def hosting(self, need: Need) -> list[Sold]:
        """SageMaker types that have room for a model, the cheapest first."""
        return sorted(
            (each for each in self._hosting if each.holds(need)),
            key=lambda each: (each.usd, -each.vcpu, each.name),
        )

    def ec2(self, need: Need) -> list[Sold]:
        """EC2 types likewise."""
        return sorted(
            (each for each in self._ec2 if each.holds(need)),
            key=lambda each: (each.usd, -each.vcpu, each.name),
        )

    @cached_property
    def _hosting(self) -> list[Sold]:
        return [*self._sold("sagemaker/hosting/", instance_types().items())]

    @cached_property
    def _ec2(self) -> list[Sold]:
        known = instance_types()
        found = []
        for name, facts in ec2_facts().items():
            vcpu, mib, arch, gpus, *_ = facts
            hosted = known.get(f"ml.{name}")
            # A fraction of a GPU counts as none there, and what nobody says of its memory too.
            if has_gpu(name) and not (gpus and hosted and hosted.gpu_memory_gib):
                continue
            memory = (hosted.gpu_memory_gib or 0.0) if hosted else 0.0
            burstable = name.startswith("t") and not name.startswith("trn")
            found.append(
                (
                    name,
                    InstanceType(vcpu, mib / 1024, arch, gpus, memory, None, burstable, (), False),
                )
            )
        return [*self._sold("ec2/", found)]

    def _sold(self, prefix: str, types: Iterable[tuple[str, InstanceType]]) -> Iterator[Sold]:
        for name, facts in types:
            # What earns credits while idle does not serve a load.
            if facts.burstable or facts.vcpu is None or facts.memory_gib is None:
                continue
            if facts.arch not in ("x86_64", "arm64"):
                continue
            usd = self._prices.get(f"{prefix}{name}")
            if usd is None:
                continue
            devices, each = _neuron(name.removeprefix("ml."))
            gpus = facts.gpus or 0
            yield Sold(
                name,
                usd.usd,
                facts.vcpu,
                facts.memory_gib,
                gpus or devices,
                (facts.gpu_memory_gib or 0.0) if gpus else devices * each,
                facts.arch,
                "gpu" if gpus else "neuron" if devices else "cpu",
            )


_NEURON_GIB = {"inf1": 8, "inf2": 32, "trn1": 32, "trn1n": 32, "trn2": 96}
"""Memory of one device. Source: AWS Neuron documentation, architectures of Inferentia and Trainium."""


def _neuron(name: str) -> tuple[int, int]:
    """How many Neuron devices an EC2 type has, and the memory of each in GiB; of a family that is not known,
    none of it."""
    facts = ec2_facts().get(name)
    devices = 0 if facts is None else int(facts[4])
    return devices, _NEURON_GIB.get(name.partition(".")[0], 0)
