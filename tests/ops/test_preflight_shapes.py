"""What preflight finds of endpoints, of what stands around a network, and of the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inferform import (
    Addressing,
    Context,
    Environment,
    Network,
    Peering,
    Registry,
    RegistrySettings,
    Replication,
    Scanning,
    Tier,
    TransitGateway,
)
from inferform.target import EMULATOR
from ops.aws import Aws
from ops.preflight import preflight

Synthesize = Callable[..., dict[str, dict[str, Any]]]


def found(
    synthesize: Synthesize, environment: Environment, aws: Aws, *checks: str
) -> dict[str, tuple[str, str]]:
    """What the checks say, by subject."""
    stacks = synthesize(environment, target=EMULATOR)
    return {
        each.subject: (each.outcome, each.found)
        for each in preflight(environment, stacks, aws)
        if each.check.id in checks
    }


def test_a_region_without_the_service_of_an_endpoint_is_found(
    aws: Aws, context: Context, synthesize: Synthesize
) -> None:
    network = Network(
        cidr="10.0.0.0/16", nat="none", flow_logs=None, interface_endpoints=["kms", "brand-new"]
    )
    said = found(synthesize, Environment(context=context, network=network), aws, "PRE14")
    assert {name: outcome for name, (outcome, _) in said.items()} == {
        "com.amazonaws.us-east-1.brand-new": "failed",
        "com.amazonaws.us-east-1.dynamodb": "passed",
        "com.amazonaws.us-east-1.kms": "passed",
        "com.amazonaws.us-east-1.s3": "passed",
    }
    assert said["com.amazonaws.us-east-1.brand-new"][1] == "has no interface endpoint in us-east-1"


def test_a_zone_without_the_service_of_an_endpoint_is_found(
    aws: Aws, context: Context, synthesize: Synthesize
) -> None:
    offered = {
        zone
        for each in aws.client("ec2").describe_vpc_endpoint_services(
            ServiceNames=["com.amazonaws.us-east-1.kms"]
        )["ServiceDetails"]
        for zone in each["AvailabilityZones"]
    }
    assert "us-east-1a" in offered
    network = Network(
        cidr="10.0.0.0/16",
        nat="none",
        flow_logs=None,
        availability_zones=1,
        # No Region has it, so no service does.
        zone_letters=["f"],
        tiers={"private": Tier(cidrs=["10.0.0.0/24"])},
        interface_endpoints=["kms"],
    )
    environment = Environment(context=context.replace(region="us-west-2"), network=network)
    west = Aws(environment.context, emulator=aws.emulator)
    said = found(synthesize, environment, west, "PRE14")
    assert said["com.amazonaws.us-west-2.kms"] == (
        "failed",
        "has no interface endpoint in us-west-2f",
    )


def test_what_stands_around_a_network_is_there_and_ready(
    aws: Aws, context: Context, synthesize: Synthesize
) -> None:
    ec2 = aws.client("ec2")
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    one, other = (ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (128, 129))
    peering = ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=other)
    connection = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]

    def said(gateway: str, address: str) -> dict[str, str]:
        network = Network(
            cidr="10.0.0.0/16",
            flow_logs=None,
            addressing=Addressing(nat_addresses=[address]),
            links={
                "hub": TransitGateway(id=gateway, destinations=["172.16.0.0/12"]),
                "data": Peering(id=connection, destinations=["10.128.0.0/16"]),
            },
        )
        environment = Environment(context=context, network=network)
        return {
            name: outcome
            for name, (outcome, _) in found(synthesize, environment, aws, "PRE15").items()
        }

    missing = "tgw-0a1b2c3d4e5f67890"
    gone = "eipalloc-0a1b2c3d4e5f67890"
    assert said(missing, gone) == {missing: "failed", gone: "failed", connection: "failed"}
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
    assert said(gateway, address) == {gateway: "passed", address: "passed", connection: "passed"}


def test_settings_of_the_registry_that_are_somebody_elses_are_found(
    aws: Aws, context: Context, synthesize: Synthesize
) -> None:
    environment = Environment(
        context=context,
        registry=Registry(
            settings=RegistrySettings(
                scanning=Scanning(on_push=["*"]),
                replication=[Replication(regions=["eu-west-1"])],
                replicate_from=["444455556666"],
            )
        ),
    )

    def said() -> dict[str, str]:
        return {
            name.partition(" ")[0]: outcome
            for name, (outcome, _) in found(synthesize, environment, aws, "PRE16").items()
        }

    assert said() == {"policy": "passed", "replication": "passed", "scanning": "passed"}
    aws.client("ecr").put_replication_configuration(
        replicationConfiguration={
            "rules": [{"destinations": [{"region": "eu-west-2", "registryId": context.account}]}]
        }
    )
    assert said() == {"policy": "passed", "replication": "failed", "scanning": "passed"}
