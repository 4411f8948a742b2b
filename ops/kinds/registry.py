"""The registry: image repositories, buckets, keys and groups of model packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from inferform.usage import Usage, exactly

from ..aws import Aws
from ..checks import check
from ..plan import Action, Change, Plan, Side, dig
from . import weaker
from .finding import given, pairs
from .policies import resource_policy
from .prices import products
from .reasons import (
    part,
    resource,
)
from .record import (
    Existing,
    Finding,
    Foreign,
    Found,
    Not,
    Preflight,
    Values,
    risk,
)
from .risks import KEPT1, NET2, SEC1, SEC2, deleted_too, exposed, protection
from .stories import told_when_gone
from .synthesis import Resource, Synthesis
from .words import some

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

# Finding


def _key(aws: Aws, values: Values) -> Iterator[Existing]:
    kms = aws.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in (entry["KeyId"] for entry in page["Keys"]):
            described = kms.describe_key(KeyId=key)["KeyMetadata"]
            of_aws = described["KeyManager"] != "CUSTOMER"
            if of_aws or described["KeyState"] == "PendingDeletion":
                continue
            if described.get("Description", "") == given(values, "description"):
                yield Existing(key, pairs(kms.list_resource_tags(KeyId=key)["Tags"]))


def _alias(aws: Aws, values: Values) -> Iterator[Existing]:
    kms = aws.client("kms")
    key = kms.describe_key(KeyId=given(values, "name"))["KeyMetadata"]["KeyId"]
    yield Existing(given(values, "name"), pairs(kms.list_resource_tags(KeyId=key)["Tags"]))


def _bucket(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "bucket")
    try:
        tags = pairs(aws.client("s3").get_bucket_tagging(Bucket=name)["TagSet"])
    except ClientError as error:
        # Names are global: that of another account's bucket is no secret, its tags are.
        if error.response["Error"]["Code"] not in ("AccessDenied", "NoSuchTagSet"):
            raise
        tags = {}
    yield Existing(name, tags)


def _repository(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    arn = aws.context.arn("ecr", f"repository/{name}")
    yield Existing(name, pairs(aws.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"]))


def _model_group(aws: Aws, values: Values) -> Iterator[Existing]:
    name, sagemaker = given(values, "model_package_group_name"), aws.client("sagemaker")
    sagemaker.describe_model_package_group(ModelPackageGroupName=name)
    arn = aws.context.arn("sagemaker", f"model-package-group/{name}")
    yield Existing(name, pairs(sagemaker.list_tags(ResourceArn=arn)["Tags"]))


def _cache(aws: Aws, values: Values) -> Iterator[Existing]:
    prefix = given(values, "ecr_repository_prefix")
    aws.client("ecr").describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])
    yield Existing(prefix, {})


# Preflight

SETTINGS = check(
    "PRE16",
    "registry settings",
    command="preflight",
    why="an account has them once in a Region, and ECR replaces what somebody else has set there "
    "without a word",
    fix="import the setting into the environment that shall have it, or leave it out of "
    "registry.settings",
    source="Amazon ECR API reference, PutReplicationConfiguration, PutRegistryPolicy, "
    "PutRegistryScanningConfiguration",
)


def _unset(words: str, held: Callable[[ECRClient], str]) -> Preflight:
    """Whether a setting of the registry is nobody else's, where the state does not have it."""

    def checked(synthesis: Synthesis, resources: Sequence[Resource]) -> Iterator[Finding]:
        for each in resources:
            if each.address in synthesis.deployed.get(each.stack, set()):
                yield Finding(SETTINGS, words, "passed", "is this environment's")
            elif found := held(synthesis.aws.client("ecr")):
                said = f"is set already, and not by this environment: {found}"
                yield Finding(SETTINGS, words, "failed", said, SETTINGS.fix)
            else:
                yield Finding(SETTINGS, words, "passed", "is not set by anybody")

    return checked


def _replicates(ecr: ECRClient) -> str:
    rules = ecr.describe_registry()["replicationConfiguration"]["rules"]
    places = {each["region"] for rule in rules for each in rule["destinations"]}
    return f"copies images to {some(sorted(places))}" if places else ""


def _scans(ecr: ECRClient) -> str:
    held = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    rules = len(held.get("rules", []))
    return f"{held['scanType'].lower()} scans by {rules} rules" if rules else ""


def _lets_in(ecr: ECRClient) -> str:
    try:
        ecr.get_registry_policy()
    except ClientError as error:
        if error.response["Error"]["Code"] != "RegistryPolicyNotFoundException":
            raise
        return ""
    return "it has a policy"


# Cost and review


def _scan_months(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    if change.at(side).get("scan_type") == "ENHANCED":
        yield Usage("registry", "ecr/enhanced-scan", None)


@risk(SEC1)
def _scans_less(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("scan_type")
    if change.action is Action.UPDATE and (before, after) == ("ENHANCED", "BASIC"):
        yield "goes back from enhanced to basic scans"


def _key_months(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    yield Usage("registry", "kms/key", exactly(1))


@risk(SEC2)
def _destroyable(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("force_destroy")
    replaced = change.action in (Action.UPDATE, Action.REPLACE)
    if replaced and after is True and before is not True:
        yield "sets force_destroy, so a deletion takes the objects with it"


_EVERYBODY = ("/global/AllUsers", "/global/AuthenticatedUsers")


@risk(NET2)
def _public_acl(plan: Plan, change: Change) -> Iterator[Found]:
    """An ACL that gives everybody rights; a public access block may still keep them out."""
    before, after = (_is_public(side) for side in (change.before, change.after))
    if change.is_written and after and not before:
        yield "gives everybody rights by its ACL"


def _is_public(values: Values) -> bool:
    acl = str(values.get("acl") or "")
    grants = [
        *(values.get("grant") or ()),
        *(dig(values, "access_control_policy", "grant") or ()),
    ]
    uris = [str(dig(each, "grantee", "uri") or each.get("uri") or "") for each in grants]
    return acl in ("public-read", "public-read-write", "authenticated-read") or any(
        uri.endswith(_EVERYBODY) for uri in uris
    )


@risk(NET2)
def _unblocked(plan: Plan, change: Change) -> Iterator[Found]:
    gone_too = deleted_too(plan, change, "aws_s3_bucket", "bucket")
    if change.action is Action.DELETE and not gone_too:
        yield "is deleted, so the bucket may be made public"


@risk(SEC1)
def _suspended(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("versioning_configuration", "status")
    if change.action is Action.UPDATE and before == "Enabled" and after == "Suspended":
        yield "suspends versioning"


@risk(KEPT1)
def _kept_description(plan: Plan, group: Change) -> Iterator[Found]:
    if group.action not in (Action.NONE, Action.UPDATE):
        return
    try:
        written = plan.constant(group, "model_package_group_description")
    except LookupError:
        return
    if (written or "") != (group.after.get("model_package_group_description") or ""):
        yield "keeps the description that it was created with, as AWS cannot change it"


# Records

_PUT = "AWS puts it instead of the one that is there"
_ONCE = "an account has it once in a Region"

KINDS = (
    resource(
        "aws_ecr_repository",
        "image repository",
        _repository,
        name="name",
        holds_data=True,
        story=told_when_gone(
            "image repository", "the start of whatever pulls an image from it", "name"
        ),
        risks=weaker.REPOSITORY,
        settings={"image_scanning_configuration": "image scanning"},
    ),
    resource(
        "aws_s3_bucket",
        "bucket",
        _bucket,
        name="bucket",
        holds_data=True,
        uses=Not("what is stored in it is billed, and no plan knows how much that is"),
        story=told_when_gone("bucket", "reading and writing its objects", "bucket"),
        risks=(_destroyable, _public_acl, *resource_policy(computed=True)),
    ),
    resource(
        "aws_kms_key",
        "key",
        _key,
        name=Not("keys are told apart by their ids; their alias has the name"),
        holds_data=True,
        uses=_key_months,
        story=told_when_gone("key", "reading whatever it encrypts", "description"),
        risks=(*weaker.KEY, *resource_policy(computed=True)),
        settings={"enable_key_rotation": "key rotation"},
    ),
    resource(
        "aws_kms_alias",
        "alias of a key",
        _alias,
        name="name",
        story=Not("the key that it names continues"),
    ),
    resource(
        "aws_sagemaker_model_package_group",
        "model package group",
        _model_group,
        name="model_package_group_name",
        holds_data=True,
        story=told_when_gone(
            "model package group",
            "deploying its versions; what runs continues",
            "model_package_group_name",
        ),
        risks=(_kept_description,),
    ),
    resource(
        "aws_ecr_pull_through_cache_rule",
        "cache of another registry",
        _cache,
        name="ecr_repository_prefix",
        uses=Not("what is stored and transferred is billed, and no plan knows how much that is"),
        quotas=Not("a registry takes 50 of them"),
        story=told_when_gone(
            "cache of another registry",
            "pulling images of that registry that are not cached yet",
            "ecr_repository_prefix",
        ),
    ),
    resource(
        "aws_ecr_registry_policy",
        "policy of a registry",
        Not(_PUT),
        name=Not(_ONCE),
        preflight=_unset("policy of the registry", _lets_in),
        risks=resource_policy(),
    ),
    resource(
        "aws_ecr_registry_scanning_configuration",
        "scanning of a registry",
        Not(_PUT),
        name=Not(_ONCE),
        uses=_scan_months,
        preflight=_unset("scanning of the registry", _scans),
        risks=(protection(), _scans_less),
        settings={"rule": "image scanning"},
    ),
    resource(
        "aws_ecr_replication_configuration",
        "replication of a registry",
        Not(_PUT),
        name=Not(_ONCE),
        uses=Not(
            "what is copied is billed as transfer and storage, and no plan knows how much it is"
        ),
        preflight=_unset("replication of the registry", _replicates),
        story=told_when_gone(
            "replication of a registry", "copies of images that are pushed from now on", "id"
        ),
    ),
    part("aws_s3_bucket_replication_configuration", "copies of objects", "aws_s3_bucket", _PUT),
    part("aws_ecr_lifecycle_policy", "rules of expiry", "aws_ecr_repository", _PUT),
    part(
        "aws_ecr_repository_policy",
        "policy of a repository",
        "aws_ecr_repository",
        _PUT,
        risks=resource_policy(),
    ),
    part(
        "aws_s3_bucket_lifecycle_configuration",
        "rules of expiry",
        "aws_s3_bucket",
        _PUT,
        risks=weaker.BUCKET_EXPIRY,
    ),
    part(
        "aws_s3_bucket_notification",
        "events of a bucket",
        "aws_s3_bucket",
        _PUT,
        risks=weaker.NOTIFICATION,
    ),
    part(
        "aws_s3_bucket_ownership_controls",
        "ownership of objects",
        "aws_s3_bucket",
        _PUT,
        risks=weaker.BUCKET_OWNERSHIP,
    ),
    part(
        "aws_s3_bucket_policy",
        "policy of a bucket",
        "aws_s3_bucket",
        _PUT,
        risks=resource_policy(),
    ),
    part(
        "aws_s3_bucket_public_access_block",
        "public access block",
        "aws_s3_bucket",
        _PUT,
        risks=(
            exposed("block_public_policy", False),
            exposed("block_public_acls", False),
            exposed("ignore_public_acls", False),
            exposed("restrict_public_buckets", False),
            _unblocked,
        ),
    ),
    part(
        "aws_s3_bucket_server_side_encryption_configuration",
        "encryption of a bucket",
        "aws_s3_bucket",
        _PUT,
        risks=(protection("aws_s3_bucket", "bucket"), *weaker.BUCKET_ENCRYPTION),
        settings={"rule": "encryption"},
    ),
    part(
        "aws_s3_bucket_versioning",
        "versioning of a bucket",
        "aws_s3_bucket",
        _PUT,
        risks=(protection("aws_s3_bucket", "bucket"), _suspended),
    ),
    part(
        "aws_sagemaker_model_package_group_policy",
        "policy of a model package group",
        "aws_sagemaker_model_package_group",
        _PUT,
        risks=resource_policy("resource_policy"),
    ),
)
FOREIGN = (
    Foreign("aws_s3_bucket_acl", "ACL of a bucket", risks=(_public_acl,)),
    Foreign(
        "aws_s3_bucket_logging",
        "access logs of a bucket",
        risks=(protection("aws_s3_bucket", "bucket"),),
    ),
)

PRICES = (products("awskms", r"KMS-Keys", "kms/key", unit="month"),)
