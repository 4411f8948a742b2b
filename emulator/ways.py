"""Whether something in a subnet can reach an AWS service: route tables, VPC endpoints and what
security groups let out. Network ACLs and what endpoints' own groups let in are not looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Any, NamedTuple

from moto.ec2.models import ec2_backends

INTERNET = "internet"
"""The service of no VPC endpoint: what is on the internet."""

_HTTPS = 443


class Way(NamedTuple):
    """A way to a service: by a VPC endpoint, or out of the VPC where there is none."""

    endpoint: Any = None


def find(
    account: str,
    region: str,
    subnets: Sequence[str],
    groups: Sequence[str],
    service: str,
    *,
    public: bool = False,
) -> Way | None:
    """The way from each subnet to a service such as ``s3`` or ``ecr.api``; none where one has none.

    `public` is whether what runs there gets a public address. What the emulator does not have counts
    as a way.
    """
    backend = ec2_backends[account][region]
    found = Way()
    for name in subnets:
        subnet = next((zone[name] for zone in backend.subnets.values() if name in zone), None)
        if subnet is None:
            continue
        ways = _ways(backend, subnet, service, public=public)
        way = next((each for each in ways if _is_let_out(backend, subnet, groups, each)), None)
        if way is None:
            return None
        found = way
    return found


def _ways(backend: Any, subnet: Any, service: str, *, public: bool) -> Iterator[Way]:
    table = table_of(backend, subnet)
    for endpoint in backend.vpc_end_points.values():
        if endpoint.vpc_id != subnet.vpc_id or not endpoint.service_name.endswith(f".{service}"):
            continue
        is_gateway = (endpoint.vpc_endpoint_type or "Gateway").lower() == "gateway"
        if table.id in endpoint.route_table_ids if is_gateway else endpoint.private_dns_enabled:
            yield Way(endpoint)
    for route in table.routes:
        if route.destination_cidr_block != "0.0.0.0/0":
            continue
        outwards = (route.nat_gateway, route.transit_gateway, route.instance, route.interface)
        if any(outwards) or (public and (route.gateway_id or "").startswith("igw-")):
            yield Way()


def table_of(backend: Any, subnet: Any) -> Any:
    tables = [each for each in backend.route_tables.values() if each.vpc_id == subnet.vpc_id]
    own = (each for each in tables if subnet.id in each._associations.values())
    return next(own, next(each for each in tables if each.main_association_id))


def _is_let_out(backend: Any, subnet: Any, groups: Sequence[str], way: Way) -> bool:
    known = [backend.get_security_group_from_id(each) for each in groups]
    rules = [rule for group in known if group is not None for rule in group.egress_rules]
    if not any(known):
        return True
    vpc = ip_network(backend.vpcs[subnet.vpc_id].cidr_block)
    return any(_leads_there(rule, way, vpc) for rule in rules if _is_https(rule))


def _is_https(rule: Any) -> bool:
    if str(rule.ip_protocol) == "-1":
        return True
    ports = (rule.from_port, rule.to_port)
    return (
        rule.ip_protocol == "tcp" and None not in ports and int(ports[0]) <= _HTTPS <= int(ports[1])
    )


def _leads_there(rule: Any, way: Way, vpc: Any) -> bool:
    cidr = (rule.ip_range or {}).get("CidrIp")
    network = ip_network(cidr, strict=False) if cidr else None
    endpoint = way.endpoint
    if endpoint is None:
        return network is not None and not network.subnet_of(vpc)
    if (endpoint.vpc_endpoint_type or "Gateway").lower() == "gateway":
        lists = endpoint.destination_prefix_list_id
        return rule.prefix_list_id == lists or (network is not None and not network.subnet_of(vpc))
    group = (rule.source_group or {}).get("GroupId")
    return group in endpoint.security_group_ids or (network is not None and network.overlaps(vpc))
