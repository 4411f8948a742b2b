"""The state bucket on the emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform import Context
from ops.aws import Aws
from ops.bootstrap import STATE_VERSIONS_DAYS, bootstrap
from ops.errors import OperatorError


def context(organization: str, region: str = "eu-west-1", **more: Any) -> Context:
    return Context(
        organization=organization,
        stage="dev",
        account="111122223333",
        region=region,
        owner="ml",
        **{"deploy_role": "inferform-deploy", **more},
    )


def test_the_bucket_is_versioned_encrypted_private_tls_only_and_expires_old_states(
    emulator: Any,
) -> None:
    here = context("one")
    aws = Aws(here, emulator=emulator)
    done = bootstrap(here, aws)
    assert done.created
    s3, bucket = aws.client("s3"), done.bucket
    assert bucket == "one-tfstate-111122223333-eu-west-1"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    statements = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert [(each["Effect"], each["Condition"]) for each in statements] == [
        ("Deny", {"Bool": {"aws:SecureTransport": "false"}}),
        ("Deny", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    ]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == STATE_VERSIONS_DAYS


def test_a_second_bootstrap_changes_nothing(emulator: Any) -> None:
    here = context("two")
    aws = Aws(here, emulator=emulator)
    bootstrap(here, aws)
    again = bootstrap(here, aws)
    assert (again.created, again.changed) == (False, [])


def test_a_setting_that_was_changed_by_hand_is_mended(emulator: Any) -> None:
    here = context("three", region="us-east-1")
    aws = Aws(here, emulator=emulator)
    bucket = bootstrap(here, aws).bucket
    aws.client("s3").delete_public_access_block(Bucket=bucket)
    aws.client("s3").delete_bucket_policy(Bucket=bucket)
    assert bootstrap(here, aws).changed == ["public access block", "TLS-only policy"]


def test_a_bucket_that_inferform_did_not_make_is_not_touched(emulator: Any) -> None:
    here = context("four", region="us-east-1")
    aws = Aws(here, emulator=emulator)
    aws.client("s3").create_bucket(Bucket=here.state_bucket)
    with pytest.raises(OperatorError, match="Inferform did not make it"):
        bootstrap(here, aws)
    assert "Status" not in aws.client("s3").get_bucket_versioning(Bucket=here.state_bucket)


def test_another_accounts_bucket_is_not_touched(emulator: Any) -> None:
    here = context("five", region="us-east-1")
    other = here.replace(account="444455556666")
    theirs = Aws(other, emulator=emulator).client("s3")
    theirs.create_bucket(Bucket=here.state_bucket)
    with pytest.raises(OperatorError, match="cannot be used"):
        bootstrap(here, Aws(here, emulator=emulator))
    assert "Status" not in theirs.get_bucket_versioning(Bucket=here.state_bucket)


def test_credentials_of_another_account_without_a_role_are_refused(callers_own: None) -> None:
    here = context("six", deploy_role=None)
    with pytest.raises(OperatorError, match="the credentials belong to account 123456789012"):
        bootstrap(here, Aws(here))


def test_on_the_emulator_an_account_without_a_role_is_reached(emulator: Any) -> None:
    here = context("seven", deploy_role=None, region="us-east-1")
    aws = Aws(here, emulator=emulator)
    bootstrap(here, aws)
    assert aws.client("sts").get_caller_identity()["Account"] == here.account


def test_environments_with_other_keys_for_their_tags_share_the_bucket(emulator: Any) -> None:
    here = context("keys").replace(tag_keys={"managed-by": "made-by", "owner": "team"})
    aws = Aws(here, emulator=emulator)
    bucket = bootstrap(here, aws).bucket
    tags = {
        t["Key"]: t["Value"] for t in aws.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"]
    }
    assert tags["made-by"] == "inferform"
    assert tags["team"] == here.owner
    assert "owner" not in tags
    assert bootstrap(here.replace(tag_keys={}), aws).changed == []
