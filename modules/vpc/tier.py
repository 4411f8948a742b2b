"""A tier of subnets: one range in each zone, with the same way out."""

from __future__ import annotations

from typing import Annotated, Literal

from ..context import FIT, is_tag_text
from ..rules import rule
from ..spec import Aws, Between, Check, Cidrs, Many, Spec

VPC10 = rule(
    "VPC10",
    refuses="a subnet whose mask is outside /16 to /28",
    message="must have masks from /16 to /28",
    source="Amazon VPC user guide, subnet CIDR blocks (/16 to /28)",
)
VPC11 = rule(
    "VPC11",
    refuses="the number of a subnet's IPv6 range outside 0 to 255",
    message="must be from {low} to {high}: a VPC's /56 holds 256 ranges of /64",
    source="Amazon VPC user guide, VPC CIDR blocks (IPv6: /56 for the VPC, /64 for a subnet)",
)

VPC29 = rule(
    "VPC29",
    refuses="a name over 256 characters, or with characters that tags do not take",
    message="must be 1 to 256 letters, digits, spaces and _ . : / = + - @",
    source="AWS General Reference, tagging limits",
)

VPC33 = rule(
    "VPC33",
    refuses="public addresses in subnets without a way to the internet gateway",
    message="is for subnets whose routes are public; leave it out",
    source="Amazon VPC user guide, IP addressing (a public address needs an internet gateway)",
)

TagName = Annotated[
    str, Check(VPC29, lambda text: 0 < len(text) <= 256 and is_tag_text(text)), Aws("ec2:Tag.Value")
]

Routes = Literal["public", "private", "isolated"]


def _are_subnets(cidrs: tuple[str, ...]) -> bool:
    return all(16 <= int(cidr.partition("/")[2]) <= 28 for cidr in cidrs)


class Tier(Spec):
    """Subnets of one purpose, such as databases: the first range is in the first zone."""

    cidrs: Annotated[Cidrs, Check(VPC10, _are_subnets), Aws("ec2:CreateSubnetRequest.CidrBlock")]
    """Their ranges, each /16 to /28, in the order of the zones."""

    routes: Routes | None = None
    """Where they lead: `public` to the internet gateway, `private` to the NAT gateways if there are
    any, `isolated` to the VPC, its endpoints and links alone. Default: what the tier's name
    says, `isolated` for any but `public` and `private`."""

    names: Many[TagName] = ()
    """Their tags `Name`, in the order of `cidrs`. Default: `acme-prod-use1-database-a` for those
    without one."""

    tags: Annotated[
        dict[Annotated[str, Aws("ec2:Tag.Key")], Annotated[str, Aws("ec2:Tag.Value")]],
        FIT,
    ] = {}
    """More tags for them. Default: none."""

    ipv6_offset: Annotated[int, Between(VPC11, 0, 255)] | None = None
    """The number of the first one's /64 in the VPC's IPv6 range. Default: 0 for `private`, 16 for
    `public`, and no IPv6 for others."""

    public_addresses: bool = False
    """Whether what starts in them gets a public IPv4 address, in subnets whose routes are `public`.
    Nothing that Inferform makes needs one. Default: False."""
