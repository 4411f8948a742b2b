"""EC2 instance types: what `DescribeInstanceTypes` says of each, for ECS and EKS."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Ec2InstanceType:
    """An EC2 instance type as AWS describes it."""

    vcpu: int
    memory_mib: int
    arch: str
    gpus: int
    """Whole NVIDIA GPUs; a fraction of one counts as none."""

    neuron_devices: int
    max_pods: int
    """Pods that the addresses of its network interfaces allow."""


EC2_FORM = r"[a-z]+\d*[a-z0-9-]*\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)"
"""What EC2 calls its instance types."""


def arch_by_family(name: str) -> str:
    """`arm64` or `x86_64`, by the letters of an instance type's family."""
    return "arm64" if re.match(r"(a1|[a-z]+\d+g)", name) else "x86_64"


def has_gpu(name: str) -> bool:
    """Whether a type has NVIDIA GPUs: by its family, as a fraction of one counts too."""
    return bool(re.match(r"(p\d|g\d(?!ad)|gr\d)", name))


@cache
def ec2_facts() -> dict[str, list[Any]]:
    """The fields of every known EC2 instance type by name, such as `m5.xlarge`."""
    text = (resources.files(__package__) / "data" / "ec2_instance_types.json").read_text("utf-8")
    facts: dict[str, list[Any]] = json.loads(text)
    return facts
