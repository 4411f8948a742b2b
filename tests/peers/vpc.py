"""The example `complete` of terraform-aws-modules/terraform-aws-vpc."""

from __future__ import annotations

from collections.abc import Iterator

from .record import Differs, Example, Pair

_NAMED = "names are made of the Context and a short name"
_TIERS = ("private", "public", "database", "elasticache", "redshift", "intra")
_GIVEN = {"private": 2, "database": 1, "elasticache": 2, "redshift": 3}
_ENDPOINTS = {
    "s3": "s3-interface",
    "dynamodb": "dynamodb-gateway",
    "ecs": "ecs-interface",
    "ecr_api": "ecr-api-interface",
    "ecr_dkr": "ecr-dkr-interface",
    "rds": "rds-interface",
}
_ONE_TABLE = (
    "each zone has a table of its own, so that a NAT gateway of its own moves nothing later"
)
_NAME = {"tags.Name": Differs("acme-vpc-euw1-*", _NAMED)}
_DENIES = (
    "the policy only denies, so that it lets nothing through at all; AWS's default lets through "
    "what IAM allows, and endpoint_policies takes statements that allow"
)


def _subnets() -> Iterator[Pair]:
    for tier in _TIERS:
        for index, letter in enumerate("abc"):
            differs = {} if index < _GIVEN.get(tier, 0) else _NAME
            adds = {"map_public_ip_on_launch": "AWS's default, written down"}
            yield Pair(f"aws_subnet.{tier}[{index}]", f"aws_subnet {tier}-{letter}", differs, adds)
            end = "routes" if tier == "public" else "association"
            leads_private = tier not in ("public", "intra")
            yield Pair(
                f"aws_route_table_association.{tier}[{index}]",
                f"aws_route_table_association {tier}-{letter}-{end}",
                {"route_table_id": Differs("<aws_route_table>", _ONE_TABLE)}
                if leads_private and letter != "a"
                else {},
            )


def _endpoints() -> Iterator[Pair]:
    for key, ours in _ENDPOINTS.items():
        differs = dict(_NAME)
        adds = {}
        if key.startswith("ecr") or key == "dynamodb":
            differs["policy"] = Differs(None, _DENIES)
        if key == "dynamodb":
            for index in range(3):
                differs[f"route_table_ids.{index}"] = Differs(
                    None,
                    "tables of private and isolated subnets are associated one by one; public "
                    "ones have the internet gateway",
                )
        if key == "ecs":
            for index in range(3):
                for name in ("ipv4", "subnet_id"):
                    differs[f"subnet_configuration.{index}.{name}"] = Differs(
                        None, "AWS chooses the addresses, as private DNS leads to them"
                    )
        if key == "rds":
            differs["security_group_ids.1"] = Differs(
                None, "the endpoint is of the API, which is HTTPS and not PostgreSQL"
            )
        if key == "s3":
            adds["subnet_ids"] = "an interface endpoint without subnets leads nowhere"
        yield Pair(f'aws_vpc_endpoint.this["{key}"]', f"aws_vpc_endpoint {ours}", differs, adds)


_Input = tuple[str, str | tuple[str, str]]


def _subnet_inputs() -> Iterator[_Input]:
    for index in range(3):
        number = f".{index}" if index else ""
        for tier in _TIERS:
            subnet = f"aws_subnet.{tier}[{index}]"
            yield f"vpc.{tier}_subnets{number}", (subnet, "cidr_block")
            yield f"vpc.{tier}_subnet_names{number}", (subnet, "tags.Name")
        yield f"vpc.azs{number}", (f"aws_subnet.private[{index}]", "availability_zone")


def _vpc_inputs() -> Iterator[_Input]:
    for name in ("cidr", "enable_dns_hostnames", "enable_dns_support"):
        yield f"vpc.{name}", ("aws_vpc.this[0]", "cidr_block" if name == "cidr" else name)
    yield "vpc.name", ("aws_vpc.this[0]", "tags.Name")
    yield "vpc.enable_nat_gateway", ("aws_nat_gateway.this[0]", "")
    yield "vpc.single_nat_gateway", ("aws_nat_gateway.this[0]", "")
    for tag in ("Example", "GithubRepo", "GithubOrg"):
        yield f"vpc.tags.{tag}", ("aws_vpc.this[0]", f"tags.{tag}")
    for tag in ("Example", "GithubRepo", "GithubOrg", "Project", "Endpoint"):
        yield f"vpc_endpoints.tags.{tag}", ('aws_vpc_endpoint.this["ecs"]', f"tags.{tag}")
    yield "vpc.create_database_subnet_group", "the network makes no subnet groups"
    for name in ("network_acl", "route_table"):
        yield f"vpc.manage_default_{name}", "Inferform does not manage it either"
    yield "vpc.manage_default_security_group", "the default security group is closed in any case"
    yield "vpc.enable_vpn_gateway", _NOT_MADE["aws_vpn_gateway.*"]
    for name in (
        *("IP1.bgp_asn", "IP1.device_name", "IP1.ip_address", "IP2.bgp_asn", "IP2.ip_address"),
        *("IP3.bgp_asn_extended", "IP3.ip_address"),
    ):
        yield f"vpc.customer_gateways.{name}", _NOT_MADE["aws_customer_gateway.*"]
    for name in ("enable_dhcp_options", "dhcp_options_domain_name"):
        yield f"vpc.{name}", _NOT_MADE["aws_vpc_dhcp_options.*"]
    for number in ("", ".1"):
        yield f"vpc.dhcp_options_domain_name_servers{number}", _NOT_MADE["aws_vpc_dhcp_options.*"]


def _endpoint_inputs() -> Iterator[_Input]:
    group, rule = "aws_security_group.this[0]", 'aws_security_group_rule.this["ingress_https"]'
    yield "vpc_endpoints.vpc_id", (group, "")
    yield "vpc_endpoints.create_security_group", (group, "")
    yield "vpc_endpoints.security_group_name_prefix", (group, "name_prefix")
    yield "vpc_endpoints.security_group_description", (group, "description")
    for name in ("description", "cidr_blocks"):
        at = "cidr_blocks.0" if name == "cidr_blocks" else name
        yield f"vpc_endpoints.security_group_rules.ingress_https.{name}", (rule, at)
    yield "vpc_endpoints_nocreate.create", "nothing is made"
    for key in _ENDPOINTS:
        of, endpoint = f"vpc_endpoints.endpoints.{key}", f'aws_vpc_endpoint.this["{key}"]'
        yield f"{of}.service", (endpoint, "service_name")
        yield f"{of}.service_type", (endpoint, "vpc_endpoint_type")
        yield f"{of}.private_dns_enabled", (endpoint, "private_dns_enabled")
        for name in ("subnet_ids", "subnet_configurations", "security_group_ids"):
            yield f"{of}.{name}", (endpoint, "")
        for name in ("route_table_ids", "policy"):
            yield f"{of}.{name}", (endpoint, "")
        yield f"{of}.tags.Name", (endpoint, "tags.Name")
        dns = "private_dns_only_for_inbound_resolver_endpoint"
        yield f"{of}.dns_options.{dns}", (endpoint, f"dns_options.0.{dns}")
    for name in ("create", "service", "private_dns_enabled", "subnet_ids"):
        yield f"vpc_endpoints.endpoints.ecs_telemetry.{name}", "it is turned off in the example"


_NOT_MADE = {
    "aws_customer_gateway.*": "a VPN to other sites is the network's, not inference's; `extend` "
    "adds it, and links lead to a transit gateway",
    "aws_vpn_gateway.*": "a VPN to other sites is the network's, not inference's; `extend` adds "
    "it, and links lead to a transit gateway",
    "aws_vpc_dhcp_options.*": "names are resolved by AWS; `NetworkOptions(dhcp=...)` sets others",
    "aws_vpc_dhcp_options_association.*": "names are resolved by AWS; `NetworkOptions(dhcp=...)` sets others",
    "aws_elasticache_subnet_group.*": "subnet groups are made with the database that they are for",
    "aws_redshift_subnet_group.*": "subnet groups are made with the database that they are for",
    "aws_security_group.rds": "the endpoint is of the API, which is HTTPS and not PostgreSQL",
}

EXAMPLES = (
    Example(
        environment="vpc_complete",
        expected="vpc-complete",
        pairs=(
            Pair(
                "aws_vpc.this[0]",
                "aws_vpc",
                {**_NAME, "instance_tenancy": Differs(None, "AWS's default")},
            ),
            Pair("aws_internet_gateway.this[0]", "aws_internet_gateway", _NAME),
            Pair("aws_eip.nat[0]", "aws_eip", _NAME),
            Pair("aws_nat_gateway.this[0]", "aws_nat_gateway", _NAME),
            Pair("aws_route.public_internet_gateway[0]", "aws_route public-default"),
            Pair("aws_route.private_nat_gateway[0]", "aws_route private-a-default"),
            Pair("aws_route_table.public[0]", "aws_route_table public-routes", _NAME),
            Pair("aws_route_table.private[0]", "aws_route_table private-a-routes", _NAME),
            Pair("aws_route_table.intra[0]", "aws_route_table intra-routes", _NAME),
            *_subnets(),
            Pair(
                "aws_security_group.this[0]",
                "aws_security_group",
                {
                    **_NAME,
                    "name_prefix": Differs(None, _NAMED),
                    "description": Differs("HTTPS from the VPC *", "Inferform describes it"),
                    "tags.Project": Differs(
                        None, "what endpoints are reached by is of the network"
                    ),
                    "tags.Endpoint": Differs(
                        None, "what endpoints are reached by is of the network"
                    ),
                },
                {"name": _NAMED},
            ),
            Pair(
                'aws_security_group_rule.this["ingress_https"]',
                "aws_vpc_security_group_ingress_rule",
                {
                    "description": Differs("HTTPS from the VPC", "Inferform describes it"),
                    "self": Differs(None, "a rule of its own type is for the range alone"),
                    "type": Differs(None, "the type of the resource says it"),
                },
                at={"cidr_blocks.0": "cidr_ipv4", "protocol": "ip_protocol"},
            ),
            *_endpoints(),
        ),
        inputs=dict((*_subnet_inputs(), *_vpc_inputs(), *_endpoint_inputs())),
        not_made=_NOT_MADE,
        beside={
            "aws_default_security_group": "the default security group is closed",
            **dict.fromkeys(
                ("aws_cloudwatch_log_group", "aws_flow_log", "aws_iam_role", "aws_iam_role_policy"),
                "flow logs are on by default",
            ),
            "aws_vpc_endpoint_route_table_association": "routes to gateway endpoints",
        },
    ),
)
