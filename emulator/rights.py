"""What a role may do that a service takes on, by the policies that are declared in the emulator.

Services of AWS pull images, read artifacts, decrypt and write logs on the user's behalf. moto has none
of that; here the calls are judged as IAM would, and what they ask for has to be there. It is off until
the control route ``access`` turns it on for an account.

What the emulator cannot know is taken as given: repositories of an account in which the emulator has
none (AWS's own registries are such), buckets, keys and topics that it does not have, and images of
other registries than ECR. What the role's own policies say of them is judged nevertheless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from moto.ecr.models import ecr_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.ssm.models import ssm_backends

from . import policies
from .policies import Context, Statement
from .s3_uri import bucket_and_key

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that IAM refuses."""

    caller: str
    action: str
    resource: str
    why: str

    def __str__(self) -> str:
        return (
            f"User: {self.caller} is not authorized to perform: {self.action} "
            f"on resource: {self.resource} {self.why}"
        )


class DeniedError(Exception):
    """IAM refuses a call."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class MissingError(Exception):
    """A call is allowed, and what it asks for is not there."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role that a service has taken on."""

    arn: str
    own: list[dict[str, Any]]
    boundary: list[dict[str, Any]] | None
    context: Mapping[str, str]

    @property
    def account(self) -> str:
        """The account that the role is in."""
        return self.arn.split(":")[4]

    @property
    def session(self) -> str:
        """The session under which the service calls, as errors name it."""
        partition, name = self.arn.split(":")[1], self.arn.rsplit("/", 1)[-1]
        return f"arn:{partition}:sts::{self.account}:assumed-role/{name}/{_SESSION}"


_SESSION = "emulator"


# The switch


def judge(account: str, judged: bool) -> None:
    """Judge from now on what services do in an account, or take it as given."""
    # on the backend, so that resetting moto resets it
    kept = _kept(account)
    kept["judged"] = judged
    kept["refused"] = []


def is_judged(account: str) -> bool:
    """Whether calls of services in this account are judged."""
    return bool(_kept(account)["judged"])


def refused(account: str) -> list[dict[str, str]]:
    """The calls that were refused without ending what made them, the newest last."""
    return [asdict(each) for each in _kept(account)["refused"]]


def note(account: str, refusal: Refusal) -> None:
    """Remember a call that was refused without ending what made it."""
    found = _kept(account)["refused"]
    if refusal not in found:
        found.append(refusal)


def _kept(account: str) -> dict[str, Any]:
    backend: Any = iam_backends[account]["aws"]
    kept: dict[str, Any] = backend.__dict__.setdefault("rights", {"judged": False, "refused": []})
    return kept


# Roles


def assumed(arn: str, service: str, *, by: str) -> Role | None:
    """A role, if it is there and its trust policy lets a service take it on; `by` is the ARN of what
    the service does it for."""
    if not arn.startswith("arn:"):
        return None
    _, partition, _, _, account, _ = arn.split(":", 5)
    found = next((r for r in iam_backends[account][partition].roles.values() if r.arn == arn), None)
    if found is None:
        return None
    trust = policies.effect(
        policies.statements(found.assume_role_policy_document),
        "sts:AssumeRole",
        arn,
        {
            "aws:sourceaccount": by.split(":")[4],
            "aws:sourcearn": by,
            "aws:principaltype": "Service",
            "aws:principalisawsservice": "true",
            "aws:securetransport": "true",
        },
        by=lambda statement: policies.is_service(statement, service),
    )
    if trust != "Allow":
        return None
    # Services work in the Region of what they do it for.
    context = {**_context(found), "aws:requestedregion": by.split(":")[3]}
    return Role(arn, list(_own(found)), _boundary(found), context)


def _own(role: Any) -> Iterator[dict[str, Any]]:
    for document in role.policies.values():
        yield from policies.statements(document)
    for managed in role.managed_policies.values():
        yield from policies.statements(_document(managed))


def _document(managed: Any) -> str:
    return next(str(each.document) for each in managed.versions if each.is_default)


def _boundary(role: Any) -> list[dict[str, Any]] | None:
    arn = role.permissions_boundary_arn
    if not arn:
        return None
    managed = iam_backends[role.account_id][role.partition].managed_policies.get(arn)
    # One that is gone allows nothing.
    return policies.statements(_document(managed)) if managed else []


def _context(role: Any) -> dict[str, str]:
    tags = role.tags.values() if isinstance(role.tags, dict) else role.tags or ()
    return {
        "aws:principalaccount": role.account_id,
        "aws:principalarn": role.arn,
        "aws:principaltype": "AssumedRole",
        "aws:principalisawsservice": "false",
        "aws:securetransport": "true",
        **{f"aws:principaltag/{tag['Key']}".lower(): tag["Value"] for tag in tags},
    }


@dataclass(frozen=True, slots=True)
class Attached:
    """The policy of a resource; none where it has none or the emulator does not know it."""

    document: str | bytes | None = None
    known: bool = True
    is_of_a_key: bool = False
    """A key's policy has to allow what is done with it, in its own account too."""


def check(
    role: Role,
    action: str,
    resource: str,
    *,
    owner: str = "",
    attached: Attached = Attached(),
    context: Context | None = None,
) -> None:
    """Raise DeniedError where IAM refuses a call; `owner` is the account of the resource, the
    role's own where not given."""
    owner = owner or role.account
    region = resource.split(":")[3] if resource.startswith("arn:") else ""
    requested = {"aws:requestedregion": region} if region else {}
    keys = {**role.context, **requested, "aws:resourceaccount": owner, **(context or {})}

    def said(found: list[dict[str, Any]], by: Any = lambda statement: True) -> policies.Effect:
        return policies.effect(found, action, resource, keys, by=by)

    def of_role(statement: Statement) -> bool:
        return policies.is_role(statement, role.arn)

    def of_role_itself(statement: Statement) -> bool:
        return policies.is_role_itself(statement, role.arn)

    own, there = said(role.own), policies.statements(attached.document)
    theirs, directly = said(there, of_role), said(there, of_role_itself) == "Allow"
    is_same = owner == role.account

    def deny(why: str) -> DeniedError:
        return DeniedError(Refusal(role.session, action, resource, why))

    if own == "Deny":
        raise deny("with an explicit deny in an identity-based policy")
    if theirs == "Deny":
        raise deny("with an explicit deny in a resource-based policy")
    if role.boundary is not None and said(role.boundary) != "Allow":
        raise deny(f"because no permissions boundary allows the {action} action")
    if own != "Allow" and not (is_same and directly):
        raise deny(f"because no identity-based policy allows the {action} action")
    asked_too = attached.is_of_a_key or not is_same
    if asked_too and attached.known and theirs != "Allow":
        raise deny(f"because no resource-based policy allows the {action} action")


# ECR


def is_of_ecr(image: str) -> bool:
    """Whether an image is in a private registry of ECR."""
    return _IMAGE.fullmatch(image) is not None


def pull(role: Role, image: str) -> None:
    """Pull an image. Raises DeniedError or MissingError."""
    match = _IMAGE.fullmatch(image)
    if match is None:
        return
    account, region, name = match["account"], match["region"], match["repository"]
    partition = role.arn.split(":")[1]
    repositories = ecr_backends[account][region].repositories
    is_known = account == role.account or bool(repositories)
    repository = repositories.get(name)
    attached = Attached(repository.policy if repository else None, is_known)
    check(role, "ecr:GetAuthorizationToken", "*", context={"aws:requestedregion": region})
    arn = f"arn:{partition}:ecr:{region}:{account}:repository/{name}"
    for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
        check(role, action, arn, owner=account, attached=attached)
    if not is_known:
        return
    if repository is None or not any(_is(each, match) for each in repository.images):
        raise MissingError(image)


def _is(image: Any, match: re.Match[str]) -> bool:
    if match["digest"]:
        return bool(image.image_digest == match["digest"])
    return (match["tag"] or "latest") in image.image_tags


# S3 and KMS


def read(role: Role, uri: str, *, is_prefix: bool, through: Any = None) -> None:
    """Read an object, or all below a prefix, which may be empty. Raises DeniedError or MissingError.

    `through` is the VPC endpoint on the way, whose policy is asked as well.
    """
    name, key = bucket_and_key(uri)
    bucket = _bucket(name)
    arn = f"arn:{role.arn.split(':')[1]}:s3:::{name}"
    ways = _of_endpoint(through)
    if is_prefix:
        _reach(role, "s3:ListBucket", arn, bucket, {**ways, "s3:prefix": key}, through)
    if bucket is None:
        _reach(
            role, "s3:GetObject", f"{arn}/{key}{'x' if is_prefix else ''}", bucket, ways, through
        )
        return
    found = [each for each in bucket.keys if (each.startswith(key) if is_prefix else each == key)]
    for each in found or ([] if is_prefix else [key]):
        _reach(role, "s3:GetObject", f"{arn}/{each}", bucket, ways, through)
        if found:
            _use_key_of(role, "kms:Decrypt", bucket, bucket.keys[each], each)
    if not found and not is_prefix:
        raise MissingError(uri)


def has_object(uri: str) -> bool:
    """Whether there is an object."""
    name, key = bucket_and_key(uri)
    bucket = _bucket(name)
    return bucket is not None and key in bucket.keys


def holds_anything(uri: str) -> bool:
    """Whether there is anything below a prefix; a bucket that the emulator lacks may hold it."""
    name, key = bucket_and_key(uri)
    bucket = _bucket(name)
    return bucket is None or any(each.startswith(key) for each in bucket.keys)


def write(role: Role, uri: str, key: str = "") -> None:
    """Write objects below a prefix, with a key or as the bucket encrypts. Raises DeniedError."""
    name, prefix = bucket_and_key(uri)
    bucket = _bucket(name)
    written = f"{prefix.rstrip('/')}/x".lstrip("/")
    arn = f"arn:{role.arn.split(':')[1]}:s3:::{name}/{written}"
    _reach(role, "s3:PutObject", arn, bucket, {}, None)
    if key:
        region = bucket.region_name if bucket else "us-east-1"
        _use_key(role, "kms:GenerateDataKey", key, role.account, region, "s3", arn)
    elif bucket is not None and bucket.encryption:
        default = bucket.encryption["Rule"]["ApplyServerSideEncryptionByDefault"]
        if default["SSEAlgorithm"] != "AES256":
            given = default.get("KMSMasterKeyID", "")
            owner = bucket.account_id
            _use_key(role, "kms:GenerateDataKey", given, owner, bucket.region_name, "s3", arn)


def _bucket(name: str) -> Any:
    for partitions in list(s3_backends.values()):
        for backend in list(partitions.values()):
            if name in backend.buckets:
                return backend.buckets[name]
    return None


def _of_endpoint(through: Any) -> dict[str, str]:
    if through is None:
        return {}
    return {"aws:sourcevpce": through.id, "aws:sourcevpc": through.vpc_id}


def _reach(role: Role, action: str, arn: str, bucket: Any, context: Context, through: Any) -> None:
    if bucket is not None:
        context = {**context, "aws:requestedregion": bucket.region_name}
    if through is not None:
        lets_out = policies.statements(through.policy_document)
        keys = {**role.context, **context}
        of_role = policies.effect(
            lets_out, action, arn, keys, by=lambda each: policies.is_role(each, role.arn)
        )
        if of_role != "Allow":
            why = f"because no VPC endpoint policy allows the {action} action"
            raise DeniedError(Refusal(role.session, action, arn, why))
    owner = bucket.account_id if bucket is not None else ""
    document = bucket.policy if bucket is not None else None
    check(role, action, arn, owner=owner, attached=Attached(document), context=context)


def _use_key_of(role: Role, action: str, bucket: Any, found: Any, name: str) -> None:
    if found.encryption in (None, "AES256"):
        return
    arn = f"arn:{role.arn.split(':')[1]}:s3:::{bucket.name}/{name}"
    owner, region = bucket.account_id, bucket.region_name
    _use_key(role, action, found.kms_key_id or "", owner, region, "s3", arn)


def _use_key(
    role: Role, action: str, given: str, owner: str, region: str, via: str, encrypted: str = ""
) -> None:
    """Use a key through a service; `given` is as the resource of the account `owner` names it."""
    if given.startswith("arn:"):
        _, _, _, region, account, _ = given.split(":", 5)
    else:
        account = owner
    if not given or "alias/aws/" in given:
        # AWS's own key of a service is for whoever may use the service in that account.
        if account != role.account:
            why = f"because no resource-based policy allows the {action} action"
            raise DeniedError(Refusal(role.session, action, given or f"alias/aws/{via}", why))
        return
    keys = kms_backends[account][region].keys.values()
    name = given.rpartition(":")[2].removeprefix("key/")
    key = next((each for each in keys if each.id == name or name in each.aliases), None)
    arn = key.arn if key else given
    if key is not None and key.key_state != "Enabled":
        raise DeniedError(Refusal(role.session, action, arn, f"because it is {key.key_state}"))
    check(
        role,
        action,
        arn,
        owner=account,
        attached=Attached(key.policy if key else None, known=key is not None, is_of_a_key=True),
        context={
            "kms:viaservice": f"{via}.{region}.amazonaws.com",
            "kms:calleraccount": role.account,
            **({"kms:encryptioncontext:aws:s3:arn": encrypted} if encrypted else {}),
        },
    )


# Secrets, logs, metrics, topics


def read_secret(role: Role, reference: str, region: str) -> None:
    """Fetch what a container's secret names. Raises DeniedError or MissingError."""
    if ":secretsmanager:" in reference:
        _, _, _, region, account, _, name = reference.split(":", 6)
        arn = ":".join(reference.split(":")[:7])
        secrets = secretsmanager_backends[account][region].secrets.values()
        found = next((each for each in secrets if each.arn == arn), None)
        attached = Attached(found.policy if found else None, known=found is not None)
        check(role, "secretsmanager:GetSecretValue", arn, owner=account, attached=attached)
        if found is not None and found.kms_key_id:
            key = found.kms_key_id
            _use_key(role, "kms:Decrypt", key, account, region, "secretsmanager")
        if found is None and account == role.account:
            raise MissingError(arn)
        return
    name = reference.partition(":parameter")[2] or reference
    account = reference.split(":")[4] if reference.startswith("arn:") else role.account
    region = reference.split(":")[3] if reference.startswith("arn:") else region
    arn = f"arn:{role.arn.split(':')[1]}:ssm:{region}:{account}:parameter/{name.lstrip('/')}"
    check(role, "ssm:GetParameters", arn, owner=account)
    parameters = ssm_backends[account][region]._parameters
    versions = parameters.get(name) or parameters.get(name.removeprefix("/"))
    if not versions:
        raise MissingError(arn)
    if versions[-1].parameter_type == "SecureString":
        _use_key(role, "kms:Decrypt", versions[-1].keyid or "", account, region, "ssm")


def write_logs(role: Role, region: str, group: str) -> None:
    """Write to a log group. Raises DeniedError."""
    arn = f"arn:{role.arn.split(':')[1]}:logs:{region}:{role.account}:log-group:{group}"
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        try:
            check(role, action, f"{arn}:log-stream:{_SESSION}")
        except DeniedError:
            # Statements name the group with its streams, or the group alone.
            check(role, action, arn)


def measure(role: Role, namespace: str) -> None:
    """Publish metrics. Raises DeniedError."""
    check(role, "cloudwatch:PutMetricData", "*", context={"cloudwatch:namespace": namespace})


def publish(role: Role, topic: str) -> None:
    """Publish to a topic. Raises DeniedError."""
    _, _, _, region, account, _ = topic.split(":", 5)
    found = sns_backends[account][region].topics.get(topic)
    attached = Attached(found.policy if found else None, known=found is not None)
    check(role, "sns:Publish", topic, owner=account, attached=attached)
