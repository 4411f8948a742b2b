"""Roles, tags, names and backends: what every module of AWS leaves to its caller."""

from __future__ import annotations

from .row import Option, always, at, like, never, no, overridden, some, yes

SOURCE = "IAM, tags, names and backends"
_OPERATOR = "arn:aws:iam::111122223333:role/ml-operator"

OPTIONS: tuple[Option, ...] = (
    yes(
        "iam_role_permissions_boundary",
        'Context(permissions_boundary="acme-boundary")',
        at(
            "aws_iam_role",
            "permissions_boundary",
            "arn:aws:iam::111122223333:policy/acme-boundary",
        ),
    ),
    yes(
        "iam_role_path",
        'Context(naming=Naming(role_path="/delegated/ml/"))',
        at("aws_iam_role", "path", "/delegated/ml/"),
    ),
    no(
        "iam_role_use_name_prefix",
        "Names are computed, so that policies can name them before they exist.",
        never("aws_iam_role", "name_prefix"),
    ),
    overridden(
        "tasks_iam_role_max_session_duration",
        'EcsService(permissions={"task": Permissions(policies=['
        '"arn:aws:iam::aws:policy/AmazonBedrockReadOnly"])}, '
        'overrides={"task/role": {"max_session_duration": 7200}})',
        at("aws_iam_role", "max_session_duration", 7200),
    ),
    yes(
        "AWS provider: default_tags",
        'Context(tags={"cost-center": "42"})',
        at("provider", "default_tags.0.tags.cost-center", "42"),
    ),
    yes(
        "tag policies: keys of one's own",
        'Context(tag_keys={"owner": "team"})',
        at("provider", "default_tags.0.tags.team", "ml"),
    ),
    yes(
        "AWS provider: assume_role",
        'Context(deploy_role="deploy")',
        at(
            "provider",
            "assume_role.0.role_arn",
            "arn:aws:iam::111122223333:role/deploy",
        ),
    ),
    always(
        "AWS provider: allowed_account_ids",
        "Context()",
        at("provider", "allowed_account_ids", ["111122223333"]),
    ),
    yes(
        "name, name_prefix",
        'Context(naming=Naming(template="ml-{stage}-{organization}-{name}"))',
        at("aws_vpc", "tags.Name", like(r"ml-\w+-acme-vpc")),
    ),
    yes(
        "an organization's whole name",
        'Context(naming=Naming(organization="Acme International Holdings GmbH"))',
        at("provider", "default_tags.0.tags.organization", "Acme International Holdings GmbH"),
    ),
    yes(
        "backend: s3 (bucket and key)",
        'Context(backend=S3Backend(bucket="acme-terraform", prefix="ml"))',
        at("terraform", "backend.s3.bucket", "acme-terraform"),
        at("terraform", "backend.s3.key", like(r"ml/\w+-use1/network\.tfstate")),
    ),
    yes(
        "backend: s3 (region and kms_key_id)",
        'Context(backend=S3Backend(bucket="acme-terraform", region="eu-west-1", '
        'kms_key="arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"))',
        at("terraform", "backend.s3.region", "eu-west-1"),
        at("terraform", "backend.s3.kms_key_id", like(r"arn:aws:kms:eu-west-1:.*")),
    ),
    yes(
        "backend: HCP Terraform",
        'Context(backend=CloudBackend(organization="acme"))',
        at("terraform", "cloud.organization", "acme"),
    ),
    yes(
        "backend: gcs",
        'Context(backend=GcsBackend(bucket="acme-states"))',
        at("terraform", "backend.gcs.bucket", "acme-states"),
    ),
    yes(
        "backend: azurerm",
        'Context(backend=AzurermBackend(resource_group_name="ml", '
        'storage_account_name="acmestates", container_name="tfstate"))',
        at("terraform", "backend.azurerm.storage_account_name", "acmestates"),
    ),
    yes(
        "backend: http (GitLab)",
        "Context(backend=HttpBackend("
        'address="https://gitlab.acme.test/api/v4/projects/7/terraform/state"))',
        at(
            "terraform",
            "backend.http.address",
            like(r"https://gitlab\.acme\.test/api/v4/projects/7/terraform/state/.+"),
        ),
    ),
    yes(
        "backend: local",
        'Context(backend=LocalBackend(path="states"))',
        at("terraform", "backend.local.path", like(".*states/.+")),
    ),
    yes(
        "a bucket of artifacts that exists",
        'Registry(artifacts=ExistingBucket(name="acme-models"))',
        some("aws_s3_bucket", 0),
    ),
    yes(
        "a KMS key that exists",
        "Registry(kms_key=KEY)",
        some("aws_kms_key", 0),
    ),
    yes(
        "a VPC that exists",
        '{"network": NetworkOutputs(vpc_id="vpc-0fedcba9876543210", vpc_cidr="10.8.0.0/16", '
        'private_subnet_ids=["subnet-0fedcba9876543210", "subnet-0fedcba9876543211"], '
        'public_subnet_ids=[], s3_prefix_list_id="pl-63a5400a"), '
        '"inference": Inference(endpoints={"fraud": RealtimeEndpoint()})}',
        at("aws_security_group", "vpc_id", "vpc-0fedcba9876543210"),
        beside="RealtimeEndpoint()",
    ),
    yes(
        "GitHub's OIDC provider",
        'Identity(github=GitHub(repository="acme/models"))',
        at(
            "aws_iam_openid_connect_provider",
            "url",
            "https://token.actions.githubusercontent.com",
        ),
        beside=f'Identity(operators=["{_OPERATOR}"])',
    ),
    yes(
        "the issuer of a GitHub Enterprise Server",
        'Identity(github=GitHub(repository="acme/models", issuer="github.acme.com/_services/token"))',
        at("aws_iam_openid_connect_provider", "url", "https://github.acme.com/_services/token"),
        beside='Identity(github=GitHub(repository="acme/models"))',
    ),
    yes(
        "GitLab's OIDC provider",
        'Identity(gitlab=GitLab(project="acme/ml/models"))',
        at("aws_iam_openid_connect_provider", "url", "https://gitlab.com"),
        beside=f'Identity(operators=["{_OPERATOR}"])',
    ),
    yes(
        "GitHub's OIDC provider, where it exists",
        'Identity(github=GitHub(repository="acme/models", create_provider=False))',
        some("aws_iam_openid_connect_provider", 0),
        beside='Identity(github=GitHub(repository="acme/models"))',
    ),
)
