"""A copy of the objects of a bucket in another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ..context import AccountId, Context
from ..places import KeyArn
from ..rules import Problem, rule
from ..spec import Aws, Check, Spec, is_bucket_name, is_s3_key

S3A2 = rule(
    "S3A2",
    refuses="the name of a bucket that S3 does not give, or the beginning of keys that it advises "
    "against",
    message="must be the name of a bucket, such as acme-artifacts-copy, or the beginning of keys "
    "such as fraud/",
    source="Amazon S3 user guide, bucket naming rules, naming Amazon S3 objects",
)
S3A3 = rule(
    "S3A3",
    refuses="a replica in the bucket itself, two under one beginning of keys in one bucket, or a key "
    "of another partition",
    message="{wrong}; {remedy}",
    source="Amazon S3 user guide, replicating objects (replication configuration)",
)

_PREFIX = Check(S3A2, lambda text: not text or is_s3_key(text))


class Replica(Spec):
    """A bucket that exists, has versions, and gets a copy of each object from now on.

    One of another account lets the role in by its own policy, and that account owns the copies.
    """

    bucket: Annotated[str, Check(S3A2, is_bucket_name)]
    """The bucket's name."""

    key: Annotated[KeyArn, Aws("s3:EncryptionConfiguration.ReplicaKmsKeyID")]
    """The KMS key of the copies, by its own ARN, which is in the Region of that bucket."""

    account: Annotated[AccountId, Aws("s3:Destination.Account")] | None = None
    """The account of the bucket. Default: None, this one."""

    prefix: Annotated[str, _PREFIX, Aws("s3:ReplicationRuleFilter.Prefix")] = ""
    """The beginning of the keys that are copied. Default: every object."""

    storage_class: Annotated[
        Literal["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"],
        Aws("s3:Destination.StorageClass"),
    ] = "STANDARD"
    """The storage class of the copies. Default: STANDARD."""

    delete_markers: bool = False
    """Whether a deletion is copied too. Default: False, the copy stays."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The key is of the environment's partition."""
        if self.key.split(":")[1] != context.partition:
            wrong, remedy = "is of another partition", f"name a key of {context.partition}"
            yield S3A3.problem("key", got=self.key, wrong=wrong, remedy=remedy)
