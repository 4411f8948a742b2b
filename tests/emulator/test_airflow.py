"""Environments of Airflow: kept, changed and refused as AWS documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

LOG_FIELDS = (
    "DagProcessingLogs",
    "SchedulerLogs",
    "TaskLogs",
    "WebserverLogs",
    "WorkerLogs",
)


@pytest.fixture
def given(client: Client, account: str) -> dict[str, Any]:
    """A request that AWS takes."""
    ec2, s3 = client("ec2"), client("s3")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(VpcId=vpc, GroupName="airflow", Description="airflow")
    _open(ec2, vpc)
    bucket = f"airflow-{account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    _block(s3, bucket)
    return {
        "Name": "fraud",
        "ExecutionRoleArn": f"arn:aws:iam::{account}:role/airflow",
        "SourceBucketArn": f"arn:aws:s3:::{bucket}",
        "DagS3Path": "dags",
        "NetworkConfiguration": {"SubnetIds": subnets, "SecurityGroupIds": [group["GroupId"]]},
        "Tags": {"owner": "ml"},
    }


def _open(ec2: Any, vpc: str) -> None:
    """Lead the subnets of a VPC out by a NAT gateway."""
    public = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.100.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address()["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]
    [table] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
        "RouteTables"
    ]
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=nat["NatGatewayId"],
    )


def _block(s3: Any, bucket: str, **changes: bool) -> None:
    blocked = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**blocked, **changes})


def refusal(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**given)
    answer = error.value.response["Error"]
    return f"{answer['Code']}: {answer['Message']}"


def test_an_environment_is_made_changed_and_forgotten(client: Client, given: Any) -> None:
    mwaa = client("mwaa")
    arn = mwaa.create_environment(**given)["Arn"]
    made = mwaa.get_environment(Name="fraud")["Environment"]
    assert made["Arn"] == arn
    assert made["Status"] == "AVAILABLE"
    assert (made["EnvironmentClass"], made["Schedulers"], made["MaxWorkers"]) == (
        "mw1.small",
        2,
        10,
    )
    assert {*made["LoggingConfiguration"]} == {*LOG_FIELDS}
    group = made["LoggingConfiguration"]["DagProcessingLogs"]["CloudWatchLogGroupArn"]
    assert group.endswith(":airflow-fraud-DAGProcessing")
    assert mwaa.list_environments()["Environments"] == ["fraud"]

    mwaa.update_environment(
        Name="fraud",
        MaxWorkers=3,
        LoggingConfiguration={"TaskLogs": {"Enabled": True, "LogLevel": "ERROR"}},
    )
    changed = mwaa.get_environment(Name="fraud")["Environment"]
    assert (changed["MaxWorkers"], changed["DagS3Path"]) == (3, "dags")
    assert changed["LoggingConfiguration"]["TaskLogs"]["LogLevel"] == "ERROR"
    assert changed["LoggingConfiguration"]["WorkerLogs"]["Enabled"] is False

    mwaa.tag_resource(ResourceArn=arn, Tags={"stage": "dev"})
    mwaa.untag_resource(ResourceArn=arn, tagKeys=["owner"])
    assert mwaa.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "dev"}

    mwaa.delete_environment(Name="fraud")
    assert "ResourceNotFoundException" in refusal(mwaa.get_environment, Name="fraud")


def test_a_micro_environment_has_one_scheduler_and_one_web_server(
    client: Client, given: Any
) -> None:
    mwaa = client("mwaa")
    micro = {**given, "EnvironmentClass": "mw1.micro"}
    assert "Schedulers must be between 1 and 1" in refusal(
        mwaa.create_environment, **micro, Schedulers=2
    )
    mwaa.create_environment(**micro)
    assert mwaa.get_environment(Name="fraud")["Environment"]["MaxWebservers"] == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Name": "1fraud"}, "at 'name' failed to satisfy constraint: Member must satisfy regular"),
        ({"WeeklyMaintenanceWindowStart": "SUN:03:15"}, "weeklyMaintenanceWindowStart"),
        ({"WebserverAccessMode": "OPEN"}, "Member must satisfy enum value set: [PRIVATE_ONLY"),
        ({"DagS3Path": "s3://bucket/dags"}, "DagS3Path must be a path relative to the bucket"),
        ({"MinWorkers": 5, "MaxWorkers": 4}, "MinWorkers must be less than or equal"),
        ({"Schedulers": 1}, "Schedulers must be between 2 and 5"),
        ({"SourceBucketArn": "arn:aws:s3:::nothing"}, "The source bucket nothing does not exist"),
    ],
    ids=str,
)
def test_what_aws_refuses_of_a_new_environment_is_refused(
    client: Client, given: Any, changes: dict[str, Any], says: str
) -> None:
    assert says in refusal(client("mwaa").create_environment, **{**given, **changes})


def test_its_bucket_keeps_versions_and_blocks_public_access(client: Client, given: Any) -> None:
    mwaa, s3 = client("mwaa"), client("s3")
    bucket = given["SourceBucketArn"].rpartition(":")[2]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert "must have versioning enabled" in refusal(mwaa.create_environment, **given)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    _block(s3, bucket, BlockPublicPolicy=False)
    assert "must block public access" in refusal(mwaa.create_environment, **given)
    _block(s3, bucket)
    mwaa.create_environment(**given)
    assert "already exists" in refusal(mwaa.create_environment, **given)


def test_its_subnets_are_private_and_in_two_zones(client: Client, given: Any) -> None:
    mwaa, ec2 = client("mwaa"), client("ec2")
    first, second = given["NetworkConfiguration"]["SubnetIds"]
    groups = given["NetworkConfiguration"]["SecurityGroupIds"]

    def attempt(*subnets: str) -> str:
        network = {"SubnetIds": [*subnets], "SecurityGroupIds": groups}
        return refusal(mwaa.create_environment, **{**given, "NetworkConfiguration": network})

    vpc = ec2.describe_subnets(SubnetIds=[first])["Subnets"][0]["VpcId"]
    beside = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="us-east-1a")[
        "Subnet"
    ]["SubnetId"]
    assert "different availability zones" in attempt(first, beside)
    assert "does not exist" in attempt(first, "subnet-00000000000000000")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=second)
    assert f"must be private, but {second}" in attempt(first, second)


def test_an_environment_whose_workers_reach_no_service_fails(client: Client, given: Any) -> None:
    mwaa, ec2 = client("mwaa"), client("ec2")
    [vpc] = ec2.describe_subnets(SubnetIds=given["NetworkConfiguration"]["SubnetIds"][:1])[
        "Subnets"
    ]
    [table] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])[
        "RouteTables"
    ]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    mwaa.create_environment(**given)
    failed = mwaa.get_environment(Name="fraud")["Environment"]
    assert failed["Status"] == "CREATE_FAILED"
    assert "VPC networking components" in failed["LastUpdate"]["Error"]["ErrorMessage"]


def test_an_environment_ails_until_it_is_updated(
    client: Client, given: Any, control: Callable[..., Any]
) -> None:
    mwaa = client("mwaa")
    mwaa.create_environment(**given)
    control("airflow/health", environment="fraud", status="UPDATE_FAILED", error="no room")
    ill = mwaa.get_environment(Name="fraud")["Environment"]
    assert ill["Status"] == "UPDATE_FAILED"
    assert ill["LastUpdate"]["Error"]["ErrorMessage"] == "no room"
    mwaa.update_environment(Name="fraud", MaxWorkers=2)
    assert mwaa.get_environment(Name="fraud")["Environment"]["Status"] == "AVAILABLE"
