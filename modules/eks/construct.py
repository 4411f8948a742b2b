"""EKS clusters: control plane, compute, add-ons and access.

Add-ons that nodes need to be ready come before them, those that need nodes after them; a
destroy goes the other way round, and the control plane last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..capacity.construct import ReservedCapacity, subnets_for
from ..capacity.spec import ReservationGroup
from ..cdk import (
    Construct,
    Fn,
    ITerraformDependable,
    TerraformLocal,
    TerraformResourceLifecycle,
)
from ..context import Context
from ..data_resource import TerraformData
from ..iam.policy import Statement, allow, document
from ..names import short_hash
from ..outputs import EksOutputs, NetworkOutputs, RegistryOutputs
from ..overriding import override
from ..protect import lifecycle
from .balancer import load_balancer_controller
from .launch import user_data
from .pod_role import PodRole
from .spec import (
    ADDON_ROLES,
    AUTOSCALER,
    BALANCER,
    GPU_LABEL,
    GROUP_NODE,
    NODE_GROUP_LABEL,
    AccessEntry,
    Addon,
    AutoMode,
    EksCluster,
    FargateProfile,
    NodeGroup,
    NodeGroups,
    api_group,
    cluster_name,
    control_plane_log,
    fargate_profile,
    node_template,
    own_role,
)

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.data_aws_eks_addon_version import DataAwsEksAddonVersion
from cdktf_cdktf_provider_aws.data_aws_ssm_parameter import DataAwsSsmParameter
from cdktf_cdktf_provider_aws.eks_access_entry import EksAccessEntry
from cdktf_cdktf_provider_aws.eks_access_policy_association import (
    EksAccessPolicyAssociation,
    EksAccessPolicyAssociationAccessScope,
)
from cdktf_cdktf_provider_aws.eks_addon import EksAddon
from cdktf_cdktf_provider_aws.eks_cluster import (
    EksCluster as EksClusterResource,
)
from cdktf_cdktf_provider_aws.eks_cluster import (
    EksClusterAccessConfig,
    EksClusterComputeConfig,
    EksClusterEncryptionConfig,
    EksClusterEncryptionConfigProvider,
    EksClusterKubernetesNetworkConfig,
    EksClusterKubernetesNetworkConfigElasticLoadBalancing,
    EksClusterStorageConfig,
    EksClusterStorageConfigBlockStorage,
    EksClusterUpgradePolicy,
    EksClusterVpcConfig,
)
from cdktf_cdktf_provider_aws.eks_fargate_profile import (
    EksFargateProfile,
    EksFargateProfileSelector,
)
from cdktf_cdktf_provider_aws.eks_node_group import (
    EksNodeGroup,
    EksNodeGroupLaunchTemplate,
    EksNodeGroupScalingConfig,
    EksNodeGroupTaint,
    EksNodeGroupUpdateConfig,
)
from cdktf_cdktf_provider_aws.iam_openid_connect_provider import IamOpenidConnectProvider
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from cdktf_cdktf_provider_aws.launch_template import (
    LaunchTemplate,
    LaunchTemplateBlockDeviceMappings,
    LaunchTemplateBlockDeviceMappingsEbs,
    LaunchTemplateMetadataOptions,
    LaunchTemplateTagSpecifications,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule

_AUTO_MODE_POLICIES = (
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
_GROUP_POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"]
_BEFORE_NODES = frozenset(("eks-pod-identity-agent", "kube-proxy", "vpc-cni"))
_DEFAULT_SETTINGS = {"vpc-cni": {"enableNetworkPolicy": "true"}}


class Cluster(Construct):
    """The cluster that `spec` describes; `outputs` is what the services' layer needs of it.

    `suffix` is a Terraform expression: eight characters that change when the subnets do, which
    a node group cannot.
    """

    outputs: EksOutputs

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: EksCluster,
        network: NetworkOutputs,
        registry: RegistryOutputs,
        suffix: str,
    ) -> None:
        super().__init__(scope, id)
        self._context = context
        self._spec = spec
        self._subnet_ids = network.private_subnet_ids
        self.name = cluster_name(context)
        node_role, node_policies = self._node_role()
        cluster = self._control_plane(network, registry, node_role, node_policies)
        # A reference, so that everything in the cluster waits for it.
        self._cluster_name = cluster.name
        self._access()
        before, after = self._ordered_addons()
        network_addons = self._addons(before, [])
        compute: list[ITerraformDependable] = []
        if spec.groups:
            assert node_role is not None
            # A role has an access entry of one type, which differs for nodes of Auto Mode.
            group_role, group_policies = (
                self._group_role()
                if isinstance(spec.compute, AutoMode)
                else (node_role, node_policies)
            )
            waits_for = [*group_policies, *network_addons]
            compute = self._node_groups(cluster, group_role, suffix, waits_for)
        elif isinstance(spec.compute, FargateProfile):
            compute = [self._fargate(spec.compute, cluster)]
        roles = self._pod_roles()
        self._addons(after, [*compute, *roles])
        override(spec, self, apart=["groups"])
        self.outputs = EksOutputs(
            cluster_name=self._cluster_name,
            endpoint=cluster.endpoint,
            certificate_authority=cluster.certificate_authority.get(0).data,
            oidc_issuer=Fn.trimprefix(cluster.identity.get(0).oidc.get(0).issuer, "https://"),
        )

    def _control_plane(
        self,
        network: NetworkOutputs,
        registry: RegistryOutputs,
        node_role: IamRole | None,
        node_policies: list[ITerraformDependable],
    ) -> EksClusterResource:
        context, spec = self._context, self._spec
        logs = CloudwatchLogGroup(
            self,
            "logs",
            name=control_plane_log(context),
            retention_in_days=spec.log_retention_days,
            kms_key_id=registry.kms_key_arn,
        )
        role, policies = self._cluster_role(registry.kms_key_arn)
        auto = spec.compute if isinstance(spec.compute, AutoMode) else None
        return EksClusterResource(
            self,
            "cluster",
            name=self.name,
            version=spec.version,
            role_arn=role.arn,
            # Add-ons are installed by name below, so EKS must not put its own copies there.
            bootstrap_self_managed_addons=False,
            enabled_cluster_log_types=list(spec.control_plane_logs) or None,
            vpc_config=EksClusterVpcConfig(
                subnet_ids=self._subnet_ids,
                security_group_ids=[self._api_group(network)],
                endpoint_private_access=spec.private_access,
                endpoint_public_access=bool(spec.public_access_cidrs),
                public_access_cidrs=list(spec.public_access_cidrs) or None,
            ),
            access_config=EksClusterAccessConfig(
                authentication_mode="API",
                # With a deploy role its access entry below says the same where all can read it.
                bootstrap_cluster_creator_admin_permissions=context.deploy_role_arn is None,
            ),
            encryption_config=EksClusterEncryptionConfig(
                resources=["secrets"],
                provider=EksClusterEncryptionConfigProvider(key_arn=registry.kms_key_arn),
            ),
            upgrade_policy=EksClusterUpgradePolicy(support_type=spec.support_type),
            compute_config=EksClusterComputeConfig(
                enabled=True,
                node_pools=list(auto.node_pools),
                node_role_arn=node_role.arn if node_role else None,
            )
            if auto
            else None,
            kubernetes_network_config=EksClusterKubernetesNetworkConfig(
                elastic_load_balancing=EksClusterKubernetesNetworkConfigElasticLoadBalancing(
                    enabled=True
                )
            )
            if auto
            else None,
            storage_config=EksClusterStorageConfig(
                block_storage=EksClusterStorageConfigBlockStorage(enabled=True)
            )
            if auto
            else None,
            lifecycle=lifecycle(
                context,
                "bootstrap_self_managed_addons",
                "access_config[0].bootstrap_cluster_creator_admin_permissions",
            ),
            # Auto Mode starts nodes by itself, which pull images by the policies of their role.
            depends_on=[logs, *policies, *(node_policies if auto else ())],
        )

    def _api_group(self, network: NetworkOutputs) -> str:
        group = SecurityGroup(
            self,
            "api",
            name=api_group(self._context),
            description="Cluster API: HTTPS from the VPC",
            vpc_id=network.vpc_id,
            tags={"Name": api_group(self._context)},
        )
        for rule, cidr in network.cidrs_by("api-vpc").items():
            VpcSecurityGroupIngressRule(
                self,
                rule,
                security_group_id=group.id,
                description="HTTPS from the VPC",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ipv4=cidr,
            )
        return str(group.id)

    def _cluster_role(self, kms_key_arn: str) -> tuple[IamRole, list[ITerraformDependable]]:
        is_auto = isinstance(self._spec.compute, AutoMode)
        actions = ["sts:AssumeRole", "sts:TagSession"] if is_auto else ["sts:AssumeRole"]
        policies = ["AmazonEKSClusterPolicy", *(_AUTO_MODE_POLICIES if is_auto else ())]
        role, attached = self._role("cluster", "eks.amazonaws.com", policies, actions=actions)
        secrets = IamRolePolicy(
            self,
            "cluster-secrets",
            name="secrets",
            role=role.id,
            policy=document(
                allow(
                    ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
                    kms_key_arn,
                    sid="EncryptSecrets",
                )
            ),
        )
        return role, [*attached, secrets]

    def _node_role(self) -> tuple[IamRole | None, list[ITerraformDependable]]:
        compute = self._spec.compute
        if isinstance(compute, FargateProfile):
            return None, []
        policies = (
            ["AmazonEKSWorkerNodeMinimalPolicy"]
            if isinstance(compute, AutoMode)
            else _GROUP_POLICIES
        )
        return self._role(
            "node", "ec2.amazonaws.com", ["AmazonEC2ContainerRegistryPullOnly", *policies]
        )

    def _group_role(self) -> tuple[IamRole, list[ITerraformDependable]]:
        """The role of nodes in groups beside Auto Mode."""
        return self._role(
            GROUP_NODE,
            "ec2.amazonaws.com",
            ["AmazonEC2ContainerRegistryPullOnly", *_GROUP_POLICIES],
        )

    def _role(
        self,
        id: str,
        service: str,
        managed_policies: Iterable[str],
        *,
        actions: Iterable[str] = ("sts:AssumeRole",),
        source: str | None = None,
    ) -> tuple[IamRole, list[ITerraformDependable]]:
        """A role for a service, acting for the resources of the ARN `source` only."""
        context = self._context
        condition = {"Condition": {"ArnLike": {"aws:SourceArn": source}}} if source else {}
        role = IamRole(
            self,
            f"{id}-role",
            name=own_role(context, id),
            assume_role_policy=document(
                {
                    "Effect": "Allow",
                    "Action": list(actions),
                    "Principal": {"Service": service},
                    **condition,
                }
            ),
        )
        name = role.name
        return role, [
            IamRolePolicyAttachment(
                self,
                f"{id}-{policy.lower()}",
                role=name,
                policy_arn=f"arn:{context.partition}:iam::aws:policy/{policy}",
            )
            for policy in managed_policies
        ]

    def _access(self) -> None:
        scope = Construct(self, "access")
        for name, entry in self._spec.access.items():
            self._entry(scope, name, entry)
        deploy, plan = self._context.deploy_role_arn, self._context.plan_role_arn
        roles = Construct(self, "roles")
        if deploy is not None:
            entry = AccessEntry(principal=deploy, policy="AmazonEKSClusterAdminPolicy")
            self._entry(roles, "deploy", entry)
        if plan is not None and plan != deploy:
            entry = AccessEntry(principal=plan, policy="AmazonEKSAdminViewPolicy")
            self._entry(roles, "plan", entry)

    def _entry(self, scope: Construct, name: str, entry: AccessEntry) -> None:
        made = EksAccessEntry(
            scope,
            name,
            cluster_name=self._cluster_name,
            principal_arn=entry.principal,
            kubernetes_groups=list(entry.kubernetes_groups) or None,
            type=entry.type,
        )
        if entry.policy is None:
            return
        EksAccessPolicyAssociation(
            scope,
            f"{name}-policy",
            cluster_name=self._cluster_name,
            principal_arn=entry.principal,
            policy_arn=f"arn:{self._context.partition}:eks::aws:cluster-access-policy/"
            f"{entry.policy}",
            access_scope=EksAccessPolicyAssociationAccessScope(
                type="namespace" if entry.namespaces else "cluster",
                namespaces=list(entry.namespaces) or None,
            ),
            depends_on=[made],
        )

    def _ordered_addons(self) -> tuple[dict[str, Addon], dict[str, Addon]]:
        installed = self._spec.installed_addons
        before = {name: addon for name, addon in installed.items() if name in _BEFORE_NODES}
        return before, {name: installed[name] for name in installed if name not in before}

    def _addons(
        self, addons: dict[str, Addon], waits_for: list[ITerraformDependable]
    ) -> list[ITerraformDependable]:
        made: list[ITerraformDependable] = []
        for name, addon in addons.items():
            settings = {**_DEFAULT_SETTINGS.get(name, {}), **addon.configuration}
            if name == "coredns" and isinstance(self._spec.compute, FargateProfile):
                settings = {"computeType": "Fargate", **settings}
            version = (
                addon.version
                or DataAwsEksAddonVersion(
                    self,
                    f"version-{name}",
                    addon_name=name,
                    kubernetes_version=self._spec.version,
                ).version
            )
            made.append(
                EksAddon(
                    self,
                    f"addon-{name}",
                    cluster_name=self._cluster_name,
                    addon_name=name,
                    addon_version=version,
                    configuration_values=json.dumps(settings, sort_keys=True) if settings else None,
                    resolve_conflicts_on_create="OVERWRITE",
                    resolve_conflicts_on_update="OVERWRITE",
                    depends_on=waits_for or None,
                )
            )
        return made

    def _node_groups(
        self,
        cluster: EksClusterResource,
        role: IamRole,
        suffix: str,
        waits_for: list[ITerraformDependable],
    ) -> list[ITerraformDependable]:
        scope = Construct(self, "groups")
        role_arn = role.arn
        return [
            self._node_group(scope, name, group, cluster, role_arn, suffix, waits_for)
            for name, group in self._spec.groups.items()
        ]

    def _node_group(
        self,
        scope: Construct,
        name: str,
        group: NodeGroup,
        cluster: EksClusterResource,
        role_arn: str,
        suffix: str,
        waits_for: list[ITerraformDependable],
    ) -> EksNodeGroup:
        own, roles = group.launch.template, dict[str, Any]()
        reserved = self._reserved(scope, name, group)
        made_first: list[ITerraformDependable] = []
        if reserved is not None:
            for zone, each in reserved.made.items():
                roles[f"reservation-{zone[-1]}"] = each
                made_first.append(each)
        if own is None:
            launched, roles["template"] = self._launched(
                scope, name, group, cluster, suffix, reserved
            )
        else:
            launched = EksNodeGroupLaunchTemplate(id=own.id, version=own.version)
        compute = self._spec.compute
        scaled = isinstance(compute, NodeGroups) and compute.cluster_autoscaler
        made = EksNodeGroup(
            scope,
            name,
            cluster_name=self._cluster_name,
            node_group_name=group.name_in(self._context, name, suffix),
            node_role_arn=role_arn,
            subnet_ids=subnets_for(scope, f"{name}-subnets", group.reservation, self._subnet_ids),
            # EKS takes neither beside an AMI of one's own.
            version=None if group.has_own_ami else self._spec.version,
            ami_type=None if group.has_own_ami else group.ami,
            capacity_type=group.bought,
            instance_types=list(group.asked_types) or None,
            labels={
                **group.labels,
                NODE_GROUP_LABEL: name,
                **({GPU_LABEL: "true"} if group.gpu else {}),
            },
            taint=[
                EksNodeGroupTaint(key=taint.key, value=taint.value or None, effect=taint.effect)
                for taint in group.all_taints
            ]
            or None,
            launch_template=launched,
            scaling_config=EksNodeGroupScalingConfig(
                min_size=group.min_size, desired_size=group.desired, max_size=group.max_size
            ),
            update_config=EksNodeGroupUpdateConfig(
                max_unavailable_percentage=group.max_unavailable_percentage
            ),
            lifecycle=TerraformResourceLifecycle(
                create_before_destroy=True,
                ignore_changes=["scaling_config[0].desired_size"] if scaled else None,
            ),
            depends_on=[*waits_for, *made_first],
        )
        override(group, {"group": made, **roles})
        return made

    def _reserved(self, scope: Construct, name: str, group: NodeGroup) -> ReservedCapacity | None:
        """What is reserved for a group."""
        if group.reservation is None:
            return None
        return ReservedCapacity(
            scope,
            f"{name}-reserved",
            context=self._context,
            spec=group.reservation,
            instance_type=group.instance_types[0],
            name=self._context.name("node", name),
        )

    def _launched(
        self,
        scope: Construct,
        name: str,
        group: NodeGroup,
        cluster: EksClusterResource,
        suffix: str,
        reserved: ReservedCapacity | None,
    ) -> tuple[EksNodeGroupLaunchTemplate, LaunchTemplate]:
        """Inferform's own launch template of a group, and its version that nodes run."""
        settings = self._launch_settings(group)
        asked = reserved.template if reserved is not None else {}
        image, parameter = group.launch.ami, group.launch.ami_parameter
        if parameter is not None:
            read = DataAwsSsmParameter(scope, f"{name}-ami", name=parameter)
            image = read.insecure_value
        data = self._user_data(group, cluster)
        template = self._launch_template(scope, name, settings, image, data, group.tags, asked)
        overridden = group.overridden("template") or {}
        content = {
            **settings,
            **group.launch.content,
            "overrides": {
                path: value
                for path, value in overridden.items()
                if not path.startswith("tag_specifications")
            },
        }
        # EKS replaces every node for a new version of the template. One that has other tags alone
        # is not taken, so that a new owner restarts nothing.
        launched = TerraformData(
            scope,
            f"{name}-launched",
            input=Fn.tostring(template.latest_version),
            triggers_replace={
                # Nodes are replaced by a new group and a new Kubernetes version anyway.
                "group": group.name_in(self._context, name, suffix),
                "version": self._spec.version,
                "content": short_hash(content),
                **({"ami": image} if parameter is not None else {}),
                **({"reservation": reserved.id} if reserved is not None and reserved.id else {}),
            },
            keeps_input=True,
        )
        return EksNodeGroupLaunchTemplate(id=template.id, version=launched.output), template

    def _user_data(self, group: NodeGroup, cluster: EksClusterResource) -> str:
        """What nodes are told when they start; empty for nothing."""
        return user_data(
            group.launch,
            group.os,
            {
                "name": self._cluster_name,
                "apiServerEndpoint": cluster.endpoint,
                "certificateAuthority": cluster.certificate_authority.get(0).data,
                "cidr": cluster.kubernetes_network_config.service_ipv4_cidr,
            },
            [(taint.key, taint.value, taint.effect) for taint in group.all_taints],
        )

    def _launch_settings(self, group: NodeGroup) -> dict[str, Any]:
        """What nodes are started with, but for their tags."""
        is_bottlerocket = group.os == "BOTTLEROCKET"
        return {
            # Bottlerocket keeps images and pods on its second volume.
            "device_name": "/dev/xvdb" if is_bottlerocket else "/dev/xvda",
            "ebs": {
                "volume_type": "gp3",
                "volume_size": group.disk_size_gib,
                "encrypted": "true",
                "delete_on_termination": "true",
            },
            # One hop: pods get roles of their own and must not take the node's.
            "metadata": {"http_tokens": "required", "http_put_response_hop_limit": 1},
            **({"instance_type": group.instance_types[0]} if group.is_block else {}),
            **(
                {"group": group.reservation.arn}
                if isinstance(group.reservation, ReservationGroup)
                else {}
            ),
        }

    def _launch_template(
        self,
        scope: Construct,
        name: str,
        settings: Mapping[str, Any],
        image: str | None,
        data: str,
        tags: Mapping[str, str],
        asked: Mapping[str, Any],
    ) -> LaunchTemplate:
        return LaunchTemplate(
            scope,
            f"{name}-template",
            name=node_template(self._context, name),
            instance_type=settings.get("instance_type"),
            **asked,
            image_id=image,
            user_data=Fn.base64encode(TerraformLocal(scope, f"{name}-user-data", data).as_string)
            if data
            else None,
            block_device_mappings=[
                LaunchTemplateBlockDeviceMappings(
                    device_name=settings["device_name"],
                    ebs=LaunchTemplateBlockDeviceMappingsEbs(**settings["ebs"]),
                )
            ],
            metadata_options=LaunchTemplateMetadataOptions(**settings["metadata"]),
            tag_specifications=[
                LaunchTemplateTagSpecifications(
                    resource_type=resource,
                    # The provider's default tags do not reach what a group starts.
                    tags={
                        **self._context.default_tags("eks"),
                        **tags,
                        "Name": self._context.name("node", name),
                    },
                )
                for resource in ("instance", "volume")
            ],
        )

    def _fargate(self, spec: FargateProfile, cluster: EksClusterResource) -> EksFargateProfile:
        context = self._context
        # Pod identity has no agent on Fargate: roles trust the cluster's tokens instead.
        IamOpenidConnectProvider(
            self,
            "issuer",
            url=cluster.identity.get(0).oidc.get(0).issuer,
            client_id_list=["sts.amazonaws.com"],
        )
        role, policies = self._role(
            "fargate",
            "eks-fargate-pods.amazonaws.com",
            ["AmazonEKSFargatePodExecutionRolePolicy"],
            source=context.arn("eks", f"fargateprofile/{self.name}/*"),
        )
        return EksFargateProfile(
            self,
            "fargate",
            cluster_name=self._cluster_name,
            fargate_profile_name=fargate_profile(context),
            pod_execution_role_arn=role.arn,
            subnet_ids=self._subnet_ids,
            selector=[
                EksFargateProfileSelector(namespace=namespace) for namespace in spec.selected
            ],
            depends_on=policies,
        )

    def _pod_roles(self) -> list[ITerraformDependable]:
        compute, statements = self._spec.compute, {}
        if isinstance(compute, NodeGroups) and compute.cluster_autoscaler:
            statements[AUTOSCALER] = _autoscaler(self._context, self.name)
        if isinstance(compute, NodeGroups) and compute.load_balancer_controller:
            statements[BALANCER] = load_balancer_controller(self._context, self.name)
        asked = [ADDON_ROLES[name] for name in self._spec.addons if name in ADDON_ROLES]
        roles = [
            self._pod_role(
                each.does,
                namespace=each.namespace,
                service_account=each.service_account,
                managed_policies=[each.managed_policy],
            )
            for each in asked
        ]
        roles += [
            self._pod_role(name, namespace="kube-system", service_account=name, statements=given)
            for name, given in statements.items()
        ]
        return [ready for role in roles for ready in role.ready]

    def _pod_role(self, does: str, **given: Any) -> PodRole:
        return PodRole(
            self,
            does,
            context=self._context,
            name=own_role(self._context, does),
            cluster_name=self.name,
            association_cluster=self._cluster_name,
            **given,
        )


def _autoscaler(context: Context, cluster: str) -> list[Statement]:
    """What the Cluster Autoscaler needs for the groups of one cluster."""
    return [
        allow(
            [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ],
            "*",
            sid="ReadGroups",
        ),
        allow(
            "eks:DescribeNodegroup",
            context.arn("eks", f"nodegroup/{cluster}/*"),
            sid="ReadNodeGroups",
        ),
        allow(
            ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            "*",
            sid="ScaleGroups",
            conditions={
                "StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}": "owned"}
            },
        ),
    ]
