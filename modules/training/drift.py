"""What is asked of a drift monitor: captured traffic compared with a baseline, on a schedule."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from ..alarms.published import STATE_MACHINE
from ..alarms.watched import Watched
from ..context import Context
from ..ecr.spec import Image
from ..existing import outside_problems
from ..instances import TYPE_FORM
from ..names import Name, role
from ..rules import Problem, did_you_mean, one_of, rule
from ..sagemaker.content import capture_uri
from ..sagemaker.endpoints.base import Endpoint
from ..sagemaker.endpoints.capture import DataCapture
from ..sagemaker.sources import architecture_of
from ..sagemaker.triggers import Delivery, OnSchedule, TopicArn, notify_problems
from ..service import Lead, Needs, Place, Platform, Service, SpecPath, secret_endpoints
from ..spec import Between, Check, Listed, Matches, ShortName
from ..usage import RunPart, Start, Usage, by_use, run_part
from ..vpc.flow_logs import RetentionDays
from . import names
from .jobs import (
    PRC1,
    JobImage,
    Location,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    processing_instance_types,
)
from .workflow import EVT8

if TYPE_CHECKING:
    from ..environment import Environment

DRF1 = rule(
    "DRF1",
    refuses="a monitor of an endpoint that the environment does not have",
    message="is not an endpoint of the environment{hint}",
    source="Inferform: a monitor reads what the endpoint captures",
)
DRF2 = rule(
    "DRF2",
    refuses="a monitor of an endpoint that captures no requests",
    message="captures no requests; write data_capture=DataCapture() there",
    source="botocore sagemaker EndpointInput; SageMaker developer guide, capture data",
)
DRF3 = rule(
    "DRF3",
    refuses="a monitor of an endpoint with several models, whose captures are mixed",
    message="has several models, whose requests are captured together: the report is of all of them",
    source="SageMaker developer guide, Model Monitor (one model of an endpoint)",
    severity="warning",
)
DRF4 = rule(
    "DRF4",
    refuses="a limit of a metric that the monitor does not have, or no number",
    message="{wrong}{hint}",
    source="Inferform; CloudWatch API reference, MetricDatum (finite values)",
)
DRF5 = rule(
    "DRF5",
    refuses="a window of captured traffic that would hold fewer than 1,000 requests",
    message="would leave {held:,.0f} captured requests in a window of {hours} hours at {sampling} % "
    "sampling, by which noise looks like drift; take a longer window, or capture more",
    source="Inferform: a share of ten bins varies by 10 % with 1,000 records",
    severity="warning",
)
DRF6 = rule(
    "DRF6",
    refuses="no metric of a monitor or more than 20, or a name or path that is none, or a variable of its "
    "container that is none",
    message="{wrong}",
    source="CloudWatch API reference, PutMetricData; Amazon States Language, paths",
)
DRF7 = rule(
    "DRF7",
    refuses="a window of captured traffic of less than an hour or more than 31 days",
    message="must be from {low} to {high} hours",
    source="Inferform: captures lie in a folder for each hour",
)
DRF8 = rule(
    "DRF8",
    refuses="a retraining to be started that the environment does not have",
    message="is not a retraining of training.retrainings{hint}",
    source="Inferform: names within the environment",
)

DRF9 = rule(
    "DRF9",
    refuses="requests in an hour that are none",
    message="must be above 0",
    source="Inferform: an endpoint without requests does not drift",
)

_METRICS = (
    "must be 1 to 20 metrics, whose names are letters, digits and _, each with a path such as "
    "metrics.psi_max"
)
_VARIABLES = (
    "must be variables whose names are capital letters, digits and _, at most 64, and whose values "
    "have at most 256 characters"
)

NAMESPACE = "Inferform/Drift"
"""The namespace of the metrics of monitors; their dimensions are Endpoint and Monitor."""

MEASURE = "measure"
"""The one job of a monitor."""

CAPTURED, BASELINE, REPORT = "captured", "baseline", "report"
"""The inputs and the output of the job of a monitor."""

METRICS: Mapping[str, str] = {
    "psi_max": "metrics.psi_max",
    "ks_max": "metrics.ks_max",
    "drift_share": "metrics.drift_share",
}
"""What the reference container reports."""


def _is_path(path: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", path, re.ASCII)) and len(path) <= 256


def watched_endpoint(environment: Environment, name: str) -> Endpoint | None:
    """The endpoint of a name in any group; None where there is none."""
    held = (group.endpoints.get(name) for group in environment.groups.values())
    return next((each for each in held if each is not None), None)


def watching(place: Place, name: str | None) -> Iterator[Lead]:
    """The way from a monitor to the endpoint of a name, where the environment has it."""
    for group, layer in place.environment.groups.items():
        if name is not None and name in layer.endpoints:
            within: SpecPath = ("inference", group) if group else ("inference",)
            yield Lead(place.path, (*within, "endpoints", name), "watches")


class DriftMonitor(Service):
    """A monitor of drift: a job on a schedule compares what an endpoint captured with a baseline.

    Its report becomes metrics of CloudWatch, with an alarm for each limit. Without data in the window
    there is no verdict: no metric, no alarm, no retraining. It stands instead of SageMaker's Model
    Monitor, which is closed to new customers.
    """

    endpoint: ShortName
    """The endpoint, which captures its requests."""

    image: JobImage
    """The container that compares: `container/drift` is one. CONTRACT.md there says what any must do."""

    baseline: Location
    """The data that the model was trained on, as CSV: a prefix in the environment's artifact bucket, or an
    `s3://` URI."""

    schedule: OnSchedule = OnSchedule(schedule="cron(0 3 * * ? *)", spread_minutes=60)
    """When. Default: each day between 03:00 and 04:00 UTC, at a minute of the monitor's name."""

    window_hours: Annotated[int, Between(DRF7, 1, 744)] = 24
    """How many hours of captured traffic are compared. Default: 24."""

    requests_per_hour: (
        Annotated[
            float,
            Check(DRF9, lambda rate: math.isfinite(rate) and rate > 0),
        ]
        | None
    ) = None
    """How many requests the endpoint gets in an hour, as far as you know: with it a window that would
    hold too few of them is found. Default: not known."""

    metrics: Annotated[
        dict[
            Annotated[str, Matches(DRF6, r"[A-Za-z][A-Za-z0-9_]{0,63}", _METRICS)],
            Annotated[str, Check(DRF6, _is_path, lambda _: {"wrong": _METRICS})],
        ],
        Check(DRF6, lambda metrics: 1 <= len(metrics) <= 20, lambda _: {"wrong": _METRICS}),
    ] = {**METRICS}
    """Metrics by name, each with where in the report its number stands. Default: what the reference
    container reports: the largest population stability index, the largest Kolmogorov-Smirnov statistic,
    and the share of columns that drift."""

    thresholds: dict[str, float] = {"psi_max": 0.2}
    """The limits of metrics: above one an alarm fires. Default: a population stability index of 0.2."""

    then: ShortName | None = None
    """The retraining that is started where a limit is exceeded. Default: none."""

    notify: TopicArn | None = None
    """The topic that alarms notify, and that is notified where the monitor itself fails. Default: nobody."""

    instance_type: Annotated[
        str,
        Listed(PRC1, "an instance type of processing jobs", processing_instance_types, TYPE_FORM),
    ] = "ml.m5.large"
    """The instance type of the job. Default: ml.m5.large."""

    environment: dict[
        Annotated[str, Matches(DRF6, r"[A-Z][A-Z0-9_]{0,63}", _VARIABLES)],
        Annotated[
            str, Check(DRF6, lambda value: len(value) <= 256, lambda _: {"wrong": _VARIABLES})
        ],
    ] = {}
    """Variables of the container beside its own, such as `COLUMNS`. Default: none."""

    vpc: bool = True
    """Whether the job is in the environment's private subnets. Default: True."""

    delivery: Delivery = Delivery()
    """What happens where the schedule cannot start it. Default: it is tried for an hour, and then kept in
    a queue."""

    log_retention_days: RetentionDays = 90
    """Days that the log of executions is kept. Default: 90."""

    sort = "monitor"
    words = "drift monitor"
    not_simulated = "a drift monitor does not scale: each run starts one instance"
    not_existing: ClassVar[Mapping[str, str]] = {
        "task_role": "its job has a role of its own",
        "execution_role": "its job has a role of its own",
        "log_group": "its job has SageMaker's log group",
    }

    @property
    def job(self) -> ProcessingJob:
        """Its job, but for where the captured traffic lies."""
        return self.job_on(self.baseline if isinstance(self.baseline, str) else "captured/")

    def job_on(self, captured: str) -> ProcessingJob:
        """Its job, for traffic that lies at `captured`, which may be a reference of Terraform's."""
        return ProcessingJob(
            image=self.image,
            instance_type=self.instance_type,
            inputs={
                BASELINE: ProcessingInput(uri=self.baseline),
                CAPTURED: ProcessingInput.model_construct(
                    uri=captured, local_path=None, distribution="FullyReplicated"
                ),
            },
            outputs={REPORT: ProcessingOutput()},
            environment={**self.environment, "WINDOW_HOURS": str(self.window_hours)},
            vpc=self.vpc,
        )

    def captured(self, environment: Environment, bucket: str) -> str:
        """Where the endpoint's captures lie, below which there is a folder for each hour."""
        endpoint = self.watches(environment)
        assert endpoint is not None
        assert endpoint.capture is not None
        root = capture_uri(endpoint.capture, self.endpoint, bucket)
        return f"{root}/{environment.context.endpoint(self.endpoint)}/"

    def watches(self, environment: Environment) -> Endpoint | None:
        """The endpoint; None where the environment has none of the name."""
        return watched_endpoint(environment, self.endpoint)

    # Rules

    def check(self) -> Iterator[Problem]:
        """Limits are of metrics that there are, and are numbers; a run ends before the next begins."""
        every, longest = self.schedule.every_seconds, self.job.max_runtime_seconds
        if every is not None and every < longest:
            got = self.schedule.schedule
            yield EVT8.problem("schedule", got=got, every=every, step="its job", longest=longest)
        for name, limit in self.thresholds.items():
            if name not in self.metrics:
                hint = did_you_mean(name, self.metrics) or f"; they are {one_of(self.metrics)}"
                yield DRF4.problem("thresholds", name, wrong="is not among metrics", hint=hint)
            elif not math.isfinite(limit):
                yield DRF4.problem("thresholds", name, got=limit, wrong="must be finite", hint="")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The topic is in the Region."""
        yield from super().check_in(context)
        yield from notify_problems(context, self.notify)

    def monitor_problems(self, place: Place) -> Iterator[Problem]:
        """The endpoint captures what is compared, and the retraining is there."""
        environment = place.environment
        endpoint = self.watches(environment)
        if endpoint is None:
            known = [name for group in environment.groups.values() for name in group.endpoints]
            yield DRF1.problem(
                "endpoint", got=self.endpoint, hint=did_you_mean(self.endpoint, known)
            )
        elif endpoint.capture is None or "Input" not in endpoint.capture.modes:
            yield DRF2.problem("endpoint", got=self.endpoint)
        else:
            yield from self._endpoint_problems(endpoint, endpoint.capture)
        known = [name for each in environment.trainings.values() for name in each.retrainings]
        if self.then is not None and self.then not in known:
            yield DRF8.problem("then", got=self.then, hint=did_you_mean(self.then, known))

    def _endpoint_problems(self, endpoint: Endpoint, capture: DataCapture) -> Iterator[Problem]:
        """What is captured is of one model, and enough."""
        if len([*endpoint.sources()]) > 1 or endpoint.hosted()[0].mode != "single":
            yield DRF3.problem("endpoint", got=self.endpoint)
        if self.requests_per_hour is not None:
            sampling = capture.sampling_percent
            held = self.requests_per_hour * self.window_hours * sampling / 100
            if held < 1000:
                yield DRF5.problem(
                    "requests_per_hour",
                    got=self.requests_per_hour,
                    held=held,
                    hours=self.window_hours,
                    sampling=sampling,
                )

    def existing_problems(self, place: Place) -> Iterator[Problem]:
        """Nothing of a network where the job is in none."""
        yield from super().existing_problems(place)
        if not self.vpc:
            yield from outside_problems(self.existing, words=self.words, what="its container is")

    # What it is, for the rest

    def alarms(self, context: Context, name: str) -> dict[str, str]:
        """The names of its alarms by metric."""
        return {metric: names.drift_alarm(context, name, metric) for metric in self.thresholds}

    def leads(self, place: Place) -> Iterator[Lead]:
        """To the endpoint, and to the retraining that it starts."""
        yield from watching(place, self.endpoint)
        if self.then is not None:
            yield Lead(place.path, ("training", "retrainings", self.then), "starts")

    @property
    def in_vpc(self) -> bool:
        """Whether its job is in the VPC."""
        return self.vpc

    def resource(self, place: Place) -> tuple[str, str]:
        """The state machine."""
        return "aws_sfn_state_machine", names.monitor_name(place.environment.context, place.name)

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its executions."""
        context = place.environment.context
        arn = context.arn("states", f"stateMachine:{names.monitor_name(context, place.name)}")
        yield Watched(
            kind="a state machine", publishes=STATE_MACHINE, dimensions={"StateMachineArn": arn}
        )

    def names(self, place: Place) -> Iterator[Name]:
        """Of its state machine, roles, log, alarms, schedule and queue."""
        context, short = place.environment.context, place.name
        own = names.monitor_name(context, short)
        yield Name("aws_sfn_state_machine", own)
        yield Name("aws_cloudwatch_log_group", names.log_group(own))
        for does in ("measure", "steps", "schedule"):
            yield Name("aws_iam_role", role(context, names.monitor_role(short, does)))
        for alarm in self.alarms(context, short).values():
            yield Name("aws_cloudwatch_metric_alarm", alarm)
        yield Name("aws_cloudwatch_metric_alarm", names.monitor_failed(context, short))
        yield Name("aws_scheduler_schedule", names.monitor_schedule(context, short))
        if self.delivery.dead_letter:
            yield Name("aws_sqs_queue", names.monitor_undelivered(context, short))

    def images(self) -> Iterator[Image | str]:
        """The image of its job."""
        image = self.job.serving_image()
        if image is not None:
            yield image

    def loads(self) -> Iterator[str]:
        """No artifact."""
        yield from ()

    def needs(self, place: Place) -> Needs:
        """S3, by which SageMaker moves data through the VPC."""
        if not self.vpc:
            return Needs()
        return Needs(secret_endpoints(self.job.secrets()), s3=True, through_nat=False)

    def platform(self, place: Place) -> Platform | None:
        """What its instance runs."""
        return architecture_of([self.instance_type])

    def uses(self, place: Place) -> Iterator[Usage]:
        """An instance while its job runs: how long, nobody knows beforehand."""
        yield by_use(place.name, f"sagemaker/processing/{self.instance_type}")

    def run_parts(self) -> Iterator[RunPart]:
        """Its job, until it is stopped."""
        seconds = self.job.max_runtime_seconds
        yield run_part(MEASURE, "processing", self.instance_type, seconds=seconds)

    def starts_at(self, place: Place) -> Iterator[Start]:
        """Its schedule, at the minute of its name."""
        name = names.monitor_name(place.environment.context, place.name)
        yield Start(self.schedule.spread(name), self.schedule.timezone)
