"""How what a killed apply has left of a network is found again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.aws import Aws
from ops.errors import OperatorError
from ops.kinds import kinds
from ops.kinds.record import Not
from ops.own import existing

from .clusters import subnets_of


@pytest.mark.parametrize(
    "argument", ["prefix_list_id", "cidr_ipv4", "referenced_security_group_id"]
)
def test_rules_that_differ_in_their_target_alone_are_told_apart(aws: Aws, argument: str) -> None:
    subnets_of(aws)
    ec2 = aws.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.0.0.0/16"]}])["Vpcs"][0]
    made = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc["VpcId"])["GroupId"]
        for name in ("tasks", "one", "two")
    ]
    group = made[0]
    targets = {
        "prefix_list_id": ["pl-11111111", "pl-22222222"],
        "cidr_ipv4": ["10.0.0.0/16", "10.1.0.0/16"],
        "referenced_security_group_id": made[1:],
    }[argument]
    written: dict[str, Callable[[str], dict[str, Any]]] = {
        "prefix_list_id": lambda value: {"PrefixListIds": [{"PrefixListId": value}]},
        "cidr_ipv4": lambda value: {"IpRanges": [{"CidrIp": value}]},
        "referenced_security_group_id": lambda value: {"UserIdGroupPairs": [{"GroupId": value}]},
    }
    for target in targets:
        permission: Any = {
            "IpProtocol": "tcp",
            "FromPort": 443,
            "ToPort": 443,
            **written[argument](target),
        }
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
    values = {
        "security_group_id": group,
        "ip_protocol": "tcp",
        "from_port": 443,
        "to_port": 443,
    }
    kind = "aws_vpc_security_group_egress_rule"
    found = [existing(kind, {**values, argument: target}, aws) for target in targets]
    assert [len(each) for each in found] == [1, 1]
    assert found[0] != found[1]
    assert existing(kind.replace("egress", "ingress"), {**values, argument: targets[0]}, aws) == []


def test_a_group_that_was_made_alone_loses_the_rule_of_aws_and_no_other(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_security_group(GroupName="models", Description="x", VpcId=vpc)["GroupId"]
    ranges = [{"CidrIp": "0.0.0.0/0"}]
    https: Any = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}
    everything: Any = {"IpProtocol": "-1", "IpRanges": ranges}
    ec2.authorize_security_group_egress(GroupId=made, IpPermissions=[https])
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[everything])

    def rules() -> list[tuple[bool, str]]:
        found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [made]}])
        return sorted(
            (each["IsEgress"], each["IpProtocol"]) for each in found["SecurityGroupRules"]
        )

    assert rules() == [(False, "-1"), (True, "-1"), (True, "tcp")]
    completed = kinds()["aws_security_group"].completed
    assert not isinstance(completed, Not)
    (said,) = completed(aws, made)
    assert made in said
    assert rules() == [(False, "-1"), (True, "tcp")]
    assert [*completed(aws, made)] == []


def test_a_bucket_of_the_name_counts_without_tags_and_in_another_account(aws: Aws) -> None:
    """Its name is taken, and as it has no tags of the layer it is not imported."""
    aws.client("s3").create_bucket(Bucket=f"taken-{aws.context.account}")
    (found,) = existing("aws_s3_bucket", {"bucket": f"taken-{aws.context.account}"}, aws)
    assert found.tags == {}
    assert existing("aws_s3_bucket", {"bucket": f"free-{aws.context.account}"}, aws) == []


def test_what_a_killed_apply_left_of_a_shape_is_found_again(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    held = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="100.64.0.0/16")
    tags: Any = [{"Key": "Name", "Value": "acme-egress"}]
    egress = ec2.create_egress_only_internet_gateway(
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "egress-only-internet-gateway", "Tags": tags}],
    )["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    attachment = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway,
        VpcId=vpc,
        SubnetIds=[subnet],
        TagSpecifications=[{"ResourceType": "transit-gateway-attachment", "Tags": tags}],
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(
        RouteTableId=table, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=egress
    )
    wanted: dict[str, tuple[dict[str, Any], str]] = {
        "aws_vpc_ipv4_cidr_block_association": (
            {"vpc_id": vpc, "cidr_block": "100.64.0.0/16"},
            held["CidrBlockAssociation"]["AssociationId"],
        ),
        "aws_egress_only_internet_gateway": ({"tags": {"Name": "acme-egress"}}, egress),
        "aws_ec2_transit_gateway_vpc_attachment": ({"tags": {"Name": "acme-egress"}}, attachment),
        "aws_route": (
            {"route_table_id": table, "destination_ipv6_cidr_block": "::/0"},
            f"{table}_::/0",
        ),
    }
    for kind, (values, identity) in wanted.items():
        assert [each.id for each in existing(kind, values, aws)] == [identity], kind
    other = {"vpc_id": vpc, "cidr_block": "100.65.0.0/16"}
    assert existing("aws_vpc_ipv4_cidr_block_association", other, aws) == []


def test_what_aws_refuses_to_tell_is_not_taken_for_absent(aws: Aws, emulator: Any) -> None:
    emulator.control("POST", "faults", {"kind": "access-denied", "service": "ec2"})
    try:
        with pytest.raises(OperatorError, match="the role may not do this"):
            existing("aws_security_group", {"name": "x", "vpc_id": "vpc-1"}, aws)
    finally:
        emulator.control("DELETE", "faults")
