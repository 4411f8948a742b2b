"""The example `complete` of terraform-aws-modules/terraform-aws-eks."""

from __future__ import annotations

from collections.abc import Iterator

from .record import Differs, Example, Pair

_Input = tuple[str, str | tuple[str, str]]

_CLUSTER = "aws_eks_cluster.this[0]"
_LOGS = "aws_cloudwatch_log_group.this[0]"
_ROLE = "aws_iam_role.this[0]"
_GREEN = "module.green.aws_eks_node_group.this[0]"
_BLUE = "module.blue.aws_eks_node_group.this[0]"
_TEMPLATE = "module.green.aws_launch_template.this[0]"

_NAMED = "names are made of the Context and a short name"
_LAYER = "the network layer hands up its private subnets as one list"
_NODES = "all nodes have one role, with what nodes need"
_GROUPS = (
    "nodes and control plane are in the security group that EKS makes, which lets them reach each "
    "other; no SSH is opened"
)
_SELF = "node groups are managed by EKS, or by Auto Mode"
_FARGATE = "node groups serve here; a cluster with a FargateProfile has no other nodes"
_AUTH = "access entries, `EksCluster.access`, take the place of the ConfigMap"
_MORE = "shows that a policy can be attached; `permissions` of the cluster does that"
_TAGGED = "the tags of the environment"


def _lists(path: str, count: int) -> dict[str, Differs]:
    return {
        f"{path}.{index}": Differs("*<aws_subnet>*" if index == 0 else None, _LAYER)
        for index in range(count)
    }


def _pairs() -> Iterator[Pair]:
    yield Pair(
        _CLUSTER,
        "aws_eks_cluster",
        {
            "name": Differs("acme-eks-euw1-eks", _NAMED),
            "encryption_config.0.provider.0.key_arn": Differs(
                "<aws_kms_key>", "secrets are encrypted by the environment's key"
            ),
            "vpc_config.0.public_access_cidrs.0": Differs(
                "203.0.113.0/24", "the API is never open to the whole internet"
            ),
            **_lists("vpc_config.0.subnet_ids", 3),
        },
        {
            "access_config": "access is given by entries alone",
            "bootstrap_self_managed_addons": "add-ons are EKS's",
            "upgrade_policy": "standard support, at the lower price",
            "vpc_config.security_group_ids": "the API is reached from the VPC",
        },
    )
    yield Pair(
        _LOGS,
        "aws_cloudwatch_log_group cluster/logs",
        {
            "name": Differs("/aws/eks/acme-eks-euw1-eks/cluster", _NAMED),
            "tags.Name": Differs(None, _NAMED),
        },
        {"kms_key_id": "encrypted by the environment's key"},
    )
    for name in ("coredns", "kube-proxy", "vpc-cni"):
        overwrite = Differs(None, "by the two attributes that have taken its place")
        differs = {"resolve_conflicts": overwrite}
        if name == "coredns":
            differs["preserve"] = Differs(None, "what Terraform made goes with it")
        yield Pair(
            f'aws_eks_addon.this["{name}"]',
            f"aws_eks_addon addon-{name}",
            differs,
            {
                "addon_version": "the version that EKS names for the cluster's",
                "resolve_conflicts_on_create": "as resolve_conflicts was",
                "resolve_conflicts_on_update": "as resolve_conflicts was",
                **({"configuration_values": "network policies work"} if name == "vpc-cni" else {}),
            },
        )
    yield Pair(
        _ROLE,
        "aws_iam_role cluster-role",
        {
            "assume_role_policy": Differs('*"eks.amazonaws.com"*', "statements have no name"),
            "force_detach_policies": Differs(None, "Terraform detaches what it attached"),
            "inline_policy.0.name": Differs(None, "the log group is there before the cluster"),
            "inline_policy.0.policy": Differs(None, "the log group is there before the cluster"),
            "name_prefix": Differs(None, _NAMED),
            "path": Differs("/inferform/", "the deploy role is limited to Inferform's path"),
        },
        {"name": _NAMED},
    )
    yield Pair(
        'aws_iam_role_policy_attachment.this["AmazonEKSClusterPolicy"]',
        "aws_iam_role_policy_attachment cluster-amazoneksclusterpolicy",
    )
    for name in ("blue", "green"):
        yield from _group(name)


def _group(name: str) -> Iterator[Pair]:
    yield Pair(
        f"module.{name}.aws_eks_node_group.this[0]",
        f"aws_eks_node_group groups/{name}",
        {
            "ami_type": Differs(
                "AL2023_x86_64_STANDARD", "Amazon Linux 2 has no AMI for this version any more"
            ),
            "node_group_name_prefix": Differs(None, _NAMED),
            "tags.Name": Differs(None, _NAMED),
            **_lists("subnet_ids", 3),
        },
        {
            "capacity_type": "AWS's default, written down",
            "labels.inferform/node-group": "services choose their group by it",
            "launch_template": "the template of the group",
            "node_group_name": _NAMED,
        },
    )
    differs = {
        "description": Differs(None, "the name says it"),
        "metadata_options.0.http_endpoint": Differs(None, "AWS's default"),
        "metadata_options.0.http_put_response_hop_limit": Differs(
            "1", "pods do not reach the node's credentials"
        ),
        "monitoring.0.enabled": Differs(
            None, "detailed monitoring is paid for; overrides turn it on"
        ),
        "name_prefix": Differs(None, _NAMED),
        "update_default_version": Differs(None, "the node group names the version"),
    }
    for index in range(3):
        kind = Differs("volume", "network interfaces have their instance's tags by EKS")
        if index == 1:
            differs[f"tag_specifications.{index}.resource_type"] = kind
        if index == 2:
            differs[f"tag_specifications.{index}.resource_type"] = Differs(None, kind.because)
            for tag in ("Example", "GithubOrg", "GithubRepo", "Name"):
                differs[f"tag_specifications.2.tags.{tag}"] = Differs(None, kind.because)
        else:
            differs[f"tag_specifications.{index}.tags.Name"] = Differs("acme-eks-euw1-*", _NAMED)
    if name == "green":
        differs["tag_specifications.2.tags.ExtraTag"] = Differs(
            None, "network interfaces have their instance's tags by EKS"
        )
    yield Pair(
        f"module.{name}.aws_launch_template.this[0]",
        f"aws_launch_template groups/{name}-template",
        differs,
        {
            "block_device_mappings": "an encrypted gp3 volume",
            "name": _NAMED,
            "tag_specifications": _TAGGED,
        },
    )


def _cluster_inputs() -> Iterator[_Input]:
    yield "cluster_name", (_CLUSTER, "name")
    yield "cluster_endpoint_public_access", (_CLUSTER, "vpc_config.0.endpoint_public_access")
    for addon in ("coredns", "kube-proxy", "vpc-cni"):
        at = f'aws_eks_addon.this["{addon}"]'
        yield f"cluster_addons.{addon}.preserve", (at, "preserve")
        yield f"cluster_addons.{addon}.most_recent", "the version that EKS names as its default"
        for name in ("create", "delete"):
            yield f"cluster_addons.{addon}.timeouts.{name}", "how long Terraform waits"
    yield "create_kms_key", "the key is that of the registry layer"
    of = "cluster_encryption_config"
    yield f"{of}.resources", (_CLUSTER, "encryption_config.0.resources.0")
    yield f"{of}.provider_key_arn", (_CLUSTER, "encryption_config.0.provider.0.key_arn")
    yield "iam_role_additional_policies.additional", _MORE
    for name in ("vpc_id", "control_plane_subnet_ids"):
        yield name, (_CLUSTER, "")
    yield "subnet_ids", (_BLUE, "")
    for name in ("description", "protocol", "from_port", "to_port", "type", "self"):
        for rule in (
            "cluster_security_group_additional_rules.ingress_nodes_ephemeral_ports_tcp",
            "cluster_security_group_additional_rules.ingress_source_security_group_id",
            "node_security_group_additional_rules.ingress_self_all",
            "node_security_group_additional_rules.ingress_source_security_group_id",
        ):
            yield f"{rule}.{name}", _GROUPS
            yield f"{rule}.source_security_group_id", _GROUPS
            yield f"{rule}.source_node_security_group", _GROUPS
    yield "manage_aws_auth_configmap", _AUTH
    for name in (
        *("node_iam_role_arns_non_windows", "fargate_profile_pod_execution_role_arns", "roles"),
        *("users", "accounts", "accounts.1"),
    ):
        yield f"aws_auth_{name}", _AUTH
    for tag in ("Example", "GithubRepo", "GithubOrg"):
        yield f"tags.{tag}", (_CLUSTER, f"tags.{tag}")


def _node_inputs() -> Iterator[_Input]:
    for name in (
        *("_defaults.vpc_security_group_ids", "_defaults.iam_role_additional_policies.additional"),
        *("_defaults.instance_refresh.strategy", "s.spot.instance_type"),
        "_defaults.instance_refresh.preferences.min_healthy_percentage",
        *("s.spot.instance_market_options.market_type", "s.spot.pre_bootstrap_user_data"),
        *("s.spot.bootstrap_extra_args", "s.spot.post_bootstrap_user_data"),
    ):
        yield f"self_managed_node_group{name}", _SELF
    of = "eks_managed_node_group_defaults"
    yield f"{of}.ami_type", (_BLUE, "ami_type")
    for index in range(4):
        number = f".{index}" if index else ""
        yield f"{of}.instance_types{number}", (_BLUE, f"instance_types.{index}")
    yield f"{of}.attach_cluster_primary_security_group", _GROUPS
    yield f"{of}.vpc_security_group_ids", _GROUPS
    yield f"{of}.iam_role_additional_policies.additional", _MORE
    of = "eks_managed_node_groups.green"
    for name in ("min_size", "max_size", "desired_size"):
        yield f"{of}.{name}", (_GREEN, f"scaling_config.0.{name}")
    yield f"{of}.instance_types", (_GREEN, "instance_types.0")
    yield f"{of}.capacity_type", (_GREEN, "capacity_type")
    for name in ("Environment", "GithubRepo", "GithubOrg"):
        yield f"{of}.labels.{name}", (_GREEN, f"labels.{name}")
    for name in ("key", "value", "effect"):
        yield f"{of}.taints.dedicated.{name}", (_GREEN, f"taint.0.{name}")
    disk, sent = f"{of}.block_device_mappings.xvda", "block_device_mappings.0"
    yield f"{disk}.device_name", (_TEMPLATE, f"{sent}.device_name")
    for name in ("volume_size", "volume_type", "iops", "throughput"):
        yield f"{disk}.ebs.{name}", (_TEMPLATE, f"{sent}.ebs.0.{name}")
    yield f"{disk}.ebs.delete_on_termination", (_TEMPLATE, "")
    at = "update_config.0.max_unavailable_percentage"
    yield f"{of}.update_config.max_unavailable_percentage", (_GREEN, at)
    yield f"{of}.tags.ExtraTag", (_GREEN, "tags.ExtraTag")
    for name in (
        *("name", "selectors.namespace", "selectors.labels.k8s-app", "selectors.1.namespace"),
        *("tags.Owner", "timeouts.create", "timeouts.delete"),
    ):
        yield f"fargate_profiles.default.{name}", _FARGATE


EXAMPLES = (
    Example(
        environment="eks_complete",
        expected="eks-complete",
        pairs=tuple(_pairs()),
        inputs=dict((*_cluster_inputs(), *_node_inputs())),
        not_made={
            "aws_ec2_tag.*": "EKS tags the security group that it makes",
            "aws_iam_openid_connect_provider.*": "pods get their roles by EKS Pod Identity",
            "aws_iam_policy.additional": _MORE,
            "aws_iam_policy.cluster_encryption*": "the role has a policy for the key of its own",
            "aws_iam_role_policy_attachment.additional*": _MORE,
            "aws_iam_role_policy_attachment.cluster_encryption*": "the role has a policy for the "
            "key of its own",
            'aws_iam_role_policy_attachment.this["AmazonEKSVPCResourceController"]': "security "
            "groups of single pods are not used",
            "aws_security_group*": _GROUPS,
            "module.blue.aws_iam_role*": _NODES,
            "module.green.aws_iam_role*": _NODES,
            "module.fargate.*": _FARGATE,
        },
        beside={
            **dict.fromkeys(
                (
                    *("aws_default_security_group", "aws_flow_log", "aws_route_table"),
                    *("aws_route_table_association", "aws_subnet", "aws_vpc", "aws_route"),
                    *("aws_internet_gateway", "aws_eip", "aws_nat_gateway", "aws_vpc_endpoint"),
                    "aws_vpc_endpoint_route_table_association",
                ),
                "the network layer, which every environment has; the example has its own",
            ),
            **dict.fromkeys(
                (
                    *("aws_kms_alias", "aws_kms_key", "aws_s3_bucket", "aws_s3_bucket_policy"),
                    *("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_versioning"),
                    *("aws_s3_bucket_public_access_block", "aws_s3_bucket_ownership_controls"),
                    "aws_s3_bucket_server_side_encryption_configuration",
                ),
                "the registry layer, which every environment has: the key and the bucket of "
                "artifacts",
            ),
            "aws_security_group": "the API is reached from the VPC",
            "aws_vpc_security_group_ingress_rule": "the API is reached from the VPC",
            "aws_iam_role_policy": "what the roles may do",
            "terraform_data": "which version of its template a node group launches",
        },
    ),
)
