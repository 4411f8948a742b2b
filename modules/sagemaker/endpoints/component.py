"""What runs on the instances of an `InferenceComponentEndpoint`: components and their adapters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from ...alarms.spec import AlarmName, EndpointAlarms
from ...context import Context
from ...ecr.spec import Image
from ...instances import facts_of
from ...model.accelerator import Device
from ...model.artifact import Artifact, located
from ...model.container import Container, written
from ...model.environment import ContainerEnvironment, environment_problems
from ...model.image import ContainerImage, FrameworkContainer, image_in_region, image_uri
from ...model.spec import Model
from ...rules import Problem, Rule, rule
from ...scaling.kinds import COMPONENT
from ...scaling.metrics import CloudWatchMetric, CustomMetric, MetricMath, NoCapacityFailures
from ...scaling.spec import Scaling, StepScaling
from ...service import Versioned
from ...spec import Aws, Between, Check, Many, Matches, OneOf, ShortName, Spec
from ..guardrails import DEP10, DEP11, DEP22
from ..sources import JumpStartModel, ModelPackage
from .fleet import InstanceTypeName
from .host import TimeoutSeconds
from .language import LanguageModel

IC6 = rule(
    "IC6",
    refuses="accelerators, cores or memory that no component can ask for",
    message="must be from {low} to {high}",
    source="botocore sagemaker InferenceComponentComputeResourceRequirements; Inferform: no instance "
    "type has more, and devices are whole",
)
IC7 = rule(
    "IC7",
    refuses="a component whose memory limit is below what it reserves",
    message="({maximum:,} MiB) is below min_memory_mib ({minimum:,} MiB); raise it or leave it out",
    source="botocore sagemaker InferenceComponentComputeResourceRequirements",
)
IC9 = rule(
    "IC9",
    refuses="a component that starts without a copy",
    message="must be from {low} to {high}: a component starts with a copy at least; to go to zero "
    "later write scaling=scale_to_zero(...)",
    source="hashicorp/terraform-provider-aws #35226; botocore sagemaker "
    "InferenceComponentRuntimeConfig; Inferform: no account's quota goes beyond 10,000",
)
IC10 = rule(
    "IC10",
    refuses="more than 16 environment variables in a component's own container",
    message="has {count} variables, and a component's own container takes 16; write a Model, which "
    "takes 100",
    source="botocore sagemaker InferenceComponentContainerSpecification Environment; CloudFormation "
    "AWS::SageMaker::InferenceComponent EnvironmentMap",
)
IC11 = rule(
    "IC11",
    refuses="resources, copies, scaling or adapters of an adapter, which has those of its base",
    message="cannot be set of an adapter: it runs in the copies of its base, with their resources; "
    "write it in the component",
    source="botocore sagemaker InferenceComponentSpecification BaseInferenceComponentName; "
    "hashicorp/terraform-provider-aws #48894",
)
IC12 = rule(
    "IC12",
    refuses="a batch outside 5 to 50 percent of the copies",
    message="{wrong}, and AWS takes 5 to 50 percent of the copies; write {remedy}",
    source="SageMaker API reference, InferenceComponentRollingUpdatePolicy MaximumBatchSize (5 to 50 "
    "percent)",
)
IC13 = rule(
    "IC13",
    refuses="a time limit for a rollout outside 600 to 28,800 seconds, or not above its waits",
    message="must be from {low} to {high} seconds{waits}",
    source="botocore sagemaker InferenceComponentRollingUpdatePolicy "
    "MaximumExecutionTimeoutInSeconds, WaitIntervalInSeconds",
)
IC19 = rule(
    "IC19",
    refuses="an alarm or policy on a component by the dimensions of an endpoint",
    message="watches {dimension}, but SageMaker publishes the metrics of components by "
    "InferenceComponentName alone, so that it never gets data; {remedy}",
    source="SageMaker developer guide, Amazon SageMaker AI metrics in Amazon CloudWatch",
)
IC21 = rule(
    "IC21",
    refuses="a number of copies beside scaling",
    message="must be left out where scaling is given: a component starts with "
    "scaling.min_capacity copies, and with one at least",
    source="Inferform: a release resets copies to the template's",
)
IC22 = rule(
    "IC22",
    refuses="an artifact of a component's own container or of an adapter that is a prefix",
    message="must be one .tar.gz: a component's own container and an adapter take no prefix; "
    "write a Model, which does",
    source="botocore sagemaker InferenceComponentContainerSpecification ArtifactUrl",
)
IC25 = rule(
    "IC25",
    refuses="a component's requirements for fewer than 2 or more than 5 instance types, or adapters "
    "of such a component",
    message="{wrong}",
    source="CloudFormation AWS::SageMaker::InferenceComponent Specifications (2 to 5, one an instance "
    "type; adapters with Specification alone)",
)
IC30 = rule(
    "IC30",
    refuses="a step scaling policy of a component whose alarm would have a rollback alarm's name",
    message="is the name of an alarm that rolls back this component's rollouts; choose another",
    source="CloudWatch API reference, PutMetricAlarm (an alarm of the same name is overwritten)",
)
IC31 = rule(
    "IC31",
    refuses="a path of a container's metrics that SageMaker does not read",
    message="must be a path without .. such as /metrics, of at most 256 letters, digits and / _ . -",
    source="botocore sagemaker MetricsEndpointPath",
)
IC32 = rule(
    "IC32",
    refuses="a batch given in copies and in percent",
    message="is given beside batch_copies; leave one out",
    source="botocore sagemaker InferenceComponentCapacitySize (one type)",
)
IC33 = rule(
    "IC33",
    refuses="a difference between zones outside 0 to 100",
    message="must be from {low} to {high}",
    source="botocore sagemaker AvailabilityZoneMaxImbalance",
)
IC34 = rule(
    "IC34",
    refuses="a wait between two steps of a component's rollout outside 0 to 3,600 seconds",
    message="must be from {low} to {high} seconds",
    source="botocore sagemaker WaitIntervalInSeconds",
)
IC35 = rule(
    "IC35",
    refuses="a batch of a component's rollback outside 5 to 100 percent of the copies",
    message="must be from {low} to {high} percent",
    source="SageMaker API reference, InferenceComponentRollingUpdatePolicy RollbackMaximumBatchSize "
    "(all copies at most)",
)

_RESOURCES = "sagemaker:InferenceComponentComputeResourceRequirements"
STARTING_SECONDS = 300
"""What starting and what downloading are taken to last at most where no time limit is given."""
_LONGEST = 28_800
_LEAST_PERCENT = 5


class ComponentResources(Spec):
    """What one copy of a component takes of an instance."""

    min_memory_mib: Annotated[
        int, Between(IC6, 128, 32_000_000), Aws(f"{_RESOURCES}.MinMemoryRequiredInMb")
    ]
    """The memory of the instance that one copy has for itself, in MiB: not that of the GPUs."""

    max_memory_mib: (
        Annotated[int, Between(IC6, 128, 32_000_000), Aws(f"{_RESOURCES}.MaxMemoryRequiredInMb")]
        | None
    ) = None
    """The most memory that one copy may take, in MiB. Default: what the instance has left."""

    accelerators: (
        Annotated[int, Between(IC6, 1, 64), Aws(f"{_RESOURCES}.NumberOfAcceleratorDevicesRequired")]
        | None
    ) = None
    """The GPUs or Neuron devices that one copy has for itself. Default: none."""

    cpu_cores: (
        Annotated[float, Between(IC6, 0.25, 1024), Aws(f"{_RESOURCES}.NumberOfCpuCoresRequired")]
        | None
    ) = None
    """The vCPUs that one copy has for itself. Default: none; copies share them."""

    def check(self) -> Iterator[Problem]:
        """The limit of the memory is not below what is reserved."""
        yield from super().check()
        most = self.max_memory_mib
        if most is not None and most < self.min_memory_mib:
            yield IC7.problem("max_memory_mib", maximum=most, minimum=self.min_memory_mib)


class ContainerMetrics(Spec):
    """Metrics that a container itself publishes, in Prometheus' form, and SageMaker reads."""

    path: Annotated[
        str,
        Matches(IC31, r"/(?!.*\.\.)[a-zA-Z0-9/_.\-]{1,255}"),
        Aws("sagemaker:MetricsEndpoint.MetricsEndpointPath"),
    ] = "/metrics"
    """The path on the container's own port. Default: `/metrics`."""

    frequency_seconds: (
        Annotated[
            Literal[10, 30, 60, 120, 180, 240, 300],
            Aws("sagemaker:MetricsEndpoint.MetricPublishFrequencyInSeconds"),
        ]
        | None
    ) = None
    """How often SageMaker reads them, in seconds. Default: SageMaker's own, 60."""


def _is_archive(artifact: str) -> bool:
    return not artifact.endswith("/")


_Archive = Annotated[
    Artifact,
    Check(IC22, _is_archive),
    Aws("sagemaker:InferenceComponentContainerSpecification.ArtifactUrl"),
]


class ComponentContainer(Container):
    """A container that a component names itself, without a SageMaker model."""

    image: Annotated[
        ContainerImage, Aws("sagemaker:InferenceComponentContainerSpecification.Image")
    ]
    """The container, as for a `Model`."""

    artifact: _Archive | None = None
    """The model: one `.tar.gz`, by an `s3://` URI or a key in the environment's artifact bucket.
    Default: the image holds the model."""

    environment: ContainerEnvironment = {}
    """The container's environment variables: at most 16."""

    metrics: ContainerMetrics | None = None
    """Metrics that the container publishes itself. Default: none."""

    def check(self) -> Iterator[Problem]:
        """No secret is written down; 16 variables at most."""
        yield from super().check()
        yield from environment_problems(self.environment, isolated=False)
        if len(self.environment) > 16:
            yield IC10.problem("environment", count=len(self.environment))

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image is in the environment's region."""
        yield from super().check_in(context)
        yield from image_in_region(self.image, context)

    @property
    def variables(self) -> ContainerEnvironment:
        """`environment`."""
        return self.environment

    @property
    def isolated(self) -> bool:
        """A component cannot say that its container has no network."""
        return False

    def serving_image(self) -> Image | str | None:
        """`image`, unless it is a container of AWS's."""
        return None if isinstance(self.image, FrameworkContainer) else self.image

    def serving_artifact(self) -> str | None:
        """`artifact`."""
        return self.artifact

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The image's URI, and the artifact."""
        return written(image=self.image, artifact=self.artifact)

    def image_uri(self, context: Context, device: Device | None = None) -> str:
        """The image's URI, for what has `device`."""
        return image_uri(self.image, context, device)

    def artifact_uri(self, bucket: str) -> str | None:
        """The artifact's S3 URI, in `bucket` where the Spec gives only a key."""
        return None if self.artifact is None else located(self.artifact, bucket)


ComponentSource = Annotated[
    Model | ModelPackage | JumpStartModel | ComponentContainer,
    OneOf(),
]
"""What a component serves."""


class OnInstanceType(ComponentResources):
    """What one copy takes of an instance of one of several types. What is not given is as the
    component has it."""

    model: ComponentSource | None = None
    """What is served on it. Default: the component's `model`."""


class Placement(Spec):
    """Where the copies of a component are placed."""

    strategy: Annotated[
        Literal["SPREAD", "BINPACK"],
        Aws("sagemaker:InferenceComponentSchedulingConfig.PlacementStrategy"),
    ] = "SPREAD"
    """`SPREAD` over as many instances as there are, or `BINPACK` on as few as can be. Default:
    `SPREAD`, AWS's own."""

    max_imbalance: Annotated[
        int,
        Between(IC33, 0, 100),
        Aws("sagemaker:InferenceComponentAvailabilityZoneBalance.MaxImbalance"),
    ] = 0
    """How many more copies one Availability Zone may have than another, where there is room.
    Default: 0, AWS's own."""


def _largest_batch(copies: int) -> int:
    """The most copies that a step may replace of so many: half of them, of one that one."""
    return max(1, copies // 2)


def _outside(_: int) -> dict[str, str]:
    return {"wrong": "is not from 5 to 50", "remedy": "5 to 50"}


class ComponentRolling(Spec):
    """How a release of a component replaces its copies: some at a time, beside those that serve.

    A step makes new copies first, so that there must be room for a batch: free accelerators and
    memory, or instances up to `max_instances`.
    """

    batch_copies: (
        Annotated[
            int,
            Between(IC9, 1, 10_000),
            Aws("sagemaker:InferenceComponentCapacitySize.Value"),
        ]
        | None
    ) = None
    """How many copies a step replaces. Default: one, or a 20th of the copies where that is more; 5
    percent where scaling goes from fewer than twice that."""

    batch_percent: (
        Annotated[
            int,
            Check(IC12, lambda n: 5 <= n <= 50, _outside),
            Aws("sagemaker:InferenceComponentCapacitySize.Value"),
        ]
        | None
    ) = None
    """The same in percent of the copies, 5 to 50. Default: see `batch_copies`."""

    wait_seconds: Annotated[
        int,
        Between(IC34, 0, 3600),
        Aws("sagemaker:InferenceComponentRollingUpdatePolicy.WaitIntervalInSeconds"),
    ] = 300
    """Seconds for which each step is watched before the next. Default: 300."""

    maximum_execution_timeout_seconds: (
        Annotated[
            int,
            Check(
                IC13,
                lambda n: 600 <= n <= _LONGEST,
                lambda _: {"low": 600, "high": _LONGEST, "waits": ""},
            ),
            Aws("sagemaker:InferenceComponentRollingUpdatePolicy.MaximumExecutionTimeoutInSeconds"),
        ]
        | None
    ) = None
    """Seconds after which AWS gives up and rolls back. Default: the waits, and for each step the
    component's time limits of starting and downloading (300 each where not given)."""

    rollback_batch_percent: (
        Annotated[
            int,
            Between(IC35, 5, 100),
            Aws("sagemaker:InferenceComponentCapacitySize.Value"),
        ]
        | None
    ) = None
    """The share of copies that each step of a rollback takes back. Default: all at once."""

    alarms: EndpointAlarms | None = EndpointAlarms()
    """The alarms, made for the component by its own name, that roll an update back. Default: 5XX
    above 1 % and 4XX above 5 % of its invocations; None for none."""

    alarm_names: Annotated[Many[AlarmName], Aws("sagemaker:Alarm.AlarmName")] = ()
    """The names of alarms that exist already and roll back too. Default: none."""

    def check(self) -> Iterator[Problem]:
        """One kind of batch; alarms that fire, in time, and at most 10."""
        yield from super().check()
        if self.batch_copies is not None and self.batch_percent is not None:
            yield IC32.problem("batch_percent", got=self.batch_percent)
        alarms = self.alarms
        count = len(self.alarm_names) + (len(alarms.kinds) if alarms else 0)
        if count > 10:
            yield DEP10.problem(count=count)
        if not count:
            yield DEP11.problem("alarms")
        if alarms is None:
            return
        if alarms.new_configuration_only:
            yield IC19.problem(
                *("alarms", "new_configuration_only"),
                dimension="EndpointConfigName",
                remedy="leave it out",
            )
        for problem in alarms.problems_for(
            COMPONENT.publishes, COMPONENT.name, COMPONENT.dimensions
        ):
            yield problem.under("alarms")
        if alarms.kinds and self.wait_seconds < alarms.window_seconds:
            yield DEP22.problem(bake=self.wait_seconds, window=alarms.window_seconds)


class Adapter(Versioned):
    """A LoRA adapter: it is served in the copies of its component, by a name of its own.

    It is made after its component and deleted before it, as AWS asks.
    """

    artifact: _Archive
    """The adapter's weights: one `.tar.gz`, by an `s3://` URI or a key in the environment's
    artifact bucket."""

    excluded: ClassVar[Mapping[str, Rule]] = dict.fromkeys(
        (
            *("accelerators", "adapters", "by_instance_type", "caching", "copies", "cpu_cores"),
            *("max_memory_mib", "min_memory_mib", "model", "placement", "rollout", "scaling"),
            "variant",
        ),
        IC11,
    )

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The artifact."""
        return written(artifact=self.artifact)


class Component(ComponentResources):
    """An inference component: copies of one model on the instances of an endpoint, which other
    components share.

    Callers name it: `InferenceComponentName` of `InvokeEndpoint`, which is the environment's prefix,
    the endpoint's and its own short name.
    """

    model: ComponentSource
    """What is served: a `Model`, `ModelPackage` or `JumpStartModel`, or a `ComponentContainer`."""

    copies: (
        Annotated[
            int,
            Between(IC9, 1, 10_000),
            Aws("sagemaker:InferenceComponentRuntimeConfig.CopyCount"),
        ]
        | None
    ) = None
    """How many copies. Default: 1, or what `scaling` decides."""

    scaling: Scaling | None = None
    """How the copies follow the load; `scale_to_zero(...)` lets them and their instances go.
    Default: none."""

    startup_timeout_seconds: (
        Annotated[
            TimeoutSeconds,
            Aws(
                "sagemaker:InferenceComponentStartupParameters."
                "ContainerStartupHealthCheckTimeoutInSeconds"
            ),
        ]
        | None
    ) = None
    """Seconds that the container may take until its first good ping. Default: SageMaker's own
    limit."""

    download_timeout_seconds: (
        Annotated[
            TimeoutSeconds,
            Aws("sagemaker:InferenceComponentStartupParameters.ModelDataDownloadTimeoutInSeconds"),
        ]
        | None
    ) = None
    """Seconds that fetching the model may take. Default: SageMaker's own limit."""

    caching: bool | None = None
    """Whether instances keep model and image for the next copy. Default: SageMaker's own, which
    is to keep them where an instance has more than 232 GiB of local NVMe storage."""

    placement: Placement | None = None
    """Where copies are placed. Default: spread over the instances."""

    rollout: ComponentRolling = ComponentRolling()
    """How a release replaces the copies, and what rolls it back. Default: one at a time, watched
    for 5 minutes each, rolled back by alarms on the error rates."""

    adapters: dict[ShortName, Adapter] = {}
    """LoRA adapters by short name, which callers name as they name components. Default: none."""

    by_instance_type: dict[InstanceTypeName, OnInstanceType] = {}
    """Where the endpoint has `pools`: what a copy takes of an instance of each type. Default: the
    same of all."""

    language_model: LanguageModel | None = None
    """What estimates whether a language model fits the memory of its accelerators. Default: nothing
    is estimated."""

    def check(self) -> Iterator[Problem]:
        """The rules between copies, scaling, rollout and adapters."""
        yield from super().check()
        if self.scaling is not None:
            if self.copies is not None:
                yield IC21.problem("copies", got=self.copies)
            for problem in self.scaling.problems_for(COMPONENT):
                yield problem.under("scaling")
            yield from self._check_dimensions(self.scaling)
            yield from self._check_alarm_names(self.scaling)
        yield from self._check_batch()
        count = len(self.by_instance_type)
        if count and not 2 <= count <= 5:
            wrong = f"are {count}, and SageMaker takes 2 to 5 instance types"
            yield IC25.problem("by_instance_type", wrong=wrong)
        if count and self.adapters:
            wrong = "is not supported beside by_instance_type: AWS takes an adapter on a component "
            wrong += "with one specification alone"
            yield IC25.problem("adapters", wrong=wrong)

    def _check_dimensions(self, scaling: Scaling) -> Iterator[Problem]:
        """Policies do not follow what only endpoints without components publish."""
        for index, policy in enumerate(scaling.policies):
            metric = policy.metric
            parts: dict[tuple[str, ...], CloudWatchMetric] = {}
            if isinstance(metric, CustomMetric):
                parts = {("metric",): metric.metric}
            elif isinstance(metric, MetricMath):
                parts = {("metrics", key): part for key, part in metric.metrics.items()}
            for path, part in parts.items():
                foreign = sorted({"EndpointName", "VariantName"} & part.dimensions.keys())
                counted = COMPONENT.publishes.find(part.namespace, part.name)
                if foreign and counted and counted.dimensions == COMPONENT.dimensions:
                    problem = IC19.problem(
                        "dimensions",
                        dimension=" and ".join(foreign),
                        remedy="write own_dimensions=True",
                    )
                    yield problem.under("scaling", "policies", index, "metric", *path)

    def _check_alarm_names(self, scaling: Scaling) -> Iterator[Problem]:
        alarms = self.rollout.alarms
        for index, policy in enumerate(scaling.policies):
            if isinstance(policy, StepScaling) and alarms and policy.label in alarms.kinds:
                yield IC30.problem("scaling", "policies", index, "name", got=policy.label)

    def _check_batch(self) -> Iterator[Problem]:
        """A batch in copies is a share that AWS takes, at every number of copies."""
        least, most = self.least, self.most
        batch = self.rollout.batch_copies
        if batch is not None and batch > _largest_batch(least):
            copies = f"{least} copies" if least > 1 else "the one copy that there may be"
            yield IC12.problem(
                *("rollout", "batch_copies"),
                got=batch,
                wrong=f"is above half of {copies}",
                remedy=f"batch_copies={_largest_batch(least)} or batch_percent=50"
                if _largest_batch(least) >= most / 20
                else "batch_percent=50",
            )
        elif batch is not None and batch < most / 20:
            yield IC12.problem(
                *("rollout", "batch_copies"),
                got=batch,
                wrong=f"is below a 20th of {most} copies",
                remedy=f"batch_copies={math.ceil(most / 20)} or batch_percent=5",
            )
        limit = self.rollout.maximum_execution_timeout_seconds
        waits = self.steps * self.rollout.wait_seconds
        if waits >= (limit or _LONGEST):
            yield IC13.problem(
                *("rollout", "maximum_execution_timeout_seconds"),
                low=600,
                high=_LONGEST,
                waits=f" and above the waits of {self.steps} steps ({waits:,} s); wait less, or "
                "replace more copies at a time",
            )

    @property
    def least(self) -> int:
        """The copies that the component starts with: one at least."""
        if self.scaling is not None:
            return max(1, self.scaling.min_capacity)
        return self.copies or 1

    @property
    def lowest(self) -> int:
        """The fewest copies that there may be: zero where it scales to zero."""
        if self.scaling is None:
            return self.copies or 1
        return min(minimum for _, minimum in self.scaling.lowest())

    @property
    def most(self) -> int:
        """The most copies that there may be."""
        if self.scaling is None:
            return self.copies or 1
        return max(maximum for _, maximum in self.scaling.highest())

    @property
    def wakes_up(self) -> bool:
        """Whether a policy adds the first copy where there is none."""
        policies = self.scaling.policies if self.scaling else ()
        return any(
            isinstance(policy, StepScaling)
            and isinstance(policy.metric, NoCapacityFailures | CustomMetric | MetricMath)
            for policy in policies
        )

    @property
    def batch(self) -> tuple[Literal["COPY_COUNT", "CAPACITY_PERCENT"], int]:
        """What a step of a rollout replaces, as SageMaker has it."""
        if self.rollout.batch_percent is not None:
            return "CAPACITY_PERCENT", self.rollout.batch_percent
        smallest = max(1, math.ceil(self.most / 20))
        if self.rollout.batch_copies is None and smallest > _largest_batch(self.least):
            # No number of copies is a share that AWS takes of the fewest and of the most.
            return "CAPACITY_PERCENT", _LEAST_PERCENT
        return "COPY_COUNT", self.rollout.batch_copies or smallest

    @property
    def batch_of_most(self) -> int:
        """How many copies a step replaces where there are as many as there may be."""
        kind, value = self.batch
        return value if kind == "COPY_COUNT" else max(1, self.most * value // 100)

    @property
    def steps(self) -> int:
        """How many steps a rollout takes at most."""
        return max(1, math.ceil(self.most / self.batch_of_most))

    @property
    def starting_seconds(self) -> int:
        """How long a copy may take to serve, beside the start of an instance."""
        times = (self.startup_timeout_seconds, self.download_timeout_seconds)
        return sum(STARTING_SECONDS if each is None else each for each in times)

    @property
    def worst_case_seconds(self) -> int:
        """After how many seconds a release is over or rolled back: AWS's time limit."""
        limit = self.rollout.maximum_execution_timeout_seconds
        wanted = self.steps * (self.rollout.wait_seconds + self.starting_seconds)
        return limit or min(max(wanted, 600), _LONGEST)

    def on(self, instance_type: str) -> ComponentResources:
        """What one copy takes of an instance of a type."""
        own = self.by_instance_type.get(instance_type)
        if own is None:
            return self
        left = set(ComponentResources.model_fields) - own.model_fields_set
        return own.replace(**{name: getattr(self, name) for name in left})

    def source_on(self, instance_type: str) -> ComponentSource:
        """What is served on an instance of a type."""
        own = self.by_instance_type.get(instance_type)
        return own.model if own is not None and own.model is not None else self.model

    @property
    def serving_types(self) -> tuple[str, ...]:
        """An instance type for each model that is served: the first that has the component's own, and
        those of `by_instance_type` with another. None where all types serve the same."""
        of = self.by_instance_type
        shared = [name for name, own in of.items() if own.model is None]
        return (*shared[:1], *(name for name, own in of.items() if own.model is not None))

    def estimate_problems(self, instance_type: str) -> Iterator[Problem]:
        """What the estimate of a language model says of an instance type."""
        if self.language_model is None:
            return
        facts = facts_of(instance_type)
        if not facts.gpus or not facts.gpu_memory_gib:
            return
        count = self.on(instance_type).accelerators or 0
        memory = facts.gpu_memory_gib / facts.gpus
        source = self.source_on(instance_type)
        for problem in self.language_model.problems_on(instance_type, count, memory, source):
            yield problem.under("language_model")
