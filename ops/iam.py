"""What IAM policy documents grant, and how two of them compare. It knows no plan and no resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from .masking import Masked

EVERYBODY = "*"

ESCALATING = frozenset(
    {
        "iam:AddUserToGroup",
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:CreatePolicyVersion",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteUserPermissionsBoundary",
        "iam:PassRole",
        "iam:PutGroupPolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateLoginProfile",
        "sts:AssumeRole",
    }
)
"""Actions that give their caller the rights of others, where they are allowed on every resource.

Source: the Service Authorization Reference for IAM and STS, access level "Permissions management",
and what hands on the rights of a role (`iam:PassRole`, `sts:AssumeRole`).
"""

MANAGED = {
    "AdministratorAccess": "every action on every resource",
    "AdministratorAccess-Amplify": "making roles and attaching any policy to them",
    "AIDevOpsAgentActionsPolicy": "everything but what it names",
    "IAMFullAccess": "every action of IAM, so every right",
    "PowerUserAccess": "every action but most of IAM, Organizations and Account",
}
"""What AWS-managed policies allow that are like an administrator's, as of MANAGED_DATE.

Source: their documents in the AWS Managed Policy Reference.
"""

CLUSTER_POLICIES = {
    "AmazonEKSAdminPolicy": "nearly everything in Kubernetes, where its scope is the cluster",
    "AmazonEKSClusterAdminPolicy": "everything in Kubernetes, where its scope is the cluster",
}
"""What access policies of EKS allow that are like an administrator's.

Source: EKS User Guide, "Review access policy permissions".
"""

MANAGED_DATE = "2026-09-30"
_FAR_NAMES = re.compile(r"FullAccess|AdministratorAccess|PowerUser|ClusterAdmin")

CALLER_KEYS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpcsourceip",
        "kms:calleraccount",
        "lambda:functionurlauthtype",
        "s3:dataaccesspointaccount",
        "sts:externalid",
    }
)
"""Keys of conditions, in lower case, that say who may call. Source: the IAM User Guide, "AWS global
condition context keys". `aws:SecureTransport` and its like say how, and let everybody in."""

_ACCOUNT_KEYS = ("aws:principalaccount", "aws:sourceaccount", "kms:calleraccount")
_EVERYWHERE = re.compile(r"\*|arn:\*|(?:arn:)?(?:[^:]*:){4}(?:\*|(?:role|user|group|policy)/\*)")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


class NotReadableError(ValueError):
    """What should be a policy is none; its text is the reason."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One action that a statement allows or denies on one resource to one principal."""

    action: str
    resource: str
    principal: str = ""
    """Empty in the policy of an identity."""

    condition: str = ""
    """The statement's Condition as JSON; empty without one."""

    but_actions: tuple[str, ...] = ()
    """The NotAction of the statement, whose action is `*`."""

    but_resources: tuple[str, ...] = ()
    but_principals: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """The action in words."""
        if self.but_actions:
            return f"everything but {', '.join(self.but_actions)}"
        return self.action

    @property
    def where(self) -> str:
        """The resource in words."""
        if self.but_resources:
            return f"every resource but {', '.join(self.but_resources)}"
        return "every resource" if self.resource == "*" else self.resource

    @property
    def who(self) -> str:
        """The principal in words."""
        if self.but_principals:
            return f"everybody but {', '.join(self.but_principals)}"
        return self.principal

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds for every resource, of an account or of all."""
        return _EVERYWHERE.fullmatch(self.resource) is not None

    @property
    def is_everything(self) -> bool:
        """Whether it is every action of every service, but for those that NotAction names."""
        return matches(self.action, "zzqprobe:ZzqProbe")

    @property
    def is_whole(self) -> bool:
        """Whether it is every action of a service at least."""
        service, _, action = self.action.partition(":")
        return self.is_everything or (
            bool(service) and bool(action) and matches(action, "ZzqProbe")
        )

    def covers(self, other: Grant, *, conditions: bool = True, resources: bool = True) -> bool:
        """Whether whoever has it has the other, too."""
        return (
            matches(self.action, other.action)
            and all(_excludes(other, but) for but in self.but_actions)
            and (not resources or self._reaches(other))
            and (not conditions or self.condition in ("", other.condition))
        )

    def _reaches(self, other: Grant) -> bool:
        return matches(self.resource, other.resource) and {*self.but_resources} <= {
            *other.but_resources
        }

    def is_narrower_than(self, other: Grant) -> bool:
        """Whether the other reaches more resources, these among them."""
        return other._reaches(self) and not self._reaches(other)


def _excludes(grant: Grant, but: str) -> bool:
    """Whether a grant allows nothing of what a NotAction names."""
    if grant.but_actions:
        return any(matches(own, but) for own in grant.but_actions)
    if "*" in grant.action or "?" in grant.action:
        first, second = grant.action.partition(":")[0], but.partition(":")[0]
        return first.lower() != second.lower() and not {"*", "?"} & {*first, *second}
    return not matches(but, grant.action)


def matches(pattern: str, value: str) -> bool:
    """Whether a pattern of IAM holds for a value; an action's case does not count."""
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.IGNORECASE | re.DOTALL)


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy; none of an empty one. Raises NotReadableError for anything else."""
    if document is None or document == "":
        return []
    if isinstance(document, Masked):
        raise NotReadableError("is masked")
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise NotReadableError("is not JSON") from error
    found: Any = document.get("Statement", []) if isinstance(document, dict) else None
    entries: list[Any] = found if isinstance(found, list) else [found]
    if not all(isinstance(entry, dict) for entry in entries):
        raise NotReadableError("is no policy in JSON")
    return entries


def grants(document: Any, effect: str = "Allow") -> list[Grant]:
    """What the statements of an effect grant. Raises NotReadableError where it is no policy."""
    # Each risk reads the policies of a change anew.
    if type(document) is str:
        return list(_grants_in(document, effect))
    return list(_grants(document, effect))


@lru_cache(maxsize=64)
def _grants_in(text: str, effect: str) -> tuple[Grant, ...]:
    return tuple(_grants(text, effect))


def _grants(document: Any, effect: str) -> Iterator[Grant]:
    for statement in statements(document):
        if statement.get("Effect") == effect:
            yield from _of_statement(statement)


def _of_statement(statement: dict[str, Any]) -> Iterator[Grant]:
    but_actions = tuple(listed(statement.get("NotAction")))
    but_resources = tuple(listed(statement.get("NotResource")))
    actions = listed(statement.get("Action")) or (["*"] if but_actions else [])
    # The policies of repositories and trust policies have no Resource.
    resources = listed(statement.get("Resource")) or ["*"]
    asked = statement.get("Condition")
    condition = json.dumps(asked, sort_keys=True) if asked else ""
    for who, but_principals in _principals(statement):
        for action in actions:
            for resource in resources:
                yield Grant(
                    action,
                    resource,
                    who,
                    condition,
                    but_actions,
                    but_resources,
                    but_principals,
                )


def _principals(statement: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    if "NotPrincipal" in statement:
        return [(EVERYBODY, tuple(_people(statement["NotPrincipal"])))]
    if "Principal" not in statement:
        return [("", ())]
    return [(who, ()) for who in _people(statement["Principal"])]


def _people(principal: Any) -> list[str]:
    """Accounts by their numbers, everybody as `*`, and services and providers by their names."""
    entries = principal if isinstance(principal, dict) else {"AWS": principal}
    found = []
    for kind, values in entries.items():
        for value in listed(values):
            match = _ACCOUNT.search(value) if kind == "AWS" else None
            found.append(match[0] if match else value)
    return found


def listed(value: Any) -> list[str]:
    """A value that may be one or several, as texts."""
    if isinstance(value, list):
        return [str(item) for item in value]
    return [str(value)] if value else []


def names_callers(condition: str) -> bool:
    """Whether a Condition restricts who may call, and not only how."""
    return any(
        key.lower() in CALLER_KEYS or ":sub" in key
        for operator, key, values in _tests(condition)
        if not re.search(r"Not|IfExists|Null|ForAllValues", operator)
        and not any(set(value) <= {"*", "?"} or value in ("0.0.0.0/0", "::/0") for value in values)
    )


def accounts_in(condition: str) -> set[str]:
    """The accounts that a Condition lets call."""
    return {
        value
        for operator, key, values in _tests(condition)
        if key.lower() in _ACCOUNT_KEYS and "Not" not in operator
        for value in values
        if _ACCOUNT.fullmatch(value)
    }


def _tests(condition: str) -> Iterator[tuple[str, str, list[str]]]:
    read = json.loads(condition) if condition else {}
    for operator, keys in read.items() if isinstance(read, dict) else ():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            yield operator, key, listed(values)


def added(before: Iterable[Grant], after: Iterable[Grant]) -> list[tuple[Grant, str]]:
    """What a policy allows that it did not, and how it is more than before: empty for a new action.

    An action that moves from one resource to another is no more than it was: a release does that.
    """
    had = list(before)
    found = []
    for grant in after:
        if any(old.covers(grant) for old in had):
            continue
        of_action = [old for old in had if old.covers(grant, conditions=False, resources=False)]
        if not of_action:
            found.append((grant, ""))
        elif any(old.covers(grant, conditions=False) for old in of_action):
            if not all(
                _is_eased(old.condition, grant.condition)
                for old in of_action
                if old.covers(grant, conditions=False)
            ):
                continue
            how = "under another condition" if grant.condition else "without the condition"
            found.append((grant, how))
        elif grant.is_everywhere or any(old.is_narrower_than(grant) for old in of_action):
            found.append((grant, f"on {grant.where}"))
    return found


def _is_eased(before: str, after: str) -> bool:
    """Whether a Condition asks for less: without a test, for a wider value, or for more callers.

    One that asks for another prefix is none: a release does that.
    """
    had = {(operator, key.lower()): values for operator, key, values in _tests(before)}
    has = {(operator, key.lower()): values for operator, key, values in _tests(after)}
    return not {*had} <= {*has} or any(
        value not in had[test]
        and (test[1] in CALLER_KEYS or any(matches(value, old) for old in had[test]))
        for test, values in has.items()
        if test in had
        for value in values
    )


def far_reaching(arn: str) -> str:
    """Why a managed policy is like an administrator's: by the table, or by its name; else empty."""
    name = arn.rpartition("/")[2]
    if is_of_aws(arn) and name in MANAGED:
        return f"{MANAGED[name]} (AWS's document of {MANAGED_DATE})"
    if is_of_aws(arn) and name in CLUSTER_POLICIES:
        return f"{CLUSTER_POLICIES[name]} (EKS User Guide)"
    return "judged by its name" if _FAR_NAMES.search(name) else ""


def is_of_aws(arn: str) -> bool:
    """Whether AWS manages the policy."""
    return ":aws:policy/" in arn or ":aws:cluster-access-policy/" in arn
