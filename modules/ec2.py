"""EC2 instance types: what `DescribeInstanceTypes` says of each, for ECS and EKS."""

from __future__ import annotations

import json
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


@cache
def ec2_facts() -> dict[str, list[Any]]:
    """The fields of every known EC2 instance type by name, such as `m5.xlarge`."""
    text = (resources.files(__package__) / "data" / "ec2_instance_types.json").read_text("utf-8")
    facts: dict[str, list[Any]] = json.loads(text)
    return facts
