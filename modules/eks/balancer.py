"""What the AWS Load Balancer Controller may do, in one account and for one cluster.

Its own policy (docs/install/iam_policy.json of kubernetes-sigs/aws-load-balancer-controller 3.5)
lets it change what any cluster's controller made; here the tag must name this cluster.
"""

from __future__ import annotations

from ..context import Context
from ..iam.policy import Statement, allow

_TAG = "elbv2.k8s.aws/cluster"


def load_balancer_controller(context: Context, cluster: str) -> list[Statement]:
    """The statements of the controller's role."""
    its_own = {"StringEquals": {f"aws:ResourceTag/{_TAG}": cluster}}
    asked = {"StringEquals": {f"aws:RequestTag/{_TAG}": cluster}}
    # Tags of what is its own change, but for the one that says so.
    kept = {**its_own, "Null": {f"aws:RequestTag/{_TAG}": "true"}}
    groups = context.arn("ec2", "security-group/*")
    of = "elasticloadbalancing"
    balancers = [context.arn(of, f"loadbalancer/{kind}/*/*") for kind in ("app", "net")]
    targets = context.arn(of, "targetgroup/*/*")
    parts = [
        context.arn(of, f"{part}/{kind}/*")
        for part in ("listener", "listener-rule")
        for kind in ("app", "net")
    ]
    return [
        allow(
            "iam:CreateServiceLinkedRole",
            context.arn("iam", "role/aws-service-role/*"),
            sid="ServiceLinkedRole",
            conditions={
                "StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}
            },
        ),
        allow(
            [
                *(f"ec2:Describe{what}" for what in _EC2),
                *(f"{of}:Describe{what}" for what in _BALANCING),
                *("acm:ListCertificates", "shield:GetSubscriptionState"),
            ],
            "*",
            sid="Read",
        ),
        allow("ec2:GetSecurityGroupsForVpc", context.arn("ec2", "vpc/*"), sid="ReadGroups"),
        allow(
            "acm:DescribeCertificate", context.arn("acm", "certificate/*"), sid="ReadCertificates"
        ),
        allow(
            "cognito-idp:DescribeUserPoolClient",
            context.arn("cognito-idp", "userpool/*"),
            sid="ReadUserPools",
        ),
        allow(
            "shield:DescribeProtection",
            f"arn:{context.partition}:shield::{context.account}:protection/*",
            sid="ReadProtections",
        ),
        # A web ACL is the team's, so that no tag of the controller stands on it.
        allow(
            [
                *("wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACL"),
                "wafv2:GetWebACLForResource",
            ],
            [context.arn("wafv2", "regional/webacl/*/*"), balancers[0]],
            sid="Protect",
        ),
        allow(
            "ec2:CreateSecurityGroup",
            [context.arn("ec2", "vpc/*"), groups],
            sid="MakeGroups",
        ),
        allow(
            "ec2:CreateTags",
            groups,
            sid="TagNewGroups",
            conditions={
                "StringEquals": {
                    **asked["StringEquals"],
                    "ec2:CreateAction": "CreateSecurityGroup",
                }
            },
        ),
        allow(["ec2:CreateTags", "ec2:DeleteTags"], groups, sid="TagGroups", conditions=kept),
        # It opens the nodes' group too, which EKS made.
        allow(
            ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
            groups,
            sid="OpenGroups",
        ),
        allow("ec2:DeleteSecurityGroup", groups, sid="DeleteGroups", conditions=its_own),
        allow(
            [f"{of}:CreateLoadBalancer", f"{of}:CreateTargetGroup"],
            [*balancers, targets],
            sid="Make",
            conditions=asked,
        ),
        allow(
            f"{of}:AddTags",
            [*balancers, targets],
            sid="TagNew",
            conditions={
                "StringEquals": {
                    **asked["StringEquals"],
                    f"{of}:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
                }
            },
        ),
        allow(
            [f"{of}:AddTags", f"{of}:RemoveTags"], [*balancers, targets], sid="Tag", conditions=kept
        ),
        # Listeners and rules carry no tag of it when they are made.
        allow([f"{of}:AddTags", f"{of}:RemoveTags"], parts, sid="TagParts"),
        allow(
            [f"{of}:{does}" for does in _OF_PARTS],
            [*balancers, *parts],
            sid="ChangeParts",
        ),
        allow(
            [f"{of}:{does}" for does in _OF_OWN],
            [*balancers, targets, *parts],
            sid="Change",
            conditions=its_own,
        ),
        allow([f"{of}:RegisterTargets", f"{of}:DeregisterTargets"], targets, sid="Targets"),
    ]


_EC2 = (
    *("AccountAttributes", "Addresses", "AvailabilityZones", "Instances"),
    *("InternetGateways", "IpamPools", "NetworkInterfaces", "RouteTables", "SecurityGroups"),
    *("Subnets", "Tags", "VpcPeeringConnections", "Vpcs"),
)
_BALANCING = (
    *("CapacityReservation", "ListenerAttributes", "ListenerCertificates", "Listeners"),
    *("LoadBalancerAttributes", "LoadBalancers", "Rules", "SSLPolicies", "Tags"),
    *("TargetGroupAttributes", "TargetGroups", "TargetHealth", "TrustStores"),
)
_OF_PARTS = (
    *("AddListenerCertificates", "CreateListener", "CreateRule", "DeleteListener", "DeleteRule"),
    *("ModifyListener", "ModifyRule", "RemoveListenerCertificates", "SetRulePriorities"),
    "SetWebAcl",
)
_OF_OWN = (
    *("DeleteLoadBalancer", "DeleteTargetGroup", "ModifyCapacityReservation", "ModifyIpPools"),
    *("ModifyListenerAttributes", "ModifyLoadBalancerAttributes", "ModifyTargetGroup"),
    *("ModifyTargetGroupAttributes", "SetIpAddressType", "SetSecurityGroups", "SetSubnets"),
)
