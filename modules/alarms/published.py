"""The CloudWatch metrics that each kind of endpoint publishes."""

from __future__ import annotations

from dataclasses import dataclass

ENDPOINT = ("EndpointName",)
VARIANT = ("EndpointName", "VariantName")
COPIES = ("InferenceComponentName",)


@dataclass(frozen=True, slots=True)
class Published:
    """A CloudWatch metric as a kind of target publishes it."""

    namespace: str
    name: str
    dimensions: tuple[str, ...]
    """The dimensions that it always has. Some metrics are published with further ones too, such
    as `ContainerName`."""


@dataclass(frozen=True, slots=True)
class Publishes:
    """All metrics that a kind of target publishes in the namespaces of `LISTED`."""

    metrics: tuple[Published, ...] = ()
    """The metrics. Default: none."""

    instead: tuple[tuple[str, str], ...] = ()
    """What it publishes in place of metrics of other kinds, where the names are not alike."""

    def find(self, namespace: str, name: str) -> Published | None:
        """The metric, or None where it is never published."""
        for metric in self.metrics:
            if (metric.namespace, metric.name) == (namespace, name):
                return metric
        return None


def _published(namespace: str, dimensions: tuple[str, ...], names: str) -> tuple[Published, ...]:
    return tuple(Published(namespace, name, dimensions) for name in names.split())


# SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch": endpoint metrics,
# endpoint invocation metrics, multi-model endpoint metrics.
SAGEMAKER = "AWS/SageMaker"
_ENDPOINTS = "/aws/sagemaker/Endpoints"
_COMPONENTS = "/aws/sagemaker/InferenceComponents"
# The normalized ones are documented for instances under inference components; that others never have
# them is not known.
_INSTANCE_METRICS = _published(
    _ENDPOINTS,
    VARIANT,
    "CPUUtilization CPUUtilizationNormalized MemoryUtilization DiskUtilization GPUUtilization "
    "GPUUtilizationNormalized GPUMemoryUtilization GPUMemoryUtilizationNormalized",
)
_ERRORS_AND_LATENCY = "Invocation4XXErrors Invocation5XXErrors ModelLatency"
_INVOCATIONS = (
    f"{_ERRORS_AND_LATENCY} Invocations InvocationModelErrors OverheadLatency FirstChunkLatency "
    "FirstChunkModelLatency FirstChunkOverheadLatency MidStreamErrors"
)

REALTIME = Publishes(
    metrics=(
        *_published(
            SAGEMAKER,
            VARIANT,
            f"{_INVOCATIONS} InvocationsPerInstance ConcurrentRequestsPerModel "
            # Multi-model endpoints and containers that are invoked directly.
            "ModelLoadingWaitTime ModelUnloadingTime ModelDownloadingTime ModelLoadingTime "
            "ModelCacheHit ContainerLatency",
        ),
        *_INSTANCE_METRICS,
        *_published(_ENDPOINTS, VARIANT, "LoadedModelCount"),
    ),
    instead=(
        ("InvocationsPerCopy", "InvocationsPerInstance"),
        ("InvocationsProcessed", "Invocations"),
    ),
)

# SageMaker developer guide, "Alarms and logs for tracking metrics from asynchronous endpoints": an
# exhaustive list, without Invocations, InvocationsPerInstance and OverheadLatency.
ASYNCHRONOUS = Publishes(
    metrics=(
        *_published(
            SAGEMAKER,
            VARIANT,
            f"{_ERRORS_AND_LATENCY} InvocationsProcessed InvocationFailures ExpiredRequests "
            "RequestDownloadFailures RequestDownloadLatency ResponseUploadFailures "
            "ResponseUploadLatency NotificationFailures TimeInBacklog TotalProcessingTime",
        ),
        *_published(
            SAGEMAKER,
            ENDPOINT,
            "ApproximateBacklogSize ApproximateBacklogSizePerInstance "
            "ApproximateAgeOfOldestRequest HasBacklogWithoutCapacity",
        ),
        *_INSTANCE_METRICS,
    ),
    instead=(
        ("Invocations", "InvocationsProcessed"),
        ("InvocationsPerInstance", "ApproximateBacklogSizePerInstance"),
        ("OverheadLatency", "TotalProcessingTime"),
    ),
)

# SageMaker developer guide, "Alarms and logs for tracking metrics from serverless endpoints": an
# exhaustive list.
SERVERLESS = Publishes(
    metrics=(
        *_published(
            SAGEMAKER,
            VARIANT,
            f"{_ERRORS_AND_LATENCY} Invocations OverheadLatency ModelSetupTime "
            "ServerlessConcurrentExecutionsUtilization "
            "ServerlessProvisionedConcurrencyExecutions "
            "ServerlessProvisionedConcurrencyUtilization "
            "ServerlessProvisionedConcurrencyInvocations "
            "ServerlessProvisionedConcurrencySpilloverInvocations",
        ),
        *_published(_ENDPOINTS, VARIANT, "MemoryUtilization"),
    ),
)

# SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch" (by component, not
# by variant) and "Scale an endpoint to zero instances" (NoCapacityInvocationFailures).
COMPONENT = Publishes(
    metrics=(
        *_published(
            SAGEMAKER,
            COPIES,
            f"{_INVOCATIONS} InvocationsPerCopy ConcurrentRequestsPerCopy "
            "NoCapacityInvocationFailures",
        ),
        *_published(
            _COMPONENTS,
            COPIES,
            "CPUUtilizationNormalized MemoryUtilizationNormalized GPUUtilizationNormalized "
            "GPUMemoryUtilizationNormalized",
        ),
    ),
)

NOTHING = Publishes()
"""Of what is no endpoint."""

ANY = Publishes(
    (
        *REALTIME.metrics,
        *ASYNCHRONOUS.metrics,
        *SERVERLESS.metrics,
        *COMPONENT.metrics,
        # Of the instances under inference components.
        *_published(_ENDPOINTS, VARIANT, "CPUReservation GPUReservation MemoryReservation"),
    )
)
"""What any of them publishes."""

LISTED = (SAGEMAKER, _ENDPOINTS, _COMPONENTS)
"""The namespaces whose metrics are listed wholly. Of others it is not known what exists."""
