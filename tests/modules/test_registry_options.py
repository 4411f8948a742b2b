"""What a registry's options become: repositories, the account's registry, caches, the bucket."""

from __future__ import annotations

import json
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
from inferform.target import AWS, EMULATOR
from tests.conftest import Synthesized

Synthesize = Callable[..., Synthesized]

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
ACCOUNT = "444455556666"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def made(synthesize: Synthesize, **fields: Any) -> dict[str, Any]:
    """The resources of a registry, by type."""
    (stack,) = synthesize(Environment(context=CONTEXT, registry=Registry(**fields))).values()
    return {kind: list(named.values()) for kind, named in stack["resource"].items()}


def repository(synthesize: Synthesize, **fields: Any) -> dict[str, Any]:
    return made(synthesize, repositories={"fraud": Repository(**fields)})


def policy(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    (resource,) = found[kind]
    statements: list[dict[str, Any]] = json.loads(resource["policy"])["Statement"]
    return statements


def test_a_repository_that_keeps_its_encryption_says_nothing_of_it(synthesize: Synthesize) -> None:
    (kept,) = repository(synthesize, keep_encryption=True)["aws_ecr_repository"]
    (own,) = repository(synthesize)["aws_ecr_repository"]
    assert kept.keys() ^ own.keys() == {"encryption_configuration"}


def test_images_of_some_tags_expire_before_the_others(synthesize: Synthesize) -> None:
    found = repository(
        synthesize,
        expire=[
            Expiry(tag_prefixes=["dev-", "pr-"], after_days=7),
            Expiry(tag_patterns=["*-nightly*"], keep=30),
        ],
    )
    rules = json.loads(found["aws_ecr_lifecycle_policy"][0]["policy"])["rules"]
    assert [rule["rulePriority"] for rule in rules] == [1, 2, 3, 4]
    assert [rule["selection"] for rule in rules[:2]] == [
        {
            "tagStatus": "tagged",
            "tagPrefixList": ["dev-", "pr-"],
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 7,
        },
        {
            "tagStatus": "tagged",
            "tagPatternList": ["*-nightly*"],
            "countType": "imageCountMoreThan",
            "countNumber": 30,
        },
    ]
    # ECR asks for the last number at the rule for any image.
    assert rules[3]["selection"]["tagStatus"] == "any"


def test_tags_are_mutable_where_they_are_said_to_be(synthesize: Synthesize) -> None:
    (held,) = repository(synthesize, mutability="MUTABLE")["aws_ecr_repository"]
    assert held["image_tag_mutability"] == "MUTABLE"
    environment = Environment(
        context=CONTEXT,
        registry=Registry(repositories={"fraud": Repository(mutable_tags=["latest*", "dev-*"])}),
    )
    (stack,) = synthesize(environment, target=AWS).values()
    (held,) = stack["resource"]["aws_ecr_repository"].values()
    assert held["image_tag_mutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert held["image_tag_mutability_exclusion_filter"] == [
        {"filter": "latest*", "filter_type": "WILDCARD"},
        {"filter": "dev-*", "filter_type": "WILDCARD"},
    ]
    with pytest.raises(SpecError) as refusal:
        synthesize(environment, target=EMULATOR)
    (problem,) = refusal.value.problems
    assert (problem.where, problem.rule) == (
        "registry.repositories.fraud.mutable_tags",
        "ECR23",
    )
    assert EMULATOR.provider_version in problem.text


def test_organizations_and_services_pull_by_the_policy(synthesize: Synthesize) -> None:
    found = repository(
        synthesize,
        pull_accounts=[ACCOUNT],
        pull_organizations=["o-a1b2c3d4e5"],
        pull_services=["lambda"],
        statements=[
            PolicyStatement(
                sid="Scanner",
                actions=["ecr:DescribeImages"],
                principals={"AWS": [f"arn:aws:iam::{ACCOUNT}:role/scanner"]},
            )
        ],
    )
    accounts, organizations, functions, scanner = policy(found, "aws_ecr_repository_policy")
    assert accounts["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}
    assert organizations["Principal"] == "*"
    assert organizations["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5"]}}
    assert functions["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert functions["Condition"]["StringLike"]["aws:SourceArn"] == [
        f"arn:aws:lambda:us-east-1:{account}:function:*" for account in ("111122223333", ACCOUNT)
    ]
    # A policy of a repository has no Resource.
    assert not any("Resource" in each for each in (accounts, organizations, functions, scanner))
    assert (scanner["Sid"], scanner["Action"]) == ("Scanner", ["ecr:DescribeImages"])


def test_the_registry_of_the_account_scans_replicates_and_lets_in(synthesize: Synthesize) -> None:
    found = made(
        synthesize,
        settings=RegistrySettings(
            scanning=Scanning(on_push=["*"], continuous=["acme-*"]),
            replication=[
                Replication(regions=["eu-west-1", "us-west-2"], prefixes=["acme-dev-use1-"]),
                Replication(regions=["us-east-1"], account=ACCOUNT),
            ],
            replicate_from=[ACCOUNT],
            statements=[
                PolicyStatement(
                    actions=["ecr:BatchImportUpstreamImage"],
                    principals={"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]},
                )
            ],
        ),
    )
    (scanning,) = found["aws_ecr_registry_scanning_configuration"]
    assert scanning["scan_type"] == "ENHANCED"
    assert {
        rule["scan_frequency"]: [each["filter"] for each in rule["repository_filter"]]
        for rule in scanning["rule"]
    } == {"SCAN_ON_PUSH": ["*"], "CONTINUOUS_SCAN": ["acme-*"]}
    (replication,) = found["aws_ecr_replication_configuration"]
    first, second = replication["replication_configuration"]["rule"]
    assert first["destination"] == [
        {"region": region, "registry_id": "111122223333"} for region in ("eu-west-1", "us-west-2")
    ]
    assert first["repository_filter"] == [
        {"filter": "acme-dev-use1-", "filter_type": "PREFIX_MATCH"}
    ]
    assert second["destination"] == [{"region": "us-east-1", "registry_id": ACCOUNT}]
    assert "repository_filter" not in second
    lets_in, more = policy(found, "aws_ecr_registry_policy")
    assert lets_in["Action"] == ["ecr:CreateRepository", "ecr:ReplicateImage"]
    assert lets_in["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}
    repositories = ["arn:aws:ecr:us-east-1:111122223333:repository/*"]
    assert lets_in["Resource"] == more["Resource"] == repositories


def test_other_registries_are_cached(synthesize: Synthesize) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf"
    found = made(
        synthesize,
        caches={
            "hub": PullThroughCache(
                upstream="registry-1.docker.io", credential=secret, upstream_prefix="library"
            ),
            "public": PullThroughCache(upstream="public.ecr.aws"),
        },
    )
    rules = {
        each.pop("ecr_repository_prefix"): each for each in found["aws_ecr_pull_through_cache_rule"]
    }
    for each in rules.values():
        each.pop("//", None)
    assert rules == {
        "hub": {
            "upstream_registry_url": "registry-1.docker.io",
            "credential_arn": secret,
            "upstream_repository_prefix": "library",
        },
        "public": {"upstream_registry_url": "public.ecr.aws"},
    }


def test_objects_move_expire_and_are_copied(synthesize: Synthesize) -> None:
    found = made(
        synthesize,
        artifacts=ArtifactBucket(
            rules={
                "cold": ObjectRule(
                    prefix="old/",
                    transitions=[
                        Transition(storage_class="STANDARD_IA", after_days=30),
                        Transition(storage_class="GLACIER_IR", after_days=90),
                    ],
                    expire_days=365,
                    expire_noncurrent_days=7,
                )
            },
            replicas={
                "copy": Replica(
                    bucket="acme-copy",
                    key=KEY,
                    account=ACCOUNT,
                    prefix="fraud/",
                    storage_class="STANDARD_IA",
                    delete_markers=True,
                )
            },
            statements=[
                PolicyStatement(
                    actions=["s3:GetObject"], principals={"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}
                )
            ],
        ),
    )
    _, cold = found["aws_s3_bucket_lifecycle_configuration"][0]["rule"]
    assert cold["id"] == "cold"
    assert cold["filter"] == [{"prefix": "old/"}]
    assert cold["transition"] == [
        {"days": 30, "storage_class": "STANDARD_IA"},
        {"days": 90, "storage_class": "GLACIER_IR"},
    ]
    assert cold["expiration"] == [{"days": 365}]
    assert cold["noncurrent_version_expiration"] == [{"noncurrent_days": 7}]
    (replication,) = found["aws_s3_bucket_replication_configuration"]
    (rule,) = replication["rule"]
    assert (rule["id"], rule["priority"], rule["filter"]) == ("copy", 1, {"prefix": "fraud/"})
    assert rule["delete_marker_replication"] == {"status": "Enabled"}
    assert rule["source_selection_criteria"] == {"sse_kms_encrypted_objects": {"status": "Enabled"}}
    assert rule["destination"] == {
        "bucket": "arn:aws:s3:::acme-copy",
        "account": ACCOUNT,
        "access_control_translation": {"owner": "Destination"},
        "storage_class": "STANDARD_IA",
        "encryption_configuration": {"replica_kms_key_id": KEY},
    }
    (held,) = (each for each in found["aws_iam_role_policy"] if each["name"] == "replicate")
    rights = json.loads(held["policy"])["Statement"]
    written = [each["Resource"] for each in rights if "s3:ReplicateObject" in each["Action"]]
    assert written == [["arn:aws:s3:::acme-copy/*"]]
    assert [each["Resource"] for each in rights if "kms:Encrypt" in each["Action"]] == [[KEY]]
    own = policy(found, "aws_s3_bucket_policy")[-1]
    assert own["Action"] == ["s3:GetObject"]
    bucket = "arn:aws:s3:::acme-dev-use1-artifacts-111122223333"
    assert own["Resource"] == [bucket, f"{bucket}/*"]
