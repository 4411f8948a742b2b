"""The bucket of model artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..cdk import Construct, ITerraformDependable
from ..context import Context
from ..iam.policy import Statement, allow, document, merged, tls_only, trust
from ..names import role as role_name
from ..overriding import override
from ..protect import lifecycle
from .lifecycle import ObjectRule
from .replication import Replica
from .spec import REPLICATION, ArtifactBucket, ExistingBucket

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
    S3BucketLifecycleConfigurationRuleTransition,
)
from cdktf_cdktf_provider_aws.s3_bucket_notification import S3BucketNotification
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_replication_configuration import (
    S3BucketReplicationConfigurationA,
    S3BucketReplicationConfigurationRule,
    S3BucketReplicationConfigurationRuleDeleteMarkerReplication,
    S3BucketReplicationConfigurationRuleDestination,
    S3BucketReplicationConfigurationRuleDestinationAccessControlTranslation,
    S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration,
    S3BucketReplicationConfigurationRuleFilter,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteria,
    S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects,
)
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)


@dataclass(frozen=True, slots=True)
class Shared:
    """What other accounts have of the bucket below a prefix; the whole bucket where that is empty."""

    prefix: str
    readers: Sequence[str] = ()
    writers: Sequence[str] = ()

    def statements(self, context: Context, bucket_arn: str) -> list[Statement]:
        """What the bucket's policy says of them."""
        objects = f"{bucket_arn}/{self.prefix}*"
        found = []
        if self.readers:
            principal = {"AWS": context.account_roots(self.readers)}
            within = {"StringLike": {"s3:prefix": [f"{self.prefix}*"]}} if self.prefix else None
            found += [
                allow("s3:GetObject", objects, sid="ReadVersions", principal=principal),
                allow(
                    "s3:ListBucket",
                    bucket_arn,
                    sid="ListVersions",
                    principal=principal,
                    conditions=within,
                ),
            ]
        if self.writers:
            found.append(
                allow(
                    ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                    objects,
                    sid="WriteVersions",
                    principal={"AWS": context.account_roots(self.writers)},
                )
            )
        return found


class Bucket(Construct):
    """A versioned bucket, encrypted by the environment's key, private and TLS only; or one that
    exists, for which nothing is made."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: ArtifactBucket | ExistingBucket,
        kms_key_arn: str,
        shared: Sequence[Shared] = (),
        statements: Sequence[Statement] = (),
        name: Sequence[str] = (),
    ) -> None:
        """`statements` are more of its policy. `name` are the parts of its name. Default: its id.
        `ready` is what has to be there before objects that keep versions."""
        super().__init__(scope, id)
        self._shared = shared
        self._statements = statements
        self.name = (
            spec.name if isinstance(spec, ExistingBucket) else context.bucket(*(name or [id]))
        )
        self.arn = f"arn:{context.partition}:s3:::{self.name}"
        self.policy: S3BucketPolicy | None = None
        self.ready: list[ITerraformDependable] = []
        if isinstance(spec, ArtifactBucket):
            self._make(context, spec, kms_key_arn)

    def _make(self, context: Context, spec: ArtifactBucket, kms_key_arn: str) -> None:
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
        self.ready = [blocked, versioning]
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
        statements += merged(
            each for shared in self._shared for each in shared.statements(context, self.arn)
        )
        statements += [each.document(self.arn, f"{self.arn}/*") for each in spec.statements]
        statements += self._statements
        self.policy = S3BucketPolicy(
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
        if spec.replicas:
            self._replicate(context, bucket, spec, kms_key_arn, versioning)
        override(spec, self)

    def _replicate(
        self,
        context: Context,
        bucket: S3Bucket,
        spec: ArtifactBucket,
        kms_key_arn: str,
        versioning: S3BucketVersioningA,
    ) -> None:
        role = IamRole(
            self,
            "replication-role",
            name=role_name(context, REPLICATION),
            assume_role_policy=trust("s3.amazonaws.com", context),
        )
        policy = IamRolePolicy(
            self,
            "replication-policy",
            name="replicate",
            role=role.id,
            policy=document(*_replication_rights(self.arn, kms_key_arn, spec, context)),
        )
        S3BucketReplicationConfigurationA(
            self,
            "replication",
            bucket=bucket.id,
            role=role.arn,
            rule=[
                _replication_rule(context, name, priority, replica)
                for priority, (name, replica) in enumerate(spec.replicas.items(), 1)
            ],
            depends_on=[versioning, policy],
        )


def _replication_rights(
    arn: str, kms_key_arn: str, spec: ArtifactBucket, context: Context
) -> list[Statement]:
    """What S3 does to copy: read what it copies, and write it under the key of the copy."""
    targets = [f"arn:{context.partition}:s3:::{each.bucket}/*" for each in spec.replicas.values()]
    keys = [each.key for each in spec.replicas.values()]
    return [
        allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], [arn]),
        allow(
            [
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            [f"{arn}/*"],
        ),
        allow(
            [
                "s3:ObjectOwnerOverrideToBucketOwner",
                "s3:ReplicateDelete",
                "s3:ReplicateObject",
                "s3:ReplicateTags",
            ],
            list(dict.fromkeys(targets)),
        ),
        allow(["kms:Decrypt"], [kms_key_arn]),
        allow(["kms:Encrypt", "kms:GenerateDataKey"], list(dict.fromkeys(keys))),
    ]


def _replication_rule(
    context: Context, name: str, priority: int, replica: Replica
) -> S3BucketReplicationConfigurationRule:
    owned = (
        S3BucketReplicationConfigurationRuleDestinationAccessControlTranslation(owner="Destination")
        if replica.account
        else None
    )
    return S3BucketReplicationConfigurationRule(
        id=name,
        status="Enabled",
        priority=priority,
        filter=S3BucketReplicationConfigurationRuleFilter(prefix=replica.prefix),
        delete_marker_replication=S3BucketReplicationConfigurationRuleDeleteMarkerReplication(
            status="Enabled" if replica.delete_markers else "Disabled"
        ),
        # Everything in the bucket is encrypted by a key, which S3 copies only where told so.
        source_selection_criteria=S3BucketReplicationConfigurationRuleSourceSelectionCriteria(
            sse_kms_encrypted_objects=S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects(
                status="Enabled"
            )
        ),
        destination=S3BucketReplicationConfigurationRuleDestination(
            bucket=f"arn:{context.partition}:s3:::{replica.bucket}",
            account=replica.account,
            access_control_translation=owned,
            storage_class=replica.storage_class,
            encryption_configuration=S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration(
                replica_kms_key_id=replica.key
            ),
        ),
    )


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
    return [*rules, *(_object_rule(name, rule) for name, rule in spec.rules.items())]


def _object_rule(name: str, rule: ObjectRule) -> S3BucketLifecycleConfigurationRule:
    expiry = (
        None
        if rule.expire_days is None
        else [S3BucketLifecycleConfigurationRuleExpiration(days=rule.expire_days)]
    )
    noncurrent = (
        None
        if rule.expire_noncurrent_days is None
        else [
            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                noncurrent_days=rule.expire_noncurrent_days
            )
        ]
    )
    return S3BucketLifecycleConfigurationRule(
        id=name,
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=rule.prefix)],
        expiration=expiry,
        noncurrent_version_expiration=noncurrent,
        transition=[
            S3BucketLifecycleConfigurationRuleTransition(
                days=move.after_days, storage_class=move.storage_class
            )
            for move in rule.transitions
        ]
        or None,
    )
