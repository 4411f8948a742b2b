"""Endpoints of many models behind one container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from ...context import Context
from ...ecr.spec import Image
from ...model.artifact import MDL9, is_location
from ...model.container import Container, written
from ...model.environment import ContainerEnvironment, environment_problems, fetches_secrets
from ...model.image import ContainerImage, FrameworkContainer, image_in_region
from ...rules import Problem, rule
from ...spec import Aws, Check
from .base import Captured, Guarded, Hosted, InVpc, OneVariant
from .fleet import Instances

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


class MultiModelEndpoint(OneVariant, InVpc, Captured, Instances, Guarded, Container):
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

    kind = "multi-model"

    def check(self) -> Iterator[Problem]:
        """The rules of instances, guardrails and GPUs."""
        yield from super().check()
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

    @property
    def variables(self) -> ContainerEnvironment:
        """`environment`."""
        return self.environment

    def serving_image(self) -> Image | str | None:
        """`image`, unless it is a container of AWS's."""
        return None if isinstance(self.image, FrameworkContainer) else self.image

    def serving_artifact(self) -> str | None:
        """The prefix of the models."""
        return self.artifacts

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The image's URI, and the prefix of the models."""
        return written(image=self.image, artifacts=self.artifacts)

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
