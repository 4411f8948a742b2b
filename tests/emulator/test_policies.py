"""The emulator's reading of policies: one line for each part of IAM's language."""

from __future__ import annotations

from typing import Any

import pytest

from inferform_emulator import policies

ROLE = "arn:aws:iam::111122223333:role/teams/serve"
OBJECT = "arn:aws:s3:::models/fraud/model.tar.gz"

ALLOWED: dict[str, dict[str, Any]] = {
    "an action by name": {"Action": "s3:GetObject", "Resource": OBJECT},
    "an action in other letters": {"Action": "S3:getobject", "Resource": OBJECT},
    "one of several": {"Action": ["s3:PutObject", "s3:Get*"], "Resource": ["x", OBJECT]},
    "a question mark": {"Action": "s3:GetObjec?", "Resource": "arn:aws:s3:::model?/*"},
    "all but another action": {"NotAction": "s3:PutObject", "Resource": "*"},
    "all but another resource": {"Action": "*", "NotResource": "arn:aws:s3:::models/other/*"},
    "no resource": {"Action": "s3:GetObject"},
}

PASSED_OVER: dict[str, dict[str, Any]] = {
    "another action": {"Action": "s3:GetObjectVersion", "Resource": OBJECT},
    "another object": {"Action": "s3:GetObject", "Resource": f"{OBJECT}.sig"},
    "the bucket without its objects": {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::models"},
    "other letters in a resource": {"Action": "s3:GetObject", "Resource": OBJECT.upper()},
    "brackets, which are no pattern": {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::[m]*"},
    "all but this action": {"NotAction": "s3:Get*", "Resource": "*"},
    "all but this resource": {"Action": "*", "NotResource": "arn:aws:s3:::models/*"},
}


def say(*statements: dict[str, Any], **context: str) -> policies.Effect:
    """What statements say of reading OBJECT."""
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return policies.effect(statements, "s3:GetObject", OBJECT, keys)


@pytest.mark.parametrize("name", ALLOWED)
def test_a_statement_that_names_the_request_allows_it(name: str) -> None:
    assert say({"Effect": "Allow", **ALLOWED[name]}) == "Allow"


@pytest.mark.parametrize("name", PASSED_OVER)
def test_a_statement_that_does_not_name_the_request_is_passed_over(name: str) -> None:
    assert say({"Effect": "Allow", **PASSED_OVER[name]}) == ""


def test_a_deny_counts_more_than_any_allow() -> None:
    every = {"Action": "*", "Resource": "*"}
    assert say({"Effect": "Allow", **every}, {"Effect": "Deny", **every}) == "Deny"


CONDITIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "equal": ({"StringEquals": {"kms:ViaService": "s3"}}, True),
    "a key in other letters": ({"StringEquals": {"KMS:viaservice": ["s3", "ecr"]}}, True),
    "not equal": ({"StringEquals": {"kms:ViaService": "S3"}}, False),
    "a pattern": ({"StringLike": {"kms:ViaService": "s*"}}, True),
    "a pattern that is denied": ({"StringNotLike": {"kms:ViaService": "s*"}}, False),
    "two operators": (
        {"StringEquals": {"kms:ViaService": "s3"}, "Bool": {"kms:ViaService": "true"}},
        False,
    ),
    "a missing key": ({"StringEquals": {"aws:SourceIp": "1"}}, False),
    "a missing key of a negation": ({"StringNotEquals": {"aws:SourceIp": "1"}}, True),
    "a missing key that may be missing": ({"StringEqualsIfExists": {"aws:SourceIp": "1"}}, True),
    "a missing key for any": ({"ForAnyValue:StringNotEquals": {"aws:SourceIp": "1"}}, False),
    "a missing key for all": ({"ForAllValues:StringEquals": {"aws:SourceIp": "1"}}, True),
    "a key that has to be missing": ({"Null": {"kms:ViaService": "true"}}, False),
    "a key that has to be there": ({"Null": {"kms:ViaService": "false"}}, True),
    "a variable": ({"StringEquals": {"kms:ViaService": "${kms:ViaService}"}}, True),
    "an operator that is not known": ({"DateLessThan": {"kms:ViaService": "s3"}}, False),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_statement_counts_where_its_conditions_hold(name: str) -> None:
    condition, holds = CONDITIONS[name]
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    assert say(statement, kms__viaservice="s3") == ("Allow" if holds else "")


PRINCIPALS: dict[str, tuple[Any, bool, bool]] = {
    # whether it is the role, and whether it is so without the role's account
    "everybody": ("*", True, True),
    "every AWS principal": ({"AWS": "*"}, True, True),
    "its account": ({"AWS": "111122223333"}, True, False),
    "the root of its account": ({"AWS": ["arn:aws:iam::111122223333:root"]}, True, False),
    "the role": ({"AWS": ROLE}, True, True),
    "a session of it": (
        {"AWS": "arn:aws:sts::111122223333:assumed-role/serve/emulator"},
        True,
        True,
    ),
    "another account": ({"AWS": "444455556666"}, False, False),
    "another role": ({"AWS": f"{ROLE}-2"}, False, False),
    "a service": ({"Service": "sagemaker.amazonaws.com"}, False, False),
}


@pytest.mark.parametrize("name", PRINCIPALS)
def test_a_role_is_named_by_itself_or_by_its_account(name: str) -> None:
    principal, is_it, directly = PRINCIPALS[name]
    statement = {"Effect": "Allow", "Principal": principal}
    assert policies.is_role(statement, ROLE) is is_it
    assert policies.is_role_itself(statement, ROLE) is directly
    assert policies.is_role({"Effect": "Allow", "NotPrincipal": principal}, ROLE) is not is_it


def test_a_service_is_named_by_its_name() -> None:
    trust = {"Principal": {"Service": ["ecs-tasks.amazonaws.com", "sagemaker.amazonaws.com"]}}
    assert policies.is_service(trust, "sagemaker.amazonaws.com")
    assert not policies.is_service(trust, "ecs.amazonaws.com")
    assert not policies.is_service({"Principal": {"AWS": "111122223333"}}, "ecs.amazonaws.com")
