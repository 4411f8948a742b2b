"""What is rarely set of the instances of a variant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ...rules import Problem, rule
from ...spec import Aws, Between, Spec
from .capture import CoreDumps
from .routing import PrefixAware

RT8 = rule(
    "RT8",
    refuses="a volume outside 1 to 512 GB",
    message="must be from {low} to {high} GB",
    source="botocore sagemaker ProductionVariantVolumeSizeInGB",
)
RT10 = rule(
    "RT10",
    refuses="a download or start-up timeout outside 60 to 3,600 seconds",
    message="must be from {low} to {high} seconds",
    source="botocore sagemaker ProductionVariantModelDataDownloadTimeoutInSeconds",
)
IC41 = rule(
    "IC41",
    refuses="another routing strategy beside routing by how requests begin",
    message="is not supported beside prefix_aware, which is a strategy of its own; leave one out",
    source="botocore sagemaker ProductionVariantRoutingConfig",
)

TimeoutSeconds = Annotated[int, Between(RT10, 60, 3600)]
"""60 to 3,600 seconds."""


class Host(Spec):
    """What is rarely set of each instance of a variant. What is left out, SageMaker chooses."""

    volume_size_gb: (
        Annotated[int, Between(RT8, 1, 512), Aws("sagemaker:ProductionVariant.VolumeSizeInGB")]
        | None
    ) = None
    """The size of each instance's storage volume in GB. Default: SageMaker chooses. Not for
    instance types with local storage."""

    startup_timeout_seconds: (
        Annotated[
            TimeoutSeconds,
            Aws("sagemaker:ProductionVariant.ContainerStartupHealthCheckTimeoutInSeconds"),
        ]
        | None
    ) = None
    """Seconds that the container may take until its first good ping. Default: SageMaker's
    own limit, about 4 minutes."""

    download_timeout_seconds: (
        Annotated[
            TimeoutSeconds, Aws("sagemaker:ProductionVariant.ModelDataDownloadTimeoutInSeconds")
        ]
        | None
    ) = None
    """Seconds that fetching the artifact may take. Default: SageMaker's own limit."""

    inference_ami_version: (
        Annotated[
            Literal[
                "al2-ami-sagemaker-inference-gpu-2",
                "al2-ami-sagemaker-inference-gpu-2-1",
                "al2-ami-sagemaker-inference-gpu-3-1",
                "al2-ami-sagemaker-inference-neuron-2",
                "al2023-ami-sagemaker-inference-gpu-4-1",
            ],
            Aws("sagemaker:ProductionVariant.InferenceAmiVersion"),
        ]
        | None
    ) = None
    """The machine image, which fixes the driver: an image's CUDA must not be newer. Default:
    SageMaker chooses."""

    routing_strategy: (
        Annotated[
            Literal["LEAST_OUTSTANDING_REQUESTS", "RANDOM"],
            Aws("sagemaker:ProductionVariantRoutingConfig.RoutingStrategy"),
        ]
        | None
    ) = None
    """How requests reach the instances. Default: AWS's default, at random."""

    prefix_aware: PrefixAware | None = None
    """Routing by how requests begin, instead of `routing_strategy`. Default: none."""

    core_dumps: CoreDumps | None = None
    """Core dumps of crashed containers. Default: none."""

    ssm_access: bool = False
    """Whether people get a shell in the containers, with Systems Manager's Session Manager: who may
    `ssm:StartSession` on the endpoint. AWS Support has to allow it for the account first, and delays
    security patches of such instances, and the replacement of faulty ones, by a day. Default: False."""

    def check(self) -> Iterator[Problem]:
        """Requests are routed in one way."""
        yield from super().check()
        if self.prefix_aware is not None and self.routing_strategy is not None:
            yield IC41.problem("routing_strategy", got=self.routing_strategy)
