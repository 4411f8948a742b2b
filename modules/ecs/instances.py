"""EC2 instance types that ECS capacity can be made of: what each has."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ..ec2 import EC2_FORM, Ec2InstanceType, arch_by_family, ec2_facts, has_gpu

Architecture = Literal["X86_64", "ARM64"]

# Former generations, which the ECS-optimised AMIs do not start on, accelerators that none of these
# AMIs has a driver for, and Macs.
_OTHER_AMI = re.compile(
    r"(c1|cc\d|cg1|cr1|g2|g3s?|hi1|hs1|m1|m2|p2|p3|t1"
    r"|dl1|dl2q|f\d|g4ad|inf\d|trn\d\w*|vt1|mac[\w-]*)\."
)


@dataclass(frozen=True, slots=True)
class EcsInstanceType(Ec2InstanceType):
    """An EC2 instance type as a container instance."""

    @property
    def architecture(self) -> Architecture:
        """The architecture in ECS's words."""
        return "ARM64" if self.arch == "arm64" else "X86_64"


@cache
def ec2_instance_types() -> dict[str, EcsInstanceType]:
    """Every EC2 instance type by name, such as `g5.xlarge`; none with Inferentia or Trainium."""
    return {
        name: EcsInstanceType(*facts)
        for name, facts in ec2_facts().items()
        if not _OTHER_AMI.match(name)
    }


CAPACITY_FORM = rf"(?!{_OTHER_AMI.pattern}){EC2_FORM}"
"""What EC2 calls the types that an ECS-optimised AMI may start on."""


def ecs_facts(name: str) -> EcsInstanceType:
    """What a type has. Of one that the table does not have the family says what it is, and nothing
    is too large for it."""
    known = ec2_instance_types().get(name)
    most = sys.maxsize
    gpus = most if has_gpu(name) else 0
    return known or EcsInstanceType(most, most, arch_by_family(name), gpus, 0, most)


@cache
def ec2_instance_type_names() -> frozenset[str]:
    """The names of all of them."""
    return frozenset(ec2_instance_types())
