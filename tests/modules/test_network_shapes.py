"""Networks of any shape: the subnets, routes, endpoints and logs that they become."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    Addressing,
    Context,
    Dhcp,
    EcsCluster,
    EksCluster,
    Environment,
    FlowLogs,
    Inference,
    Ipv6,
    LoadBalancer,
    LogBucket,
    Network,
    NetworkOptions,
    Peering,
    PolicyStatement,
    RealtimeEndpoint,
    Registry,
    Repository,
    Tier,
    TransitGateway,
)
from tests.conftest import Synthesized
from tests.names.specs import MODEL

Synthesize = Callable[..., Synthesized]

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000"


def made(synthesize: Synthesize, context: Context = CONTEXT, **fields: Any) -> dict[str, Any]:
    """The stack of a network."""
    network = Network(**{"cidr": "10.0.0.0/16", "nat": "none", "flow_logs": None, **fields})
    (stack,) = synthesize(Environment(context=context, network=network)).values()
    return stack


def of(stack: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return list(stack["resource"].get(kind, {}).values())


def routes(stack: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Where each route table leads, by its name and the destination."""
    tables = {
        f"${{aws_route_table.{name}.id}}": table["tags"]["Name"].removeprefix("acme-dev-use1-")
        for name, table in stack["resource"]["aws_route_table"].items()
    }
    found = {}
    for route in of(stack, "aws_route"):
        destination = route.get("destination_cidr_block") or route["destination_ipv6_cidr_block"]
        (target,) = (
            value for key, value in route.items() if key.endswith("_id") and "table" not in key
        )
        found[tables[route["route_table_id"]], destination] = target
    return found


# What the public module terraform-aws-modules/vpc makes in its examples, at 82d1929: each subnet's
# range, zone, tier and tag Name. Both set the tags Example, GithubRepo and GithubOrg everywhere.
SIMPLE = [
    ("10.0.0.0/20", "eu-west-1a", "private", "ex-simple-private-eu-west-1a"),
    ("10.0.16.0/20", "eu-west-1b", "private", "ex-simple-private-eu-west-1b"),
    ("10.0.32.0/20", "eu-west-1c", "private", "ex-simple-private-eu-west-1c"),
]
COMPLETE = [
    ("10.0.0.0/24", "eu-west-1a", "private", "Private Subnet One"),
    ("10.0.1.0/24", "eu-west-1b", "private", "Private Subnet Two"),
    ("10.0.2.0/24", "eu-west-1c", "private", "ex-complete-private-eu-west-1c"),
    ("10.0.4.0/24", "eu-west-1a", "public", "ex-complete-public-eu-west-1a"),
    ("10.0.5.0/24", "eu-west-1b", "public", "ex-complete-public-eu-west-1b"),
    ("10.0.6.0/24", "eu-west-1c", "public", "ex-complete-public-eu-west-1c"),
    ("10.0.8.0/24", "eu-west-1a", "database", "DB Subnet One"),
    ("10.0.9.0/24", "eu-west-1b", "database", "ex-complete-db-eu-west-1b"),
    ("10.0.10.0/24", "eu-west-1c", "database", "ex-complete-db-eu-west-1c"),
    ("10.0.12.0/24", "eu-west-1a", "elasticache", "Elasticache Subnet One"),
    ("10.0.13.0/24", "eu-west-1b", "elasticache", "Elasticache Subnet Two"),
    ("10.0.14.0/24", "eu-west-1c", "elasticache", "ex-complete-elasticache-eu-west-1c"),
    ("10.0.16.0/24", "eu-west-1a", "redshift", "Redshift Subnet One"),
    ("10.0.17.0/24", "eu-west-1b", "redshift", "Redshift Subnet Two"),
    ("10.0.18.0/24", "eu-west-1c", "redshift", "Redshift Subnet Three"),
    ("10.0.20.0/24", "eu-west-1a", "intra", "ex-complete-intra-eu-west-1a"),
    ("10.0.21.0/24", "eu-west-1b", "intra", "ex-complete-intra-eu-west-1b"),
    ("10.0.22.0/24", "eu-west-1c", "intra", "ex-complete-intra-eu-west-1c"),
]


def tier(subnets: list[tuple[str, str, str, str]], name: str, **fields: Any) -> Tier:
    mine = [each for each in subnets if each[2] == name]
    return Tier(cidrs=[each[0] for each in mine], names=[each[3] for each in mine], **fields)


def simple() -> Network:
    return Network(
        cidr="10.0.0.0/16",
        availability_zones=3,
        tiers={"private": tier(SIMPLE, "private")},
        nat="none",
        gateway_endpoints=[],
        flow_logs=None,
    )


def complete() -> Network:
    # The module's tiers without a route of their own share the private tables, but for intra.
    return Network(
        cidr="10.0.0.0/16",
        availability_zones=3,
        tiers={
            "private": tier(COMPLETE, "private"),
            "public": tier(COMPLETE, "public"),
            "database": tier(COMPLETE, "database", routes="private"),
            "elasticache": tier(COMPLETE, "elasticache", routes="private"),
            "redshift": tier(COMPLETE, "redshift", routes="private"),
            "intra": tier(COMPLETE, "intra"),
        },
        gateway_endpoints=["dynamodb"],
        interface_endpoints=["s3", "ecs", "ecr.api", "ecr.dkr", "rds"],
        flow_logs=None,
    )


@pytest.mark.parametrize(
    ("example", "network", "expected"),
    [("ex-simple", simple, SIMPLE), ("ex-complete", complete, COMPLETE)],
)
def test_the_subnets_of_the_public_modules_examples_can_be_written(
    synthesize: Synthesize,
    example: str,
    network: Callable[[], Network],
    expected: list[tuple[str, str, str, str]],
) -> None:
    tags = {
        "Example": example,
        "GithubRepo": "terraform-aws-vpc",
        "GithubOrg": "terraform-aws-modules",
    }
    context = CONTEXT.replace(region="eu-west-1", tags=tags)
    (stack,) = synthesize(Environment(context=context, network=network())).values()
    (provider,) = stack["provider"]["aws"]
    (default,) = provider["default_tags"]
    tables = {
        association["subnet_id"]: association["route_table_id"]
        for association in of(stack, "aws_route_table_association")
    }
    named = {
        f"${{aws_route_table.{name}.id}}": table["tags"]["Name"].removeprefix("acme-dev-euw1-")
        for name, table in stack["resource"]["aws_route_table"].items()
    }
    found = {}
    for name, subnet in stack["resource"]["aws_subnet"].items():
        on_it = {**default["tags"], **subnet["tags"]}
        assert {key: on_it[key] for key in tags} == tags
        table = named[tables[f"${{aws_subnet.{name}.id}}"]]
        found[subnet["cidr_block"]] = (subnet["availability_zone"], on_it["Name"], table)
        assert subnet["map_public_ip_on_launch"] is False

    def table_of(tier: str, zone: str) -> str:
        return tier if tier in ("public", "intra") else f"private-{zone[-1]}"

    assert found == {
        cidr: (zone, name, table_of(tier, zone)) for cidr, zone, tier, name in expected
    }


def test_subnets_of_more_than_three_zones_have_ranges_of_their_own(synthesize: Synthesize) -> None:
    stack = made(
        synthesize,
        availability_zones=6,
        tiers={"private": Tier(cidrs=[f"10.0.{block}.0/24" for block in range(6)])},
    )
    zones = {
        subnet["cidr_block"]: subnet["availability_zone"] for subnet in of(stack, "aws_subnet")
    }
    assert zones == {
        f"10.0.{block}.0/24": f"us-east-1{letter}" for block, letter in enumerate("abcdef")
    }


def test_a_tier_leads_where_its_routes_say(synthesize: Synthesize) -> None:
    stack = made(
        synthesize,
        nat="single",
        tiers={
            "database": Tier(cidrs=["10.0.224.0/24"]),
            "workers": Tier(cidrs=["10.0.225.0/24", "10.0.226.0/24"], routes="private"),
            "edge": Tier(cidrs=["10.0.227.0/24"], routes="public", tags={"purpose": "edge"}),
        },
    )
    leads = routes(stack)
    assert set(leads) == {
        ("public", "0.0.0.0/0"),
        ("private-a", "0.0.0.0/0"),
        ("private-b", "0.0.0.0/0"),
    }
    assert "aws_internet_gateway" in leads["public", "0.0.0.0/0"]
    names = [table["tags"]["Name"] for table in of(stack, "aws_route_table")]
    assert sorted(names) == [
        f"acme-dev-use1-{each}" for each in ("database", "private-a", "private-b", "public")
    ]
    (edge,) = (each for each in of(stack, "aws_subnet") if each["cidr_block"] == "10.0.227.0/24")
    assert edge["tags"] == {"Name": "acme-dev-use1-edge-a", "purpose": "edge"}
    # S3's and DynamoDB's gateways reach isolated tiers too.
    assert len(of(stack, "aws_vpc_endpoint_route_table_association")) == 2 * 3
    assert set(stack["output"]["subnet_ids"]["value"]) == {"database", "workers", "edge"}


def test_a_tier_may_be_the_only_public_one(synthesize: Synthesize) -> None:
    stack = made(synthesize, tiers={"edge": Tier(cidrs=["10.0.227.0/24"], routes="public")})
    assert set(routes(stack)) == {("public", "0.0.0.0/0")}
    assert stack["output"]["public_subnet_ids"]["value"] == []


def test_secondary_ranges_come_before_their_subnets_and_reach_the_endpoints(
    synthesize: Synthesize,
) -> None:
    stack = made(
        synthesize,
        tiers={"pods": Tier(cidrs=["100.64.0.0/18", "100.64.64.0/18"], routes="private")},
        addressing=Addressing(secondary_cidrs=["100.64.0.0/16"]),
        interface_endpoints=["kms"],
    )
    ((name, association),) = stack["resource"]["aws_vpc_ipv4_cidr_block_association"].items()
    assert association["cidr_block"] == "100.64.0.0/16"
    waiting = {subnet["cidr_block"]: subnet.get("depends_on") for subnet in of(stack, "aws_subnet")}
    first = [f"aws_vpc_ipv4_cidr_block_association.{name}"]
    assert waiting["100.64.0.0/18"] == waiting["100.64.64.0/18"] == first
    assert waiting["10.0.0.0/18"] is None
    rules = of(stack, "aws_vpc_security_group_ingress_rule")
    assert sorted(rule["cidr_ipv4"] for rule in rules) == ["10.0.0.0/16", "100.64.0.0/16"]


def test_private_dns_of_s3_is_for_the_whole_vpc_without_a_gateway_endpoint(
    synthesize: Synthesize,
) -> None:
    endpoints = made(synthesize, interface_endpoints=["kms", "s3"], gateway_endpoints=["dynamodb"])
    found = {
        each["service_name"]: each.get("dns_options") for each in of(endpoints, "aws_vpc_endpoint")
    }
    whole = {"private_dns_only_for_inbound_resolver_endpoint": False}
    assert found == {
        "com.amazonaws.us-east-1.dynamodb": None,
        "com.amazonaws.us-east-1.kms": None,
        "com.amazonaws.us-east-1.s3": whole,
    }


def test_an_interface_endpoint_of_s3_waits_for_the_gateway_endpoint(synthesize: Synthesize) -> None:
    endpoints = made(synthesize, interface_endpoints=["s3"])["resource"]["aws_vpc_endpoint"]
    by_kind = {
        (each["service_name"].rpartition(".")[2], each["vpc_endpoint_type"]): name
        for name, each in endpoints.items()
    }
    interface = endpoints[by_kind["s3", "Interface"]]
    assert interface["depends_on"] == [f"aws_vpc_endpoint.{by_kind['s3', 'Gateway']}"]
    assert "dns_options" not in interface


@pytest.mark.parametrize("turned_on", [False, True])
def test_an_endpoint_service_of_somebodys_own_has_private_dns_where_it_is_asked_for(
    synthesize: Synthesize, turned_on: bool
) -> None:
    service = "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f67890"
    role = f"{service.replace('.', '-')}-interface"
    stack = made(
        synthesize,
        interface_endpoints=["aws.sagemaker.us-east-1.studio", service],
        overrides={role: {"private_dns_enabled": True}} if turned_on else {},
    )
    found = {
        each["service_name"]: each["private_dns_enabled"]
        for each in of(stack, "aws_vpc_endpoint")
        if each["vpc_endpoint_type"] == "Interface"
    }
    assert found == {"aws.sagemaker.us-east-1.studio": True, service: turned_on}


def test_what_is_in_a_secondary_range_is_let_in_where_it_is_private(synthesize: Synthesize) -> None:
    environment = Environment(
        context=CONTEXT,
        network=Network(
            cidr="10.0.0.0/16",
            tiers={
                "private": Tier(cidrs=["100.64.0.0/18", "100.64.64.0/18"]),
                "database": Tier(cidrs=["10.1.0.0/24"]),
            },
            addressing=Addressing(secondary_cidrs=["10.1.0.0/16", "100.64.0.0/16"]),
        ),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(
            load_balancers={"shared": LoadBalancer(certificate=CERTIFICATE)},
        ),
        eks=EksCluster(version="1.35"),
        inference=Inference(
            endpoints={"one": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")}
        ),
    )
    stacks = synthesize(environment)
    network = stacks["dev-use1-network"]
    assert network["output"]["secondary_cidrs"]["value"] == ["100.64.0.0/16"]
    first = "${data.terraform_remote_state.network.outputs.vpc_cidr}"
    let_in = {}
    for layer, kind in (
        ("ecs", "aws_vpc_security_group_ingress_rule"),
        ("ecs", "aws_vpc_security_group_egress_rule"),
        ("eks", "aws_vpc_security_group_ingress_rule"),
        ("inference", "aws_vpc_security_group_egress_rule"),
    ):
        rules = of(stacks[f"dev-use1-{layer}"], kind)
        let_in[layer, kind.split("_")[4]] = sorted(
            rule["cidr_ipv4"] for rule in rules if "cidr_ipv4" in rule
        )
    assert let_in == dict.fromkeys(let_in, sorted([first, "100.64.0.0/16"]))
    assert len(let_in) == 4


def test_the_range_comes_from_a_pool_of_ipam(synthesize: Synthesize) -> None:
    pool = "ipam-pool-0a1b2c3d4e5f67890"
    (vpc,) = of(made(synthesize, addressing=Addressing(ipam_pool=pool)), "aws_vpc")
    assert (vpc["cidr_block"], vpc["ipv4_ipam_pool_id"]) == ("10.0.0.0/16", pool)


def test_ipv6_is_amazons_or_of_a_pool_and_each_subnet_has_a_64(synthesize: Synthesize) -> None:
    stack = made(
        synthesize,
        public_subnets=True,
        tiers={
            "database": Tier(cidrs=["10.0.240.0/24"], ipv6_offset=255),
            "plain": Tier(cidrs=["10.0.241.0/24"]),
        },
        addressing=Addressing(ipv6=Ipv6()),
    )
    (vpc,) = of(stack, "aws_vpc")
    assert vpc["assign_generated_ipv6_cidr_block"] is True
    numbers = {
        subnet["cidr_block"]: subnet.get("ipv6_cidr_block", " -)}").rpartition(" ")[2][:-2]
        for subnet in of(stack, "aws_subnet")
    }
    assert numbers == {
        "10.0.0.0/18": "0",
        "10.0.64.0/18": "1",
        "10.0.192.0/20": "16",
        "10.0.208.0/20": "17",
        "10.0.240.0/24": "255",
        "10.0.241.0/24": "-",
    }
    leads = routes(stack)
    assert "aws_internet_gateway" in leads["public", "::/0"]
    assert "aws_egress_only_internet_gateway" in leads["private-a", "::/0"]
    pool = "ipam-pool-0a1b2c3d4e5f67890"
    closed = made(synthesize, addressing=Addressing(ipv6=Ipv6(ipam_pool=pool, egress=False)))
    (vpc,) = of(closed, "aws_vpc")
    assert (vpc["ipv6_ipam_pool_id"], vpc["ipv6_netmask_length"]) == (pool, 56)
    assert "assign_generated_ipv6_cidr_block" not in vpc
    assert routes(closed) == {}


def test_nat_gateways_take_addresses_that_exist(synthesize: Synthesize) -> None:
    addresses = ["eipalloc-0a1b2c3d4e5f67890", "eipalloc-0a1b2c3d"]
    stack = made(synthesize, nat="per_zone", addressing=Addressing(nat_addresses=addresses))
    assert sorted(nat["allocation_id"] for nat in of(stack, "aws_nat_gateway")) == sorted(addresses)
    assert of(stack, "aws_eip") == []


def test_links_lead_from_their_tiers_to_other_networks(synthesize: Synthesize) -> None:
    gateway, peering = "tgw-0a1b2c3d4e5f67890", "pcx-0a1b2c3d4e5f67890"
    stack = made(
        synthesize,
        public_subnets=True,
        tiers={"database": Tier(cidrs=["10.0.240.0/24", "10.0.241.0/24"])},
        links={
            "hub": TransitGateway(
                id=gateway, destinations=["0.0.0.0/0"], attached_in="database", dns_support=False
            ),
            "data": Peering(id=peering, destinations=["10.9.0.0/16"], tiers=["public", "database"]),
        },
    )
    leads = routes(stack)
    assert {key: value for key, value in leads.items() if value in (gateway, peering)} == {
        ("private-a", "0.0.0.0/0"): gateway,
        ("private-b", "0.0.0.0/0"): gateway,
        ("database", "0.0.0.0/0"): gateway,
        ("public", "10.9.0.0/16"): peering,
        ("database", "10.9.0.0/16"): peering,
    }
    ((name, attachment),) = stack["resource"]["aws_ec2_transit_gateway_vpc_attachment"].items()
    assert len(attachment["subnet_ids"]) == 2
    assert all("database" in subnet for subnet in attachment["subnet_ids"])
    assert (attachment["dns_support"], attachment["appliance_mode_support"]) == (
        "disable",
        "disable",
    )
    assert "transit_gateway_default_route_table_association" not in attachment
    # No attribute of a route says that it needs the attachment.
    for route in of(stack, "aws_route"):
        waits = [f"aws_ec2_transit_gateway_vpc_attachment.{name}"]
        assert route.get("depends_on") == (waits if "transit_gateway_id" in route else None)


def test_an_endpoint_has_private_dns_where_its_service_has(synthesize: Synthesize) -> None:
    stack = made(synthesize, interface_endpoints=["dynamodb", "dynamodb-fips", "kms"])
    has = {
        each["service_name"].removeprefix("com.amazonaws.us-east-1."): each["private_dns_enabled"]
        for each in of(stack, "aws_vpc_endpoint")
        if each["vpc_endpoint_type"] == "Interface"
    }
    assert has == {"dynamodb": False, "dynamodb-fips": False, "kms": True}


def test_endpoints_have_policies_and_services_of_any_name(synthesize: Synthesize) -> None:
    own: dict[str, Any] = {"StringEquals": {"aws:ResourceAccount": ["111122223333"]}}
    stack = made(
        synthesize,
        interface_endpoints=["rds", "s3", "aws.sagemaker.us-east-1.studio"],
        endpoint_policies={
            "s3": [PolicyStatement(actions=["s3:Get*"], conditions=own)],
            "rds": [
                PolicyStatement(
                    sid="Readers",
                    actions=["rds:Describe*"],
                    resources=["arn:aws:rds:us-east-1:111122223333:db:*"],
                    principals={"AWS": ["arn:aws:iam::111122223333:root"]},
                )
            ],
        },
    )
    endpoints = {
        (each["service_name"], each["vpc_endpoint_type"]): each
        for each in of(stack, "aws_vpc_endpoint")
    }
    assert {name for name, kind in endpoints if kind == "Interface"} == {
        "aws.sagemaker.us-east-1.studio",
        "com.amazonaws.us-east-1.rds",
        "com.amazonaws.us-east-1.s3",
    }
    # Names tell a gateway endpoint and an interface endpoint of one service apart.
    assert len({each["tags"]["Name"] for each in endpoints.values()}) == len(endpoints)
    (s3,) = json.loads(endpoints["com.amazonaws.us-east-1.s3", "Gateway"]["policy"])["Statement"]
    assert s3 == {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:Get*"],
        "Resource": ["*"],
        "Condition": own,
    }
    (rds,) = json.loads(endpoints["com.amazonaws.us-east-1.rds", "Interface"]["policy"])[
        "Statement"
    ]
    assert (rds["Sid"], rds["Resource"]) == ("Readers", ["arn:aws:rds:us-east-1:111122223333:db:*"])
    assert rds["Principal"] == {"AWS": ["arn:aws:iam::111122223333:root"]}
    assert "policy" not in endpoints["com.amazonaws.us-east-1.dynamodb", "Gateway"]


def test_flow_logs_go_to_a_bucket_without_log_group_or_role(synthesize: Synthesize) -> None:
    bucket = LogBucket(
        name="acme-flow-logs",
        prefix="vpc/",
        file_format="parquet",
        hive_partitions=True,
        hourly=True,
    )
    logs = FlowLogs(
        bucket=bucket, traffic="REJECT", interval_seconds=600, fields=["srcaddr", "action"]
    )
    stack = made(synthesize, flow_logs=logs)
    (log,) = of(stack, "aws_flow_log")
    assert log["log_destination"] == "arn:aws:s3:::acme-flow-logs/vpc/"
    assert log["log_destination_type"] == "s3"
    assert log["destination_options"] == {
        "file_format": "parquet",
        "hive_compatible_partitions": True,
        "per_hour_partition": True,
    }
    assert (log["traffic_type"], log["max_aggregation_interval"]) == ("REJECT", 600)
    # Terraform reads $${ as ${, which EC2 reads.
    assert log["log_format"] == "$${srcaddr} $${action}"
    assert of(stack, "aws_cloudwatch_log_group") == of(stack, "aws_iam_role") == []


def test_what_hosts_learn_by_dhcp_stands_in_a_set_of_the_vpc(synthesize: Synthesize) -> None:
    dhcp = Dhcp(domain_name="acme.internal", name_servers=["AmazonProvidedDNS", "10.0.0.9"])
    stack = made(synthesize, options=NetworkOptions(dhcp=dhcp))
    (options,) = of(stack, "aws_vpc_dhcp_options")
    assert options["domain_name"] == "acme.internal"
    assert options["domain_name_servers"] == ["AmazonProvidedDNS", "10.0.0.9"]
    assert "ntp_servers" not in options
    # A set cannot be changed, and another one comes before it goes.
    assert options["lifecycle"] == {"create_before_destroy": True}
    (name,) = stack["resource"]["aws_vpc_dhcp_options"]
    (vpc,) = stack["resource"]["aws_vpc"]
    (association,) = of(stack, "aws_vpc_dhcp_options_association")
    assert association["dhcp_options_id"] == f"${{aws_vpc_dhcp_options.{name}.id}}"
    assert association["vpc_id"] == f"${{aws_vpc.{vpc}.id}}"
    assert "aws_vpc_dhcp_options" not in made(synthesize)["resource"]


def test_public_addresses_are_given_in_the_tier_that_asks_for_them(synthesize: Synthesize) -> None:
    public = Tier(cidrs=["10.0.240.0/24", "10.0.241.0/24"], public_addresses=True)
    stack = made(synthesize, public_subnets=True, tiers={"public": public})
    given = {
        each["cidr_block"] for each in of(stack, "aws_subnet") if each["map_public_ip_on_launch"]
    }
    assert given == {"10.0.240.0/24", "10.0.241.0/24"}
