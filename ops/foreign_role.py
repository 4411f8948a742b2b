"""What a role that somebody else made may do, held against what a service needs.

Inferform attaches to its own roles what a service needs. A role that is given by its ARN is only read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .iam import Grant, NotReadableError, grants

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from .aws import Aws

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rights:
    """What is known of a role."""

    unread: str = ""
    """Why its policies could not be read; nothing else is known then."""

    exists: bool = True
    trusted: bool = True
    """Whether its trust policy lets the service assume it, under whatever condition."""

    missing: tuple[Statement, ...] = ()
    """The statements that it lacks, each with the actions that it lacks alone."""

    conditional: tuple[Statement, ...] = ()
    """The statements that it has under a condition of its own, which may hold or not."""

    @property
    def policy(self) -> str:
        """What is missing as a policy, to be attached to it."""
        return json.dumps({"Version": "2012-10-17", "Statement": [*self.missing]}, indent=2)


def rights(aws: Aws, arn: str, service: str, statements: Iterable[Statement]) -> Rights:
    """What a role has of some statements, and whether a service principal, or an identity provider by
    its ARN, may assume it; one that is not known yet is taken to.

    Inline and attached policies, their denials and the role's permissions boundary are read. Policies
    of the organization and of resources are not.
    """
    if arn.split(":")[4] != aws.context.account:
        return Rights(f"it is in account {arn.split(':')[4]}")
    iam, name = aws.client("iam"), arn.rpartition("/")[2]
    try:
        role = iam.get_role(RoleName=name)["Role"]
        if role["Arn"] != arn:
            return Rights(exists=False)
        held = list(_documents(iam, name))
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        limits = [_managed(iam, boundary)] if boundary else []
        held_by = grants(role["AssumeRolePolicyDocument"])
        trusted = "${" in service or all(
            any(
                grant.principal == service
                and grant.covers(Grant(action, "*", service), conditions=False)
                for grant in held_by
            )
            for action in _assumed_by(service)
        )
        judged = _Judged(
            [grant for each in held for grant in grants(each)],
            [grant for each in (*held, *limits) for grant in grants(each, "Deny")],
            [grant for each in limits for grant in grants(each)] if boundary else None,
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchEntity":
            return Rights(exists=False)
        if code not in ("AccessDenied", "AccessDeniedException"):
            raise
        return Rights("its policies may not be read with these credentials")
    except NotReadableError as error:
        return Rights(f"a policy of it {error}")
    wanted = list(statements)
    return Rights(
        trusted=trusted,
        missing=tuple(_those(wanted, judged, "no")),
        conditional=tuple(_those(wanted, judged, "perhaps")),
    )


def _assumed_by(service: str) -> tuple[str, ...]:
    """The actions by which a service principal or an identity provider assumes a role.

    Source: EKS user guide, create an EKS Pod Identity association; IAM User Guide, OIDC federation.
    """
    if ":oidc-provider/" in service:
        return ("sts:AssumeRoleWithWebIdentity",)
    more = ("sts:TagSession",) if service.startswith("pods.eks.") else ()
    return ("sts:AssumeRole", *more)


def _documents(iam: IAMClient, role: str) -> Iterator[Any]:
    """Every policy of a role."""
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for attached in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
        for policy in attached["AttachedPolicies"]:
            yield _managed(iam, policy["PolicyArn"])


def _managed(iam: IAMClient, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


@dataclass(frozen=True, slots=True)
class _Judged:
    """The policies of a role."""

    allowed: list[Grant]
    denied: list[Grant]
    limits: list[Grant] | None
    """What its permissions boundary allows; None without one."""

    def has(self, wanted: Grant) -> str:
        """Whether the role has a grant: `yes`, `no` or `perhaps`, where a condition decides."""
        answers = [_covered(self.allowed, wanted)]
        if self.limits is not None:
            answers.append(_covered(self.limits, wanted))
        for denial in self.denied:
            if denial.covers(wanted, conditions=False):
                answers.append("perhaps" if denial.condition else "no")
        return next((each for each in ("no", "perhaps") if each in answers), "yes")


def _covered(held: Iterable[Grant], wanted: Grant) -> str:
    found = [each for each in held if each.covers(wanted, conditions=False)]
    if any(each.covers(wanted) for each in found):
        return "yes"
    return "perhaps" if found else "no"


def _those(statements: Iterable[Statement], judged: _Judged, answer: str) -> Iterator[Statement]:
    """The statements of which an answer holds, with the actions for which it does."""
    for statement in statements:
        found = [g for g in grants({"Statement": [statement]}) if judged.has(g) == answer]
        if found:
            yield {
                **statement,
                "Action": sorted({each.action for each in found}),
                "Resource": sorted({each.resource for each in found}),
            }
