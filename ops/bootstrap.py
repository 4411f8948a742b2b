"""The state bucket: made once per organization, account and region, before any deploy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform import Context
from inferform.iam.policy import document, tls_only

from .aws import Aws
from .errors import BadInputError, OperatorError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        BucketLifecycleConfigurationTypeDef,
        PublicAccessBlockConfigurationTypeDef,
        ServerSideEncryptionConfigurationTypeDef,
    )

STATE_VERSIONS_DAYS = 90
"""Days that a superseded state stays recoverable."""

_ENCRYPTION: ServerSideEncryptionConfigurationTypeDef = {
    "Rules": [
        {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BucketKeyEnabled": False,
        }
    ]
}
_PUBLIC_ACCESS: PublicAccessBlockConfigurationTypeDef = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_LIFECYCLE: BucketLifecycleConfigurationTypeDef = {
    "Rules": [
        {
            "ID": "superseded-states",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": STATE_VERSIONS_DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """What a bootstrap found and did."""

    bucket: str
    created: bool
    changed: list[str]
    """The settings that were not as they must be, and now are."""


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    read: Callable[[], Any]
    wanted: Any
    write: Callable[[], Any]


def bootstrap(context: Context, aws: Aws) -> Bootstrapped:
    """Make the state bucket of `context`, or fix its settings where they differ.

    Raises BadInputError where Context.backend names where the states are, and OperatorError for
    a bucket of that name that is another account's, or that Inferform did not make; such a bucket is not touched.
    """
    if context.other_backend is not None:
        raise BadInputError(
            f"the states of {context.key} are in a {context.other_backend.kind} backend, which "
            "Inferform does not make",
            "make it as Terraform's documentation of that backend says, then inferform deploy",
        )
    if context.states is not None:
        raise BadInputError(
            f"bucket {context.state_bucket} is one that Context.backend names, which Inferform does "
            "not make",
            f"who looks after it makes it; inferform preflight {context.key} says what it lacks",
        )
    s3 = aws.client("s3")
    bucket = context.state_bucket
    created = _create(s3, context) if not _exists(s3, context) else False
    changed = []
    for setting in _settings(s3, context):
        if setting.read() != setting.wanted:
            setting.write()
            changed.append(setting.name)
    return Bootstrapped(bucket, created, changed)


def _exists(s3: S3Client, context: Context) -> bool:
    bucket, owner = context.state_bucket, context.account
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchBucket"):
            return False
        raise OperatorError(
            f"bucket {bucket} cannot be used: {code}; it exists in another account or the "
            "credentials may not read it",
            "choose another organization name, or use credentials of account " + owner,
        ) from error
    tags = _read(lambda: s3.get_bucket_tagging(Bucket=bucket)["TagSet"], "NoSuchTagSet") or []
    found = {tag["Key"]: tag["Value"] for tag in tags}
    # Environments that share the bucket may have other keys for the same tags.
    if found.get("purpose") != "terraform-state" or "inferform" not in found.values():
        wanted = ", ".join(f"{key}={value}" for key, value in _tags(context).items())
        raise OperatorError(
            f"bucket {bucket} exists, but Inferform did not make it; nothing was changed",
            f"tag it {wanted} to hand it over, or delete it",
        )
    return True


def _tags(context: Context) -> dict[str, str]:
    """The tags by which the bucket is known, as the Context names them."""
    return {context.tag_key("managed-by"): "inferform", "purpose": "terraform-state"}


def _create(s3: S3Client, context: Context) -> bool:
    bucket = context.state_bucket
    location: dict[str, Any] = (
        {}
        if context.region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": context.region}}
    )
    s3.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **location)
    tags = {
        **_tags(context),
        context.tag_key("organization"): context.organization,
        context.tag_key("owner"): context.owner,
    }
    s3.put_bucket_tagging(
        Bucket=bucket,
        Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]},
    )
    return True


def _settings(s3: S3Client, context: Context) -> list[_Setting]:
    bucket = context.state_bucket
    policy = document(*tls_only(f"arn:{context.partition}:s3:::{bucket}"))
    return [
        _Setting(
            "versioning",
            lambda: s3.get_bucket_versioning(Bucket=bucket).get("Status"),
            "Enabled",
            lambda: s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            ),
        ),
        _Setting(
            "encryption",
            lambda: _read(
                lambda: s3.get_bucket_encryption(Bucket=bucket)[
                    "ServerSideEncryptionConfiguration"
                ],
                "ServerSideEncryptionConfigurationNotFoundError",
            ),
            _ENCRYPTION,
            lambda: s3.put_bucket_encryption(
                Bucket=bucket, ServerSideEncryptionConfiguration=_ENCRYPTION
            ),
        ),
        _Setting(
            "public access block",
            lambda: _read(
                lambda: s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
                "NoSuchPublicAccessBlockConfiguration",
            ),
            _PUBLIC_ACCESS,
            lambda: s3.put_public_access_block(
                Bucket=bucket, PublicAccessBlockConfiguration=_PUBLIC_ACCESS
            ),
        ),
        _Setting(
            "TLS-only policy",
            lambda: _read(
                lambda: json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
                "NoSuchBucketPolicy",
            ),
            json.loads(policy),
            lambda: s3.put_bucket_policy(Bucket=bucket, Policy=policy),
        ),
        _Setting(
            "lifecycle",
            lambda: _read(
                lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"],
                "NoSuchLifecycleConfiguration",
            ),
            _LIFECYCLE["Rules"],
            lambda: s3.put_bucket_lifecycle_configuration(
                Bucket=bucket, LifecycleConfiguration=_LIFECYCLE
            ),
        ),
    ]


def _read(read: Callable[[], Any], absent: str) -> Any:
    """What `read` answers, or None where AWS answers that there is none."""
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] == absent:
            return None
        raise
