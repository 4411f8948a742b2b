"""The metrics that policies follow: each says what it means, for which kinds it is, and how
CloudWatch calls it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from ..alarms.published import TARGET_GROUP, Published, Publishes
from ..rules import Problem, did_you_mean, rule
from ..spec import Aws, Between, Check, Matches, OneOf, Spec
from .kinds import (
    ASYNCHRONOUS,
    COMPONENT,
    ECS_SERVICE,
    KINDS,
    LAMBDA,
    REALTIME,
    SERVERLESS,
    Kind,
)

AAS10 = rule(
    "AAS10",
    refuses="a utilization of provisioned concurrency outside 0.01 to 1",
    message="must be from {low} to {high}, a fraction; 70 percent is 0.7",
    source="SageMaker developer guide, serverless endpoints; Lambda developer guide, "
    "provisioned concurrency",
)
AAS22 = rule(
    "AAS22",
    refuses="a target that is zero or negative",
    message="must be above 0 and at most {high}",
    source="Application Auto Scaling API reference, TargetValue",
)
AAS23 = rule(
    "AAS23",
    refuses="a safety factor outside 0.05 to 1",
    message="must be from {low} to {high}: the share of the measured maximum that is aimed at",
    source="SageMaker developer guide, load testing your auto scaling configuration",
)
AAS24 = rule(
    "AAS24",
    refuses="a metric's target given twice or not at all",
    message="give exactly one of {fields}",
    source="Inferform: a target is said once",
)
AAS25 = rule(
    "AAS25",
    refuses="a percentage outside 1 to 100",
    message="must be from {low} to {high} percent",
    source="CloudWatch metrics of Amazon SageMaker and Amazon ECS: utilizations are percentages",
)
AAS33 = rule(
    "AAS33",
    refuses="a CloudWatch metric with a wrong namespace, name or dimensions",
    message="must be {expected}",
    source="CloudWatch API reference, Metric (name up to 255, 30 dimensions), Dimension (ASCII without "
    "control characters)",
)
AAS34 = rule(
    "AAS34",
    refuses="metric math that CloudWatch cannot calculate",
    message="{wrong}",
    source="CloudWatch API reference, MetricDataQuery; ids begin with a lower-case letter; "
    "hashicorp/aws, aws_cloudwatch_metric_alarm (expressions up to 1,024 characters)",
)
AAS35 = rule(
    "AAS35",
    refuses="a namespace that CloudWatch does not take",
    message="must be a CloudWatch namespace such as AWS/SageMaker or Fraud/Model",
    source="CloudWatch API reference, PutMetricData Namespace (ASCII without control characters, "
    "no colon in front)",
)

AAS44 = rule(
    "AAS44",
    refuses="a safety factor beside a target that is given outright",
    message="is for requests_per_second only; leave it out, or give requests_per_second",
    source="Inferform: a field that changes nothing is a mistake",
)

Percent = Annotated[float, Between(AAS25, 1, 100)]
_TARGET = Aws("application-autoscaling:TargetTrackingScalingPolicyConfiguration.TargetValue")
Fraction = Annotated[float, Between(AAS10, 0.01, 1), _TARGET]
Amount = Annotated[float, Between(AAS22, 0.001, 100_000_000), _TARGET]
Milliseconds = Annotated[float, Between(AAS22, 0.001, 3_600_000)]
PerSecond = Annotated[float, Between(AAS22, 0.001, 100_000)]
PerMinute = Annotated[float, Between(AAS22, 0.001, 6_000_000), _TARGET]
SafetyFactor = Annotated[float, Between(AAS23, 0.05, 1)]
Statistic = Annotated[
    Literal["Average", "Minimum", "Maximum", "SampleCount", "Sum"],
    Aws(
        "cloudwatch:PutMetricAlarmInput.Statistic",
        "application-autoscaling:CustomizedMetricSpecification.Statistic",
    ),
]
Unit = Annotated[
    Literal[
        "Seconds",
        "Microseconds",
        "Milliseconds",
        "Bytes",
        "Kilobytes",
        "Megabytes",
        "Gigabytes",
        "Terabytes",
        "Bits",
        "Kilobits",
        "Megabits",
        "Gigabits",
        "Terabits",
        "Percent",
        "Count",
        "Bytes/Second",
        "Kilobytes/Second",
        "Megabytes/Second",
        "Gigabytes/Second",
        "Terabytes/Second",
        "Bits/Second",
        "Kilobits/Second",
        "Megabits/Second",
        "Gigabits/Second",
        "Terabits/Second",
        "Count/Second",
        "None",
    ],
    Aws(
        "cloudwatch:PutMetricAlarmInput.Unit",
        "application-autoscaling:CustomizedMetricSpecification.Unit",
    ),
]

_INSTANCES = (REALTIME, ASYNCHRONOUS)


@dataclass(frozen=True, slots=True)
class Source:
    """A metric as CloudWatch knows it."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    """The names of the target's own dimensions that it has."""

    statistic: str = "Average"
    """One of CloudWatch's five statistics, or a percentile such as `p90`."""

    unit: str | None = None
    period: int = 60
    """The seconds between two of its datapoints."""

    added_over: Literal["vcpu", "gpu"] | None = None
    """What an instance's value is the sum over: 4 vCPUs go up to 400 percent."""

    literal: tuple[tuple[str, str], ...] = ()
    """Dimensions with values of their own."""

    @classmethod
    def of(cls, metric: Published, statistic: str | None = None) -> Source:
        """A metric of the table, by its own statistic or another."""
        return cls(
            metric.namespace,
            metric.name,
            metric.dimensions,
            statistic or metric.statistic,
            metric.unit,
            metric.period,
            metric.added_over,
        )


def _named(name: str, *kinds: Kind, of: Publishes | None = None) -> dict[Kind, Source]:
    """The metric of a name, as each kind publishes it; or as `of` does, which stands before the kind."""
    return {kind: Source.of((of or kind.publishes).named(name)) for kind in kinds}


class Metric(Spec):
    """What a policy follows, with its target; in step scaling the target is the threshold."""

    what: ClassVar[str] = ""
    """The first part of a policy's name."""

    predefined: ClassVar[Mapping[Kind, str]] = {}
    """The predefined metric of each kind that has one."""

    sources: ClassVar[Mapping[Kind, Source]] = {}
    """The CloudWatch metric of each kind that publishes it."""

    @property
    def target_value(self) -> float:
        """The target in CloudWatch's unit."""
        raise NotImplementedError

    @property
    def unit_factor(self) -> float:
        """How many of CloudWatch's units one of the Spec's is."""
        return 1

    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that publish it."""
        return tuple(self.sources)

    def source(self, kind: Kind) -> Source:
        """The CloudWatch metric of `kind`."""
        return self.sources[kind]

    def predefined_type(self, kind: Kind) -> str | None:
        """The predefined metric of `kind`, or None where it is a customized one."""
        return self.predefined.get(kind)

    def resolution(self, kind: Kind) -> int:
        """The seconds between two datapoints that target tracking sees."""
        name = self.predefined_type(kind) or ""
        if name.endswith("HighResolution"):
            return 20 if name.startswith("ECS") else 10
        return self.source(kind).period


class Tracked(Metric):
    """A metric that target tracking can follow: it falls in proportion as capacity is added."""


class _Rate(Tracked):
    """Requests per minute and unit of capacity, said in requests per second or as AWS does."""

    requests_per_second: PerSecond | None = None
    """What one instance, copy or task can serve at most, as load-tested."""

    safety_factor: SafetyFactor = 0.5
    """The share of `requests_per_second` that is aimed at. Default: 0.5, as AWS advises."""

    invocations_per_minute: PerMinute | None = None
    """The metric's own unit; or give `requests_per_second`."""

    def check(self) -> Iterator[Problem]:
        """Exactly one way of saying the target."""
        if (self.requests_per_second is None) == (self.invocations_per_minute is None):
            yield AAS24.problem(fields="requests_per_second and invocations_per_minute")
        elif self.requests_per_second is None and "safety_factor" in self.model_fields_set:
            yield AAS44.problem("safety_factor", got=self.safety_factor)

    @property
    def target_value(self) -> float:
        """The target in requests per minute."""
        if self.requests_per_second is None:
            assert self.invocations_per_minute is not None
            return self.invocations_per_minute
        return round(self.requests_per_second * self.safety_factor * 60, 3)

    @property
    def unit_factor(self) -> float:
        """60, where the Spec counts per second."""
        return 1 if self.requests_per_second is None else 60


class InvocationsPerInstance(_Rate):
    """Invocations of a minute for each instance of a real-time endpoint; asynchronous ones do
    not publish it."""

    what = "invocations"
    predefined = {REALTIME: "SageMakerVariantInvocationsPerInstance"}
    sources = _named("InvocationsPerInstance", REALTIME)


class InvocationsPerCopy(_Rate):
    """Invocations of a minute for each copy of an inference component."""

    what = "invocations"
    predefined = {COMPONENT: "SageMakerInferenceComponentInvocationsPerCopy"}
    sources = _named("InvocationsPerCopy", COMPONENT)


class RequestsPerTarget(_Rate):
    """Requests of a minute for each task of a service behind an Application Load Balancer."""

    what = "requests"
    predefined = {ECS_SERVICE: "ALBRequestCountPerTarget"}
    sources = _named("RequestCountPerTarget", ECS_SERVICE, of=TARGET_GROUP)


class ConcurrentRequests(Tracked):
    """Requests in work at the same time for each instance or copy, measured every 10 seconds.

    The choice for long or streamed answers, whose number per minute says little.
    """

    what = "concurrency"
    predefined = {
        REALTIME: "SageMakerVariantConcurrentRequestsPerModelHighResolution",
        COMPONENT: "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    }
    sources = {
        **_named("ConcurrentRequestsPerModel", REALTIME),
        **_named("ConcurrentRequestsPerCopy", COMPONENT),
    }

    requests: Amount
    """How many requests one instance or copy works on at the same time."""

    @property
    def target_value(self) -> float:
        """The number of requests."""
        return self.requests


class ProvisionedConcurrencyUtilization(Tracked):
    """The share of provisioned concurrency in use."""

    what = "utilization"
    predefined = {
        SERVERLESS: "SageMakerVariantProvisionedConcurrencyUtilization",
        LAMBDA: "LambdaProvisionedConcurrencyUtilization",
    }
    sources = {
        **_named("ServerlessProvisionedConcurrencyUtilization", SERVERLESS),
        **_named("ProvisionedConcurrencyUtilization", LAMBDA),
    }

    utilization: Fraction = 0.7
    """The share to keep in use, a fraction. Default: 0.7."""

    @property
    def target_value(self) -> float:
        """The fraction."""
        return self.utilization


class _Percentage(Tracked):
    percent: Percent
    """How much of an instance, copy or task is in use, in percent of all that it has."""

    @property
    def target_value(self) -> float:
        """The percentage."""
        return self.percent


class _ServiceUtilization(_Percentage):
    high_resolution: bool = False
    """Whether ECS measures it every 20 seconds, which needs the service's monitoring to be set
    so. Only for ECS services. Default: every minute."""

    def kinds(self) -> tuple[Kind, ...]:
        """High resolution is ECS's alone."""
        return (ECS_SERVICE,) if self.high_resolution else tuple(self.sources)

    def predefined_type(self, kind: Kind) -> str | None:
        """ECS has one of each resolution."""
        name = self.predefined.get(kind)
        return f"{name}HighResolution" if name and self.high_resolution else name


class CpuUtilization(_ServiceUtilization):
    """Processor utilization. SageMaker adds it over the vCPUs of an instance; `percent` is of
    the whole instance, whatever its size."""

    what = "cpu"
    predefined = {ECS_SERVICE: "ECSServiceAverageCPUUtilization"}
    sources = {
        **_named("CPUUtilization", *_INSTANCES),
        **_named("CPUUtilizationNormalized", COMPONENT),
        **_named("CPUUtilization", ECS_SERVICE),
    }


class MemoryUtilization(_ServiceUtilization):
    """Memory utilization."""

    what = "memory"
    predefined = {ECS_SERVICE: "ECSServiceAverageMemoryUtilization"}
    sources = {
        **_named("MemoryUtilization", *_INSTANCES),
        **_named("MemoryUtilizationNormalized", COMPONENT),
        **_named("MemoryUtilization", ECS_SERVICE),
    }


class GpuUtilization(_Percentage):
    """GPU utilization, of all GPUs of an instance."""

    what = "gpu"
    sources = {
        **_named("GPUUtilization", *_INSTANCES),
        **_named("GPUUtilizationNormalized", COMPONENT),
    }


class GpuMemoryUtilization(_Percentage):
    """GPU memory utilization, of all GPUs of an instance."""

    what = "gpu-memory"
    sources = {
        **_named("GPUMemoryUtilization", *_INSTANCES),
        **_named("GPUMemoryUtilizationNormalized", COMPONENT),
    }


class ModelLatency(Tracked):
    """How long the model takes to answer. Give milliseconds; CloudWatch has microseconds.

    Latency does not fall in proportion to capacity, so a policy on it moves in jumps: prefer a
    rate or a concurrency where one is known.
    """

    what = "latency"
    sources = _named("ModelLatency", *_INSTANCES)

    average_latency_ms: Milliseconds | None = None
    """The average in milliseconds; or give `p90_latency_ms`."""

    p90_latency_ms: Milliseconds | None = None
    """The 90th percentile in milliseconds; or give `average_latency_ms`."""

    def check(self) -> Iterator[Problem]:
        """Exactly one way of saying the target."""
        if (self.average_latency_ms is None) == (self.p90_latency_ms is None):
            yield AAS24.problem(fields="average_latency_ms and p90_latency_ms")

    @property
    def target_value(self) -> float:
        """The latency in microseconds."""
        value = self.average_latency_ms or self.p90_latency_ms
        assert value is not None
        return round(value * 1000, 3)

    @property
    def unit_factor(self) -> float:
        """1,000 microseconds in a millisecond."""
        return 1000

    def source(self, kind: Kind) -> Source:
        """The metric, by its average or percentile."""
        statistic = None if self.p90_latency_ms is None else "p90"
        return Source.of(kind.publishes.named("ModelLatency"), statistic)


class BacklogPerInstance(Tracked):
    """Requests that wait in an asynchronous endpoint's queue, for each instance."""

    what = "backlog"
    sources = _named("ApproximateBacklogSizePerInstance", ASYNCHRONOUS)

    requests: Amount = 5
    """How many requests may wait. Default: 5, as in AWS's example."""

    @property
    def target_value(self) -> float:
        """The number of requests."""
        return self.requests


class BacklogWithoutCapacity(Metric):
    """Whether requests wait in an asynchronous endpoint's queue while it has no instance."""

    what = "wake-up"
    sources = _named("HasBacklogWithoutCapacity", ASYNCHRONOUS)

    @property
    def target_value(self) -> float:
        """1: there are some."""
        return 1


class NoCapacityFailures(Metric):
    """Requests that failed as an inference component has no copy."""

    what = "wake-up"
    sources = _named("NoCapacityInvocationFailures", COMPONENT)

    @property
    def target_value(self) -> float:
        """1: there was one."""
        return 1


def _is_word(value: str) -> bool:
    return 0 < len(value) <= 255 and value.isprintable() and value == value.strip()


def _are_dimensions(value: dict[str, str]) -> bool:
    return len(value) <= 30 and all(
        re.fullmatch(r"(?! *$)(?!:)[ -~]{1,255}", name)
        and re.fullmatch(r"(?! *$)[ -~]{1,1024}", content)
        for name, content in value.items()
    )


_Word = Annotated[
    str,
    Check(AAS33, _is_word, lambda _: {"expected": "1 to 255 characters without spaces around"}),
    Aws(
        "cloudwatch:PutMetricAlarmInput.MetricName",
        "application-autoscaling:TargetTrackingMetric.MetricName",
    ),
]
DimensionName = Annotated[
    str,
    Aws("cloudwatch:Dimension.Name", "application-autoscaling:TargetTrackingMetricDimension.Name"),
]
DimensionValue = Annotated[
    str,
    Aws(
        "cloudwatch:Dimension.Value", "application-autoscaling:TargetTrackingMetricDimension.Value"
    ),
]


class CloudWatchMetric(Spec):
    """Any metric in CloudWatch."""

    namespace: Annotated[
        str,
        Matches(AAS35, r"[!-9;-~][ -~]{0,254}"),
        Aws(
            "cloudwatch:PutMetricAlarmInput.Namespace",
            "application-autoscaling:TargetTrackingMetric.Namespace",
        ),
    ]
    """The namespace, such as `AWS/SageMaker`."""

    name: _Word
    """The metric's name."""

    statistic: Statistic = "Average"
    """How the datapoints of a period are summed up. Default: their average."""

    unit: Unit | None = None
    """The unit; datapoints of other units are left out. Default: any."""

    dimensions: Annotated[
        dict[DimensionName, DimensionValue],
        Check(
            AAS33,
            _are_dimensions,
            lambda _: {
                "expected": "at most 30 dimensions with names of up to 255 and values of up to 1,024 "
                "ASCII characters"
            },
        ),
    ] = {}
    """Dimensions with literal values. Default: none."""

    own_dimensions: bool = False
    """Whether the target's own dimensions are added: `EndpointName` and `VariantName` (of what
    SageMaker publishes by endpoint, `EndpointName` alone), `InferenceComponentName`, `ClusterName`
    and `ServiceName`, or `FunctionName` and `Resource`. Default: False."""

    def as_source(self, kind: Kind) -> Source:
        """The metric for a target of `kind`."""
        published = kind.publishes.find(self.namespace, self.name)
        own = published.dimensions if published else kind.dimensions
        return Source(
            self.namespace,
            self.name,
            own if self.own_dimensions else (),
            self.statistic,
            self.unit,
            literal=tuple(sorted(self.dimensions.items())),
        )


class CustomMetric(Tracked):
    """Any metric in CloudWatch, with its target."""

    what = "custom"

    metric: CloudWatchMetric
    """The metric. It must fall in proportion as capacity is added."""

    target: Amount
    """The target, in the metric's unit."""

    @property
    def target_value(self) -> float:
        """The target."""
        return self.target

    def kinds(self) -> tuple[Kind, ...]:
        """Every kind."""
        return KINDS

    def source(self, kind: Kind) -> Source:
        """The metric as given."""
        return self.metric.as_source(kind)


class MetricMath(Tracked):
    """A value calculated from several metrics, with its target."""

    what = "math"

    expression: Annotated[
        str,
        Aws(
            "cloudwatch:MetricDataQuery.Expression",
            "application-autoscaling:TargetTrackingMetricDataQuery.Expression",
        ),
    ]
    """CloudWatch metric math over the ids of `metrics`, such as `busy / FILL(copies, 1)`."""

    metrics: dict[
        Annotated[
            str,
            Aws(
                "cloudwatch:MetricDataQuery.Id",
                "application-autoscaling:TargetTrackingMetricDataQuery.Id",
            ),
        ],
        CloudWatchMetric,
    ]
    """The metrics by id. An id begins with a lower-case letter."""

    target: Amount
    """The target of the calculated value."""

    @property
    def target_value(self) -> float:
        """The target."""
        return self.target

    def check(self) -> Iterator[Problem]:
        """Ids are well-formed, and the expression uses each of them and no other."""
        unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", self.expression)
        words = re.findall(r"[A-Za-z_][A-Za-z0-9_]*", unquoted)
        if not self.metrics or len(self.metrics) > 9:
            yield AAS34.problem("metrics", wrong="must be 1 to 9 metrics")
        if not re.fullmatch(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]{1,1024}", self.expression):
            wrong = "must have 1 to 1,024 characters, without control characters"
            yield AAS34.problem("expression", wrong=wrong)
        for name in self.metrics:
            if not re.fullmatch(r"[a-z][A-Za-z0-9_]{0,254}", name) or name == _RESULT:
                yield AAS34.problem(
                    "metrics",
                    name,
                    wrong="is not an id of metric math; write one such as m1 or busy",
                )
            elif name not in words and "METRICS" not in words:
                yield AAS34.problem("metrics", name, wrong="is not used in the expression")
        for word in dict.fromkeys(words):
            if word[0].islower() and word not in self.metrics:
                hint = did_you_mean(word, self.metrics)
                yield AAS34.problem("expression", wrong=f"uses {word}, which is no metric{hint}")

    def kinds(self) -> tuple[Kind, ...]:
        """Every kind."""
        return KINDS

    def source(self, kind: Kind) -> Source:
        """Not one metric: the parts are in `metrics`."""
        return Source("", _RESULT, ())


_RESULT = "result"
METRICS: tuple[type[Metric], ...] = tuple(
    made
    for made in list(globals().values())
    if isinstance(made, type) and issubclass(made, Metric) and made.what
)
"""Every metric, as this module defines them."""

if TYPE_CHECKING:
    TrackedMetric = Tracked
    AlarmMetric = Metric
else:
    TrackedMetric = Annotated[reduce(or_, (m for m in METRICS if issubclass(m, Tracked))), OneOf()]
    AlarmMetric = Annotated[reduce(or_, METRICS), OneOf()]


def metrics_of(kind: Kind, *, tracked: bool) -> list[str]:
    """The names of the metrics that `kind` publishes."""
    return [
        metric.__name__
        for metric in METRICS
        if (issubclass(metric, Tracked) or not tracked)
        and (kind in metric.sources or issubclass(metric, CustomMetric | MetricMath))
    ]
