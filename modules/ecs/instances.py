"""EC2 instance types that ECS capacity can be made of: what each has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ..ec2 import Ec2InstanceType, ec2_facts

Architecture = Literal["X86_64", "ARM64"]

# Former generations, which the ECS-optimised AMIs do not start on, and accelerators that none of
# these AMIs has a driver for.
_OTHER_AMI = re.compile(r"(c1|m1|m2|t1|dl2q|f2|vt1|inf\d|trn\d\w*)\.")


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


@cache
def ec2_instance_type_names() -> frozenset[str]:
    """The names of all of them."""
    return frozenset(ec2_instance_types())
