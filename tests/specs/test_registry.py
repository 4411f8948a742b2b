"""The rules of a registry's options, on both sides of each limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    ArtifactBucket,
    Context,
    Environment,
    Expiry,
    ObjectRule,
    PolicyStatement,
    PullThroughCache,
    Registry,
    RegistrySettings,
    Replica,
    Replication,
    Repository,
    Scanning,
    SpecError,
    Transition,
)
from inferform.between import between

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
ACCOUNT = "444455556666"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"
EVERYBODY = PolicyStatement(actions=["ecr:BatchGetImage"])
NARROWED = EVERYBODY.replace(conditions={"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5"]}})
DAILY = Expiry(tag_prefixes=["dev-"], keep=1)


def replications(count: int, *regions: str) -> RegistrySettings:
    rule = Replication(regions=regions or ["eu-west-1"])
    return RegistrySettings(replication=[rule] * count)


def moves(*given: tuple[Any, int], **fields: Any) -> ObjectRule:
    made = [Transition(storage_class=kind, after_days=days) for kind, days in given]
    return ObjectRule(transitions=made, **fields)


def of(**fields: Any) -> Environment:
    return Environment(context=CONTEXT, registry=Registry(**fields))


BAD: dict[str, tuple[str, Callable[[], Any]]] = {
    "no tags": ("ECR11", lambda: Expiry(keep=1)),
    "tags in both ways": ("ECR11", lambda: Expiry(tag_prefixes=["a"], tag_patterns=["b"], keep=1)),
    "no limit": ("ECR11", lambda: Expiry(tag_prefixes=["a"])),
    "two limits": ("ECR11", lambda: Expiry(tag_prefixes=["a"], keep=1, after_days=1)),
    "five wildcards": ("ECR10", lambda: Expiry(tag_patterns=["*a*b*c*d*"], keep=1)),
    "a beginning with a wildcard": ("ECR10", lambda: Expiry(tag_prefixes=["a*"], keep=1)),
    "images kept none": ("ECR7", lambda: Expiry(tag_prefixes=["a"], keep=0)),
    "49 rules": ("ECR12", lambda: Repository(expire=[DAILY] * 49)),
    "six moving tags": ("ECR21", lambda: Repository(mutable_tags=list("abcdef"))),
    "three wildcards": ("ECR21", lambda: Repository(mutable_tags=["*a*b*"])),
    "moving tags of a mutable repository": (
        "ECR21",
        lambda: Repository(mutability="MUTABLE", mutable_tags=["a"]),
    ),
    "a moving tag with a slash": ("ECR24", lambda: Repository(mutable_tags=["a/b"])),
    "an organization that is none": ("ECR22", lambda: Repository(pull_organizations=["acme"])),
    "everybody": ("POL5", lambda: Repository(statements=[EVERYBODY])),
    "everybody of AWS": (
        "POL5",
        lambda: Repository(statements=[EVERYBODY.replace(principals={"AWS": ["*"]})]),
    ),
    "everybody in the bucket": ("POL5", lambda: ArtifactBucket(statements=[EVERYBODY])),
    "everybody in the registry": ("POL5", lambda: RegistrySettings(statements=[EVERYBODY])),
    "continuous basic scans": ("ECR14", lambda: Scanning(type="BASIC", continuous=["*"])),
    "scans of nothing": ("ECR14", Scanning),
    "a filter with capitals": ("ECR13", lambda: Scanning(on_push=["Acme"])),
    "101 filters": ("ECR13", lambda: Scanning(on_push=[f"a{n}" for n in range(101)])),
    "no Region": ("ECR15", lambda: Replication(regions=[])),
    "a Region twice": ("ECR15", lambda: Replication(regions=["eu-west-1"] * 2)),
    "a Region that is none": ("CTX2", lambda: Replication(regions=["eu-wst-1"])),
    "a copy to itself": ("ECR15", lambda: of(settings=replications(1, "us-east-1"))),
    "11 rules": ("ECR16", lambda: replications(11)),
    "26 destinations": (
        "ECR16",
        lambda: RegistrySettings(
            replication=[
                Replication(regions=["eu-west-1", "eu-west-2", "eu-west-3"], account=f"{n:012}")
                for n in range(9)
            ]
        ),
    ),
    "a prefix with capitals": (
        "ECR17",
        lambda: Registry(caches={"Hub": PullThroughCache(upstream="public.ecr.aws")}),
    ),
    "a prefix of 31": (
        "ECR17",
        lambda: Registry(caches={"a" * 31: PullThroughCache(upstream="public.ecr.aws")}),
    ),
    "a registry that ECR does not cache": (
        "ECR18",
        lambda: PullThroughCache(upstream="registry.acme.test"),
    ),
    "Docker Hub without credentials": (
        "ECR19",
        lambda: PullThroughCache(upstream="registry-1.docker.io"),
    ),
    "credentials for a public registry": (
        "ECR19",
        lambda: PullThroughCache(upstream="quay.io", credential=SECRET),
    ),
    "a secret of another name": (
        "ECR25",
        lambda: PullThroughCache(
            upstream="ghcr.io", credential=SECRET.replace("ecr-pullthroughcache/", "")
        ),
    ),
    "a secret of another Region": (
        "ECR20",
        lambda: of(
            caches={
                "hub": PullThroughCache(
                    upstream="ghcr.io", credential=SECRET.replace("us-east-1", "eu-west-1")
                )
            }
        ),
    ),
    "a rule that does nothing": ("S3A4", lambda: ObjectRule(prefix="old/")),
    "an expiry before a move": ("S3A4", lambda: moves(("GLACIER_IR", 90), expire_days=90)),
    "a move within 30 days": ("S3A5", lambda: moves(("STANDARD_IA", 29))),
    "moves out of order": ("S3A5", lambda: moves(("GLACIER_IR", 90), ("STANDARD_IA", 120))),
    "moves on one day": ("S3A5", lambda: moves(("STANDARD_IA", 30), ("GLACIER_IR", 30))),
    "an expiry after 3,651 days": ("S3A1", lambda: ObjectRule(expire_days=3651)),
    "a prefix with a blank": ("S3A6", lambda: ObjectRule(prefix="a b", expire_days=1)),
    "a rule's name that is the bucket's": (
        "S3A7",
        lambda: ArtifactBucket(rules={"uploads": ObjectRule(expire_days=1)}),
    ),
    "a bucket with capitals": ("S3A2", lambda: Replica(bucket="Acme", key=KEY)),
    "two copies in one place": (
        "S3A3",
        lambda: ArtifactBucket(
            replicas={name: Replica(bucket="acme-copy", key=KEY) for name in ("one", "two")}
        ),
    ),
    "a key of another partition": (
        "S3A3",
        lambda: of(
            artifacts=ArtifactBucket(
                replicas={
                    "copy": Replica(bucket="acme-copy", key=KEY.replace("arn:aws:", "arn:aws-cn:"))
                }
            )
        ),
    ),
}

GOOD: dict[str, Callable[[], Any]] = {
    "four wildcards": lambda: Expiry(tag_patterns=["*a*b*c*"], keep=10_000),
    "48 rules": lambda: Repository(expire=[DAILY] * 48),
    "five moving tags": lambda: Repository(mutable_tags=["*a*", "b", "c", "d", "e"]),
    "everybody of an organization": lambda: Repository(statements=[NARROWED]),
    "everybody is denied": lambda: Repository(statements=[EVERYBODY.replace(effect="Deny")]),
    "100 filters": lambda: Scanning(on_push=[f"a{n}" for n in range(100)]),
    "10 rules": lambda: replications(10),
    "a copy in the own Region of another account": lambda: of(
        settings=RegistrySettings(replication=[Replication(regions=["us-east-1"], account=ACCOUNT)])
    ),
    "25 destinations": lambda: RegistrySettings(
        replication=[
            Replication(
                regions=["eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "us-west-2"],
                account=f"{n:012}",
            )
            for n in range(5)
        ]
    ),
    "a prefix of 30": lambda: Registry(
        caches={"a" * 30: PullThroughCache(upstream="public.ecr.aws")}
    ),
    "a private registry": lambda: PullThroughCache(
        upstream=f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
    ),
    "credentials": lambda: of(
        caches={"hub": PullThroughCache(upstream="acme.azurecr.io", credential=SECRET)}
    ),
    "moves in order": lambda: moves(("STANDARD_IA", 30), ("GLACIER_IR", 31), expire_days=32),
    "two copies of two beginnings": lambda: ArtifactBucket(
        replicas={name: Replica(bucket="acme-copy", key=KEY, prefix=f"{name}/") for name in "ab"}
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_aws_would_refuse_is_refused(case: str) -> None:
    rule, make = BAD[case]
    with pytest.raises(SpecError) as refusal:
        make()
    assert {problem.rule for problem in refusal.value.problems} == {rule}


@pytest.mark.parametrize("case", GOOD)
def test_what_aws_takes_is_taken(case: str) -> None:
    GOOD[case]()


def test_one_environment_of_an_account_and_region_writes_its_registry() -> None:
    registry = Registry(
        caches={"public": PullThroughCache(upstream="public.ecr.aws")},
        settings=RegistrySettings(scanning=Scanning(on_push=["*"])),
    )

    def found(**changes: Any) -> list[tuple[str, str, str]]:
        one = Environment(context=CONTEXT, registry=registry)
        other = Environment(context=CONTEXT.replace(**changes), registry=registry)
        return [
            (key, problem.where, problem.rule)
            for key, problem in between({one.key: one, other.key: other})
        ]

    assert found(stage="prod") == [
        ("prod-use1", "registry.caches.public", "OWN5"),
        ("prod-use1", "registry.settings", "OWN5"),
    ]
    assert found(region="eu-west-1") == []
    assert found(stage="prod", account=ACCOUNT) == []
