"""Buckets."""

from __future__ import annotations

from typing import Any

from .record import FLAG, PART_OF_A_NAME, PART_OF_A_POLICY, TERRAFORMS, Capability


def _is_encrypted(configuration: dict[str, Any]) -> bool:
    rules = [rule["apply_server_side_encryption_by_default"] for rule in configuration["rule"]]
    return all(rule["sse_algorithm"] == "aws:kms" and rule["kms_master_key_id"] for rule in rules)


SLOW = "objects of it are restored for hours before they can be read, or it is no longer advised"

CAPABILITY = Capability(
    not_aws={
        PART_OF_A_NAME: ("ExistingBucket.name", "Replica.bucket"),
        PART_OF_A_POLICY: ("ArtifactBucket.read_accounts[]",),
    },
    good={"Replica.key": ("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef",)},
    left_out={
        "Replica.storage_class": {
            r"GLACIER|DEEP_ARCHIVE|REDUCED_REDUNDANCY": SLOW,
            r"OUTPOSTS|SNOW|EXPRESS_ONEZONE|FSX.*|AWS_BACKUP.*": "it is not in a bucket of a Region",
        },
        "Transition.storage_class": {r"GLACIER|DEEP_ARCHIVE": SLOW},
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
        "aws_s3_bucket_replication_configuration": (
            "s3:PutBucketReplication s3:ReplicationConfiguration"
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
