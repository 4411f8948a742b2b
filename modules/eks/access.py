"""The AWS services behind EKS."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "autoscaling": Access(
        (),
        roles=(
            *("SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"),
            "UpdateAutoScalingGroup",
        ),
    ),
    # What AmazonEKSLoadBalancingPolicy looks up.
    "cognito-idp": Access((), deploys=False, roles=("DescribeUserPoolClient",)),
    # Of the cluster, its nodes, the VPC CNI, EKS Auto Mode, and drivers of volumes.
    "ec2": Access(
        (),
        roles=(
            *("Assign*", "AssociateTrunkInterface", "AttachNetworkInterface", "AttachVolume"),
            *("AuthorizeSecurityGroupIngress", "CopyVolumes", "CreateFleet"),
            "CreateLaunchTemplate",
            *("CreateNetworkInterface*", "CreateRoute", "CreateSecurityGroup", "CreateSnapshot"),
            *("CreateTags", "CreateVolume", "DeleteNetworkInterface*", "DeleteRoute"),
            *("DeleteSecurityGroup", "DeleteSnapshot", "DeleteTags", "DeleteVolume", "Describe*"),
            "DetachNetworkInterface",
            *("DetachVolume", "DisassociateTrunkInterface", "EnableFastSnapshotRestores"),
            *("GetCoipPoolUsage", "GetInstanceTypesFromInstanceRequirements"),
            *("GetSecurityGroupsForVpc", "LockSnapshot", "ModifyInstanceAttribute"),
            *("ModifyNetworkInterfaceAttribute", "ModifyVolume", "RevokeSecurityGroupIngress"),
            *("RunInstances", "Unassign*"),
        ),
    ),
    "eks": Access(
        ("Describe", "List"),
        roles=("DescribeCluster", "DescribeNodegroup"),
        passes_to=("ec2", "eks", "eks-fargate-pods", "pods.eks"),
        attaches=(
            "AmazonEBSCSIDriverPolicyV2",
            "AmazonEC2ContainerRegistryPullOnly",
            "service-role/AmazonEFSCSIDriverPolicy",
            "AmazonEKSBlockStoragePolicy",
            "AmazonEKSClusterPolicy",
            "AmazonEKSComputePolicy",
            "AmazonEKSFargatePodExecutionRolePolicy",
            "AmazonEKSLoadBalancingPolicy",
            "AmazonEKSNetworkingPolicy",
            "AmazonEKSWorkerNodeMinimalPolicy",
            "AmazonEKSWorkerNodePolicy",
            "AmazonEKS_CNI_Policy",
            "CloudWatchAgentServerPolicy",
        ),
    ),
    # Of the EFS driver.
    "elasticfilesystem": Access(
        (),
        deploys=False,
        roles=("CreateAccessPoint", "DeleteAccessPoint", "Describe*", "TagResource"),
    ),
    "eks-auth": Access((), deploys=False, roles=("AssumeRoleForPodIdentity",)),
    "shield": Access(
        (),
        deploys=False,
        roles=(
            *("CreateProtection", "DeleteProtection", "DescribeProtection"),
            *("GetSubscriptionState", "TagResource"),
        ),
        roles_have_regions=False,
    ),
    "xray": Access((), deploys=False, roles=("GetSampling*", "PutTelemetry*", "PutTrace*")),
}
