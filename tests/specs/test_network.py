"""The rules of networks of any shape, on both sides of each limit."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    Addressing,
    Context,
    Dhcp,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    FlowLogs,
    Inference,
    Ipv6,
    LogBucket,
    Network,
    NetworkOptions,
    Peering,
    PolicyStatement,
    Registry,
    Repository,
    SpecError,
    Tier,
    TransitGateway,
)
from inferform.between import between
from inferform.spec import problems_of
from tests.names.specs import MODEL

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
HUB = "tgw-0a1b2c3d4e5f67890"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
STATEMENT = PolicyStatement(actions=["s3:Get*"], sid="Get")


def network(**fields: Any) -> Network:
    return Network(**{"cidr": "10.0.0.0/16", "nat": "none", **fields})


def environment(**fields: Any) -> Environment:
    return Environment(context=fields.pop("context", CONTEXT), network=network(**fields))


def refused(**fields: Any) -> dict[str, str]:
    """The rule of each problem by where it is; empty where the network is taken."""
    try:
        found = problems_of(environment(**fields))
    except SpecError as error:
        found = error.problems
    return {problem.where.removeprefix("network."): problem.rule for problem in found}


def tiers(**cidrs: list[str]) -> dict[str, Tier]:
    return {name: Tier(cidrs=ranges) for name, ranges in cidrs.items()}


PRIVATE = [f"10.0.{block}.0/24" for block in range(6)]
PUBLIC = [f"10.0.{block}.0/24" for block in range(8, 14)]

BAD: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a small VPC without ranges of its own": ({"cidr": "10.0.0.0/25"}, {"cidr": "VPC1"}),
    "a VPC below /28": ({"cidr": "10.0.0.0/29"}, {"cidr": "VPC1"}),
    "a key of another Region for flow logs": (
        {"flow_logs": FlowLogs(kms_key=KEY.replace("us-east-1", "eu-west-1"))},
        {"flow_logs.kms_key": "EXI2"},
    ),
    "name servers of one's own": (
        {"options": NetworkOptions(dhcp=Dhcp(name_servers=["10.0.0.9"]))},
        {"options.dhcp.name_servers": "VPC31"},
    ),
    "public addresses in private subnets": (
        {"tiers": {"private": Tier(cidrs=PRIVATE[:2], public_addresses=True)}},
        {"tiers.private.public_addresses": "VPC33"},
    ),
    "seven zones": ({"availability_zones": 7}, {"availability_zones": "VPC3"}),
    "more zones than the Region has": (
        {
            "context": CONTEXT.replace(region="eu-west-1"),
            "availability_zones": 4,
            "tiers": tiers(private=PRIVATE[:4]),
        },
        {"availability_zones": "VPC4"},
    ),
    "four zones without ranges of their own": (
        {"availability_zones": 4},
        {"availability_zones": "VPC19"},
    ),
    "four zones with NAT without ranges of public subnets": (
        {"availability_zones": 4, "nat": "single", "tiers": tiers(private=PRIVATE[:4])},
        {"availability_zones": "VPC19"},
    ),
    "an endpoint that cannot be a service": (
        {"interface_endpoints": ["ecr_api"]},
        {"interface_endpoints.0": "VPC9"},
    ),
    "an endpoint that the table does not have": (
        {"interface_endpoints": ["brand-new"]},
        {"interface_endpoints.0": "VPC5"},
    ),
    "a private tier with fewer ranges than zones": (
        {"tiers": tiers(private=PRIVATE[:1])},
        {"tiers.private.cidrs": "VPC16"},
    ),
    "a tier with more ranges than zones": (
        {"tiers": tiers(database=["10.0.240.0/24", "10.0.241.0/24", "10.0.242.0/24"])},
        {"tiers.database.cidrs": "VPC16"},
    ),
    "a tier without ranges": ({"tiers": tiers(database=[])}, {"tiers.database.cidrs": "VPC16"}),
    "a subnet outside of the VPC": (
        {"tiers": tiers(database=["10.1.0.0/24"])},
        {"tiers.database.cidrs.0": "VPC17"},
    ),
    "private subnets outside of every range": (
        {
            "tiers": tiers(private=["100.64.0.0/24", "100.65.1.0/24"]),
            "addressing": Addressing(secondary_cidrs=["100.64.0.0/16"]),
        },
        {"tiers.private.cidrs.1": "VPC17"},
    ),
    "a subnet over one of the plan": (
        {"tiers": tiers(database=["10.0.127.0/24"])},
        {"cidr": "VPC18"},
    ),
    "two tiers over each other": (
        {"tiers": tiers(one=["10.0.240.0/24"], two=["10.0.240.128/25"])},
        {"tiers.two.cidrs.0": "VPC18"},
    ),
    "a private tier that is public": (
        {"tiers": {"private": Tier(cidrs=PRIVATE[:2], routes="public")}},
        {"tiers.private.routes": "VPC20"},
    ),
    "more names than subnets": (
        {"tiers": {"database": Tier(cidrs=["10.0.240.0/24"], names=["one", "two"])}},
        {"tiers.database.names": "VPC21"},
    ),
    "a tag Name": (
        {"tiers": {"database": Tier(cidrs=["10.0.240.0/24"], tags={"name": "x"})}},
        {"tiers.database.tags.name": "VPC21"},
    ),
    "a tag that Inferform sets": (
        {"tiers": {"database": Tier(cidrs=["10.0.240.0/24"], tags={"owner": "x"})}},
        {"tiers.database.tags.owner": "VPC21"},
    ),
    "an IPv6 range without IPv6": (
        {"tiers": {"database": Tier(cidrs=["10.0.240.0/24"], ipv6_offset=32)}},
        {"tiers.database.ipv6_offset": "VPC22"},
    ),
    "the IPv6 range of another tier": (
        {
            "tiers": {"database": Tier(cidrs=["10.0.240.0/24"], ipv6_offset=1)},
            "addressing": Addressing(ipv6=Ipv6()),
        },
        {"tiers.database.ipv6_offset": "VPC22"},
    ),
    "an IPv6 range past the last": (
        {
            "tiers": {"database": Tier(cidrs=["10.0.240.0/24", "10.0.241.0/24"], ipv6_offset=255)},
            "addressing": Addressing(ipv6=Ipv6()),
        },
        {"tiers.database.ipv6_offset": "VPC22"},
    ),
    "a secondary range that may not join": (
        {"addressing": Addressing(secondary_cidrs=["192.168.0.0/16"])},
        {"addressing.secondary_cidrs.0": "VPC13"},
    ),
    "addresses for NAT gateways that are none": (
        {"addressing": Addressing(nat_addresses=["eipalloc-0a1b2c3d"])},
        {"addressing.nat_addresses": "VPC23"},
    ),
    "one address for two NAT gateways": (
        {"nat": "per_zone", "addressing": Addressing(nat_addresses=["eipalloc-0a1b2c3d"] * 2)},
        {"addressing.nat_addresses": "VPC23"},
    ),
    "a policy without its endpoint": (
        {"endpoint_policies": {"kms": [STATEMENT]}},
        {"endpoint_policies.kms": "VPC24"},
    ),
    "two statements of one name": (
        {"endpoint_policies": {"s3": [STATEMENT, STATEMENT]}},
        {"endpoint_policies.s3.1.sid": "POL4"},
    ),
    "a link from a tier that is not there": (
        {"links": {"hub": TransitGateway(id=HUB, destinations=["10.9.0.0/16"], tiers=["privat"])}},
        {"links.hub.tiers.0": "VPC25"},
    ),
    "an attachment in public subnets that are not there": (
        {
            "links": {
                "hub": TransitGateway(id=HUB, destinations=["10.9.0.0/16"], attached_in="public")
            }
        },
        {"links.hub.attached_in": "VPC25"},
    ),
    "a link to the VPC itself": (
        {"links": {"hub": TransitGateway(id=HUB, destinations=["10.0.9.0/24"])}},
        {"links.hub.destinations.0": "VPC26"},
    ),
    "a link to the internet beside NAT": (
        {"nat": "single", "links": {"hub": TransitGateway(id=HUB, destinations=["0.0.0.0/0"])}},
        {"links.hub.destinations.0": "VPC26"},
    ),
    "two links to one place": (
        {
            "links": {
                "hub": TransitGateway(id=HUB, destinations=["10.9.0.0/16"]),
                "peer": Peering(id="pcx-0a1b2c3d", destinations=["10.9.0.0/16"]),
            }
        },
        {"links.peer.destinations.0": "VPC26"},
    ),
}

GOOD: dict[str, dict[str, Any]] = {
    "a VPC of /28 with ranges of its own": {
        "cidr": "10.0.0.0/27",
        "tiers": tiers(private=["10.0.0.0/28", "10.0.0.16/28"]),
    },
    "six zones": {"availability_zones": 6, "tiers": tiers(private=PRIVATE)},
    "six zones with NAT": {
        "availability_zones": 6,
        "nat": "per_zone",
        "tiers": tiers(private=PRIVATE, public=PUBLIC),
    },
    "private subnets in a secondary range": {
        "tiers": tiers(private=["100.64.0.0/18", "100.64.64.0/18"]),
        "addressing": Addressing(secondary_cidrs=["100.64.0.0/16"]),
    },
    "four secondary ranges": {
        "addressing": Addressing(
            secondary_cidrs=["100.64.0.0/16", "100.65.0.0/16", "10.1.0.0/16", "10.2.0.0/28"]
        )
    },
    "a last IPv6 range": {
        "tiers": {"database": Tier(cidrs=["10.0.240.0/24"], ipv6_offset=255)},
        "addressing": Addressing(ipv6=Ipv6()),
    },
    "an endpoint by its whole name": {"interface_endpoints": ["aws.sagemaker.us-east-1.studio"]},
    "a link to the internet without NAT": {
        "links": {"hub": TransitGateway(id=HUB, destinations=["0.0.0.0/0"])}
    },
    "links to one place from two tiers": {
        "public_subnets": True,
        "links": {
            "hub": TransitGateway(id=HUB, destinations=["10.9.0.0/16"]),
            "peer": Peering(id="pcx-0a1b2c3d", destinations=["10.9.0.0/16"], tiers=["public"]),
        },
    },
}


@pytest.mark.parametrize("case", BAD)
def test_a_network_that_aws_would_refuse_is_refused(case: str) -> None:
    fields, expected = BAD[case]
    assert refused(**fields) == expected


@pytest.mark.parametrize("case", GOOD)
def test_a_network_that_aws_takes_is_taken(case: str) -> None:
    assert refused(**GOOD[case]) == {}


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Tier(cidrs=["10.0.0.0/29"]), "VPC10"),
        (lambda: Tier(cidrs=["10.0.0.0/24", "10.0.0.0/24"]), "CIDR2"),
        (lambda: Tier(cidrs=["10.0.0.0/24"], ipv6_offset=256), "VPC11"),
        (lambda: Tier(cidrs=["10.0.0.0/24"], names=["a" * 257]), "VPC29"),
        (lambda: Tier(cidrs=["10.0.0.0/24"], tags={"aws:x": "y"}), "CTX3"),
        (lambda: Addressing(secondary_cidrs=[f"100.{n}.0.0/16" for n in range(64, 69)]), "VPC12"),
        (lambda: Addressing(secondary_cidrs=["100.64.0.0/15"]), "VPC12"),
        (lambda: Addressing(ipam_pool="pool-1"), "VPC14"),
        (lambda: TransitGateway(id="pcx-0a1b2c3d", destinations=["10.0.0.0/8"]), "VPC14"),
        (lambda: TransitGateway(id=HUB, destinations=[]), "VPC15"),
        (lambda: FlowLogs(bucket=LogBucket(name="acme-logs"), retention_days=30), "VPC27"),
        (lambda: FlowLogs(fields=["${srcaddr}"]), "VPC28"),
        (lambda: LogBucket(name="Acme"), "S3B1"),
        (lambda: LogBucket(name="acme-logs", prefix="vpc"), "S3B1"),
        (lambda: PolicyStatement(actions=["GetObject"]), "POL1"),
        (lambda: PolicyStatement(actions=[]), "POL2"),
        (lambda: PolicyStatement(actions=["s3:*"], sid="two words"), "POL3"),
    ],
)
def test_what_aws_would_refuse_of_a_part_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(SpecError) as refusal:
        make()
    assert {problem.rule for problem in refusal.value.problems} == {rule}


@pytest.mark.parametrize(
    ("cidr", "other", "joins"),
    [
        ("10.0.0.0/16", "10.1.0.0/16", True),
        ("10.0.0.0/16", "172.16.0.0/16", False),
        ("10.0.0.0/16", "198.19.0.0/16", False),
        ("172.16.0.0/16", "10.0.0.0/16", False),
        ("172.16.0.0/16", "172.17.0.0/16", True),
        ("192.168.0.0/16", "100.64.0.0/16", True),
        ("100.64.0.0/16", "10.0.0.0/16", False),
        ("100.64.0.0/16", "100.65.0.0/16", True),
    ],
)
def test_ranges_join_as_aws_lets_them(cidr: str, other: str, joins: bool) -> None:
    found = refused(cidr=cidr, addressing=Addressing(secondary_cidrs=[other]))
    assert ("addressing.secondary_cidrs.0" not in found) is joins


def test_an_endpoint_with_a_typo_is_a_warning_with_the_nearest_name() -> None:
    (problem,) = problems_of(network(interface_endpoints=["sagemaker-api"]))
    assert (problem.rule, problem.severity) == ("VPC5", "warning")
    assert "did you mean sagemaker.api" in problem.text


@pytest.mark.parametrize(
    ("service", "wrong"),
    [
        ("com.amazonaws.us-east-1.kms", {"interface_endpoints.0": "VPC34"}),
        ("com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f67890", {}),
        ("aws.sagemaker.us-east-1.studio", {}),
    ],
)
def test_an_endpoint_of_the_region_has_its_short_name(service: str, wrong: dict[str, str]) -> None:
    assert refused(interface_endpoints=[service]) == wrong


@pytest.mark.parametrize(
    ("cidr", "found"),
    [("172.17.0.0/16", ["VPC35"]), ("172.17.64.0/20", ["VPC35"]), ("172.18.0.0/16", [])],
)
def test_the_range_of_docker_on_hosts_is_a_warning(cidr: str, found: list[str]) -> None:
    problems = problems_of(network(cidr=cidr))
    assert [problem.rule for problem in problems] == found
    assert {problem.severity for problem in problems} <= {"warning"}


def said(**fields: Any) -> str:
    """What is said of a network with one problem."""
    try:
        found = problems_of(environment(**fields))
    except SpecError as error:
        found = error.problems
    (problem,) = found
    return str(problem)


def test_more_zones_than_the_region_has_are_reported_where_they_are_written() -> None:
    context = CONTEXT.replace(region="eu-west-1")
    text = said(context=context, availability_zones=6, tiers=tiers(private=PRIVATE))
    assert text.startswith("network.availability_zones: must be at most 3, the zones of eu-west-1")
    assert "got 6; name them in zone_letters" in text


@pytest.mark.parametrize("written", ["tiers", "public"])
def test_a_clash_of_ipv6_is_reported_at_what_was_written(written: str) -> None:
    own = {"database": Tier(cidrs=["10.0.240.0/24"], ipv6_offset=16)}
    given = {"public": Tier(cidrs=PUBLIC[:2])} if written == "public" else {}
    text = said(
        tiers={**own, **given, "private": Tier(cidrs=PRIVATE[:2])},
        public_subnets=True,
        addressing=Addressing(ipv6=Ipv6()),
    )
    assert "tiers.database.ipv6_offset: leads to the range 16, which the tier public has" in text
    assert "got 16; begin at another number" in text


@pytest.mark.parametrize(
    ("cidr", "why"),
    [
        ("100.64.0.0/16", "shared addresses of carriers (RFC 6598)"),
        ("198.18.0.0/16", "for special purposes"),
        ("54.0.0.0/16", "public addresses inside a VPC"),
    ],
)
def test_what_is_wrong_with_a_range_that_is_not_private_is_said(cidr: str, why: str) -> None:
    assert why in said(cidr=cidr)


def test_secondary_ranges_of_two_environments_may_not_overlap() -> None:
    one = environment(addressing=Addressing(secondary_cidrs=["100.64.0.0/16"]))
    other = Environment(
        context=CONTEXT.replace(stage="prod"),
        network=network(
            cidr="10.1.0.0/16", addressing=Addressing(secondary_cidrs=["100.64.128.0/20"])
        ),
    )
    found = [*between({one.key: one, other.key: other})]
    assert [(key, problem.where, problem.rule) for key, problem in found] == [
        ("prod-use1", "network.addressing.secondary_cidrs.0", "VPC2")
    ]


def test_a_link_that_leads_everywhere_is_a_way_to_the_internet() -> None:
    def missing(*destinations: str) -> list[str]:
        made: dict[str, Any] = {
            "context": CONTEXT,
            "network": network(links={"hub": TransitGateway(id=HUB, destinations=destinations)}),
            "registry": Registry(repositories={"fraud": Repository()}),
            "ecs": EcsCluster(),
            "inference": Inference(
                services={
                    "fraud": EcsService(model=MODEL, compute=Fargate(cpu=1024, memory_mib=2048))
                }
            ),
        }
        try:
            return [problem.rule for problem in problems_of(Environment(**made))]
        except SpecError as error:
            return [problem.rule for problem in error.problems]

    assert "ECS22" in missing("10.0.0.0/9")
    assert "ECS22" not in missing("0.0.0.0/0")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"domain_name": "acme_internal"}, "VPC32"),
        ({"domain_name": "-acme.internal"}, "VPC32"),
        ({"name_servers": []}, "VPC30"),
        ({"name_servers": ["dns.acme.internal"]}, "VPC30"),
        ({"name_servers": [f"10.0.0.{last}" for last in range(5)]}, "VPC30"),
        ({"ntp_servers": ["AmazonProvidedDNS"]}, "VPC30"),
        ({"ntp_servers": ["10.0.0.9", "10.0.0.9"]}, "VPC30"),
    ],
)
def test_dhcp_options_that_aws_does_not_take_are_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(SpecError) as raised:
        Dhcp(**fields)
    assert [each.rule for each in raised.value.problems if each.rule != "VPC31"] == [rule]


def test_flow_logs_in_a_bucket_have_no_key_of_their_own() -> None:
    with pytest.raises(SpecError) as raised:
        FlowLogs(kms_key=KEY, bucket=LogBucket(name="acme-flow-logs"))
    assert [(each.where, each.rule) for each in raised.value.problems] == [("kms_key", "VPC27")]
