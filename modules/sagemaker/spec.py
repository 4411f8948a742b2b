"""What is asked of SageMaker endpoints: one type for each way of hosting.

What AWS refuses to combine is a different type, so that it cannot be written.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from ..context import Context
from ..rules import Problem, rule
from ..scaling.kinds import ASYNCHRONOUS, REALTIME, SERVERLESS, Kind
from ..scaling.spec import Scaling, StepScaling
from ..spec import Aws, Between, Check, Known, Many, OneOf, S3Uri, ShortName, Spec, arn_of
from ..vpc.spec import RetentionDays
from .guardrails import (
    DEP10,
    DEP14,
    AllAtOnce,
    Canary,
    Linear,
    Rolling,
    Rollout,
)
from .instances import InstanceType, instance_type_names, instance_types
from .model import (
    MDL9,
    MDL14,
    MDL17,
    ContainerEnvironment,
    ContainerImage,
    FrameworkContainer,
    JumpStartModel,
    Model,
    ModelPackage,
    environment_problems,
    environment_size,
    fetches_secrets,
    image_in_region,
    is_location,
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
    source="botocore sagemaker InitialTaskCount (at least 1); Inferform: no account's quota goes beyond "
    "10,000",
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
    source="Inferform: UpdateEndpoint resets counts to the configuration's",
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
AAS45 = rule(
    "AAS45",
    refuses="a step scaling policy whose alarm would have the name of a rollback alarm",
    message="is the name of an alarm that rolls back this endpoint's rollouts; choose another",
    source="CloudWatch API reference, PutMetricAlarm (an alarm of the same name is overwritten)",
)
RT25 = rule(
    "RT25",
    refuses="one instance in a protected environment",
    message="is one instance in a protected environment; two in two zones survive the loss of one",
    source="SageMaker developer guide, best practices for deploying models",
    severity="warning",
)
RT1 = rule(
    "RT1",
    refuses="no production variant, or more than 10",
    message="must be from 1 to 10 production variants",
    source="botocore sagemaker ProductionVariantList",
)
RT6 = rule(
    "RT6",
    refuses="a negative weight, or only weights of zero",
    message="must be 0 or more, and above 0 for at least one variant",
    source="botocore sagemaker VariantWeight; with all at zero no variant gets traffic",
)
RT7 = rule(
    "RT7",
    refuses="weights whose ratio AWS cannot keep",
    message="have a ratio that does not fit AWS's 32-bit numbers; write them with fewer digits",
    source="hashicorp/terraform-provider-aws #43643 (weights are float32)",
)
RT13 = rule(
    "RT13",
    refuses="an AMI for another accelerator than the instance type's",
    message="is made for {made_for}, which {instance_type} does not have; leave it out",
    source="botocore sagemaker ProductionVariantInferenceAmiVersion",
)
RT19 = rule(
    "RT19",
    refuses="an x86 container on an instance type with Arm processors",
    message="is built for x86_64, but {instance_type} has Arm processors; use an instance type "
    "such as ml.m5.xlarge, or the URI of an arm64 image",
    source="SageMaker developer guide, Graviton instances; deep learning containers",
    severity="warning",
)
RT20 = rule(
    "RT20",
    refuses="a GPU container on an instance type without GPU",
    message="runs on {instance_type}, which has no GPU; use ml.g5.xlarge or the cpu container",
    source="SageMaker developer guide, deep learning containers (inferred)",
    severity="warning",
)
CAPT4 = rule(
    "CAPT4",
    refuses="a destination in S3 over 512 characters",
    message="must have at most 512 characters",
    source="botocore sagemaker DestinationS3Uri",
)
SLS1 = rule(
    "SLS1",
    refuses="a memory size that serverless inference does not offer",
    message="must be 1024, 2048, 3072, 4096, 5120 or 6144 MiB",
    source="botocore sagemaker ServerlessMemorySizeInMB; SageMaker developer guide, serverless "
    "inference, memory size (steps of 1 GB)",
)
SLS2 = rule(
    "SLS2",
    refuses="a concurrency outside 1 to 200",
    message="must be from {low} to {high}",
    source="botocore sagemaker ServerlessMaxConcurrency, ServerlessProvisionedConcurrency",
)
SLS4 = rule(
    "SLS4",
    refuses="more provisioned than maximum concurrency",
    message="({provisioned}) is above max_concurrency ({maximum}); lower it",
    source="botocore sagemaker ProductionVariantServerlessConfig ProvisionedConcurrency",
)
SLS6 = rule(
    "SLS6",
    refuses="what serverless inference does not support: network isolation, GPUs",
    message="cannot be had on a serverless endpoint; use RealtimeEndpoint or leave it out",
    source="SageMaker developer guide, serverless inference, feature exclusions",
)
SLS12 = rule(
    "SLS12",
    refuses="a serverless endpoint in China",
    message="may not be offered in {region}: serverless inference was not in China when last "
    "documented",
    source="SageMaker developer guide, serverless inference, supported Regions",
    severity="warning",
)
SLS13 = rule(
    "SLS13",
    refuses="scaling of a serverless endpoint without provisioned concurrency",
    message="scales provisioned concurrency, which is not given; set provisioned_concurrency, or "
    "leave scaling out as serverless endpoints follow the load by themselves",
    source="SageMaker developer guide, automatic scaling of serverless provisioned concurrency",
)
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
MME2 = rule(
    "MME2",
    refuses="a multi-model endpoint on an instance type with several GPUs",
    message="has {gpus} GPUs, but multi-model endpoints use one; take a single-GPU type such as "
    "ml.g5.xlarge",
    source="SageMaker developer guide, multi-model endpoints, supported instance types",
)
MDL15 = rule(
    "MDL15",
    refuses="models of a multi-model endpoint that are not below one prefix",
    message="must be a prefix ending in /, below which the .tar.gz of each model lies",
    source="SageMaker developer guide, create a multi-model endpoint",
)
PIP1 = rule(
    "PIP1",
    refuses="a multi-container endpoint of fewer than 2 or more than 15 containers",
    message="must be from 2 to 15 containers",
    source="botocore sagemaker ContainerDefinitionList; SageMaker developer guide, inference "
    "pipelines",
)
SHD2 = rule(
    "SHD2",
    refuses="a shadow variant beside what AWS does not shadow",
    message="cannot be shadowed: {what} is not supported in shadow tests",
    source="SageMaker developer guide, shadow tests, feature exclusions",
)
SHD3 = rule(
    "SHD3",
    refuses="a share of shadowed traffic outside 1 to 100 percent",
    message="must be from {low} to {high} percent",
    source="botocore sagemaker CreateEndpointConfigInput ShadowProductionVariants",
)
N7 = rule(
    "N7",
    refuses="two variants of one endpoint with the same name",
    message="is the name of the production variant too; give the shadow another",
    source="botocore sagemaker ProductionVariant VariantName",
)
IC1 = rule(
    "IC1",
    refuses="inference components declared in Terraform",
    message="cannot be declared: hashicorp/aws has no aws_sagemaker_inference_component; create "
    "them on the endpoint with CreateInferenceComponent or the awscc provider",
    source="hashicorp/terraform-provider-aws #35226",
)
IC4 = rule(
    "IC4",
    refuses="a managed instance count out of order",
    message="({maximum}) is below min_instances ({minimum}); raise it",
    source="botocore sagemaker ProductionVariantManagedInstanceScaling",
)


def _destination_fits(uri: str) -> bool:
    return len(uri) <= 512


InstanceTypeName = Annotated[
    str, Known(RT2, instance_type_names), Aws("sagemaker:ProductionVariant.InstanceType")
]
TimeoutSeconds = Annotated[int, Between(RT10, 60, 3600)]
"""60 to 3,600 seconds."""

Destination = Annotated[S3Uri, Check(CAPT4, _destination_fits)]
"""An S3 location that SageMaker writes to."""

Concurrency = Annotated[int, Between(SLS2, 1, 200)]
InstanceCount = Annotated[int, Between(RT4, 1, 10_000)]
InitialCount = Annotated[InstanceCount, Aws("sagemaker:ProductionVariant.InitialInstanceCount")]
VariantName = Annotated[ShortName, Aws("sagemaker:ProductionVariant.VariantName")]
TopicArn = Annotated[
    str, arn_of("sns", "arn:aws:sns:us-east-1:111122223333:predictions", r"[\w.-]+")
]

Source = Model | ModelPackage | JumpStartModel
BlueGreen = AllAtOnce | Canary | Linear
AnyRollout = AllAtOnce | Canary | Linear | Rolling

ModelSource = Annotated[Model | ModelPackage | JumpStartModel, OneOf()]
OwnModelSource = Annotated[Model | ModelPackage, OneOf()]


class DataCapture(Spec):
    """Requests and responses written to S3, for monitoring and retraining."""

    sampling_percent: Annotated[
        int, Between(CAPT1, 0, 100), Aws("sagemaker:DataCaptureConfig.InitialSamplingPercentage")
    ] = 100
    """The share of requests that is written. Without it, all."""

    modes: Annotated[
        Many[Annotated[Literal["Input", "Output"], Aws("sagemaker:CaptureOption.CaptureMode")]],
        Check(CAPT3, lambda modes: 0 < len(modes) == len(set(modes))),
    ] = ("Input", "Output")
    """What is written: requests, responses or both. Without it, both."""

    destination: (
        Annotated[Destination, Aws("sagemaker:DataCaptureConfig.DestinationS3Uri")] | None
    ) = None
    """Where to. Without it `data-capture/{endpoint}` in the environment's artifact bucket."""


class CoreDumps(Spec):
    """Core dumps of crashed containers, written to S3 under the environment's key."""

    destination: (
        Annotated[Destination, Aws("sagemaker:ProductionVariantCoreDumpConfig.DestinationS3Uri")]
        | None
    ) = None
    """Where to. Without it `core-dumps/{endpoint}` in the environment's artifact bucket."""


class Fleet(Spec):
    """The instances of one variant."""

    instance_type: InstanceTypeName
    """The instance type, such as `ml.m5.xlarge`."""

    volume_size_gb: (
        Annotated[int, Between(RT8, 1, 512), Aws("sagemaker:ProductionVariant.VolumeSizeInGB")]
        | None
    ) = None
    """The size of each instance's storage volume in GB. Without it SageMaker chooses. Not for
    instance types with local storage."""

    startup_timeout_seconds: (
        Annotated[
            TimeoutSeconds,
            Aws("sagemaker:ProductionVariant.ContainerStartupHealthCheckTimeoutInSeconds"),
        ]
        | None
    ) = None
    """Seconds that the container may take until its first good ping. Without it SageMaker's
    own limit, about 4 minutes."""

    download_timeout_seconds: (
        Annotated[
            TimeoutSeconds, Aws("sagemaker:ProductionVariant.ModelDataDownloadTimeoutInSeconds")
        ]
        | None
    ) = None
    """Seconds that fetching the artifact may take. Without it SageMaker's own limit."""

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
    """The machine image, which fixes the driver: an image's CUDA must not be newer. Without it
    SageMaker chooses."""

    routing_strategy: (
        Annotated[
            Literal["LEAST_OUTSTANDING_REQUESTS", "RANDOM"],
            Aws("sagemaker:ProductionVariantRoutingConfig.RoutingStrategy"),
        ]
        | None
    ) = None
    """How requests reach the instances. Without it AWS's default, at random."""

    core_dumps: CoreDumps | None = None
    """Core dumps of crashed containers. Without it, none."""

    def check(self) -> Iterator[Problem]:
        """The rules between instance type, volume and machine image."""
        facts = self.facts
        if self.volume_size_gb is not None and facts.local_gb:
            yield RT9.problem(
                "volume_size_gb",
                got=self.volume_size_gb,
                instance_type=self.instance_type,
                local_gb=facts.local_gb,
            )
        ami = self.inference_ami_version
        if ami is not None:
            made_for = "Neuron devices" if "neuron" in ami else "GPUs"
            has = is_neuron(self.instance_type) if "neuron" in ami else facts.gpus != 0
            if not has:
                yield RT13.problem(
                    "inference_ami_version",
                    got=ami,
                    made_for=made_for,
                    instance_type=self.instance_type,
                )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The instance type is sold in the region."""
        if self.facts.sold_in(context.region) is not True:
            yield RT3.problem(
                "instance_type",
                got=self.instance_type,
                region=context.region,
                hint=_sold_instead(self.instance_type, context.region),
            )

    @property
    def facts(self) -> InstanceType:
        """What the instance type has."""
        return instance_types()[self.instance_type]


class Instances(Fleet):
    """Instances whose number may follow the load."""

    instance_count: InitialCount | None = None
    """How many instances. Without it 1, or what `scaling` decides."""

    scaling: Scaling | None = None
    """How the number of instances follows the load. Without it, it does not."""

    scales: ClassVar[Kind] = REALTIME

    def check(self) -> Iterator[Problem]:
        """The rules between instance type, counts and scaling too."""
        yield from super().check()
        if self.scaling is None:
            return
        if self.instance_count is not None:
            yield RT24.problem("instance_count", got=self.instance_count)
        for problem in self.scaling.problems_for(self.scales, instance_type=self.instance_type):
            yield problem.under("scaling")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Production has more than one instance."""
        yield from super().check_in(context)
        if context.protected and self.initial_count == 1 and self.scales is REALTIME:
            field = "instance_count" if self.scaling is None else "scaling"
            yield RT25.problem(field, got=1)

    @property
    def initial_count(self) -> int:
        """How many instances the endpoint configuration names."""
        return max(1, self.scaling.min_capacity) if self.scaling else self.instance_count or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """One variant of an endpoint of any kind, as SageMaker sees it."""

    name: str
    """The variant's name."""

    containers: tuple[tuple[str | None, Source | MultiModelEndpoint], ...]
    """What its model holds, each with its hostname; empty for inference components."""

    mode: Literal["single", "multi-model", "Serial", "Direct", "components"]
    """How the containers work together."""

    isolated: bool
    """Whether the containers have no network."""

    fleet: Fleet | None = None
    """Its instances; None where there are none to choose."""

    count: int = 1
    """How many instances the endpoint configuration names."""

    weight: int | float = 1
    """Its share of the traffic, in a form that AWS keeps exactly."""

    scaling: Scaling | None = None
    """How it follows the load."""

    serverless: ServerlessEndpoint | None = None
    """The serverless settings, where it is serverless."""

    scales: Kind = REALTIME
    """What scaling changes."""

    @property
    def instance_type(self) -> str | None:
        """The instance type, if there are instances."""
        return self.fleet.instance_type if self.fleet else None


class Endpoint(Spec):
    """What endpoints of all kinds have."""

    log_retention_days: RetentionDays = 30
    """Days that the endpoint's log group keeps events. Without it, 30."""

    kind: ClassVar[str]
    """The kind of endpoint, in words."""

    family: ClassVar[str] = "instances"
    """Endpoints of one family can be updated into each other; others are replaced."""

    def hosted(self) -> tuple[Hosted, ...]:
        """The production variants."""
        raise NotImplementedError

    def shadowed(self) -> Hosted | None:
        """The shadow variant, if there is one."""
        return None

    @property
    def guard(self) -> Rollout | None:
        """The deployment guardrails, if the kind has any."""
        return getattr(self, "rollout", None)

    @property
    def in_vpc(self) -> bool:
        """Whether the models are in the environment's VPC."""
        return bool(getattr(self, "vpc", False))

    @property
    def capture(self) -> DataCapture | None:
        """The data capture, if the kind has it."""
        return getattr(self, "data_capture", None)

    def path_to(self, variant: Hosted) -> tuple[str, ...]:
        """The path of the scaling policies of a variant."""
        own = ("variants", variant.name) if "variants" in type(self).model_fields else ()
        return (*own, "scaling", "policies")

    def check_rollout(self) -> Iterator[Problem]:
        """The rules between guardrails and what is hosted."""
        guard = self.guard
        if guard is None:
            return
        variants = self.hosted()
        taken = guard.alarms.kinds if guard.alarms else ()
        count = len(taken) * len(variants) + len(guard.more_alarms)
        if count > 10:
            yield DEP10.problem("rollout", count=count)
        for variant in variants:
            policies = variant.scaling.policies if variant.scaling else ()
            for index, policy in enumerate(policies):
                if isinstance(policy, StepScaling) and policy.label in taken:
                    yield AAS45.problem(*self.path_to(variant), index, "name", got=policy.label)
        if isinstance(guard, AllAtOnce):
            return
        for variant in variants:
            what = _unguarded(variant)
            if what:
                yield DEP14.problem("rollout", what=what)


def _unguarded(variant: Hosted) -> str | None:
    if any(isinstance(source, JumpStartModel) for _, source in variant.containers):
        return "a Marketplace model"
    if (variant.instance_type or "").startswith("ml.inf1."):
        return "an Inf1 instance type"
    return None


def is_neuron(instance_type: str) -> bool:
    """Whether an instance type has AWS's own accelerators."""
    return instance_type.startswith(("ml.inf", "ml.trn"))


def exact_weights(weights: Sequence[float]) -> list[int | float]:
    """Weights with the same ratios that survive AWS's 32-bit numbers.

    Those that do are left as they are; others, such as 0.8 and 0.2, become small integers.
    """
    if all(struct.unpack("f", struct.pack("f", weight))[0] == weight for weight in weights):
        return [int(weight) if weight == int(weight) else weight for weight in weights]
    fractions = [Fraction(str(weight)) for weight in weights]
    scale = math.lcm(*(fraction.denominator for fraction in fractions))
    integers = [int(fraction * scale) for fraction in fractions]
    divisor = math.gcd(*integers)
    return [integer // divisor for integer in integers]


def _weights_fit(weights: Sequence[float]) -> bool:
    return all(weight <= 2**24 for weight in exact_weights(weights))


def source_problems(source: Source, instance_type: str) -> Iterator[Problem]:
    """A GPU container needs a GPU, and AWS's containers are for x86."""
    image = source.image if isinstance(source, Model) else None
    if isinstance(image, FrameworkContainer) and instance_types()[instance_type].arch == "arm64":
        yield RT19.problem("model", "image", instance_type=instance_type)
    needs_gpu = isinstance(image, FrameworkContainer) and image.runs_on == "gpu"
    if needs_gpu and instance_types()[instance_type].gpus == 0:
        yield RT20.problem("model", "image", instance_type=instance_type)


def _single(name: str, model: Source, fleet: Instances, weight: int | float = 1) -> Hosted:
    return Hosted(
        name=name,
        containers=((None, model),),
        mode="single",
        isolated=model.isolated,
        fleet=fleet,
        count=fleet.initial_count,
        weight=weight,
        scaling=fleet.scaling,
        scales=fleet.scales,
    )


class Shadow(Fleet):
    """A shadow variant: it gets copies of requests, and its answers go nowhere."""

    model: OwnModelSource
    """What is tried."""

    instance_count: InitialCount = 1
    """How many instances. Without it, 1."""

    traffic_percent: Annotated[int, Between(SHD3, 1, 100)] = 100
    """The share of requests that is copied. Without it, all."""

    variant: VariantName = "shadow"
    """The shadow variant's name."""


class RealtimeEndpoint(Instances, Endpoint):
    """A SageMaker real-time endpoint: one model on instances that are always up."""

    model: ModelSource
    """What is served."""

    variant: VariantName = "primary"
    """The production variant's name, which alarms and scaling refer to. Changing it replaces
    the endpoint."""

    vpc: bool = True
    """Whether the containers' network interfaces are in the environment's private subnets.
    Without it, yes."""

    data_capture: DataCapture | None = None
    """Capture of requests and responses. Without it, none."""

    shadow: Shadow | None = None
    """A model that is tried on copies of the requests. Without it, none."""

    rollout: Annotated[AllAtOnce | Canary | Linear | Rolling, OneOf()] = AllAtOnce()
    """How updates reach the endpoint, and what rolls them back. Without it all at once, rolled
    back by alarms on the error rates."""

    kind = "real-time"

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails and shadows."""
        yield from super().check()
        yield from self.check_rollout()
        yield from source_problems(self.model, self.instance_type)
        if self.shadow is None:
            return
        if self.shadow.variant == self.variant:
            yield N7.problem("shadow", "variant", got=self.variant)
        if isinstance(self.model, JumpStartModel):
            yield SHD2.problem("shadow", what="a Marketplace model")
        for type_, path in (
            (self.instance_type, ("instance_type",)),
            (self.shadow.instance_type, ("shadow", "instance_type")),
        ):
            if type_.startswith("ml.inf1."):
                yield SHD2.problem(*path, what="an Inf1 instance type")

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (_single(self.variant, self.model, self, self._weights()[0]),)

    def shadowed(self) -> Hosted | None:
        """The shadow variant."""
        shadow = self.shadow
        if shadow is None:
            return None
        return Hosted(
            name=shadow.variant,
            containers=((None, shadow.model),),
            mode="single",
            isolated=shadow.model.isolated,
            fleet=shadow,
            count=shadow.instance_count,
            weight=self._weights()[1],
        )

    def _weights(self) -> list[int | float]:
        if self.shadow is None:
            return [1]
        return exact_weights([1, self.shadow.traffic_percent / 100])


class Variant(Instances):
    """One of several production variants."""

    model: ModelSource
    """What is served."""

    weight: Annotated[
        float,
        Check(RT6, lambda weight: weight >= 0),
        Aws("sagemaker:ProductionVariant.InitialVariantWeight"),
    ] = 1
    """Its share of the traffic, relative to the other variants' weights. Without it, 1."""

    def check(self) -> Iterator[Problem]:
        """A GPU container needs a GPU."""
        yield from super().check()
        yield from source_problems(self.model, self.instance_type)


class MultiVariantEndpoint(Endpoint):
    """A real-time endpoint whose traffic several variants share (A/B)."""

    variants: Annotated[
        dict[VariantName, Variant], Check(RT1, lambda variants: 1 <= len(variants) <= 10)
    ]
    """The production variants by name."""

    vpc: bool = True
    """Whether the containers' network interfaces are in the environment's private subnets.
    Without it, yes."""

    data_capture: DataCapture | None = None
    """Capture of requests and responses. Without it, none."""

    rollout: Annotated[AllAtOnce | Canary | Linear | None, OneOf()] = None
    """How updates reach the endpoint, and what rolls them back. Without it SageMaker's own
    blue/green, under which variants can come and go; with it, a new set of variant names
    replaces the endpoint, as guardrails need the same names on both sides."""

    kind = "real-time, several variants"

    def check(self) -> Iterator[Problem]:
        """The rules between variants."""
        weights = [variant.weight for variant in self.variants.values()]
        if not any(weights):
            yield RT6.problem("variants", got=weights)
        elif not _weights_fit(weights):
            yield RT7.problem("variants", got=weights)
        else:
            yield from self.check_rollout()

    def hosted(self) -> tuple[Hosted, ...]:
        """The production variants."""
        weights = exact_weights([variant.weight for variant in self.variants.values()])
        return tuple(
            _single(name, variant.model, variant, weight)
            for (name, variant), weight in zip(self.variants.items(), weights, strict=True)
        )


class ServerlessEndpoint(Endpoint):
    """A SageMaker serverless endpoint: no instances, billed by use, with cold starts."""

    model: OwnModelSource
    """What is served. Its artifact is one `.tar.gz`, and it has a network."""

    memory_mib: Annotated[
        int,
        Check(SLS1, lambda mib: mib in range(1024, 6145, 1024)),
        Aws("sagemaker:ProductionVariantServerlessConfig.MemorySizeInMB"),
    ] = 2048
    """The container's memory; its share of a CPU follows it. Without it, 2048 MiB."""

    max_concurrency: Annotated[
        Concurrency, Aws("sagemaker:ProductionVariantServerlessConfig.MaxConcurrency")
    ] = 20
    """How many requests it may serve at once. Without it, 20."""

    provisioned_concurrency: (
        Annotated[
            Concurrency, Aws("sagemaker:ProductionVariantServerlessConfig.ProvisionedConcurrency")
        ]
        | None
    ) = None
    """How many of them are kept warm. Without it none, and a cold start after a pause."""

    scaling: Scaling | None = None
    """How the provisioned concurrency follows the load. Without it, it does not."""

    variant: VariantName = "primary"
    """The production variant's name, which alarms and scaling refer to."""

    kind = "serverless"
    family = "serverless"
    scales: ClassVar[Kind] = SERVERLESS

    def check(self) -> Iterator[Problem]:
        """What serverless inference leaves out."""
        provisioned = self.provisioned_concurrency
        if provisioned is not None and provisioned > self.max_concurrency:
            yield SLS4.problem(
                "provisioned_concurrency", provisioned=provisioned, maximum=self.max_concurrency
            )
        if self.model.network_isolation:
            yield SLS6.problem("model", "network_isolation", got=True)
        model = self.model
        if isinstance(model, Model):
            if model.uncompressed:
                yield MDL14.problem(
                    "model", "artifact", got=model.artifact, kind="a serverless endpoint"
                )
            if isinstance(model.image, FrameworkContainer) and model.image.runs_on == "gpu":
                yield SLS6.problem("model", "image", got="a GPU container")
        if self.scaling is None:
            return
        if provisioned is None:
            yield SLS13.problem("scaling")
        limit = (self.max_concurrency, "max_concurrency")
        for problem in self.scaling.problems_for(self.scales, initial=provisioned, limit=limit):
            yield problem.under("scaling")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Serverless inference is offered in the region."""
        if context.region.startswith("cn-"):
            yield SLS12.problem(region=context.region)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (
            Hosted(
                name=self.variant,
                containers=((None, self.model),),
                mode="single",
                isolated=False,
                scaling=self.scaling,
                serverless=self,
                scales=self.scales,
            ),
        )


class AsyncEndpoint(Instances, Endpoint):
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
    """How many requests a container gets at once. Without it SageMaker chooses."""

    input: S3Uri | None = None
    """Where callers put requests, which the role may read. Without it `async/{endpoint}/input`
    in the environment's artifact bucket."""

    output: (
        Annotated[Destination, Aws("sagemaker:AsyncInferenceOutputConfig.S3OutputPath")] | None
    ) = None
    """Where answers go. Without it `async/{endpoint}/output` likewise."""

    failure_output: (
        Annotated[Destination, Aws("sagemaker:AsyncInferenceOutputConfig.S3FailurePath")] | None
    ) = None
    """Where failures go. Without it `async/{endpoint}/failure` likewise."""

    success_topic: (
        Annotated[TopicArn, Aws("sagemaker:AsyncInferenceNotificationConfig.SuccessTopic")] | None
    ) = None
    """The SNS topic that is told of each answer. Without it, none."""

    error_topic: (
        Annotated[TopicArn, Aws("sagemaker:AsyncInferenceNotificationConfig.ErrorTopic")] | None
    ) = None
    """The SNS topic that is told of each failure. Without it, none."""

    include_response_in: Annotated[
        Many[Literal["success", "error"]],
        Aws("sagemaker:AsyncInferenceNotificationConfig.IncludeInferenceResponseIn"),
    ] = ()
    """In which notifications answers of up to 128 KB are included. Without it, in none."""

    variant: VariantName = "primary"
    """The production variant's name, which alarms and scaling refer to. Changing it replaces
    the endpoint."""

    vpc: bool = True
    """Whether the containers' network interfaces are in the environment's private subnets.
    Without it, yes."""

    rollout: Annotated[AllAtOnce | Canary | Linear | Rolling, OneOf()] = AllAtOnce()
    """How updates reach the endpoint, and what rolls them back. Without it all at once, rolled
    back by alarms on the error rates."""

    kind = "asynchronous"
    family = "asynchronous"
    scales = ASYNCHRONOUS

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails and notifications."""
        yield from super().check()
        yield from self.check_rollout()
        yield from source_problems(self.model, self.instance_type)
        if self.instance_type.startswith("ml.inf1."):
            yield ASY6.problem("instance_type", got=self.instance_type)
        for kind in self.include_response_in:
            if getattr(self, f"{kind}_topic") is None:
                yield ASY4.problem("include_response_in", kind=kind)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (_single(self.variant, self.model, self),)


class MultiModelEndpoint(Instances, Endpoint):
    """Many models behind one container, loaded as they are asked for."""

    image: Annotated[ContainerImage, Aws("sagemaker:ContainerDefinition.Image")]
    """A container that can load models, such as Triton or the Multi Model Server."""

    artifacts: Annotated[
        str,
        Check(MDL9, is_location),
        Check(MDL15, lambda value: value.endswith("/")),
        Aws("sagemaker:ContainerDefinition.ModelDataUrl"),
    ]
    """The prefix, ending in `/`, below which the `.tar.gz` of each model lies: an `s3://` URI,
    or a key in the environment's artifact bucket."""

    environment: ContainerEnvironment = {}
    """The container's environment variables."""

    caching: bool = True
    """Whether models stay loaded. Without it, yes; no suits many models that are rarely used."""

    network_isolation: bool | None = None
    """Whether the container has no network at all. Without it yes, unless `environment` names
    a secret."""

    variant: VariantName = "primary"
    """The production variant's name, which alarms and scaling refer to. Changing it replaces
    the endpoint."""

    vpc: bool = True
    """Whether the containers' network interfaces are in the environment's private subnets.
    Without it, yes."""

    data_capture: DataCapture | None = None
    """Capture of requests and responses. Without it, none."""

    rollout: Annotated[AllAtOnce | Canary | Linear | Rolling, OneOf()] = AllAtOnce()
    """How updates reach the endpoint, and what rolls them back. Without it all at once, rolled
    back by alarms on the error rates."""

    kind = "multi-model"

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails and GPUs."""
        yield from super().check()
        yield from self.check_rollout()
        yield from environment_problems(self.environment, isolated=self.isolated)
        if (self.facts.gpus or 0) > 1:
            yield MME2.problem("instance_type", got=self.instance_type, gpus=self.facts.gpus)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image is in the environment's region."""
        yield from super().check_in(context)
        yield from image_in_region(self.image, context)

    @property
    def isolated(self) -> bool:
        """Whether the container has no network."""
        if self.network_isolation is None:
            return not fetches_secrets(self.environment)
        return self.network_isolation

    def image_uri(self, context: Context) -> str:
        """The image's URI."""
        return self.image if isinstance(self.image, str) else self.image.uri(context)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (
            Hosted(
                name=self.variant,
                containers=((None, self),),
                mode="multi-model",
                isolated=self.isolated,
                fleet=self,
                count=self.initial_count,
                scaling=self.scaling,
            ),
        )


class _Containers(Instances, Endpoint):
    variant: VariantName = "primary"
    """The production variant's name, which alarms and scaling refer to. Changing it replaces
    the endpoint."""

    vpc: bool = True
    """Whether the containers' network interfaces are in the environment's private subnets.
    Without it, yes."""

    data_capture: DataCapture | None = None
    """Capture of requests and responses. Without it, none."""

    rollout: Annotated[AllAtOnce | Canary | Linear | Rolling, OneOf()] = AllAtOnce()
    """How updates reach the endpoint, and what rolls them back. Without it all at once, rolled
    back by alarms on the error rates."""

    def named(self) -> tuple[tuple[str | None, Model], ...]:
        """The containers with their hostnames."""
        raise NotImplementedError

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails, and the containers together."""
        yield from super().check()
        yield from self.check_rollout()
        models = [model for _, model in self.named()]
        if sum(environment_size(model.environment) for model in models) > 32 * 1024:
            yield MDL17.problem("containers")

    def _hosted(self, mode: Literal["Serial", "Direct"]) -> tuple[Hosted, ...]:
        return (
            Hosted(
                name=self.variant,
                containers=self.named(),
                mode=mode,
                isolated=all(model.isolated for _, model in self.named()),
                fleet=self,
                count=self.initial_count,
                scaling=self.scaling,
            ),
        )


def _two_to_fifteen(containers: Any) -> bool:
    return 2 <= len(containers) <= 15


class PipelineEndpoint(_Containers):
    """A serial inference pipeline: each container's answer is the next one's request."""

    containers: Annotated[Many[Model], Check(PIP1, _two_to_fifteen)]
    """The containers, in the order in which they work."""

    kind = "serial pipeline"

    def named(self) -> tuple[tuple[str | None, Model], ...]:
        """The containers, which SageMaker names itself."""
        return tuple((None, model) for model in self.containers)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return self._hosted("Serial")


class DirectEndpoint(_Containers):
    """Several containers, of which each request names one (`TargetContainerHostname`)."""

    containers: Annotated[
        dict[Annotated[ShortName, Aws("sagemaker:ContainerDefinition.ContainerHostname")], Model],
        Check(PIP1, _two_to_fifteen),
    ]
    """The containers by hostname."""

    kind = "direct multi-container"

    def named(self) -> tuple[tuple[str | None, Model], ...]:
        """The containers with their hostnames."""
        return tuple(self.containers.items())

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return self._hosted("Direct")


class InferenceComponentEndpoint(Fleet, Endpoint):
    """Instances for inference components, which are placed on them outside Terraform.

    Needs hashicorp/aws 6.x. Its provider has no resource for the components themselves, takes
    no VPC for such endpoints, and has no instance pools.
    """

    min_instances: Annotated[
        int,
        Between(RT4, 0, 10_000),
        Aws("sagemaker:ProductionVariantManagedInstanceScaling.MinInstanceCount"),
    ] = 1
    """The least instances that SageMaker keeps. Without it, 1; whether 0 works depends on the
    Region."""

    max_instances: Annotated[
        InstanceCount, Aws("sagemaker:ProductionVariantManagedInstanceScaling.MaxInstanceCount")
    ] = 1
    """The most instances that SageMaker starts. Without it, 1."""

    variant: VariantName = "primary"
    """The production variant's name, which components name."""

    components: dict[str, Any] = {}
    """Refused: the provider cannot declare them."""

    kind = "inference components"
    family = "components"

    def check(self) -> Iterator[Problem]:
        """The rules of instances; components cannot be declared."""
        yield from super().check()
        if self.components:
            yield IC1.problem("components")
        if self.max_instances < self.min_instances:
            yield IC4.problem(
                "max_instances", maximum=self.max_instances, minimum=self.min_instances
            )

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant, without a model."""
        return (
            Hosted(
                name=self.variant,
                containers=(),
                mode="components",
                isolated=False,
                fleet=self,
                count=max(1, self.min_instances),
            ),
        )


AnyEndpoint = Annotated[
    RealtimeEndpoint
    | MultiVariantEndpoint
    | ServerlessEndpoint
    | AsyncEndpoint
    | MultiModelEndpoint
    | PipelineEndpoint
    | DirectEndpoint
    | InferenceComponentEndpoint,
    OneOf(),
]
"""An endpoint of any kind."""


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
