"""Image repositories."""

from __future__ import annotations

from typing import Any

from inferform import (
    ArtifactBucket,
    Environment,
    Expiry,
    ObjectRule,
    PolicyStatement,
    PullThroughCache,
    Registry,
    RegistrySettings,
    Replica,
    Replication,
    Repository,
    Scanning,
    Transition,
)

from .record import (
    ACCOUNT,
    CLOSED_SET,
    DEV,
    MORE_THAN_MODELS,
    PART_OF_A_POLICY,
    TERRAFORMS,
    Capability,
)

SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"


def stocked() -> Environment:
    """A registry with every option, which no README has as a whole."""
    return Environment(
        context=DEV.replace(stage="stocked"),
        registry=Registry(
            repositories={
                "fraud": Repository(
                    mutability="MUTABLE",
                    expire=[
                        Expiry(tag_prefixes=["dev-"], after_days=7),
                        Expiry(tag_patterns=["*-nightly"], keep=30),
                    ],
                    pull_organizations=["o-a1b2c3d4e5"],
                    pull_services=["lambda"],
                    statements=[
                        PolicyStatement(
                            sid="Scanner",
                            actions=["ecr:DescribeImageScanFindings"],
                            principals={"AWS": [f"arn:aws:iam::{ACCOUNT}:role/scanner"]},
                        )
                    ],
                )
            },
            artifacts=ArtifactBucket(
                rules={
                    "cold": ObjectRule(
                        prefix="old/",
                        transitions=[
                            Transition(storage_class="STANDARD_IA", after_days=30),
                            Transition(storage_class="GLACIER_IR", after_days=90),
                        ],
                        expire_days=365,
                        expire_noncurrent_days=30,
                    )
                },
                replicas={
                    "copy": Replica(
                        bucket="acme-artifacts-copy",
                        key=f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-123456789",
                        prefix="fraud/",
                        account=ACCOUNT,
                        storage_class="STANDARD_IA",
                        delete_markers=True,
                    )
                },
                statements=[
                    PolicyStatement(
                        effect="Deny",
                        actions=["s3:PutObject"],
                        conditions={"StringNotEquals": {"aws:PrincipalAccount": [ACCOUNT]}},
                    )
                ],
            ),
            caches={
                "docker-hub": PullThroughCache(
                    upstream="registry-1.docker.io", credential=SECRET, upstream_prefix="library"
                ),
                "public/": PullThroughCache(upstream="public.ecr.aws"),
            },
            settings=RegistrySettings(
                scanning=Scanning(on_push=["*"], continuous=["acme-stocked-use1-*"]),
                replication=[
                    Replication(regions=["eu-west-1"], prefixes=["acme-stocked-use1-"]),
                    Replication(regions=["us-east-1"], account="444455556666"),
                ],
                replicate_from=["444455556666"],
                statements=[
                    PolicyStatement(
                        actions=["ecr:BatchImportUpstreamImage"],
                        principals={"AWS": [f"arn:aws:iam::{ACCOUNT}:role/puller"]},
                    )
                ],
            ),
        ),
    )


def _is_encrypted(repository: dict[str, Any]) -> bool:
    (found,) = repository["encryption_configuration"]
    return found["encryption_type"] == "KMS" and bool(found["kms_key"])


CAPABILITY = Capability(
    environments={"stocked": stocked},
    not_aws={
        PART_OF_A_POLICY: (
            "Expiry.after_days",
            "Expiry.keep",
            "Expiry.tag_patterns[]",
            "Expiry.tag_prefixes[]",
            "RegistrySettings.replicate_from[]",
            "Repository.expire_untagged_days",
            "Repository.keep_images",
            "Repository.pull_accounts[]",
            "Repository.pull_organizations[]",
            "Repository.pull_services[]",
        ),
    },
    stricter={
        "a Region is one of AWS": ("Replication.regions[]",),
        MORE_THAN_MODELS: ("PullThroughCache.credential",),
        "an image is in Amazon ECR, and is named by tag or digest": ("Image.tag",),
    },
    shorter={
        "tags of images have 128 characters": ("Image.tag",),
        CLOSED_SET: ("Replication.regions[]",),
    },
    left_out={
        "Repository.mutability": {
            r".*_WITH_EXCLUSION": "mutable_tags says so",
        },
    },
    good={
        "ECR25": (SECRET,),
        "ECR1": ("111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2",),
        "ECR5": ("sha256:4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f",),
    },
    encrypted={"aws_ecr_repository": _is_encrypted},
    requests={
        "aws_ecr_lifecycle_policy": "ecr:PutLifecyclePolicy",
        "aws_ecr_pull_through_cache_rule": "ecr:CreatePullThroughCacheRule",
        "aws_ecr_registry_policy": "ecr:PutRegistryPolicy",
        "aws_ecr_registry_scanning_configuration": "ecr:PutRegistryScanningConfiguration",
        "aws_ecr_replication_configuration": "ecr:PutReplicationConfiguration",
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
    checkov={
        "stocked-*/aws_ecr_repository.*": {
            "CKV_AWS_51": "the environment's Spec says that tags may move",
        },
        "peers-ecr-*/aws_ecr_repository.*": {
            "CKV_AWS_51": "the environment's Spec says that some tags may move",
        },
    },
)
