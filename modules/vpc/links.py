"""Ways from a VPC to other networks."""

from __future__ import annotations

from typing import Annotated

from ..rules import rule
from ..spec import Aws, Check, Cidrs, Many, ShortName, Spec
from .addressing import id_of

VPC15 = rule(
    "VPC15",
    refuses="a link without destinations",
    message="must name a range that the link leads to, such as 10.0.0.0/8",
    source="Inferform: an attachment without routes carries nothing and is billed",
)

Destinations = Annotated[
    Cidrs, Check(VPC15, bool), Aws("ec2:CreateRouteRequest.DestinationCidrBlock")
]


class Peering(Spec):
    """A VPC peering connection that exists and is accepted; routes lead to it."""

    id: Annotated[str, id_of("pcx"), Aws("ec2:CreateRouteRequest.VpcPeeringConnectionId")]
    """The connection's id, `pcx-…`."""

    destinations: Destinations
    """The ranges of the other VPC that routes lead to."""

    tiers: Many[ShortName] = ()
    """The tiers that reach them. Default: all but public ones."""


class TransitGateway(Spec):
    """An attachment to a transit gateway that exists, and routes that lead to it."""

    id: Annotated[
        str,
        id_of("tgw"),
        Aws("ec2:CreateTransitGatewayVpcAttachmentRequest.TransitGatewayId"),
    ]
    """The transit gateway's id, `tgw-…`. One of another account is shared through AWS RAM and
    accepts attachments by itself: routes fail while an attachment waits to be accepted."""

    destinations: Destinations
    """The ranges that routes lead to; `0.0.0.0/0` where a central VPC leads to the internet."""

    tiers: Many[ShortName] = ()
    """The tiers that reach them. Default: all but public ones."""

    attached_in: ShortName = "private"
    """The tier in whose subnets the attachment has its network interfaces, one in each zone.
    Default: private."""

    appliance_mode: bool = False
    """Whether both directions of a flow pass the same zone, for a firewall. Default: False."""

    dns_support: bool = True
    """Whether names of other attached VPCs resolve to private addresses. Default: True."""

    default_routing: bool | None = None
    """Whether the attachment joins the default route table of the transit gateway, and propagates
    into it. Leave it out where another account shares the transit gateway. Default: as the
    transit gateway says."""
