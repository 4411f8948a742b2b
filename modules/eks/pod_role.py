"""IAM roles of pods: what one service account may do in AWS."""

from __future__ import annotations

from collections.abc import Iterable

from ..cdk import Construct, ITerraformDependable
from ..context import Context
from ..iam.execution_role import note_given
from ..iam.policy import Statement, document, merged

from cdktf_cdktf_provider_aws.eks_pod_identity_association import EksPodIdentityAssociation
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment

_POD_IDENTITY = "pods.eks.amazonaws.com"


class PodRole(Construct):
    """A role that one service account of one cluster assumes.

    Nodes hand it out by EKS Pod Identity. Fargate has no agent for that, so there the role
    trusts the cluster's OIDC issuer instead, and the service account names the role.
    `association_cluster` is a reference to a cluster of the same stack, which is waited for.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        name: str,
        cluster_name: str,
        namespace: str,
        service_account: str,
        statements: Iterable[Statement] = (),
        managed_policies: Iterable[str] = (),
        association_cluster: str | None = None,
        oidc_issuer: str | None = None,
        given: str | None = None,
    ) -> None:
        """`given` is the ARN of a role that exists, which takes its place. Default: None."""
        super().__init__(scope, id)
        self.name = name
        held = list(statements)
        self.ready: list[ITerraformDependable] = []
        if given is not None:
            self.arn = given
            issuer = context.arn("iam", f"oidc-provider/{oidc_issuer}")
            trusted = issuer if oidc_issuer else _POD_IDENTITY
            note_given(self, arn=given, trusted=trusted, statements=merged(held))
        else:
            trust = (
                _trust_issuer(context, oidc_issuer, namespace, service_account)
                if oidc_issuer
                else _trust_pod_identity(context, cluster_name, namespace, service_account)
            )
            self._make(context, trust, held, managed_policies)
        if oidc_issuer is None:
            self.ready.append(
                EksPodIdentityAssociation(
                    self,
                    "association",
                    cluster_name=association_cluster or cluster_name,
                    namespace=namespace,
                    service_account=service_account,
                    role_arn=self.arn,
                    depends_on=list(self.ready) or None,
                )
            )

    def _make(
        self,
        context: Context,
        trust: str,
        statements: list[Statement],
        managed_policies: Iterable[str],
    ) -> None:
        role = IamRole(self, "role", name=self.name, assume_role_policy=trust)
        self.arn = role.arn
        self.ready += [
            IamRolePolicyAttachment(
                self,
                f"managed-{policy.lower()}",
                role=role.name,
                policy_arn=f"arn:{context.partition}:iam::aws:policy/{policy}",
            )
            for policy in managed_policies
        ]
        if statements:
            self.ready.append(
                IamRolePolicy(
                    self, "policy", name="pod", role=role.id, policy=document(*statements)
                )
            )


def _trust_pod_identity(
    context: Context, cluster_name: str, namespace: str, service_account: str
) -> str:
    return document(
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Principal": {"Service": _POD_IDENTITY},
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-arn": context.arn("eks", f"cluster/{cluster_name}"),
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    )


def _trust_issuer(context: Context, issuer: str, namespace: str, service_account: str) -> str:
    return document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": context.arn("iam", f"oidc-provider/{issuer}")},
            "Condition": {
                "StringEquals": {
                    f"{issuer}:aud": "sts.amazonaws.com",
                    f"{issuer}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                }
            },
        }
    )
