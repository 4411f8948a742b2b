"""KMS, IAM, S3 and EC2: what every deployment depends on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]


# KMS


def test_a_keys_rotation_period_is_kept(client: Client) -> None:
    kms = client("kms")
    made = kms.create_key()["KeyMetadata"]
    assert (made["KeyUsage"], made["EncryptionAlgorithms"]) == (
        "ENCRYPT_DECRYPT",
        ["SYMMETRIC_DEFAULT"],
    )
    key = made["KeyId"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"] == made
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)
    assert status["KeyId"] == key
    assert "NextRotationDate" in status


def test_a_key_rotates_every_year_unless_told_otherwise(client: Client) -> None:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert "RotationPeriodInDays" not in kms.get_key_rotation_status(KeyId=key)
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365
    unchecked = client("kms", parameter_validation=False)
    with pytest.raises(ClientError, match="between 90 and 2560"):
        unchecked.enable_key_rotation(KeyId=key, RotationPeriodInDays=30)


# IAM


def test_updating_a_role_keeps_the_description(client: Client) -> None:
    iam = client("iam")
    iam.create_role(RoleName="endpoint", AssumeRolePolicyDocument="{}", Description="for fraud")
    iam.update_role(RoleName="endpoint", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="endpoint")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("for fraud", 7200)
    iam.update_role(RoleName="endpoint", Description="")
    assert not iam.get_role(RoleName="endpoint")["Role"].get("Description")


def test_aws_managed_policies_exist_in_every_account(client: Client) -> None:
    arn = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
    policy = client("iam").get_policy(PolicyArn=arn)["Policy"]
    assert policy["PolicyName"] == "CloudWatchAgentServerPolicy"


# S3


def bucket_with(client: Client, name: str, *statements: dict[str, Any]) -> Any:
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    given = {
        "Principal": "*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }
    s3.put_bucket_policy(
        Bucket=name,
        Policy=json.dumps(
            {"Version": "2012-10-17", "Statement": [{**given, **each} for each in statements]}
        ),
    )
    return s3


TLS_ONLY = {
    "Effect": "Deny",
    "Action": "s3:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def denied(s3: Any, operation: str, **given: Any) -> bool:
    try:
        getattr(s3, operation)(**given)
    except ClientError as error:
        return bool(error.response["ResponseMetadata"]["HTTPStatusCode"] == 403)
    return False


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
def test_a_tls_only_bucket_lets_tls_in(client: Client, account: str, principal: Any) -> None:
    name = f"tls-{account}"
    s3 = bucket_with(client, name, {**TLS_ONLY, "Principal": principal})
    s3.put_object(Bucket=name, Key="state", Body=b"1")
    assert s3.get_object(Bucket=name, Key="state")["Body"].read() == b"1"
    s3.delete_object(Bucket=name, Key="state")


def test_a_tls_only_bucket_keeps_plain_requests_out(client: Client, account: str) -> None:
    name = f"tls-{account}"
    s3 = bucket_with(client, name, TLS_ONLY)
    s3.put_object(Bucket=name, Key="state", Body=b"1")
    s3.meta.events.register(
        "before-send.s3",
        lambda request, **_: request.headers.update({"X-Forwarded-Proto": "http"}),
    )
    assert denied(s3, "put_object", Bucket=name, Key="state", Body=b"2")
    assert denied(s3, "get_object", Bucket=name, Key="state")


def test_a_conditional_write_under_a_tls_only_policy_locks(client: Client, account: str) -> None:
    name = f"tls-{account}"
    s3 = bucket_with(client, name, TLS_ONLY)
    s3.put_object(Bucket=name, Key="state.tflock", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=name, Key="state.tflock", Body=b"2", IfNoneMatch="*")


def test_a_bucket_can_insist_on_encryption_by_kms(client: Client, account: str) -> None:
    name = f"kms-{account}"
    s3 = bucket_with(
        client,
        name,
        {
            "Effect": "Deny",
            "Action": "s3:PutObject",
            "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
        },
    )
    assert denied(s3, "put_object", Bucket=name, Key="a", Body=b"1")
    s3.put_object(Bucket=name, Key="a", Body=b"1", ServerSideEncryption="aws:kms")
    assert not denied(s3, "get_object", Bucket=name, Key="a")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, False),
        ({"NumericLessThan": {"s3:TlsVersion": 1.4}}, True),
        ({"StringNotEquals": {"aws:PrincipalAccount": ["999999999999"]}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": ["999999999999"]}}, False),
        ({"StringLike": {"aws:PrincipalAccount": "*"}}, True),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, True),
        ({"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, True),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"Null": {"aws:SourceVpce": "true"}}, True),
        ({"Null": {"aws:SourceVpce": "false"}}, False),
        ({"Bool": {"aws:SecureTransport": True}}, True),
        (
            {"StringEquals": {"aws:PrincipalAccount": "1"}, "Bool": {"aws:SecureTransport": True}},
            False,
        ),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ],
)
def test_a_denial_applies_where_its_conditions_hold(
    client: Client, account: str, condition: dict[str, Any], holds: bool
) -> None:
    name = f"when-{account}"
    s3 = bucket_with(
        client, name, {"Effect": "Deny", "Action": "s3:PutObject", "Condition": condition}
    )
    assert denied(s3, "put_object", Bucket=name, Key="a", Body=b"1") is holds


def test_a_denial_of_others_does_not_concern_the_caller(client: Client, account: str) -> None:
    name = f"who-{account}"
    others = {"Principal": {"AWS": "arn:aws:iam::999999999999:root"}}
    s3 = bucket_with(client, name, {"Effect": "Deny", "Action": "s3:*", **others})
    assert not denied(s3, "put_object", Bucket=name, Key="a", Body=b"1")


def test_another_accounts_bucket_is_closed_unless_its_policy_opens_it(
    client: Client, client_of: Callable[[str], Client], account: str
) -> None:
    name = f"own-{account}"
    owner = client("s3")
    owner.create_bucket(Bucket=name)
    owner.put_object(Bucket=name, Key="a", Body=b"1")
    other = client_of("999999999999")("s3")
    assert denied(other, "get_object", Bucket=name, Key="a")
    assert denied(other, "head_bucket", Bucket=name)
    bucket_with(
        client,
        f"{name}-open",
        {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        },
    )
    owner.put_object(Bucket=f"{name}-open", Key="a", Body=b"1")
    assert not denied(other, "get_object", Bucket=f"{name}-open", Key="a")


@pytest.mark.parametrize("action", ["s3:PutObject", ["s3:PutObject"], "s3:*"])
def test_logs_go_to_a_bucket_whose_policy_lets_the_logging_service_in(
    client: Client, account: str, action: Any
) -> None:
    name = f"logs-{account}"
    logging = {"Principal": {"Service": "logging.s3.amazonaws.com"}}
    s3 = bucket_with(client, name, TLS_ONLY, {"Effect": "Allow", "Action": action, **logging})
    s3.create_bucket(Bucket=f"{name}-source")
    target = {"TargetBucket": name, "TargetPrefix": "source/"}
    s3.put_bucket_logging(Bucket=f"{name}-source", BucketLoggingStatus={"LoggingEnabled": target})
    assert s3.get_bucket_logging(Bucket=f"{name}-source")["LoggingEnabled"] == target


def test_logs_do_not_go_to_a_bucket_that_does_not_let_them_in(client: Client, account: str) -> None:
    name = f"logs-{account}"
    s3 = bucket_with(client, name, TLS_ONLY)
    s3.create_bucket(Bucket=f"{name}-source")
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        s3.put_bucket_logging(
            Bucket=f"{name}-source",
            BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": name, "TargetPrefix": ""}},
        )


# EC2


@pytest.fixture
def ec2(client: Client) -> Any:
    return client("ec2")


@pytest.fixture
def groups(ec2: Any) -> list[str]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("endpoint", "client")
    ]


def allow(ec2: Any, group: str, **source: Any) -> dict[str, Any]:
    answer = ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **source}],
    )
    rule: dict[str, Any] = answer["SecurityGroupRules"][0]
    return rule


def rule_of(ec2: Any, rule: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_security_group_rules(
        SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
    )["SecurityGroupRules"][0]
    return found


def test_a_rule_keeps_its_description_whatever_its_source(ec2: Any, groups: list[str]) -> None:
    prefixes = ec2.create_managed_prefix_list(
        PrefixListName="offices", MaxEntries=1, AddressFamily="IPv4"
    )["PrefixList"]["PrefixListId"]
    for source in (
        {"IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": "why"}]},
        {"UserIdGroupPairs": [{"GroupId": groups[1], "Description": "why"}]},
        {"PrefixListIds": [{"PrefixListId": prefixes, "Description": "why"}]},
    ):
        rule = allow(ec2, groups[0], **source)
        assert rule["Description"] == "why"
        assert rule_of(ec2, rule)["Description"] == "why"


def test_a_rules_description_can_be_changed(ec2: Any, groups: list[str]) -> None:
    rule = allow(ec2, groups[0], UserIdGroupPairs=[{"GroupId": groups[1], "Description": "a"}])
    ec2.modify_security_group_rules(
        GroupId=groups[0],
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
                "SecurityGroupRule": {
                    "IpProtocol": "tcp",
                    "FromPort": 8443,
                    "ToPort": 8443,
                    "ReferencedGroupId": groups[1],
                    "Description": "b",
                },
            }
        ],
    )
    changed = rule_of(ec2, rule)
    assert (changed["Description"], changed["FromPort"]) == ("b", 8443)
    assert changed["ReferencedGroupInfo"]["GroupId"] == groups[1]


def test_a_rule_is_revoked_without_naming_its_description(ec2: Any, groups: list[str]) -> None:
    allow(ec2, groups[0], UserIdGroupPairs=[{"GroupId": groups[1], "Description": "why"}])
    ec2.revoke_security_group_ingress(
        GroupId=groups[0],
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "UserIdGroupPairs": [{"GroupId": groups[1]}],
            }
        ],
    )
    rules = ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [groups[0]]}]
    )["SecurityGroupRules"]
    assert all(rule["IsEgress"] for rule in rules)
