"""EC2 instance types that ECS capacity can be made of: what each has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

_ROOT = __package__.rpartition(".")[0]

Architecture = Literal["X86_64", "ARM64"]


@dataclass(frozen=True, slots=True)
class Ec2InstanceType:
    """An EC2 instance type as AWS describes it."""

    vcpu: int
    memory_mib: int
    arch: str
    gpus: int
    """NVIDIA GPUs; no other accelerator is known to the ECS-optimised AMIs used here."""

    @property
    def architecture(self) -> Architecture:
        """The architecture in ECS's words."""
        return "ARM64" if self.arch == "arm64" else "X86_64"


@cache
def ec2_instance_types() -> dict[str, Ec2InstanceType]:
    """Every EC2 instance type by name, such as `g5.xlarge`; none with Inferentia or Trainium."""
    text = (resources.files(_ROOT) / "data" / "ec2_instance_types.json").read_text("utf-8")
    return {name: Ec2InstanceType(*facts) for name, facts in json.loads(text).items()}


@cache
def ec2_instance_type_names() -> frozenset[str]:
    """The names of all of them."""
    return frozenset(ec2_instance_types())
