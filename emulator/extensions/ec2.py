"""EC2: security-group rules, launch templates, VPC endpoints, flow logs."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses import EC2Response

from .. import capacity
from .registry import Service

service = Service("ec2", EC2Response)

Original = Callable[..., Any]

# Terraform associates a gateway endpoint with all of its route tables at once, and each request
# reads and writes the whole list.
_ENDPOINTS = threading.RLock()


@service.corrects(
    "AuthorizeSecurityGroupIngress",
    gap="loses the description of a rule for a prefix list",
    owner=SecurityGroupRule,
    method="__init__",
)
def keep_prefix_list_description(
    original: Original, rule: SecurityGroupRule, *args: Any, **kwargs: Any
) -> None:
    """AWS keeps a description of every rule, in both directions."""
    original(rule, *args, **kwargs)
    prefix_list = kwargs.get("prefix_list_id") or (args[7] if len(args) > 7 else None)
    if prefix_list and prefix_list.get("Description"):
        rule.ip_range = {"Description": prefix_list["Description"]}


@service.corrects(
    "DescribeSecurityGroupRules",
    gap="answers no description for a rule that names a security group",
    owner=SecurityGroupRule,
)
def description(original: Original, rule: SecurityGroupRule) -> str | None:
    """AWS answers it whatever the rule's source is."""
    value = original(rule) or rule.source_group.get("Description")
    return None if value is None else str(value)


@service.corrects(
    "RevokeSecurityGroupIngress",
    gap="does not find a rule for a security group when the description differs",
    owner=SecurityGroupRule,
    method="__eq__",
)
def same_rule(original: Original, rule: SecurityGroupRule, other: SecurityGroupRule) -> bool:
    """AWS compares rules without their descriptions."""
    pair = [copy.copy(rule), copy.copy(other)]
    for each in pair:
        each.source_group = {k: v for k, v in each.source_group.items() if k != "Description"}
    return bool(original(*pair))


@service.corrects(
    "ModifySecurityGroupRules",
    gap="changes neither description, group nor prefix list of a rule without a CIDR; "
    "requires ports for protocol -1",
    owner=EC2Backend,
)
def modify_security_group_rules(
    original: Original, backend: EC2Backend, group_id: str, rules: dict[str, dict[str, Any]]
) -> None:
    """AWS replaces the whole rule by what is given."""
    for wanted in rules.values():
        if wanted.get("IpProtocol") == "-1":
            wanted.setdefault("FromPort", -1)
            wanted.setdefault("ToPort", -1)
    original(backend, group_id, rules)
    group: Any = backend.get_security_group_by_name_or_id(group_id)
    for rule_id, wanted in rules.items():
        rule: Any = group.get_rule(rule_id)
        if rule.ip_protocol == "-1":
            rule.from_port = rule.to_port = None
        rule.ip_range.pop("Description", None)
        rule.source_group.pop("Description", None)
        if wanted.get("ReferencedGroupId"):
            rule.source_group["GroupId"] = wanted["ReferencedGroupId"]
        if wanted.get("PrefixListId"):
            rule.prefix_list_id = wanted["PrefixListId"]
        if wanted.get("CidrIpv6"):
            rule.ip_range["CidrIpv6"] = wanted["CidrIpv6"]
        if wanted.get("Description"):
            holder = rule.source_group if rule.source_group else rule.ip_range
            holder["Description"] = wanted["Description"]


@service.corrects(
    "CreateLaunchTemplate",
    gap="puts the template's own tags among those for what it launches",
    owner=LaunchTemplate,
)
def create_version(
    original: Original, template: LaunchTemplate, data: dict[str, Any], description: str
) -> Any:
    """AWS keeps the tags of the template itself apart from its data."""
    specifications = [
        each
        for each in data.pop("TagSpecifications", [])
        if each["ResourceType"] != "launch-template"
    ]
    if specifications:
        data["TagSpecifications"] = specifications
    return original(template, data, description)


@service.corrects(
    "CreateVpcEndpoint",
    gap="loses IpAddressType and DnsOptions; without a type, fails with 500 at deletion",
)
def create_vpc_endpoint(original: Original, response: EC2Response) -> ActionResult:
    """AWS keeps both, fills them in for an interface endpoint, and takes Gateway for the type."""
    if not response._get_param("VpcEndpointType"):
        response.params["VpcEndpointType"] = "Gateway"
    result: Any = original(response)
    endpoint = result.result["VpcEndpoint"]
    _keep_addressing(response, endpoint)
    if endpoint.vpc_endpoint_type == "Interface":
        endpoint.ip_address_type = endpoint.ip_address_type or "ipv4"
        endpoint.dns_options = {"DnsRecordIpType": "ipv4", **(endpoint.dns_options or {})}
    return ActionResult({"VpcEndpoint": endpoint})


@service.corrects(
    "ModifyVpcEndpoint",
    gap="ignores IpAddressType, DnsOptions and PrivateDnsEnabled; adds a gateway's route to no "
    "table, so that deleting the endpoint fails",
)
def modify_vpc_endpoint(original: Original, response: EC2Response) -> ActionResult:
    """AWS changes what was given, and the routes of the tables with it."""
    with _ENDPOINTS:
        return _modified(original, response)


def _modified(original: Original, response: EC2Response) -> ActionResult:
    backend = response.ec2_backend
    (endpoint,) = backend.describe_vpc_endpoints([response._get_param("VpcEndpointId")])
    before = set(endpoint.route_table_ids)
    result = original(response)
    _keep_addressing(response, endpoint)
    private = response._get_bool_param("PrivateDnsEnabled")
    if private is not None:
        endpoint.private_dns_enabled = private
    prefixes = endpoint.destination_prefix_list_id
    if prefixes:
        after = set(endpoint.route_table_ids)
        for table in after - before:
            backend.create_route(
                table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefixes
            )
        for table in before - after:
            backend.delete_route(table, None, None, prefixes)
    assert isinstance(result, ActionResult)
    return result


def _keep_addressing(response: EC2Response, endpoint: Any) -> None:
    for field, name in (("IpAddressType", "ip_address_type"), ("DnsOptions", "dns_options")):
        value = response._get_param(field)
        setattr(endpoint, name, value or getattr(endpoint, name, None))


@service.corrects(
    "CreateFlowLogs",
    gap="refuses a folder in the destination bucket; loses DestinationOptions",
)
def create_flow_logs(original: Original, response: EC2Response) -> ActionResult:
    """AWS writes below the folder, and keeps the options."""
    destination = response._get_param("LogDestination")
    folder = ""
    if destination and response._get_param("LogDestinationType") == "s3":
        bucket, slash, rest = destination.partition("/")
        folder = slash + rest
        response.params["LogDestination"] = bucket
    result: Any = original(response)
    for identity in result.result["FlowLogIds"]:
        flow: Any = response.ec2_backend.flow_logs[identity]
        flow.log_destination = f"{flow.log_destination}{folder}" if folder else flow.log_destination
        flow.destination_options = response._get_param("DestinationOptions")
    return ActionResult(result.result)


@service.corrects(
    "DescribeSubnets",
    gap="answers the state of an IPv6 range in one more structure",
    owner=Subnet,
)
def ipv6_cidr_block_association_set(original: Original, subnet: Subnet) -> list[dict[str, Any]]:
    """AWS answers the state as text."""
    found: list[dict[str, Any]] = original(subnet)
    return [
        {**each, "ipv6CidrBlockState": each["ipv6CidrBlockState"]["state"]}
        if isinstance(each["ipv6CidrBlockState"]["state"], dict)
        else each
        for each in found
    ]


@service.corrects(
    "DescribeSubnets",
    gap="does not know the filters for IPv6 ranges",
    owner=Subnet,
    method="get_filter_value",
)
def subnet_filter_value(
    original: Original, subnet: Subnet, filter_name: str, method_name: str | None = None
) -> Any:
    """AWS filters by the id, the range and the state of each."""
    _, is_ipv6, attribute = filter_name.partition("ipv6-cidr-block-association.")
    if not is_ipv6:
        return original(subnet, filter_name, method_name)
    held = subnet.ipv6_cidr_block_associations.values()
    return [
        {
            "association-id": each["associationId"],
            "ipv6-cidr-block": each["ipv6CidrBlock"],
            "state": each["ipv6CidrBlockState"]["State"],
        }.get(attribute)
        for each in held
    ]


@service.corrects(
    "CreateTransitGatewayVpcAttachment", gap="loses tags given at creation, unless of a route table"
)
def create_transit_gateway_vpc_attachment(
    original: Original, response: EC2Response
) -> ActionResult:
    """AWS keeps them."""
    result: Any = original(response)
    attachment = result.result["TransitGatewayVpcAttachment"]
    attachment.add_tags(response._parse_tag_specification().get("transit-gateway-attachment", {}))
    return ActionResult(result.result)


@service.corrects(
    "DeleteTransitGatewayVpcAttachment", gap="forgets the attachment at once", owner=EC2Backend
)
def delete_transit_gateway_vpc_attachment(
    original: Original, backend: EC2Backend, transit_gateway_attachment_id: str
) -> Any:
    """AWS keeps answering it by its id, as deleted."""
    attachment = original(backend, transit_gateway_attachment_id)
    held = backend.__dict__.setdefault("deleted_attachments", {})
    held[transit_gateway_attachment_id] = attachment
    return attachment


@service.corrects(
    "DescribeTransitGatewayVpcAttachments",
    gap="does not answer deleted attachments",
    owner=EC2Backend,
)
def describe_transit_gateway_vpc_attachments(
    original: Original,
    backend: EC2Backend,
    transit_gateways_attachment_ids: list[str] | None = None,
    filters: Any = None,
) -> list[Any]:
    """AWS answers those that are asked for by their ids."""
    found: list[Any] = original(backend, transit_gateways_attachment_ids, filters)
    deleted = backend.__dict__.get("deleted_attachments", {})
    asked = transit_gateways_attachment_ids or ()
    return [*found, *(deleted[each] for each in asked if each in deleted)]


@service.corrects("CreateDhcpOptions", gap="loses tags given at creation")
def create_dhcp_options(original: Original, response: EC2Response) -> ActionResult:
    """AWS keeps them."""
    result: Any = original(response)
    tags = response._parse_tag_specification().get("dhcp-options", {})
    result.result["DhcpOptions"].add_tags(tags)
    return ActionResult(result.result)


# Capacity


@service.adds("CreateCapacityReservation", gap="missing")
def create_capacity_reservation(response: EC2Response) -> ActionResult:
    """AWS reserves at once where it has the capacity, which the emulator always has."""
    given = _given(
        response,
        ("InstanceType", "InstancePlatform", "AvailabilityZone", "Tenancy", "EbsOptimized"),
        ("InstanceCount", "EndDate", "EndDateType", "InstanceMatchCriteria", "PlacementGroupArn"),
    )
    made = capacity.reserve(response.ec2_backend, given, _capacity_tags(response))
    return ActionResult({"CapacityReservation": made.described()})


@service.adds("DescribeCapacityReservations", gap="missing")
def describe_capacity_reservations(response: EC2Response) -> ActionResult:
    """AWS keeps answering those that have ended or were cancelled."""
    found = capacity.list_reservations(
        response.ec2_backend,
        response._get_param("CapacityReservationIds", []),
        response._filters_from_querystring(),
    )
    return ActionResult({"CapacityReservations": [each.described() for each in found]})


@service.adds("ModifyCapacityReservation", gap="missing")
def modify_capacity_reservation(response: EC2Response) -> ActionResult:
    """AWS changes count, end and eligibility of one that has not ended."""
    names = ("InstanceCount", "EndDate", "EndDateType", "InstanceMatchCriteria")
    identity = response._get_param("CapacityReservationId")
    capacity.modify(response.ec2_backend, identity, _given(response, names))
    return ActionResult({"Return": True})


@service.adds("CancelCapacityReservation", gap="missing")
def cancel_capacity_reservation(response: EC2Response) -> ActionResult:
    """AWS gives the capacity back; what runs in it continues, on demand."""
    capacity.cancel(response.ec2_backend, response._get_param("CapacityReservationId"))
    return ActionResult({"Return": True})


@service.adds("DescribeCapacityBlockOfferings", gap="missing")
def describe_capacity_block_offerings(response: EC2Response) -> ActionResult:
    """AWS answers what is on sale now; the emulator sells what is asked for."""
    names = ("InstanceType", "InstanceCount", "StartDateRange", "CapacityDurationHours")
    offered = capacity.offer(response.ec2_backend, _given(response, names))
    return ActionResult({"CapacityBlockOfferings": offered})


@service.adds("PurchaseCapacityBlock", gap="missing")
def purchase_capacity_block(response: EC2Response) -> ActionResult:
    """AWS takes the whole price at once, and never gives it back."""
    made = capacity.buy(
        response.ec2_backend,
        response._get_param("CapacityBlockOfferingId"),
        response._get_param("InstancePlatform"),
        _capacity_tags(response),
    )
    return ActionResult({"CapacityReservation": made.described()})


def _given(response: EC2Response, *names: tuple[str, ...]) -> dict[str, Any]:
    found = {name: response._get_param(name) for each in names for name in each}
    return {name: value for name, value in found.items() if value is not None}


def _capacity_tags(response: EC2Response) -> dict[str, str]:
    tags: dict[str, str] = response._parse_tag_specification().get("capacity-reservation", {})
    return tags
