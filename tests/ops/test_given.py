"""Preflight of what somebody else made: a bucket of artifacts and keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform import (
    Canary,
    Context,
    EcsCluster,
    EndpointAlarms,
    Existing,
    ExistingBucket,
    ExistingLoadBalancer,
    Inference,
    NetworkOutputs,
    Registry,
    Repository,
    Route,
)
from ops.checks import ARTIFACT_BUCKET, GIVEN_LOG, KEY, LOAD_BALANCER, TOPIC
from ops.kinds.given_bucket import denials
from ops.kinds.given_key import USES, judged, wanted_of
from ops.kinds.record import Finding
from tests.names.test_taken import service

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


DEPLOYS = "arn:aws:iam::111122223333:role/deploy"
SERVES = "arn:aws:iam::111122223333:role/acme/serves"
USERS = {DEPLOYS: USES, SERVES: ("kms:Decrypt",)}


def lets(*roles: str, actions: Any = "kms:*") -> dict[str, Any]:
    return {**LETS_ACCOUNT, "Principal": {"AWS": [*roles]}, "Action": actions}


@pytest.mark.parametrize(
    ("statements", "outcome", "unnamed"),
    [
        ([lets(DEPLOYS, SERVES)], "passed", ()),
        ([lets(DEPLOYS), lets(SERVES, actions="kms:Decrypt")], "passed", ()),
        ([lets(DEPLOYS), lets(ACCOUNT, actions="kms:Decrypt")], "passed", ()),
        ([lets(DEPLOYS)], "skipped", (SERVES,)),
        ([lets(DEPLOYS), lets(SERVES, actions="kms:DescribeKey")], "skipped", (SERVES,)),
        ([lets(f"{DEPLOYS}-2", SERVES)], "skipped", (DEPLOYS,)),
        ([lets(DEPLOYS, SERVES), {**lets(SERVES), "Effect": "Deny"}], "skipped", (SERVES,)),
        (
            [lets(DEPLOYS, SERVES), {**lets(f"{SERVES}-2"), "Effect": "Deny"}],
            "passed",
            (),
        ),
        (
            [under(lets(DEPLOYS, SERVES), StringEquals={"aws:SourceVpc": "vpc-1"})],
            "skipped",
            (DEPLOYS, SERVES),
        ),
        (
            [under(EVERYBODY, ArnLike={"aws:PrincipalArn": [DEPLOYS, f"{SERVES[:-6]}*"]})],
            "passed",
            (),
        ),
        ([lets(SERVES, actions="kms:Decrypt")], "failed", ()),
        ([], "failed", ()),
    ],
)
def test_a_role_that_the_policy_of_a_key_names_is_let_in(
    statements: list[dict[str, Any]], outcome: str, unnamed: tuple[str, ...]
) -> None:
    found = judge(*statements, LETS_LOGS, roles=USERS)
    assert found.outcome == outcome
    named = f"this account's roles ({', '.join(unnamed)}) in"
    assert (named in found.found) is bool(unnamed)


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


def test_roles_are_judged_one_by_one_where_terraform_assumes_a_role(account: Account) -> None:
    kms = account.aws.client("kms")
    context = account.environment.context.replace(deploy_role="deploy")
    deploys, root = str(context.deploy_role_arn), context.arn("iam", "root")
    served = {"fraud": endpoint().replace(existing=Existing(kms_key=account.key))}

    def told(*principals: str) -> Finding:
        held = [lets(*principals), lets(root, actions="kms:PutKeyPolicy"), LETS_LOGS]
        document = {"Version": "2012-10-17", "Statement": held}
        kms.put_key_policy(KeyId=account.key, PolicyName="default", Policy=json.dumps(document))
        inference = Inference(endpoints=served)
        every = found(account, KEY, inference=inference, context=context)
        (one,) = [each for each in every if each.subject == account.key]
        return one

    first = told(deploys)
    assert first.outcome == "skipped"
    roles = first.found.partition("roles (")[2].partition(")")[0].split(", ")
    assert deploys not in roles
    assert roles
    assert told(deploys, *roles).outcome == "passed"


# A listener


class Theirs:
    """A load balancer of somebody else's in the account's VPC."""

    def __init__(self, account: Account, ports: tuple[int, ...] = (8080,)) -> None:
        ec2, self.elb = account.aws.client("ec2"), account.aws.client("elbv2")
        network = account.environment.network
        assert isinstance(network, NetworkOutputs)
        self.group = ec2.create_security_group(
            GroupName="theirs", Description="theirs", VpcId=network.vpc_id
        )["GroupId"]
        self._ec2 = ec2
        balancer = self.elb.create_load_balancer(
            Name="shared",
            Subnets=network.private_subnet_ids,
            SecurityGroups=[self.group],
            Scheme="internal",
        )["LoadBalancers"][0]["LoadBalancerArn"]
        answer: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        self._answer = answer
        self.listener = self.elb.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[answer]
        )["Listeners"][0]["ListenerArn"]

    def close(self) -> None:
        """Let nothing out."""
        everything: Any = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        self._ec2.revoke_security_group_egress(GroupId=self.group, IpPermissions=[everything])

    def take(self, priority: int) -> None:
        """Add a rule of their own."""
        self.elb.create_rule(
            ListenerArn=self.listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": ["/theirs/*"]}],
            Actions=[self._answer],
        )


def test_a_listener_that_exists_is_looked_at(account: Account) -> None:
    theirs = Theirs(account)
    web = service("web", route=Route(load_balancer="shared", paths=["/web/*"], priority=7))

    def told(**fields: Any) -> list[tuple[str, str]]:
        given = ExistingLoadBalancer(
            **{"listener": theirs.listener, "security_group": theirs.group, **fields}
        )
        cluster = EcsCluster(load_balancers={"shared": given})
        inference = Inference(services={"web": web})
        checks = found(account, LOAD_BALANCER, ecs=cluster, inference=inference)
        return [(each.outcome, each.found) for each in checks]

    assert told() == [("passed", "exists in the environment's VPC, and takes the rules")]
    theirs.take(8)
    assert [outcome for outcome, _ in told()] == ["passed"]
    theirs.take(7)
    theirs.close()
    wrong = dict.fromkeys(text for _, text in told())
    assert [text.partition(",")[0] for text in wrong] == [
        f"{theirs.group} lets no request out to port 8080",
        "has the priority 7 in use",
    ]
    other = "sg-0a1b2c3d4e5f67890"
    assert told(security_group=other)[0] == (
        "failed",
        f"has not the security group {other}, but {theirs.group}",
    )
    gone = theirs.listener.rpartition("/")[0] + "/0a1b2c3d4e5f6789"
    assert told(listener=gone) == [("failed", "does not exist")]


# Log groups and topics


def test_log_groups_and_topics_that_exist_are_looked_at(account: Account) -> None:
    name = "/aws/sagemaker/Endpoints/" + account.environment.context.name("fraud")
    sns = account.aws.any_client("sns")
    good, encrypted, closed = (
        sns.create_topic(Name=each, Attributes=attributes)["TopicArn"]
        for each, attributes in (
            ("good", {}),
            ("encrypted", {"KmsMasterKeyId": "alias/aws/sns"}),
            ("closed", {}),
        )
    )
    policy = {"Version": "2012-10-17", "Statement": []}
    sns.set_topic_attributes(
        TopicArn=closed, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )
    missing = good.replace(":good", ":missing")
    served = endpoint().replace(
        rollout=Canary(alarms=EndpointAlarms(alarm_topics=[good, encrypted, closed, missing])),
        existing=Existing(log_group=name),
    )
    inference = Inference(endpoints={"fraud": served})

    def told(check: Any) -> dict[str, tuple[str, str]]:
        checks = found(account, check, inference=inference)
        return {each.subject: (each.outcome, each.found) for each in checks}

    assert told(GIVEN_LOG) == {name: ("failed", "does not exist")}
    account.aws.client("logs").create_log_group(logGroupName=f"{name}-other")
    assert told(GIVEN_LOG) == {name: ("failed", "does not exist")}
    account.aws.client("logs").create_log_group(logGroupName=name)
    assert told(GIVEN_LOG) == {name: ("passed", "exists")}
    topics = told(TOPIC)
    assert topics[good] == ("passed", "exists, and its policy lets CloudWatch publish")
    assert topics[missing] == ("failed", "does not exist")
    assert topics[encrypted][1].startswith("is encrypted by alias/aws/sns")
    lacks = json.loads(topics[closed][1].partition("it lacks ")[2])
    assert (lacks["Action"], lacks["Resource"]) == ("sns:Publish", closed)
