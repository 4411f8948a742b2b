"""IAM: roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.iam.models import IAMBackend
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
