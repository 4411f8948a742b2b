"""What is asked of the bucket of model artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ..context import AccountId
from ..overrides import Overridable
from ..rules import Problem, rule
from ..spec import Aws, Check, Many, ShortName, Spec, is_bucket_name
from ..statement import PolicyStatement, problems
from .lifecycle import Days, ObjectRule
from .replication import S3A2, S3A3, Replica

REPLICATION = "replication"
"""The role that copies artifacts, in its name."""

S3A7 = rule(
    "S3A7",
    refuses="a name of a rule for objects that the bucket has already",
    message="is the name of a rule of the bucket's own; give it another",
    source="Amazon S3 API reference, LifecycleRule (ID is unique)",
)

_OWN_RULES = ("noncurrent", "uploads")


class ArtifactBucket(Overridable):
    """The environment's bucket of model artifacts: versioned, encrypted, TLS only, private."""

    expire_noncurrent_days: (
        Annotated[Days, Aws("s3:NoncurrentVersionExpiration.NoncurrentDays")] | None
    ) = None
    """Days after which an overwritten or deleted artifact is really gone. Default: never."""

    rules: dict[ShortName, ObjectRule] = {}
    """When objects move to another storage class or expire, by short name. Default: none."""

    replicas: dict[ShortName, Replica] = {}
    """Buckets that get a copy of each object, by short name. Default: none."""

    statements: Many[PolicyStatement] = ()
    """More statements of the bucket's policy. Default: none."""

    read_accounts: Many[AccountId] = ()
    """Other accounts that may read artifacts. Default: none."""

    send_events: bool = False
    """Whether the bucket tells EventBridge of each object, which batch transforms on uploads
    need and which is charged for. Default: False."""

    def check(self) -> Iterator[Problem]:
        """No rule or replica stands twice."""
        for name in self.rules:
            if name in _OWN_RULES:
                yield S3A7.problem("rules", name, got=name)
        taken: dict[tuple[str, str], str] = {}
        for name, replica in self.replicas.items():
            other = taken.setdefault((replica.bucket, replica.prefix), name)
            if other != name:
                wrong = f"copies what {other} copies to the same bucket"
                yield S3A3.problem("replicas", name, wrong=wrong, remedy="leave it out")
        yield from problems(self.statements, "statements")


class ExistingBucket(Spec):
    """A bucket of model artifacts that somebody else made, in the environment's Region.

    Nothing of it is changed or destroyed. Where another key than the environment's encrypts its
    objects, `Context.artifact_keys` names that key.
    """

    name: Annotated[str, Check(S3A2, is_bucket_name)]
    """The bucket's name."""

    send_events: bool = False
    """Whether it tells EventBridge of each object, which batch transforms on uploads need and its
    owner turns on. Default: False."""
