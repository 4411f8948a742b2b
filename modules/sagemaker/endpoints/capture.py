"""What an endpoint writes to S3 beside its answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ...rules import Problem, rule
from ...spec import Aws, Between, Check, Many, Matches, S3Uri, Spec

CAPT1 = rule(
    "CAPT1",
    refuses="a sampling percentage outside 0 to 100",
    message="must be from {low} to {high} percent",
    source="botocore sagemaker SamplingPercentage",
)
CAPT3 = rule(
    "CAPT3",
    refuses="no capture mode, or one twice",
    message="must be Input, Output or both, each once",
    source="botocore sagemaker CaptureOptionList",
)
CAPT4 = rule(
    "CAPT4",
    refuses="a destination in S3 over 512 characters",
    message="must have at most 512 characters",
    source="botocore sagemaker DestinationS3Uri",
)
CAPT5 = rule(
    "CAPT5",
    refuses="a capture destination that ends in /",
    message="must not end in /: SageMaker adds one of its own, and the keys of what is captured "
    "would have //, which Model Monitor does not find; leave the last / out",
    source="aws/amazon-sagemaker-examples #1938",
)


CAPT7 = rule(
    "CAPT7",
    refuses="captured traffic of asynchronous and serverless endpoints",
    message="is not supported: AWS captures no traffic of asynchronous and serverless endpoints, and S3 "
    "holds each request and response of an asynchronous one anyway; leave it out",
    source="SageMaker developer guide, supported features (data capture: real-time inference and batch "
    "transform alone)",
)
CAPT8 = rule(
    "CAPT8",
    refuses="a content type of captured data that SageMaker does not take",
    message="must be a media type of letters, digits and hyphens with at most 256 characters, such as "
    "text/csv or application/json",
    source="botocore sagemaker CsvContentType, JsonContentType",
)
CAPT9 = rule(
    "CAPT9",
    refuses="more than 10 content types of captured data in one list",
    message="must have at most 10 content types",
    source="botocore sagemaker CsvContentTypes, JsonContentTypes",
)
CAPT10 = rule(
    "CAPT10",
    refuses="a content type of captured data twice",
    message="is named twice among csv_content_types and json_content_types; SageMaker captures a body "
    "in one form",
    source="SageMaker API reference, CaptureContentTypeHeader",
)


def _destination_fits(uri: str) -> bool:
    return len(uri) <= 512


Destination = Annotated[S3Uri, Check(CAPT4, _destination_fits)]
"""An S3 location that SageMaker writes to."""


_ContentType = Annotated[
    str,
    Matches(
        CAPT8,
        r"(?=.{1,256}\Z)[a-zA-Z0-9](-*[a-zA-Z0-9])*/[a-zA-Z0-9](-*[a-zA-Z0-9.])*",
    ),
]


class DataCapture(Spec):
    """Requests and responses written to S3, for monitoring and retraining."""

    sampling_percent: Annotated[
        int, Between(CAPT1, 0, 100), Aws("sagemaker:DataCaptureConfig.InitialSamplingPercentage")
    ] = 100
    """The share of requests that is written. Default: all."""

    modes: Annotated[
        Many[Annotated[Literal["Input", "Output"], Aws("sagemaker:CaptureOption.CaptureMode")]],
        Check(CAPT3, lambda modes: 0 < len(modes) == len(set(modes))),
    ] = ("Input", "Output")
    """What is written: requests, responses or both. Default: both."""

    destination: (
        Annotated[
            Destination,
            Check(CAPT5, lambda uri: not uri.endswith("/")),
            Aws("sagemaker:DataCaptureConfig.DestinationS3Uri"),
        ]
        | None
    ) = None
    """Where to. Default: `data-capture/{endpoint}` in the environment's artifact bucket."""

    csv_content_types: Annotated[
        Many[Annotated[_ContentType, Aws("sagemaker:CaptureContentTypeHeader.CsvContentTypes")]],
        Check(CAPT9, lambda types: len(types) <= 10),
    ] = ()
    """Content types of bodies that are captured as CSV text. Default: none; every body of a type that
    is in neither list is captured in Base64."""

    json_content_types: Annotated[
        Many[Annotated[_ContentType, Aws("sagemaker:CaptureContentTypeHeader.JsonContentTypes")]],
        Check(CAPT9, lambda types: len(types) <= 10),
    ] = ()
    """Content types of bodies that are captured as JSON. Default: none, as above."""

    def check(self) -> Iterator[Problem]:
        """No content type is captured in two forms."""
        seen: set[str] = set()
        for field in ("csv_content_types", "json_content_types"):
            for index, each in enumerate(getattr(self, field)):
                if each.casefold() in seen:
                    yield CAPT10.problem(field, index, got=each)
                seen.add(each.casefold())


class CoreDumps(Spec):
    """Core dumps of crashed containers, written to S3 under the environment's key."""

    destination: (
        Annotated[Destination, Aws("sagemaker:ProductionVariantCoreDumpConfig.DestinationS3Uri")]
        | None
    ) = None
    """Where to. Default: `core-dumps/{endpoint}` in the environment's artifact bucket."""
