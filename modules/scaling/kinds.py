"""What scales: the closed set of kinds of targets."""

from __future__ import annotations

from dataclasses import dataclass

from ..alarms import published
from ..alarms.published import COPIES, FUNCTION, SERVICE, VARIANT, Publishes


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of scalable target and what it takes."""

    name: str
    """How messages call it."""

    unit: str
    """What one unit of its capacity is."""

    dimension: str
    """The scalable dimension, which begins with the service namespace."""

    dimensions: tuple[str, ...]
    """The CloudWatch dimensions of its own metrics."""

    floor: int = 0
    """The least that `min_capacity` may be."""

    step_scaling: bool = True
    """Whether it takes step scaling policies."""

    to_zero: str = ""
    """Where the floor is above zero: what scales to zero instead."""

    publishes: Publishes = published.NOTHING
    """The CloudWatch metrics that it publishes."""

    @property
    def units(self) -> str:
        """Several units of its capacity."""
        return {"copy": "copies", "provisioned concurrency": self.unit}.get(
            self.unit, f"{self.unit}s"
        )

    @property
    def namespace(self) -> str:
        """The service namespace: `sagemaker`, `ecs` or `lambda`; `kubernetes` for pods."""
        return self.dimension.partition(":")[0]


REALTIME = Kind(
    "a real-time endpoint",
    "instance",
    "sagemaker:variant:DesiredInstanceCount",
    VARIANT,
    floor=1,
    to_zero="use an asynchronous endpoint, a serverless endpoint, or inference components, "
    "whose copies scale to zero",
    publishes=published.REALTIME,
)
ASYNCHRONOUS = Kind(
    "an asynchronous endpoint",
    "instance",
    "sagemaker:variant:DesiredInstanceCount",
    VARIANT,
    publishes=published.ASYNCHRONOUS,
)
SERVERLESS = Kind(
    "a serverless endpoint",
    "provisioned concurrency",
    "sagemaker:variant:DesiredProvisionedConcurrency",
    VARIANT,
    floor=1,
    to_zero="leave provisioned concurrency out: serverless endpoints scale to zero by themselves",
    publishes=published.SERVERLESS,
)
COMPONENT = Kind(
    "an inference component",
    "copy",
    "sagemaker:inference-component:DesiredCopyCount",
    COPIES,
    publishes=published.COMPONENT,
)
ECS_SERVICE = Kind(
    "an ECS service",
    "task",
    "ecs:service:DesiredCount",
    SERVICE,
    publishes=published.ECS_SERVICE,
)
LAMBDA = Kind(
    "a Lambda function",
    "provisioned concurrency",
    "lambda:function:ProvisionedConcurrency",
    FUNCTION,
    step_scaling=False,
    publishes=published.LAMBDA,
)
POD = Kind(
    "an EKS service",
    "pod",
    "kubernetes:deployment:Replicas",
    (),
    floor=1,
    publishes=published.PODS,
)
"""The pods of an EKS service, which a HorizontalPodAutoscaler scales."""

KINDS = (REALTIME, ASYNCHRONOUS, SERVERLESS, COMPONENT, ECS_SERVICE, LAMBDA)
"""What Application Auto Scaling scales."""
