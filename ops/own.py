"""Finding what is in AWS where Terraform wants to create, and whose it is.

For every type of resource that the modules create, except those which only set something on
another resource and can be set again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .advice import explained
from .aws import Aws

Values = Mapping[str, Any]
"""A resource's arguments as a plan knows them; those that it does not know yet are missing."""

_ABSENT = re.compile(r"NotFound|NoSuch|DoesNotExist|Validation|^404$")


@dataclass(frozen=True, slots=True)
class Existing:
    """Something in AWS that is what a resource asks for."""

    id: str
    """Its id for `terraform import`."""

    tags: Mapping[str, str]
    """Its tags or, where it has none, those of what it is a part of."""

    status: str = ""
    """AWS's word for its status, where it takes minutes to be made."""


Finder = Callable[[Aws, Values], Iterable[Existing]]


def existing(kind: str, values: Values, aws: Aws) -> list[Existing]:
    """What is there for a resource of the type `kind`; nothing where the type is not known.

    Raises OperatorError where AWS refuses to tell.
    """
    find = _FINDERS.get(kind)
    if find is None:
        return []
    with explained(aws.context):
        try:
            return list(find(aws, values))
        except _UnknownError:
            return []
        except ClientError as error:
            if _ABSENT.search(error.response["Error"]["Code"]):
                return []
            raise


class _UnknownError(Exception):
    """An argument by which something would be found is not known yet."""


def _given(values: Values, name: str) -> str:
    value = values.get(name)
    if value is None:
        raise _UnknownError(name)
    return str(value)


def _pairs(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags in any of the three ways in which AWS's services write pairs."""
    written = (("Key", "Value"), ("TagKey", "TagValue"), ("key", "value"))
    return {tag[key]: tag[value] for tag in tags for key, value in written if key in tag}


# CloudWatch


def _log_group(aws: Aws, values: Values) -> Iterator[Existing]:
    name = _given(values, "name")
    arn = aws.context.arn("logs", f"log-group:{name}")
    yield Existing(name, aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"])


def _alarm(aws: Aws, values: Values) -> Iterator[Existing]:
    cloudwatch = aws.client("cloudwatch")
    name = _given(values, "alarm_name")
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=kinds)
    for alarm in [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]:
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        yield Existing(name, _pairs(tags))


# IAM


def _role(aws: Aws, values: Values) -> Iterator[Existing]:
    yield Existing(_given(values, "name"), _role_tags(aws, _given(values, "name")))


def _role_tags(aws: Aws, name: str) -> dict[str, str]:
    return _pairs(aws.client("iam").list_role_tags(RoleName=name)["Tags"])


def _role_policy(aws: Aws, values: Values) -> Iterator[Existing]:
    role, name = _given(values, "role"), _given(values, "name")
    aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    yield Existing(f"{role}:{name}", _role_tags(aws, role))


def _role_attachment(aws: Aws, values: Values) -> Iterator[Existing]:
    role, policy = _given(values, "role"), _given(values, "policy_arn")
    pages = aws.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    if any(held["PolicyArn"] == policy for page in pages for held in page["AttachedPolicies"]):
        yield Existing(f"{role}/{policy}", _role_tags(aws, role))


def _policy(aws: Aws, values: Values) -> Iterator[Existing]:
    arn = aws.context.arn("iam", f"policy{values.get('path') or '/'}{values['name']}")
    found = aws.client("iam").get_policy(PolicyArn=arn)["Policy"]
    yield Existing(arn, _pairs(found.get("Tags", [])))


def _instance_profile(aws: Aws, values: Values) -> Iterator[Existing]:
    name = _given(values, "name")
    found = aws.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    yield Existing(name, _pairs(found.get("Tags", [])))


def _identity_provider(aws: Aws, values: Values) -> Iterator[Existing]:
    host = _given(values, "url").removeprefix("https://")
    arn = aws.context.arn("iam", f"oidc-provider/{host}")
    found = aws.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    yield Existing(arn, _pairs(found.get("Tags", [])))


# KMS


def _key(aws: Aws, values: Values) -> Iterator[Existing]:
    kms = aws.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in (entry["KeyId"] for entry in page["Keys"]):
            described = kms.describe_key(KeyId=key)["KeyMetadata"]
            of_aws = described["KeyManager"] != "CUSTOMER"
            if of_aws or described["KeyState"] == "PendingDeletion":
                continue
            if described.get("Description", "") == _given(values, "description"):
                yield Existing(key, _pairs(kms.list_resource_tags(KeyId=key)["Tags"]))


def _alias(aws: Aws, values: Values) -> Iterator[Existing]:
    kms = aws.client("kms")
    key = kms.describe_key(KeyId=_given(values, "name"))["KeyMetadata"]["KeyId"]
    yield Existing(_given(values, "name"), _pairs(kms.list_resource_tags(KeyId=key)["Tags"]))


# S3 and ECR


def _bucket(aws: Aws, values: Values) -> Iterator[Existing]:
    name = _given(values, "bucket")
    try:
        tags = aws.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    except ClientError as error:
        # Names are global: that of another account's bucket is no secret, its tags are.
        if error.response["Error"]["Code"] == "AccessDenied":
            return
        raise
    yield Existing(name, _pairs(tags))


def _repository(aws: Aws, values: Values) -> Iterator[Existing]:
    name = _given(values, "name")
    arn = aws.context.arn("ecr", f"repository/{name}")
    yield Existing(name, _pairs(aws.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"]))


# Network


def _named(operation: str, key: str, id_key: str, *states: str) -> Finder:
    """What EC2 lists under the tag Name, in one of the states where it has several."""

    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        name = _given(values.get("tags") or {}, "Name")
        filters = [{"Name": "tag:Name", "Values": [name]}]
        for found in getattr(aws.client("ec2"), operation)(Filters=filters)[key]:
            if not states or found["State"].lower() in states:
                yield Existing(found[id_key], _pairs(found.get("Tags", [])))

    return find


def _security_group(aws: Aws, values: Values) -> Iterator[Existing]:
    filters = [
        {"Name": "group-name", "Values": [_given(values, "name")]},
        {"Name": "vpc-id", "Values": [_given(values, "vpc_id")]},
    ]
    for group in aws.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]:
        yield Existing(group["GroupId"], _pairs(group.get("Tags", [])))


def _rule(*, egress: bool) -> Finder:
    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        group = _given(values, "security_group_id")
        wanted = (
            egress,
            _given(values, "ip_protocol"),
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
                    yield Existing(rule["SecurityGroupRuleId"], _pairs(rule.get("Tags", [])))

    return find


def _has_ports(values: Values) -> bool:
    """Whether a rule is for ports: one for every protocol answers -1 where none were given."""
    return bool(_given(values, "ip_protocol") != "-1")


def _table(aws: Aws, identity: str) -> dict[str, Any]:
    tables = aws.client("ec2").describe_route_tables(RouteTableIds=[identity])["RouteTables"]
    table: dict[str, Any] = tables[0]
    return table


def _route(aws: Aws, values: Values) -> Iterator[Existing]:
    table, destination = _given(values, "route_table_id"), _given(values, "destination_cidr_block")
    found = _table(aws, table)
    if any(route.get("DestinationCidrBlock") == destination for route in found["Routes"]):
        yield Existing(f"{table}_{destination}", _pairs(found.get("Tags", [])))


def _route_association(aws: Aws, values: Values) -> Iterator[Existing]:
    table, subnet = _given(values, "route_table_id"), _given(values, "subnet_id")
    found = _table(aws, table)
    if any(held.get("SubnetId") == subnet for held in found["Associations"]):
        yield Existing(f"{subnet}/{table}", _pairs(found.get("Tags", [])))


def _endpoint_association(aws: Aws, values: Values) -> Iterator[Existing]:
    endpoint, table = _given(values, "vpc_endpoint_id"), _given(values, "route_table_id")
    ec2 = aws.client("ec2")
    for found in ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]:
        if table in found.get("RouteTableIds", []):
            yield Existing(f"{endpoint}/{table}", _pairs(found.get("Tags", [])))


# SageMaker


def _sagemaker(kind: str, argument: str = "name") -> Finder:
    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        name, sagemaker = _given(values, argument), aws.client("sagemaker")
        if kind == "model-package-group":
            sagemaker.describe_model_package_group(ModelPackageGroupName=name)
        elif kind == "endpoint-config":
            sagemaker.describe_endpoint_config(EndpointConfigName=name)
        elif kind == "endpoint":
            sagemaker.describe_endpoint(EndpointName=name)
        else:
            sagemaker.describe_model(ModelName=name)
        arn = aws.context.arn("sagemaker", f"{kind}/{name}")
        yield Existing(name, _pairs(sagemaker.list_tags(ResourceArn=arn)["Tags"]))

    return find


# Application Auto Scaling


def _scaled(aws: Aws, values: Values) -> Iterator[tuple[str, dict[str, str]]]:
    """The scalable target that a target or a policy names: its id, and its tags."""
    scaling = aws.client("application-autoscaling")
    namespace, resource = _given(values, "service_namespace"), _given(values, "resource_id")
    dimension = _given(values, "scalable_dimension")
    targets = scaling.describe_scalable_targets(
        ServiceNamespace=namespace, ResourceIds=[resource], ScalableDimension=dimension
    )["ScalableTargets"]
    for target in targets:
        tags = scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"]
        yield f"{namespace}/{resource}/{dimension}", tags


def _scalable_target(aws: Aws, values: Values) -> Iterator[Existing]:
    for identity, tags in _scaled(aws, values):
        yield Existing(identity, tags)


def _scaling_policy(aws: Aws, values: Values) -> Iterator[Existing]:
    name = _given(values, "name")
    for identity, tags in _scaled(aws, values):
        policies = aws.client("application-autoscaling").describe_scaling_policies(
            PolicyNames=[name],
            ServiceNamespace=_given(values, "service_namespace"),
            ResourceId=_given(values, "resource_id"),
            ScalableDimension=_given(values, "scalable_dimension"),
        )["ScalingPolicies"]
        for policy in policies:
            yield Existing(f"{identity}/{policy['PolicyName']}", tags)


_FINDERS: Mapping[str, Finder] = {
    "aws_appautoscaling_policy": _scaling_policy,
    "aws_appautoscaling_target": _scalable_target,
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
    "aws_sagemaker_endpoint": _sagemaker("endpoint"),
    "aws_sagemaker_endpoint_configuration": _sagemaker("endpoint-config"),
    "aws_sagemaker_model": _sagemaker("model"),
    "aws_sagemaker_model_package_group": _sagemaker(
        "model-package-group", "model_package_group_name"
    ),
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
