"""Storage, network, queues, logs, budgets and CodeDeploy, where moto forgets what it was told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError
from moto.core.responses import ActionResult

from inferform_emulator.extensions.ec2 import modify_vpc_endpoint

Client = Callable[..., Any]


# S3


def test_lifecycle_rules_come_back_as_they_were_given(client: Client, account: str) -> None:
    rules = [
        {
            "ID": "versions",
            "Status": "Enabled",
            "Filter": {},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
        {
            "ID": "large",
            "Status": "Enabled",
            "Filter": {
                "And": {
                    "Prefix": "capture/",
                    "Tags": [{"Key": "keep", "Value": "no"}],
                    "ObjectSizeGreaterThan": 1024,
                }
            },
            "Expiration": {"Days": 30},
        },
        {
            "ID": "cold",
            "Status": "Disabled",
            "Filter": {"ObjectSizeLessThan": 4096},
            "Transitions": [{"Days": 30, "StorageClass": "INTELLIGENT_TIERING"}],
        },
    ]
    s3, name = client("s3"), f"rules-{account}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] == rules
    s3.delete_bucket_lifecycle(Bucket=name)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=name)


def test_a_bucket_says_that_it_tells_eventbridge(client: Client, account: str) -> None:
    s3, name = client("s3"), f"events-{account}"
    s3.create_bucket(Bucket=name)
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=name)
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    found = s3.get_bucket_notification_configuration(Bucket=name)
    assert found["EventBridgeConfiguration"] == {}


# EC2


@pytest.fixture
def ec2(client: Client) -> Any:
    return client("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def test_an_interface_endpoint_keeps_its_addressing(ec2: Any, vpc: str) -> None:
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.sagemaker.runtime",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        DnsOptions={"DnsRecordIpType": "ipv4"},
    )["VpcEndpoint"]["VpcEndpointId"]
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert found["IpAddressType"] == "ipv4"
    assert found["DnsOptions"]["DnsRecordIpType"] == "ipv4"
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=False)
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert found["PrivateDnsEnabled"] is False


def test_the_status_codes_of_a_health_check_by_grpc_can_be_changed(
    client: Client, vpc: str
) -> None:
    elb = client("elbv2")
    arn = elb.create_target_group(
        Name="grpc",
        Protocol="HTTP",
        ProtocolVersion="GRPC",
        Port=8080,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckPath="/acme.Fraud/Check",
        Matcher={"GrpcCode": "0,12"},
    )["TargetGroups"][0]["TargetGroupArn"]
    (changed,) = elb.modify_target_group(TargetGroupArn=arn, Matcher={"GrpcCode": "0"})[
        "TargetGroups"
    ]
    (found,) = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    assert found["ProtocolVersion"] == "GRPC"
    assert changed["Matcher"] == found["Matcher"] == {"GrpcCode": "0"}


def test_a_gateway_endpoints_tables_can_be_changed_before_it_is_deleted(ec2: Any, vpc: str) -> None:
    first, second = (
        ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)
    )
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[first]
    )["VpcEndpoint"]["VpcEndpointId"]

    def routed() -> list[str]:
        tables = ec2.describe_route_tables(RouteTableIds=[first, second])["RouteTables"]
        return [
            table["RouteTableId"]
            for table in tables
            if any(route.get("GatewayId") == endpoint for route in table["Routes"])
        ]

    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint, AddRouteTableIds=[second], RemoveRouteTableIds=[first]
    )
    assert routed() == [second]
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    assert routed() == []


class _Table:
    """A network with one gateway endpoint, whose changes take long enough to meet each other."""

    id, destination_prefix_list_id = "vpce-1", "pl-1"

    def __init__(self, *tables: str) -> None:
        self.route_table_ids = [*tables]
        self.deleted: list[str] = []

    def describe_vpc_endpoints(self, _: list[str]) -> list[Any]:
        return [self]

    def delete_route(self, table: str, *_: object) -> None:
        self.deleted.append(table)

    def remove(self, table: str) -> ActionResult:
        """What moto does, which reads the list and writes another one."""
        kept = [each for each in self.route_table_ids if each != table]
        time.sleep(0.2)
        self.route_table_ids = kept
        return ActionResult({})


def test_tables_that_are_taken_from_an_endpoint_at_the_same_time_each_go_once() -> None:
    network = _Table("rtb-1", "rtb-2", "rtb-3")
    response: Any = SimpleNamespace(
        ec2_backend=network, _get_param=lambda _: None, _get_bool_param=lambda _: None
    )
    with ThreadPoolExecutor() as pool:
        for table in ("rtb-1", "rtb-2"):
            pool.submit(modify_vpc_endpoint, lambda _, table=table: network.remove(table), response)
    assert network.route_table_ids == ["rtb-3"]
    assert sorted(network.deleted) == ["rtb-1", "rtb-2"]


def test_flow_logs_go_into_a_folder_of_a_bucket(
    client: Client, ec2: Any, vpc: str, account: str
) -> None:
    client("s3").create_bucket(Bucket=f"flow-{account}")
    options = {
        "FileFormat": "parquet",
        "HiveCompatiblePartitions": False,
        "PerHourPartition": True,
    }
    (identity,) = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::flow-{account}/vpc/",
        DestinationOptions=options,
    )["FlowLogIds"]
    (found,) = ec2.describe_flow_logs(FlowLogIds=[identity])["FlowLogs"]
    assert found["LogDestination"] == f"arn:aws:s3:::flow-{account}/vpc/"
    assert found["DestinationOptions"] == options


def test_dhcp_options_keep_their_tags(ec2: Any) -> None:
    created = ec2.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name", "Values": ["example.com"]}],
        TagSpecifications=[
            {"ResourceType": "dhcp-options", "Tags": [{"Key": "owner", "Value": "a"}]}
        ],
    )["DhcpOptions"]["DhcpOptionsId"]
    (found,) = ec2.describe_dhcp_options(DhcpOptionsIds=[created])["DhcpOptions"]
    assert found["Tags"] == [{"Key": "owner", "Value": "a"}]


# SQS and logs


def test_a_redrive_policy_comes_back_without_blanks(client: Client) -> None:
    sqs = client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = json.dumps(
        {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 3}, separators=(",", ":")
    )
    queue = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])
    assert found["Attributes"]["RedrivePolicy"] == policy


def test_a_log_group_keeps_its_class(client: Client) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_group(logGroupName="usual")
    groups = logs.describe_log_groups()["logGroups"]
    assert [group["logGroupClass"] for group in groups] == ["INFREQUENT_ACCESS", "STANDARD"]


def test_a_log_group_takes_another_key_that_there_is(client: Client) -> None:
    logs, kms = client("logs"), client("kms")
    keys = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]

    def key() -> str | None:
        (group,) = logs.describe_log_groups(logGroupNamePrefix="kept")["logGroups"]
        found: str | None = group.get("kmsKeyId")
        return found

    logs.create_log_group(logGroupName="kept", kmsKeyId=keys[0])
    logs.associate_kms_key(logGroupName="kept", kmsKeyId=keys[1])
    assert key() == keys[1]
    kms.disable_key(KeyId=keys[0].rpartition("/")[2])
    missing = f"{keys[0].rpartition('/')[0]}/0a1b2c3d-0000-1111-2222-333344445555"
    for wrong in (keys[0], missing):
        with pytest.raises(ClientError, match=r"InvalidParameterException.*does not exist"):
            logs.associate_kms_key(logGroupName="kept", kmsKeyId=wrong)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.associate_kms_key(logGroupName="none", kmsKeyId=keys[1])
    assert key() == keys[1]
    logs.disassociate_kms_key(logGroupName="kept")
    assert key() is None


def test_a_deleted_log_group_takes_its_tags_along(client: Client, account: str) -> None:
    logs = client("logs")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:tagged"
    logs.create_log_group(logGroupName="tagged", tags={"layer": "inference"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"layer": "inference"}
    logs.delete_log_group(logGroupName="tagged")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.list_tags_for_resource(resourceArn=arn)
    logs.create_log_group(logGroupName="tagged")
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}


# Budgets


def test_a_budget_that_adjusts_itself_is_the_average_of_months_that_cost_something(
    client: Client, account: str, control: Callable[..., dict[str, Any]]
) -> None:
    budgets = client("budgets")
    named = {"AccountId": account, "BudgetName": "inference"}
    historical = {"HistoricalOptions": {"BudgetAdjustmentPeriod": 3}}
    budget = {
        "BudgetName": "inference",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "AutoAdjustData": {"AutoAdjustType": "HISTORICAL", **historical},
    }
    budgets.create_budget(AccountId=account, Budget=budget)

    def found() -> tuple[float, int | None]:
        read = budgets.describe_budget(**named)["Budget"]
        options = read["AutoAdjustData"]["HistoricalOptions"]
        return float(read["BudgetLimit"]["Amount"]), options.get("LookBackAvailablePeriods")

    def begin(*usd: float) -> None:
        control("budgets/month", budget="inference", usd=usd)

    assert found()[1] is None
    begin(0, 90, 30)
    assert found() == (60.0, 2)
    begin(0, 90, 30, 0)
    assert found() == (40.0, 3)
    with pytest.raises(HTTPError, match="400"):
        control("budgets/month", budget="ghost", usd=[1])
    # One with an amount stays as it is.
    limit = {"Amount": "100", "Unit": "USD"}
    fixed = {key: value for key, value in budget.items() if key != "AutoAdjustData"}
    budgets.update_budget(AccountId=account, NewBudget={**fixed, "BudgetLimit": limit})
    begin(1, 1, 1)
    read = budgets.describe_budget(**named)["Budget"]
    assert read["BudgetLimit"] == limit
    assert "AutoAdjustData" not in read


def test_a_budget_has_subscribers_and_tags(client: Client, account: str) -> None:
    budgets = client("budgets")
    notification = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
        "ThresholdType": "PERCENTAGE",
    }
    subscriber = {"SubscriptionType": "EMAIL", "Address": "owner@example.com"}
    budgets.create_budget(
        AccountId=account,
        Budget={
            "BudgetName": "inference",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "100", "Unit": "USD"},
        },
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": [subscriber]}],
        ResourceTags=[{"Key": "owner", "Value": "a"}],
    )
    named = {"AccountId": account, "BudgetName": "inference"}
    found = budgets.describe_subscribers_for_notification(**named, Notification=notification)
    assert found["Subscribers"] == [subscriber]
    arn = f"arn:aws:budgets::{account}:budget/inference"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "stage", "Value": "dev"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["owner"])
    tags = budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]
    assert tags == [{"Key": "stage", "Value": "dev"}]
    with pytest.raises(ClientError, match="NotFoundException"):
        budgets.list_tags_for_resource(ResourceARN=arn + "-ghost")


# CodeDeploy


def test_a_deployment_configuration_is_kept_until_it_is_deleted(client: Client) -> None:
    codedeploy = client("codedeploy")
    given = {
        "deploymentConfigName": "slow",
        "computePlatform": "ECS",
        "trafficRoutingConfig": {
            "type": "TimeBasedCanary",
            "timeBasedCanary": {"canaryPercentage": 10, "canaryInterval": 5},
        },
    }
    codedeploy.create_deployment_config(**given)
    found = codedeploy.get_deployment_config(deploymentConfigName="slow")["deploymentConfigInfo"]
    assert {name: found[name] for name in given} == given
    assert codedeploy.list_deployment_configs()["deploymentConfigsList"] == ["slow"]
    with pytest.raises(ClientError, match="DeploymentConfigAlreadyExistsException"):
        codedeploy.create_deployment_config(**given)
    codedeploy.delete_deployment_config(deploymentConfigName="slow")
    with pytest.raises(ClientError, match="DeploymentConfigDoesNotExistException"):
        codedeploy.get_deployment_config(deploymentConfigName="slow")


def test_a_deployment_group_keeps_its_alarms_and_can_be_changed(client: Client) -> None:
    codedeploy = client("codedeploy")
    codedeploy.create_application(applicationName="app", computePlatform="ECS")
    alarms = {"enabled": True, "ignorePollAlarmFailure": False, "alarms": [{"name": "errors"}]}
    named = {"applicationName": "app", "deploymentGroupName": "app"}
    codedeploy.create_deployment_group(
        **named, serviceRoleArn="arn:aws:iam::1:role/deploy", alarmConfiguration=alarms
    )
    codedeploy.update_deployment_group(
        applicationName="app", currentDeploymentGroupName="app", deploymentConfigName="slow"
    )
    group = codedeploy.get_deployment_group(**named)["deploymentGroupInfo"]
    assert group["alarmConfiguration"] == alarms
    assert group["deploymentConfigName"] == "slow"
    codedeploy.update_application(applicationName="app", newApplicationName="api")
    assert codedeploy.list_applications()["applications"] == ["api"]
    codedeploy.delete_deployment_group(applicationName="api", deploymentGroupName="app")
    with pytest.raises(ClientError, match="DeploymentGroupDoesNotExistException"):
        codedeploy.get_deployment_group(applicationName="api", deploymentGroupName="app")
    codedeploy.delete_application(applicationName="api")
    assert codedeploy.list_applications()["applications"] == []
