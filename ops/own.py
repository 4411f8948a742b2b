"""Finding what is in AWS where Terraform wants to create, and whose it is.

For every type of resource that the modules create, except those which only set something on
another resource and can be set again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from .advice import explained
from .aws import Aws
from .kinds import kinds
from .kinds.finding import NotKnownError, given, pairs
from .kinds.record import Existing, Finder, Not, Values

_ABSENT = re.compile(r"NotFound|NoSuch|DoesNotExist|Validation|^404$")


def existing(kind: str, values: Values, aws: Aws) -> list[Existing]:
    """What is there for a resource of the type `kind`; nothing where the type is not known.

    Raises OperatorError where AWS refuses to tell.
    """
    record = kinds().get(kind)
    find = record.find if record else _FINDERS.get(kind)
    if find is None or isinstance(find, Not):
        return []
    with explained(aws.context):
        try:
            return list(find(aws, values))
        except NotKnownError:
            return []
        except ClientError as error:
            if _ABSENT.search(error.response["Error"]["Code"]):
                return []
            raise


# CloudWatch


def _log_group(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    arn = aws.context.arn("logs", f"log-group:{name}")
    yield Existing(name, aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"])


def _alarm(aws: Aws, values: Values) -> Iterator[Existing]:
    cloudwatch = aws.client("cloudwatch")
    name = given(values, "alarm_name")
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=kinds)
    for alarm in [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]:
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        yield Existing(name, pairs(tags))


# IAM


def _role(aws: Aws, values: Values) -> Iterator[Existing]:
    yield Existing(given(values, "name"), _role_tags(aws, given(values, "name")))


def _role_tags(aws: Aws, name: str) -> dict[str, str]:
    return pairs(aws.client("iam").list_role_tags(RoleName=name)["Tags"])


def _role_policy(aws: Aws, values: Values) -> Iterator[Existing]:
    role, name = given(values, "role"), given(values, "name")
    aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    yield Existing(f"{role}:{name}", _role_tags(aws, role))


def _role_attachment(aws: Aws, values: Values) -> Iterator[Existing]:
    role, policy = given(values, "role"), given(values, "policy_arn")
    pages = aws.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    if any(held["PolicyArn"] == policy for page in pages for held in page["AttachedPolicies"]):
        yield Existing(f"{role}/{policy}", _role_tags(aws, role))


def _policy(aws: Aws, values: Values) -> Iterator[Existing]:
    arn = aws.context.arn("iam", f"policy{values.get('path') or '/'}{values['name']}")
    found = aws.client("iam").get_policy(PolicyArn=arn)["Policy"]
    yield Existing(arn, pairs(found.get("Tags", [])))


def _instance_profile(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    found = aws.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    yield Existing(name, pairs(found.get("Tags", [])))


def _identity_provider(aws: Aws, values: Values) -> Iterator[Existing]:
    host = given(values, "url").removeprefix("https://")
    arn = aws.context.arn("iam", f"oidc-provider/{host}")
    found = aws.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    yield Existing(arn, pairs(found.get("Tags", [])))


# KMS


def _key(aws: Aws, values: Values) -> Iterator[Existing]:
    kms = aws.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in (entry["KeyId"] for entry in page["Keys"]):
            described = kms.describe_key(KeyId=key)["KeyMetadata"]
            of_aws = described["KeyManager"] != "CUSTOMER"
            if of_aws or described["KeyState"] == "PendingDeletion":
                continue
            if described.get("Description", "") == given(values, "description"):
                yield Existing(key, pairs(kms.list_resource_tags(KeyId=key)["Tags"]))


def _alias(aws: Aws, values: Values) -> Iterator[Existing]:
    kms = aws.client("kms")
    key = kms.describe_key(KeyId=given(values, "name"))["KeyMetadata"]["KeyId"]
    yield Existing(given(values, "name"), pairs(kms.list_resource_tags(KeyId=key)["Tags"]))


# S3 and ECR


def _bucket(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "bucket")
    try:
        tags = aws.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    except ClientError as error:
        # Names are global: that of another account's bucket is no secret, its tags are.
        if error.response["Error"]["Code"] == "AccessDenied":
            return
        raise
    yield Existing(name, pairs(tags))


def _repository(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    arn = aws.context.arn("ecr", f"repository/{name}")
    yield Existing(name, pairs(aws.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"]))


# Network


def _named(operation: str, key: str, id_key: str, *states: str) -> Finder:
    """What EC2 lists under the tag Name, in one of the states where it has several."""

    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        name = given(values.get("tags") or {}, "Name")
        filters = [{"Name": "tag:Name", "Values": [name]}]
        for found in getattr(aws.client("ec2"), operation)(Filters=filters)[key]:
            if not states or found["State"].lower() in states:
                yield Existing(found[id_key], pairs(found.get("Tags", [])))

    return find


def _security_group(aws: Aws, values: Values) -> Iterator[Existing]:
    filters = [
        {"Name": "group-name", "Values": [given(values, "name")]},
        {"Name": "vpc-id", "Values": [given(values, "vpc_id")]},
    ]
    for group in aws.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]:
        yield Existing(group["GroupId"], pairs(group.get("Tags", [])))


def _rule(*, egress: bool) -> Finder:
    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        group = given(values, "security_group_id")
        wanted = (
            egress,
            given(values, "ip_protocol"),
            *((values.get("from_port"), values.get("to_port")) if _has_ports(values) else ()),
            values.get("cidr_ipv4"),
            values.get("cidr_ipv6"),
            values.get("prefix_list_id"),
            values.get("referenced_security_group_id"),
        )
        filters = [{"Name": "group-id", "Values": [group]}]
        pages = aws.client("ec2").get_paginator("describe_security_group_rules")
        for page in pages.paginate(Filters=filters):
            for rule in page["SecurityGroupRules"]:
                held = (
                    rule["IsEgress"],
                    rule["IpProtocol"],
                    *((rule.get("FromPort"), rule.get("ToPort")) if _has_ports(values) else ()),
                    rule.get("CidrIpv4"),
                    rule.get("CidrIpv6"),
                    rule.get("PrefixListId"),
                    rule.get("ReferencedGroupInfo", {}).get("GroupId"),
                )
                if held == wanted:
                    yield Existing(rule["SecurityGroupRuleId"], pairs(rule.get("Tags", [])))

    return find


def _has_ports(values: Values) -> bool:
    """Whether a rule is for ports: one for every protocol answers -1 where none were given."""
    return bool(given(values, "ip_protocol") != "-1")


def _table(aws: Aws, identity: str) -> dict[str, Any]:
    tables = aws.client("ec2").describe_route_tables(RouteTableIds=[identity])["RouteTables"]
    table: dict[str, Any] = tables[0]
    return table


def _route(aws: Aws, values: Values) -> Iterator[Existing]:
    table, destination = given(values, "route_table_id"), given(values, "destination_cidr_block")
    found = _table(aws, table)
    if any(route.get("DestinationCidrBlock") == destination for route in found["Routes"]):
        yield Existing(f"{table}_{destination}", pairs(found.get("Tags", [])))


def _route_association(aws: Aws, values: Values) -> Iterator[Existing]:
    table, subnet = given(values, "route_table_id"), given(values, "subnet_id")
    found = _table(aws, table)
    if any(held.get("SubnetId") == subnet for held in found["Associations"]):
        yield Existing(f"{subnet}/{table}", pairs(found.get("Tags", [])))


def _endpoint_association(aws: Aws, values: Values) -> Iterator[Existing]:
    endpoint, table = given(values, "vpc_endpoint_id"), given(values, "route_table_id")
    ec2 = aws.client("ec2")
    for found in ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]:
        if table in found.get("RouteTableIds", []):
            yield Existing(f"{endpoint}/{table}", pairs(found.get("Tags", [])))


def _model_package_group(aws: Aws, values: Values) -> Iterator[Existing]:
    name, sagemaker = given(values, "model_package_group_name"), aws.client("sagemaker")
    sagemaker.describe_model_package_group(ModelPackageGroupName=name)
    arn = aws.context.arn("sagemaker", f"model-package-group/{name}")
    yield Existing(name, pairs(sagemaker.list_tags(ResourceArn=arn)["Tags"]))


_FINDERS: Mapping[str, Finder] = {
    "aws_cloudwatch_composite_alarm": _alarm,
    "aws_cloudwatch_log_group": _log_group,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_ecr_repository": _repository,
    "aws_eip": _named("describe_addresses", "Addresses", "AllocationId"),
    "aws_flow_log": _named("describe_flow_logs", "FlowLogs", "FlowLogId"),
    "aws_iam_instance_profile": _instance_profile,
    "aws_iam_openid_connect_provider": _identity_provider,
    "aws_iam_policy": _policy,
    "aws_iam_role": _role,
    "aws_iam_role_policy": _role_policy,
    "aws_iam_role_policy_attachment": _role_attachment,
    "aws_internet_gateway": _named(
        "describe_internet_gateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws_kms_alias": _alias,
    "aws_kms_key": _key,
    "aws_nat_gateway": _named(
        "describe_nat_gateways", "NatGateways", "NatGatewayId", "pending", "available"
    ),
    "aws_route": _route,
    "aws_route_table": _named("describe_route_tables", "RouteTables", "RouteTableId"),
    "aws_route_table_association": _route_association,
    "aws_s3_bucket": _bucket,
    "aws_sagemaker_model_package_group": _model_package_group,
    "aws_security_group": _security_group,
    "aws_subnet": _named("describe_subnets", "Subnets", "SubnetId"),
    "aws_vpc": _named("describe_vpcs", "Vpcs", "VpcId"),
    "aws_vpc_endpoint": _named(
        *("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        *("pending", "pendingacceptance", "available"),
    ),
    "aws_vpc_endpoint_route_table_association": _endpoint_association,
    "aws_vpc_security_group_egress_rule": _rule(egress=True),
    "aws_vpc_security_group_ingress_rule": _rule(egress=False),
}
