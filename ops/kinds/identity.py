"""IAM: roles, their policies, instance profiles and identity providers."""

from __future__ import annotations

from collections.abc import Iterator

from ..aws import Aws
from .finding import given, pairs
from .policies import (
    identity_policy,
    managed_policies,
    more_attached,
    more_rights,
    trust,
    unbounded,
)
from .reasons import (
    resource,
)
from .record import Existing, Not, Values

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


# Records

KINDS = (
    resource(
        "aws_iam_role",
        "role",
        _role,
        name="name",
        risks=(
            *trust,
            unbounded,
            *identity_policy("inline_policy", computed=True),
            *managed_policies("managed_policy_arns", computed=True),
        ),
    ),
    resource(
        "aws_iam_role_policy",
        "policy of a role",
        _role_policy,
        name=Not("IAM puts it instead of the one that the role has"),
        risks=(*identity_policy(), more_rights),
    ),
    resource(
        "aws_iam_role_policy_attachment",
        "attached policy",
        _attachment,
        name=Not("attaching a policy again changes nothing"),
        risks=(*managed_policies(), more_attached),
    ),
    resource("aws_iam_policy", "policy", _policy, name="name", risks=identity_policy()),
    resource("aws_iam_instance_profile", "instance profile", _instance_profile, name="name"),
    resource(
        "aws_iam_openid_connect_provider", "identity provider", _identity_provider, name="url"
    ),
)
