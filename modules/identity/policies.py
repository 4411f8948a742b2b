"""What the deploy and plan roles may do, and what no role of Inferform may exceed."""

from __future__ import annotations

from collections.abc import Iterable

from ..access import services
from ..context import Context
from ..iam.policy import Statement, allow, deny

# Services that a deploy may use for the organization's own resources only.
_BY_NAME = ("s3",)

_WRITE_ROLES = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
_KEEP_ROLES = (
    "iam:AddRoleToInstanceProfile",
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:DeleteRole",
    "iam:PassRole",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:TagInstanceProfile",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
_POLICIES = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:TagPolicy",
    "iam:UntagPolicy",
)
_CLUSTER_PROVIDERS = (
    "iam:CreateOpenIDConnectProvider",
    "iam:DeleteOpenIDConnectProvider",
    "iam:TagOpenIDConnectProvider",
    "iam:UntagOpenIDConnectProvider",
    "iam:UpdateOpenIDConnectProviderThumbprint",
)
# What changes how states are kept, or who reads them. `inferform bootstrap` sets these, with its
# caller's own credentials; Terraform only reads and writes objects.
_STATE_SETTINGS = (
    "s3:BypassGovernanceRetention",
    "s3:CreateBucket*",
    "s3:DeleteBucket*",
    "s3:DeleteObjectVersion*",
    "s3:ObjectOwnerOverrideToBucketOwner",
    "s3:Put*Configuration",
    "s3:PutBucket*",
    "s3:PutObjectAcl",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
    "s3:PutObjectVersion*",
    "s3:Replicate*",
    "s3:UpdateBucket*",
)
# What gives secrets, code, user data or inputs, which no plan needs whatever else grants it.
_NEVER_READ = (
    "codebuild:BatchGetBuilds",
    "codepipeline:GetJobDetails",
    "codepipeline:GetThirdPartyJobDetails",
    "ec2:DescribeInstanceAttribute",
    "ec2:GetConsole*",
    "ec2:GetPasswordData",
    "ecr:GetDownloadUrlForLayer",
    "kms:Decrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
    "lambda:GetFunction",
    "lambda:GetLayerVersion",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetQueryResults",
    "logs:StartQuery",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:ListCommandInvocations",
    "ssm:GetCommandInvocation",
    "ssm:GetParameterHistory",
    "states:DescribeExecution",
    "states:GetExecutionHistory",
)
_ANY_IAM_WRITE = ("Attach", "Create", "Delete", "Detach", "Put", "Set", "Tag", "Untag", "Update")


def deploy(context: Context, regions: Iterable[str]) -> list[Statement]:
    """All that a deploy needs in one account, and no way to more rights than that."""
    own = context.organization
    used = {name: access for name, access in services().items() if name not in _BY_NAME}
    regional = [f"{name}:*" for name, access in used.items() if access.has_regions]
    # aws:RequestedRegion would shut these out.
    elsewhere = [f"{name}:*" for name, access in used.items() if not access.has_regions]
    return [
        allow(
            regional,
            "*",
            sid="Deploy",
            conditions={"StringEquals": {"aws:RequestedRegion": sorted(regions)}},
        ),
        allow(elsewhere, "*", sid="DeployGlobal"),
        allow(
            "s3:*", [_bucket(context, f"{own}-*"), _bucket(context, f"{own}-*/*")], sid="Buckets"
        ),
        allow("s3:ListAllMyBuckets", "*", sid="ListBuckets"),
        allow(
            _WRITE_ROLES,
            context.arn("iam", f"role/{own}-*"),
            sid="WriteBoundedRoles",
            conditions={"StringEquals": {"iam:PermissionsBoundary": context.boundary_arn}},
        ),
        allow(
            _KEEP_ROLES,
            [context.arn("iam", f"{kind}/{own}-*") for kind in ("role", "instance-profile")],
            sid="KeepRoles",
        ),
        allow(_POLICIES, context.arn("iam", f"policy/{own}-*"), sid="Policies"),
        allow(
            "iam:CreateServiceLinkedRole",
            context.arn("iam", "role/aws-service-role/*"),
            sid="ServiceLinkedRoles",
        ),
        allow(
            _CLUSTER_PROVIDERS,
            context.arn("iam", "oidc-provider/oidc.eks.*"),
            sid="ClusterIdentity",
        ),
        allow(["iam:Get*", "iam:List*"], "*", sid="ReadIam"),
        allow("sts:AssumeRole", str(context.deploy_role_arn), sid="AssumeItself"),
        deny(_STATE_SETTINGS, _states(context), sid="KeepStates"),
        deny(
            ["s3:DeleteObject*", "s3:PutObject*", "s3:RestoreObject"],
            f"{_states(context)[0]}/*/identity.tfstate*",
            sid="KeepIdentityState",
        ),
        deny("iam:DeleteRolePermissionsBoundary", "*", sid="KeepBoundaries"),
        deny([f"iam:{verb}*" for verb in _ANY_IAM_WRITE], _identity(context), sid="KeepIdentity"),
    ]


def plan(context: Context) -> list[Statement]:
    """Reading every resource and the states, and writing nothing but the lock of a state."""
    objects = _states(context)[1]
    return [
        allow(
            [
                *(
                    f"{name}:{verb}*"
                    for name, access in services().items()
                    for verb in access.reads
                ),
                "iam:Get*",
                "iam:List*",
            ],
            "*",
            sid="Read",
        ),
        _public_parameters(context),
        # The names of objects, and whether a bucket is there.
        allow("s3:ListBucket", _bucket(context, f"{context.organization}-*"), sid="ListBuckets"),
        allow("sts:AssumeRole", str(context.plan_role_arn), sid="AssumeItself"),
        allow("s3:GetObject", objects, sid="ReadStates"),
        allow(["s3:DeleteObject", "s3:PutObject"], f"{objects}.tflock", sid="LockStates"),
        deny(_NEVER_READ, "*", sid="NoSecrets"),
    ]


def boundary(context: Context) -> list[Statement]:
    """What no role of Inferform may exceed: anything but getting more rights or at the states."""
    more_rights = ("Attach", "Detach", "Put", "Set", "Update", "Upload", "CreatePolicy")
    return [
        allow("*", "*", sid="Anything"),
        deny(
            [
                "account:*",
                "organizations:*",
                *(f"iam:{verb}*" for verb in more_rights),
                "iam:CreateAccessKey",
                "iam:CreateGroup",
                "iam:CreateLoginProfile",
                "iam:CreateOpenIDConnectProvider",
                "iam:CreateRole",
                "iam:CreateSAMLProvider",
                "iam:CreateUser",
                "iam:DeleteRole*",
            ],
            "*",
            sid="NoMoreRights",
        ),
        deny("sts:AssumeRole", _identity(context)[:2], sid="NoDeploy"),
        deny("s3:*", _states(context), sid="NoStates"),
    ]


def _identity(context: Context) -> list[str]:
    """The deploy role, the plan role and the boundary: what a deploy must not change."""
    return [str(context.deploy_role_arn), str(context.plan_role_arn), str(context.boundary_arn)]


def _public_parameters(context: Context) -> Statement:
    """Parameters of AWS's own, which name images of machines."""
    return allow(
        ["ssm:GetParameter", "ssm:GetParameters"],
        f"arn:{context.partition}:ssm:*::parameter/aws/service/*",
        sid="ReadPublicParameters",
    )


def _bucket(context: Context, name: str) -> str:
    return f"arn:{context.partition}:s3:::{name}"


def _states(context: Context) -> list[str]:
    bucket = _bucket(context, f"{context.organization}-tfstate-{context.account}-*")
    return [bucket, f"{bucket}/*"]
