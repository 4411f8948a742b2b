"""What is asked of SageMaker endpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from ..context import Context
from ..ecr.spec import ECR1, ECR2, ECR3, ECR9, EXAMPLE_IMAGE, Image, parse_image
from ..rules import Problem, Rule, rule
from ..scaling.kinds import REALTIME
from ..scaling.spec import Scaling
from ..spec import Between, Check, Known, Many, OneOf, S3Uri, ShortName, Spec
from ..vpc.spec import RetentionDays
from .instances import instance_type_names, instance_types

MDL9 = rule(
    "MDL9",
    refuses="an artifact that is neither one .tar.gz object nor a prefix ending in /",
    message="must be one .tar.gz object or a prefix ending in /, as an s3:// URI or as a key in "
    "the environment's artifact bucket, such as fraud/1.4.2/model.tar.gz",
    source="SageMaker API reference, ContainerDefinition ModelDataUrl and S3ModelDataSource",
)
MDL17 = rule(
    "MDL17",
    refuses="environment variables beyond SageMaker's limits",
    message="must be at most 100 variables whose names are letters, digits and _ and whose "
    "values have at most 1,024 characters, 32 KiB together",
    source="botocore sagemaker EnvironmentMap, EnvironmentKey, EnvironmentValue",
)
RT2 = rule(
    "RT2",
    refuses="an instance type that SageMaker does not host on",
    message="is not a SageMaker hosting instance type{hint}",
    source="botocore sagemaker ProductionVariantInstanceType",
)
RT3 = rule(
    "RT3",
    refuses="an instance type without a price in the region",
    message="has no price for hosting in {region}, so it is probably not sold there{hint}",
    source="AWS Price List, Amazon SageMaker hosting",
    severity="warning",
)
RT4 = rule(
    "RT4",
    refuses="an instance count outside 1 to 10,000",
    message="must be from {low} to {high}",
    source="botocore sagemaker InitialTaskCount (at least 1)",
)
RT8 = rule(
    "RT8",
    refuses="a volume outside 1 to 512 GB",
    message="must be from {low} to {high} GB",
    source="botocore sagemaker ProductionVariantVolumeSizeInGB",
)
RT9 = rule(
    "RT9",
    refuses="a volume size on an instance type with local storage",
    message="cannot be set: {instance_type} has {local_gb} GB of its own; leave it out",
    source="SageMaker developer guide, host instance storage volumes",
)
RT10 = rule(
    "RT10",
    refuses="a download or start-up timeout outside 60 to 3,600 seconds",
    message="must be from {low} to {high} seconds",
    source="botocore sagemaker ProductionVariantModelDataDownloadTimeoutInSeconds",
)
RT24 = rule(
    "RT24",
    refuses="an instance count beside scaling",
    message="must be left out where scaling is given: an endpoint starts with "
    "scaling.min_capacity instances",
    source="Inferra: UpdateEndpoint resets counts to the configuration's",
)
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
RT25 = rule(
    "RT25",
    refuses="one instance in a protected environment",
    message="is one instance in a protected environment; two in two zones survive the loss of one",
    source="SageMaker developer guide, best practices for deploying models",
    severity="warning",
)


def _environment_fits(variables: dict[str, str]) -> bool:
    return (
        len(variables) <= 100
        and all(
            re.fullmatch(r"[a-zA-Z_]\w{0,1023}", key, re.ASCII) and len(value) <= 1024
            for key, value in variables.items()
        )
        and sum(len(key) + len(value) for key, value in variables.items()) <= 32 * 1024
    )


def _is_artifact(value: str) -> bool:
    location = value.removeprefix("s3://")
    return (
        bool(re.fullmatch(r"[A-Za-z0-9!_.*'()/=+@-]{1,1000}", location))
        and not location.startswith("/")
        and "//" not in location
        and location.endswith((".tar.gz", "/"))
        and (value == location or "/" in location)
    )


_example = {"example": EXAMPLE_IMAGE}

InstanceTypeName = Annotated[
    str, Known(RT2, instance_type_names, aws="sagemaker:ProductionVariant.InstanceType")
]
TimeoutSeconds = Annotated[
    int,
    Between(RT10, 60, 3600, aws="sagemaker:ProductionVariant.ModelDataDownloadTimeoutInSeconds"),
]
"""60 to 3,600 seconds."""


def _image_rule(rule: Rule, good: Callable[[re.Match[str]], bool]) -> Check:
    """A check of an image URI; an Image has its own."""

    def test(value: Image | str) -> bool:
        match = parse_image(value) if isinstance(value, str) else None
        return match is None or good(match)

    return Check(rule, test, lambda _: _example)


class Model(Spec):
    """A SageMaker model: one container image and the artifact that it serves."""

    image: Annotated[
        Image | str,
        OneOf(),
        Check(
            ECR9,
            lambda image: isinstance(image, Image) or parse_image(image) is not None,
            lambda _: _example,
        ),
        _image_rule(ECR1, lambda uri: bool(uri["tag"] or uri["digest"])),
        _image_rule(ECR2, lambda uri: bool(uri["digest"]) or uri["tag"] != "latest"),
    ]
    """The container: an `Image` in the environment's registry, or an ECR URI with tag or
    digest."""

    artifact: Annotated[str, Check(MDL9, _is_artifact)] | None = None
    """The model: one `.tar.gz`, or a prefix ending in `/` whose objects are served as they
    are. An `s3://` URI, or a key in the environment's artifact bucket. Without it the image
    holds the model."""

    environment: Annotated[dict[str, str], Check(MDL17, _environment_fits)] = {}
    """The container's environment variables."""

    network_isolation: bool | None = None
    """Whether the container has no network at all. Without it: yes where `artifact` is given,
    as SageMaker itself fetches the artifact."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image is in the environment's region."""
        match = parse_image(self.image) if isinstance(self.image, str) else None
        if match and match["region"] != context.region:
            yield ECR3.problem(
                "image", got=self.image, other=match["region"], region=context.region
            )

    def image_uri(self, context: Context) -> str:
        """The image's URI."""
        return self.image if isinstance(self.image, str) else self.image.uri(context)

    def artifact_uri(self, bucket: str) -> str | None:
        """The artifact's S3 URI, in `bucket` where the Spec gives only a key."""
        if self.artifact is None or self.artifact.startswith("s3://"):
            return self.artifact
        return f"s3://{bucket}/{self.artifact}"

    @property
    def isolated(self) -> bool:
        """Whether the container has no network."""
        if self.network_isolation is None:
            return self.artifact is not None
        return self.network_isolation


class DataCapture(Spec):
    """Requests and responses written to S3, for monitoring and retraining."""

    sampling_percent: Annotated[int, Between(CAPT1, 0, 100)] = 100
    """The share of requests that is written. Without it, all."""

    modes: Annotated[
        Many[Literal["Input", "Output"]],
        Check(CAPT3, lambda modes: 0 < len(modes) == len(set(modes))),
    ] = ("Input", "Output")
    """What is written: requests, responses or both. Without it, both."""

    destination: S3Uri | None = None
    """Where to. Without it `data-capture/{endpoint}` in the environment's artifact bucket."""


class RealtimeEndpoint(Spec):
    """A SageMaker real-time endpoint: one model on instances that are always up."""

    model: Model
    """What is served."""

    instance_type: InstanceTypeName
    """The instance type, such as `ml.m5.xlarge`."""

    instance_count: Annotated[int, Between(RT4, 1, 10_000)] | None = None
    """How many instances. Without it 1, or what `scaling` decides."""

    scaling: Scaling | None = None
    """How the number of instances follows the load. Without it, it does not."""

    variant: ShortName = "primary"
    """The production variant's name, which alarms and scaling refer to."""

    vpc: bool = True
    """Whether the containers' network interfaces are in the environment's private subnets.
    Without it, yes."""

    data_capture: DataCapture | None = None
    """Capture of requests and responses. Without it, none."""

    volume_size_gb: Annotated[int, Between(RT8, 1, 512)] | None = None
    """The size of each instance's storage volume in GB. Without it SageMaker chooses. Not for
    instance types with local storage."""

    startup_timeout_seconds: TimeoutSeconds | None = None
    """Seconds that the container may take until its first good ping. Without it SageMaker's
    own limit, about 4 minutes."""

    download_timeout_seconds: TimeoutSeconds | None = None
    """Seconds that fetching the artifact may take. Without it SageMaker's own limit."""

    log_retention_days: RetentionDays = 30
    """Days that the endpoint's log group keeps events. Without it, 30."""

    def check(self) -> Iterator[Problem]:
        """The rules between instance type, volume, counts and scaling."""
        facts = instance_types()[self.instance_type]
        if self.volume_size_gb is not None and facts.local_gb:
            yield RT9.problem(
                "volume_size_gb",
                got=self.volume_size_gb,
                instance_type=self.instance_type,
                local_gb=facts.local_gb,
            )
        if self.scaling is None:
            return
        if self.instance_count is not None:
            yield RT24.problem("instance_count", got=self.instance_count)
        for problem in self.scaling.problems_for(REALTIME, instance_type=self.instance_type):
            yield problem.under("scaling")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The instance type is sold in the region; production has more than one instance."""
        facts = instance_types()[self.instance_type]
        if facts.sold_in(context.region) is not True:
            yield RT3.problem(
                "instance_type",
                got=self.instance_type,
                region=context.region,
                hint=_sold_instead(self.instance_type, context.region),
            )
        if context.protected and self.initial_count == 1:
            field = "instance_count" if self.scaling is None else "scaling"
            yield RT25.problem(field, got=1)

    @property
    def initial_count(self) -> int:
        """How many instances the endpoint configuration names."""
        return self.scaling.min_capacity if self.scaling else self.instance_count or 1


def _sold_instead(name: str, region: str) -> str:
    """A type of the same size and accelerator that the region sells, as a hint."""
    wanted = instance_types()[name]
    size = name.rpartition(".")[2]
    same = [
        other
        for other, facts in instance_types().items()
        if other.endswith(f".{size}") and facts.sold_in(region) and facts.gpus == wanted.gpus
    ]
    return f"; {same[-1]} is" if same else ""
