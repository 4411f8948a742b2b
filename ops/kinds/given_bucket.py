"""Whether a bucket of artifacts that somebody else made is within reach of an environment's roles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from inferform import Registry, RegistryOutputs
from inferform.s3.spec import ExistingBucket

from ..checks import ARTIFACT_BUCKET
from ..iam import EVERYBODY, Grant, grants, listed, matches, statements
from .record import Finding
from .synthesis import Synthesis

Statement = dict[str, Any]

_UNREAD = ("403", "AccessDenied", "MethodNotAllowed")
_TLS = ("aws:securetransport", "s3:tlsversion")


def artifact_bucket(synthesis: Synthesis) -> Iterator[Finding]:
    """The bucket of artifacts that exists: it is there, in the Region, and keeps nobody out."""
    registry = synthesis.environment.registry
    given = registry.artifacts if isinstance(registry, Registry) else None
    if isinstance(given, ExistingBucket) or isinstance(registry, RegistryOutputs):
        found = list(_Bucket(synthesis).findings())
        if not found:
            said = f"is there, in {synthesis.context.region}, and its policy keeps no role out"
            found = [_finding(synthesis, "passed", said)]
        yield from found


def _finding(synthesis: Synthesis, outcome: Any, found: str, fix: str = "") -> Finding:
    return Finding(ARTIFACT_BUCKET, synthesis.environment.artifact_bucket, outcome, found, fix)


class _Bucket:
    """A bucket that somebody else made."""

    def __init__(self, synthesis: Synthesis) -> None:
        self._synthesis = synthesis
        self._context = synthesis.context
        self._s3 = synthesis.aws.client("s3")
        self._name = synthesis.environment.artifact_bucket
        self._arn = f"arn:{self._context.partition}:s3:::{self._name}"

    def findings(self) -> Iterator[Finding]:
        """What is wrong with it or not known of it; nothing where all is well."""
        try:
            answer: Any = self._s3.head_bucket(Bucket=self._name)["ResponseMetadata"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("404", "NoSuchBucket"):
                fix = "write the name of a bucket that exists, or let Inferform make one"
                yield self._found("failed", "does not exist", fix)
                return
            if code not in (*_UNREAD, "301"):
                raise
            answer = error.response["ResponseMetadata"]
        region = answer["HTTPHeaders"].get("x-amz-bucket-region", self._context.region)
        if region != self._context.region:
            said = f"is in {region}, but the environment is in {self._context.region}"
            yield self._found("failed", said, f"name a bucket of {self._context.region}")
            return
        if answer["HTTPStatusCode"] != 200:
            said = "not known whether roles may read it: these credentials may not look at it"
            yield self._found("skipped", said)
            return
        for check in (self._encryption, self._policy, self._events):
            try:
                yield from check()
            except ClientError as error:
                if error.response["Error"]["Code"] not in _UNREAD:
                    raise
                what = check.__name__.removeprefix("_")
                said = f"not known: its {what} may not be read with these credentials"
                yield self._found("skipped", said)

    def _found(self, outcome: str, found: str, fix: str = "") -> Finding:
        return _finding(self._synthesis, outcome, found, fix)

    def _encryption(self) -> Iterator[Finding]:
        """Roles may decrypt by the environment's key, or the one that the Context names."""
        used = self._key()
        if used is not None and used not in self._readable_by():
            fix = f'write artifact_keys={{"{self._name}": "{used}"}} in the Context'
            said = f"encrypts what is uploaded by {used}, which no role here may use"
            yield self._found("failed", said, fix)

    def _key(self) -> str | None:
        """The key of what is uploaded, by its ARN; None for S3's own."""
        try:
            held = self._s3.get_bucket_encryption(Bucket=self._name)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code != "ServerSideEncryptionConfigurationNotFoundError":
                raise
            return None
        for rule in held["ServerSideEncryptionConfiguration"]["Rules"]:
            by = rule.get("ApplyServerSideEncryptionByDefault", {})
            if by.get("SSEAlgorithm") in ("aws:kms", "aws:kms:dsse"):
                return self._resolved(by.get("KMSMasterKeyID"))
        return None

    def _resolved(self, key: str | None) -> str | None:
        """The ARN of the key itself that an id or an alias names; None for S3's own, which serves
        everybody in its account who may read the object."""
        if key is None:
            return None
        kms = self._synthesis.aws.client("kms")
        try:
            arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
            aliases = [each["AliasName"] for each in kms.list_aliases(KeyId=arn)["Aliases"]]
        except ClientError:
            return key  # of another account, or not to be looked at
        return None if "alias/aws/s3" in aliases else arn

    def _readable_by(self) -> set[str]:
        named = self._context.artifact_keys.get(self._name)
        if named is not None:
            return {named}
        given = getattr(self._synthesis.environment.registry, "kms_key", None)
        own = given or self._synthesis.output("registry", "kms_key_arn")
        return {own} if isinstance(own, str) else set()

    def _policy(self) -> Iterator[Finding]:
        """No statement keeps out whoever reads and writes here. That IAM of the bucket's own account
        decides needs none that allows it; another account does not read the policy."""
        try:
            held = statements(self._s3.get_bucket_policy(Bucket=self._name)["Policy"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
                raise
            return
        made = {
            self._context.own_role_arn(str(role.values.get("name")))
            for role in self._synthesis.of("aws_iam_role")
        }
        roles = made | {str(each["arn"]) for each in self._synthesis.given_roles}
        writes = any("s3:PutObject" in text for text in self._synthesis.texts.values())
        for outcome, said in denials(held, self._arn, roles, self._context.account, writes=writes):
            fix = "let its owner except this environment's roles" if outcome == "failed" else ""
            yield self._found(outcome, said, fix)

    def _events(self) -> Iterator[Finding]:
        """It tells EventBridge of uploads, where batch transforms wait for them."""
        registry = self._synthesis.environment.registry
        given = registry.artifacts if isinstance(registry, Registry) else None
        if not isinstance(given, ExistingBucket) or not given.send_events:
            return
        told: Any = self._s3.get_bucket_notification_configuration(Bucket=self._name)
        if "EventBridgeConfiguration" not in told:
            fix = "let its owner turn Amazon EventBridge on in the bucket's properties"
            yield self._found("failed", "sends no events to EventBridge", fix)


def denials(
    held: Iterable[Statement], arn: str, roles: Collection[str], account: str, *, writes: bool
) -> Iterator[tuple[str, str]]:
    """What the policy of a bucket denies to roles of an account that read it, and perhaps write."""
    for index, statement in enumerate(held):
        actions, everywhere = _denied(statement, arn, writes=writes)
        reach = _reaches(statement, roles, account)
        if not actions or reach == "no" or _is_of_plain_http(statement):
            continue
        which = statement.get("Sid") or f"statement {index + 1}"
        what = f"{which} of its policy denies {', '.join(actions)}"
        if reach == "yes" and everywhere and not statement.get("Condition"):
            yield "failed", f"{what} to this environment's roles"
        else:
            yield "skipped", f"not known: {what} to some, in some folder or under a condition"


def _denied(statement: Statement, arn: str, *, writes: bool) -> tuple[list[str], bool]:
    """The actions that a statement denies of what roles do in a bucket, and whether in all of it."""
    wanted = [Grant("s3:GetObject", f"{arn}/*"), Grant("s3:ListBucket", arn)]
    wanted += [Grant("s3:PutObject", f"{arn}/*")] if writes else []
    denied = [
        (each, grant)
        for each in wanted
        for grant in grants({"Statement": [statement]}, "Deny")
        if grant.covers(each, conditions=False, resources=False)
    ]
    whole = {a.action for a, b in denied if matches(b.resource, a.resource)}
    inside = {a.action for a, b in denied if matches(a.resource, b.resource)}
    return sorted(whole | inside), bool(whole)


def _reaches(statement: Statement, roles: Collection[str], account: str) -> str:
    """Whether a statement is for roles of an account: `yes`, `no` or `perhaps`."""
    if "NotPrincipal" in statement:
        return "perhaps"
    held = statement.get("Principal")
    people = {*listed(held.get("AWS") if isinstance(held, dict) else held)}
    everybody = {EVERYBODY, account} & people or any(
        each.endswith(f"::{account}:root") for each in people
    )
    return "yes" if everybody or people & {*roles} else "no"


def _is_of_plain_http(statement: Statement) -> bool:
    """Whether a statement asks for TLS alone, which every request here has."""
    condition = statement.get("Condition") or {}
    keys = [key.lower() for asked in condition.values() for key in asked]
    return bool(keys) and all(key in _TLS for key in keys)
