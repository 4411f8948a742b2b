"""The inputs of terraform-aws-modules/eks 21.19.0, with its modules eks-managed-node-group and
karpenter."""

from __future__ import annotations

from .row import Option, added, always, at, has, like, never, no, overridden, refers, some, yes

SOURCE = "terraform-aws-modules/eks"
_CLUSTER = "aws_eks_cluster"
_GROUP = "aws_eks_node_group"
_TEMPLATE = "aws_launch_template"
_ADDON = "aws_eks_addon"
_ENGINEERS = "arn:aws:iam::111122223333:role/ml-engineers"

OPTIONS: tuple[Option, ...] = (
    yes("kubernetes_version", 'EksCluster(version="1.34")', at(_CLUSTER, "version", "1.34")),
    yes(
        "endpoint_public_access",
        'EksCluster(public_access_cidrs=["203.0.113.0/24"])',
        at(_CLUSTER, "vpc_config.endpoint_public_access", True),
    ),
    yes(
        "endpoint_public_access_cidrs",
        'EksCluster(public_access_cidrs=["203.0.113.0/24"])',
        at(_CLUSTER, "vpc_config.public_access_cidrs", ["203.0.113.0/24"]),
    ),
    yes(
        "endpoint_private_access",
        'EksCluster(private_access=False, public_access_cidrs=["203.0.113.0/24"])',
        at(_CLUSTER, "vpc_config.endpoint_private_access", False),
    ),
    yes(
        "enabled_log_types",
        'EksCluster(control_plane_logs=["audit"])',
        at(_CLUSTER, "enabled_cluster_log_types", ["audit"]),
    ),
    yes(
        "cloudwatch_log_group_retention_in_days",
        "EksCluster(log_retention_days=90)",
        at("aws_cloudwatch_log_group", "retention_in_days", 90),
    ),
    always(
        "cloudwatch_log_group_kms_key_id",
        "EksCluster()",
        at("aws_cloudwatch_log_group", "kms_key_id", like("arn:aws:kms:.+")),
    ),
    always(
        "encryption_config",
        "EksCluster()",
        at(_CLUSTER, "encryption_config.resources", ["secrets"]),
        at(_CLUSTER, "encryption_config.provider.key_arn", like("arn:aws:kms:.+")),
    ),
    always(
        "authentication_mode",
        "EksCluster()",
        at(_CLUSTER, "access_config.authentication_mode", "API"),
    ),
    yes(
        "upgrade_policy",
        'EksCluster(support_type="EXTENDED")',
        at(_CLUSTER, "upgrade_policy.support_type", "EXTENDED"),
    ),
    overridden(
        "deletion_protection",
        'EksCluster(overrides={"cluster": {"deletion_protection": True}})',
        at(_CLUSTER, "deletion_protection", True),
    ),
    overridden(
        "zonal_shift_config",
        'EksCluster(overrides={"cluster": {"zonal_shift_config": {"enabled": True}}})',
        at(_CLUSTER, "zonal_shift_config.enabled", True),
    ),
    overridden(
        "service_ipv4_cidr",
        'EksCluster(overrides={"cluster": '
        '{"kubernetes_network_config.service_ipv4_cidr": "172.20.0.0/16"}})',
        at(_CLUSTER, "kubernetes_network_config.service_ipv4_cidr", "172.20.0.0/16"),
    ),
    no("ip_family (ipv6)", "Pods have addresses of IPv4.", never(_CLUSTER, "ip_family")),
    no(
        "control_plane_scaling_config",
        "Newer than the provider that the emulator works with.",
        never(_CLUSTER, "control_plane_scaling_config"),
    ),
    no(
        "outpost_config",
        "Clusters on Outposts have no Auto Mode.",
        never(_CLUSTER, "outpost_config"),
    ),
    no(
        "remote_network_config",
        "Hybrid nodes are not for inference on AWS.",
        never(_CLUSTER, "remote_network_config"),
    ),
    yes(
        "access_entries: principal_arn",
        f'EksCluster(access={{"engineers": AccessEntry(principal="{_ENGINEERS}")}})',
        at("aws_eks_access_entry", "principal_arn", _ENGINEERS),
    ),
    yes(
        "access_entries: policy_associations",
        f'EksCluster(access={{"engineers": AccessEntry(principal="{_ENGINEERS}", '
        'policy="AmazonEKSViewPolicy", namespaces=["inference"])})',
        at(
            "aws_eks_access_policy_association",
            "policy_arn",
            "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        ),
        at(
            "aws_eks_access_policy_association",
            "access_scope",
            {"namespaces": ["inference"], "type": "namespace"},
        ),
    ),
    yes(
        "access_entries: kubernetes_groups",
        f'EksCluster(access={{"engineers": AccessEntry(principal="{_ENGINEERS}", '
        'kubernetes_groups=["readers"])})',
        at("aws_eks_access_entry", "kubernetes_groups", ["readers"]),
    ),
    yes(
        "access_entries: type",
        f'EksCluster(access={{"nodes": AccessEntry(principal="{_ENGINEERS}", type="EC2_LINUX")}})',
        at("aws_eks_access_entry", "type", "EC2_LINUX"),
    ),
    yes(
        "enable_cluster_creator_admin_permissions",
        '{"context": Context(deploy_role="deploy"), "eks": EksCluster()}',
        at(
            "aws_eks_access_policy_association",
            "policy_arn",
            "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        ),
        beside="EksCluster()",
    ),
    yes(
        "compute_config (Auto Mode)",
        'EksCluster(compute=AutoMode(node_pools=["system"]))',
        at(_CLUSTER, "compute_config.node_pools", ["system"]),
    ),
    always("addons: metrics-server", "EksCluster()", at(_ADDON, "addon_name", "metrics-server")),
    yes(
        "addons: addon_version",
        'EksCluster(addons={"metrics-server": Addon(version="v0.8.0-eksbuild.2")})',
        at(_ADDON, "addon_version", "v0.8.0-eksbuild.2"),
    ),
    yes(
        "addons: configuration_values",
        'EksCluster(addons={"metrics-server": Addon(configuration={"replicas": 3})})',
        at(_ADDON, "configuration_values.replicas", 3),
    ),
    always(
        "addons: vpc-cni, before_compute",
        "NodeGroup()",
        at(_ADDON, "addon_name", "vpc-cni"),
    ),
    yes(
        "addons: amazon-cloudwatch-observability",
        'EksCluster(addons={"amazon-cloudwatch-observability": Addon()})',
        at(_ADDON, "addon_name", "amazon-cloudwatch-observability"),
    ),
    yes(
        "addons: aws-ebs-csi-driver",
        'EksCluster(compute=NodeGroups(groups={"cpu": NodeGroup()}), '
        'addons={"aws-ebs-csi-driver": Addon()})',
        at(_ADDON, "addon_name", "aws-ebs-csi-driver"),
        beside="NodeGroup()",
    ),
    yes(
        "addons: aws-efs-csi-driver",
        'EksCluster(compute=NodeGroups(groups={"cpu": NodeGroup()}), '
        'addons={"aws-efs-csi-driver": Addon()})',
        at(_ADDON, "addon_name", "aws-efs-csi-driver"),
        beside="NodeGroup()",
    ),
    yes(
        "addons: aws-mountpoint-s3-csi-driver",
        'EksCluster(compute=NodeGroups(groups={"cpu": NodeGroup()}), '
        'addons={"aws-mountpoint-s3-csi-driver": Addon()})',
        at(_ADDON, "addon_name", "aws-mountpoint-s3-csi-driver"),
        beside="NodeGroup()",
    ),
    yes(
        "fargate_profiles",
        'EksCluster(compute=FargateProfile(namespaces=["models"]))',
        at("aws_eks_fargate_profile", "selector.*.namespace", "models"),
    ),
    yes(
        "enable_irsa",
        "EksCluster(compute=FargateProfile())",
        some("aws_iam_openid_connect_provider", 1),
    ),
    yes(
        "iam_role_additional_policies",
        'EksCluster(permissions={"cluster-role": Permissions('
        'policies=["arn:aws:iam::aws:policy/AmazonEKSVPCResourceController"])})',
        at(
            "aws_iam_role_policy_attachment",
            "policy_arn",
            "arn:aws:iam::aws:policy/AmazonEKSVPCResourceController",
        ),
    ),
    added(
        "security_group_additional_rules",
        "EksCluster()",
        'VpcSecurityGroupIngressRule(built.eks, "office", ip_protocol="tcp", from_port=443, '
        'to_port=443, cidr_ipv4="10.9.0.0/16", '
        'security_group_id=built.eks.cluster.node.find_child("api").id)',
        at("aws_vpc_security_group_ingress_rule", "cidr_ipv4", "10.9.0.0/16"),
    ),
    yes(
        "create_kms_key",
        '{"registry": Registry(), "eks": EksCluster()}',
        some("aws_kms_key", 1),
        beside="EksCluster()",
    ),
    yes(
        "vpc_id, subnet_ids",
        '{"network": Network(), "eks": EksCluster()}',
        at(_CLUSTER, "vpc_config.subnet_ids", has("terraform_remote_state.network")),
        beside="EksCluster()",
    ),
    no(
        "control_plane_subnet_ids",
        "The control plane has its interfaces in the private subnets, as the nodes.",
        tried='EksCluster(control_plane_subnet_ids=["subnet-0a1b2c3d4e5f67890"])',
    ),
    always(
        "create_security_group",
        "EksCluster()",
        at(_CLUSTER, "vpc_config.security_group_ids", refers("aws_security_group")),
    ),
    no(
        "node_security_group_additional_rules",
        "Nodes have the cluster's own security group; add rules to it with `extend`.",
        tried="EksCluster(node_security_group_additional_rules={})",
    ),
    no(
        "identity_providers",
        "People sign in with IAM: `access`.",
        never("aws_eks_identity_provider_config"),
    ),
    yes(
        "node_iam_role_additional_policies",
        'EksCluster(permissions={"node-role": Permissions('
        'policies=["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"])})',
        at(
            "aws_iam_role_policy_attachment",
            "policy_arn",
            "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        ),
    ),
    overridden(
        "eks_managed_node_groups: ami_release_version",
        'NodeGroup(overrides={"group": {"release_version": "1.35.0-20260101"}})',
        at(_GROUP, "release_version", "1.35.0-20260101"),
    ),
    yes(
        "eks_managed_node_groups: block_device_mappings",
        "NodeGroup(disk_size_gib=300)",
        at(_TEMPLATE, "block_device_mappings.0.ebs.volume_size", 300),
    ),
    no(
        "eks_managed_node_groups: subnet_ids",
        "Each group is in all private subnets.",
        tried='NodeGroup(subnet_ids=["subnet-0a1b2c3d4e5f67890"])',
    ),
    yes(
        "eks_managed_node_groups: pre_bootstrap_user_data",
        'NodeGroup(launch=NodeLaunch(script="#!/bin/sh\\necho joining"))',
        at(_TEMPLATE, "user_data", has("base64encode(local.")),
    ),
    yes(
        "addons: snapshot-controller",
        'EksCluster(addons={"snapshot-controller": Addon()})',
        at(_ADDON, "addon_name", "snapshot-controller"),
    ),
    # eks-managed-node-group
    yes(
        "eks_managed_node_groups: instance_types",
        'NodeGroup(instance_types=["g5.xlarge"])',
        at(_GROUP, "instance_types", ["g5.xlarge"]),
    ),
    yes(
        "eks_managed_node_groups: min_size",
        "NodeGroup(min_size=2)",
        at(_GROUP, "scaling_config.min_size", 2),
    ),
    yes(
        "eks_managed_node_groups: max_size",
        "NodeGroup(max_size=7)",
        at(_GROUP, "scaling_config.max_size", 7),
    ),
    yes(
        "eks_managed_node_groups: desired_size",
        "NodeGroup(desired_size=3)",
        at(_GROUP, "scaling_config.desired_size", 3),
    ),
    yes(
        "eks_managed_node_groups: capacity_type",
        'NodeGroup(capacity_type="SPOT", instance_types=["m5.large", "m5a.large"])',
        at(_GROUP, "capacity_type", "SPOT"),
    ),
    yes(
        "eks_managed_node_groups: ami_type",
        'NodeGroup(ami_type="BOTTLEROCKET_x86_64")',
        at(_GROUP, "ami_type", "BOTTLEROCKET_x86_64"),
    ),
    yes(
        "eks_managed_node_groups: ami_id",
        'NodeGroup(launch=NodeLaunch(ami="ami-0123456789abcdef0"))',
        at(_TEMPLATE, "image_id", "ami-0123456789abcdef0"),
    ),
    yes(
        "eks_managed_node_groups: disk_size",
        "NodeGroup(disk_size_gib=200)",
        at(_TEMPLATE, "block_device_mappings.0.ebs.volume_size", 200),
    ),
    yes(
        "eks_managed_node_groups: labels",
        'NodeGroup(labels={"team": "risk"})',
        at(_GROUP, "labels.team", "risk"),
    ),
    yes(
        "eks_managed_node_groups: taints",
        'NodeGroup(taints=[Taint(key="dedicated", value="models")])',
        at(
            _GROUP,
            "taint.0",
            {"key": "dedicated", "value": "models", "effect": "NO_SCHEDULE"},
        ),
    ),
    yes(
        "eks_managed_node_groups: update_config",
        "NodeGroup(max_unavailable_percentage=50)",
        at(_GROUP, "update_config.max_unavailable_percentage", 50),
    ),
    always(
        "eks_managed_node_groups: metadata_options",
        "NodeGroup()",
        at(_TEMPLATE, "metadata_options.http_tokens", "required"),
        at(_TEMPLATE, "metadata_options.http_put_response_hop_limit", 1),
    ),
    overridden(
        "eks_managed_node_groups: enable_monitoring",
        'NodeGroup(overrides={"template": {"monitoring": {"enabled": True}}})',
        at(_TEMPLATE, "monitoring.enabled", True),
    ),
    overridden(
        "eks_managed_node_groups: node_repair_config",
        'NodeGroup(overrides={"group": {"node_repair_config": {"enabled": True}}})',
        at(_GROUP, "node_repair_config.enabled", True),
    ),
    no(
        "eks_managed_node_groups: remote_access",
        "Nodes are reached by Session Manager, not by SSH.",
        never(_GROUP, "remote_access"),
    ),
    no(
        "eks_managed_node_groups: enable_efa_support",
        "No field has it so far.",
        never(_TEMPLATE, "network_interfaces"),
    ),
    yes(
        "eks_managed_node_groups: capacity_reservation_specification",
        'NodeGroup(instance_types=["p5.48xlarge"], min_size=0, max_size=2, '
        'reservation=CapacityBlock(id="cr-0123456789abcdef0", zone="us-east-1a", '
        "instance_count=2))",
        at(
            _TEMPLATE,
            "capacity_reservation_specification.capacity_reservation_target."
            "capacity_reservation_id",
            "cr-0123456789abcdef0",
        ),
        at(_TEMPLATE, "instance_market_options.market_type", "capacity-block"),
    ),
    yes(
        "eks_managed_node_groups: tags",
        'NodeGroup(tags={"cost-center": "42"})',
        at(_GROUP, "tags.cost-center", "42"),
    ),
    no(
        "self_managed_node_groups",
        "Managed node groups and Auto Mode take their place.",
    ),
    no(
        "karpenter: create_pod_identity_association",
        "Karpenter is installed by somebody else; its node pools are NodeGroups.karpenter.",
    ),
    yes("tags", 'EksCluster(tags={"cost-center": "42"})', at(_CLUSTER, "tags.cost-center", "42")),
)
