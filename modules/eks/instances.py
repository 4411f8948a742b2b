"""EC2 instance types as Kubernetes nodes: what each has, and what it leaves to pods."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ..ec2 import Ec2InstanceType, arch_by_family, ec2_facts

# The kubelet evicts pods before the last 100 MiB of memory are used.
_EVICTION_MIB = 100

# Reserved millicores of the first core, the second, each of the next two, and each of the rest.
_RESERVED_CPU = ((1, 60.0), (1, 10.0), (2, 5.0))
_RESERVED_CPU_REST = 2.5


@dataclass(frozen=True, slots=True)
class NodeType(Ec2InstanceType):
    """An EC2 instance type as a node."""

    @property
    def pod_memory_mib(self) -> int:
        """The memory that pods may request: all but 255 MiB, 11 MiB for each possible pod and
        the kubelet's eviction threshold (amazon-eks-ami, nodeadm and bootstrap.sh)."""
        return self.memory_mib - (255 + 11 * self.max_pods) - _EVICTION_MIB

    @property
    def pod_cpu(self) -> float:
        """The vCPUs that pods may request: all but 6% of the first core, 1% of the second, 0.5%
        of the next two and 0.25% of the others (amazon-eks-ami, nodeadm and bootstrap.sh)."""
        left, reserved = self.vcpu, 0.0
        for cores, millicores in _RESERVED_CPU:
            reserved += min(left, cores) * millicores
            left = max(left - cores, 0)
        return (self.vcpu * 1000 - int(reserved + left * _RESERVED_CPU_REST)) / 1000


@cache
def node_types() -> dict[str, NodeType]:
    """Every known EC2 instance type by name, such as `m5.xlarge`."""
    return {name: NodeType(*facts) for name, facts in ec2_facts().items()}


def architecture(name: str) -> str:
    """`arm64` or `x86_64`: from the table, or by the family's letters where it is not there."""
    known = node_types().get(name)
    if known is not None:
        return known.arch
    return arch_by_family(name)


def has_neuron(name: str) -> bool:
    """Whether a type has AWS Inferentia or Trainium devices."""
    return bool(re.match(r"(inf|trn)\d", name))
