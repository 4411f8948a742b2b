"""The Environment, its Context, and what Specs of several capabilities hold."""

from __future__ import annotations

from inferform.names import bare

from .record import PART_OF_A_NAME, Capability

CAPABILITY = Capability(
    not_aws={
        PART_OF_A_NAME: (
            "Context.account",
            "Context.region",
            "ImageOwner.account",
            "ImageOwner.home_region",
            "Naming.repositories{}",
            "Naming.template",
        ),
        "what cost estimates subtract": (
            "Commitment.discount_percent",
            "Commitment.ends_on",
            "Commitment.kind",
            "Commitment.usd_per_hour",
        ),
        "rights of roles, by the bucket that they read": (
            "Context.artifact_keys{key}",
            "Context.artifact_keys{}",
        ),
        "Inferform's names of its own tags": ("Context.tag_keys{key}",),
        "Terraform's: arguments of backends": (
            "AzurermBackend.container_name",
            "AzurermBackend.resource_group_name",
            "AzurermBackend.storage_account_name",
            "AzurermBackend.subscription_id",
            "AzurermBackend.tenant_id",
            "CloudBackend.hostname",
            "CloudBackend.organization",
            "CloudBackend.project",
            "S3Backend.bucket",
            "S3Backend.kms_key",
            "S3Backend.prefix",
            "S3Backend.region",
            "GcsBackend.bucket",
            "GcsBackend.impersonate_service_account",
            "GcsBackend.kms_encryption_key",
            "GcsBackend.prefix",
            "HttpBackend.address",
            "HttpBackend.lock_method",
            "HttpBackend.retry_wait_min",
            "HttpBackend.unlock_method",
            "LocalBackend.path",
        ),
        "what people add at synthesis or to the commands": (
            "Environment.extend[]",
            "Environment.kinds[]",
            "Environment.rules[]",
        ),
        "references to what exists, which several requests have": (
            "Existing.execution_role",
            "Existing.kms_key",
            "Existing.security_groups[]",
            "Existing.subnets[]",
            "Existing.task_role",
            "ExistingLoadBalancer.security_group",
            "Inference.security_group",
            "Registry.kms_key",
            "RestrictedListener.allowed_groups[]",
        ),
        "rights of roles: a part of a policy document": (
            "Identity.existing_roles[]",
            "Identity.role_policies[]",
            "Overridable.permissions{key}",
            "Permissions.policies[]",
        ),
        "Terraform's: attributes of its resources": (
            "Overridable.overrides{key}",
            "Overridable.overrides{}{key}",
            "Overridable.overrides{}{}",
        ),
        "Terraform's: addresses in a state": (
            "Environment.imported{key}",
            "Environment.imported{}{key}",
            "Environment.imported{}{}",
            "Environment.moved{key}",
            "Environment.moved{}{key}",
            "Environment.moved{}{}",
        ),
    },
    stricter={
        "a path stands before the name, and begins with no slash": (
            "Context.deploy_role",
            "Context.permissions_boundary",
            "Context.plan_role",
        ),
        "roles of one path are told from those of others, and its characters are those of names": (
            "Naming.role_path",
        ),
        "a tag without a value names no owner": ("Context.owner", "Naming.organization"),
    },
    sent=dict.fromkeys(
        ("Context.deploy_role", "Context.plan_role", "Context.permissions_boundary"), bare
    ),
    good={
        "CIDR1": ("10.0.0.0/16",),
        "S3URI1": ("s3://my-bucket/path", "s3://my-bucket/path/"),
        "ARN1": (
            "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
            "arn:aws:iam::111122223333:role/ml-engineers",
            "arn:aws:lambda:us-east-1:111122223333:function:check-fraud:live",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-token-AbCdEf",
            "arn:aws:sns:us-east-1:111122223333:predictions",
            "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/name/1234abcd",
        ),
    },
)
