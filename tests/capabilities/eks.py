"""Amazon EKS."""

from __future__ import annotations

from inferform import (
    AutoMode,
    EksCluster,
    Environment,
    FargateProfile,
    Network,
    NodeGroup,
    NodeLaunch,
    OwnTemplate,
    Registry,
)

from .record import (
    ACCOUNT,
    CERTIFICATE,
    DEV,
    IN_KUBERNETES,
    MODEL,
    OWN_CHOICE,
    PART_OF_A_NAME,
    Capability,
)

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
            "own": NodeGroup(
                instance_types=["m7i.large"], max_size=2,
                launch=NodeLaunch(
                    ami="ami-0123456789abcdef0", os="AL2023", script="echo",
                    settings={{"kubelet": {{"config": {{"maxPods": 40}}}}}},
                ),
            ),
            "read": NodeGroup(
                instance_types=["m7i.large"], max_size=2,
                launch=NodeLaunch(ami_parameter="/aws/service/eks/x/image_id"),
            ),
            "theirs": NodeGroup(
                instance_types=["m7i.large"], max_size=2,
                launch=NodeLaunch(template=OwnTemplate(id="lt-0123456789abcdef0", version="3")),
            ),
        }},
        karpenter=Karpenter(
            pools={{
                "burst": NodePool(
                    instance_families=["m7i"], instance_types=["m7i.large"], max_vcpu=64,
                    max_gpus=1, zones=["us-east-1a"], disk_size_gib=100, weight=10,
                    labels={{"team": "ml"}}, taints=[Taint(key="burst")],
                ),
            }},
        ),
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
            model={MODEL},
            compute=Pod(
                vcpu=2.0, memory_mib=4096, gpus=1, node_group="gpu",
                collector=Collector(memory_mib=128, config="receivers:"),
            ),
            count=1,
        ),
        "jobs": EksService(
            model={MODEL}, compute=Pod(vcpu=1.0, memory_mib=2048),
            scaling=KedaScaling(
                max_capacity=4, fallback=1,
                triggers=[
                    QueueTrigger(queue="https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/jobs"),
                    PrometheusTrigger(
                        server="http://prometheus.monitoring:9090", query="up", target=1.0
                    ),
                ],
            ),
        ),
    }},
    keda=Keda(),
),
"""

_AUTO = f"""
eks=EksCluster(
    version="1.35",
    compute=AutoMode(
        gpu_pool=GpuNodePool(instance_families=["g6"], max_gpus=2),
        pools={{"large": NodePool(instance_families=["m7i"], max_vcpu=64, disk_size_gib=200)}},
    ),
),
kubernetes=Kubernetes(
    services={{"web": EksService(model={MODEL}, compute=Pod(vcpu=1.0, memory_mib=2048))}},
    objects_by="gitops",
),
"""

_BESIDE = """
eks=EksCluster(
    version="1.35",
    compute=AutoMode(
        groups={"beside": NodeGroup(instance_types=["m7i.large"], max_size=2)},
    ),
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


def launches() -> Environment:
    """Groups that start in a way of their own, beside Auto Mode."""
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        eks=EksCluster(
            version="1.35",
            compute=AutoMode(
                groups={
                    "own": NodeGroup(
                        instance_types=["m7i.large"],
                        max_size=2,
                        launch=NodeLaunch(
                            ami_parameter="/aws/service/eks/optimized-ami/1.35/"
                            "amazon-linux-2023/x86_64/standard/recommended/image_id",
                            settings={"kubelet": {"config": {"maxPods": 40}}},
                        ),
                    ),
                    "theirs": NodeGroup(
                        instance_types=["m7i.large"],
                        max_size=2,
                        launch=NodeLaunch(
                            template=OwnTemplate(id="lt-0123456789abcdef0", version="3")
                        ),
                    ),
                },
            ),
        ),
    )


CAPABILITY = Capability(
    examples={
        "eks": _EXAMPLE,
        "auto": _AUTO,
        "beside": _BESIDE,
    },
    environments={"fargate": fargate_cluster, "launches": launches},
    not_aws={
        PART_OF_A_NAME: ("AccessEntry.policy",),
        OWN_CHOICE: ("NodeLaunch.os",),
        IN_KUBERNETES: (
            "Karpenter.ami",
            "NodeLaunch.ami_parameter",
            "NodeLaunch.script",
            "NodeLaunch.settings{key}",
            "NodeLaunch.settings{}",
            "NodePool.architectures[]",
            "NodePool.capacity_types[]",
            "NodePool.consolidate_after_minutes",
            "NodePool.consolidation",
            "NodePool.disk_size_gib",
            "NodePool.expire_after_hours",
            "NodePool.instance_families[]",
            "NodePool.instance_types[]",
            "NodePool.labels{key}",
            "NodePool.labels{}",
            "NodePool.max_gpus",
            "NodePool.max_vcpu",
            "NodePool.weight",
            "NodePool.zones[]",
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
            "CAPACITY_BLOCK": "is what a CapacityBlock in reservation says",
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
        "NodeLaunch.ami": ("ami-0123456789abcdef0",),
        "OwnTemplate.id": ("lt-0123456789abcdef0",),
    },
    encrypted={
        "aws_eks_cluster": lambda cluster: cluster["encryption_config"]["provider"]["key_arn"],
    },
    data_sources={
        "aws_eks_addon_version": "eks:DescribeAddonVersions",
        "aws_ssm_parameter": "ssm:GetParameter",
    },
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
    checkov={
        "peers-eks-*/aws_eks_cluster.*": {
            "CKV_AWS_37": "the environment's Spec names the logs that it asks for",
            "CKV_AWS_39": "the environment's Spec names the ranges that reach the API",
        },
    },
    unnamed={
        "aws_eks_addon.addon_name": "AWS's name of the add-on",
    },
)
