"""Whether the policy of a key that somebody else made lets in who must use it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from inferform import Context

from ..aws import Aws
from ..checks import KEY
from ..iam import Grant, NotReadableError, grants, listed, statements
from .record import Finding
from .synthesis import Synthesis

Statement = dict[str, Any]
Answer = Callable[[Statement], str]
"""Whether a statement is for somebody: `yes`, `no` or `perhaps`, where it is not known."""

USES = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
"""What the account's roles do with the key that encrypts what they write.

Source: SageMaker developer guide, KMS permissions of roles; Amazon ECR user guide, encryption at rest.
"""

_LOGS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptTo")
"""Source: CloudWatch Logs user guide, encrypt log data using AWS KMS."""

_LOG_ACTIONS = ("Decrypt", "Describe", "Encrypt", "GenerateDataKey", "ReEncrypt")
_LOG_ARN = "kms:EncryptionContext:aws:logs:arn"
_DENIED = ("AccessDenied", "AccessDeniedException")
_ORDER = ("no", "perhaps", "yes")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody must be allowed."""

    who: str
    actions: tuple[str, ...]
    is_for: Answer
    statement: Statement
    """The statement that allows it."""

    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What each role among them does with the key, by its ARN. Default: not known."""


def keys(synthesis: Synthesis) -> Iterator[Finding]:
    """Every key that encrypts what is written or read: it is enabled, and lets in who uses it."""
    context, registry = synthesis.context, synthesis.environment.registry
    own = getattr(registry, "kms_key", None) or synthesis.output("registry", "kms_key_arn")
    if not isinstance(own, str):
        said = "the registry layer will make it"
        yield Finding(KEY, f"{context.key}-registry", "skipped", said)
    given = (each.spec.existing.kms_key for each in synthesis.environment.deployed)
    used = [arn for arn in dict.fromkeys([own, *given]) if isinstance(arn, str)]
    for arn in used:
        yield from _key(synthesis, arn, USES, is_own=arn == own)
    # Who may do all of that may decrypt.
    for arn in dict.fromkeys(each for each in context.artifact_keys.values() if each not in used):
        yield from _key(synthesis, arn, ("kms:Decrypt",), is_own=False)


def _key(
    synthesis: Synthesis, arn: str, actions: tuple[str, ...], *, is_own: bool
) -> Iterator[Finding]:
    context = synthesis.context
    groups = [
        str(each.values["name"])
        for each in synthesis.of("aws_cloudwatch_log_group")
        if synthesis.resolved(str(each.values.get("kms_key_id", ""))) == arn
        and "${" not in str(each.values.get("name", "${}"))
    ]
    artifacts = getattr(synthesis.environment.registry, "own_artifacts", None) if is_own else None
    readers = artifacts.read_accounts if artifacts else ()
    wanted = wanted_of(
        context, actions, groups=groups, readers=readers, roles=_roles(synthesis, arn, actions)
    )
    region, account = arn.split(":")[3:5]
    if (region, account) != (context.region, context.account):
        # GetKeyPolicy is for the key's own account alone (KMS API reference).
        where = f"account {account}" if account != context.account else region
        yield _unknown(arn, f"it is in {where}", wanted)
        return
    state = _state(synthesis.aws, arn)
    if state != "Enabled":
        fix = "aws kms cancel-key-deletion, or enable-key"
        if state.startswith("cannot"):
            fix = "check its ARN, and its policy"
        yield Finding(KEY, arn, "failed", state if " " in state else f"is {state}", fix)
        return
    try:
        answer = synthesis.aws.client("kms").get_key_policy(KeyId=arn, PolicyName="default")
        held = statements(answer["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] not in _DENIED:
            raise
        yield _unknown(arn, "its policy may not be read with these credentials", wanted)
        return
    except NotReadableError as error:
        yield _unknown(arn, f"its policy {error}", wanted)
        return
    yield judged(arn, held, wanted)


def _roles(synthesis: Synthesis, arn: str, actions: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """What each role of the account does with a key, by the role's ARN: those that are made or given here, as
    far as their own policies say, and those that Terraform assumes. None where it assumes none."""
    found = dict.fromkeys(sorted(synthesis.roles), actions)
    if not found:
        return {}  # who applies is not known
    documents: dict[str, list[Any]] = {}
    for each in synthesis.given_roles:
        documents.setdefault(str(each["arn"]), []).append({"Statement": each["statements"]})
    for policy in synthesis.of("aws_iam_role_policy"):
        role = synthesis.referred(policy, "role", "aws_iam_role")
        if role is not None:
            document = synthesis.resolved(str(policy.values.get("policy", "")))
            documents.setdefault(_arn(synthesis.context, role.values), []).append(document)
    for role_arn, held in documents.items():
        try:
            own = [grant for document in held for grant in grants(document)]
        except NotReadableError:
            found.setdefault(role_arn, actions)
            continue
        used = tuple(each for each in actions if any(_reaches(grant, each, arn) for grant in own))
        if used:
            found.setdefault(role_arn, used)
    return found


def _arn(context: Context, role: Mapping[str, Any]) -> str:
    return context.arn("iam", f"role{role.get('path') or '/'}{role['name']}")


def _reaches(grant: Grant, action: str, arn: str) -> bool:
    """Whether a grant is for an action on a key; one on what is not known yet may be."""
    is_unknown = "${" in grant.resource
    return grant.covers(Grant(action, arn), conditions=False, resources=not is_unknown)


def judged(arn: str, held: Sequence[Statement], wanted: Sequence[Wanted]) -> Finding:
    """Whether the statements of a key's policy let in who is wanted, and what they lack."""
    answers = [
        (each, "yes" if _unnamed(held, each) == [] else _answer(held, each)) for each in wanted
    ]
    missing = [each for each, answer in answers if answer == "no"]
    unclear = [each for each, answer in answers if answer == "perhaps"]
    if missing:
        who = ", ".join(each.who for each in missing)
        said = f"its policy does not let {who} in; it lacks {_printed(missing)}"
        return Finding(KEY, arn, "failed", said, "let its owner add what is printed to its policy")
    if unclear:
        who = ", ".join(
            f"{each.who} ({', '.join(found)})" if (found := _unnamed(held, each)) else each.who
            for each in unclear
        )
        said = (
            f"not known whether its policy lets {who} in, as it names single roles or has conditions; "
            f"this would be enough: {_printed(unclear)}"
        )
        return Finding(KEY, arn, "skipped", said)
    who = ", ".join(each.who for each in wanted)
    return Finding(KEY, arn, "passed", f"is enabled and lets {who} in")


def _unknown(arn: str, why: str, wanted: Sequence[Wanted]) -> Finding:
    said = f"not known whether it lets in who needs it: {why}; it must hold {_printed(wanted)}"
    return Finding(KEY, arn, "skipped", said)


def _printed(wanted: Sequence[Wanted]) -> str:
    made = [each.statement for each in wanted]
    return json.dumps(made[0] if len(made) == 1 else made)


def _state(aws: Aws, arn: str) -> str:
    try:
        return str(aws.client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"])
    except ClientError as error:
        return f"cannot be read: {error}"


# What is wanted


def wanted_of(
    context: Context,
    actions: tuple[str, ...],
    *,
    groups: Sequence[str] = (),
    readers: Sequence[str] = (),
    roles: Mapping[str, tuple[str, ...]] | None = None,
) -> list[Wanted]:
    """Who must be let in to a key: the account's roles for some actions, CloudWatch Logs for log
    groups by name, and other accounts that read artifacts through S3.

    `roles` says what each role of the account does, by its ARN. Default: that is not known.
    """
    through = f"s3.{context.region}.{context.dns_suffix}"
    reads = ("kms:Decrypt", "kms:DescribeKey")
    return [
        replace(_account(context, context.account, actions), roles=roles or {}),
        *([_logs(context, sorted(groups))] if groups else []),
        *(_account(context, account, reads, through=through) for account in readers),
    ]


def _account(
    context: Context, account: str, actions: tuple[str, ...], *, through: str = ""
) -> Wanted:
    """The roles of an account, as far as their own policies say; `through` a service alone."""
    root = f"arn:{context.partition}:iam::{account}:root"
    tests = {"kms:calleraccount": [account]} | ({"kms:viaservice": [through]} if through else {})

    def is_for(statement: Statement) -> str:
        people = _principals(statement, "AWS")
        if {root, account} & {*people}:
            return _holds(statement, tests)
        if "*" in people:
            # Everybody, unless a condition says which account.
            return _holds(statement, tests)
        return "perhaps" if any(f":{account}:" in each for each in people) else "no"

    own = account == context.account
    made: Statement = {
        "Sid": "UsedByIam" if own else f"ReadBy{account}",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": [*actions],
        "Resource": "*",
    }
    if through:
        made["Condition"] = {"StringEquals": {"kms:ViaService": through}}
    who = "this account's roles" if own else f"account {account}"
    return Wanted(who, actions, is_for, made)


def _logs(context: Context, groups: Sequence[str]) -> Wanted:
    """CloudWatch Logs, for log groups that the key encrypts."""
    service = f"logs.{context.region}.{context.dns_suffix}"
    arns = [context.arn("logs", f"log-group:{name}") for name in groups]

    def is_for(statement: Statement) -> str:
        people = _principals(statement, "Service")
        if service not in people:
            return "perhaps" if "*" in people else "no"
        tests = {_LOG_ARN.lower(): arns, "aws:sourceaccount": [context.account]}
        return _holds(statement, tests)

    made: Statement = {
        "Sid": "LogGroups",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": [f"kms:{each}*" for each in _LOG_ACTIONS],
        "Resource": "*",
        "Condition": {"ArnLike": {_LOG_ARN: arns}},
    }
    return Wanted(service, _LOGS, is_for, made)


# What a policy says


def _answer(held: Sequence[Statement], wanted: Wanted) -> str:
    """Whether somebody may do everything: the worst of the answers for each action."""
    return min((_of_action(held, wanted, each) for each in wanted.actions), key=_ORDER.index)


def _unnamed(held: Sequence[Statement], wanted: Wanted) -> list[str] | None:
    """The roles that a policy does not let in for sure: it names a role, or its account, to let it in. None
    where it is not known which roles there are."""
    if not wanted.roles:
        return None
    return [
        role
        for role, actions in wanted.roles.items()
        if _answer(held, replace(wanted, actions=actions, is_for=_of_role(role))) != "yes"
    ]


def _of_role(role: str) -> Answer:
    account = role.split(":")[4]
    tests = {"kms:calleraccount": [account], "aws:principalarn": [role]}

    def is_for(statement: Statement) -> str:
        people = {*_principals(statement, "AWS")}
        whole = {role, "*", account, f"{role.partition(account)[0]}{account}:root"}
        return _holds(statement, tests) if people & whole else "no"

    return is_for


def _of_action(held: Sequence[Statement], wanted: Wanted, action: str) -> str:
    allowed = [
        wanted.is_for(each) for each in held if each.get("Effect") == "Allow" and _of(each, action)
    ]
    answer = max(allowed, key=_ORDER.index, default="no")
    for each in held:
        if each.get("Effect") == "Deny" and _of(each, action):
            denies = "perhaps" if "NotPrincipal" in each else wanted.is_for(each)
            against = {"yes": "no", "perhaps": "perhaps", "no": "yes"}[denies]
            answer = min(answer, against, key=_ORDER.index)
    return answer


def _of(statement: Statement, action: str) -> bool:
    """Whether a statement is for an action on the key itself."""
    return any(
        each.covers(Grant(action, each.resource), conditions=False)
        for effect in ("Allow", "Deny")
        for each in grants({"Statement": [statement]}, effect)
    )


def _principals(statement: Statement, kind: str) -> list[str]:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return listed(principal.get(kind))
    return listed(principal)


def _holds(statement: Statement, tests: Mapping[str, Sequence[str]]) -> str:
    """Whether a condition holds, of which the values of some keys are known."""
    answer = "yes"
    for operator, asked in (statement.get("Condition") or {}).items():
        plain = operator.removeprefix("ForAnyValue:").removesuffix("IfExists")
        for key, patterns in asked.items():
            values = {**_TLS, **tests}.get(key.lower())
            if values is None or plain not in _OPERATORS:
                answer = min(answer, "perhaps", key=_ORDER.index)
            elif not all(_OPERATORS[plain](value, listed(patterns)) for value in values):
                return "no"
    return answer


def _is_like(value: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(value, each.replace("[", "[[]")) for each in patterns)


_TLS = {"aws:securetransport": ["true"]}

_OPERATORS: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "ArnEquals": _is_like,
    "ArnLike": _is_like,
    "Bool": lambda value, given: value in [each.lower() for each in given],
    "StringEquals": lambda value, given: value in given,
    "StringLike": _is_like,
}
