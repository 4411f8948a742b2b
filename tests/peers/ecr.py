"""The example `complete` of terraform-aws-modules/terraform-aws-ecr."""

from __future__ import annotations

from collections.abc import Iterator

from .record import Differs, Example, Pair

_Input = tuple[str, str | tuple[str, str]]

_REPOSITORY = "aws_ecr_repository.this[0]"
_POLICY = "aws_ecr_repository_policy.this[0]"
_LIFECYCLE = "aws_ecr_lifecycle_policy.this[0]"
_SCANNING = "aws_ecr_registry_scanning_configuration.this[0]"
_REPLICATION = "aws_ecr_replication_configuration.this[0]"
_CACHES = {"pub": "ecr-public", "dockerhub": "dockerhub", "priv": "ecr-ex-complete"}
_PUBLIC = "images for everybody on the internet are no part of an inference environment"
_NO_NAME = "a repository has its name, and no tag of that key"
_MUTABILITY = "image_tag_mutability_exclusion_filter"


def _repository() -> Iterator[_Input]:
    of = "ecr"
    yield f"{of}.repository_name", (_REPOSITORY, "name")
    yield f"{of}.repository_force_delete", (_REPOSITORY, "force_delete")
    yield f"{of}.repository_image_tag_mutability", (_REPOSITORY, "image_tag_mutability")
    yield f"{of}.repository_read_write_access_arns", (_POLICY, "policy")
    yield f"{of}.create_lifecycle_policy", (_LIFECYCLE, "")
    yield f"{of}.repository_lifecycle_policy", (_LIFECYCLE, "policy")
    for index in range(3):
        number = f".{index}" if index else ""
        for name in ("filter", "filter_type"):
            yield (
                f"{of}.repository_{_MUTABILITY}{number}.{name}",
                (_REPOSITORY, f"{_MUTABILITY}.{index}.{name}"),
            )
    yield "ecr_disabled.create", "nothing is made"
    for tag in ("Name", "Example", "Repository"):
        yield f"{of}.tags.{tag}", (_REPOSITORY, f"tags.{tag}")
        yield f"ecr_registry.tags.{tag}", "what an account has once in a Region takes no tags"
        yield f"public_ecr.tags.{tag}", _PUBLIC
    for name in ("name", "type", "read_write_access_arns"):
        yield f"public_ecr.repository_{name}", _PUBLIC
    yield "public_ecr.public_repository_catalog_data", _PUBLIC


def _registry() -> Iterator[_Input]:
    of, policy = "ecr_registry", "aws_ecr_registry_policy.this[0]"
    yield f"{of}.create_repository", "nothing is made"
    yield f"{of}.create_registry_policy", (policy, "")
    yield f"{of}.registry_policy", (policy, "policy")
    for key in _CACHES:
        for name in (
            *("ecr_repository_prefix", "upstream_registry_url", "upstream_repository_prefix"),
            "credential_arn",
        ):
            yield (
                f"{of}.registry_pull_through_cache_rules.{key}.{name}",
                (f'aws_ecr_pull_through_cache_rule.this["{key}"]', name),
            )
    yield f"{of}.manage_registry_scanning_configuration", (_SCANNING, "")
    yield f"{of}.registry_scan_type", (_SCANNING, "scan_type")
    for number, at in (("", 0), (".1", 1)):
        rule = f"{of}.registry_scan_rules{number}"
        yield f"{rule}.scan_frequency", (_SCANNING, f"rule.{at}.scan_frequency")
        for name in ("filter", "filter_type"):
            for inner in range(2):
                end = f"repository_filter.{inner}.{name}"
                short = f".{inner}" if inner else ""
                yield f"{rule}.filter{short}.{name}", (_SCANNING, f"rule.{at}.{end}")
    yield f"{of}.create_registry_replication_configuration", (_REPLICATION, "")
    sent = "replication_configuration.0.rule.0"
    for index, number in enumerate(("", ".1")):
        for name in ("region", "registry_id"):
            yield (
                f"{of}.registry_replication_rules.destinations{number}.{name}",
                (_REPLICATION, f"{sent}.destination.{index}.{name}"),
            )
    for name in ("filter", "filter_type"):
        yield (
            f"{of}.registry_replication_rules.repository_filters.{name}",
            (_REPLICATION, f"{sent}.repository_filter.0.{name}"),
        )


EXAMPLES = (
    Example(
        environment="ecr_complete",
        expected="ecr-complete",
        pairs=(
            Pair(
                _REPOSITORY,
                "aws_ecr_repository",
                {
                    "name": Differs(
                        "acme-ecr-use1-app", "names are made of the Context and a short name"
                    ),
                    "tags.Name": Differs(None, _NO_NAME),
                    "encryption_configuration.0.encryption_type": Differs(
                        "KMS", "images are encrypted by the environment's key"
                    ),
                },
                {
                    "encryption_configuration.kms_key": "images are encrypted by the "
                    "environment's key"
                },
            ),
            Pair(_POLICY, "aws_ecr_repository_policy"),
            Pair(
                _LIFECYCLE,
                "aws_ecr_lifecycle_policy",
                {
                    "policy": Differs(
                        '*"countNumber": 30, "countType": "imageCountMoreThan", '
                        '"tagPrefixList": ["v"]*"tagStatus": "untagged"*',
                        "untagged images and old ones of other tags expire as well",
                    )
                },
            ),
            *(
                Pair(
                    f'aws_ecr_pull_through_cache_rule.this["{key}"]',
                    f"aws_ecr_pull_through_cache_rule {prefix}",
                )
                for key, prefix in _CACHES.items()
            ),
            Pair("aws_ecr_registry_policy.this[0]", "aws_ecr_registry_policy"),
            Pair(_SCANNING, "aws_ecr_registry_scanning_configuration"),
            Pair(_REPLICATION, "aws_ecr_replication_configuration"),
        ),
        inputs=dict((*_repository(), *_registry())),
        not_made={"aws_ecrpublic_repository*": _PUBLIC},
        beside=dict.fromkeys(
            (
                *("aws_kms_alias", "aws_kms_key", "aws_s3_bucket", "aws_s3_bucket_policy"),
                *("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_ownership_controls"),
                *("aws_s3_bucket_public_access_block", "aws_s3_bucket_versioning"),
                "aws_s3_bucket_server_side_encryption_configuration",
            ),
            "the registry layer, which every environment has: the key and the bucket of artifacts",
        ),
        emulator="without `mutable_tags`, which need hashicorp/aws 6.8",
    ),
)
