"""Where the addresses of a VPC come from, beside its first range."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated

from ..rules import Problem, rule
from ..spec import Aws, Check, Cidrs, Many, Spec

VPC12 = rule(
    "VPC12",
    refuses="a secondary range whose mask is outside /16 to /28, or more than four of them",
    message="must be at most four ranges with masks from /16 to /28",
    source="Amazon VPC user guide, VPC CIDR blocks (/16 to /28); Amazon VPC quotas (five IPv4 "
    "CIDR blocks per VPC, adjustable up to 50)",
)
VPC13 = rule(
    "VPC13",
    refuses="a secondary range that AWS does not let stand beside the first one",
    message="cannot stand beside {first}; AWS takes {allowed} there",
    source="Amazon VPC user guide, IPv4 CIDR block association restrictions",
)
VPC14 = rule(
    "VPC14",
    refuses="an id that is not one of the thing asked for",
    message="must be an id such as {example}",
    source="Amazon EC2 user guide, resource IDs",
)

_PRIVATE = tuple(
    ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
SHARED = ipaddress.IPv4Network("100.64.0.0/10")
_TEST = ipaddress.IPv4Network("198.19.0.0/16")


def id_of(prefix: str) -> Check:
    """A check that a string is an id with `prefix`: `tgw`, 8 or 17 hexadecimal digits."""
    pattern = re.compile(rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", re.ASCII)
    example = f"{prefix}-0a1b2c3d4e5f67890"
    return Check(
        VPC14, lambda value: bool(pattern.fullmatch(value)), lambda _: {"example": example}
    )


def _are_secondary(cidrs: tuple[str, ...]) -> bool:
    return len(cidrs) <= 4 and all(16 <= int(cidr.partition("/")[2]) <= 28 for cidr in cidrs)


def _may_join(first: ipaddress.IPv4Network, other: ipaddress.IPv4Network) -> str:
    """What AWS takes instead of `other` beside `first`; empty where it takes it."""
    home = next((block for block in _PRIVATE if first.subnet_of(block)), None)
    blocked = [block for block in _PRIVATE if block != home]
    if not first.subnet_of(_TEST):
        blocked.append(_TEST)
    if not any(other.subnet_of(block) for block in blocked):
        return ""
    own = f"{home or (_TEST if first.subnet_of(_TEST) else 'public ranges')}"
    return f"ranges of {own} and {SHARED}"


class Ipv6(Spec):
    """IPv6 for the VPC: a /56, of which each subnet has a /64."""

    ipam_pool: (
        Annotated[str, id_of("ipam-pool"), Aws("ec2:CreateVpcRequest.Ipv6IpamPoolId")] | None
    ) = None
    """The IPAM pool that the range is of. Default: None, Amazon allots one."""

    egress: bool = True
    """Whether private tiers reach the internet by IPv6, through an egress-only internet gateway
    that lets nothing in. Default: True."""


class Addressing(Spec):
    """Where addresses come from, beside the VPC's own `cidr`."""

    secondary_cidrs: Annotated[
        Cidrs,
        Check(VPC12, _are_secondary),
        Aws("ec2:AssociateVpcCidrBlockRequest.CidrBlock"),
    ] = ()
    """More IPv4 ranges of the VPC, for tiers of their own. Default: none."""

    ipam_pool: (
        Annotated[str, id_of("ipam-pool"), Aws("ec2:CreateVpcRequest.Ipv4IpamPoolId")] | None
    ) = None
    """The IPAM pool that allots the network's `cidr`, which must be free there. Default: None."""

    ipv6: Ipv6 | None = None
    """IPv6 beside IPv4. Default: None."""

    nat_addresses: Many[
        Annotated[str, id_of("eipalloc"), Aws("ec2:CreateNatGatewayRequest.AllocationId")]
    ] = ()
    """Elastic IP addresses that exist, by allocation id, one for each NAT gateway in the order of
    the zones: addresses that others have in their lists. Default: new ones."""

    def problems(self, cidr: str) -> Iterator[Problem]:
        """Secondary ranges that cannot stand beside `cidr`."""
        first = ipaddress.IPv4Network(cidr)
        for index, text in enumerate(self.secondary_cidrs):
            if allowed := _may_join(first, ipaddress.IPv4Network(text)):
                yield VPC13.problem("secondary_cidrs", index, got=text, first=cidr, allowed=allowed)
