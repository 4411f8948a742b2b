"""When objects under some keys move to another storage class, or expire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ..rules import Problem, rule
from ..spec import Aws, Between, Check, Many, Spec, is_s3_key

S3A4 = rule(
    "S3A4",
    refuses="a rule for objects that does nothing, or an expiry before or with a move to another class",
    message="{wrong}; {remedy}",
    source="Amazon S3 user guide, lifecycle configuration elements, transitioning objects",
)
S3A5 = rule(
    "S3A5",
    refuses="a move to an infrequent-access class within 30 days, or moves out of their order",
    message="is {days} days for {storage_class}; {remedy}",
    source="Amazon S3 user guide, transitioning objects (supported transitions and constraints)",
)
S3A6 = rule(
    "S3A6",
    refuses="the beginning of keys with characters that S3 advises against",
    message="must be the beginning of keys, such as fraud/",
    source="Amazon S3 user guide, naming Amazon S3 objects",
)
S3A1 = rule(
    "S3A1",
    refuses="an expiry outside 1 to 3,650 days",
    message="must be from {low} to {high} days",
    source="Amazon S3 API reference, NoncurrentVersionExpiration (positive days)",
)

Days = Annotated[int, Between(S3A1, 1, 3650)]
StorageClass = Literal["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR"]

_ORDER = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR")


class Transition(Spec):
    """When objects move to a storage class of those that answer at once, as models are read without
    a restore."""

    storage_class: Annotated[StorageClass, Aws("s3:Transition.StorageClass")]
    """The storage class: `STANDARD_IA`, `INTELLIGENT_TIERING`, `ONEZONE_IA` or `GLACIER_IR`."""

    after_days: Annotated[Days, Aws("s3:Transition.Days")]
    """Days after which they move; 30 or more for the classes of infrequent access."""


class ObjectRule(Spec):
    """What happens to objects whose keys begin with `prefix`, by their age."""

    prefix: Annotated[
        str,
        Check(S3A6, lambda text: not text or is_s3_key(text)),
        Aws("s3:LifecycleRuleFilter.Prefix"),
    ] = ""
    """The beginning of their keys. Default: every object."""

    expire_days: Annotated[Days, Aws("s3:LifecycleExpiration.Days")] | None = None
    """Days after which they are deleted, models that are served among them. Default: None, never."""

    expire_noncurrent_days: (
        Annotated[Days, Aws("s3:NoncurrentVersionExpiration.NoncurrentDays")] | None
    ) = None
    """Days after which an overwritten or deleted one is really gone. Default: None, as the bucket
    says."""

    transitions: Many[Transition] = ()
    """When they move to other storage classes, the first move first. Default: never."""

    def check(self) -> Iterator[Problem]:
        """It does something, in an order that S3 takes."""
        if not (self.expire_days or self.expire_noncurrent_days or self.transitions):
            wrong, remedy = "does nothing", "give an expiry or transitions"
            yield S3A4.problem(wrong=wrong, remedy=remedy)
        last, reached = 0, -1
        for index, move in enumerate(self.transitions):
            kind, days = move.storage_class, move.after_days
            remedy = ""
            if kind in ("STANDARD_IA", "ONEZONE_IA") and days < 30:
                remedy = "write 30 or more"
            elif days <= last or _ORDER.index(kind) <= reached:
                remedy = (
                    f"write the moves in the order {', '.join(_ORDER)}, each later than the last"
                )
            if remedy:
                yield S3A5.problem(
                    "transitions", index, days=days, storage_class=kind, remedy=remedy
                )
            last, reached = max(last, days), max(reached, _ORDER.index(kind))
        if self.expire_days is not None and self.expire_days <= last:
            wrong, remedy = f"comes before the last move, after {last} days", "write more days"
            yield S3A4.problem("expire_days", got=self.expire_days, wrong=wrong, remedy=remedy)
