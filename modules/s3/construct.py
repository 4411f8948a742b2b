"""The bucket of model artifacts."""

from __future__ import annotations

from ..cdk import Construct
from ..context import Context
from ..iam.policy import allow, document, tls_only
from ..overriding import override
from ..protect import lifecycle
from .spec import ArtifactBucket

from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_notification import S3BucketNotification
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)


class Bucket(Construct):
    """A versioned bucket, encrypted by the environment's key, private and TLS only."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: ArtifactBucket,
        kms_key_arn: str,
    ) -> None:
        super().__init__(scope, id)
        self.name = context.bucket(id)
        self.arn = f"arn:{context.partition}:s3:::{self.name}"
        bucket = S3Bucket(
            self,
            "bucket",
            bucket=self.name,
            force_destroy=not context.protected,
            lifecycle=lifecycle(context),
        )
        S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=bucket.id,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        blocked = S3BucketPublicAccessBlock(
            self,
            "public-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        versioning = S3BucketVersioningA(
            self,
            "versioning",
            bucket=bucket.id,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=bucket.id,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    bucket_key_enabled=True,
                    apply_server_side_encryption_by_default=S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                        sse_algorithm="aws:kms", kms_master_key_id=kms_key_arn
                    ),
                )
            ],
        )
        statements = tls_only(self.arn)
        if spec.read_accounts:
            statements.append(
                allow(
                    ["s3:GetObject", "s3:ListBucket"],
                    [self.arn, f"{self.arn}/*"],
                    sid="ReadByNamedAccounts",
                    principal={"AWS": context.account_roots(spec.read_accounts)},
                )
            )
        S3BucketPolicy(
            self,
            "policy",
            bucket=bucket.id,
            policy=document(*statements),
            depends_on=[blocked],
        )
        if spec.send_events:
            S3BucketNotification(self, "events", bucket=bucket.id, eventbridge=True)
        S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            bucket=bucket.id,
            rule=_lifecycle_rules(spec),
            depends_on=[versioning],
        )
        override(spec, self)


def _lifecycle_rules(spec: ArtifactBucket) -> list[S3BucketLifecycleConfigurationRule]:
    """Broken uploads go after a week, old versions when the Spec says so."""
    everything = [S3BucketLifecycleConfigurationRuleFilter(prefix="")]
    rules = [
        S3BucketLifecycleConfigurationRule(
            id="uploads",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=[
                S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                    days_after_initiation=7
                )
            ],
        )
    ]
    if spec.expire_noncurrent_days is not None:
        rules.append(
            S3BucketLifecycleConfigurationRule(
                id="noncurrent",
                status="Enabled",
                filter=everything,
                noncurrent_version_expiration=[
                    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                        noncurrent_days=spec.expire_noncurrent_days
                    )
                ],
            )
        )
    return rules
