"""CloudTrail: trails by their ARNs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend
from moto.cloudtrail.responses import CloudTrailResponse

from .registry import Service

service = Service("cloudtrail", CloudTrailResponse)


@service.corrects(
    "DeleteTrail",
    gap="deletes nothing where the ARN is given, and where there is no such trail, silently",
    owner=CloudTrailBackend,
)
def delete_trail(original: Callable[..., Any], backend: CloudTrailBackend, name: str) -> None:
    """AWS takes a name or an ARN, and refuses one that it does not know."""
    original(backend, backend.get_trail(name).trail_name)
