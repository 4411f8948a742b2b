"""Who may assume the deploy and plan roles, as statements of their trust policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ..context import Context
from ..iam.policy import Statement

if TYPE_CHECKING:
    from .spec import GitHub, GitLab, Identity

Kind = Literal["deploy", "plan"]

DEPLOY_SECONDS = 4 * 3600
"""How long a session of the deploy role may last: the rollout of one endpoint alone may take an hour."""

USUAL_TRUST, LARGEST_TRUST = 2_048, 8_192
"""The characters of a role's trust policy, without white space, that IAM takes, and those that it takes once the
account's quota is raised. Source: AWS IAM user guide, IAM and AWS STS quotas (role trust policy length)."""


def trust(context: Context, spec: Identity, kind: Kind) -> list[Statement]:
    """The trust policy of a role: that of its operators, and of jobs of GitHub and GitLab.

    The role itself is among them, as Terraform assumes it again from its own session.
    """
    name, more = (
        (context.deploy_role, ()) if kind == "deploy" else (context.plan_role, spec.planners)
    )
    arn = context.arn("iam", f"role/{name}")
    return [
        *trust_people(context, [arn, *spec.operators, *more]),
        *(_trust_jobs(context, source, kind) for source in spec.sources),
    ]


def trust_people(context: Context, principals: list[str]) -> list[Statement]:
    """Letting roles in.

    A principal must exist, which the role itself does not yet; so the trust is in its account, under a condition
    that names it.
    """
    accounts = sorted({context.account, *(arn.split(":")[4] for arn in principals)})
    roots = context.account_roots(accounts)
    return [
        _trust(
            "Operators",
            {"AWS": roots},
            "sts:AssumeRole",
            {"ArnEquals": {"aws:PrincipalArn": principals}},
        )
    ]


def _trust_jobs(context: Context, source: GitHub | GitLab, kind: Kind) -> Statement:
    subjects = source.deploy_subjects if kind == "deploy" else source.plan_subjects
    audience, subject = f"{source.issuer}:aud", f"{source.issuer}:sub"
    equal: dict[str, Any] = {audience: source.token_audience, subject: subjects}
    condition = {"StringEquals": equal}
    if any("*" in each for each in subjects):
        condition["StringLike"] = {subject: equal.pop(subject)}
    return _trust(
        type(source).__name__,
        {"Federated": context.arn("iam", f"oidc-provider/{source.issuer}")},
        "sts:AssumeRoleWithWebIdentity",
        condition,
    )


def _trust(
    sid: str, principal: dict[str, Any], action: str, condition: dict[str, dict[str, Any]]
) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Condition": condition,
    }
