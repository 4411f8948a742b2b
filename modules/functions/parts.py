"""What a Lambda function may have beside its container: URL, queue, alarms, a place in the VPC."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from ..alarms.spec import (
    ALM2,
    ALM3,
    ALM4,
    ALM6,
    ALM9,
    AlarmPeriod,
    AlarmTopics,
    DatapointsToAlarm,
    EvaluationPeriods,
    OkTopics,
    Percent,
    alarm_topic_problems,
)
from ..context import Context
from ..rules import Problem, Rule, one_of, rule
from ..spec import Aws, Between, Check, Cidrs, Many, Matches, Spec
from .names import function_alarm

LMB7 = rule(
    "LMB7",
    refuses="more origins or headers of a function URL than AWS takes, or a longer time to keep them",
    message="must be {expected}",
    source="botocore lambda Cors (AllowOrigins, AllowHeaders, MaxAge)",
)
LMB20 = rule(
    "LMB20",
    refuses="retries of asynchronous events outside 0 to 2, or an age outside 60 to 21,600 seconds",
    message="must be from {low} to {high}",
    source="botocore lambda MaximumRetryAttempts, MaximumEventAgeInSeconds",
)
LMB29 = rule(
    "LMB29",
    refuses="a destination of asynchronous events that Lambda does not send to",
    message="must be the ARN of {kinds}, such as {example}",
    source="AWS Lambda developer guide, destinations for asynchronous invocation",
)
LMB30 = rule(
    "LMB30",
    refuses="asynchronous events without a place for those that fail",
    message="loses an event that has failed for the last time; name a queue or topic in on_failure",
    source="AWS Lambda developer guide, error handling for asynchronous invocation",
    severity="warning",
)
LMB33 = rule(
    "LMB33",
    refuses="a command or working directory that Lambda does not take",
    message="must be {expected}",
    source="botocore lambda ImageConfig (EntryPoint, Command, WorkingDirectory)",
)
LMB39 = rule(
    "LMB39",
    refuses="a destination of asynchronous events in another Region or partition",
    message="is in {other}, but the function is in {region}; name one of {region}",
    source="AWS Lambda developer guide, destinations for asynchronous invocation",
)
LMB40 = rule(
    "LMB40",
    refuses="a FIFO queue or topic as a destination of asynchronous events",
    message="is FIFO, which Lambda does not send events to; name a standard one",
    source="AWS Lambda developer guide, destinations for asynchronous invocation (standard queues and "
    "topics)",
)
LMB42 = rule(
    "LMB42",
    refuses="a limit of throttled requests outside 0 to 1,000,000",
    message="must be from {low} to {high}",
    source="Inferform: a number of requests in a period",
)
LMB46 = rule(
    "LMB46",
    refuses="an origin of a function URL that is neither * nor scheme and host",
    message="must be * or an origin such as https://shop.acme.test, without a path",
    source="AWS Lambda API reference, Cors AllowOrigins",
)
LMB47 = rule(
    "LMB47",
    refuses="a header name of a function URL that is none",
    message="must be the name of a header, such as content-type, or *",
    source="RFC 9110, field names; botocore lambda HeadersList",
)
LMB48 = rule(
    "LMB48",
    refuses="methods, headers or a time for other sites, where no origin may call",
    message="has no effect without cors_origins; name the sites whose pages may call, or leave it out",
    source="AWS Lambda API reference, Cors",
)

LMB49 = rule(
    "LMB49",
    refuses="a function URL that anybody may call",
    message="is no choice: a URL is for callers whom IAM knows; for others put apis.http or apis.rest in front, "
    "with JwtAuthorization or CognitoAuthorization",
    source="AWS Lambda developer guide, control access to function URLs (AuthType NONE); Inferform: every "
    "caller is authorized",
)
LMB50 = rule(
    "LMB50",
    refuses="a beginning of paths that is none",
    message="must be a path such as /light or /v1/light: letters, digits, -, _, . and ~ between slashes, "
    "without /invocations and without a slash at the end",
    source="AWS Lambda Web Adapter, README (AWS_LWA_REMOVE_BASE_PATH)",
)

MOST_WORDS = 1500
"""The most words of a command. Source: botocore lambda StringList."""

_WORDS = Check(
    LMB33,
    lambda words: len(words) <= MOST_WORDS,
    lambda _: {"expected": f"at most {MOST_WORDS:,} words"},
)


class FunctionContainer(Spec):
    """How the container is started, where it is not as the container contract says."""

    command: Annotated[Many[str], _WORDS, Aws("lambda:ImageConfig.Command")] | None = None
    """What is run, instead of `serve`; `[]` leaves the image's own. Default: `["serve"]`."""

    entry_point: Annotated[Many[str], _WORDS, Aws("lambda:ImageConfig.EntryPoint")] | None = None
    """What `command` is given to. Default: the image's own."""

    working_directory: (
        Annotated[
            str,
            Check(
                LMB33,
                lambda path: path.startswith("/") and len(path) <= 1000,
                lambda _: {"expected": "an absolute path of at most 1,000 characters"},
            ),
            Aws("lambda:ImageConfig.WorkingDirectory"),
        ]
        | None
    ) = None
    """The folder that it is started in. Default: the image's own."""

    base_path: (
        Annotated[
            str,
            Matches(LMB50, r"(?!.*/(invocations|ping|\.{1,2})(/|$))(/[A-Za-z0-9_.~-]+){1,20}"),
        ]
        | None
    ) = None
    """What the Lambda Web Adapter takes off the beginning of paths before the container gets them, `/light`:
    a route of an API may then be `/light/invocations`, so that several functions stand behind one API. Paths
    that begin otherwise stay as they are. Default: None, nothing."""

    slow_start: bool = False
    """Whether the model may load for longer than the 10 seconds that Lambda gives an environment to
    start: the adapter then keeps waiting in the first request, whose `timeout_seconds` must hold it.
    Without effect for provisioned concurrency and SnapStart, which wait. Default: False."""

    snap_start: bool = False
    """Whether new environments start from a snapshot of one that is ready. An image that is not made
    from AWS's base images needs the label `com.amazonaws.lambda.feature.snapstart="Allow"`, and what must
    not be the same in two environments (connections, random numbers, secrets) is to be renewed after a
    restore. Default: False."""

    def path_of(self, path: str) -> str:
        """The path that the container gets of a request's."""
        base = self.base_path
        return path.removeprefix(base) if base and path.startswith(f"{base}/") else path


class FunctionVpc(Spec):
    """A function in the environment's VPC, for what it calls itself; requests reach it either way."""

    egress_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] | None = None
    """Where it may open HTTPS connections beside the VPC and S3. Default: nowhere when the network has
    an endpoint for everything that is declared, and anywhere when AWS is reached through NAT."""


_ORIGIN = re.compile(r"\*|(https?|[a-z][a-z0-9+.-]*)://[^\s/?#]{1,253}", re.ASCII)
_HEADER = re.compile(r"\*|[!#$%&'*+.^_`|~0-9A-Za-z-]{1,1024}", re.ASCII)


class FunctionUrl(Spec):
    """An HTTPS address of the function, for callers whom IAM knows.

    An address that anybody may call is not offered: put an API with authorization in front.
    """

    excluded: ClassVar[Mapping[str, Rule]] = dict.fromkeys(
        ("auth_type", "authorization", "authorization_type"), LMB49
    )

    stream: bool = False
    """Whether the response is sent as the container writes it, up to 200 MB, instead of whole, up to
    6 MB. Default: False."""

    cors_origins: Annotated[
        Many[
            Annotated[
                str,
                Check(LMB46, lambda text: bool(_ORIGIN.fullmatch(text)) and len(text) <= 253),
                Aws("lambda:Cors.AllowOrigins"),
            ]
        ],
        Check(LMB7, lambda each: len(each) <= 100, lambda _: {"expected": "at most 100 origins"}),
    ] = ()
    """The sites whose pages may call it. Default: none."""

    cors_methods: Many[
        Annotated[
            Literal["*", "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"],
            Aws("lambda:Cors.AllowMethods"),
        ]
    ] = ("POST",)
    """What they may do. Default: POST."""

    cors_headers: Annotated[
        Many[
            Annotated[
                str,
                Check(LMB47, lambda text: bool(_HEADER.fullmatch(text))),
                Aws("lambda:Cors.AllowHeaders"),
            ]
        ],
        Check(LMB7, lambda each: len(each) <= 100, lambda _: {"expected": "at most 100 headers"}),
    ] = ()
    """The headers that they may send. Default: none but a browser's own."""

    cors_max_age_seconds: Annotated[
        int,
        Check(
            LMB7, lambda age: 0 <= age <= 86_400, lambda _: {"expected": "from 0 to 86400 seconds"}
        ),
        Aws("lambda:Cors.MaxAge"),
    ] = 0
    """Seconds for which a browser keeps the answer to its question. Default: 0."""

    def check(self) -> Iterator[Problem]:
        """What pages may do is said with whose pages."""
        if not self.cors_origins:
            for field in ("cors_methods", "cors_headers", "cors_max_age_seconds"):
                if field in self.model_fields_set:
                    yield LMB48.problem(field, got=getattr(self, field))


QUEUE = "arn:aws:sqs:us-east-1:111122223333:failed-predictions"

_PLACE = r"[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d:\d{12}"
_DESTINATIONS: Mapping[str, tuple[str, str]] = {
    "sqs": (rf"arn:aws[a-z-]*:sqs:{_PLACE}:[\w-]{{1,80}}(\.fifo)?", "a queue"),
    "sns": (rf"arn:aws[a-z-]*:sns:{_PLACE}:[\w-]{{1,256}}(\.fifo)?", "a topic"),
    "lambda": (
        rf"arn:aws[a-z-]*:lambda:{_PLACE}:function:[\w-]{{1,64}}(:[\w-]{{1,128}})?",
        "a function",
    ),
    "events": (
        rf"arn:aws[a-z-]*:events:{_PLACE}:event-bus/[\w./-]{{1,256}}",
        "an event bus",
    ),
    "s3": (r"arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket"),
}


def _destination(*services: str) -> Check:
    forms = [re.compile(_DESTINATIONS[service][0], re.ASCII) for service in services]
    kinds = one_of(_DESTINATIONS[service][1] for service in services)
    return Check(
        LMB29,
        lambda arn: any(form.fullmatch(arn) for form in forms),
        lambda _: {"kinds": kinds, "example": QUEUE},
    )


class Asynchronous(Spec):
    """What becomes of events that callers do not wait for."""

    max_retries: Annotated[
        int,
        Between(LMB20, 0, 2),
        Aws("lambda:PutFunctionEventInvokeConfigRequest.MaximumRetryAttempts"),
    ] = 2
    """How often a failed event is tried again. Default: 2, AWS's default."""

    max_event_age_seconds: Annotated[
        int,
        Between(LMB20, 60, 21_600),
        Aws("lambda:PutFunctionEventInvokeConfigRequest.MaximumEventAgeInSeconds"),
    ] = 21_600
    """Seconds after which an event that waits is given up. Default: 21,600, AWS's default."""

    on_failure: (
        Annotated[
            str,
            _destination("sqs", "sns", "lambda", "events", "s3"),
            Aws("lambda:OnFailure.Destination"),
        ]
        | None
    ) = None
    """The ARN of the standard queue or topic, function, event bus or bucket that gets an event which
    has failed for the last time. Default: None, it is lost."""

    on_success: (
        Annotated[
            str, _destination("sqs", "sns", "lambda", "events"), Aws("lambda:OnSuccess.Destination")
        ]
        | None
    ) = None
    """The ARN of what gets the response. Default: None, nobody."""

    def check(self) -> Iterator[Problem]:
        """Failed events go somewhere, to what Lambda sends to."""
        if self.on_failure is None:
            yield LMB30.problem()
        for field, arn in self.destinations:
            if arn.endswith(".fifo"):
                yield LMB40.problem(field, got=arn)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Destinations are in the function's Region; a bucket's ARN does not say where it is."""
        for field, arn in self.destinations:
            _, partition, _, region, *_ = arn.split(":")
            if partition != context.partition or region not in ("", context.region):
                other = region if partition == context.partition else f"the partition {partition}"
                yield LMB39.problem(field, got=arn, other=other, region=context.region)

    @property
    def destinations(self) -> Iterator[tuple[str, str]]:
        """The ARNs, by the field that has each."""
        for field in ("on_failure", "on_success"):
            arn: str | None = getattr(self, field)
            if arn is not None:
                yield field, arn


class FunctionAlarms(Spec):
    """Alarms on what the alias `live` answers, which stop a rollout and roll it back."""

    error_percent: Percent | None = 1.0
    """Failed invocations per 100 above which the alarm fires: what the container answers with 5xx,
    runs into the timeout or ends on. Default: 1; None for no alarm."""

    duration_ms: (
        Annotated[
            float, Between(ALM6, 1, 3_600_000), Aws("cloudwatch:PutMetricAlarmInput.Threshold")
        ]
        | None
    ) = None
    """Milliseconds of `Duration` above which the alarm fires. Default: no alarm, as only you know
    what is slow."""

    duration_percentile: Annotated[float, Between(ALM9, 50, 99.9)] = 99.0
    """Which percentile of the duration counts. Default: the 99th."""

    throttles: (
        Annotated[
            int, Between(LMB42, 0, 1_000_000), Aws("cloudwatch:PutMetricAlarmInput.Threshold")
        ]
        | None
    ) = None
    """Throttled requests in a period above which the alarm fires. Default: no alarm."""

    alarm_topics: AlarmTopics = ()
    """The SNS topics notified when an alarm fires, in the same Region. The policy of each, and
    of its key, must let `cloudwatch.amazonaws.com` publish. Default: none."""

    ok_topics: OkTopics = ()
    """The SNS topics notified when an alarm is over, likewise. Default: none."""

    period_seconds: AlarmPeriod = 60
    """The length of one datapoint. Default: 60, Lambda's own resolution."""

    evaluation_periods: EvaluationPeriods = 1
    """How many datapoints are looked at. Default: 1."""

    datapoints_to_alarm: DatapointsToAlarm | None = None
    """How many of them must be over the limit. Default: all."""

    def check(self) -> Iterator[Problem]:
        """The window is one that CloudWatch evaluates."""
        most = 604_800 if self.period_seconds >= 3600 else 86_400
        window = self.period_seconds * self.evaluation_periods
        if window > most:
            yield ALM2.problem("evaluation_periods", seconds=window, most=most)
        points = self.datapoints_to_alarm
        if points is not None and points > self.evaluation_periods:
            yield ALM3.problem("datapoints_to_alarm", got=points, periods=self.evaluation_periods)
        if self.period_seconds < 60:
            yield ALM4.problem("period_seconds", got=self.period_seconds, resolution=60)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Topics are where the alarms are."""
        yield from alarm_topic_problems(
            context, alarm_topics=self.alarm_topics, ok_topics=self.ok_topics
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which alarms there are: `errors`, `duration`, `throttles`."""
        limits = {
            "errors": self.error_percent,
            "duration": self.duration_ms,
            "throttles": self.throttles,
        }
        return tuple(kind for kind, limit in limits.items() if limit is not None)

    @property
    def metrics(self) -> int:
        """How many metrics the alarms look at: a share of errors is of two."""
        return sum(2 if kind == "errors" else 1 for kind in self.kinds)

    def names_of(self, context: Context, function: str) -> list[str]:
        """The names of the alarms of a function, one for each of `kinds`."""
        return [function_alarm(context, function, kind) for kind in self.kinds]
