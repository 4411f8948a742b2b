"""The synthesized JSON of the eks layer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AccessEntry,
    Addon,
    AutoMode,
    Context,
    EksCluster,
    Environment,
    FargateProfile,
    Network,
    NetworkOutputs,
    NodeGroup,
    NodeGroups,
    Registry,
    RegistryOutputs,
)
from tests.conftest import Synthesized

Synthesize = Callable[..., Synthesized]
Stack = dict[str, Any]

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="inferform-deploy",
)
NETWORK = NetworkOutputs(
    vpc_id="vpc-1",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1",
)
KEY = "arn:aws:kms:us-east-1:111122223333:key/k"
REGISTRY = RegistryOutputs(kms_key_arn=KEY, artifact_bucket="artifacts")
GROUPS = NodeGroups(
    groups={
        "cpu": NodeGroup(instance_types=["m7g.large"], max_size=3, desired_size=2),
        "gpu": NodeGroup(
            instance_types=["g5.xlarge", "g6.xlarge"],
            capacity_type="SPOT",
            min_size=0,
            max_size=4,
        ),
    }
)


@pytest.fixture
def stack(synthesize: Synthesize) -> Callable[..., Stack]:
    def of(context: Context = CONTEXT, **fields: Any) -> Stack:
        cluster = EksCluster(**{"version": "1.35", **fields})
        environment = Environment(context=context, network=NETWORK, registry=REGISTRY, eks=cluster)
        return synthesize(environment)[f"{context.key}-eks"]

    return of


def resources(stack: Stack, kind: str) -> dict[str, Any]:
    found = stack["resource"].get(kind, {})
    return {entry["//"]["metadata"]["path"].rpartition("/")[2]: entry for entry in found.values()}


def cluster_of(stack: Stack) -> dict[str, Any]:
    (cluster,) = resources(stack, "aws_eks_cluster").values()
    return dict(cluster)


def policies(stack: Stack) -> set[str]:
    attached = resources(stack, "aws_iam_role_policy_attachment").values()
    return {entry["policy_arn"].rpartition("/")[2] for entry in attached}


@pytest.mark.parametrize("compute", [AutoMode(), GROUPS, FargateProfile()])
def test_every_cluster_is_private_logged_encrypted_and_opened_by_entries(
    stack: Callable[..., Stack], compute: Any
) -> None:
    made = stack(compute=compute)
    cluster = cluster_of(made)
    assert cluster["vpc_config"]["endpoint_private_access"] is True
    assert cluster["vpc_config"]["endpoint_public_access"] is False
    assert len(cluster["enabled_cluster_log_types"]) == 5
    assert cluster["encryption_config"] == {
        "provider": {"key_arn": KEY},
        "resources": ["secrets"],
    }
    assert cluster["access_config"] == {
        "authentication_mode": "API",
        "bootstrap_cluster_creator_admin_permissions": False,
    }
    assert cluster["bootstrap_self_managed_addons"] is False
    assert cluster["upgrade_policy"] == {"support_type": "STANDARD"}
    (logs,) = resources(made, "aws_cloudwatch_log_group").values()
    assert logs["name"] == f"/aws/eks/{cluster['name']}/cluster"
    assert logs["kms_key_id"] == KEY
    assert any("aws_cloudwatch_log_group" in each for each in cluster["depends_on"])
    assert any("aws_iam_role_policy_attachment" in each for each in cluster["depends_on"])


def test_auto_mode_is_on_altogether_or_not_at_all(stack: Callable[..., Stack]) -> None:
    auto = stack()
    cluster = cluster_of(auto)
    assert cluster["compute_config"]["node_pools"] == ["general-purpose", "system"]
    assert cluster["storage_config"] == {"block_storage": {"enabled": True}}
    assert cluster["kubernetes_network_config"] == {"elastic_load_balancing": {"enabled": True}}
    role = json.loads(resources(auto, "aws_iam_role")["cluster-role"]["assume_role_policy"])
    assert role["Statement"][0]["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert {
        "AmazonEKSComputePolicy",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
        "AmazonEKSWorkerNodeMinimalPolicy",
    } <= policies(auto)
    assert "AmazonEKS_CNI_Policy" not in policies(auto)
    assert "aws_eks_node_group" not in auto["resource"]
    groups = cluster_of(stack(compute=GROUPS))
    assert not {"compute_config", "storage_config", "kubernetes_network_config"} & set(groups)


def test_node_groups_run_what_their_instances_need(stack: Callable[..., Stack]) -> None:
    made = stack(compute=GROUPS)
    groups = resources(made, "aws_eks_node_group")
    assert groups["cpu"]["ami_type"] == "AL2023_ARM_64_STANDARD"
    assert "taint" not in groups["cpu"]
    assert groups["gpu"]["ami_type"] == "AL2023_x86_64_NVIDIA"
    assert groups["gpu"]["capacity_type"] == "SPOT"
    assert groups["gpu"]["taint"] == [
        {"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}
    ]
    assert groups["gpu"]["labels"] == {
        "inferform/node-group": "gpu",
        "nvidia.com/gpu.present": "true",
    }
    assert all(group["version"] == "1.35" for group in groups.values())
    template = resources(made, "aws_launch_template")["gpu-template"]
    assert template["metadata_options"] == {
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    assert template["block_device_mappings"][0]["ebs"]["encrypted"] == "true"


def test_what_nodes_are_started_with_replaces_them_and_their_tags_do_not(
    stack: Callable[..., Stack],
) -> None:
    def launched(**changes: Any) -> dict[str, Any]:
        group = NodeGroup(instance_types=["m5.large"], max_size=1).replace(**changes)
        made = stack(compute=NodeGroups(groups={"cpu": group}))
        (held,) = resources(made, "terraform_data").values()
        (of_group,) = resources(made, "aws_eks_node_group").values()
        assert held["lifecycle"] == {"ignore_changes": ["input"]}
        assert of_group["launch_template"]["version"].endswith(".output}")
        found: dict[str, Any] = held["triggers_replace"]
        return found

    first = launched()
    assert launched(disk_size_gib=200)["content"] != first["content"]
    assert (
        launched(overrides={"template": {"ebs_optimized": "true"}})["content"] != first["content"]
    )
    tags = {"template": {"tag_specifications.0.tags": {"team": "ml"}}}
    assert launched(overrides=tags) == first
    assert launched(max_size=2) == first


def test_tags_of_a_group_reach_its_instances_and_volumes(stack: Callable[..., Stack]) -> None:
    group = NodeGroup(instance_types=["m5.large"], max_size=1, tags={"cost-center": "42"})
    made = stack(compute=NodeGroups(groups={"cpu": group}))
    (template,) = resources(made, "aws_launch_template").values()
    found = {each["resource_type"]: each["tags"] for each in template["tag_specifications"]}
    assert {kind: tags.get("cost-center") for kind, tags in found.items()} == {
        "instance": "42",
        "volume": "42",
    }
    assert all({"Name", "owner"} <= tags.keys() for tags in found.values())


def test_bottlerocket_gets_its_second_volume(stack: Callable[..., Stack]) -> None:
    group = NodeGroup(instance_types=["m5.large"], max_size=1, ami_type="BOTTLEROCKET_x86_64")
    made = stack(compute=NodeGroups(groups={"cpu": group}))
    (template,) = resources(made, "aws_launch_template").values()
    assert template["block_device_mappings"][0]["device_name"] == "/dev/xvdb"


def test_desired_is_ignored_exactly_when_an_autoscaler_owns_it(
    stack: Callable[..., Stack],
) -> None:
    (fixed, *_) = resources(stack(compute=GROUPS), "aws_eks_node_group").values()
    assert fixed["lifecycle"] == {"create_before_destroy": True}
    assert fixed["scaling_config"] == {"min_size": 1, "desired_size": 2, "max_size": 3}
    made = stack(compute=GROUPS.replace(cluster_autoscaler=True))
    (scaled, *_) = resources(made, "aws_eks_node_group").values()
    assert scaled["lifecycle"]["ignore_changes"] == ["scaling_config[0].desired_size"]
    (association,) = resources(made, "aws_eks_pod_identity_association").values()
    assert (association["namespace"], association["service_account"]) == (
        "kube-system",
        "cluster-autoscaler",
    )


def test_a_group_that_cannot_change_gets_a_new_name(stack: Callable[..., Stack]) -> None:
    def name(**fields: Any) -> str:
        group = NodeGroup(**{"instance_types": ["m5.large"], "max_size": 3, **fields})
        made = stack(compute=NodeGroups(groups={"cpu": group}))
        (entry,) = resources(made, "aws_eks_node_group").values()
        return str(entry["node_group_name"])

    assert name() == name(max_size=9, disk_size_gib=200, labels={"team": "ml"})
    assert name() != name(instance_types=["m5.xlarge"])
    assert name() != name(ami_type="BOTTLEROCKET_x86_64")
    assert name().endswith("-${local.suffix}")


def test_the_network_comes_before_nodes_and_dns_after_them(stack: Callable[..., Stack]) -> None:
    made = stack(compute=GROUPS)
    addons = resources(made, "aws_eks_addon")
    assert set(addons) == {
        "addon-coredns",
        "addon-eks-pod-identity-agent",
        "addon-kube-proxy",
        "addon-metrics-server",
        "addon-vpc-cni",
    }
    assert json.loads(addons["addon-vpc-cni"]["configuration_values"]) == {
        "enableNetworkPolicy": "true"
    }
    group = resources(made, "aws_eks_node_group")["cpu"]
    assert any("addon-vpc-cni" in each for each in group["depends_on"])
    assert "depends_on" not in addons["addon-vpc-cni"]
    assert any("aws_eks_node_group" in each for each in addons["addon-coredns"]["depends_on"])


def test_an_add_on_follows_the_clusters_version_unless_pinned(
    stack: Callable[..., Stack],
) -> None:
    pinned = {"coredns": Addon(version="v1.12.4-eksbuild.1", configuration={"replicaCount": 3})}
    made = stack(compute=GROUPS, addons=pinned)
    addons = resources(made, "aws_eks_addon")
    assert addons["addon-coredns"]["addon_version"] == "v1.12.4-eksbuild.1"
    assert addons["addon-coredns"]["configuration_values"] == '{"replicaCount": 3}'
    followed = made["data"]["aws_eks_addon_version"].values()
    assert {entry["kubernetes_version"] for entry in followed} == {"1.35"}
    assert "coredns" not in {entry["addon_name"] for entry in followed}


def test_fargate_runs_dns_and_trusts_the_clusters_tokens(stack: Callable[..., Stack]) -> None:
    made = stack(compute=FargateProfile(namespaces=["models"]))
    (profile,) = resources(made, "aws_eks_fargate_profile").values()
    assert profile["selector"] == [{"namespace": "kube-system"}, {"namespace": "models"}]
    role = json.loads(resources(made, "aws_iam_role")["fargate-role"]["assume_role_policy"])
    profiles = "arn:aws:eks:us-east-1:111122223333:fargateprofile/acme-dev-use1-eks/*"
    assert role["Statement"][0]["Condition"] == {"ArnLike": {"aws:SourceArn": profiles}}
    (issuer,) = resources(made, "aws_iam_openid_connect_provider").values()
    assert issuer["client_id_list"] == ["sts.amazonaws.com"]
    dns = resources(made, "aws_eks_addon")["addon-coredns"]
    assert json.loads(dns["configuration_values"]) == {"computeType": "Fargate"}
    assert any("aws_eks_fargate_profile" in each for each in dns["depends_on"])


def test_observability_gets_a_role_of_its_own(stack: Callable[..., Stack]) -> None:
    made = stack(addons={"amazon-cloudwatch-observability": Addon()})
    (association,) = resources(made, "aws_eks_pod_identity_association").values()
    assert association["service_account"] == "cloudwatch-agent"
    assert "CloudWatchAgentServerPolicy" in policies(made)


def test_no_policy_gives_full_access(stack: Callable[..., Stack]) -> None:
    for compute in (AutoMode(), GROUPS, FargateProfile()):
        assert not {name for name in policies(stack(compute=compute)) if "FullAccess" in name}


def test_the_roles_that_deploy_and_plan_have_entries(stack: Callable[..., Stack]) -> None:
    reader = AccessEntry(
        principal="arn:aws:iam::111122223333:role/ml",
        policy="AmazonEKSViewPolicy",
        namespaces=["inference"],
    )
    made = stack(context=CONTEXT.replace(plan_role="inferform-plan"), access={"ml": reader})
    granted = {
        entry["principal_arn"].rpartition("/")[2]: (
            entry["policy_arn"].rpartition("/")[2],
            entry["access_scope"],
        )
        for entry in resources(made, "aws_eks_access_policy_association").values()
    }
    assert granted == {
        "inferform-deploy": ("AmazonEKSClusterAdminPolicy", {"type": "cluster"}),
        "inferform-plan": ("AmazonEKSAdminViewPolicy", {"type": "cluster"}),
        "ml": ("AmazonEKSViewPolicy", {"type": "namespace", "namespaces": ["inference"]}),
    }


def test_without_a_deploy_role_whoever_creates_the_cluster_administers_it(
    stack: Callable[..., Stack],
) -> None:
    made = stack(context=CONTEXT.replace(deploy_role=None))
    assert cluster_of(made)["access_config"]["bootstrap_cluster_creator_admin_permissions"] is True
    assert "aws_eks_access_entry" not in made["resource"]


def test_a_protected_cluster_cannot_be_destroyed(stack: Callable[..., Stack]) -> None:
    made = stack(context=CONTEXT.replace(protected=True))
    assert cluster_of(made)["lifecycle"]["prevent_destroy"] is True


def test_what_eks_takes_at_a_clusters_creation_alone_never_replaces_it(
    stack: Callable[..., Stack],
) -> None:
    """An imported cluster tells nothing of them, and a deploy role may come later."""
    assert cluster_of(stack())["lifecycle"] == {
        "ignore_changes": [
            "bootstrap_self_managed_addons",
            "access_config[0].bootstrap_cluster_creator_admin_permissions",
        ]
    }


def test_the_layer_hands_up_what_services_need(synthesize: Synthesize) -> None:
    environment = Environment(
        context=CONTEXT,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        eks=EksCluster(version="1.35"),
    )
    made = synthesize(environment)
    assert set(made["dev-use1-eks"]["output"]) == {
        "cluster_name",
        "endpoint",
        "certificate_authority",
        "oidc_issuer",
    }
    cluster = cluster_of(made["dev-use1-eks"])
    assert cluster["vpc_config"]["subnet_ids"] == (
        "${data.terraform_remote_state.network.outputs.private_subnet_ids}"
    )


def test_subnets_are_marked_for_load_balancers_where_there_is_a_cluster(
    synthesize: Synthesize,
) -> None:
    def marks(**layers: Any) -> set[str]:
        network = Network(cidr="10.20.0.0/16")
        made = synthesize(
            Environment(context=CONTEXT, network=network, registry=Registry(), **layers)
        )
        subnets = resources(made["dev-use1-network"], "aws_subnet").values()
        return {tag for subnet in subnets for tag in subnet["tags"]} - {"Name"}

    assert marks(eks=EksCluster(version="1.35")) == {
        "kubernetes.io/role/elb",
        "kubernetes.io/role/internal-elb",
    }
    assert marks() == set()


def test_drivers_get_the_role_that_aws_names_for_them(stack: Callable[..., Stack]) -> None:
    names = ("aws-ebs-csi-driver", "aws-efs-csi-driver", "aws-mountpoint-s3-csi-driver")
    made = stack(compute=GROUPS, addons={name: Addon() for name in names})
    associations = [
        (each["namespace"], each["service_account"])
        for each in made["resource"]["aws_eks_pod_identity_association"].values()
    ]
    # Mountpoint reads each bucket with the role of the pods that ask for it.
    assert sorted(associations) == [
        ("kube-system", "ebs-csi-controller-sa"),
        ("kube-system", "efs-csi-controller-sa"),
    ]
    attached = {
        entry["policy_arn"] for entry in made["resource"]["aws_iam_role_policy_attachment"].values()
    }
    service_role = "arn:aws:iam::aws:policy/service-role"
    assert "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2" in attached
    assert f"{service_role}/AmazonEFSCSIDriverPolicy" in attached
    addon = resources(made, "aws_eks_addon")["addon-aws-ebs-csi-driver"]
    assert any("pod_identity_association" in each for each in addon["depends_on"])


def test_the_load_balancer_controller_changes_what_this_cluster_made(
    stack: Callable[..., Stack],
) -> None:
    made = stack(compute=GROUPS.replace(load_balancer_controller=True))
    (association,) = made["resource"]["aws_eks_pod_identity_association"].values()
    assert (association["namespace"], association["service_account"]) == (
        "kube-system",
        "aws-load-balancer-controller",
    )
    (policy,) = (
        json.loads(each["policy"])["Statement"]
        for each in made["resource"]["aws_iam_role_policy"].values()
        if each["name"] == "pod"
    )
    granted = {each["Sid"]: each for each in policy}
    cluster = cluster_of(made)["name"]
    for sid in ("Change", "DeleteGroups", "Tag"):
        its = granted[sid]["Condition"]["StringEquals"]
        assert its == {"aws:ResourceTag/elbv2.k8s.aws/cluster": cluster}
    for sid in ("Make", "TagNew", "TagNewGroups"):
        asked = granted[sid]["Condition"]["StringEquals"]
        assert asked["aws:RequestTag/elbv2.k8s.aws/cluster"] == cluster
    named = [granted[sid]["Resource"] for sid in ("Change", "Make", "Tag", "Targets")]
    arns = [arn for each in named for arn in ([each] if isinstance(each, str) else each)]
    prefix = "arn:aws:elasticloadbalancing:us-east-1:111122223333:"
    assert all(arn.startswith(prefix) for arn in arns)
    assert "aws_eks_pod_identity_association" not in stack(compute=GROUPS)["resource"]
