"""Networks and registries of any shape, where moto lacks an operation or forgets what it was told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"


def test_a_subnet_is_found_by_its_ipv6_range(client: Client) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    held = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    made = [
        ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock=f"10.0.{n}.0/24", **more)["Subnet"]
        for n, more in enumerate([{"Ipv6CidrBlock": held}, {}])
    ]
    (association,) = made[0]["Ipv6CidrBlockAssociationSet"]
    assert association["Ipv6CidrBlockState"] == {"State": "associated"}
    for name, value in (
        ("association-id", association["AssociationId"]),
        ("ipv6-cidr-block", held),
        ("state", "associated"),
    ):
        filters = [
            {"Name": f"ipv6-cidr-block-association.{name}", "Values": [value]},
            {"Name": "vpc-id", "Values": [vpc["VpcId"]]},
        ]
        found = ec2.describe_subnets(Filters=filters)["Subnets"]
        assert [subnet["SubnetId"] for subnet in found] == [made[0]["SubnetId"]]


def test_an_attachment_keeps_its_tags_and_is_seen_as_deleted(client: Client) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    tags = [{"Key": "Name", "Value": "hub"}]
    made = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway,
        VpcId=vpc,
        SubnetIds=[subnet],
        TagSpecifications=[{"ResourceType": "transit-gateway-attachment", "Tags": tags}],
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    answer = ec2.describe_transit_gateway_vpc_attachments(TransitGatewayAttachmentIds=[made])
    (found,) = answer["TransitGatewayVpcAttachments"]
    assert found["Tags"] == tags
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=made)
    answer = ec2.describe_transit_gateway_vpc_attachments(TransitGatewayAttachmentIds=[made])
    assert [each["State"] for each in answer["TransitGatewayVpcAttachments"]] == ["deleted"]
    assert made not in str(ec2.describe_transit_gateway_vpc_attachments())


def test_a_registry_has_caches_of_others(client: Client) -> None:
    ecr = client("ecr")
    assert ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="public", upstreamRegistryUrl="public.ecr.aws"
    )
    with pytest.raises(ClientError, match="PullThroughCacheRuleAlreadyExistsException"):
        ecr.create_pull_through_cache_rule(
            ecrRepositoryPrefix="public", upstreamRegistryUrl="quay.io"
        )
    with pytest.raises(ClientError, match="requires credentials"):
        ecr.create_pull_through_cache_rule(
            ecrRepositoryPrefix="hub", upstreamRegistryUrl="registry-1.docker.io"
        )
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="hub",
        upstreamRegistryUrl="registry-1.docker.io",
        credentialArn=SECRET,
    )
    ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="hub", credentialArn=f"{SECRET}2")
    (hub,) = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["hub"])[
        "pullThroughCacheRules"
    ]
    assert hub["credentialArn"] == f"{SECRET}2"
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="hub")
    gone: list[Callable[[], Any]] = [
        lambda: ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["hub"]),
        lambda: ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="hub"),
        lambda: ecr.update_pull_through_cache_rule(ecrRepositoryPrefix="hub", credentialArn=SECRET),
    ]
    for missing in gone:
        with pytest.raises(ClientError, match="PullThroughCacheRuleNotFoundException"):
            missing()
    (left,) = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert left["ecrRepositoryPrefix"] == "public"


def test_the_copies_of_a_bucket_come_back_as_they_were_given(client: Client, account: str) -> None:
    s3 = client("s3")
    for name in (f"from-{account}", f"to-{account}"):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "copy",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": "fraud/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {
            "Bucket": f"arn:aws:s3:::to-{account}",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": "arn:aws:kms:us-east-1:1:key/1"},
        },
    }
    given = {"Role": f"arn:aws:iam::{account}:role/copies", "Rules": [rule]}
    s3.put_bucket_replication(Bucket=f"from-{account}", ReplicationConfiguration=given)
    found = s3.get_bucket_replication(Bucket=f"from-{account}")["ReplicationConfiguration"]
    assert found == given


def test_the_policy_of_a_registry_lets_accounts_import_through_caches(client: Client) -> None:
    ecr = client("ecr")

    def policy(*actions: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": [*actions],
            "Resource": "arn:aws:ecr:us-east-1:123456789012:repository/hub/*",
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    given = policy("ecr:CreateRepository", "ecr:BatchImportUpstreamImage")
    assert ecr.put_registry_policy(policyText=given)["policyText"] == given
    assert ecr.get_registry_policy()["policyText"] == given
    with pytest.raises(ClientError, match="InvalidParameterException"):
        ecr.put_registry_policy(policyText=policy("ecr:BatchImportUpstreamImage", "s3:GetObject"))
    assert ecr.get_registry_policy()["policyText"] == given
