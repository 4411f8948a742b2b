"""The one table of CloudWatch metrics: each kind of target declares here what it publishes.

Rollback alarms, scaling, service alarms, SLOs, dashboards, the simulation and `inferform explain`
read it. A kind that is new declares a `Publishes` here, and yields from `Service.watched` which values
its dimensions have; nothing else names its metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

ENDPOINT = ("EndpointName",)
VARIANT = ("EndpointName", "VariantName")
COPIES = ("InferenceComponentName",)
SERVICE = ("ClusterName", "ServiceName")
FUNCTION = ("FunctionName", "Resource")
BALANCED = ("LoadBalancer", "TargetGroup")
GROUP = ("AutoScalingGroupName",)
WORKLOAD = ("ClusterName", "Namespace", "PodName")
MACHINE = ("StateMachineArn",)
PIPELINE_NAME = ("PipelineName",)
HTTP_STAGE = ("ApiId", "Stage")
REST_STAGE = ("ApiName", "Stage")

Row = Literal["traffic", "errors", "latency", "utilization", "backlog", "capacity"]
"""Where a dashboard shows a metric."""

Feature = Literal["gpu", "multi-model", "provisioned", "insights"]
"""What a target must have so that a metric has data."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a dashboard shows a metric."""

    row: Row
    """The widget that it is in."""

    statistics: tuple[str, ...] = ()
    """The lines of it. Default: one, by its own statistic."""

    factor: float = 1
    """How many of the shown unit one of CloudWatch's is: 100 for percent of a fraction."""


@dataclass(frozen=True, slots=True)
class Bad:
    """What a bad value of a metric is: one of the alarms that a service has by default."""

    alarm: str
    """The last part of the alarm's name: `server-errors`."""

    limit: str
    """The field of ServiceAlarms that holds the limit: `usage.memory_percent`."""

    says: str
    """What a value above the limit means, with `{limit}` in its place."""

    do: str
    """What whoever is told does first."""

    statistic: str = ""
    """The statistic that is judged; `percentile` for that of `latency_percentile`. Default: the metric's
    own."""

    factor: float = 1
    """How many of CloudWatch's units one of the limit's is: 1,000 for milliseconds of a latency in
    microseconds. Default: 1."""

    default: float | None = None
    """The limit where none was written, of a kind with another one than the field's. Default: the
    field's."""

    share_of: str = ""
    """The metric that counts all of which this one counts the bad: the limit is in percent of it."""

    short_of: str = ""
    """The metric that says how many there should be: the value is what is missing to it."""

    at_once: bool = False
    """Whether one bad minute is enough. Default: False, `minutes` of `of_minutes`."""

    lasts: str = ""
    """The field of ServiceAlarms with the minutes for which it has to be bad, in a row. Default: `minutes`
    of `of_minutes`."""


@dataclass(frozen=True, slots=True)
class Published:
    """A CloudWatch metric as a kind of target publishes it."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    """The dimensions that it always has. Some metrics are published with further ones too, such
    as `ContainerName`."""

    statistic: str = "Average"
    """How the datapoints of a period are summed up, where nobody says otherwise. Default: their
    average."""

    unit: str | None = None
    """The unit that scaling filters its datapoints by. Default: none, any."""

    period: int = 60
    """The seconds between two of its datapoints. Default: 60."""

    added_over: Literal["vcpu", "gpu"] | None = None
    """What an instance's value is the sum over: 4 vCPUs go up to 400 percent. Default: nothing."""

    needs: Feature | None = None
    """What a target must have so that it has data. Default: nothing."""

    shown: Shown | None = None
    """How a dashboard shows it. Default: not at all."""

    bad: Bad | None = None
    """When it is bad. Default: nobody knows without the model."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of requests of a period: a metric, and the statistic that counts them."""

    metric: str
    statistic: str = "Sum"


@dataclass(frozen=True, slots=True)
class Publishes:
    """All metrics that a kind of target publishes in the namespaces of `LISTED`."""

    metrics: tuple[Published, ...] = ()
    """The metrics. Default: none."""

    instead: tuple[tuple[str, str], ...] = ()
    """What it publishes in place of metrics of other kinds, where the names are not alike."""

    requests: Counted | None = None
    """What counts its requests, for SLOs. Default: None, nothing does."""

    failures: Counted | None = None
    """What counts those of them that failed, likewise."""

    latency: str | None = None
    """The metric of how long a request takes, likewise."""

    per_millisecond: float = 1000
    """How many of that metric's units a millisecond is. Default: 1,000, microseconds."""

    def find(self, namespace: str, name: str) -> Published | None:
        """The metric, or None where it is never published."""
        for metric in self.metrics:
            if (metric.namespace, metric.name) == (namespace, name):
                return metric
        return None

    def named(self, name: str) -> Published:
        """The metric of a name. Raises KeyError where it is never published."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(name)


def _published(
    namespace: str,
    dimensions: tuple[str, ...],
    names: str,
    *,
    statistic: str = "Average",
    unit: str | None = None,
    period: int = 60,
    needs: Feature | None = None,
    shown: Shown | None = None,
    bad: Bad | None = None,
) -> tuple[Published, ...]:
    """Metrics that differ in nothing but their names."""
    return tuple(
        Published(
            namespace,
            name,
            dimensions,
            statistic,
            unit,
            period,
            "gpu" if name in ("GPUUtilization", "GPUMemoryUtilization") else None,
            needs,
            shown,
            bad,
        )
        for name in names.split()
    )


# SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch": endpoint metrics,
# endpoint invocation metrics, multi-model endpoint metrics.
SAGEMAKER = "AWS/SageMaker"
_ENDPOINTS = "/aws/sagemaker/Endpoints"
_COMPONENTS = "/aws/sagemaker/InferenceComponents"

_PERCENT_OF_FRACTION = 100
_SERVER_ERRORS = Bad(
    "server-errors",
    "server_error_percent",
    "5XX answers above {limit} % of requests",
    "read the log for tracebacks, and roll the last release back if it began with that",
    factor=0.01,
)
_CLIENT_ERRORS = Bad(
    "client-errors",
    "client_error_percent",
    "4XX answers above {limit} % of requests",
    "look at what callers send: a changed schema, a wrong content type, a body above the limit",
    factor=0.01,
)
_SLOW = Bad(
    "latency",
    "latency_ms",
    "the model takes more than {limit} ms",
    "compare it with the load and with utilization, and with the time of the last release",
    statistic="percentile",
    factor=1000,
)
_OVERHEAD = Bad(
    "overhead",
    "overhead_ms",
    "SageMaker adds more than {limit} ms to a request",
    "compare it with the size of requests and answers, and with cold starts",
    statistic="percentile",
    factor=1000,
)
_MEMORY = Bad(
    "memory",
    "usage.memory_percent",
    "memory above {limit} %",
    "choose a larger type, fewer workers or a smaller batch before containers are killed",
    statistic="Maximum",
)
_DISK = Bad(
    "disk",
    "usage.disk_percent",
    "disk above {limit} %",
    "make the volume larger: data capture stops at 75 %, and a full disk fails requests",
    statistic="Maximum",
)
_GPU_MEMORY = Bad(
    "gpu-memory",
    "usage.gpu_memory_percent",
    "GPU memory above {limit} %",
    "lower the batch or the context length, or choose a GPU with more memory",
    statistic="Maximum",
)
_LATENCY = Shown("latency", ("p50", "p99"), 0.001)
_RATE = Shown("errors", ("Average",), _PERCENT_OF_FRACTION)
_USED = Shown("utilization")


def _errors_and_latency(dimensions: tuple[str, ...]) -> tuple[Published, ...]:
    return (
        *_published(SAGEMAKER, dimensions, "Invocation4XXErrors", shown=_RATE, bad=_CLIENT_ERRORS),
        *_published(SAGEMAKER, dimensions, "Invocation5XXErrors", shown=_RATE, bad=_SERVER_ERRORS),
        *_published(
            SAGEMAKER, dimensions, "ModelLatency", unit="Microseconds", shown=_LATENCY, bad=_SLOW
        ),
    )


def _invocations(dimensions: tuple[str, ...]) -> tuple[Published, ...]:
    """What every kind publishes that answers at once, on instances."""
    return (
        *_errors_and_latency(dimensions),
        *_published(SAGEMAKER, dimensions, "Invocations", statistic="Sum", shown=Shown("traffic")),
        *_published(SAGEMAKER, dimensions, "InvocationModelErrors MidStreamErrors"),
        *_published(
            SAGEMAKER,
            dimensions,
            "OverheadLatency",
            unit="Microseconds",
            shown=Shown("latency", ("p99",), 0.001),
            bad=_OVERHEAD,
        ),
        *_published(
            SAGEMAKER,
            dimensions,
            "FirstChunkLatency FirstChunkModelLatency FirstChunkOverheadLatency",
            unit="Microseconds",
        ),
    )


def _instances() -> tuple[Published, ...]:
    """Of the instances under a variant.

    The normalized ones are documented for instances under inference components; that others never
    have them is not known.
    """
    (cpu,) = _published(_ENDPOINTS, VARIANT, "CPUUtilization", unit="Percent", shown=_USED)
    return (
        replace(cpu, added_over="vcpu"),
        *_published(
            _ENDPOINTS, VARIANT, "MemoryUtilization", unit="Percent", shown=_USED, bad=_MEMORY
        ),
        *_published(_ENDPOINTS, VARIANT, "DiskUtilization", unit="Percent", shown=_USED, bad=_DISK),
        *_published(
            _ENDPOINTS, VARIANT, "GPUUtilization", unit="Percent", needs="gpu", shown=_USED
        ),
        *_published(
            _ENDPOINTS,
            VARIANT,
            "GPUMemoryUtilization",
            unit="Percent",
            needs="gpu",
            shown=_USED,
            bad=_GPU_MEMORY,
        ),
        *_published(_ENDPOINTS, VARIANT, "CPUUtilizationNormalized", unit="Percent"),
        *_published(
            _ENDPOINTS,
            VARIANT,
            "GPUUtilizationNormalized GPUMemoryUtilizationNormalized",
            unit="Percent",
            needs="gpu",
        ),
    )


# Each request sends a datapoint of 1 or 0, so that their number is that of the requests.
_REQUESTS = Counted("Invocation5XXErrors", "SampleCount")
_FAILURES = Counted("Invocation5XXErrors")

REALTIME = Publishes(
    metrics=(
        *_invocations(VARIANT),
        *_published(SAGEMAKER, VARIANT, "InvocationsPerInstance", statistic="Sum"),
        *_published(
            SAGEMAKER, VARIANT, "ConcurrentRequestsPerModel", statistic="Maximum", period=10
        ),
        # Multi-model endpoints and containers that are invoked directly.
        *_published(SAGEMAKER, VARIANT, "ModelCacheHit", needs="multi-model", shown=_RATE),
        *_published(
            SAGEMAKER,
            VARIANT,
            "ModelLoadingWaitTime ModelUnloadingTime ModelDownloadingTime ModelLoadingTime "
            "ContainerLatency",
            unit="Microseconds",
        ),
        *_instances(),
        *_published(_ENDPOINTS, VARIANT, "LoadedModelCount", needs="multi-model"),
    ),
    instead=(
        ("InvocationsPerCopy", "InvocationsPerInstance"),
        ("InvocationsProcessed", "Invocations"),
    ),
    requests=_REQUESTS,
    failures=_FAILURES,
    latency="ModelLatency",
)


def _lost(name: str, alarm: str, what: str) -> tuple[Published, ...]:
    """Requests of an asynchronous endpoint that never get an answer."""
    bad = Bad(
        alarm,
        "queue.lost_requests",
        f"more than {{limit}} {what} in a minute",
        "read the log, and what callers were told: a request that is lost is not tried again",
        at_once=True,
    )
    return _published(SAGEMAKER, VARIANT, name, statistic="Sum", shown=Shown("backlog"), bad=bad)


# SageMaker developer guide, "Alarms and logs for tracking metrics from asynchronous endpoints": an
# exhaustive list, without Invocations, InvocationsPerInstance and OverheadLatency.
ASYNCHRONOUS = Publishes(
    metrics=(
        *_errors_and_latency(VARIANT),
        *_published(
            SAGEMAKER, VARIANT, "InvocationsProcessed", statistic="Sum", shown=Shown("traffic")
        ),
        *_published(SAGEMAKER, VARIANT, "InvocationFailures", statistic="Sum"),
        *_lost("ExpiredRequests", "expired-requests", "requests expired"),
        *_lost("RequestDownloadFailures", "unread-requests", "requests could not be read from S3"),
        *_lost("ResponseUploadFailures", "unwritten-answers", "answers could not be written to S3"),
        *_published(SAGEMAKER, VARIANT, "NotificationFailures", statistic="Sum"),
        *_published(
            SAGEMAKER,
            VARIANT,
            "RequestDownloadLatency ResponseUploadLatency",
            unit="Microseconds",
        ),
        *_published(SAGEMAKER, VARIANT, "TimeInBacklog TotalProcessingTime"),
        *_published(SAGEMAKER, ENDPOINT, "ApproximateBacklogSize", shown=Shown("backlog")),
        *_published(SAGEMAKER, ENDPOINT, "ApproximateBacklogSizePerInstance"),
        *_published(
            SAGEMAKER,
            ENDPOINT,
            "ApproximateAgeOfOldestRequest",
            shown=Shown("backlog", ("Maximum",)),
            bad=Bad(
                "backlog-age",
                "queue.backlog_age_seconds",
                "a request has waited for more than {limit} s",
                "see whether instances start, and whether the maximum of scaling is reached",
                statistic="Maximum",
            ),
        ),
        *_published(SAGEMAKER, ENDPOINT, "HasBacklogWithoutCapacity"),
        *_instances(),
    ),
    instead=(
        ("Invocations", "InvocationsProcessed"),
        ("InvocationsPerInstance", "ApproximateBacklogSizePerInstance"),
        ("OverheadLatency", "TotalProcessingTime"),
    ),
    requests=_REQUESTS,
    failures=_FAILURES,
    latency="ModelLatency",
)

# SageMaker developer guide, "Alarms and logs for tracking metrics from serverless endpoints": an
# exhaustive list.
SERVERLESS = Publishes(
    metrics=(
        *_errors_and_latency(VARIANT),
        *_published(SAGEMAKER, VARIANT, "Invocations", statistic="Sum", shown=Shown("traffic")),
        *_published(
            SAGEMAKER,
            VARIANT,
            "OverheadLatency",
            unit="Microseconds",
            shown=Shown("latency", ("p99",), 0.001),
            # It includes the start of a container.
            bad=replace(_OVERHEAD, default=10_000),
        ),
        *_published(SAGEMAKER, VARIANT, "ModelSetupTime", unit="Microseconds"),
        *_published(
            SAGEMAKER,
            VARIANT,
            "ServerlessConcurrentExecutionsUtilization",
            statistic="Maximum",
            shown=Shown("utilization", factor=_PERCENT_OF_FRACTION),
            bad=Bad(
                "saturation",
                "usage.saturation_percent",
                "more than {limit} % of max_concurrency in use",
                "raise max_concurrency before requests are throttled",
                factor=0.01,
            ),
        ),
        *_published(
            SAGEMAKER,
            VARIANT,
            "ServerlessProvisionedConcurrencyExecutions "
            "ServerlessProvisionedConcurrencyInvocations",
            statistic="Maximum",
            needs="provisioned",
        ),
        *_published(
            SAGEMAKER,
            VARIANT,
            "ServerlessProvisionedConcurrencyUtilization",
            statistic="Maximum",
            needs="provisioned",
            shown=Shown("utilization", factor=_PERCENT_OF_FRACTION),
        ),
        *_published(
            SAGEMAKER,
            VARIANT,
            "ServerlessProvisionedConcurrencySpilloverInvocations",
            statistic="Maximum",
            needs="provisioned",
            shown=Shown("traffic"),
            bad=Bad(
                "spillover",
                "queue.spillover",
                "more than {limit} requests beside the provisioned concurrency",
                "raise provisioned_concurrency: these requests wait for a cold start",
                at_once=True,
            ),
        ),
        *_published(
            _ENDPOINTS, VARIANT, "MemoryUtilization", unit="Percent", shown=_USED, bad=_MEMORY
        ),
    ),
    requests=_REQUESTS,
    failures=_FAILURES,
    latency="ModelLatency",
)

# SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch" (by component, not
# by variant) and "Scale an endpoint to zero instances" (NoCapacityInvocationFailures).
COMPONENT = Publishes(
    metrics=(
        *_invocations(COPIES),
        *_published(SAGEMAKER, COPIES, "InvocationsPerCopy", statistic="Sum"),
        *_published(SAGEMAKER, COPIES, "ConcurrentRequestsPerCopy", statistic="Maximum", period=10),
        *_published(SAGEMAKER, COPIES, "NoCapacityInvocationFailures", statistic="Sum"),
        *_published(_COMPONENTS, COPIES, "CPUUtilizationNormalized", unit="Percent", shown=_USED),
        *_published(
            _COMPONENTS,
            COPIES,
            "MemoryUtilizationNormalized",
            unit="Percent",
            shown=_USED,
            bad=_MEMORY,
        ),
        *_published(
            _COMPONENTS,
            COPIES,
            "GPUUtilizationNormalized",
            unit="Percent",
            needs="gpu",
            shown=_USED,
        ),
        *_published(
            _COMPONENTS,
            COPIES,
            "GPUMemoryUtilizationNormalized",
            unit="Percent",
            needs="gpu",
            shown=_USED,
            bad=_GPU_MEMORY,
        ),
    ),
    requests=_REQUESTS,
    failures=_FAILURES,
    latency="ModelLatency",
)

ADAPTER = replace(COMPONENT, metrics=_invocations(COPIES))
"""A LoRA adapter: requests by its own name; what it uses is its base's."""

COMPONENT_HOST = Publishes(
    metrics=(
        *_instances(),
        *_published(_ENDPOINTS, VARIANT, "CPUReservation MemoryReservation", unit="Percent"),
        *_published(_ENDPOINTS, VARIANT, "GPUReservation", unit="Percent", needs="gpu"),
    ),
    instead=(("Invocations", "the metrics of its inference components"),),
)
"""The instances under inference components; requests are counted by component."""

# Amazon ECS developer guide, "Amazon ECS CloudWatch metrics"; Amazon CloudWatch user guide, "Amazon
# ECS Container Insights metrics".
ECS = "AWS/ECS"
_INSIGHTS = "ECS/ContainerInsights"
ECS_SERVICE = Publishes(
    metrics=(
        *_published(ECS, SERVICE, "CPUUtilization", shown=_USED),
        *_published(
            ECS,
            SERVICE,
            "MemoryUtilization",
            shown=_USED,
            bad=replace(
                _MEMORY, do="give the task more memory, or more tasks, before ECS stops it"
            ),
        ),
        *_published(
            _INSIGHTS,
            SERVICE,
            "RunningTaskCount",
            needs="insights",
            shown=Shown("capacity"),
            bad=Bad(
                "missing-tasks",
                "usage.missing",
                "more than {limit} of the desired tasks do not run",
                "read why tasks stop: the events of the service, and the log of its containers",
                short_of="DesiredTaskCount",
                lasts="usage.missing_minutes",
            ),
        ),
        *_published(
            _INSIGHTS, SERVICE, "DesiredTaskCount", needs="insights", shown=Shown("capacity")
        ),
        *_published(_INSIGHTS, SERVICE, "PendingTaskCount TaskSetCount", needs="insights"),
    ),
)

# Amazon CloudWatch user guide, "Collect NVIDIA GPU metrics": what the agent sends, added up to the group.
_AGENT = "CWAgent"
NVIDIA = Publishes(
    metrics=(
        *_published(_AGENT, GROUP, "nvidia_smi_utilization_gpu", needs="gpu", shown=_USED),
        *_published(
            _AGENT,
            GROUP,
            "nvidia_smi_memory_used",
            statistic="Maximum",
            needs="gpu",
            bad=replace(
                _GPU_MEMORY,
                says="memory of the fullest GPU of the instances above {limit} %",
                share_of="nvidia_smi_memory_total",
            ),
        ),
        *_published(_AGENT, GROUP, "nvidia_smi_memory_total", statistic="Maximum", needs="gpu"),
    ),
)
"""Of the instances below tasks, whichever service they are of."""

# Elastic Load Balancing user guide, "CloudWatch metrics for your Application Load Balancer".
_BALANCER = "AWS/ApplicationELB"
TARGET_GROUP = Publishes(
    metrics=(
        *_published(_BALANCER, BALANCED, "RequestCount", statistic="Sum", shown=Shown("traffic")),
        *_published(_BALANCER, BALANCED, "RequestCountPerTarget", statistic="Sum"),
        *_published(
            _BALANCER,
            BALANCED,
            "HTTPCode_Target_5XX_Count",
            statistic="Sum",
            shown=Shown("errors"),
            bad=replace(_SERVER_ERRORS, factor=1, share_of="RequestCount"),
        ),
        *_published(
            _BALANCER,
            BALANCED,
            "HTTPCode_Target_4XX_Count",
            statistic="Sum",
            shown=Shown("errors"),
            bad=replace(_CLIENT_ERRORS, factor=1, share_of="RequestCount"),
        ),
        *_published(
            _BALANCER,
            BALANCED,
            "TargetResponseTime",
            shown=Shown("latency", ("p50", "p99"), 1000),
            bad=replace(_SLOW, says="a task takes more than {limit} ms", factor=0.001),
        ),
        *_published(
            _BALANCER,
            BALANCED,
            "UnHealthyHostCount",
            statistic="Maximum",
            shown=Shown("capacity"),
            bad=Bad(
                "unhealthy",
                "usage.missing",
                "more than {limit} tasks fail their health check",
                "read the log of those tasks, and try the path of the health check",
                lasts="usage.missing_minutes",
            ),
        ),
        *_published(_BALANCER, BALANCED, "HealthyHostCount", statistic="Minimum"),
    ),
    requests=Counted("RequestCount"),
    failures=Counted("HTTPCode_Target_5XX_Count"),
    latency="TargetResponseTime",
    per_millisecond=0.001,
)

# AWS Lambda developer guide, "Types of metrics for Lambda functions".
_LAMBDA = "AWS/Lambda"
LAMBDA = Publishes(
    metrics=(
        *_published(_LAMBDA, FUNCTION, "Invocations", statistic="Sum", shown=Shown("traffic")),
        *_published(
            _LAMBDA,
            FUNCTION,
            "Errors",
            statistic="Sum",
            shown=Shown("errors"),
            bad=replace(
                _SERVER_ERRORS,
                says="errors above {limit} % of invocations",
                factor=1,
                share_of="Invocations",
            ),
        ),
        *_published(
            _LAMBDA,
            FUNCTION,
            "Throttles",
            statistic="Sum",
            shown=Shown("errors"),
            bad=Bad(
                "throttled",
                "queue.lost_requests",
                "more than {limit} invocations refused in a minute",
                "raise the function's concurrency, or the account's quota",
                at_once=True,
            ),
        ),
        *_published(
            _LAMBDA,
            FUNCTION,
            "Duration",
            shown=Shown("latency", ("p50", "p99")),
            bad=replace(_SLOW, says="an invocation takes more than {limit} ms", factor=1),
        ),
        *_published(
            _LAMBDA,
            FUNCTION,
            "ConcurrentExecutions",
            statistic="Maximum",
            shown=Shown("capacity"),
        ),
        *_published(
            _LAMBDA,
            FUNCTION,
            "ProvisionedConcurrencyUtilization",
            statistic="Maximum",
            needs="provisioned",
            shown=Shown("utilization", factor=_PERCENT_OF_FRACTION),
        ),
        *_published(
            _LAMBDA,
            FUNCTION,
            "ProvisionedConcurrencySpilloverInvocations",
            statistic="Sum",
            needs="provisioned",
            bad=Bad(
                "spillover",
                "queue.spillover",
                "more than {limit} invocations beside the provisioned concurrency",
                "raise the provisioned concurrency: these wait for a cold start",
                at_once=True,
            ),
        ),
    ),
    requests=Counted("Invocations"),
    failures=Counted("Errors"),
    latency="Duration",
    per_millisecond=1,
)

# Amazon CloudWatch user guide, "Amazon EKS and Kubernetes Container Insights with enhanced observability
# metrics".
_PODS = "ContainerInsights"
PODS = Publishes(
    metrics=(
        *_published(
            _PODS,
            WORKLOAD,
            "pod_cpu_utilization_over_pod_limit",
            needs="insights",
            shown=_USED,
        ),
        *_published(
            _PODS,
            WORKLOAD,
            "pod_memory_utilization_over_pod_limit",
            needs="insights",
            shown=_USED,
            bad=replace(
                _MEMORY, do="give the pod more memory, or more pods, before Kubernetes kills it"
            ),
        ),
        *_published(
            _PODS,
            WORKLOAD,
            "pod_number_of_container_restarts",
            statistic="Sum",
            needs="insights",
            shown=Shown("errors"),
            bad=Bad(
                "restarts",
                "usage.restarts",
                "more than {limit} restarts of containers in a minute",
                "read the log of the container before its end: kubectl logs --previous",
                at_once=True,
            ),
        ),
        # With enhanced observability, which is what the EKS add-on sets up.
        *_published(_PODS, WORKLOAD, "pod_gpu_utilization", needs="gpu", shown=_USED),
        *_published(
            _PODS,
            WORKLOAD,
            "pod_gpu_memory_utilization",
            needs="gpu",
            shown=_USED,
            bad=_GPU_MEMORY,
        ),
        *_published(
            _PODS,
            WORKLOAD,
            "pod_gpu_memory_used pod_gpu_memory_total pod_gpu_power_draw pod_gpu_temperature",
            needs="gpu",
        ),
    ),
)

# Amazon API Gateway developer guide, "Monitor CloudWatch metrics for HTTP APIs" and "Amazon API Gateway
# dimensions and metrics" of REST APIs.
_GATEWAY = "AWS/ApiGateway"
_SLOW_API = replace(
    _SLOW,
    says="the API takes more than {limit} ms",
    do="compare it with IntegrationLatency: what is above it is spent in API Gateway",
    factor=1,
)
_ANSWERED_MS = Shown("latency", ("p50", "p99"))
_INTEGRATION = Shown("latency", ("p99",))
HTTP_API = Publishes(
    metrics=(
        *_published(_GATEWAY, HTTP_STAGE, "Count", statistic="SampleCount", shown=Shown("traffic")),
        *_published(
            _GATEWAY,
            HTTP_STAGE,
            "5xx",
            statistic="Sum",
            shown=Shown("errors"),
            bad=replace(
                _SERVER_ERRORS,
                do="see whether what is behind the API answers, and read the API's log for its status",
                factor=1,
                share_of="Count",
            ),
        ),
        *_published(
            _GATEWAY,
            HTTP_STAGE,
            "4xx",
            statistic="Sum",
            shown=Shown("errors"),
            bad=replace(
                _CLIENT_ERRORS,
                do="read the API's log: 401 and 403 are authorization, 429 is its throttle",
                factor=1,
                share_of="Count",
            ),
        ),
        *_published(_GATEWAY, HTTP_STAGE, "Latency", shown=_ANSWERED_MS, bad=_SLOW_API),
        *_published(_GATEWAY, HTTP_STAGE, "IntegrationLatency", shown=_INTEGRATION),
        *_published(_GATEWAY, HTTP_STAGE, "DataProcessed", statistic="Sum"),
    ),
    instead=(("4XXError", "4xx"), ("5XXError", "5xx"), ("Invocations", "Count")),
    requests=Counted("Count", "SampleCount"),
    failures=Counted("5xx"),
    latency="Latency",
    per_millisecond=1,
)
REST_API = Publishes(
    metrics=(
        *_published(_GATEWAY, REST_STAGE, "Count", statistic="SampleCount", shown=Shown("traffic")),
        *_published(
            _GATEWAY,
            REST_STAGE,
            "5XXError",
            shown=_RATE,
            bad=replace(
                _SERVER_ERRORS,
                do="see whether what is behind the API answers, and read the API's log for its status",
            ),
        ),
        *_published(
            _GATEWAY,
            REST_STAGE,
            "4XXError",
            shown=_RATE,
            bad=replace(
                _CLIENT_ERRORS,
                do="read the API's log: 401 and 403 are authorization, 429 is a throttle or a plan",
            ),
        ),
        *_published(_GATEWAY, REST_STAGE, "Latency", shown=_ANSWERED_MS, bad=_SLOW_API),
        *_published(_GATEWAY, REST_STAGE, "IntegrationLatency", shown=_INTEGRATION),
    ),
    instead=(("4xx", "4XXError"), ("5xx", "5XXError"), ("Invocations", "Count")),
    requests=Counted("Count", "SampleCount"),
    failures=Counted("5XXError"),
    latency="Latency",
    per_millisecond=1,
)

# AWS Step Functions developer guide, "Monitoring Step Functions metrics using Amazon CloudWatch"; of an
# execution that somebody stopped nobody has to be told.
_STATES = "AWS/States"
_FAILED_RUNS = Bad(
    "failed-runs",
    "failed_runs",
    "more than {limit} runs failed in a minute",
    "read why in the execution: its failed step names the job, whose log has the rest",
    at_once=True,
)
_RUNS = Shown("errors")
STATE_MACHINE = Publishes(
    metrics=(
        *_published(
            _STATES, MACHINE, "ExecutionsFailed", statistic="Sum", shown=_RUNS, bad=_FAILED_RUNS
        ),
        *_published(
            _STATES,
            MACHINE,
            "ExecutionsTimedOut",
            statistic="Sum",
            shown=_RUNS,
            bad=Bad(
                "timed-out-runs",
                "failed_runs",
                "more than {limit} runs took too long in a minute",
                "see whether its job got capacity, and compare its time with that of earlier runs",
                at_once=True,
            ),
        ),
        *_published(
            _STATES, MACHINE, "ExecutionsStarted ExecutionsSucceeded", statistic="Sum", shown=_RUNS
        ),
        *_published(_STATES, MACHINE, "ExecutionsAborted ExecutionThrottled", statistic="Sum"),
        *_published(_STATES, MACHINE, "ExecutionTime", unit="Milliseconds"),
    ),
)

# SageMaker developer guide, "Pipelines metrics": of the executions of a pipeline.
_BUILDING = "AWS/Sagemaker/ModelBuildingPipeline"
PIPELINE = Publishes(
    metrics=(
        *_published(
            _BUILDING,
            PIPELINE_NAME,
            "ExecutionFailed",
            statistic="Sum",
            shown=_RUNS,
            bad=replace(
                _FAILED_RUNS,
                do="see which step failed: inferform pipelines steps, and the log of its job",
            ),
        ),
        *_published(
            _BUILDING,
            PIPELINE_NAME,
            "ExecutionStarted ExecutionSucceeded",
            statistic="Sum",
            shown=_RUNS,
        ),
        *_published(_BUILDING, PIPELINE_NAME, "ExecutionStopped", statistic="Sum"),
        *_published(_BUILDING, PIPELINE_NAME, "ExecutionDuration", unit="Milliseconds"),
    ),
)

NOTHING = Publishes()
"""Of what publishes nothing that is known."""

ANY = Publishes(
    (
        *REALTIME.metrics,
        *ASYNCHRONOUS.metrics,
        *SERVERLESS.metrics,
        *COMPONENT.metrics,
        *COMPONENT_HOST.metrics,
    )
)
"""What any endpoint or inference component publishes."""

LISTED = (SAGEMAKER, _ENDPOINTS, _COMPONENTS)
"""The namespaces whose metrics are listed wholly. Of others it is not known what exists."""

KNOWN = {
    "a real-time endpoint": REALTIME,
    "an asynchronous endpoint": ASYNCHRONOUS,
    "a serverless endpoint": SERVERLESS,
    "an inference component": COMPONENT,
    "instances under inference components": COMPONENT_HOST,
    "an ECS service": ECS_SERVICE,
    "GPU instances of ECS": NVIDIA,
    "a target group of an Application Load Balancer": TARGET_GROUP,
    "a Lambda function": LAMBDA,
    "an EKS service": PODS,
    "an HTTP API": HTTP_API,
    "a REST API": REST_API,
    "a state machine": STATE_MACHINE,
    "a SageMaker pipeline": PIPELINE,
}
"""Every kind that is known, by what messages call it."""
