"""What is set on a VPC as a whole, beside its ranges."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Annotated

from ..rules import Problem, rule
from ..spec import Aws, Check, Many, Matches, Spec

VPC30 = rule(
    "VPC30",
    refuses="DHCP options that AWS does not take, or that say nothing",
    message="{wrong}; {remedy}",
    source="Amazon VPC user guide, DHCP option sets (at most four servers of each kind)",
)
VPC31 = rule(
    "VPC31",
    refuses="name servers of one's own, which have to forward what only the VPC's resolver knows",
    message="leaves out AmazonProvidedDNS: the servers must forward names of AWS to the VPC's resolver, or "
    "interface endpoints are not found",
    source="Amazon VPC user guide, DHCP option sets; AWS PrivateLink guide, private DNS names",
    severity="warning",
)
VPC32 = rule(
    "VPC32",
    refuses="a domain name that hosts cannot have",
    message="must be a domain name, such as acme.internal",
    source="RFC 1123, host names",
)

AMAZON = "AmazonProvidedDNS"
"""The VPC's own resolver, as a name server."""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _servers(*words: str) -> Check:
    return Check(
        VPC30,
        lambda text: text in words or _is_address(text),
        lambda _: {
            "wrong": "is no address",
            "remedy": f"write an IP address{''.join(f' or {word}' for word in words)}",
        },
    )


class Dhcp(Spec):
    """What hosts of the VPC learn by DHCP."""

    domain_name: (
        Annotated[
            str,
            Matches(
                VPC32,
                r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*",
            ),
            Aws("ec2:NewDhcpConfiguration.Values"),
        ]
        | None
    ) = None
    """The domain that unqualified names are looked up in. Default: None, the Region's own, such as
    `ec2.internal`."""

    name_servers: Many[Annotated[str, _servers(AMAZON), Aws("ec2:NewDhcpConfiguration.Values")]] = (
        AMAZON,
    )
    """The name servers, at most four addresses. Servers of your own must forward the names of AWS to
    the VPC's resolver. Default: `AmazonProvidedDNS`, the VPC's resolver."""

    ntp_servers: Many[Annotated[str, _servers(), Aws("ec2:NewDhcpConfiguration.Values")]] = ()
    """Time servers, at most four addresses. Default: none; Amazon Linux asks Amazon's own."""

    def check(self) -> Iterator[Problem]:
        """At most four servers, and something to say."""
        for field in ("name_servers", "ntp_servers"):
            given = getattr(self, field)
            if len(given) > 4 or len(set(given)) < len(given):
                remedy = "write at most four different ones"
                yield VPC30.problem(field, got=given, wrong="has too many servers", remedy=remedy)
        if not self.name_servers:
            yield VPC30.problem(
                "name_servers", got=(), wrong="has no server", remedy=f"write {AMAZON}"
            )
        elif AMAZON not in self.name_servers:
            yield VPC31.problem("name_servers", got=self.name_servers)


class NetworkOptions(Spec):
    """What is set on a VPC as a whole."""

    dhcp: Dhcp | None = None
    """What hosts learn by DHCP. Default: None, as the Region's own options say."""

    dedicated_hardware: bool = False
    """Whether instances run on hardware of this account alone, which costs more. AWS takes it off a
    VPC but puts it on at the creation only. Default: False."""

    usage_metrics: bool = False
    """Whether CloudWatch has metrics of the addresses in use, which are charged for. Default: False."""
