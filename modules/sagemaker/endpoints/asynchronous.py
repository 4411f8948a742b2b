"""Asynchronous endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from ...rules import Problem, Rule, rule
from ...scaling.kinds import ASYNCHRONOUS
from ...spec import Aws, Between, Many, S3Uri, Spec, arn_of
from ..sources import OwnModelSource, source_problems
from .base import Guarded, Hosted, InVpc, OneVariant, single
from .capacity import PooledInstances
from .capture import CAPT7, Destination
from .shadow import SHD4

ASY2 = rule(
    "ASY2",
    refuses="a concurrency per instance outside 1 to 1,000",
    message="must be from {low} to {high}",
    source="botocore sagemaker MaxConcurrentInvocationsPerInstance",
)
ASY4 = rule(
    "ASY4",
    refuses="responses included in notifications to a topic that is not given",
    message="names {kind}, but {kind}_topic is not given",
    source="botocore sagemaker AsyncInferenceNotificationConfig",
)
ASY6 = rule(
    "ASY6",
    refuses="Inf1 instances under asynchronous inference",
    message="is Inf1, which asynchronous inference does not support; use ml.inf2.xlarge",
    source="SageMaker developer guide, asynchronous inference, feature exclusions",
)

ASY11 = rule(
    "ASY11",
    refuses="a FIFO topic that an asynchronous endpoint is to tell",
    message="is a FIFO topic, which takes no message without a MessageGroupId, and an endpoint has none to give; name "
    "a standard topic",
    source="Amazon SNS API reference, Publish MessageGroupId (every message must include one); botocore sagemaker "
    "AsyncInferenceNotificationConfig, which has no member for it",
    severity="warning",
)

TopicArn = Annotated[
    str, arn_of("sns", "arn:aws:sns:us-east-1:111122223333:predictions", r"[\w.-]+")
]


class Notifications(Spec):
    """The SNS topics that an asynchronous endpoint tells of each response and failure."""

    success_topic: (
        Annotated[TopicArn, Aws("sagemaker:AsyncInferenceNotificationConfig.SuccessTopic")] | None
    ) = None
    """The SNS topic notified of each answer. Default: none."""

    error_topic: (
        Annotated[TopicArn, Aws("sagemaker:AsyncInferenceNotificationConfig.ErrorTopic")] | None
    ) = None
    """The SNS topic notified of each failure. Default: none."""

    include_response_in: Annotated[
        Many[Literal["success", "error"]],
        Aws("sagemaker:AsyncInferenceNotificationConfig.IncludeInferenceResponseIn"),
    ] = ()
    """In which notifications answers of up to 128 KB are included. Default: in none."""

    def check(self) -> Iterator[Problem]:
        """A response is included in a notification that is sent."""
        topics = {"success": self.success_topic, "error": self.error_topic}
        for kind in self.include_response_in:
            if topics[kind] is None:
                yield ASY4.problem("include_response_in", kind=kind)
        for name, topic in topics.items():
            if topic is not None and topic.endswith(".fifo"):
                yield ASY11.problem(f"{name}_topic", got=topic)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics."""
        return tuple(topic for topic in (self.success_topic, self.error_topic) if topic)


class AsyncEndpoint(OneVariant, InVpc, PooledInstances, Guarded):
    """A SageMaker asynchronous endpoint: requests queue, answers go to S3, and it can scale to
    zero."""

    model: OwnModelSource
    """What is served."""

    max_concurrent_invocations_per_instance: (
        Annotated[
            int,
            Between(ASY2, 1, 1000),
            Aws("sagemaker:AsyncInferenceClientConfig.MaxConcurrentInvocationsPerInstance"),
        ]
        | None
    ) = None
    """How many requests a container gets at once. Default: SageMaker chooses."""

    input: S3Uri | None = None
    """Where callers put requests, which the role may read. Default: `async/{endpoint}/input`
    in the environment's artifact bucket."""

    output: (
        Annotated[Destination, Aws("sagemaker:AsyncInferenceOutputConfig.S3OutputPath")] | None
    ) = None
    """Where answers go. Default: `async/{endpoint}/output` likewise."""

    failure_output: (
        Annotated[Destination, Aws("sagemaker:AsyncInferenceOutputConfig.S3FailurePath")] | None
    ) = None
    """Where failures go. Default: `async/{endpoint}/failure` likewise."""

    notifications: Notifications | None = None
    """The SNS topics notified of responses and failures. Default: none."""

    excluded: ClassVar[Mapping[str, Rule]] = {"data_capture": CAPT7, "shadow": SHD4}

    kind = "asynchronous"
    family = "asynchronous"
    scales = ASYNCHRONOUS

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails and notifications."""
        yield from super().check()
        for instance_type in self.instance_types:
            for problem in source_problems(self.model, instance_type):
                yield problem.under("model")
        if self.instance_type.startswith("ml.inf1."):
            yield ASY6.problem("instance_type", got=self.instance_type)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (single(self.variant, self.model, self),)
