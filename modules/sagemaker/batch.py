"""What is asked of batch transforms: predictions on whole datasets, without an endpoint."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, ClassVar, Literal

from ..alarms.published import STATE_MACHINE
from ..alarms.watched import Watched
from ..context import Context
from ..existing import ELSEWHERE
from ..instances import TYPE_FORM, instance_types
from ..model.artifact import is_location, located
from ..model.container import Container
from ..model.spec import Model
from ..names import UNIQUE, Name, alarm, role
from ..rules import Problem, did_you_mean, rule
from ..service import Lead, Place, Platform, SpecPath
from ..spec import Aws, Between, Check, Listed, OneOf, Spec
from ..usage import RunPart, Start, Usage, by_use, run_part
from .endpoints.base import InVpc
from .sources import MDL14, Hosts, OwnModelSource, architecture_of, source_problems
from .triggers import (
    JOB22,
    Automation,
    OnAlarm,
    OnApproval,
    OnDrift,
    OnSchedule,
    OnUpload,
    Trigger,
    keyed,
    notify_problems,
    started,
)

_ROOT = __package__.rpartition(".")[0]

JOB4 = rule(
    "JOB4",
    refuses="a payload above 100 MB, or more than 100 MB in work on one instance",
    message="({concurrency} at once of {payload} MB) comes to more than 100 MB on an instance; "
    "lower one of them",
    source="botocore sagemaker CreateTransformJobRequest MaxPayloadInMB",
)
JOB5 = rule(
    "JOB5",
    refuses="what cannot be an instance type of batch transform",
    message="is not an instance type of batch transform{hint}",
    source="botocore sagemaker TransformInstanceType",
)
JOB10 = rule(
    "JOB10",
    refuses="a batch of several records without splitting the input into records",
    message="needs split_type, as MultiRecord puts several records into one request",
    source="botocore sagemaker CreateTransformJobRequest BatchStrategy",
)
JOB11 = rule(
    "JOB11",
    refuses="a batch transform on uploads to a bucket that sends no events",
    message="waits for uploads, but the artifact bucket sends no events; {remedy}",
    source="Amazon S3 user guide, using EventBridge",
)
JOB12 = rule(
    "JOB12",
    refuses="a number outside the limits of a transform job",
    message="must be from {low} to {high}",
    source="botocore sagemaker TransformInstanceCount, InvocationsTimeoutInSeconds, "
    "InvocationsMaxRetries; SageMaker API reference, MaxPayloadInMB (100 MB); SageMaker service "
    "quotas (instances of a transform job)",
)
JOB13 = rule(
    "JOB13",
    refuses="a filter that is longer than 63 characters",
    message="must be a JSONPath of at most 63 characters, such as $[1:]",
    source="botocore sagemaker JsonPath",
)
JOB14 = rule(
    "JOB14",
    refuses="an input or output location of a batch transform that is not a prefix",
    message="must be a prefix ending in /, as an s3:// URI or in the environment's artifact bucket, such as "
    "claims/in/",
    source="SageMaker API reference, TransformS3DataSource (S3Prefix)",
)
JOB15 = rule(
    "JOB15",
    refuses="predictions written where uploads start the batch transform",
    message="is below the input, so that each prediction would start the transform again; write "
    "elsewhere",
    source="AWS Step Functions and Amazon EventBridge: a rule matches what its target writes",
)
JOB17 = rule(
    "JOB17",
    refuses="a content type that is not a media type of at most 256 characters",
    message="must be a media type of at most 256 characters, such as text/csv",
    source="botocore sagemaker ContentType; RFC 9110, media types",
)

JOB23 = rule(
    "JOB23",
    refuses="an approval that starts a batch transform, of a group that the registry does not have",
    message="is not a model package group of registry.models{hint}",
    source="SageMaker developer guide, model registry (a group is in one account and Region)",
)
JOB24 = rule(
    "JOB24",
    refuses="a batch transform that is started by the alarm on its own failures",
    message="is the alarm on failures of this batch transform, which would start it again and again",
    source="Inferform: a failure would start the next one",
)
JOB25 = rule(
    "JOB25",
    refuses="a batch transform that is started by a drift monitor",
    message="is of the training layer, which is deployed after batch transforms; name the monitor's alarm by "
    "OnAlarm",
    source="Inferform: a layer knows what is below it",
)


@cache
def transform_instance_types() -> frozenset[str]:
    """The instance types of batch transform."""
    text = (resources.files(_ROOT) / "data" / "transform_instance_types.txt").read_text("utf-8")
    return frozenset(text.split())


def _is_media_type(text: str) -> bool:
    return bool(re.fullmatch(r"[!-.0-~]+/[!-~][ -~]*", text)) and len(text) <= 256


JsonPath = Annotated[str, Check(JOB13, lambda path: len(path) <= 63)]
Prefix = Annotated[str, Check(JOB14, lambda at: is_location(at) and at.endswith("/"))]


def transform_name(context: Context, name: str) -> str:
    """The name of the state machine of a batch transform."""
    return context.name(name, "transform")


def transform_jobs(context: Context, name: str) -> str:
    """What the names of the jobs of a batch transform begin with; a UUID's part follows."""
    return context.name(name, limit=63 - UNIQUE)


def transform_log_group(context: Context, name: str) -> str:
    """The log group of the state machine of a batch transform, which AWS's services write."""
    return f"/aws/vendedlogs/states/{transform_name(context, name)}"


def transform_trigger(context: Context, name: str, key: str) -> str:
    """The rule or schedule of one of the `automation.triggers` of a batch transform."""
    return context.name(name, "transform", key, limit=64)


def transform_undelivered(context: Context, name: str, key: str) -> str:
    """The queue of what could not start a batch transform."""
    return context.name(name, "transform", key, "undelivered", limit=80)


def transform_failed(context: Context, name: str) -> str:
    """The alarm on executions of a batch transform that do not succeed."""
    return alarm(context, name, "transform", "failed")


def transform_role(name: str, does: str = "") -> str:
    """The short name of a role of a batch transform: its containers', or what `does` says."""
    return "-".join(filter(None, (name, "transform", does)))


class DataProcessing(Spec):
    """What of each record goes into a batch transform, and comes out beside its prediction."""

    input_filter: Annotated[JsonPath, Aws("sagemaker:DataProcessing.InputFilter")] | None = None
    """The part of each record that the model sees, a JSONPath. Default: all."""

    join_input: bool = False
    """Whether predictions are joined to their records. Default: False."""


class ModelClient(Spec):
    """How requests of a batch transform are repeated and given up."""

    invocation_timeout_seconds: Annotated[
        int, Between(JOB12, 1, 3600), Aws("sagemaker:ModelClientConfig.InvocationsTimeoutInSeconds")
    ] = 600
    """Seconds that one request may take. Default: 600, AWS's default."""

    invocation_retries: Annotated[
        int, Between(JOB12, 0, 3), Aws("sagemaker:ModelClientConfig.InvocationsMaxRetries")
    ] = 3
    """How often a failed request is repeated. Default: 3, AWS's default."""


class BatchTransform(InVpc, Hosts):
    """A SageMaker batch transform as a Step Functions state machine.

    AWS has no Terraform resource for transform jobs: each execution runs one, and waits for it.
    An execution's input `{"input": "s3://bucket/prefix/"}` says what is read.
    """

    elsewhere: ClassVar[Mapping[str, str]] = {
        **ELSEWHERE,
        "assemble_with": "split_type=...: what is split is put together again",
        "env": "model=Model(environment=...)",
        "model_name": "model=Model(...), which makes one",
        "s3_input": "input=...",
        "strategy": "batch_strategy=...",
    }

    model: OwnModelSource
    """What predicts. Its artifact is one `.tar.gz`."""

    instance_type: Annotated[
        str,
        Listed(JOB5, "an instance type of batch transform", transform_instance_types, TYPE_FORM),
        Aws("sagemaker:TransformResources.InstanceType"),
    ]
    """The instance type, such as `ml.m5.xlarge`."""

    instance_count: Annotated[
        int, Between(JOB12, 1, 100), Aws("sagemaker:TransformResources.InstanceCount")
    ] = 1
    """How many instances share the objects. Default: 1."""

    trigger: Annotated[OnSchedule | OnUpload | None, OneOf()] = None
    """What starts it. Default: you start it."""

    automation: Automation = Automation()
    """What else starts it, what becomes of what cannot, and who is notified of failures. Default: nothing, and
    nobody."""

    input: Annotated[Prefix, Aws("sagemaker:TransformS3DataSource.S3Uri")] | None = None
    """Where the input lies: an `s3://` URI, or a prefix in the environment's artifact bucket. Default:
    `batch/{name}/input/` there."""

    output: Annotated[Prefix, Aws("sagemaker:TransformOutput.S3OutputPath")] | None = None
    """Where predictions go. Default: `batch/{name}/output/` likewise."""

    content_type: Annotated[
        str,
        Check(JOB17, _is_media_type),
        Aws("sagemaker:TransformInput.ContentType", "sagemaker:TransformOutput.Accept"),
    ] = "text/csv"
    """The MIME type of the input and, unless the container decides otherwise, the output.
    Default: CSV."""

    split_type: (
        Annotated[
            Literal["Line", "RecordIO", "TFRecord"], Aws("sagemaker:TransformInput.SplitType")
        ]
        | None
    ) = "Line"
    """How objects are split into records. Default: by lines; None for whole objects."""

    batch_strategy: Annotated[
        Literal["MultiRecord", "SingleRecord"],
        Aws("sagemaker:CreateTransformJobRequest.BatchStrategy"),
    ] = "MultiRecord"
    """How many records a request holds. Default: as many as fit the payload."""

    max_payload_mb: Annotated[
        int, Between(JOB12, 1, 100), Aws("sagemaker:CreateTransformJobRequest.MaxPayloadInMB")
    ] = 6
    """The largest request. Default: 6 MB, AWS's default."""

    max_concurrent_transforms: Annotated[
        int,
        Between(JOB12, 1, 100),
        Aws("sagemaker:CreateTransformJobRequest.MaxConcurrentTransforms"),
    ] = 1
    """How many requests an instance works on at once. Default: 1."""

    model_client: ModelClient = ModelClient()
    """How long a request may take, and how often it is repeated. Default: 600 seconds, and 3 times."""

    data_processing: DataProcessing = DataProcessing()
    """Which part of each record the model sees, and what is joined to its prediction. Default: all
    of it, and nothing."""

    def check(self) -> Iterator[Problem]:
        """The rules between payload, strategy and model."""
        if self.max_concurrent_transforms * self.max_payload_mb > 100:
            yield JOB4.problem(
                "max_payload_mb",
                concurrency=self.max_concurrent_transforms,
                payload=self.max_payload_mb,
            )
        if self.batch_strategy == "MultiRecord" and self.split_type is None:
            yield JOB10.problem("batch_strategy", got=self.batch_strategy)
        for index, each in enumerate(self.automation.triggers):
            if isinstance(each, OnDrift):
                yield JOB25.problem("automation", "triggers", index, got=each.monitor)
        if self.trigger is not None and self.trigger in self.automation.triggers:
            index = [*self.automation.triggers].index(self.trigger)
            yield JOB22.problem("automation", "triggers", index, other="trigger")
        model = self.model
        if isinstance(model, Model) and model.uncompressed:
            yield MDL14.problem("model", "artifact", got=model.artifact, kind="a batch transform")
        for problem in source_problems(model, self.instance_type):
            yield problem.under("model")

    def _every(self) -> Iterator[tuple[SpecPath, Trigger]]:
        """Each trigger, with its path."""
        if self.trigger is not None:
            yield ("trigger",), self.trigger
        for index, trigger in enumerate(self.automation.triggers):
            yield ("automation", "triggers", index), trigger

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The topic is in the Region."""
        yield from super().check_in(context)
        for problem in notify_problems(context, self.automation.notify):
            yield problem.under("automation")

    sort = "batch"
    words = "batch transform"
    not_simulated = (
        "a batch transform does not scale: each run starts the instances that are written"
    )

    def leads(self, place: Place) -> Iterator[Lead]:
        """From the groups that start it."""
        yield from started(place, self.automation.triggers)

    def resource(self, place: Place) -> tuple[str, str]:
        """The state machine that runs the transform jobs."""
        return "aws_sfn_state_machine", transform_name(place.environment.context, place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Of its state machine, roles, log and trigger."""
        context, short = place.environment.context, place.name
        own = transform_name(context, short)
        yield Name("aws_sfn_state_machine", own)
        if self.existing.log_group is None:
            yield Name("aws_cloudwatch_log_group", transform_log_group(context, short))
        made = ("",) if self.existing.execution_role is None else ()
        for does in (*made, "steps", *(("start",) if self.trigger else ())):
            yield Name("aws_iam_role", role(context, transform_role(short, does)))
        if isinstance(self.trigger, OnSchedule):
            yield Name("aws_scheduler_schedule", own)
        elif self.trigger is not None:
            yield Name("aws_cloudwatch_event_rule", own)
        delivery = self.automation.delivery
        keeps = delivery is not None and delivery.dead_letter
        if self.trigger is not None and keeps:
            yield Name("aws_sqs_queue", transform_undelivered(context, short, "trigger"))
        for does in self.starts:
            yield Name("aws_iam_role", role(context, transform_role(short, does)))
        for key, trigger in keyed(self.automation.triggers).items():
            scheduled = isinstance(trigger, OnSchedule)
            kind = "aws_scheduler_schedule" if scheduled else "aws_cloudwatch_event_rule"
            yield Name(kind, transform_trigger(context, short, key))
            if keeps:
                yield Name("aws_sqs_queue", transform_undelivered(context, short, key))
        if self.automation.alarm_on_failure:
            yield Name("aws_cloudwatch_metric_alarm", transform_failed(context, short))

    @property
    def starts(self) -> tuple[str, ...]:
        """The roles of `automation.triggers`: of EventBridge's Scheduler, and of its rules."""
        scheduled = [isinstance(each, OnSchedule) for each in self.automation.triggers]
        return (
            *(("schedule",) if any(scheduled) else ()),
            *(() if all(scheduled) else ("events",)),
        )

    def watched(self, place: Place) -> Iterator[Watched]:
        """Its executions."""
        context = place.environment.context
        arn = context.arn("states", f"stateMachine:{transform_name(context, place.name)}")
        yield Watched(
            kind="a state machine", publishes=STATE_MACHINE, dimensions={"StateMachineArn": arn}
        )

    def sources(self) -> Iterator[Container]:
        """The one container."""
        yield self.model

    def is_isolated(self, source: Container) -> bool:
        """Whether the model has no network."""
        return self.model.isolated

    def uses(self, place: Place) -> Iterator[Usage]:
        """Instances while a job runs: how often and how long, nobody knows beforehand."""
        yield by_use(place.name, f"sagemaker/transform/{self.instance_type}")

    def run_parts(self) -> Iterator[RunPart]:
        """Its job, which nothing stops."""
        count = self.instance_count
        yield run_part("transform", "transform", self.instance_type, count=count, seconds=None)

    def starts_at(self, place: Place) -> Iterator[Start]:
        """Its schedules."""
        context = place.environment.context
        if isinstance(self.trigger, OnSchedule):
            name = transform_name(context, place.name)
            yield Start(self.trigger.spread(name), self.trigger.timezone)
        for key, trigger in keyed(self.automation.triggers).items():
            if isinstance(trigger, OnSchedule):
                name = transform_trigger(context, place.name, key)
                yield Start(trigger.spread(name), trigger.timezone)

    def platform(self, place: Place) -> Platform | None:
        """What the instances run."""
        return architecture_of([self.instance_type])

    def reads(self, name: str, bucket: str) -> str:
        """Where the input of the batch transform of that name lies, where `bucket` is the environment's."""
        return located(self.input or f"batch/{name}/input/", bucket)

    def writes(self, name: str, bucket: str) -> str:
        """Where its predictions go, likewise."""
        return located(self.output or f"batch/{name}/output/", bucket)

    def waits_for_events(self, bucket: str) -> Iterator[SpecPath]:
        """The triggers that need the events of the artifact bucket, which is called `bucket`."""
        for path, trigger in self._every():
            if isinstance(trigger, OnUpload):
                watched = trigger.prefix or self.input
                if watched is None or located(watched, bucket).startswith(f"s3://{bucket}/"):
                    yield path

    def loops(self, place: Place) -> Iterator[Problem]:
        """What it would start itself by: its own alarm, and its own predictions."""
        environment, bucket = place.environment, place.environment.artifact_bucket
        output = self.writes(place.name, bucket)
        watched = []
        for path, trigger in self._every():
            if isinstance(trigger, OnAlarm) and self.automation.alarm_on_failure:
                own = transform_failed(environment.context, place.name)
                if trigger.alarm == own:
                    yield JOB24.problem(*path, "alarm", got=own)
            if isinstance(trigger, OnUpload):
                prefix = trigger.prefix
                watched.append(
                    located(prefix, bucket) if prefix else self.reads(place.name, bucket)
                )
        if output.startswith(tuple(watched)):
            yield JOB15.problem("output", got=output)

    def unknown_groups(self, groups: Collection[str]) -> Iterator[Problem]:
        """Approvals of groups that the registry does not have."""
        for path, trigger in self._every():
            if isinstance(trigger, OnApproval) and trigger.group not in groups:
                hint = did_you_mean(trigger.group, groups)
                yield JOB23.problem(*path, "group", got=trigger.group, hint=hint)

    @property
    def has_own_storage(self) -> bool:
        """Whether the instances have local storage, for which AWS refuses a key."""
        facts = instance_types().get(self.instance_type)
        return bool(facts and facts.local_gb)
