"""Serverless endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from ...context import Context
from ...model.image import FrameworkContainer
from ...model.spec import Model
from ...rules import Problem, Rule, rule
from ...scaling.kinds import SERVERLESS, Kind
from ...scaling.spec import Scaling
from ...service import Place
from ...spec import Aws, Between, Check
from ...usage import Usage, bounds, by_use
from ..sources import MDL14, OwnModelSource, serverless_problems
from .base import Endpoint, Hosted, OneVariant, Serverless
from .capture import CAPT7
from .shadow import SHD4

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
    message="is not supported on a serverless endpoint; use RealtimeEndpoint, or {remedy}",
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

Concurrency = Annotated[int, Between(SLS2, 1, 200)]


class ServerlessEndpoint(OneVariant, Endpoint):
    """A SageMaker serverless endpoint: no instances, billed by use, with cold starts."""

    model: OwnModelSource
    """What is served. Its artifact is one `.tar.gz`, and it has a network."""

    memory_mib: Annotated[
        int,
        Check(SLS1, lambda mib: mib in range(1024, 6145, 1024)),
        Aws("sagemaker:ProductionVariantServerlessConfig.MemorySizeInMB"),
    ] = 2048
    """The container's memory; its share of a CPU follows it. Default: 2048 MiB."""

    max_concurrency: Annotated[
        Concurrency, Aws("sagemaker:ProductionVariantServerlessConfig.MaxConcurrency")
    ] = 20
    """How many requests it may serve at once. Default: 20."""

    provisioned_concurrency: (
        Annotated[
            Concurrency, Aws("sagemaker:ProductionVariantServerlessConfig.ProvisionedConcurrency")
        ]
        | None
    ) = None
    """How many of them are kept warm. Default: none, and a cold start after a pause."""

    scaling: Scaling | None = None
    """How the provisioned concurrency follows the load. Default: none."""

    excluded: ClassVar[Mapping[str, Rule]] = {"data_capture": CAPT7, "shadow": SHD4}

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
            yield SLS6.problem("model", "network_isolation", got=True, remedy="leave it out")
        model = self.model
        if isinstance(model, Model):
            if model.uncompressed:
                yield MDL14.problem(
                    "model", "artifact", got=model.artifact, kind="a serverless endpoint"
                )
            if isinstance(model.image, FrameworkContainer) and model.image.built_for() != "cpu":
                got = f"a {model.image.built_for()} container"
                remedy = "a container that is built for CPUs"
                yield SLS6.problem("model", "image", got=got, remedy=remedy)
        for problem in serverless_problems(model):
            yield problem.under("model")
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

    def uses(self, place: Place) -> Iterator[Usage]:
        """The provisioned concurrency, and requests, whose number is not known."""
        if self.provisioned_concurrency is not None:
            key = f"sagemaker/provisioned-concurrency/{self.memory_mib}"
            yield Usage(place.name, key, bounds(self.scaling, self.provisioned_concurrency))
        yield by_use(place.name, f"sagemaker/serverless/{self.memory_mib}")

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant."""
        return (
            Hosted(
                name=self.variant,
                containers=((None, self.model),),
                mode="single",
                isolated=False,
                scaling=self.scaling,
                serverless=Serverless(
                    self.memory_mib, self.max_concurrency, self.provisioned_concurrency
                ),
                scales=self.scales,
            ),
        )
