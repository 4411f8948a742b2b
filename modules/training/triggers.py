"""What starts a retraining, beside schedules and uploads, which batch transforms have too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from ..alarms.spec import AlarmName
from ..rules import rule
from ..sagemaker.batch import OnSchedule, OnUpload
from ..spec import Aws, Between, Check, Many, ShortName, Spec

EVT1 = rule(
    "EVT1",
    refuses="retries or an age of an undelivered event outside EventBridge's limits",
    message="must be from {low} to {high}",
    source="botocore events RetryPolicy MaximumRetryAttempts, MaximumEventAgeInSeconds; likewise "
    "scheduler",
)
EVT2 = rule(
    "EVT2",
    refuses="an event pattern that is none, or over 4,096 characters",
    message="must be a pattern of at most 4,096 characters: names with lists of values, such as "
    '{{"source": ["acme.data"]}}',
    source="botocore events EventPattern; Amazon EventBridge user guide, event patterns",
)
EVT12 = rule(
    "EVT12",
    refuses="an approval without a status",
    message="must name one status at least",
    source="Inferform: it would start nothing",
)


def _is_pattern(value: object) -> bool:
    """Whether a value is a pattern: objects whose leaves are lists, and $or a list of patterns."""
    if not isinstance(value, dict) or not value:
        return False
    for name, each in value.items():
        if not isinstance(name, str):
            return False
        if name == "$or":
            good = isinstance(each, list | tuple) and len(each) > 1
            if not good or not all(_is_pattern(part) for part in each):
                return False
        elif isinstance(each, list | tuple):
            if not each:
                return False
        elif not _is_pattern(each):
            return False
    return True


def _fits(pattern: object) -> bool:
    try:
        return _is_pattern(pattern) and len(json.dumps(pattern)) <= 4096
    except (TypeError, ValueError):
        return False


class Delivery(Spec):
    """What EventBridge does where it cannot start an execution."""

    retry_attempts: Annotated[
        int,
        Between(EVT1, 0, 185),
        Aws(
            "events:RetryPolicy.MaximumRetryAttempts", "scheduler:RetryPolicy.MaximumRetryAttempts"
        ),
    ] = 8
    """How often it tries again. Default: 8."""

    max_age_seconds: Annotated[
        int,
        Between(EVT1, 60, 86_400),
        Aws(
            "events:RetryPolicy.MaximumEventAgeInSeconds",
            "scheduler:RetryPolicy.MaximumEventAgeInSeconds",
        ),
    ] = 3600
    """Seconds after which it gives up. Default: an hour."""

    dead_letter: bool = True
    """Whether what is given up is kept in a queue for 14 days. Default: True."""


class OnAlarm(Spec):
    """Starts a retraining when an alarm of CloudWatch begins to sound."""

    alarm: AlarmName
    """The alarm's name, in the account and Region of the environment."""


class OnDrift(Spec):
    """Starts a retraining when an alarm of a drift monitor of the environment begins to sound."""

    monitor: ShortName
    """The monitor."""


class OnApproval(Spec):
    """Starts a retraining when a version of another model gets an approval status."""

    group: ShortName
    """The model package group of the environment's registry."""

    statuses: Annotated[
        Many[Literal["Approved", "Rejected", "PendingManualApproval"]],
        Check(EVT12, bool),
    ] = ("Approved",)
    """The statuses. Default: Approved."""


class OnEvent(Spec):
    """Starts a retraining by any event of the account's default event bus."""

    pattern: Annotated[dict[str, Any], Check(EVT2, _fits)]
    """The pattern of the event, as EventBridge writes it: `{"source": ["acme.data"]}`."""


Trigger = OnSchedule | OnUpload | OnAlarm | OnDrift | OnApproval | OnEvent

_KINDS: Mapping[type[Spec], str] = {
    OnSchedule: "schedule",
    OnUpload: "upload",
    OnAlarm: "alarm",
    OnDrift: "drift",
    OnApproval: "approval",
    OnEvent: "event",
}


def keyed(triggers: Many[Trigger]) -> dict[str, Trigger]:
    """Triggers by a word for each: `schedule`, and `schedule-2` for the second of a kind."""
    counts: dict[str, int] = {}
    found: dict[str, Trigger] = {}
    for trigger in triggers:
        kind = _KINDS[type(trigger)]
        counts[kind] = counts.get(kind, 0) + 1
        found[kind if counts[kind] == 1 else f"{kind}-{counts[kind]}"] = trigger
    return found


def upload_pattern(bucket: str, prefix: str, suffix: str) -> dict[str, Any]:
    """The event of an object that is uploaded below a prefix, with a suffix."""
    key = {"wildcard": f"{prefix}*{suffix}"} if suffix else {"prefix": prefix}
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key]}},
    }


def alarm_pattern(arns: list[str]) -> dict[str, Any]:
    """The event of an alarm that begins to sound."""
    return {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": arns,
        "detail": {"state": {"value": ["ALARM"]}},
    }


def approval_pattern(group: str, statuses: list[str]) -> dict[str, Any]:
    """The event of a version that gets a status: once, and not for each later change of it.

    SageMaker developer guide, events that Amazon SageMaker AI sends to Amazon EventBridge: one is sent for
    every update of a version, and says which fields changed; one that is registered with the status has
    no such list.
    """
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": [group],
            "ModelPackageStatus": ["Completed"],
            "ModelApprovalStatus": statuses,
            "$or": [
                {"UpdatedModelPackageFields": ["ModelApprovalStatus"]},
                {"UpdatedModelPackageFields": [{"exists": False}]},
            ],
        },
    }
