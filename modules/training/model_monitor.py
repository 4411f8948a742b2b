"""What is asked of SageMaker's Model Monitor, for accounts that have it: it is closed to new customers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from ..content import Content, content_name
from ..context import Context
from ..ecr.spec import Image
from ..existing import outside_problems
from ..instances import TYPE_FORM, instance_types
from ..model.artifact import is_location, located
from ..names import Name, role
from ..rules import Problem, did_you_mean, rule
from ..sagemaker.content import capture_uri
from ..sagemaker.endpoints.base import Endpoint
from ..service import Lead, Needs, Place, Platform, Service
from ..spec import Aws, Between, Check, Listed, Matches, ShortName, Spec
from ..usage import RunPart, Start, Usage, by_use, run_part
from . import names
from .drift import DRF1, DRF2, watched_endpoint, watching
from .jobs import PRC1, local_storage, processing_instance_types

if TYPE_CHECKING:
    from ..environment import Environment

_ROOT = __package__.rpartition(".")[0]

MMO1 = rule(
    "MMO1",
    refuses="SageMaker's Model Monitor, which no new customer gets",
    message="is SageMaker's Model Monitor, which is closed to new customers since 2026-07-30; in an account "
    "that did not use it before write a DriftMonitor",
    source="SageMaker developer guide, Amazon SageMaker Model Monitor availability change",
    severity="warning",
)
MMO2 = rule(
    "MMO2",
    refuses="a model monitor in a Region for which no analyzer image is known",
    message="is monitored in {region}, for which AWS's analyzer image is not known; write a DriftMonitor",
    source="aws/sagemaker-python-sdk, image_uri_config/model-monitor.json",
)
MMO3 = rule(
    "MMO3",
    refuses="a schedule that Model Monitor does not take",
    message="must be hourly, cron(0 * ? * * *), daily such as cron(0 3 ? * * *), or every so many hours "
    "such as cron(0 0/6 ? * * *), in UTC",
    source="SageMaker API reference, ScheduleConfig; aws/sagemaker-python-sdk #2629",
)
MMO4 = rule(
    "MMO4",
    refuses="an analysis that may take longer than the time to the next one",
    message="may take {runtime:,} seconds, but the monitor starts every {every:,}",
    source="SageMaker developer guide, schedule monitoring jobs",
)
MMO5 = rule(
    "MMO5",
    refuses="a runtime, volume or number of instances outside of SageMaker's limits",
    message="must be from {low} to {high}",
    source="botocore sagemaker MonitoringMaxRuntimeInSeconds, ProcessingVolumeSizeInGB, "
    "ProcessingInstanceCount",
)
MMO6 = rule(
    "MMO6",
    refuses="an instance with less than 8 GiB of memory for the analyzer",
    message="has {memory:g} GiB of memory, and the analyzer is ended for want of memory below 8; take "
    "ml.m5.large or larger",
    source="aws/sagemaker-python-sdk #3233",
    severity="warning",
)
MMO7 = rule(
    "MMO7",
    refuses="a model monitor of an endpoint with several models, or that is not real-time",
    message="{wrong}; write a DriftMonitor",
    source="SageMaker developer guide, data and model quality monitoring (notes), serverless feature "
    "exclusions",
)
MMO8 = rule(
    "MMO8",
    refuses="a model monitor of both an endpoint and a batch, or of neither",
    message="must be written where batch is not, and left out where it is",
    source="botocore sagemaker DataQualityJobInput",
)
MMO9 = rule(
    "MMO9",
    refuses="more than 48 variables of the analyzer, a name or value over 256 characters, or one that is "
    "Inferform's",
    message="must be at most 48 variables, whose names are letters, digits and _ and have, as "
    "their values, at most 256 characters; dataset_format and publish_cloudwatch_metrics are written from "
    "fields",
    source="botocore sagemaker MonitoringEnvironmentMap (50 variables)",
)
MMO10 = rule(
    "MMO10",
    refuses="a place in S3 that Model Monitor does not take",
    message="must be {expected}",
    source="botocore sagemaker MonitoringS3Uri, S3Uri, DestinationS3Uri (512 and 1,024 characters)",
)
_EXPRESSION = re.compile(r"cron\(0 (\*|\d{1,2}|\d{1,2}/([1-9]\d?)) \? \* \* \*\)", re.ASCII)
_SMALL = {"ml.t3.medium": 4.0}
"""What no endpoint runs on, with its memory in GiB (Amazon EC2 instance types)."""

_OWN = ("dataset_format", "publish_cloudwatch_metrics")


@cache
def _analyzers() -> Mapping[str, Any]:
    text = (resources.files(_ROOT) / "training" / "model_monitor.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _is_expression(text: str) -> bool:
    match = _EXPRESSION.fullmatch(text)
    if match is None or len(text) > 256:
        return False
    first = match[1].partition("/")[0]
    return (first == "*" or int(first) <= 23) and (match[2] is None or int(match[2]) <= 24)


def _object(ending: str) -> Check:
    expected = f"the key or s3:// URI of a {ending} file, of at most 900 characters"
    return Check(
        MMO10,
        lambda uri: is_location(uri) and uri.endswith(ending) and len(uri) <= 900,
        lambda _: {"expected": expected},
    )


class BatchCapture(Spec):
    """Where batch transforms put what they captured, for a model monitor."""

    uri: Annotated[
        str,
        Check(
            MMO10,
            lambda uri: is_location(uri) and uri.endswith("/") and len(uri) <= 400,
            lambda _: {"expected": "a prefix that ends in /, of at most 400 characters"},
        ),
        Aws("sagemaker:BatchTransformInput.DataCapturedDestinationS3Uri"),
    ]
    """A prefix in the environment's artifact bucket, or an `s3://` URI."""

    format: Literal["csv", "json"] = "csv"
    """What the records are: CSV, or JSON lines. Default: CSV."""

    header: Annotated[bool, Aws("sagemaker:MonitoringCsvDatasetFormat.Header")] = False
    """Whether CSV has a header. Default: False."""


class ModelMonitor(Service):
    """A data quality monitor of SageMaker's Model Monitor, for accounts that have used it before.

    It is closed to new customers since 2026-07-30: `DriftMonitor` works in every account. A baseline job
    of yours writes statistics and constraints, with which AWS's analyzer compares what was captured.
    """

    statistics: Annotated[
        str, _object(".json"), Aws("sagemaker:MonitoringStatisticsResource.S3Uri")
    ]
    """The baseline's `statistics.json`: a key in the environment's artifact bucket, or an `s3://` URI."""

    constraints: Annotated[
        str, _object(".json"), Aws("sagemaker:MonitoringConstraintsResource.S3Uri")
    ]
    """The baseline's `constraints.json`, likewise."""

    endpoint: ShortName | None = None
    """The endpoint, which captures its requests. Default: none, a batch is monitored."""

    batch: BatchCapture | None = None
    """What batch transforms captured, instead of an endpoint. Default: none."""

    schedule: Annotated[
        str, Check(MMO3, _is_expression), Aws("sagemaker:ScheduleConfig.ScheduleExpression")
    ] = "cron(0 * ? * * *)"
    """When, in UTC: hourly, daily or every so many hours. AWS starts up to 20 minutes later. Default:
    hourly."""

    instance_type: Annotated[
        str,
        Listed(PRC1, "an instance type of processing jobs", processing_instance_types, TYPE_FORM),
        Aws("sagemaker:MonitoringClusterConfig.InstanceType"),
    ] = "ml.m5.xlarge"
    """The instance type of the analyzer. Default: ml.m5.xlarge."""

    instance_count: Annotated[
        int, Between(MMO5, 1, 100), Aws("sagemaker:MonitoringClusterConfig.InstanceCount")
    ] = 1
    """How many instances share the work. Default: 1."""

    volume_size_gb: Annotated[
        int, Between(MMO5, 1, 16384), Aws("sagemaker:MonitoringClusterConfig.VolumeSizeInGB")
    ] = 20
    """The volume of each instance in GB. Default: 20."""

    max_runtime_seconds: Annotated[
        int,
        Between(MMO5, 1, 86_400),
        Aws("sagemaker:MonitoringStoppingCondition.MaxRuntimeInSeconds"),
    ] = 1800
    """Seconds after which an analysis is stopped. Default: half an hour."""

    preprocessor: (
        Annotated[
            str,
            _object(".py"),
            Aws("sagemaker:DataQualityAppSpecification.RecordPreprocessorSourceUri"),
        ]
        | None
    ) = None
    """A Python file that changes each record before it is analyzed. Default: none."""

    postprocessor: (
        Annotated[
            str,
            _object(".py"),
            Aws("sagemaker:DataQualityAppSpecification.PostAnalyticsProcessorSourceUri"),
        ]
        | None
    ) = None
    """A Python file that is run after the analysis. Default: none."""

    environment: Annotated[
        dict[
            Annotated[str, Matches(MMO9, r"[a-zA-Z_][a-zA-Z0-9_]{0,255}")],
            Annotated[str, Check(MMO9, lambda value: len(value) <= 256)],
        ],
        Check(MMO9, lambda given: len(given) <= 48 and not {*_OWN} & {*given}),
        Aws("sagemaker:DataQualityAppSpecification.Environment"),
    ] = {}
    """Variables of the analyzer. Default: none."""

    publish_metrics: bool = True
    """Whether the analyzer publishes metrics to CloudWatch; without it the container has no network. AWS's
    pages disagree about their names: look at `aws cloudwatch list-metrics`. Default: True."""

    vpc: bool = True
    """Whether the analyzer is in the environment's private subnets. Default: True."""

    sort = "model-monitor"
    words = "model monitor"
    not_simulated = "a model monitor does not scale: each run starts the instances that are written"
    not_existing: ClassVar[Mapping[str, str]] = {
        "task_role": "the analyzer has one role",
        "log_group": "the analyzer has SageMaker's log group",
    }

    # Rules

    def check(self) -> Iterator[Problem]:
        """One thing is monitored, and an analysis ends before the next begins."""
        if (self.endpoint is None) == (self.batch is None):
            yield MMO8.problem("endpoint", got=self.endpoint)
        every = self.every_seconds
        if self.max_runtime_seconds >= every:
            runtime = self.max_runtime_seconds
            yield MMO4.problem("max_runtime_seconds", got=runtime, runtime=runtime, every=every)
        facts = instance_types().get(self.instance_type)
        memory = _SMALL.get(self.instance_type, facts.memory_gib if facts else None)
        if memory is not None and memory < 8:
            yield MMO6.problem("instance_type", got=self.instance_type, memory=memory)

    @property
    def every_seconds(self) -> int:
        """The time from one start to the next."""
        hours = self.schedule.removeprefix("cron(0 ").partition(" ")[0]
        if hours == "*":
            return 3600
        return int(hours.partition("/")[2] or 24) * 3600

    def monitor_problems(self, place: Place) -> Iterator[Problem]:
        """The account may not have it, the Region may not, and the endpoint captures what is compared."""
        environment = place.environment
        region = environment.context.region
        yield MMO1.problem()
        if region not in _analyzers()["accounts"]:
            yield MMO2.problem(region=region)
        if self.endpoint is None:
            return
        endpoint = self.watches(environment)
        if endpoint is None:
            known = [name for group in environment.groups.values() for name in group.endpoints]
            hint = did_you_mean(self.endpoint, known)
            yield DRF1.problem("endpoint", got=self.endpoint, hint=hint)
        elif endpoint.capture is None or "Input" not in endpoint.capture.modes:
            yield DRF2.problem("endpoint", got=self.endpoint)
        elif len([*endpoint.sources()]) > 1 or endpoint.hosted()[0].mode != "single":
            wrong = "has several models, whose requests are captured together"
            yield MMO7.problem("endpoint", got=self.endpoint, wrong=wrong)

    def watches(self, environment: Environment) -> Endpoint | None:
        """The endpoint; None where there is none of the name."""
        return watched_endpoint(environment, self.endpoint or "")

    def existing_problems(self, place: Place) -> Iterator[Problem]:
        """Nothing of a network where the analyzer is in none."""
        yield from super().existing_problems(place)
        if not self.vpc:
            yield from outside_problems(self.existing, words=self.words, what="its container is")

    # What it is, for the rest

    def image_uri(self, context: Context) -> str:
        """The analyzer's image."""
        found = _analyzers()
        account = found["accounts"][context.region]
        return f"{account}.dkr.ecr.{context.region}.{context.dns_suffix}/{found['repository']}"

    @property
    def variables(self) -> dict[str, str]:
        """The variables of the analyzer."""
        return {
            **self.environment,
            "publish_cloudwatch_metrics": "Enabled" if self.publish_metrics else "Disabled",
        }

    def reads(self, environment: Environment, bucket: str) -> list[str]:
        """What it reads in S3, beside its baseline."""
        if self.batch is not None:
            return [located(self.batch.uri, bucket)]
        endpoint = self.watches(environment)
        assert self.endpoint is not None
        assert endpoint is not None
        assert endpoint.capture is not None
        root = capture_uri(endpoint.capture, self.endpoint, bucket)
        return [f"{root}/{environment.context.endpoint(self.endpoint)}/"]

    def content(self, context: Context, role: str) -> Content:
        """What its job definition holds, whose role has a name, but references, which the suffix of its
        name stands for."""
        given = self.model_dump(exclude={"schedule", "existing", "overrides", "tags"})
        return {
            **given,
            "endpoint": context.endpoint(self.endpoint) if self.endpoint else None,
            "image": self.image_uri(context),
            "role": role,
            "overrides": self.overridden("definition"),
        }

    def definition_name(self, context: Context, name: str, role: str, suffix: str) -> str:
        """The name of its job definition, which cannot be changed: with a hash of what it holds."""
        kind, base = "aws_sagemaker_data_quality_job_definition", names.quality_base(context, name)
        return content_name(base, kind, self.content(context, role), suffix)

    def leads(self, place: Place) -> Iterator[Lead]:
        """To the endpoint."""
        yield from watching(place, self.endpoint)

    @property
    def in_vpc(self) -> bool:
        """Whether its job is in the VPC."""
        return self.vpc

    def resource(self, place: Place) -> tuple[str, str]:
        """The monitoring schedule."""
        context = place.environment.context
        return "aws_sagemaker_monitoring_schedule", names.quality_schedule(context, place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Of its schedule and role."""
        context = place.environment.context
        yield Name(*self.resource(place))
        if self.existing.execution_role is None:
            yield Name("aws_iam_role", role(context, names.quality_role(place.name)))

    def images(self) -> Iterator[Image | str]:
        """None but AWS's own."""
        yield from ()

    def loads(self) -> Iterator[str]:
        """No artifact."""
        yield from ()

    def needs(self, place: Place) -> Needs:
        """S3, by which SageMaker moves data through the VPC, and CloudWatch for its metrics."""
        if not self.vpc:
            return Needs()
        called = frozenset({"monitoring"} if self.publish_metrics else ())
        return Needs(called, s3=True, through_nat=False)

    def platform(self, place: Place) -> Platform | None:
        """What only AWS's image knows."""
        return None

    def uses(self, place: Place) -> Iterator[Usage]:
        """Instances while it analyzes: how long, nobody knows beforehand."""
        yield by_use(place.name, f"sagemaker/processing/{self.instance_type}")

    def run_parts(self) -> Iterator[RunPart]:
        """Its job, until it is stopped."""
        yield run_part(
            "analyze",
            "processing",
            self.instance_type,
            count=self.instance_count,
            seconds=self.max_runtime_seconds,
        )

    def starts_at(self, place: Place) -> Iterator[Start]:
        """Its schedule."""
        yield Start(self.schedule)

    @property
    def has_own_storage(self) -> bool:
        """Whether the instances have local storage, for which AWS refuses a key."""
        return bool(local_storage(self.instance_type))
