"""The network: VPC, subnets, routes, gateways, VPC endpoints, security groups, flow logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform.usage import Usage, exactly

from ..aws import Aws
from ..checks import check
from ..plan import Action, Change, Plan, Side
from ..told import RiskRule, Severity
from . import closed, weaker
from .finding import filters, given, pairs
from .policies import endpoint_policy
from .prices import products
from .reasons import (
    part,
    resource,
)
from .record import (
    Existing,
    Finder,
    Finding,
    Foreign,
    Found,
    Not,
    Values,
    risk,
)
from .risks import deleted_too, exposed, gone, open_ranges, protection
from .stories import told_when_gone
from .synthesis import Resource, Synthesis
from .untold import hidden, not_told
from .words import some

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RouteTableTypeDef

# Finding


def _named(operation: str, key: str, id_key: str, *states: str) -> Finder:
    """What EC2 lists under the tag Name, in one of the states where it has several."""

    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        name = given(values.get("tags") or {}, "Name")
        filters = [{"Name": "tag:Name", "Values": [name]}]
        for found in getattr(aws.client("ec2"), operation)(Filters=filters)[key]:
            if not states or found["State"].lower() in states:
                yield Existing(found[id_key], pairs(found.get("Tags", [])))

    return find


def _security_group(aws: Aws, values: Values) -> Iterator[Existing]:
    wanted = {"group-name": given(values, "name"), "vpc-id": given(values, "vpc_id")}
    found = aws.client("ec2").describe_security_groups(Filters=filters(wanted))
    for group in found["SecurityGroups"]:
        yield Existing(group["GroupId"], pairs(group.get("Tags", [])))


def _without_egress(aws: Aws, identity: str) -> Iterator[str]:
    """Take away the rules that let a new group call everything.

    AWS makes them with the group, without tags, and the provider takes them away with its next request.
    Terraform shows them nowhere, as a layer has its rules beside the group.
    """
    ec2 = aws.client("ec2")
    pages = ec2.get_paginator("describe_security_group_rules")
    made = [
        rule["SecurityGroupRuleId"]
        for page in pages.paginate(Filters=filters({"group-id": identity}))
        for rule in page["SecurityGroupRules"]
        if rule["IsEgress"] and rule["IpProtocol"] == "-1" and not rule.get("Tags")
        if rule.get("CidrIpv4") == "0.0.0.0/0" or rule.get("CidrIpv6") == "::/0"
    ]
    if made:
        ec2.revoke_security_group_egress(GroupId=identity, SecurityGroupRuleIds=made)
        yield f"took away the rules of {identity} that AWS makes and that let it call everything"


def _rule(*, egress: bool) -> Finder:
    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        group = given(values, "security_group_id")
        wanted = (
            egress,
            given(values, "ip_protocol"),
            *((values.get("from_port"), values.get("to_port")) if _has_ports(values) else ()),
            values.get("cidr_ipv4"),
            values.get("cidr_ipv6"),
            values.get("prefix_list_id"),
            values.get("referenced_security_group_id"),
        )
        pages = aws.client("ec2").get_paginator("describe_security_group_rules")
        for page in pages.paginate(Filters=filters({"group-id": group})):
            for rule in page["SecurityGroupRules"]:
                held = (
                    rule["IsEgress"],
                    rule["IpProtocol"],
                    *((rule.get("FromPort"), rule.get("ToPort")) if _has_ports(values) else ()),
                    rule.get("CidrIpv4"),
                    rule.get("CidrIpv6"),
                    rule.get("PrefixListId"),
                    rule.get("ReferencedGroupInfo", {}).get("GroupId"),
                )
                if held == wanted:
                    yield Existing(rule["SecurityGroupRuleId"], pairs(rule.get("Tags", [])))

    return find


def _has_ports(values: Values) -> bool:
    """Whether a rule is for ports: one for every protocol has -1 where none were given."""
    return given(values, "ip_protocol") != "-1"


def _egress(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values.get("tags") or {}, "Name")
    pages = aws.client("ec2").get_paginator("describe_egress_only_internet_gateways")
    for page in pages.paginate():
        for found in page["EgressOnlyInternetGateways"]:
            tags = pairs(found.get("Tags", []))
            if tags.get("Name") == name:
                yield Existing(found["EgressOnlyInternetGatewayId"], tags)


def _table(aws: Aws, identity: str) -> RouteTableTypeDef:
    return aws.client("ec2").describe_route_tables(RouteTableIds=[identity])["RouteTables"][0]


def _route(aws: Aws, values: Values) -> Iterator[Existing]:
    table = given(values, "route_table_id")
    ipv6 = values.get("destination_ipv6_cidr_block")
    destination = str(ipv6) if ipv6 else given(values, "destination_cidr_block")
    key = "DestinationIpv6CidrBlock" if ipv6 else "DestinationCidrBlock"
    found = _table(aws, table)
    if any(route.get(key) == destination for route in found["Routes"]):
        yield Existing(f"{table}_{destination}", pairs(found.get("Tags", [])))


def _range(aws: Aws, values: Values) -> Iterator[Existing]:
    vpc, cidr = given(values, "vpc_id"), given(values, "cidr_block")
    for found in aws.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]:
        for held in found.get("CidrBlockAssociationSet", []):
            if held["CidrBlock"] == cidr and held["CidrBlockState"]["State"] == "associated":
                yield Existing(held["AssociationId"], pairs(found.get("Tags", [])))


def _route_association(aws: Aws, values: Values) -> Iterator[Existing]:
    table, subnet = given(values, "route_table_id"), given(values, "subnet_id")
    found = _table(aws, table)
    if any(held.get("SubnetId") == subnet for held in found["Associations"]):
        yield Existing(f"{subnet}/{table}", pairs(found.get("Tags", [])))


def _endpoint_association(aws: Aws, values: Values) -> Iterator[Existing]:
    endpoint, table = given(values, "vpc_endpoint_id"), given(values, "route_table_id")
    ec2 = aws.client("ec2")
    for found in ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]:
        if table in found.get("RouteTableIds", []):
            yield Existing(f"{endpoint}/{table}", pairs(found.get("Tags", [])))


# Cost


def _nat_gateway_hours(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    yield Usage("network", "vpc/nat-gateway", exactly(1))


def _address_hours(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    yield Usage("network", "vpc/public-ipv4", exactly(1))


_BY_THE_ZONE = {
    "Interface": "vpc/interface-endpoint",
    "GatewayLoadBalancer": "vpc/gateway-load-balancer-endpoint",
    "Resource": "vpc/resource-endpoint",
    "ServiceNetwork": "vpc/service-network-endpoint",
}
"""What endpoints of each type cost by. Gateway endpoints, of S3 and DynamoDB, cost nothing."""


def _endpoint_hours(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """An endpoint that is paid for by the zone; gateway endpoints cost nothing."""
    values = change.at(side)
    key = _BY_THE_ZONE.get(str(values.get("vpc_endpoint_type") or "Gateway"))
    if key is not None:
        subnets = values.get("subnet_ids") or plan.referred(change, "subnet_ids")
        if not subnets and not plan.is_resolved(change, "subnet_ids"):
            yield not_told(f"zones of {change.address}", "network", side, same=False)
            return
        yield Usage("network", key, exactly(len(subnets) or 1))
    elif hidden(change, "vpc_endpoint_type", side=side):
        yield not_told(f"type of {change.address}", "network", side, same=False)


def _attachment_hours(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    yield Usage("network", "vpc/transit-gateway-attachment", exactly(1))


# Preflight

ENDPOINT_SERVICE = check(
    "PRE14",
    "endpoint service",
    command="preflight",
    why="Regions and zones differ in the services that have VPC endpoints; EC2 refuses an endpoint, "
    "or a subnet of it, in the middle of an apply",
    fix="leave the service out of interface_endpoints, or choose zones that it is in",
    source="EC2 API reference, DescribeVpcEndpointServices",
)
EXISTING_PART = check(
    "PRE15",
    "part of another network",
    command="preflight",
    why="a transit gateway, a peering connection or an Elastic IP address that is named by its id "
    "is not there, or is not ready, and the apply fails halfway",
    fix="name one that exists in this account and Region, or is shared with it",
    source="EC2 API reference, CreateTransitGatewayVpcAttachment, CreateRoute, CreateNatGateway",
)


def _offered(synthesis: Synthesis, endpoints: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the Region has the services of endpoints, in the zones of their subnets."""
    ec2, region = synthesis.aws.client("ec2"), synthesis.context.region
    details = [
        each
        for page in ec2.get_paginator("describe_vpc_endpoint_services").paginate()
        for each in page["ServiceDetails"]
    ]
    for endpoint in endpoints:
        name = str(endpoint.values.get("service_name"))
        kind = endpoint.values.get("vpc_endpoint_type")
        offers = [
            each
            for each in details
            if each["ServiceName"] == name
            and any(held["ServiceType"] == kind for held in each["ServiceType"])
        ]
        if not offers:
            said = f"has no {str(kind).lower()} endpoint in {region}"
            yield Finding(ENDPOINT_SERVICE, name, "failed", said, ENDPOINT_SERVICE.fix)
            continue
        zones = {zone for each in offers for zone in each["AvailabilityZones"]}
        missing = sorted(_zones(synthesis, endpoint) - zones)
        if missing:
            said = f"has no interface endpoint in {some(missing)}"
            yield Finding(ENDPOINT_SERVICE, name, "failed", said, ENDPOINT_SERVICE.fix)
        else:
            yield Finding(ENDPOINT_SERVICE, name, "passed", f"is offered in {region}")


def _zones(synthesis: Synthesis, endpoint: Resource) -> set[str]:
    """The zones of the subnets that an endpoint refers to."""
    named = endpoint.values.get("subnet_ids") or []
    return {
        str(subnet.values.get("availability_zone"))
        for subnet in synthesis.of("aws_subnet")
        if any(f"{{{subnet.address}." in str(each) for each in named)
    }


def _gateways(synthesis: Synthesis, attachments: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the transit gateways that are named are there."""
    ec2 = synthesis.aws.client("ec2")
    for name in _named_ids(attachments, "transit_gateway_id", "tgw-"):
        try:
            found = ec2.describe_transit_gateways(TransitGatewayIds=[name])["TransitGateways"]
        except ClientError as error:
            _missing(error)
            found = []
        yield _existing(
            name, "transit gateway", [str(each["State"]) for each in found], "available"
        )


def _peerings(synthesis: Synthesis, routes: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the peering connections that routes lead to are there, and accepted."""
    ec2 = synthesis.aws.client("ec2")
    for name in _named_ids(routes, "vpc_peering_connection_id", "pcx-"):
        try:
            answer = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[name])
            found = [each["Status"]["Code"] for each in answer["VpcPeeringConnections"]]
        except ClientError as error:
            _missing(error)
            found = []
        yield _existing(name, "peering connection", found, "active")


def _addresses(synthesis: Synthesis, gateways: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the Elastic IP addresses that are named are there, and free where they are new."""
    ec2 = synthesis.aws.client("ec2")
    for gateway in gateways:
        held = gateway.address in synthesis.deployed.get(gateway.stack, set())
        for name in _named_ids([gateway], "allocation_id", "eipalloc-"):
            try:
                found = ec2.describe_addresses(AllocationIds=[name])["Addresses"]
            except ClientError as error:
                _missing(error)
                found = []
            states = ["in use" if each.get("AssociationId") else "free" for each in found]
            wanted = states[0] if states and held else "free"
            yield _existing(name, "Elastic IP address", states, wanted)


def _named_ids(resources: Sequence[Resource], argument: str, prefix: str) -> list[str]:
    """The ids that an argument names, and that no resource of Terraform makes."""
    ids = {str(each.values.get(argument, "")) for each in resources}
    return sorted(each for each in ids if each.startswith(prefix))


def _missing(error: ClientError) -> None:
    """Raise an error again that does not say that an id is not there."""
    code = error.response["Error"]["Code"]
    if not code.startswith("Invalid") or not code.endswith(("NotFound", "Malformed")):
        raise error


def _existing(name: str, words: str, states: Sequence[str], wanted: str) -> Finding:
    if not states:
        said = f"is no {words} that these credentials see"
    elif states[0] != wanted:
        said = f"is a {words} that is {states[0]}, not {wanted}"
    else:
        return Finding(EXISTING_PART, name, "passed", f"is {wanted}")
    return Finding(EXISTING_PART, name, "failed", said, EXISTING_PART.fix)


# Review


PLAN3 = RiskRule(
    "PLAN3",
    Severity.CRITICAL,
    "the network under running services is replaced or deleted",
    advice="add the new network beside the old one and move the services first; a subnet's "
    "range cannot be changed in place",
)


@risk(PLAN3)
def _network_gone(plan: Plan, change: Change) -> Iterator[Found]:
    if how := gone(change):
        yield how


_DESTINATIONS = (
    "destination_cidr_block",
    "destination_ipv6_cidr_block",
    "destination_prefix_list_id",
)
_TARGETS = (
    *("egress_only_gateway_id", "gateway_id", "nat_gateway_id", "network_interface_id"),
    *("transit_gateway_id", "vpc_endpoint_id", "vpc_peering_connection_id"),
)


@risk(PLAN3)
def _route_gone(plan: Plan, change: Change) -> Iterator[Found]:
    destination = next(filter(None, map(change.before.get, _DESTINATIONS)), None)
    if change.action is Action.UPDATE:
        changed = [each for each in _TARGETS if change.both(each)[0] != change.both(each)[1]]
        if changed:
            yield f"leads {destination} elsewhere: {some(changed)} changes", Severity.HIGH
        return
    table = change.before.get("route_table_id")
    again = any(
        other is not change
        and other.exists_after
        and other.after.get("route_table_id") == table
        and destination in map(other.after.get, _DESTINATIONS)
        for other in plan.of_type("aws_route")
    )
    with_table = deleted_too(plan, change, "aws_route_table", "route_table_id")
    if (how := gone(change)) and not again and not with_table:
        yield f"{how}, which led to {destination}", Severity.HIGH


@risk(
    RiskRule(
        "NET1",
        Severity.HIGH,
        "a security group is opened to the internet",
        advice="allow only the ranges or security groups of the callers; a public service belongs "
        "behind a load balancer with HTTPS",
    )
)
def _opened_group(plan: Plan, change: Change) -> Iterator[Found]:
    if not change.is_written:
        return
    group = change.after.get("security_group_id") or change.before.get("id")
    # A rule may only move, from a block of its group to a resource of its own, say.
    held = {
        rule
        for other in plan.of_type(*_GROUPS)
        if other is change
        or (group and group in map(other.before.get, ("id", "security_group_id")))
        for rule in _ingress(other.before, other.type)
    }
    added = [
        rule
        for rule in _ingress(change.after, change.type)
        if not any(map(partial(_covers, rule), held))
    ]
    if added:
        text = some(sorted(f"{_ports(ports)} from {block}" for block, *ports in added))
        web = all(ports[1] == ports[2] and ports[1] in (80, 443) for _, *ports in added)
        yield f"opens {text}", Severity.MEDIUM if web else Severity.HIGH


_GROUPS = (
    "aws_security_group",
    "aws_default_security_group",
    "aws_security_group_rule",
    "aws_vpc_security_group_ingress_rule",
)
_Open = tuple[str, str, int | None, int | None]
"""A range of addresses, a protocol and the first and last port; None where every port is open."""


def _covers(rule: _Open, wider: _Open) -> bool:
    """Whether another rule lets in all that a rule does."""
    block, protocol, low, high = rule
    if block != wider[0] or wider[1] not in (protocol, "-1"):
        return False
    if wider[2] is None or wider[3] is None:
        return True
    if not (isinstance(low, int) and isinstance(high, int)):
        return rule == wider
    return (
        isinstance(wider[2], int)
        and isinstance(wider[3], int)
        and wider[2] <= low
        and high <= wider[3]
    )


def _ingress(values: Values, kind: str) -> set[_Open]:
    """Every ingress rule that is open to the world."""
    found = set()
    if kind in ("aws_security_group", "aws_default_security_group"):
        rules = values.get("ingress") or []
    elif kind == "aws_security_group_rule":
        rules = [values] if values.get("type") == "ingress" else []
    else:
        rules = [values]
    for rule in rules if isinstance(rules, list) else []:
        blocks = [*(rule.get("cidr_blocks") or []), *(rule.get("ipv6_cidr_blocks") or [])]
        blocks += [rule.get("cidr_ipv4"), rule.get("cidr_ipv6")]
        protocol = str(rule.get("protocol") or rule.get("ip_protocol") or "")
        low, high = rule.get("from_port"), rule.get("to_port")
        if protocol == "-1" or low is None or low == -1:
            low = high = None
        found |= {(str(block), protocol, low, high) for block in open_ranges(blocks)}
    return found


def _ports(ports: Sequence[Any]) -> str:
    _, low, high = ports
    if low is None:
        return "every port"
    return f"port {low}" if low == high else f"ports {low} to {high}"


# Records

_NOT_UNIQUE = Not("EC2 tells its resources apart by their ids; several can have one name")

KINDS = (
    resource(
        "aws_vpc",
        "VPC",
        _named("describe_vpcs", "Vpcs", "VpcId"),
        quotas=Not("a Region allows five VPCs by default, and an environment has one"),
        story=told_when_gone("VPC", "everything that runs in it", "tags", "Name"),
        risks=(_network_gone, *weaker.VPC),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_subnet",
        "subnet",
        _named("describe_subnets", "Subnets", "SubnetId"),
        story=told_when_gone("subnet", "what runs in it", "tags", "Name"),
        risks=(_network_gone, exposed("map_public_ip_on_launch", True)),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_internet_gateway",
        "internet gateway",
        _named("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        quotas=Not("a Region allows one for each of its VPCs"),
        story=told_when_gone(
            "internet gateway", "every connection to and from the internet", "tags", "Name"
        ),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_eip",
        "Elastic IP address",
        _named("describe_addresses", "Addresses", "AllocationId"),
        uses=_address_hours,
        quotas=Not("a Region allows five by default, and an environment has one to three"),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_nat_gateway",
        "NAT gateway",
        _named("describe_nat_gateways", "NatGateways", "NatGatewayId", "pending", "available"),
        uses=_nat_gateway_hours,
        preflight=_addresses,
        story=told_when_gone(
            "NAT gateway", "connections from private subnets to the internet", "tags", "Name"
        ),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_route_table",
        "route table",
        _named("describe_route_tables", "RouteTables", "RouteTableId"),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_route",
        "route",
        _route,
        preflight=_peerings,
        risks=(_route_gone,),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_route_table_association",
        "route table association",
        _route_association,
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_vpc_endpoint",
        "VPC endpoint",
        _named(
            *("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
            *("pending", "pendingacceptance", "available"),
        ),
        uses=_endpoint_hours,
        preflight=_offered,
        quotas=Not("a VPC allows 50 interface endpoints, and a Region 20 gateway endpoints"),
        story=told_when_gone(
            "VPC endpoint", "requests from private subnets to that service", "service_name"
        ),
        settings={"policy": "policy of the endpoint"},
        risks=(*weaker.VPC_ENDPOINT, *endpoint_policy()),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_vpc_endpoint_route_table_association",
        "route of a gateway endpoint",
        _endpoint_association,
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_flow_log",
        "flow log",
        _named("describe_flow_logs", "FlowLogs", "FlowLogId"),
        risks=(protection("aws_vpc", "vpc_id"),),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_security_group",
        "security group",
        _security_group,
        completed=_without_egress,
        name=Not("a VPC has each name once, and another VPC may have it too"),
        risks=(_opened_group, *closed.INGRESS),
    ),
    resource(
        "aws_vpc_security_group_ingress_rule",
        "ingress rule of a security group",
        _rule(egress=False),
        risks=(_opened_group, *closed.INGRESS),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_vpc_security_group_egress_rule",
        "egress rule of a security group",
        _rule(egress=True),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_vpc_ipv4_cidr_block_association",
        "range of a VPC",
        _range,
        quotas=Not("a VPC has five ranges by default, and the Specs refuse a sixth"),
        story=told_when_gone("range of a VPC", "what runs in its subnets", "cidr_block"),
        risks=(_network_gone,),
        name=Not("a VPC has each range once, and another VPC may have it too"),
    ),
    resource(
        "aws_egress_only_internet_gateway",
        "egress-only internet gateway",
        _egress,
        story=told_when_gone(
            "egress-only internet gateway",
            "connections from private subnets to the internet by IPv6",
            *("tags", "Name"),
        ),
        name=_NOT_UNIQUE,
    ),
    resource(
        "aws_ec2_transit_gateway_vpc_attachment",
        "transit gateway attachment",
        _named(
            *("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments"),
            *("TransitGatewayAttachmentId", "pending", "pendingacceptance", "available"),
        ),
        uses=_attachment_hours,
        quotas=Not("a transit gateway takes 5,000 attachments, and a VPC five of them"),
        preflight=_gateways,
        story=told_when_gone(
            "transit gateway attachment",
            "connections to the networks behind the transit gateway",
            *("tags", "Name"),
        ),
        risks=(_network_gone,),
        name=Not(
            "a VPC has one attachment to each transit gateway, and they are told apart by ids"
        ),
    ),
    resource(
        "aws_vpc_dhcp_options",
        "DHCP option set",
        _named("describe_dhcp_options", "DhcpOptions", "DhcpOptionsId"),
        quotas=Not("a Region allows 50 sets by default, and an environment has one"),
        name=_NOT_UNIQUE,
    ),
    part(
        "aws_vpc_dhcp_options_association",
        "DHCP option set of a VPC",
        "aws_vpc",
        "a VPC has one set at a time, and the next apply gives it the same again",
    ),
    part(
        "aws_default_security_group",
        "default security group",
        "aws_vpc",
        "every VPC has it from its creation, and an apply takes it over",
        risks=(_opened_group, *closed.INGRESS),
    ),
)
FOREIGN = (
    *(
        Foreign(f"aws_{kind}", "network ACL", risks=closed.NETWORK_ACL)
        for kind in ("network_acl", "default_network_acl", "network_acl_rule")
    ),
    Foreign("aws_default_vpc", "default VPC", risks=(_network_gone,)),
    Foreign(
        "aws_security_group_rule",
        "rule of a security group",
        risks=(_opened_group, *closed.INGRESS),
    ),
    Foreign("aws_instance", "EC2 instance", risks=(exposed("associate_public_ip_address", True),)),
)

PRICES = (
    products("AmazonEC2", r"NatGateway-Hours", "vpc/nat-gateway", productFamily="NAT Gateway"),
    products("AmazonVPC", r"VpcEndpoint-Hours", "vpc/interface-endpoint"),
    products("AmazonVPC", r"TransitGateway-Hours", "vpc/transit-gateway-attachment"),
    products("AmazonVPC", r"PublicIPv4:InUseAddress", "vpc/public-ipv4"),
)
UNLISTED_PRICES = {
    r"vpc/(gateway-load-balancer|resource|service-network)-endpoint": "the table has no prices of these "
    "endpoints; see aws.amazon.com/privatelink/pricing",
}
