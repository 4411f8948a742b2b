"""What is asked of the bucket of model artifacts."""

from __future__ import annotations

from typing import Annotated

from ..context import AccountId
from ..overrides import Overridable
from ..rules import rule
from ..spec import Aws, Between, Many

S3A1 = rule(
    "S3A1",
    refuses="an expiry outside 1 to 3,650 days",
    message="must be from {low} to {high} days",
    source="Amazon S3 API reference, NoncurrentVersionExpiration (positive days)",
)


class ArtifactBucket(Overridable):
    """The environment's bucket of model artifacts: versioned, encrypted, TLS only, private."""

    expire_noncurrent_days: (
        Annotated[int, Between(S3A1, 1, 3650), Aws("s3:NoncurrentVersionExpiration.NoncurrentDays")]
        | None
    ) = None
    """Days after which an overwritten or deleted artifact is really gone. Without it, never."""

    read_accounts: Many[AccountId] = ()
    """Other accounts that may read artifacts. Without it, none."""

    send_events: bool = False
    """Whether the bucket tells EventBridge of each object, which batch transforms on uploads
    need and which is charged for. Without it, no."""
