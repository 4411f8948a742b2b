"""IAM roles and policies."""

from __future__ import annotations

from .record import Capability

CAPABILITY = Capability(
    requests={
        "aws_iam_instance_profile": "iam:CreateInstanceProfile iam:AddRoleToInstanceProfile",
        "aws_iam_openid_connect_provider": "iam:CreateOpenIDConnectProvider",
        "aws_iam_policy": "iam:CreatePolicy",
        "aws_iam_role": "iam:CreateRole",
        "aws_iam_role_policy": "iam:PutRolePolicy",
        "aws_iam_role_policy_attachment": "iam:AttachRolePolicy",
    },
    unnamed={
        "aws_iam_role_policy.name": "unique in its role alone",
    },
)
