"""What Terraform's attributes become in AWS's API: the members of the requests they are sent in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape

from tests.service_models import element, entry, members_of, refusal, service_model, shape_of

# The requests that make a resource, or what they hold: an attribute belongs to the first that has
# a member of its name.
REQUESTS = {
    "aws_appautoscaling_policy": "application-autoscaling:PutScalingPolicy",
    "aws_appautoscaling_scheduled_action": "application-autoscaling:PutScheduledAction",
    "aws_appautoscaling_target": "application-autoscaling:RegisterScalableTarget",
    "aws_autoscaling_group": "autoscaling:CreateAutoScalingGroup",
    "aws_cloudwatch_event_rule": "events:PutRule",
    "aws_cloudwatch_event_target": "events:PutTargets events:Target",
    "aws_cloudwatch_log_group": "logs:CreateLogGroup logs:PutRetentionPolicy",
    "aws_cloudwatch_metric_alarm": "cloudwatch:PutMetricAlarm",
    "aws_codedeploy_app": "codedeploy:CreateApplication",
    "aws_codedeploy_deployment_config": "codedeploy:CreateDeploymentConfig",
    "aws_codedeploy_deployment_group": "codedeploy:CreateDeploymentGroup",
    "aws_default_security_group": "ec2:SecurityGroup",
    "aws_ecr_lifecycle_policy": "ecr:PutLifecyclePolicy",
    "aws_ecr_repository": "ecr:CreateRepository",
    "aws_ecr_repository_policy": "ecr:SetRepositoryPolicy",
    "aws_ecs_capacity_provider": "ecs:CreateCapacityProvider",
    "aws_ecs_cluster": "ecs:CreateCluster",
    "aws_ecs_cluster_capacity_providers": "ecs:PutClusterCapacityProviders",
    "aws_ecs_service": "ecs:CreateService ecs:DeploymentConfiguration",
    "aws_ecs_task_definition": "ecs:RegisterTaskDefinition",
    "aws_eip": "ec2:AllocateAddress",
    "aws_eks_access_entry": "eks:CreateAccessEntry",
    "aws_eks_access_policy_association": "eks:AssociateAccessPolicy",
    "aws_eks_addon": "eks:CreateAddon",
    "aws_eks_cluster": "eks:CreateCluster",
    "aws_eks_fargate_profile": "eks:CreateFargateProfile",
    "aws_eks_node_group": "eks:CreateNodegroup",
    "aws_eks_pod_identity_association": "eks:CreatePodIdentityAssociation",
    "aws_flow_log": "ec2:CreateFlowLogs",
    "aws_iam_instance_profile": "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile",
    "aws_iam_openid_connect_provider": "iam:CreateOpenIDConnectProvider",
    "aws_iam_policy": "iam:CreatePolicy",
    "aws_iam_role": "iam:CreateRole",
    "aws_iam_role_policy": "iam:PutRolePolicy",
    "aws_iam_role_policy_attachment": "iam:AttachRolePolicy",
    "aws_internet_gateway": "ec2:AttachInternetGateway",
    "aws_kms_alias": "kms:CreateAlias",
    "aws_kms_key": "kms:CreateKey",
    "aws_launch_template": "ec2:RequestLaunchTemplateData ec2:CreateLaunchTemplate",
    "aws_lb": "elbv2:CreateLoadBalancer",
    "aws_lb_listener": "elbv2:CreateListener",
    "aws_lb_listener_certificate": "elbv2:AddListenerCertificates elbv2:Certificate",
    "aws_lb_listener_rule": "elbv2:CreateRule",
    "aws_lb_target_group": "elbv2:CreateTargetGroup",
    "aws_nat_gateway": "ec2:CreateNatGateway",
    "aws_route": "ec2:CreateRoute",
    "aws_route_table": "ec2:CreateRouteTable",
    "aws_route_table_association": "ec2:AssociateRouteTable",
    "aws_s3_bucket": "s3:CreateBucket",
    "aws_s3_bucket_lifecycle_configuration": "s3:PutBucketLifecycleConfiguration "
    "s3:BucketLifecycleConfiguration",
    "aws_s3_bucket_notification": "s3:PutBucketNotificationConfiguration",
    "aws_s3_bucket_ownership_controls": "s3:PutBucketOwnershipControls s3:OwnershipControls",
    "aws_s3_bucket_policy": "s3:PutBucketPolicy",
    "aws_s3_bucket_public_access_block": "s3:PutPublicAccessBlock "
    "s3:PublicAccessBlockConfiguration",
    "aws_s3_bucket_server_side_encryption_configuration": "s3:PutBucketEncryption "
    "s3:ServerSideEncryptionConfiguration",
    "aws_s3_bucket_versioning": "s3:PutBucketVersioning",
    "aws_sagemaker_endpoint": "sagemaker:CreateEndpoint",
    "aws_sagemaker_endpoint_configuration": "sagemaker:CreateEndpointConfig",
    "aws_sagemaker_model": "sagemaker:CreateModel",
    "aws_sagemaker_model_package_group": "sagemaker:CreateModelPackageGroup",
    "aws_sagemaker_model_package_group_policy": "sagemaker:PutModelPackageGroupPolicy",
    "aws_scheduler_schedule": "scheduler:CreateSchedule",
    "aws_security_group": "ec2:CreateSecurityGroup",
    "aws_sfn_state_machine": "stepfunctions:CreateStateMachine",
    "aws_subnet": "ec2:CreateSubnet",
    "aws_vpc": "ec2:CreateVpc",
    "aws_vpc_endpoint": "ec2:CreateVpcEndpoint",
    "aws_vpc_endpoint_route_table_association": "ec2:ModifyVpcEndpoint",
    "aws_vpc_security_group_egress_rule": "ec2:AuthorizeSecurityGroupEgress ec2:IpRange",
    "aws_vpc_security_group_ingress_rule": "ec2:AuthorizeSecurityGroupIngress ec2:IpRange",
    "aws_wafv2_web_acl_association": "wafv2:AssociateWebACL",
}

# Attributes whose member has another name, or stands elsewhere.
ELSEWHERE = {
    "aws_autoscaling_group.protect_from_scale_in": "autoscaling:CreateAutoScalingGroupType."
    "NewInstancesProtectedFromScaleIn",
    "aws_cloudwatch_event_target.input_transformer.input_paths": "events:InputTransformer."
    "InputPathsMap",
    "aws_cloudwatch_metric_alarm.metric_query": "cloudwatch:PutMetricAlarmInput.Metrics",
    "aws_cloudwatch_metric_alarm.metric_query.metric": "cloudwatch:MetricStat",
    "aws_cloudwatch_metric_alarm.metric_query.metric.dimensions": "cloudwatch:Metric.Dimensions",
    "aws_cloudwatch_metric_alarm.metric_query.metric.metric_name": "cloudwatch:Metric.MetricName",
    "aws_cloudwatch_metric_alarm.metric_query.metric.namespace": "cloudwatch:Metric.Namespace",
    "aws_codedeploy_app.name": "codedeploy:CreateApplicationInput.applicationName",
    "aws_codedeploy_deployment_config.traffic_routing_config.time_based_canary.interval": "codedeploy:"
    "TimeBasedCanary.canaryInterval",
    "aws_codedeploy_deployment_config.traffic_routing_config.time_based_canary.percentage": "codedeploy:"
    "TimeBasedCanary.canaryPercentage",
    "aws_codedeploy_deployment_config.traffic_routing_config.time_based_linear.interval": "codedeploy:"
    "TimeBasedLinear.linearInterval",
    "aws_codedeploy_deployment_config.traffic_routing_config.time_based_linear.percentage": "codedeploy:"
    "TimeBasedLinear.linearPercentage",
    "aws_codedeploy_deployment_group.alarm_configuration.alarms": "codedeploy:Alarm.name",
    "aws_codedeploy_deployment_group.app_name": "codedeploy:CreateDeploymentGroupInput."
    "applicationName",
    "aws_codedeploy_deployment_group.blue_green_deployment_config": "codedeploy:"
    "BlueGreenDeploymentConfiguration",
    "aws_codedeploy_deployment_group.blue_green_deployment_config."
    "terminate_blue_instances_on_deployment_success": "codedeploy:BlueInstanceTerminationOption",
    "aws_codedeploy_deployment_group.load_balancer_info.target_group_pair_info": "codedeploy:"
    "TargetGroupPairInfo",
    "aws_ecr_lifecycle_policy.policy": "ecr:PutLifecyclePolicyRequest.lifecyclePolicyText",
    "aws_ecs_cluster_capacity_providers.cluster_name": "ecs:PutClusterCapacityProvidersRequest."
    "cluster",
    "aws_ecs_service.deployment_maximum_percent": "ecs:DeploymentConfiguration.maximumPercent",
    "aws_ecs_service.deployment_minimum_healthy_percent": "ecs:DeploymentConfiguration."
    "minimumHealthyPercent",
    "aws_ecs_service.network_configuration": "ecs:AwsVpcConfiguration",
    "aws_ecs_service.ordered_placement_strategy": "ecs:CreateServiceRequest.placementStrategy",
    "aws_eks_addon.resolve_conflicts_on_create": "eks:CreateAddonRequest.resolveConflicts",
    "aws_eks_addon.resolve_conflicts_on_update": "eks:UpdateAddonRequest.resolveConflicts",
    "aws_eks_cluster.enabled_cluster_log_types": "eks:LogSetup.types",
    "aws_eks_cluster.vpc_config": "eks:VpcConfigRequest",
    "aws_eks_fargate_profile.subnet_ids": "eks:CreateFargateProfileRequest.subnets",
    "aws_eks_node_group.node_role_arn": "eks:CreateNodegroupRequest.nodeRole",
    "aws_eks_node_group.subnet_ids": "eks:CreateNodegroupRequest.subnets",
    "aws_flow_log.iam_role_arn": "ec2:CreateFlowLogsRequest.DeliverLogsPermissionArn",
    "aws_flow_log.vpc_id": "ec2:CreateFlowLogsRequest.ResourceIds",
    "aws_kms_key.deletion_window_in_days": "kms:ScheduleKeyDeletionRequest.PendingWindowInDays",
    "aws_launch_template.vpc_security_group_ids": "ec2:RequestLaunchTemplateData.SecurityGroupIds",
    "aws_lb.access_logs.bucket": "elbv2:LoadBalancerAttribute.Value",
    "aws_lb.desync_mitigation_mode": "elbv2:LoadBalancerAttribute.Value",
    "aws_lb.idle_timeout": "elbv2:LoadBalancerAttribute.Value",
    "aws_lb.load_balancer_type": "elbv2:CreateLoadBalancerInput.Type",
    "aws_lb_listener.certificate_arn": "elbv2:Certificate.CertificateArn",
    "aws_lb_listener.default_action.fixed_response": "elbv2:FixedResponseActionConfig",
    "aws_lb_listener_rule.action.forward": "elbv2:ForwardActionConfig",
    "aws_lb_listener_rule.action.forward.target_group.arn": "elbv2:TargetGroupTuple.TargetGroupArn",
    "aws_lb_listener_rule.condition.host_header": "elbv2:HostHeaderConditionConfig",
    "aws_lb_listener_rule.condition.path_pattern": "elbv2:PathPatternConditionConfig",
    "aws_lb_target_group.deregistration_delay": "elbv2:TargetGroupAttribute.Value",
    "aws_lb_target_group.health_check.healthy_threshold": "elbv2:CreateTargetGroupInput."
    "HealthyThresholdCount",
    "aws_lb_target_group.health_check.interval": "elbv2:CreateTargetGroupInput."
    "HealthCheckIntervalSeconds",
    "aws_lb_target_group.health_check.matcher": "elbv2:Matcher.HttpCode",
    "aws_lb_target_group.health_check.path": "elbv2:CreateTargetGroupInput.HealthCheckPath",
    "aws_lb_target_group.health_check.port": "elbv2:CreateTargetGroupInput.HealthCheckPort",
    "aws_lb_target_group.health_check.protocol": "elbv2:CreateTargetGroupInput.HealthCheckProtocol",
    "aws_lb_target_group.health_check.timeout": "elbv2:CreateTargetGroupInput."
    "HealthCheckTimeoutSeconds",
    "aws_lb_target_group.health_check.unhealthy_threshold": "elbv2:CreateTargetGroupInput."
    "UnhealthyThresholdCount",
    "aws_lb_target_group.load_balancing_algorithm_type": "elbv2:TargetGroupAttribute.Value",
    "aws_lb_target_group.slow_start": "elbv2:TargetGroupAttribute.Value",
    "aws_sagemaker_endpoint_configuration.kms_key_arn": "sagemaker:CreateEndpointConfigInput."
    "KmsKeyId",
    "aws_sagemaker_endpoint_configuration.name": "sagemaker:CreateEndpointConfigInput."
    "EndpointConfigName",
    "aws_sfn_state_machine.logging_configuration.log_destination": "stepfunctions:"
    "CloudWatchLogsLogGroup.logGroupArn",
    "aws_vpc_endpoint_route_table_association.route_table_id": "ec2:ModifyVpcEndpointRequest."
    "AddRouteTableIds",
    "aws_vpc_security_group_egress_rule.cidr_ipv4": "ec2:IpRange.CidrIp",
    "aws_vpc_security_group_egress_rule.prefix_list_id": "ec2:PrefixListId.PrefixListId",
    "aws_vpc_security_group_egress_rule.security_group_id": "ec2:"
    "AuthorizeSecurityGroupEgressRequest.GroupId",
    "aws_vpc_security_group_ingress_rule.cidr_ipv4": "ec2:IpRange.CidrIp",
    "aws_vpc_security_group_ingress_rule.referenced_security_group_id": "ec2:UserIdGroupPair."
    "GroupId",
    "aws_vpc_security_group_ingress_rule.security_group_id": "ec2:"
    "AuthorizeSecurityGroupIngressRequest.GroupId",
}

# Attributes that are no member of a request, and why.
OWN = {
    "says how Terraform creates, updates and destroys": (
        "aws_autoscaling_group.force_delete",
        "aws_ecr_repository.force_delete",
        "aws_ecs_service.force_new_deployment",
        "aws_ecs_service.wait_for_steady_state",
        "aws_ecs_task_definition.skip_destroy",
        "aws_launch_template.update_default_version",
        "aws_s3_bucket.force_destroy",
    ),
    "a flag that is sent as a word, as an attribute's text or by a request of its own": (
        "aws_ecs_service.network_configuration.assign_public_ip",
        "aws_kms_key.enable_key_rotation",
        "aws_lb.access_logs.enabled",
        "aws_lb.drop_invalid_header_fields",
        "aws_lb.enable_deletion_protection",
        "aws_lb.internal",
        "aws_lb_target_group.health_check.enabled",
        "aws_s3_bucket_notification.eventbridge",
        "aws_subnet.map_public_ip_on_launch",
        "aws_vpc.enable_dns_hostnames",
        "aws_vpc.enable_dns_support",
    ),
}

# Tags that EC2's requests hold in a list with the type of what is tagged.
_TAGS = "ec2:TagList"
# The provider's own tags are put on everything; these services say most of what a tag may be.
_DEFAULT_TAGS = ("ecs:Tags", "iam:tagListType", "sagemaker:TagList")
_OWN = frozenset(name for names in OWN.values() for name in names)
_META = ("//", "depends_on", "lifecycle", "provider", "timeouts")
_REFERENCE = re.compile(r"\$\{[^}]*\}")

Parents = tuple[tuple[str, Shape], ...]
"""Structures, or lists of them, each with its service."""


@dataclass(frozen=True)
class Sent:
    """A value that a stack sends to AWS."""

    stack: str
    attribute: str
    """`type.attribute.attribute`, without the numbers of lists."""

    member: str
    """`service:Shape.Member`, or empty where the request has none."""

    shape: Shape | None
    value: Any

    @property
    def refusal(self) -> str | None:
        """Why AWS does not take it, as far as it is known before an apply."""
        value = self.value
        if self.attribute.endswith(".$"):
            # A path, at which a state machine finds the value.
            return None
        if isinstance(value, str):
            value = _REFERENCE.sub(_stand_in, value)
            if not value.replace(_UNKNOWN, ""):
                return None
        return refusal(self.shape, value) if self.shape else None


_UNKNOWN = "x"


def _stand_in(reference: re.Match[str]) -> str:
    """What a reference within a text comes to: the ends of names are known to have 8 characters,
    buckets to have at most 63."""
    if reference[0] == "${local.suffix}":
        return "0a1b2c3d"
    return "b" * 63 if reference[0].endswith("bucket}") else _UNKNOWN


def sent_by(stack: str, content: dict[str, Any]) -> Iterator[Sent]:
    """Every value of every resource of AWS in the Terraform JSON of a stack."""
    for provider in content.get("provider", {}).get("aws", ()):
        for tags in provider.get("default_tags", ()):
            for name in _DEFAULT_TAGS:
                shape = shape_of(name)
                service, _, _ = name.partition(":")
                yield from _value(stack, service, name, shape, ("default_tags",), tags["tags"])
    for kind, named in content.get("resource", {}).items():
        if not kind.startswith("aws_"):
            continue
        for resource in named.values():
            for name, value in resource.items():
                if name not in _META:
                    yield from _attribute(stack, _requests(kind), (kind, name), value)


def in_request(stack: str, request: str, content: dict[str, Any]) -> Iterator[Sent]:
    """Every value of a request that is written in AWS's own words, such as a state machine's."""
    service, _, _ = request.partition(":")
    for name, value in content.items():
        yield from _attribute(stack, ((service, shape_of(request)),), (request, name), value)


@cache
def _requests(kind: str) -> Parents:
    return tuple(_request(name) for name in REQUESTS.get(kind, "").split())


def _request(name: str) -> tuple[str, Shape]:
    service, _, operation = name.partition(":")
    model = service_model(service)
    if operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        return service, shape
    return service, shape_of(name)


def _attribute(stack: str, parents: Parents, path: tuple[str, ...], value: Any) -> Iterator[Sent]:
    attribute = ".".join(path)
    found = None if attribute in _OWN else _elsewhere(attribute) or _member(path, parents)
    if found is None and path[1:] == ("tags",):
        found = ("ec2", _TAGS, shape_of(_TAGS))
    if found is not None:
        yield from _value(stack, *found, path, value)
    elif isinstance(value, dict):
        # A block that the request has not: its attributes stand in the request itself.
        for name, inner in value.items():
            yield from _attribute(stack, parents, (*path, name), inner)
    else:
        yield Sent(stack, attribute, "", None, value)


def _elsewhere(attribute: str) -> tuple[str, str, Shape] | None:
    name = ELSEWHERE.get(attribute)
    return (name.partition(":")[0], name, shape_of(name)) if name else None


def _member(path: tuple[str, ...], parents: Parents) -> tuple[str, str, Shape] | None:
    """The member that an attribute is, by its name, alone or with the words of its type."""
    plain = _plain(path[-1])
    words = path[0].split("_")
    own = ["".join(words[index:]) + plain for index in range(1, len(words))]
    for service, parent in parents:
        members = {_plain(name): (name, shape) for name, shape in members_of(parent).items()}
        for name in (
            plain,
            f"{plain}s",
            plain.removesuffix("s"),
            f"{plain}list",
            *own,
            f"{plain}document",
            f"{plain}text",
            f"{plain}name",
        ):
            if name in members:
                member, shape = members[name]
                return service, f"{service}:{element(parent).name}.{member}", shape
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _value(
    stack: str, service: str, member: str, shape: Shape, path: tuple[str, ...], value: Any
) -> Iterator[Sent]:
    attribute = ".".join(path)
    if isinstance(value, str) and isinstance(shape, ListShape) and value.startswith("["):
        value = json.loads(value)
    if isinstance(value, list):
        if isinstance(shape, ListShape):
            yield Sent(stack, attribute, member, shape, value)
            shape = shape.member
        for each in value:
            yield from _value(stack, service, member, shape, path, each)
    elif not isinstance(value, dict):
        yield Sent(stack, attribute, member, element(shape), value)
    elif pair := _pair(shape, value):
        yield Sent(stack, attribute, member, shape, value)
        for key, each in value.items():
            for (name, inner), part in zip(pair, (key, each), strict=True):
                member = f"{service}:{element(shape).name}.{name}"
                yield Sent(stack, f"{attribute}.{name}", member, inner, part)
    else:
        for key, each in value.items():
            yield from _attribute(stack, ((service, shape),), (*path, key), each)


def _pair(
    shape: Shape, value: dict[str, Any]
) -> tuple[tuple[str, Shape], tuple[str, Shape]] | None:
    """How entries are called, where a dict is sent as a map or as a list of them."""
    pair = entry(shape)
    names = {_plain(name) for name, _ in pair or ()}
    return None if names == {_plain(key) for key in value} else pair
