"""Preflight of what somebody else made: a bucket of artifacts and keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform import Context, Existing, ExistingBucket, Inference, Registry, Repository
from ops.checks import ARTIFACT_BUCKET, KEY
from ops.kinds.given_bucket import denials
from ops.kinds.given_key import USES, judged, wanted_of
from ops.kinds.record import Finding

from .test_preflight import Account, account, endpoint

__all__ = ["account"]

ACCOUNT = "arn:aws:iam::111122223333:root"
NAME = "/aws/sagemaker/Endpoints/acme-dev-use1-fraud"
LOG = f"arn:aws:logs:us-east-1:111122223333:log-group:{NAME}"
CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)


def found(account: Account, check: Any, **changes: Any) -> list[Finding]:
    return [each for each in account.checks(**changes) if each.check == check]


# A bucket of artifacts


def test_a_bucket_that_exists_is_looked_at(account: Account) -> None:
    kms, s3 = account.aws.client("kms"), account.aws.client("s3")
    other = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/theirs", TargetKeyId=other)
    s3.create_bucket(
        Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )

    def with_bucket(name: str, **fields: Any) -> list[tuple[str, str, str]]:
        registry = Registry(
            repositories={"fraud": Repository()},
            artifacts=ExistingBucket(name=name, **fields),
            kms_key=account.key,
        )
        told = found(account, ARTIFACT_BUCKET, registry=registry)
        return [(each.outcome, each.found, each.fix) for each in told]

    def encrypted_by(key: str) -> list[tuple[str, str, str]]:
        by = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": by}]}
        s3.put_bucket_encryption(Bucket=account.bucket, ServerSideEncryptionConfiguration=rules)
        return with_bucket(account.bucket)

    assert [each[:2] for each in with_bucket("nobodys")] == [("failed", "does not exist")]
    said = "is in eu-west-1, but the environment is in us-east-1"
    assert [each[:2] for each in with_bucket("far-away")] == [("failed", said)]
    (silent,) = with_bucket(account.bucket, send_events=True)
    assert silent[:2] == ("failed", "sends no events to EventBridge")
    well = "is there, in us-east-1, and its policy keeps no role out"
    for key in (account.key, "alias/aws/s3"):
        assert encrypted_by(key) == [("passed", well, "")]
    (told,) = encrypted_by("alias/theirs")
    assert told[0] == "failed"
    assert told[2] == f'write artifact_keys={{"{account.bucket}": "{other}"}} in the Context'


ROLES = {"arn:aws:iam::111122223333:role/inferform/acme-dev-use1-fraud"}


@pytest.mark.parametrize(
    ("statement", "outcome"),
    [
        ({}, "failed"),
        ({"Principal": {"AWS": ACCOUNT}, "Action": "s3:Get*"}, "failed"),
        ({"Principal": {"AWS": "111122223333"}, "NotAction": "s3:List*"}, "failed"),
        ({"Principal": {"AWS": ACCOUNT.replace("1111", "4444")}}, ""),
        ({"Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}}, ""),
        ({"Principal": {"AWS": [*ROLES]}}, "failed"),
        ({"Action": "s3:DeleteBucket"}, ""),
        ({"Action": "s3:PutObject"}, "failed"),
        ({"Resource": "arn:aws:s3:::data/secret/*"}, "skipped"),
        ({"Resource": "arn:aws:s3:::other/*"}, ""),
        ({"Effect": "Allow"}, ""),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, ""),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}, "skipped"),
    ],
)
def test_a_policy_that_keeps_roles_out_is_found(statement: dict[str, Any], outcome: str) -> None:
    arn = "arn:aws:s3:::data"
    held = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    if "NotAction" in statement:
        del held["Action"]
    told = denials([{**held, **statement}], arn, ROLES, "111122223333", writes=True)
    assert [each for each, _ in told] == [outcome] * bool(outcome)


def test_a_bucket_that_nothing_writes_may_deny_that() -> None:
    held = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
    assert not [*denials([held], "arn:aws:s3:::data", ROLES, "111122223333", writes=False)]


# Keys

LETS_ACCOUNT = {
    "Effect": "Allow",
    "Principal": {"AWS": ACCOUNT},
    "Action": "kms:*",
    "Resource": "*",
}
LETS_LOGS: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
    "Action": [
        *("kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*"),
        "kms:Describe*",
    ],
    "Resource": "*",
}
EVERYBODY = {**LETS_ACCOUNT, "Principal": {"AWS": "*"}}
DENIES = {**EVERYBODY, "Effect": "Deny"}
ARN = "kms:EncryptionContext:aws:logs:arn"


def under(given: dict[str, Any], **condition: Any) -> dict[str, Any]:
    return {**given, "Condition": condition}


def judge(*statements: dict[str, Any], **wanted: Any) -> Finding:
    """What is found of a key with a policy, which a log group is encrypted by."""
    return judged("arn", statements, wanted_of(CONTEXT, USES, **{"groups": [NAME], **wanted}))


@pytest.mark.parametrize(
    ("statements", "outcome"),
    [
        ([LETS_ACCOUNT, LETS_LOGS], "passed"),
        (
            [LETS_ACCOUNT, under(LETS_LOGS, ArnLike={ARN: "arn:aws:logs:us-east-1:1111*:*"})],
            "passed",
        ),
        ([LETS_ACCOUNT, under(LETS_LOGS, ArnEquals={ARN: [LOG]})], "passed"),
        (
            [LETS_ACCOUNT, under(LETS_LOGS, StringEquals={"aws:SourceAccount": "111122223333"})],
            "passed",
        ),
        ([LETS_ACCOUNT], "failed"),
        ([LETS_ACCOUNT, under(LETS_LOGS, ArnLike={ARN: f"{LOG}-other"})], "failed"),
        ([LETS_ACCOUNT, {**LETS_LOGS, "Action": "kms:Decrypt"}], "failed"),
        (
            [LETS_ACCOUNT, {**LETS_LOGS, "Principal": {"Service": "logs.eu-west-1.amazonaws.com"}}],
            "failed",
        ),
        (
            [LETS_ACCOUNT, under(LETS_LOGS, StringEquals={"aws:SourceOrgID": "o-a1b2c3d4e5"})],
            "skipped",
        ),
        ([LETS_LOGS], "failed"),
        ([{**LETS_ACCOUNT, "Action": ["kms:Decrypt", "kms:DescribeKey"]}, LETS_LOGS], "failed"),
        ([{**LETS_ACCOUNT, "Principal": {"AWS": f"{ACCOUNT[:-4]}role/x"}}, LETS_LOGS], "skipped"),
        ([EVERYBODY, LETS_LOGS], "passed"),
        (
            [
                under(EVERYBODY, StringEquals={"kms:CallerAccount": "111122223333"}),
                LETS_LOGS,
            ],
            "passed",
        ),
        (
            [
                under(EVERYBODY, StringEquals={"kms:CallerAccount": "444455556666"}),
                LETS_LOGS,
            ],
            "failed",
        ),
        ([under(EVERYBODY, StringLike={"kms:ViaService": "ec2.*"}), LETS_LOGS], "skipped"),
        ([LETS_ACCOUNT, LETS_LOGS, DENIES], "failed"),
        (
            [LETS_ACCOUNT, LETS_LOGS, under(DENIES, Bool={"aws:SecureTransport": "false"})],
            "passed",
        ),
        (
            [LETS_ACCOUNT, LETS_LOGS, under(DENIES, StringEquals={"aws:SourceVpc": "vpc-1"})],
            "skipped",
        ),
        ([LETS_ACCOUNT, LETS_LOGS, {**DENIES, "Action": "kms:ScheduleKeyDeletion"}], "passed"),
    ],
)
def test_the_policy_of_a_key_lets_in_who_uses_it(
    statements: list[dict[str, Any]], outcome: str
) -> None:
    assert judge(*statements).outcome == outcome


def test_what_the_policy_of_a_key_lacks_is_printed_to_be_pasted() -> None:
    told = judge(LETS_ACCOUNT).found
    assert "does not let logs.us-east-1.amazonaws.com in" in told
    pasted = json.loads(told.partition("it lacks ")[2])
    assert pasted["Condition"] == {"ArnLike": {ARN: [LOG]}}
    assert judge(LETS_ACCOUNT, pasted).outcome == "passed"
    pasted = json.loads(judge().found.partition("it lacks ")[2])
    assert len(pasted) == 2
    assert judge(*pasted).outcome == "passed"


def test_accounts_that_read_artifacts_are_let_in_through_s3() -> None:
    lets = {**LETS_ACCOUNT, "Principal": {"AWS": "arn:aws:iam::444455556666:root"}}
    through = under(lets, StringEquals={"kms:ViaService": "s3.us-east-1.amazonaws.com"})
    readers = {"readers": ["444455556666"]}
    told = judge(LETS_ACCOUNT, LETS_LOGS, **readers)
    assert "does not let account 444455556666 in" in told.found
    assert judge(LETS_ACCOUNT, LETS_LOGS, through, **readers).outcome == "passed"
    elsewhere = under(lets, StringEquals={"kms:ViaService": "s3.eu-west-1.amazonaws.com"})
    assert judge(LETS_ACCOUNT, LETS_LOGS, elsewhere, **readers).outcome == "failed"


def test_every_key_that_exists_is_looked_at(account: Account) -> None:
    kms = account.aws.client("kms")
    other = kms.create_key()["KeyMetadata"]["Arn"]
    theirs = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    served = endpoint().replace(existing=Existing(kms_key=other))
    told = {
        each.subject: each
        for each in found(
            account,
            KEY,
            inference=Inference(endpoints={"fraud": served}),
            context=account.environment.context.replace(artifact_keys={"theirs": theirs}),
        )
    }
    assert told[account.key].outcome == "passed"
    assert "does not let logs.us-east-1.amazonaws.com in" in told[other].found
    assert told[theirs].outcome == "skipped"
    assert "not known whether it lets in who needs it: it is in account 4444" in told[theirs].found
    must = json.loads(told[theirs].found.partition("it must hold ")[2])
    assert must["Action"] == ["kms:Decrypt"]
