"""A role that somebody else made has what a service needs, or what is missing is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform.iam import grants
from ops.aws import Aws
from ops.foreign_role import Rights, rights

SAGEMAKER = "sagemaker.amazonaws.com"
PODS = "pods.eks.amazonaws.com"
ISSUER = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/A"


@pytest.fixture
def wanted(aws: Aws) -> list[dict[str, Any]]:
    """What an endpoint needs: an image, an artifact under a key, and its log group."""
    context = aws.context
    image = f"{context.account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
    key = context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
    return [
        *grants.pull(context, image),
        *grants.read_artifact(context, "s3://models/fraud/model.tar.gz", key),
        *grants.log_and_measure(context, "/aws/sagemaker/Endpoints/fraud"),
    ]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [*actions], "Resource": resource, **more}


def role(aws: Aws, *statements: dict[str, Any], service: str = SAGEMAKER, **more: Any) -> str:
    """The ARN of a role with these statements."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    iam = aws.client("iam")
    made = iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=document(trust), **more)[
        "Role"
    ]
    if statements:
        policy = document(*statements)
        iam.put_role_policy(RoleName="theirs", PolicyName="p", PolicyDocument=policy)
    return str(made["Arn"])


def test_a_role_with_all_that_a_service_needs_lacks_nothing(aws: Aws, wanted: Any) -> None:
    assert rights(aws, role(aws, *wanted), SAGEMAKER, wanted) == Rights()


def test_what_a_role_lacks_is_said_as_a_policy_that_gives_it(aws: Aws, wanted: Any) -> None:
    theirs = role(aws, allow("s3:Get*", "s3:List*"), allow("ecr:*"))
    iam = aws.client("iam")
    arn = "arn:aws:iam::aws:policy/CloudWatchLogsFullAccess"
    iam.attach_role_policy(RoleName="theirs", PolicyArn=arn)
    found = rights(aws, theirs, SAGEMAKER, wanted)
    assert [each["Action"] for each in found.missing] == [
        ["kms:Decrypt"],
        ["cloudwatch:PutMetricData"],
    ]
    iam.put_role_policy(RoleName="theirs", PolicyName="more", PolicyDocument=found.policy)
    assert rights(aws, theirs, SAGEMAKER, wanted).missing == ()


def test_another_object_or_repository_is_not_the_one_that_is_needed(aws: Aws, wanted: Any) -> None:
    other = allow("s3:GetObject", resource="arn:aws:s3:::models/other/*")
    found = rights(aws, role(aws, other), SAGEMAKER, wanted)
    assert ["s3:GetObject"] in [each["Action"] for each in found.missing]


def test_a_denial_and_a_boundary_take_away_what_a_policy_gives(aws: Aws, wanted: Any) -> None:
    iam = aws.client("iam")
    limits = iam.create_policy(
        PolicyName="limits",
        PolicyDocument=document(allow("ecr:*", "s3:*", "logs:*", "cloudwatch:*")),
    )["Policy"]["Arn"]
    deny = {"Effect": "Deny", "Action": "logs:PutLogEvents", "Resource": "*"}
    theirs = role(aws, allow("*"), deny, PermissionsBoundary=limits)
    found = rights(aws, theirs, SAGEMAKER, wanted)
    assert [each["Action"] for each in found.missing] == [["kms:Decrypt"], ["logs:PutLogEvents"]]


def test_what_stands_under_a_condition_is_not_said_to_be_missing(aws: Aws, wanted: Any) -> None:
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    theirs = role(aws, allow("*"), {**allow("s3:*", Condition=condition), "Effect": "Deny"})
    found = rights(aws, theirs, SAGEMAKER, wanted)
    assert found.missing == ()
    assert [each["Action"] for each in found.conditional] == [["s3:GetObject"], ["s3:ListBucket"]]


def test_a_role_that_is_not_there_or_trusts_others_is_said(aws: Aws, wanted: Any) -> None:
    assert not rights(aws, aws.context.arn("iam", "role/theirs"), SAGEMAKER, wanted).exists
    theirs = role(aws, allow("*"), service="ecs-tasks.amazonaws.com")
    assert not rights(aws, theirs, SAGEMAKER, wanted).trusted
    assert rights(aws, theirs, "ecs-tasks.amazonaws.com", wanted).trusted
    # The name alone is not the role.
    assert not rights(aws, theirs.replace("role/", "role/team/"), SAGEMAKER, wanted).exists


def test_what_cannot_be_read_is_not_known(aws: Aws, wanted: Any) -> None:
    other = "arn:aws:iam::999988887777:role/theirs"
    assert rights(aws, other, SAGEMAKER, wanted).unread == "it is in account 999988887777"
    theirs = role(aws, allow("*"))
    emulator = aws.emulator
    assert emulator is not None
    fault = {"service": "iam", "operation": "GetRole", "count": 9, "account": aws.context.account}
    emulator.control("POST", "faults", {**fault, "kind": "access-denied"})
    try:
        assert "may not be read" in rights(aws, theirs, SAGEMAKER, wanted).unread
        emulator.control("DELETE", "faults")
        emulator.control("POST", "faults", {**fault, "kind": "500", "count": 99})
        with pytest.raises(ClientError):
            rights(aws, theirs, SAGEMAKER, wanted)
    finally:
        emulator.control("DELETE", "faults")


@pytest.mark.parametrize(
    ("principal", "action", "asked", "trusted"),
    [
        ({"Service": PODS}, ["sts:AssumeRole", "sts:TagSession"], PODS, True),
        ({"Service": PODS}, "sts:AssumeRole", PODS, False),
        ({"Federated": ISSUER}, "sts:AssumeRoleWithWebIdentity", ISSUER, True),
        ({"Federated": ISSUER}, "sts:AssumeRole", ISSUER, False),
        ({"Federated": ISSUER}, "sts:AssumeRoleWithWebIdentity", f"{ISSUER}2", False),
        ({"Service": PODS}, "sts:AssumeRole", "arn:aws:iam::1:oidc-provider/${issuer}", True),
    ],
)
def test_pods_assume_a_role_by_the_actions_of_eks(
    aws: Aws, principal: Any, action: Any, asked: str, trusted: bool
) -> None:
    trust = document({"Effect": "Allow", "Action": action, "Principal": principal})
    made = aws.client("iam").create_role(RoleName="pods", AssumeRolePolicyDocument=trust)
    assert rights(aws, made["Role"]["Arn"], asked, []).trusted == trusted
