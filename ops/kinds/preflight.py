"""Checks before an apply that resources of several capabilities share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from inferform.s3_uri import bucket_and_key
from inferform.service import Deployed
from inferform.vpc.spec import Network

from ..checks import ARTIFACT, INSTANCE_TYPE, KEY
from ..iam import Grant, grants
from .record import Finding
from .synthesis import Resource, Synthesis

_DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "Forbidden"})

MAY_NOT_BE_READ = "may not be read"
"""What is found where AWS refuses: the reader may lack a right that whatever runs has."""

ABSENT, NO_BUCKET = "does not exist", "its bucket does not exist"
"""What is found where an artifact is not there, and where its bucket is not."""


@dataclass(frozen=True, slots=True)
class Load:
    """An artifact, and what reads it."""

    uri: str
    role: Resource | None
    """The role that reads it; None where the synthesis does not make it."""

    service: Deployed | None = None
    """The service that reads it itself, in the environment's network. Default: None, SageMaker
    reads it, in its own Region alone."""

    is_prefix: bool = False
    """Whether it is whatever begins with the URI. Default: False, an object, or what lies below a URI
    that ends in /."""


def service_named(synthesis: Synthesis, kind: str, name: str) -> Deployed | None:
    """The service whose resource has a type and name."""
    deployed = synthesis.environment.deployed
    return next((each for each in deployed if each.resource == (kind, name)), None)


def artifacts(synthesis: Synthesis, loads: Iterable[Load]) -> Iterator[Finding]:
    """Whether model artifacts are in their buckets, in a Region and under a key that what loads
    them may read; references are filled in where known."""
    by_uri: dict[str, list[Load]] = {}
    for load in loads:
        by_uri.setdefault(synthesis.resolved(load.uri), []).append(load)
    for uri, readers in sorted(by_uri.items()):
        if "${" not in uri and uri.startswith("s3://"):
            yield from _Artifact(synthesis, uri).judged(readers)


class _Artifact:
    """One object, or the objects below a prefix."""

    def __init__(self, synthesis: Synthesis, uri: str) -> None:
        self._synthesis = synthesis
        self._context = synthesis.context
        self._s3 = synthesis.aws.client("s3")
        self._uri = uri
        self._bucket, self._key = bucket_and_key(uri)

    def judged(self, readers: list[Load]) -> Iterator[Finding]:
        """Whether it is there and within reach, and then whether it can be decrypted."""
        context, upload = self._context, f"aws s3 cp model.tar.gz {self._uri}"
        try:
            listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._key, MaxKeys=2)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchBucket":
                fix = f"deploy {context.key}-registry, then {upload}"
                yield self._failed(NO_BUCKET, fix)
                return
            if code in _DENIED:
                fix = f"let account {context.account} read {self._bucket} (read_accounts)"
                yield self._failed(MAY_NOT_BE_READ, fix)
                return
            raise
        keys = [entry["Key"] for entry in listed.get("Contents", [])]
        is_prefix = self._key.endswith("/") or any(each.is_prefix for each in readers)
        exists = bool(keys) if is_prefix else self._key in keys
        if not exists:
            yield self._failed(ABSENT, upload)
            return
        region = self._region()
        wrong = None if region == context.region else self._out_of_reach(region, readers)
        if wrong is not None:
            yield wrong
            return
        found = "exists" if region == context.region else f"exists, in {region}"
        yield Finding(ARTIFACT, self._uri, "passed", found)
        yield from self._decrypted(self._key if self._key in keys else keys[0], readers)

    def _failed(self, found: str, fix: str) -> Finding:
        return Finding(ARTIFACT, self._uri, "failed", found, fix)

    def _region(self) -> str:
        """The bucket's Region, which S3 tells whoever may list it."""
        answer = self._s3.head_bucket(Bucket=self._bucket)
        return answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"]

    def _out_of_reach(self, region: str, readers: list[Load]) -> Finding | None:
        """SageMaker reads artifacts in its own Region alone (API reference, ContainerDefinition
        ModelDataUrl); S3's gateway endpoint, too, leads to the own Region."""
        own = self._context.region
        fix = f"copy it into a bucket in {own}, and write that in the model's artifact"
        for reader in readers:
            if reader.service is None:
                said = f"is in {region}, and SageMaker reads artifacts in {own} alone"
                return self._failed(said, fix)
            network = self._synthesis.environment.network
            has_nat = not isinstance(network, Network) or network.leads_out
            if not (has_nat and reader.service.spec.is_led_out(reader.service.place)):
                said = f"is in {region}, and nothing leads {reader.service.full_name} out of {own}"
                return self._failed(said, fix)
        return None

    def _decrypted(self, key: str, readers: list[Load]) -> Iterator[Finding]:
        """Whether the key that encrypts it is enabled, and each reader's role may use it."""
        try:
            used = self._kms_key(key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _DENIED:
                raise
            said = "its key may not be read with these credentials"
            yield Finding(KEY, self._uri, "skipped", said)
            return
        if used is None:
            return
        state, aliases = self._facts(used)
        if state != "Enabled":
            fix = "aws kms cancel-key-deletion, or enable-key; or encrypt it by another key"
            said = f"is encrypted by {used}, which is {state}"
            yield Finding(KEY, self._uri, "failed", said, fix)
            return
        # AWS's own key for S3 serves everybody in its account who may read the object.
        for reader in () if "alias/aws/s3" in aliases else readers:
            if reader.role is None:
                said = f"is encrypted by {used}; the role that reads it is not known here"
                yield Finding(KEY, self._uri, "skipped", said)
                return
            if not self._may_decrypt(reader.role, used):
                yield self._not_decrypted(used, reader.role)
                return
        yield Finding(KEY, self._uri, "passed", "is encrypted by a key that its readers may use")

    def _not_decrypted(self, used: str, role: Resource) -> Finding:
        context, name = self._context, role.values.get("name", role.logical)
        said = f"is encrypted by {used}, which the role {name} may not use"
        fix = f'write artifact_keys={{"{self._bucket}": "{used}"}} in the Context'
        if used.split(":")[4] != context.account:
            fix += f", and let account {context.account} decrypt in the key's policy"
        return Finding(KEY, self._uri, "failed", said, fix)

    def _kms_key(self, key: str) -> str | None:
        """The ARN of the key that an object is encrypted by, or else the bucket's own; None for
        S3's, which everybody who may read the object uses unseen."""
        try:
            head = self._s3.head_object(Bucket=self._bucket, Key=key)
            return head.get("SSEKMSKeyId")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _DENIED:
                raise
        rules = self._s3.get_bucket_encryption(Bucket=self._bucket)
        for rule in rules["ServerSideEncryptionConfiguration"]["Rules"]:
            named = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
            if named and named.startswith("arn:"):
                return str(named)
        return None

    def _facts(self, arn: str) -> tuple[str, list[str]]:
        """The state and the aliases of a key of this account and Region. One that may not be
        read counts as enabled, without aliases."""
        if arn.split(":")[3:5] != [self._context.region, self._context.account]:
            return "Enabled", []
        kms = self._synthesis.aws.client("kms")
        try:
            state = kms.describe_key(KeyId=arn)["KeyMetadata"].get("KeyState", "Enabled")
            aliases = kms.list_aliases(KeyId=arn)["Aliases"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _DENIED:
                return "Enabled", []
            raise
        return state, [alias["AliasName"] for alias in aliases if "AliasName" in alias]

    def _may_decrypt(self, role: Resource, arn: str) -> bool:
        """Whether a policy of the role allows kms:Decrypt by the key, at all or through S3. A
        key that is yet to be made is not the one that encrypts an object."""
        through = f"s3.{arn.split(':')[3]}.{self._context.dns_suffix}"
        condition = json.dumps({"StringEquals": {"kms:ViaService": through}}, sort_keys=True)
        wanted = Grant("kms:Decrypt", arn, condition=condition)
        for policy in self._synthesis.of("aws_iam_role_policy"):
            if f"{{{role.address}." not in str(policy.values.get("role", "")):
                continue
            document = self._synthesis.resolved(str(policy.values.get("policy", "")))
            if any(grant.covers(wanted) for grant in grants(document)):
                return True
        return False


def offered(synthesis: Synthesis, types: Iterable[str]) -> Iterator[Finding]:
    """Whether instance types of EC2 are offered in the Region. For SageMaker a quota shows it."""
    wanted, region = sorted(set(types)), synthesis.context.region
    if not wanted:
        return
    answer = synthesis.aws.client("ec2").describe_instance_type_offerings(
        LocationType="region", Filters=[{"Name": "instance-type", "Values": wanted}]
    )
    found = {offering["InstanceType"] for offering in answer["InstanceTypeOfferings"]}
    for kind in wanted:
        if kind in found:
            yield Finding(INSTANCE_TYPE, kind, "passed", f"is offered in {region}")
            continue
        fix = "choose a type that the Region has"
        yield Finding(INSTANCE_TYPE, kind, "failed", f"is not offered in {region}", fix)


def values_under(values: Any, *names: str) -> Iterator[str]:
    """Every string under one of the names, at any depth of a resource's arguments."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            if key in names and isinstance(value, str):
                yield value
            elif (
                key in names and isinstance(value, list) and all(isinstance(v, str) for v in value)
            ):
                yield from value
            else:
                yield from values_under(value, *names)
    elif isinstance(values, list):
        for item in values:
            yield from values_under(item, *names)
