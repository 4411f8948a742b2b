"""What is asked of a VPC."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Literal, NamedTuple, cast, get_args

from ..context import Context, OwnTag
from ..names import Name, log_group, role
from ..overrides import Overridable
from ..rules import Problem, did_you_mean, rule
from ..service import Billed, Named, Place
from ..spec import Aws, Between, Check, Cidr, Many, Matches, ShortName
from ..statement import PolicyStatement, repeated
from ..usage import Usage, exactly
from .addressing import SHARED, Addressing
from .flow_logs import FLOW_LOG_GROUP, FLOW_LOGS, FlowLogs
from .links import Peering, TransitGateway
from .options import NetworkOptions
from .tier import VPC33, Routes, Tier

VPC1 = rule(
    "VPC1",
    refuses="a VPC whose mask is outside /16 to /24, or /28 with ranges of its own for each tier",
    message="must have a mask from /16 to /24: a larger VPC is refused by AWS, a smaller one "
    "leaves a public subnet under AWS's /28; with ranges of its own for each tier, to /28",
    source="Amazon VPC user guide, VPC CIDR blocks (/16 to /28) and subnet sizing",
)
VPC2 = rule(
    "VPC2",
    refuses="a CIDR that overlaps another environment's",
    message="overlaps {other} of {environment}; choose a free range, or set "
    "allow_overlap=True if the two never meet",
    source="Inferform: overlapping VPCs can never be peered or joined by a transit gateway",
)
VPC3 = rule(
    "VPC3",
    refuses="a number of availability zones outside 1 to 6",
    message="must be from {low} to {high}",
    source="AWS global infrastructure, Regions and Availability Zones (us-east-1 has six)",
)
VPC4 = rule(
    "VPC4",
    refuses="zone letters that are not as many as the availability zones, or not a to f; more "
    "zones than the Region has",
    message="must {wanted}",
    source="Amazon EC2 user guide, Availability Zones",
)
VPC5 = rule(
    "VPC5",
    refuses="an interface endpoint that is not in the table of AWS's endpoints",
    message="is not a VPC interface endpoint that Inferform knows{hint}; preflight asks the Region",
    source="EC2 API reference, DescribeVpcEndpointServices; AWS PrivateLink guide, services that "
    "integrate with AWS PrivateLink (2026-11)",
    severity="warning",
)
VPC6 = rule(
    "VPC6",
    refuses="a VPC outside the private ranges",
    message="is not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; {why}",
    source="Amazon VPC user guide, VPC CIDR blocks (RFC 1918 recommended)",
    severity="warning",
)
VPC7 = rule(
    "VPC7",
    refuses="a single availability zone in a protected environment",
    message="is one availability zone in a protected environment; two or three survive the "
    "loss of one",
    source="AWS SageMaker developer guide, inference reliability",
    severity="warning",
)
VPC9 = rule(
    "VPC9",
    refuses="an interface endpoint that cannot be the name of a service",
    message="must be what follows com.amazonaws.REGION. in the service's name, such as ecr.api, "
    "or the whole name, such as aws.sagemaker.us-east-1.studio",
    source="AWS PrivateLink guide, services that integrate with AWS PrivateLink",
)
VPC16 = rule(
    "VPC16",
    refuses="a tier with more ranges than zones, or a private or public one with fewer",
    message="has {ranges} ranges for {zones} zones; {remedy}",
    source="Inferform: a tier has at most one subnet in each zone, private and public ones one in each",
)
VPC17 = rule(
    "VPC17",
    refuses="subnets outside of the VPC's ranges",
    message="is outside of {ranges}; choose another, or add one to addressing.secondary_cidrs",
    source="Amazon VPC user guide, subnet CIDR blocks",
)
VPC18 = rule(
    "VPC18",
    refuses="two subnets of a VPC whose ranges overlap",
    message="overlaps {other} of the tier {tier}; each subnet has a range of its own",
    source="EC2 API error codes, InvalidSubnet.Conflict",
)
VPC19 = rule(
    "VPC19",
    refuses="more than three zones without ranges of their own for private and public subnets",
    message="needs ranges of its own for {zones} zones; write tiers={{{tier!r}: Tier(cidrs=[…])}}",
    source="Inferform: the address plan that follows from cidr alone has room for three zones",
)
VPC20 = rule(
    "VPC20",
    refuses="a tier named public or private whose routes are another's",
    message="must be {routes} for the tier {routes}; give the tier another name",
    source="Inferform: load balancers and services are put into the tiers of these names",
)
VPC21 = rule(
    "VPC21",
    refuses="more names than a tier has subnets, or a tag that Inferform sets",
    message="{wrong}; {remedy}",
    source="Inferform: a tag has one value",
)
VPC22 = rule(
    "VPC22",
    refuses="ranges of IPv6 that are the same for two subnets, or without IPv6 for the VPC",
    message="{wrong}; {remedy}",
    source="EC2 API error codes, InvalidSubnet.Conflict; Amazon VPC user guide, subnet CIDR blocks",
)
VPC23 = rule(
    "VPC23",
    refuses="addresses of NAT gateways that are not as many as these",
    message="must be {wanted}, one for each NAT gateway",
    source="EC2 API reference, CreateNatGateway (AllocationId)",
)
VPC24 = rule(
    "VPC24",
    refuses="a policy for an endpoint that the network does not make",
    message="is no endpoint of this network{hint}; write it in interface_endpoints or "
    "gateway_endpoints too",
    source="EC2 API reference, CreateVpcEndpoint (PolicyDocument)",
)
VPC35 = rule(
    "VPC35",
    refuses="a VPC with the range that Docker has on hosts of SageMaker",
    message="overlaps 172.17.0.0/16, which SageMaker's hosts use themselves; take another range",
    source="Amazon VPC user guide, VPC CIDR blocks (don't use 172.17.0.0/16)",
    severity="warning",
)
VPC34 = rule(
    "VPC34",
    refuses="an endpoint of the Region by its whole name, under which nothing else finds it",
    message="is {short} by its whole name; write {short}, as policies and services that need it do",
    source="Inferform: an endpoint has one name; EC2 API reference, CreateVpcEndpoint (one endpoint "
    "with private DNS for each service and VPC)",
)
VPC25 = rule(
    "VPC25",
    refuses="a link from a tier that the network does not have, or without private routes",
    message="is no tier of this network{hint}",
    source="Inferform: routes stand in the route tables of tiers",
)
VPC26 = rule(
    "VPC26",
    refuses="a route that a table has already: to the VPC itself, to the internet, or of another link",
    message="is {taken} in the routes of the tier {tier}; {remedy}",
    source="EC2 API error codes, RouteAlreadyExists; Amazon VPC user guide, route tables (local route)",
)
PRIVATE_SAGEMAKER: tuple[str, ...] = (
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "monitoring",
    "sagemaker.api",
    "sagemaker.runtime",
    "sts",
)
"""The interface endpoints that a SageMaker model in subnets without internet needs."""


@cache
def interface_services() -> frozenset[str]:
    """The services that have interface endpoints in some Region, from the table in the package;
    a Region may lack some of them, which preflight finds."""
    text = (resources.files("inferform") / "data" / "interface_endpoints.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


_WHOLE = ("com.amazonaws.", "aws.")

WITHOUT_PRIVATE_DNS = ("dynamodb", "dynamodb-fips")
"""Services whose interface endpoints have names of their own alone.

Source: Amazon DynamoDB developer guide, AWS PrivateLink for DynamoDB, considerations."""


def has_private_dns(service: str) -> bool:
    """Whether an interface endpoint gets private DNS: not where the service has none, nor for an
    endpoint service of somebody's own, which has it only where its owner set it up."""
    return service not in WITHOUT_PRIVATE_DNS and not _OWN_SERVICE.search(service)


_OWN_SERVICE = re.compile(r"\.vpce-svc-[0-9a-f]+$")

# What AWS calls zones by: no Region has a zone past f.
_LETTERS = ("a", "b", "c", "d", "e", "f")

# Regions whose zone letters are not a, b, c for every account, or which have more, in 2026-11.
_ZONE_LETTERS = {
    "ap-northeast-1": ("a", "c", "d"),
    "ap-northeast-2": ("a", "b", "c", "d"),
    "ca-central-1": ("a", "b", "d"),
    "us-east-1": ("a", "b", "c", "d", "e", "f"),
    "us-west-1": ("a", "c"),
    "us-west-2": ("a", "b", "c", "d"),
}

_DOCKER = ipaddress.IPv4Network("172.17.0.0/16")

_PRIVATE_RANGES = tuple(
    ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)


VPC8 = rule(
    "VPC8",
    refuses="a range that hosts cannot have: 0.0.0.0/8, loopback, link-local, multicast and above",
    message="is not for hosts; take one of 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16",
    source="RFC 6890, special-purpose IP addresses",
)


def _is_for_hosts(cidr: str) -> bool:
    first = ipaddress.IPv4Address(cidr.partition("/")[0])
    return not (first.is_loopback or first.is_link_local) and 1 <= int(first) >> 24 <= 223


def _not_private(network: ipaddress.IPv4Network) -> str:
    """What is wrong with the addresses of a VPC outside of the private ranges."""
    if network.subnet_of(SHARED):
        return "shared addresses of carriers (RFC 6598) are rather for addressing.secondary_cidrs"
    if network.is_private:
        return "these addresses are for special purposes (RFC 6890)"
    return "public addresses inside a VPC hide the real owners of them"


ENDPOINTS = "endpoints"
"""The security group of interface endpoints, in its name."""


_SERVICE = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"

_IPV6_OFFSETS = {"private": 0, "public": 16}


class Subnet(NamedTuple):
    """A subnet that a network makes."""

    tier: str
    zone: str
    cidr: str
    routes: Routes
    name: str | None
    """Its tag `Name`; None where Inferform names it."""

    tags: Mapping[str, str]
    ipv6: int | None
    """The number of its /64 in the VPC's range."""

    public_addresses: bool
    """Whether what starts in it gets a public IPv4 address."""

    @property
    def letter(self) -> str:
        """The last letter of its zone."""
        return self.zone[-1]


class Network(Overridable, Billed, Named):
    """A VPC with one private and one public subnet in each availability zone.

    The address plan is fixed by `cidr` alone: a quarter of it for each zone's private subnet,
    and a sixteenth for each public one. Adding a zone moves no existing subnet. `tiers` gives
    subnets ranges of their own.
    """

    cidr: Annotated[
        Cidr,
        Check(VPC1, lambda cidr: 16 <= int(cidr.partition("/")[2]) <= 28),
        Check(VPC8, _is_for_hosts),
        Aws("ec2:CreateVpcRequest.CidrBlock"),
    ]
    """The VPC's IPv4 range, /16 to /24; with ranges of its own for each tier, to /28."""

    availability_zones: Annotated[int, Between(VPC3, 1, 6)] = 2
    """How many zones, 1 to 6 where the Region has as many. Private and public subnets of more than
    three have ranges of their own, see `tiers`. Default: 2."""

    zone_letters: Many[str] | None = None
    """Which zones, such as `("a", "b")`. Default: the first ones that the region offers."""

    tiers: dict[ShortName, Tier] = {}
    """Subnets with ranges of their own by the name of their tier: `private` and `public` instead of
    those that follow from `cidr`, and more such as `database` or `intra`. Default:
    none, only those that follow from `cidr`."""

    addressing: Addressing = Addressing()
    """Secondary ranges, IPAM, IPv6 and addresses of NAT gateways. Default: none of them."""

    nat: Literal["none", "single", "per_zone"] = "single"
    """NAT gateways: none, one for all zones (cheaper), or one in each (survives a zone)."""

    public_subnets: bool = False
    """Whether there are public subnets and an internet gateway even without NAT. Default:
    only where NAT needs them."""

    links: Mapping[ShortName, TransitGateway | Peering] = {}
    """Ways to other networks by short name: transit gateways and peerings. Default: none."""

    gateway_endpoints: Many[Literal["s3", "dynamodb"]] = ("s3", "dynamodb")
    """Gateway endpoints, which cost nothing. Default: both."""

    interface_endpoints: Many[Annotated[str, Matches(VPC9, _SERVICE)]] = ()
    """Interface endpoints by the name of the service behind `com.amazonaws.REGION.`, or by its whole
    name where that is another; `PRIVATE_SAGEMAKER` is the set that a private SageMaker model needs.
    They have private DNS, except that of DynamoDB and those of endpoint services of somebody's own
    (`vpce-svc-…`), for which an override of `private_dns_enabled` turns it on. Each is billed by
    the hour and zone. Default: none."""

    auto_endpoints: bool = False
    """Whether the interface endpoints that the environment's endpoints and services need are
    added to those. Default: False."""

    endpoint_policies: Mapping[str, Many[PolicyStatement]] = {}
    """What endpoints let through, by the name of the service: `{"s3": [PolicyStatement(…)]}`.
    Default: everything, as AWS does."""

    flow_logs: FlowLogs | None = FlowLogs()
    """Flow logs. Default: kept for 30 days; `None` turns them off."""

    options: NetworkOptions = NetworkOptions()
    """What is set on the VPC as a whole: DHCP, hardware and metrics. Default: as AWS does by itself."""

    allow_overlap: bool = False
    """Allow this CIDR to overlap another environment's. Default: False."""

    def check(self) -> Iterator[Problem]:
        """Zone letters fit the number of zones, subnets their ranges and each other."""
        letters = self.zone_letters
        if letters is not None and (
            len(set(letters)) != self.availability_zones
            or len(letters) != self.availability_zones
            or any(letter not in _LETTERS for letter in letters)
        ):
            named = (
                f"name {self.availability_zones} distinct zones of the region, such as ('a', 'b')"
            )
            yield VPC4.problem("zone_letters", got=letters, wanted=named)
        if not any(self.network.subnet_of(block) for block in _PRIVATE_RANGES):
            yield VPC6.problem("cidr", got=self.cidr, why=_not_private(self.network))
        if self.network.overlaps(_DOCKER):
            yield VPC35.problem("cidr", got=self.cidr)
        for index, service in enumerate(self.interface_endpoints):
            known = interface_services()
            if service not in known and not service.startswith(_WHOLE):
                hint = did_you_mean(service, sorted(known))
                yield VPC5.problem("interface_endpoints", index, got=service, hint=hint)
        for problem in self.addressing.problems(self.cidr):
            yield problem.under("addressing")
        planned = [*self._check_plan()]
        yield from planned
        if not planned:
            yield from self._check_ranges()
        yield from self._check_tiers()
        yield from self._check_addresses()
        yield from self._check_links()
        wanted = self.nat_gateways
        if self.addressing.nat_addresses and len(set(self.addressing.nat_addresses)) != wanted:
            given = self.addressing.nat_addresses
            yield VPC23.problem("addressing", "nat_addresses", got=given, wanted=wanted)
        for service, statements in self.endpoint_policies.items():
            yield from repeated(statements, "endpoint_policies", service)

    def _check_plan(self) -> Iterator[Problem]:
        """Whether the plan that follows from `cidr` has room, where it is used."""
        needed = ["private", *(["public"] if self.is_public else [])]
        planned = [each for each in needed if each not in self.tiers]
        if planned and self.network.prefixlen > 24:
            yield VPC1.problem("cidr", got=self.cidr)
        if self.availability_zones > 3:
            for each in planned:
                zones = self.availability_zones
                yield VPC19.problem("availability_zones", got=zones, zones=zones, tier=each)
        for name, tier in self.tiers.items():
            ranges, zones = len(tier.cidrs), self.availability_zones
            if ranges > zones or (ranges < zones and name in _IPV6_OFFSETS) or not ranges:
                remedy = f"write {zones}" if name in _IPV6_OFFSETS else f"write 1 to {zones}"
                yield VPC16.problem(
                    "tiers",
                    name,
                    "cidrs",
                    got=tier.cidrs,
                    ranges=ranges,
                    zones=zones,
                    remedy=remedy,
                )

    def _check_ranges(self) -> Iterator[Problem]:
        """Whether each subnet is within the VPC, and apart from the others."""
        seen: list[tuple[str, ipaddress.IPv4Network]] = []
        for tier, cidrs in self._cidrs().items():
            for index, text in enumerate(cidrs):
                block = ipaddress.IPv4Network(text)
                at = ("tiers", tier, "cidrs", index) if tier in self.tiers else ("cidr",)
                if not any(block.subnet_of(each) for each in self.ranges):
                    within = ", ".join(map(str, self.ranges))
                    yield VPC17.problem(*at, got=text, ranges=within)
                for other, taken in seen:
                    if block.overlaps(taken):
                        yield VPC18.problem(*at, got=text, other=taken, tier=other)
                        break
                seen.append((tier, block))

    def _check_addresses(self) -> Iterator[Problem]:
        """Public addresses are given where the internet gateway is."""
        for name, tier in self.tiers.items():
            if tier.public_addresses and self._routes(name) != "public":
                yield VPC33.problem("tiers", name, "public_addresses", got=True)

    def _check_tiers(self) -> Iterator[Problem]:
        offsets: dict[int, str] = {}
        for name, tier in self.tiers.items():
            if name in _IPV6_OFFSETS and tier.routes not in (None, name):
                yield VPC20.problem("tiers", name, "routes", got=tier.routes, routes=name)
            if len(tier.names) > len(tier.cidrs):
                wrong = f"has {len(tier.names)} names for {len(tier.cidrs)} subnets"
                remedy = "write at most one name for each range"
                yield VPC21.problem("tiers", name, "names", wrong=wrong, remedy=remedy)
            if tier.ipv6_offset is not None and self.addressing.ipv6 is None:
                wrong, remedy = "is for IPv6", "write addressing=Addressing(ipv6=Ipv6()) too"
                yield VPC22.problem("tiers", name, "ipv6_offset", wrong=wrong, remedy=remedy)
        if self.addressing.ipv6 is None:
            return
        for name, cidrs in self._cidrs().items():
            first = self._ipv6_offset(name)
            for number in range(first, first + len(cidrs)) if first is not None else ():
                if number > 255:
                    at = ("tiers", name, "ipv6_offset")
                    wrong, remedy = f"leads to the range {number} of 256", "begin lower"
                    yield VPC22.problem(*at, got=first, wrong=wrong, remedy=remedy)
                elif (other := offsets.setdefault(number, name)) != name:
                    # Where one of the two has its range by default, the other is what was written.
                    mine, theirs = (name, other) if self._has_offset(name) else (other, name)
                    at, got = ("tiers", mine, "ipv6_offset"), self._ipv6_offset(mine)
                    wrong = f"leads to the range {number}, which the tier {theirs} has"
                    remedy = "begin at another number"
                    yield VPC22.problem(*at, got=got, wrong=wrong, remedy=remedy)
                    break

    def _check_links(self) -> Iterator[Problem]:
        names = [*self._cidrs()]
        taken: dict[tuple[str, str], str] = {}
        for link, spec in self.links.items():
            for index, tier in enumerate(spec.tiers):
                if tier not in names:
                    hint = did_you_mean(tier, names)
                    yield VPC25.problem("links", link, "tiers", index, got=tier, hint=hint)
            if isinstance(spec, TransitGateway) and spec.attached_in not in names:
                tier = spec.attached_in
                hint = did_you_mean(tier, names)
                yield VPC25.problem("links", link, "attached_in", got=tier, hint=hint)
            for index, text in enumerate(spec.destinations):
                for table, tier in self._tables(spec).items():
                    if way := self._leads_there(table, text) or taken.get((table, text)):
                        remedy = "name ranges of other networks that nothing else leads to"
                        yield VPC26.problem(
                            *("links", link, "destinations", index),
                            got=text,
                            taken=way,
                            tier=tier,
                            remedy=remedy,
                        )
                        break
                    taken[table, text] = f"the destination of {link}"

    def _leads_there(self, table: str, destination: str) -> str:
        """What a route table has a way to already; empty where nothing leads there."""
        if any(ipaddress.IPv4Network(destination).subnet_of(own) for own in self.ranges):
            return "a range of the VPC itself"
        if destination == "0.0.0.0/0" and table == "public":
            return "the way to the internet gateway"
        if destination == "0.0.0.0/0" and table == "private" and self.nat != "none":
            return "the way to the NAT gateway"
        return ""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The region has as many zones as are asked for, its endpoints have their short names, and
        tags are none of Inferform's."""
        whole = f"com.amazonaws.{context.region}."
        for index, service in enumerate(self.interface_endpoints):
            if service.startswith(whole):
                short = service.removeprefix(whole)
                yield VPC34.problem("interface_endpoints", index, got=service, short=short)
        known = _ZONE_LETTERS.get(context.region, ("a", "b", "c"))
        if self.zone_letters is None and self.availability_zones > len(known):
            wanted = (
                f"be at most {len(known)}, the zones of {context.region} that Inferform knows; "
                "name them in zone_letters if it has more"
            )
            yield VPC4.problem("availability_zones", got=self.availability_zones, wanted=wanted)
        if context.protected and self.availability_zones == 1:
            yield VPC7.problem("availability_zones", got=1)
        own = {key.casefold() for key in ("Name", *map(context.tag_key, get_args(OwnTag)))}
        for name, tier in self.tiers.items():
            for key in tier.tags:
                if key.casefold() in own:
                    wrong = "is a tag that Inferform sets"
                    remedy = "write names" if key.casefold() == "name" else "leave it out"
                    yield VPC21.problem("tiers", name, "tags", key, wrong=wrong, remedy=remedy)

    def names(self, place: Place) -> Iterator[Name]:
        """Of the interface endpoints' security group, and of the flow logs."""
        context = place.environment.context
        if place.environment.interface_endpoints:
            yield Name("aws_security_group", context.name(ENDPOINTS))
        if self.flow_logs is not None and self.flow_logs.bucket is None:
            yield Name("aws_cloudwatch_log_group", log_group(context, FLOW_LOG_GROUP))
            yield Name("aws_iam_role", role(context, FLOW_LOGS))

    def uses(self, place: Place) -> Iterator[Usage]:
        """NAT gateways with new addresses of theirs, the interface endpoints that the environment makes,
        by the zone, and attachments to transit gateways."""
        if self.nat_gateways:
            yield Usage("network", "vpc/nat-gateway", exactly(self.nat_gateways))
            if not self.addressing.nat_addresses:
                yield Usage("network", "vpc/public-ipv4", exactly(self.nat_gateways))
        interfaces = len(place.environment.interface_endpoints) * self.availability_zones
        if interfaces:
            yield Usage("network", "vpc/interface-endpoint", exactly(interfaces))
        attached = sum(isinstance(link, TransitGateway) for link in self.links.values())
        if attached:
            yield Usage("network", "vpc/transit-gateway-attachment", exactly(attached))

    @property
    def nat_gateways(self) -> int:
        """How many NAT gateways there are."""
        return {"none": 0, "single": 1, "per_zone": self.availability_zones}[self.nat]

    @property
    def public_zones(self) -> int:
        """In how many zones there is a public subnet."""
        return self.availability_zones if self.is_public else 0

    @property
    def is_public(self) -> bool:
        """Whether there are public subnets beside an internet gateway."""
        return self.nat != "none" or self.public_subnets or "public" in self.tiers

    @property
    def leads_out(self) -> bool:
        """Whether private subnets reach the internet: by NAT, or by a link that leads everywhere."""
        return self.nat != "none" or any(
            "0.0.0.0/0" in link.destinations and "private" in self._tables(link)
            for link in self.links.values()
        )

    @property
    def network(self) -> ipaddress.IPv4Network:
        """`cidr` as a network."""
        return ipaddress.IPv4Network(self.cidr)

    @property
    def ranges(self) -> list[ipaddress.IPv4Network]:
        """Every IPv4 range of the VPC, the first one first."""
        return [self.network, *map(ipaddress.IPv4Network, self.addressing.secondary_cidrs)]

    @property
    def more_cidrs(self) -> list[str]:
        """The secondary ranges that hold private or public subnets, which security groups let in
        beside `cidr`."""
        held = [
            ipaddress.IPv4Network(cidr)
            for tier, cidrs in self._cidrs().items()
            if tier in _IPV6_OFFSETS
            for cidr in cidrs
        ]
        return [
            cidr
            for cidr, block in zip(self.addressing.secondary_cidrs, self.ranges[1:], strict=True)
            if any(subnet.subnet_of(block) for subnet in held)
        ]

    def zones(self, region: str) -> list[str]:
        """The names of the availability zones, `us-east-1a` and so on."""
        letters = self.zone_letters or _ZONE_LETTERS.get(region, ("a", "b", "c"))
        return [f"{region}{letter}" for letter in letters[: self.availability_zones]]

    def private_cidrs(self) -> list[str]:
        """The private subnets' ranges, one for each zone."""
        if "private" in self.tiers:
            return [*self.tiers["private"].cidrs]
        quarters = list(self.network.subnets(prefixlen_diff=2))
        return [str(block) for block in quarters[: self.availability_zones]]

    def public_cidrs(self) -> list[str]:
        """The public subnets' ranges, one for each zone."""
        if "public" in self.tiers:
            return [*self.tiers["public"].cidrs]
        last_quarter = list(self.network.subnets(prefixlen_diff=2))[3]
        sixteenths = list(last_quarter.subnets(prefixlen_diff=2))
        return [str(block) for block in sixteenths[: self.availability_zones]]

    def _cidrs(self) -> dict[str, list[str]]:
        """The ranges of each tier that there is; private and public ones first."""
        public = {"public": self.public_cidrs()} if self.is_public else {}
        others = {name: [*tier.cidrs] for name, tier in self.tiers.items()}
        return {**others, "private": self.private_cidrs(), **public}

    def _routes(self, tier: str) -> Routes:
        if tier in ("public", "private"):
            return cast(Routes, tier)
        return self.tiers[tier].routes or "isolated"

    def _ipv6_offset(self, tier: str) -> int | None:
        written = self.tiers[tier].ipv6_offset if tier in self.tiers else None
        return _IPV6_OFFSETS.get(tier) if written is None else written

    def _has_offset(self, tier: str) -> bool:
        return tier in self.tiers and self.tiers[tier].ipv6_offset is not None

    def _tables(self, link: TransitGateway | Peering) -> dict[str, str]:
        """The route tables that a link has routes in, each with the name of a tier of it: those of
        private tiers are one for all, those of isolated tiers one for each."""
        tiers = link.tiers or [t for t in self._cidrs() if self._routes(t) != "public"]
        known = [tier for tier in tiers if tier in self._cidrs()]
        return {
            tier if self._routes(tier) == "isolated" else self._routes(tier): tier for tier in known
        }

    def tables(self, link: TransitGateway | Peering) -> list[str]:
        """The route tables that a link has routes in: `public`, `private`, or an isolated tier's."""
        return sorted(self._tables(link))

    def subnets(self, region: str) -> list[Subnet]:
        """Every subnet, tier by tier in the order of the zones."""
        made: list[Subnet] = []
        for tier, cidrs in self._cidrs().items():
            spec = self.tiers.get(tier)
            first = self._ipv6_offset(tier) if self.addressing.ipv6 else None
            for index, (zone, cidr) in enumerate(zip(self.zones(region), cidrs, strict=False)):
                names = spec.names if spec else ()
                made.append(
                    Subnet(
                        tier=tier,
                        zone=zone,
                        cidr=cidr,
                        routes=self._routes(tier),
                        name=names[index] if index < len(names) else None,
                        tags=dict(spec.tags) if spec else {},
                        ipv6=None if first is None else first + index,
                        public_addresses=bool(spec and spec.public_addresses),
                    )
                )
        return made
