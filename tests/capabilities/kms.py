"""Keys."""

from __future__ import annotations

from .record import FLAG, Capability

CAPABILITY = Capability(
    requests={
        "aws_kms_alias": "kms:CreateAlias",
        "aws_kms_key": "kms:CreateKey",
    },
    elsewhere={
        "aws_kms_key.deletion_window_in_days": (
            "kms:ScheduleKeyDeletionRequest.PendingWindowInDays"
        ),
    },
    own={
        FLAG: ("aws_kms_key.enable_key_rotation",),
    },
)
