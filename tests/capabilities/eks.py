"""Amazon EKS."""

from __future__ import annotations

from inferform import EksCluster, Environment, FargateProfile, Network, Registry

from .record import ACCOUNT, CERTIFICATE, DEV, IN_KUBERNETES, MODEL, PART_OF_A_NAME, Capability

_EXAMPLE = f"""
eks=EksCluster(
    version="1.35",
    compute=NodeGroups(
        groups={{
            "cpu": NodeGroup(
                instance_types=["m7i.large"], max_size=3, labels={{"team": "ml"}},
                taints=[Taint(key="only", value="ml", effect="PREFER_NO_SCHEDULE")],
            ),
            "gpu": NodeGroup(instance_types=["g6.xlarge"], max_size=2, desired_size=1),
        }},
        load_balancer_controller=True,
    ),
    public_access_cidrs=["192.0.2.0/24"],
    access={{
        "admins": AccessEntry(
            principal="arn:aws:iam::{ACCOUNT}:role/admin", policy="AmazonEKSClusterAdminPolicy"
        ),
    }},
    addons={{
        "metrics-server": Addon(configuration={{"replicas": 2}}),
        "aws-ebs-csi-driver": Addon(),
        "aws-efs-csi-driver": Addon(),
        "aws-mountpoint-s3-csi-driver": Addon(),
    }},
),
kubernetes=Kubernetes(
    services={{
        "web": EksService(
            model={MODEL},
            compute=Pod(vcpu=1.0, memory_mib=2048, tolerations=[Toleration(key="only")]),
            volumes={{
                "cache": EbsMount(path="/cache", size_gib=100),
                "features": EfsMount(
                    path="/mnt/features", file_system="fs-0123456789abcdef0",
                    access_point="fsap-0123456789abcdef0",
                ),
                "more": BucketMount(path="/mnt/more", bucket="acme-models", prefix="fraud/"),
                "old": ClaimMount(path="/mnt/old", claim="models"),
            }},
            scaling=Scaling(
                min_capacity=1, max_capacity=4,
                policies=[TargetTracking(metric=CpuUtilization(percent=60.0))],
            ),
            ingress=Ingress(host="fraud.acme.test", certificate_arn="{CERTIFICATE}"),
            client_namespaces=["shop"],
        ),
        "gpu": EksService(
            model={MODEL}, compute=Pod(vcpu=2.0, memory_mib=4096, gpus=1, node_group="gpu"),
            count=1,
        ),
    }},
),
"""

_AUTO = f"""
eks=EksCluster(
    version="1.35",
    compute=AutoMode(gpu_pool=GpuNodePool(instance_families=["g6"], max_gpus=2)),
),
kubernetes=Kubernetes(
    services={{"web": EksService(model={MODEL}, compute=Pod(vcpu=1.0, memory_mib=2048))}},
    objects_by="gitops",
),
"""


def fargate_cluster() -> Environment:
    """The compute of EKS that no README has as a whole environment."""
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        eks=EksCluster(version="1.35", compute=FargateProfile()),
    )


CAPABILITY = Capability(
    examples={
        "eks": _EXAMPLE,
        "auto": _AUTO,
    },
    environments={"fargate": fargate_cluster},
    not_aws={
        PART_OF_A_NAME: ("AccessEntry.policy",),
        IN_KUBERNETES: (
            "Addon.configuration{key}",
            "Addon.configuration{}",
            "GpuNodePool.capacity_types[]",
            "GpuNodePool.instance_families[]",
            "GpuNodePool.max_gpus",
        ),
    },
    left_out={
        "NodeGroup.ami_type": {
            "AL2_.+": "ended in November 2025 (EKS6)",
            "CUSTOM": "Inferform derives the AMI",
            "WINDOWS_.+": "inference runs on Linux",
            "BOTTLEROCKET_.+_NVIDIA_FIPS": "hashicorp/aws 5.100 does not know them",
        },
        "NodeGroup.capacity_type": {
            "CAPACITY_BLOCK": "needs a reservation that is bought by hand",
        },
    },
    stricter={
        "Kubernetes' own form of labels": (
            "NodeGroup.labels{key}",
            "NodeGroup.labels{}",
            "Taint.key",
            "Taint.value",
        ),
    },
    good={
        "EKS28": ("v1.35.0-eksbuild.2",),
    },
    encrypted={
        "aws_eks_cluster": lambda cluster: cluster["encryption_config"]["provider"]["key_arn"],
    },
    data_sources={"aws_eks_addon_version": "eks:DescribeAddonVersions"},
    requests={
        "aws_eks_access_entry": "eks:CreateAccessEntry",
        "aws_eks_access_policy_association": "eks:AssociateAccessPolicy",
        "aws_eks_addon": "eks:CreateAddon",
        "aws_eks_cluster": "eks:CreateCluster",
        "aws_eks_fargate_profile": "eks:CreateFargateProfile",
        "aws_eks_node_group": "eks:CreateNodegroup",
        "aws_eks_pod_identity_association": "eks:CreatePodIdentityAssociation",
    },
    elsewhere={
        "aws_eks_addon.resolve_conflicts_on_create": "eks:CreateAddonRequest.resolveConflicts",
        "aws_eks_addon.resolve_conflicts_on_update": "eks:UpdateAddonRequest.resolveConflicts",
        "aws_eks_cluster.enabled_cluster_log_types": "eks:LogSetup.types",
        "aws_eks_cluster.vpc_config": "eks:VpcConfigRequest",
        "aws_eks_fargate_profile.subnet_ids": "eks:CreateFargateProfileRequest.subnets",
        "aws_eks_node_group.node_role_arn": "eks:CreateNodegroupRequest.nodeRole",
        "aws_eks_node_group.subnet_ids": "eks:CreateNodegroupRequest.subnets",
    },
    unnamed={
        "aws_eks_addon.addon_name": "AWS's name of the add-on",
    },
)
