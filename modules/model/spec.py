"""A model: one container image and the artifact that it serves, on SageMaker, ECS and EKS alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from ..context import Context
from ..ecr.spec import Image
from ..rules import Problem, rule
from ..spec import Aws
from .accelerator import Device
from .artifact import Artifact, located
from .container import Container, written
from .environment import ContainerEnvironment, environment_problems, fetches_secrets
from .image import ContainerImage, FrameworkContainer, image_in_region, image_uri, program_problems

JMP3 = rule(
    "JMP3",
    refuses="accepting a licence for an artifact that is not a prefix of S3 objects",
    message="goes with an artifact that is a prefix ending in /, which is how gated models are "
    "published; leave it out",
    source="botocore sagemaker S3ModelDataSource ModelAccessConfig",
)


class Model(Container):
    """A SageMaker model: one container image and the artifact that it serves."""

    elsewhere: ClassVar[Mapping[str, str]] = {
        **Container.elsewhere,
        "enable_network_isolation": "network_isolation=...",
        "entry_point": "environment={'SAGEMAKER_PROGRAM': ...}, and the file into the artifact",
        "framework_version": "image=FrameworkContainer(framework=..., version=...)",
        "model_data": "artifact=...",
        "source_dir": "environment={'SAGEMAKER_SUBMIT_DIRECTORY': ...}, and the folder into the artifact",
        "transformers_version": "image=FrameworkContainer(framework='huggingface-pytorch', version=...)",
    }

    image: Annotated[
        ContainerImage, Aws("sagemaker:ContainerDefinition.Image", "ecs:ContainerDefinition.image")
    ]
    """The container: an `Image` in the environment's registry, a `FrameworkContainer` of AWS,
    or an ECR URI with tag or digest."""

    artifact: (
        Annotated[
            Artifact,
            Aws("sagemaker:ContainerDefinition.ModelDataUrl", "sagemaker:S3ModelDataSource.S3Uri"),
        ]
        | None
    ) = None
    """The model: one `.tar.gz`, or a prefix ending in `/` whose objects are served as they
    are. An `s3://` URI, or a key in the environment's artifact bucket. Default: the image
    holds the model."""

    environment: ContainerEnvironment = {}
    """The container's environment variables. A secret goes in by the ARN of its Secrets Manager
    secret or SSM parameter, which the role may then read."""

    network_isolation: bool | None = None
    """Whether the container has no network at all. Default: True where `artifact` is given,
    as SageMaker itself fetches the artifact, unless `environment` names a secret; no on
    serverless endpoints, which cannot."""

    accept_eula: bool = False
    """Whether the licence of a gated model, whose artifact AWS publishes, is accepted. Default:
    False; SageMaker then refuses such artifacts."""

    def check(self) -> Iterator[Problem]:
        """No secret is written down, one that is named can be fetched, and AWS's containers have their program."""
        yield from environment_problems(self.environment, isolated=self.isolated)
        yield from program_problems(self.image, self.environment)
        if self.accept_eula and not self.uncompressed:
            yield JMP3.problem("accept_eula")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image is in the environment's region."""
        yield from image_in_region(self.image, context)

    @property
    def variables(self) -> ContainerEnvironment:
        """`environment`."""
        return self.environment

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

    @property
    def uncompressed(self) -> bool:
        """Whether the artifact is a prefix of objects."""
        return self.artifact is not None and self.artifact.endswith("/")

    @property
    def isolated(self) -> bool:
        """Whether the container has no network."""
        if self.network_isolation is None:
            return self.artifact is not None and not fetches_secrets(self.environment)
        return self.network_isolation
