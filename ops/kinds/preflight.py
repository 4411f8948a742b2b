"""Checks before an apply that resources of several capabilities share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from ..checks import ARTIFACT, INSTANCE_TYPE, KEY
from .record import Finding
from .synthesis import Synthesis

MAY_NOT_BE_READ = "may not be read"
"""What is found where AWS refuses: the reader may lack a right that whatever runs has."""


def artifacts(synthesis: Synthesis, uris: Iterable[str]) -> Iterator[Finding]:
    """Whether model artifacts are in their buckets; references are filled in where known."""
    for uri in sorted({synthesis.resolved(uri) for uri in uris}):
        if "${" not in uri and uri.startswith("s3://"):
            found = _artifact(synthesis, uri)
            yield found
            if found.outcome == "passed":
                yield from _encryption(synthesis, uri)


def _encryption(synthesis: Synthesis, uri: str) -> Iterator[Finding]:
    """Whether an artifact is encrypted by the key that its reader's role may decrypt with."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    s3, context = synthesis.aws.client("s3"), synthesis.context
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["Contents"]
    try:
        head = s3.head_object(Bucket=bucket, Key=listed[0]["Key"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("403", "AccessDenied"):
            raise
        yield Finding(KEY, uri, "skipped", "its key may not be read with these credentials")
        return
    used = head.get("SSEKMSKeyId", "")
    named = context.artifact_keys.get(bucket)
    allowed = named or synthesis.output("registry", "kms_key_arn")
    if not used or not isinstance(allowed, str):
        return
    if used == allowed:
        yield Finding(KEY, uri, "passed", "is encrypted by the key that its readers may use")
        return
    said = f"is encrypted by {used}, but its readers may use {allowed}"
    fix = f'write artifact_keys={{"{bucket}": "{used}"}} in the Context'
    if named is None and used.split(":")[4] != context.account:
        fix += f", and let account {context.account} decrypt in the key's policy"
    yield Finding(KEY, uri, "failed", said, fix)


def _artifact(synthesis: Synthesis, uri: str) -> Finding:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    context, fix = synthesis.context, f"aws s3 cp model.tar.gz {uri}"
    try:
        listed = synthesis.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=2)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            fix = f"deploy {context.key}-registry, then {fix}"
            return Finding(ARTIFACT, uri, "failed", "its bucket does not exist", fix)
        if code == "AccessDenied":
            fix = f"let account {context.account} read {bucket} (read_accounts)"
            return Finding(ARTIFACT, uri, "failed", MAY_NOT_BE_READ, fix)
        raise
    keys = [entry["Key"] for entry in listed.get("Contents", [])]
    exists = bool(keys) if key.endswith("/") else key in keys
    if exists:
        return Finding(ARTIFACT, uri, "passed", "exists")
    return Finding(ARTIFACT, uri, "failed", "does not exist", fix)


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
