"""SageMaker's hosting instance types: what each has, and where it is priced."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

_ROOT = __package__


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A hosting instance type as AWS lists it; None where AWS no longer publishes the figure."""

    vcpu: int | None
    memory_gib: float | None
    arch: str | None
    gpus: int | None
    gpu_memory_gib: float | None
    local_gb: int | None
    burstable: bool
    regions: tuple[str, ...]
    provider_5_100: bool

    def sold_in(self, region: str) -> bool | None:
        """Whether the price list has it in `region`; None when it has no price anywhere."""
        return region in self.regions if self.regions else None


@cache
def instance_types() -> dict[str, InstanceType]:
    """Every hosting instance type by name, such as `ml.m5.xlarge`."""
    text = (resources.files(_ROOT) / "data" / "hosting_instance_types.json").read_text("utf-8")
    return {
        name: InstanceType(**{**facts, "regions": tuple(facts["regions"])})
        for name, facts in json.loads(text).items()
    }


# A type that the table does not have: nothing is known of it.
_UNKNOWN = InstanceType(None, None, None, None, None, None, False, (), False)

TYPE_FORM = r"ml\.[a-z]+\d*[a-z0-9-]*\.(medium|large|\d*xlarge|metal(-\d+xl)?)"
"""What SageMaker calls its instance types."""


def facts_of(name: str) -> InstanceType:
    """What is known of a hosting instance type: nothing, where the table does not have it."""
    return instance_types().get(name, _UNKNOWN)


@cache
def instance_type_names() -> frozenset[str]:
    """The names of all hosting instance types."""
    return frozenset(instance_types())
