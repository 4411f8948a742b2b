"""What starts batch transforms, retrainings and pipelines, and what becomes of what could not start one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Annotated, Any, Literal

from ..alarms.spec import AlarmName, StandardTopic, topic_problems
from ..context import Context
from ..model.artifact import is_location
from ..rules import Problem, rule
from ..s3_uri import bucket_and_key
from ..scaling.schedule import Schedule, Scheduled, TimeZone
from ..service import Lead, Place
from ..spec import Aws, Between, Check, Many, Matches, OneOf, ShortName, Spec
from .event_patterns import COMPARISONS, fits, may_match_own

JOB16 = rule(
    "JOB16",
    refuses="a suffix with other characters than letters, digits, . _ and -",
    message="must be the end of a key such as .csv",
    source="Amazon EventBridge user guide, wildcard matching",
)
JOB18 = rule(
    "JOB18",
    refuses="a schedule over 256 characters",
    message="must have at most 256 characters",
    source="botocore scheduler ScheduleExpression",
)


JOB19 = rule(
    "JOB19",
    refuses="a schedule that is spread over more than an hour",
    message="must be from {low} to {high} minutes",
    source="Inferform: the minute of a cron expression is replaced",
)
JOB20 = rule(
    "JOB20",
    refuses="a spread of a schedule that is no cron expression of full hours",
    message="needs a cron expression of full hours, such as cron(0 2 * * ? *)",
    source="Inferform: the minute of a cron expression is replaced",
)
JOB21 = rule(
    "JOB21",
    refuses="uploads to be waited for at what is no place in S3",
    message="must be an s3:// URI with a key, or a prefix in the environment's artifact bucket, such as "
    "data/fraud/",
    source="Amazon S3 user guide, safe characters in keys",
)

EVT1 = rule(
    "EVT1",
    refuses="retries or an age of an undelivered event outside EventBridge's limits",
    message="must be from {low} to {high}",
    source="botocore events RetryPolicy MaximumRetryAttempts, MaximumEventAgeInSeconds; likewise "
    "scheduler",
)
EVT2 = rule(
    "EVT2",
    refuses="an event pattern that is none, with a comparison that EventBridge does not know, or over 4,096 characters",
    message="must be a pattern of at most 4,096 characters: names with lists of values or of comparisons, such as "
    '{{"source": ["acme.data"], "detail": {{"rows": [{{"numeric": [">", 0]}}]}}}}; comparisons are {comparisons}',
    source="botocore events EventPattern; Amazon EventBridge user guide, event patterns, comparison operators",
)
EVT13 = rule(
    "EVT13",
    refuses="events of every execution, job and pipeline of the account to start another one",
    message="may be matched by the events of what it starts, which would start it for ever; name in detail or resources "
    "whose events it waits for",
    source="Amazon EventBridge user guide, best practices for rules (infinite loops)",
    severity="warning",
)
JOB26 = rule(
    "JOB26",
    refuses="uploads to be waited for below a prefix with *",
    message="has *, which stands for itself in a prefix; leave it out, and write into suffix how keys end",
    source="Amazon EventBridge user guide, comparison operators (prefix)",
)
JOB22 = rule(
    "JOB22",
    refuses="two triggers of a batch transform or a pipeline that are alike",
    message="is the same as {other}, and would start each run twice",
    source="Inferform: two rules of one pattern",
)
EVT12 = rule(
    "EVT12",
    refuses="an approval without a status",
    message="must name one status at least",
    source="Inferform: it would start nothing",
)


TopicArn = Annotated[
    StandardTopic,
    Aws("cloudwatch:PutMetricAlarmInput.AlarmActions"),
]


def notify_problems(context: Context, notify: str | None) -> Iterator[Problem]:
    """A topic of a state machine that is not in its Region."""
    for problem in topic_problems(context, notify=[notify] if notify else []):
        yield Problem(("notify",), problem.text, problem.rule, problem.severity, notify)


Location = Annotated[str, Check(JOB21, is_location), Check(JOB26, lambda prefix: "*" not in prefix)]


class OnSchedule(Spec):
    """Starts what runs by itself at set times, by EventBridge Scheduler."""

    schedule: Annotated[
        Schedule,
        Check(JOB18, lambda schedule: len(schedule) <= 256),
        Aws("scheduler:CreateScheduleInput.ScheduleExpression"),
    ]
    """`cron(0 2 * * ? *)`, `rate(12 hours)` or `at(2026-12-24T18:00:00)`."""

    timezone: Annotated[
        TimeZone, Aws("scheduler:CreateScheduleInput.ScheduleExpressionTimezone")
    ] = "UTC"
    """The time zone of an at or cron expression. Default: UTC."""

    spread_minutes: Annotated[int, Between(JOB19, 0, 60)] = 0
    """Starts up to so many minutes after a full hour, as the name of what it starts says: many of one
    schedule do not all ask SageMaker at once. Default: 0, at the time that is written."""

    def check(self) -> Iterator[Problem]:
        """Only a cron expression of full hours can be spread."""
        if self.spread_minutes and not self.schedule.startswith("cron(0 "):
            yield JOB20.problem("spread_minutes", got=self.spread_minutes)

    def spread(self, name: str) -> str:
        """The expression for what has this name: the same each time."""
        if not self.spread_minutes:
            return self.schedule
        digest = hashlib.sha256(name.encode()).digest()
        minute = int.from_bytes(digest[:4], "big") % self.spread_minutes
        return self.schedule.replace("cron(0 ", f"cron({minute} ", 1)

    @property
    def every_seconds(self) -> int | None:
        """The least time from one start to the next; None where there is one start alone, or none
        within two weeks of 2026."""
        begin = datetime(2026, 1, 5, tzinfo=UTC)
        when = Scheduled(name="next", schedule=self.schedule, timezone="UTC", min_capacity=1)
        times = [*islice(when.times(begin, begin + timedelta(days=14)), 500)]
        steps = [int((b - a).total_seconds()) for a, b in pairwise(times)]
        return min(steps, default=None)


class OnUpload(Spec):
    """Starts what runs by itself for each object that is uploaded below a prefix."""

    prefix: Location | None = None
    """Where objects come: a prefix in the environment's artifact bucket, or an `s3://` URI. Default: the
    input of the batch transform; a retraining and a pipeline have no other."""

    suffix: Annotated[str, Matches(JOB16, r"[A-Za-z0-9._-]*")] = ""
    """Key suffix to match, for example `.csv`. Default: any."""


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
    """Starts what runs by itself when an alarm of CloudWatch fires."""

    alarm: AlarmName
    """The alarm's name, in the account and Region of the environment."""


class OnDrift(Spec):
    """Starts a retraining, or a pipeline, when an alarm of a drift monitor of the environment fires."""

    monitor: ShortName
    """The monitor."""


class OnApproval(Spec):
    """Starts what runs by itself when a version of a model gets an approval status."""

    group: ShortName
    """The model package group of the environment's registry."""

    statuses: Annotated[
        Many[Literal["Approved", "Rejected", "PendingManualApproval"]],
        Check(EVT12, bool),
    ] = ("Approved",)
    """The statuses. Default: Approved."""


class OnEvent(Spec):
    """Starts what runs by itself by any event of the account's default event bus."""

    pattern: Annotated[
        dict[str, Any], Check(EVT2, fits, lambda _: {"comparisons": ", ".join(COMPARISONS)})
    ]
    """The pattern of the event, as EventBridge writes it: `{"source": ["acme.data"]}`."""

    def check(self) -> Iterator[Problem]:
        """It is not started by what it starts."""
        if may_match_own(self.pattern):
            yield EVT13.problem("pattern", got=self.pattern)


Trigger = OnSchedule | OnUpload | OnAlarm | OnDrift | OnApproval | OnEvent


def started(place: Place, triggers: Iterable[Trigger]) -> Iterator[Lead]:
    """The ways to what stands at a place from what of its environment starts it."""
    for trigger in triggers:
        if isinstance(trigger, OnDrift):
            yield Lead(("training", "monitors", trigger.monitor), place.path, "starts")
        elif isinstance(trigger, OnApproval):
            yield Lead(("registry", "models", trigger.group), place.path, "approval")


class Automation(Spec):
    """What starts a batch transform or a pipeline by itself, and who is notified where it does not succeed."""

    triggers: Many[
        Annotated[OnSchedule | OnUpload | OnAlarm | OnDrift | OnApproval | OnEvent, OneOf()]
    ] = ()
    """What starts it, beside the `trigger` of a batch transform. There only an upload says what is read;
    the others read `input`. Default: nothing."""

    delivery: Delivery | None = None
    """What happens where a trigger cannot start it. Default: AWS tries for a day, and keeps nothing."""

    notify: TopicArn | None = None
    """The topic notified of every job of a batch transform, or run of a pipeline, that fails; for a
    pipeline its policy must let `events.amazonaws.com` publish. Default: nobody."""

    alarm_on_failure: bool = False
    """Whether there is an alarm on runs that fail or are stopped, which tells `notify`. Default:
    False."""

    def check(self) -> Iterator[Problem]:
        """No trigger is there twice."""
        seen: dict[str, int] = {}
        for index, trigger in enumerate(self.triggers):
            other = seen.setdefault(repr(trigger), index)
            if other != index:
                yield JOB22.problem("triggers", index, other=f"triggers.{other}")


_KINDS: Mapping[type[Spec], str] = {
    OnSchedule: "schedule",
    OnUpload: "upload",
    OnAlarm: "alarm",
    OnDrift: "drift",
    OnApproval: "approval",
    OnEvent: "event",
}


def keyed(triggers: Iterable[Trigger]) -> dict[str, Trigger]:
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
    # A * of the prefix stands for itself.
    own = re.sub(r"[\\*]", r"\\\g<0>", prefix)
    key = {"wildcard": f"{own}*{suffix}"} if suffix else {"prefix": prefix}
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key]}},
    }


def alarm_pattern(arns: list[str]) -> dict[str, Any]:
    """The event of an alarm that fires."""
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


def event_of(
    context: Context,
    trigger: Trigger,
    *,
    watched: Callable[[OnUpload], str],
    drift_alarms: Mapping[str, Iterable[str]] | None = None,
) -> tuple[Mapping[str, Any], str]:
    """The pattern of the event that a trigger waits for, and in words.

    `watched` says where uploads come, as an S3 URI; `drift_alarms` are the names of the alarms of each
    drift monitor. Default: no monitor.
    """

    def alarms(names: Iterable[str]) -> dict[str, Any]:
        return alarm_pattern(sorted(context.arn("cloudwatch", f"alarm:{name}") for name in names))

    match trigger:
        case OnUpload(suffix=suffix):
            bucket, prefix = bucket_and_key(watched(trigger))
            return upload_pattern(bucket, prefix, suffix), f"Uploads to {prefix}"
        case OnAlarm(alarm=alarm):
            return alarms([alarm]), f"Alarm {alarm}"
        case OnDrift(monitor=monitor):
            return alarms((drift_alarms or {})[monitor]), f"Drift seen by {monitor}"
        case OnApproval(group=group, statuses=statuses):
            name = context.name(group)
            return approval_pattern(name, [*statuses]), f"Versions of {name}"
        case OnEvent(pattern=pattern):
            return pattern, "Events that were asked for"
    raise AssertionError(trigger)
