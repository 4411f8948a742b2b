"""IAM: roles and AWS-managed policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy
from moto.iam.responses import IamResponse

from .registry import Service

service = Service("iam", IamResponse)

Original = Callable[..., Any]


@service.corrects("UpdateRole", gap="wipes a description that was not given", owner=IAMBackend)
def update_role(
    original: Original,
    backend: IAMBackend,
    role_name: str,
    role_description: str | None,
    max_session_duration: str,
) -> Any:
    """AWS changes only what was given."""
    if role_description is None:
        role_description = backend.get_role(role_name).description
    return original(backend, role_name, role_description, max_session_duration)


@service.corrects(
    "ListPolicies",
    gap="builds AWS-managed policies for every partition of an account: its first call of any "
    "service takes 0.7 s",
    owner=IAMBackend,
    method="_init_aws_policies",
)
def aws_managed_policies(original: Original, backend: IAMBackend) -> list[ManagedPolicy]:
    """AWS shows them in the account's own partition; the emulator has that of aws only."""
    if backend.partition != "aws":
        return []
    kind: Any = AWSManagedPolicy
    return [
        kind(name, account_id=backend.account_id, region=backend.region_name, **fields)
        for name, fields in _managed_policies().items()
    ]


@cache
def _managed_policies() -> dict[str, dict[str, Any]]:
    return {
        name: {
            "default_version_id": policy.get("DefaultVersionId"),
            "path": policy.get("Path"),
            "document": json.dumps(policy.get("Document")),
            "create_date": datetime.fromisoformat(policy["CreateDate"]),
            "update_date": datetime.fromisoformat(policy["UpdateDate"]),
        }
        for name, policy in json.loads(aws_managed_policies_data).items()
    }
