"""An ECS cluster with its EC2 capacity."""

from __future__ import annotations

import base64

from ..capacity.construct import ReservedCapacity, subnets_for
from ..capacity.spec import CapacityBlock
from ..cdk import Construct, ITerraformDependable
from ..context import Context
from ..iam.policy import Statement, allow, document
from ..names import role as role_name
from ..outputs import NetworkOutputs
from ..overriding import override
from ..vpc.egress import allow_https
from .gpu_metrics import NAMESPACE, agent_script
from .names import INSTANCES, cluster_name, command_log_group
from .spec import Ec2Capacity, EcsCluster

from cdktf_cdktf_provider_aws.autoscaling_group import (
    AutoscalingGroup,
    AutoscalingGroupLaunchTemplate,
    AutoscalingGroupMixedInstancesPolicy,
    AutoscalingGroupMixedInstancesPolicyInstancesDistribution,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplate,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecification,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplateOverride,
    AutoscalingGroupTag,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.ecs_capacity_provider import (
    EcsCapacityProvider,
    EcsCapacityProviderAutoScalingGroupProvider,
    EcsCapacityProviderAutoScalingGroupProviderManagedScaling,
)
from cdktf_cdktf_provider_aws.ecs_cluster import (
    EcsCluster as EcsClusterResource,
)
from cdktf_cdktf_provider_aws.ecs_cluster import (
    EcsClusterConfiguration,
    EcsClusterConfigurationExecuteCommandConfiguration,
    EcsClusterConfigurationExecuteCommandConfigurationLogConfiguration,
    EcsClusterSetting,
)
from cdktf_cdktf_provider_aws.ecs_cluster_capacity_providers import (
    EcsClusterCapacityProviders,
    EcsClusterCapacityProvidersDefaultCapacityProviderStrategy,
)
from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.launch_template import (
    LaunchTemplate,
    LaunchTemplateBlockDeviceMappings,
    LaunchTemplateBlockDeviceMappingsEbs,
    LaunchTemplateIamInstanceProfile,
    LaunchTemplateMetadataOptions,
    LaunchTemplateMonitoring,
    LaunchTemplateTagSpecifications,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.service_discovery_private_dns_namespace import (
    ServiceDiscoveryPrivateDnsNamespace,
)


class Cluster(Construct):
    """The cluster: Fargate, Fargate Spot and one capacity provider for each EC2 capacity."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: EcsCluster,
        network: NetworkOutputs,
        kms_key_arn: str,
        private: bool,
    ) -> None:
        super().__init__(scope, id)
        self._context = context
        self.name = cluster_name(context)
        self.arn = context.arn("ecs", f"cluster/{self.name}")
        logs = CloudwatchLogGroup(
            self,
            "commands",
            name=command_log_group(context),
            retention_in_days=spec.command_log_retention_days,
            kms_key_id=kms_key_arn,
        )
        cluster = EcsClusterResource(
            self,
            "cluster",
            name=self.name,
            setting=[EcsClusterSetting(name="containerInsights", value=spec.container_insights)],
            configuration=EcsClusterConfiguration(
                execute_command_configuration=EcsClusterConfigurationExecuteCommandConfiguration(
                    kms_key_id=kms_key_arn,
                    logging="OVERRIDE",
                    log_configuration=EcsClusterConfigurationExecuteCommandConfigurationLogConfiguration(
                        cloud_watch_encryption_enabled=True, cloud_watch_log_group_name=logs.name
                    ),
                )
            ),
        )
        providers: dict[str, EcsCapacityProvider] = {}
        if spec.capacity:
            group_id, rules = self._instance_group(network, private=private)
            profile = self._instance_profile(
                measures=any(each.gpu_metrics for each in spec.capacity.values())
            )
            for name, capacity in spec.capacity.items():
                providers[name] = InstanceCapacity(
                    self,
                    name,
                    context=context,
                    spec=capacity,
                    cluster=self.name,
                    subnet_ids=network.private_subnet_ids,
                    group_id=group_id,
                    profile=profile,
                    # An instance joins the cluster by its name, and calls ECS when it starts.
                    waits_for=[cluster, *rules],
                ).provider
        EcsClusterCapacityProviders(
            self,
            "capacity",
            cluster_name=cluster.name,
            capacity_providers=[
                "FARGATE",
                "FARGATE_SPOT",
                *(provider.name for provider in providers.values()),
            ],
            default_capacity_provider_strategy=[
                EcsClusterCapacityProvidersDefaultCapacityProviderStrategy(
                    capacity_provider="FARGATE", weight=1
                )
            ],
        )
        self.namespace_id = spec.namespace or ""
        if spec.own_namespace is not None:
            self.namespace_id = ServiceDiscoveryPrivateDnsNamespace(
                self,
                "namespace",
                name=spec.own_namespace,
                description=f"Services of {self.name}",
                vpc=network.vpc_id,
            ).id
        self.capacity_providers = {name: context.name(name) for name in spec.capacity}
        override(spec, self, apart=spec.capacity)

    def _instance_group(
        self, network: NetworkOutputs, *, private: bool
    ) -> tuple[str, list[ITerraformDependable]]:
        """The instances' security group, and its rules."""
        name = self._context.name(INSTANCES)
        group = SecurityGroup(
            self,
            "instances",
            name=name,
            description="Container instances: HTTPS out, nothing in",
            vpc_id=network.vpc_id,
            tags={"Name": name},
        )
        rules = allow_https(
            self,
            "instances",
            security_group_id=group.id,
            network=network if private else None,
            anywhere=not private,
        )
        return group.id, rules

    def _instance_profile(self, *, measures: bool) -> IamInstanceProfile:
        """What the ECS agent of an instance may do, in this cluster alone, and the agent that measures its
        GPUs."""
        context = self._context
        name = role_name(context, INSTANCES)
        role = IamRole(
            self,
            "instance-role",
            name=name,
            # EC2 assumes instance roles without a source account.
            assume_role_policy=document(
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": f"ec2.{context.dns_suffix}"},
                }
            ),
        )
        policy = IamRolePolicy(
            self,
            "instance-policy",
            name="agent",
            role=role.id,
            policy=document(
                allow("ecs:DiscoverPollEndpoint", "*", sid="FindEcs"),
                allow(
                    [
                        "ecs:DeregisterContainerInstance",
                        "ecs:RegisterContainerInstance",
                        "ecs:SubmitAttachmentStateChanges",
                        "ecs:SubmitContainerStateChange",
                        "ecs:SubmitTaskStateChange",
                    ],
                    self.arn,
                    sid="JoinCluster",
                ),
                allow(
                    [
                        "ecs:Poll",
                        "ecs:StartTelemetrySession",
                        "ecs:UpdateContainerInstancesState",
                    ],
                    context.arn("ecs", f"container-instance/{self.name}/*"),
                    sid="WorkInCluster",
                    conditions={"ArnEquals": {"ecs:cluster": self.arn}},
                ),
                *(_measures() if measures else ()),
            ),
        )
        return IamInstanceProfile(
            self, "instance-profile", name=name, role=role.name, depends_on=[policy]
        )


class InstanceCapacity(Construct):
    """An Auto Scaling group that ECS scales, and its capacity provider."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Ec2Capacity,
        cluster: str,
        subnet_ids: list[str],
        group_id: str,
        profile: IamInstanceProfile,
        waits_for: list[ITerraformDependable],
    ) -> None:
        super().__init__(scope, id)
        self.name = context.name(id)
        reserved = None
        if spec.reservation is not None:
            reserved = ReservedCapacity(
                self,
                "reserved",
                context=context,
                spec=spec.reservation,
                instance_type=spec.instance_types[0],
                name=self.name,
            )
        template = self._template(context, spec, cluster, group_id, profile, reserved)
        version = template.get_string_attribute("latest_version")
        block = isinstance(spec.reservation, CapacityBlock)
        group = AutoscalingGroup(
            self,
            "group",
            name=self.name,
            min_size=spec.min_instances,
            max_size=spec.max_instances,
            vpc_zone_identifier=subnets_for(self, "subnets", spec.reservation, subnet_ids),
            # ECS asks for both: it alone decides which instance may go.
            protect_from_scale_in=True,
            force_delete=not context.protected,
            # A Capacity Block is a market of its own, which a policy of several cannot name.
            launch_template=AutoscalingGroupLaunchTemplate(id=template.id, version=version)
            if block
            else None,
            mixed_instances_policy=None
            if block
            else AutoscalingGroupMixedInstancesPolicy(
                instances_distribution=AutoscalingGroupMixedInstancesPolicyInstancesDistribution(
                    on_demand_allocation_strategy="prioritized",
                    on_demand_base_capacity=spec.on_demand_base,
                    on_demand_percentage_above_base_capacity=spec.on_demand_percent,
                    spot_allocation_strategy="price-capacity-optimized",
                ),
                launch_template=AutoscalingGroupMixedInstancesPolicyLaunchTemplate(
                    launch_template_specification=AutoscalingGroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecification(
                        launch_template_id=template.id,
                        version=version,
                    ),
                    override=[
                        AutoscalingGroupMixedInstancesPolicyLaunchTemplateOverride(
                            instance_type=name
                        )
                        for name in spec.instance_types
                    ],
                ),
            ),
            # ECS puts this tag on the group itself; written here so that no plan removes it.
            tag=[
                AutoscalingGroupTag(key="AmazonECSManaged", value="true", propagate_at_launch=True)
            ],
            depends_on=[*waits_for, *(reserved.made.values() if reserved else ())],
        )
        self.provider = EcsCapacityProvider(
            self,
            "provider",
            name=self.name,
            auto_scaling_group_provider=EcsCapacityProviderAutoScalingGroupProvider(
                auto_scaling_group_arn=group.arn,
                managed_termination_protection="ENABLED",
                managed_draining="ENABLED",
                managed_scaling=EcsCapacityProviderAutoScalingGroupProviderManagedScaling(
                    status="ENABLED",
                    target_capacity=spec.target_percent,
                    instance_warmup_period=spec.warmup_seconds,
                    minimum_scaling_step_size=1,
                    maximum_scaling_step_size=max(1, min(10_000, spec.max_instances)),
                ),
            ),
        )
        override(spec, self)

    def _template(
        self,
        context: Context,
        spec: Ec2Capacity,
        cluster: str,
        group_id: str,
        profile: IamInstanceProfile,
        reserved: ReservedCapacity | None,
    ) -> LaunchTemplate:
        tags = {**context.default_tags("ecs"), **spec.tags, "Name": self.name}
        return LaunchTemplate(
            self,
            "template",
            name=self.name,
            # Looked up when an instance starts, so AWS's new AMIs change no plan.
            image_id=f"resolve:ssm:{spec.image_parameter}",
            instance_type=spec.instance_types[0],
            update_default_version=True,
            **(reserved.template if reserved else {}),
            user_data=_user_data(cluster, gpu=spec.has_gpu, measured=spec.gpu_metrics),
            vpc_security_group_ids=[group_id],
            iam_instance_profile=LaunchTemplateIamInstanceProfile(arn=profile.arn),
            metadata_options=LaunchTemplateMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            monitoring=LaunchTemplateMonitoring(enabled=True),
            block_device_mappings=[
                LaunchTemplateBlockDeviceMappings(
                    device_name="/dev/xvda",
                    # By the account's aws/ebs key: for another one, EC2 Auto Scaling's own role
                    # would have to be let into that key's policy.
                    ebs=LaunchTemplateBlockDeviceMappingsEbs(
                        encrypted="true",
                        volume_type="gp3",
                        volume_size=spec.volume_gb,
                        delete_on_termination="true",
                    ),
                )
            ],
            tag_specifications=[
                LaunchTemplateTagSpecifications(resource_type=resource, tags=tags)
                for resource in ("instance", "volume")
            ],
        )


def _measures() -> list[Statement]:
    """What the CloudWatch agent may do. Neither action takes a resource.

    Source: Amazon CloudWatch user guide, IAM roles for the CloudWatch agent (`ec2:DescribeTags` finds the
    Auto Scaling group).
    """
    return [
        allow(
            "cloudwatch:PutMetricData",
            "*",
            sid="SendMetrics",
            conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
        ),
        allow("ec2:DescribeTags", "*", sid="FindGroup"),
    ]


def _user_data(cluster: str, *, gpu: bool, measured: bool) -> str:
    settings = [
        f"ECS_CLUSTER={cluster}",
        "ECS_AWSVPC_BLOCK_IMDS=true",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
        *(["ECS_ENABLE_GPU_SUPPORT=true"] if gpu else []),
    ]
    lines = ["#!/bin/bash", "cat >>/etc/ecs/ecs.config <<'END'", *settings, "END"]
    lines += [*(agent_script() if measured else ()), ""]
    return base64.b64encode("\n".join(lines).encode()).decode()
