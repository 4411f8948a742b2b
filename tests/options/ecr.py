"""The inputs of terraform-aws-modules/ecr 3.2.0."""

from __future__ import annotations

from .row import Option, always, at, has, like, never, no, yes

SOURCE = "terraform-aws-modules/ecr"
_POLICY = "aws_ecr_repository_policy"
_RULES = ("aws_ecr_lifecycle_policy", "policy.rules.*")
_READER = "arn:aws:iam::444455556666:role/reader"

OPTIONS: tuple[Option, ...] = (
    yes(
        "repository_name",
        'Registry(repositories={"triton": Repository()})',
        at("aws_ecr_repository", "name", like(r"acme-\w+-use1-triton")),
    ),
    yes(
        "repository_name (with slashes)",
        '{"context": Context(naming=Naming(repositories={"fraud": "risk/fraud"})), '
        '"registry": Registry(repositories={"fraud": Repository()})}',
        at("aws_ecr_repository", "name", "risk/fraud"),
        beside="Repository()",
    ),
    yes(
        "repository_image_tag_mutability",
        'Repository(mutability="MUTABLE")',
        at("aws_ecr_repository", "image_tag_mutability", "MUTABLE"),
    ),
    yes(
        "repository_image_tag_mutability_exclusion_filter",
        'Repository(mutable_tags=["dev-*"])',
        at(
            "aws_ecr_repository",
            "image_tag_mutability_exclusion_filter.0",
            {"filter": "dev-*", "filter_type": "WILDCARD"},
        ),
        at("aws_ecr_repository", "image_tag_mutability", "IMMUTABLE_WITH_EXCLUSION"),
    ),
    always(
        "repository_encryption_type",
        "Repository()",
        at("aws_ecr_repository", "encryption_configuration.0.encryption_type", "KMS"),
    ),
    yes(
        "repository_kms_key",
        'Registry(kms_key=KEY, repositories={"fraud": Repository()})',
        at("aws_ecr_repository", "encryption_configuration.0.kms_key", like(r"arn:aws:kms:.+")),
        beside='Registry(repositories={"fraud": Repository()})',
    ),
    yes(
        "repository_image_scan_on_push",
        "Repository(scan_on_push=False)",
        at("aws_ecr_repository", "image_scanning_configuration.scan_on_push", False),
    ),
    yes(
        "repository_read_access_arns",
        'Repository(pull_accounts=["444455556666"])',
        at(_POLICY, "policy.Statement.*.Principal.AWS", has("arn:aws:iam::444455556666:root")),
        at(_POLICY, "policy.Statement.*.Action", has("ecr:BatchGetImage")),
    ),
    yes(
        "repository_lambda_read_access_arns",
        'Repository(pull_services=["lambda"])',
        at(_POLICY, "policy.Statement.*.Principal.Service", "lambda.amazonaws.com"),
    ),
    yes(
        "repository_read_write_access_arns",
        "Repository(statements=[PolicyStatement("
        'actions=["ecr:PutImage", "ecr:UploadLayerPart"], '
        'principals={"AWS": ["arn:aws:iam::444455556666:role/builder"]})])',
        at(_POLICY, "policy.Statement.*.Action", has("ecr:PutImage")),
    ),
    yes(
        "repository_policy_statements",
        f'Repository(statements=[PolicyStatement(sid="Pull", actions=["ecr:BatchGetImage"], '
        f'principals={{"AWS": ["{_READER}"]}})])',
        at(_POLICY, "policy.Statement.*.Principal.AWS", [_READER]),
    ),
    yes(
        "repository_lifecycle_policy: number of images",
        "Repository(keep_images=30)",
        at(_RULES[0], f"{_RULES[1]}.selection.countNumber", 30),
    ),
    yes(
        "repository_lifecycle_policy: untagged images",
        "Repository(expire_untagged_days=3)",
        at(_RULES[0], f"{_RULES[1]}.selection.countNumber", 3),
    ),
    yes(
        "repository_lifecycle_policy: tag prefixes",
        'Repository(expire=[Expiry(tag_prefixes=["dev-"], keep=5)])',
        at(_RULES[0], f"{_RULES[1]}.selection.tagPrefixList", ["dev-"]),
    ),
    yes(
        "repository_lifecycle_policy: tag patterns",
        'Repository(expire=[Expiry(tag_patterns=["*-rc*"], after_days=7)])',
        at(_RULES[0], f"{_RULES[1]}.selection.tagPatternList", ["*-rc*"]),
    ),
    yes(
        "repository_force_delete",
        "Context(protected=True)",
        at("aws_s3_bucket", "force_destroy", False),
    ),
    yes(
        "registry_policy",
        'Registry(settings=RegistrySettings(replicate_from=["444455556666"]))',
        at("aws_ecr_registry_policy", "policy.Statement.*.Action", has("ecr:ReplicateImage")),
    ),
    yes(
        "registry_pull_through_cache_rules",
        'Registry(caches={"ecr-public": PullThroughCache(upstream="public.ecr.aws")})',
        at("aws_ecr_pull_through_cache_rule", "ecr_repository_prefix", "ecr-public"),
        at("aws_ecr_pull_through_cache_rule", "upstream_registry_url", "public.ecr.aws"),
    ),
    yes(
        "registry_scan_type",
        'Registry(settings=RegistrySettings(scanning=Scanning(type="ENHANCED", continuous=["*"])))',
        at("aws_ecr_registry_scanning_configuration", "scan_type", "ENHANCED"),
    ),
    yes(
        "registry_scan_rules",
        'Registry(settings=RegistrySettings(scanning=Scanning(on_push=["prod-*"])))',
        at("aws_ecr_registry_scanning_configuration", "rule.0.scan_frequency", "SCAN_ON_PUSH"),
        at(
            "aws_ecr_registry_scanning_configuration",
            "rule.0.repository_filter.0",
            {"filter": "prod-*", "filter_type": "WILDCARD"},
        ),
    ),
    yes(
        "registry_replication_rules",
        "Registry(settings=RegistrySettings(replication=["
        'Replication(regions=["eu-west-1"], prefixes=["prod-"])]))',
        at(
            "aws_ecr_replication_configuration",
            "replication_configuration.rule.0.destination.0",
            {"region": "eu-west-1", "registry_id": "111122223333"},
        ),
        at(
            "aws_ecr_replication_configuration",
            "replication_configuration.rule.0.repository_filter.0",
            {"filter": "prod-", "filter_type": "PREFIX_MATCH"},
        ),
    ),
    yes(
        "tags",
        'Repository(tags={"cost-center": "42"})',
        at("aws_ecr_repository", "tags.cost-center", "42"),
    ),
    no(
        "public_repository_catalog_data",
        "Models are not published: SageMaker pulls from private repositories alone.",
        never("aws_ecrpublic_repository"),
    ),
)
