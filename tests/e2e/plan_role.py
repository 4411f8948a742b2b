"""What the plan role may do, held against what the provider does while Terraform plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

import pytest

from inferform import Context
from inferform.identity import policies
from inferform_emulator.process import Emulator

_CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="deploy",
    plan_role="plan",
    permissions_boundary="boundary",
)

# The prefix of IAM's actions, where it is another than botocore's name of the service.
_PREFIXES = {
    "elbv2": "elasticloadbalancing",
    "greengrassv2": "greengrass",
    "mwaa": "airflow",
    "stepfunctions": "states",
    "application-autoscaling": "application-autoscaling",
}

# Service Authorization Reference, Amazon S3: the actions of operations with another name.
_ACTIONS = {
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycle": "s3:GetLifecycleConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
}

# Everybody may ask who they are.
_FREE = ("sts:GetCallerIdentity",)


def action(service: str, operation: str) -> str:
    """The action of IAM that an operation needs."""
    if service.startswith("apigateway"):
        # Its actions are the methods of its own REST API; a plan reads.
        return "apigateway:GET" if operation.startswith("Get") or not operation else "apigateway:*"
    named = f"{_PREFIXES.get(service, service)}:{operation}"
    return _ACTIONS.get(named, named)


def allowed(wanted: str) -> bool:
    """Whether the plan role may do it, to something."""
    return wanted in _FREE or any(
        fnmatchcase(wanted, pattern)
        for statement in policies.plan(_CONTEXT)
        for pattern in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    )


@contextmanager
def within_plan_role(emulator: Emulator, arguments: Sequence[str]) -> Iterator[None]:
    """Fail where a run of Terraform is a plan, and asks AWS for what the plan role may not do."""
    if arguments[0] != "plan":
        yield
        return
    emulator.control("POST", "requests")
    try:
        yield
    finally:
        noted = emulator.control("DELETE", "requests")["requests"]
    asked = {action(service, operation) for service, operation in noted}
    refused = sorted(each for each in asked if not allowed(each))
    if refused:
        pytest.fail(f"the plan role may not do what a plan does: {', '.join(refused)}")
