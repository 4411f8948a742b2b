"""Buckets."""

from __future__ import annotations

from typing import Any

from .record import FLAG, PART_OF_A_POLICY, TERRAFORMS, Capability


def _is_encrypted(configuration: dict[str, Any]) -> bool:
    rules = [rule["apply_server_side_encryption_by_default"] for rule in configuration["rule"]]
    return all(rule["sse_algorithm"] == "aws:kms" and rule["kms_master_key_id"] for rule in rules)


CAPABILITY = Capability(
    not_aws={
        PART_OF_A_POLICY: ("ArtifactBucket.read_accounts[]",),
    },
    encrypted={"aws_s3_bucket_server_side_encryption_configuration": _is_encrypted},
    requests={
        "aws_s3_bucket": "s3:CreateBucket",
        "aws_s3_bucket_lifecycle_configuration": (
            "s3:PutBucketLifecycleConfiguration s3:BucketLifecycleConfiguration"
        ),
        "aws_s3_bucket_notification": "s3:PutBucketNotificationConfiguration",
        "aws_s3_bucket_ownership_controls": "s3:PutBucketOwnershipControls s3:OwnershipControls",
        "aws_s3_bucket_policy": "s3:PutBucketPolicy",
        "aws_s3_bucket_public_access_block": (
            "s3:PutPublicAccessBlock s3:PublicAccessBlockConfiguration"
        ),
        "aws_s3_bucket_server_side_encryption_configuration": (
            "s3:PutBucketEncryption s3:ServerSideEncryptionConfiguration"
        ),
        "aws_s3_bucket_versioning": "s3:PutBucketVersioning",
    },
    own={
        TERRAFORMS: ("aws_s3_bucket.force_destroy",),
        FLAG: ("aws_s3_bucket_notification.eventbridge",),
    },
    checkov={
        "aws_s3_bucket": {
            "CKV2_AWS_62": "nothing listens to the events; send_events turns them on",
            "CKV_AWS_144": "an environment lives in one Region, and so do its artifacts",
            "CKV_AWS_18": (
                "who reads objects is recorded by the account's CloudTrail, which the "
                "environments do not own"
            ),
        },
    },
)
