"""IAM: roles, their policies, instance profiles and identity providers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..aws import Aws
from ..plan import Action, Change, Plan
from ..told import RiskRule, Severity
from .finding import given, pairs
from .reasons import (
    resource,
)
from .record import Existing, Foreign, Found, Not, Values, risk
from .risks import identity_policy, principals
from .words import some

# Finding


def _role(aws: Aws, values: Values) -> Iterator[Existing]:
    yield Existing(given(values, "name"), _role_tags(aws, given(values, "name")))


def _role_tags(aws: Aws, name: str) -> dict[str, str]:
    return pairs(aws.client("iam").list_role_tags(RoleName=name)["Tags"])


def _role_policy(aws: Aws, values: Values) -> Iterator[Existing]:
    role, name = given(values, "role"), given(values, "name")
    aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    yield Existing(f"{role}:{name}", _role_tags(aws, role))


def _attachment(aws: Aws, values: Values) -> Iterator[Existing]:
    role, policy = given(values, "role"), given(values, "policy_arn")
    pages = aws.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    if any(held["PolicyArn"] == policy for page in pages for held in page["AttachedPolicies"]):
        yield Existing(f"{role}/{policy}", _role_tags(aws, role))


def _policy(aws: Aws, values: Values) -> Iterator[Existing]:
    arn = aws.context.arn("iam", f"policy{values.get('path') or '/'}{given(values, 'name')}")
    found = aws.client("iam").get_policy(PolicyArn=arn)["Policy"]
    yield Existing(arn, pairs(found.get("Tags", [])))


def _instance_profile(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    found = aws.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    yield Existing(name, pairs(found.get("Tags", [])))


def _identity_provider(aws: Aws, values: Values) -> Iterator[Existing]:
    host = given(values, "url").removeprefix("https://")
    arn = aws.context.arn("iam", f"oidc-provider/{host}")
    found = aws.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    yield Existing(arn, pairs(found.get("Tags", [])))


# Review


@risk(
    RiskRule(
        "IAM3",
        Severity.HIGH,
        "a role trusts somebody new",
        advice="check that the account or identity provider is yours, and add a condition "
        "(aws:SourceAccount, sts:ExternalId, or the token's subject)",
    )
)
def _wider_trust(plan: Plan, change: Change) -> Iterator[Found]:
    if not change.is_written:
        return
    before, after = change.both("assume_role_policy")
    added = principals(after) - principals(before)
    foreign = {p for p in added if p == "*" or (p.isdigit() and p not in plan.accounts)}
    if foreign:
        worst = Severity.CRITICAL if "*" in foreign else Severity.HIGH
        yield f"can be assumed by {some(sorted(foreign))}", worst
    elif change.action is Action.UPDATE and added:
        yield f"can be assumed by {some(sorted(added))} too", Severity.MEDIUM


@risk(
    RiskRule(
        "IAM4",
        Severity.HIGH,
        "an AWS-managed policy with far-reaching rights is attached",
        advice="write a policy with the actions and resources that the service needs",
    )
)
def _managed_policy(plan: Plan, change: Change) -> Iterator[Found]:
    arn = str(change.after.get("policy_arn") or "")
    far = re.search(r"FullAccess|AdministratorAccess|PowerUserAccess|IAMFullAccess", arn)
    if far and change.action in (Action.CREATE, Action.REPLACE):
        yield f"attaches {arn.rpartition('/')[2]}"


# Records

KINDS = (
    resource("aws_iam_role", "role", _role, name="name", risks=(_wider_trust,)),
    resource(
        "aws_iam_role_policy",
        "policy of a role",
        _role_policy,
        name=Not("IAM puts it in the place of the one that the role has"),
        risks=identity_policy(),
    ),
    resource(
        "aws_iam_role_policy_attachment",
        "attached policy",
        _attachment,
        name=Not("attaching a policy again changes nothing"),
        risks=(_managed_policy,),
    ),
    resource("aws_iam_policy", "policy", _policy, name="name", risks=identity_policy()),
    resource("aws_iam_instance_profile", "instance profile", _instance_profile, name="name"),
    resource(
        "aws_iam_openid_connect_provider", "identity provider", _identity_provider, name="url"
    ),
)
FOREIGN = (
    Foreign("aws_iam_user_policy", "policy of a user", risks=identity_policy()),
    Foreign("aws_iam_group_policy", "policy of a group", risks=identity_policy()),
    Foreign("aws_iam_policy_attachment", "attached policy", risks=(_managed_policy,)),
)
