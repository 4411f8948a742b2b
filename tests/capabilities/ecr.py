"""Image repositories."""

from __future__ import annotations

from typing import Any

from .record import PART_OF_A_POLICY, TERRAFORMS, Capability


def _is_encrypted(repository: dict[str, Any]) -> bool:
    (found,) = repository["encryption_configuration"]
    return found["encryption_type"] == "KMS" and bool(found["kms_key"])


CAPABILITY = Capability(
    not_aws={
        PART_OF_A_POLICY: (
            "Repository.expire_untagged_days",
            "Repository.keep_images",
            "Repository.pull_accounts[]",
        ),
    },
    stricter={
        "an image is in Amazon ECR, and is named by tag or digest": ("Image.tag",),
    },
    shorter={
        "tags of images have 128 characters": ("Image.tag",),
    },
    good={
        "ECR1": ("111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2",),
        "ECR5": ("sha256:4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f",),
    },
    encrypted={"aws_ecr_repository": _is_encrypted},
    requests={
        "aws_ecr_lifecycle_policy": "ecr:PutLifecyclePolicy",
        "aws_ecr_repository": "ecr:CreateRepository",
        "aws_ecr_repository_policy": "ecr:SetRepositoryPolicy",
    },
    elsewhere={
        "aws_ecr_lifecycle_policy.policy": "ecr:PutLifecyclePolicyRequest.lifecyclePolicyText",
    },
    own={
        TERRAFORMS: ("aws_ecr_repository.force_delete",),
    },
    cloudsplaining={
        "*/aws_iam_role_policy.*": {
            "ecr:GetAuthorizationToken": "AWS gives it for no single registry, and it reads nothing",
        },
    },
)
