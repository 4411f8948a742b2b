"""What is asked of CloudWatch alarms, and of those on SageMaker endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from ..context import Context
from ..names import alarm as alarm_name
from ..rules import Problem, nearest, one_of, rule
from ..spec import Aws, Between, Check, Many, Matches, Spec, arn_of
from .published import ANY, LISTED, SAGEMAKER, VARIANT, Publishes

ALM1 = rule(
    "ALM1",
    refuses="an alarm period that is not 10, 20, 30 or a multiple of 60 seconds",
    message="must be 10, 20, 30 or a multiple of 60 seconds up to 86,400",
    source="CloudWatch API reference, PutMetricAlarm Period",
)
ALM2 = rule(
    "ALM2",
    refuses="an alarm that looks back more than a day, or a week with periods of an hour",
    message="looks back {seconds} seconds; period_seconds times evaluation_periods is at most "
    "{most}",
    source="CloudWatch API reference, PutMetricAlarm EvaluationPeriods",
)
ALM3 = rule(
    "ALM3",
    refuses="more datapoints to alarm than evaluation periods",
    message="is above evaluation_periods ({periods}); lower it or raise evaluation_periods",
    source="CloudWatch API reference, PutMetricAlarm DatapointsToAlarm",
)
ALM4 = rule(
    "ALM4",
    refuses="an alarm period shorter than the metric's own",
    message="is shorter than the {resolution} seconds between two datapoints of the metric, so "
    "the alarm often has no data; use {resolution}",
    source="CloudWatch user guide, high-resolution alarms",
    severity="warning",
)
ALM6 = rule(
    "ALM6",
    refuses="a latency limit outside 1 ms to an hour",
    message="must be from {low} to {high} milliseconds",
    source="SageMaker developer guide, ModelLatency (microseconds; Inferform takes milliseconds)",
)
ALM8 = rule(
    "ALM8",
    refuses="evaluation periods or datapoints outside 1 to 1,440",
    message="must be from {low} to {high}",
    source="CloudWatch API reference, PutMetricAlarm EvaluationPeriods (at most a day)",
)
ALM11 = rule(
    "ALM11",
    refuses="an error rate outside 0 to 100 percent",
    message="must be from {low} to {high} percent",
    source="Inferform: a rate is a share of invocations",
)
ALM9 = rule(
    "ALM9",
    refuses="a percentile outside 50 to 99.9",
    message="must be from {low} to {high}",
    source="CloudWatch user guide, percentiles",
)
ALM12 = rule(
    "ALM12",
    refuses="an alarm or a scaling policy on a metric that is never published, so that it never fires",
    message="{metric} is never published by {kind}{instead}",
    source="SageMaker developer guide, Amazon SageMaker AI metrics in Amazon CloudWatch; alarms and "
    "logs for tracking metrics from asynchronous endpoints; the same from serverless endpoints",
)
DEP17 = rule(
    "DEP17",
    refuses="an alarm given by its ARN or with an impossible name: empty, blank, over 255 "
    "characters or with a line break",
    message="must be the name of a CloudWatch alarm, not its ARN",
    source="botocore sagemaker AlarmName; CloudWatch API reference, PutMetricAlarm AlarmName",
)

ALM13 = rule(
    "ALM13",
    refuses="more than 5 topics for one state of an alarm, or one twice",
    message="must be at most 5 topics, each once",
    source="botocore cloudwatch PutMetricAlarmInput AlarmActions, OKActions",
)
ALM14 = rule(
    "ALM14",
    refuses="a topic in another Region or partition than the alarm",
    message="is in {other}, but an alarm of {region} tells topics of its own Region alone; name one of "
    "{region}, which may belong to another account",
    source="CloudWatch PutMetricAlarm (Invalid region ca-central-1 specified. Only us-west-2 is "
    "supported), as cds-snc/notification-terraform #128 quotes it",
)

ALM15 = rule(
    "ALM15",
    refuses="a FIFO topic that an alarm is to tell",
    message="is a FIFO topic, which takes no message without a MessageGroupId, and an alarm has none to give; "
    "name a standard topic",
    source="Amazon SNS API reference, Publish MessageGroupId (every message must include one); CloudWatch API "
    "reference, PutMetricAlarm, which has no member for it and says nothing of FIFO topics",
    severity="warning",
)

AlarmTopic = Annotated[
    str,
    arn_of("sns", "arn:aws:sns:us-east-1:111122223333:alerts", r"[\w.-]+", longest=1024),
]
"""The ARN of an SNS topic, as alarms take it."""

WFL10 = rule(
    "WFL10",
    refuses="a FIFO topic that a state machine, a pipeline or an event is to tell",
    message="must be a standard topic: a FIFO topic takes no message without a MessageGroupId, which nothing gives here",
    source="Amazon SNS API reference, Publish MessageGroupId (every message must include one); Amazon EventBridge "
    "user guide, event bus targets (no FIFO topics)",
)

StandardTopic = Annotated[AlarmTopic, Check(WFL10, lambda arn: not arn.endswith(".fifo"))]
"""The ARN of an SNS topic that takes messages of no group."""

Periods = Annotated[int, Between(ALM8, 1, 1_440)]
EvaluationPeriods = Annotated[Periods, Aws("cloudwatch:PutMetricAlarmInput.EvaluationPeriods")]
DatapointsToAlarm = Annotated[Periods, Aws("cloudwatch:PutMetricAlarmInput.DatapointsToAlarm")]
AlarmPeriod = Annotated[
    int,
    Check(ALM1, lambda v: v in (10, 20, 30) or (v % 60 == 0 and 60 <= v <= 86_400)),
    Aws("cloudwatch:PutMetricAlarmInput.Period"),
]
AlarmName = Annotated[str, Matches(DEP17, r"(?!\s*$)(?!arn:).{1,255}")]
Percent = Annotated[float, Between(ALM11, 0, 100), Aws("cloudwatch:PutMetricAlarmInput.Threshold")]


WATCHED = {
    "5xx": "Invocation5XXErrors",
    "4xx": "Invocation4XXErrors",
    "latency": "ModelLatency",
}
"""The metric of each kind of rollback alarm."""
_FIELDS = {
    "5xx": "server_error_percent",
    "4xx": "client_error_percent",
    "latency": "model_latency_ms",
}


def never_published(
    namespace: str, name: str, publishes: Publishes = ANY, who: str = ""
) -> Iterator[Problem]:
    """A problem where a metric is never published by what publishes `publishes`.

    Default: by any endpoint or inference component. `who` is how the message calls it.
    """
    if namespace not in LISTED or publishes.find(namespace, name):
        return
    elsewhere = [each.namespace for each in publishes.metrics if each.name == name]
    here = dict.fromkeys(e.name for e in publishes.metrics if e.namespace == namespace)
    if elsewhere:
        instead = f" in {namespace}; it is in {elsewhere[0]}"
    elif here:
        alike = dict(publishes.instead).get(name)
        instead = f"; use {alike or one_of(nearest(name, here) or here)}"
    else:
        instead = f", nor is anything else in {namespace}"
    kind = who or "any endpoint or inference component"
    yield ALM12.problem(metric=name, kind=kind, instead=instead)


def _each_once(topics: Sequence[str]) -> bool:
    return len(set(topics)) == len(topics) <= 5


AlarmTopics = Annotated[
    Many[Annotated[AlarmTopic, Aws("cloudwatch:PutMetricAlarmInput.AlarmActions")]],
    Check(ALM13, _each_once),
]
OkTopics = Annotated[
    Many[Annotated[AlarmTopic, Aws("cloudwatch:PutMetricAlarmInput.OKActions")]],
    Check(ALM13, _each_once),
]


def topic_problems(context: Context, **topics: Sequence[str]) -> Iterator[Problem]:
    """Topics that are not where alarms are, by the field that has them."""
    for field, arns in topics.items():
        for index, arn in enumerate(arns):
            _, partition, _, region, *_ = arn.split(":")
            if (partition, region) != (context.partition, context.region):
                other = region if region != context.region else f"the partition {partition}"
                yield ALM14.problem(field, index, got=arn, other=other, region=context.region)


def alarm_topic_problems(context: Context, **topics: Sequence[str]) -> Iterator[Problem]:
    """Topics that an alarm cannot tell, by the field that has them."""
    yield from topic_problems(context, **topics)
    for field, arns in topics.items():
        for index, arn in enumerate(arns):
            if arn.endswith(".fifo"):
                yield ALM15.problem(field, index, got=arn)


class EndpointAlarms(Spec):
    """Alarms on one variant of an endpoint: error rates and model latency."""

    server_error_percent: Percent | None = 1.0
    """5XX answers per 100 invocations above which the alarm fires. Default: 1; None for no
    alarm."""

    client_error_percent: Percent | None = 5.0
    """4XX answers likewise. Default: 5; None for no alarm."""

    model_latency_ms: Annotated[float, Between(ALM6, 1, 3_600_000)] | None = None
    """Milliseconds of `ModelLatency` above which the alarm fires. Default: no alarm, as only
    you know what is slow."""

    latency_percentile: Annotated[float, Between(ALM9, 50, 99.9)] = 99.0
    """Which percentile of the latency counts. Default: the 99th."""

    new_configuration_only: bool = False
    """Whether the alarms watch the endpoint configuration that a rollout brings in, and not the one
    that it replaces: the old fleet's errors and latency do not roll the new one back. Default: False,
    both."""

    alarm_topics: AlarmTopics = ()
    """The SNS topics notified when an alarm fires, in the same Region. The policy of each, and
    of its key, must let `cloudwatch.amazonaws.com` publish. Default: none."""

    ok_topics: OkTopics = ()
    """The SNS topics notified when an alarm is over, likewise. Default: none."""

    period_seconds: AlarmPeriod = 60
    """The length of one datapoint. Default: 60, SageMaker's own resolution."""

    evaluation_periods: EvaluationPeriods = 1
    """How many datapoints are looked at. Default: 1."""

    datapoints_to_alarm: DatapointsToAlarm | None = None
    """How many of them must be over the limit. Default: all."""

    def check(self) -> Iterator[Problem]:
        """The window is one that CloudWatch evaluates."""
        most = 604_800 if self.period_seconds >= 3600 else 86_400
        if self.window_seconds > most:
            yield ALM2.problem("evaluation_periods", seconds=self.window_seconds, most=most)
        datapoints = self.datapoints_to_alarm
        if datapoints is not None and datapoints > self.evaluation_periods:
            yield ALM3.problem(
                "datapoints_to_alarm", got=datapoints, periods=self.evaluation_periods
            )
        if self.period_seconds < 60:
            yield ALM4.problem("period_seconds", got=self.period_seconds, resolution=60)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Topics are where the alarms are."""
        yield from alarm_topic_problems(
            context, alarm_topics=self.alarm_topics, ok_topics=self.ok_topics
        )

    def problems_for(
        self, publishes: Publishes, who: str, dimensions: tuple[str, ...] = VARIANT
    ) -> Iterator[Problem]:
        """A metric that `who` never publishes by `dimensions`; for the owner's `check`. Default:
        those of a variant."""
        for alarm in self.kinds:
            metric = WATCHED[alarm]
            found = publishes.find(SAGEMAKER, metric)
            if found and found.dimensions != dimensions:
                by = one_of(found.dimensions)
                instead = f" of {who}, but by {by}; leave the alarm out"
                yield ALM12.problem(
                    _FIELDS[alarm], metric=metric, kind="a variant", instead=instead
                )
            for problem in never_published(SAGEMAKER, metric, publishes, who):
                yield problem.under(_FIELDS[alarm])

    @property
    def window_seconds(self) -> int:
        """How far the alarms look back."""
        return self.period_seconds * self.evaluation_periods

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which alarms there are: `5xx`, `4xx`, `latency`."""
        limits = {
            "5xx": self.server_error_percent,
            "4xx": self.client_error_percent,
            "latency": self.model_latency_ms,
        }
        return tuple(kind for kind, limit in limits.items() if limit is not None)

    def metrics_of(self, publishes: Publishes) -> int:
        """How many metrics the alarms of a variant look at: an error rate is of two, where the number
        of invocations is published."""
        rate = 2 if publishes.find(SAGEMAKER, "Invocations") else 1
        return sum(1 if kind == "latency" else rate for kind in self.kinds)

    def names_of(self, context: Context, endpoint: str, variant: str) -> list[str]:
        """The names of the alarms of a variant, one for each of `kinds`."""
        return [alarm_name(context, endpoint, variant, kind) for kind in self.kinds]
