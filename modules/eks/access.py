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
    # Of the cluster, its nodes, the VPC CNI and EKS Auto Mode.
    "ec2": Access(
        (),
        roles=(
            *("Assign*", "AssociateTrunkInterface", "AttachNetworkInterface", "AttachVolume"),
            *("AuthorizeSecurityGroupIngress", "CreateFleet", "CreateLaunchTemplate"),
            *("CreateNetworkInterface*", "CreateRoute", "CreateSecurityGroup", "CreateSnapshot"),
            *("CreateTags", "CreateVolume", "DeleteNetworkInterface*", "DeleteRoute"),
            *("DeleteSecurityGroup", "DeleteVolume", "Describe*", "DetachNetworkInterface"),
            *("DetachVolume", "DisassociateTrunkInterface", "EnableFastSnapshotRestores"),
            *("GetCoipPoolUsage", "GetInstanceTypesFromInstanceRequirements"),
            *("GetSecurityGroupsForVpc", "ModifyInstanceAttribute"),
            *("ModifyNetworkInterfaceAttribute", "ModifyVolume", "RevokeSecurityGroupIngress"),
            *("RunInstances", "Unassign*"),
        ),
    ),
    "eks": Access(
        ("Describe", "List"),
        roles=("DescribeCluster", "DescribeNodegroup"),
        passes_to=("ec2", "eks", "eks-fargate-pods", "pods.eks"),
        attaches=(
            "AmazonEBSCSIDriverPolicy",
            "AmazonEC2ContainerRegistryPullOnly",
            "AmazonEFSCSIDriverPolicy",
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
    "eks-auth": Access((), deploys=False, roles=("AssumeRoleForPodIdentity",)),
    "shield": Access(
        (),
        deploys=False,
        roles=("CreateProtection", "DeleteProtection", "TagResource"),
        roles_have_regions=False,
    ),
    "xray": Access((), deploys=False, roles=("GetSampling*", "PutTelemetry*", "PutTrace*")),
}
