"""Where a SageMaker model comes from: a `Model`, the Model Registry or JumpStart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar

from ..context import Context
from ..ecr.spec import Image
from ..existing import outside_problems
from ..instances import instance_types
from ..model.accelerator import PLURAL, Device, device_of
from ..model.artifact import MDL9, Artifact, artifact_hint, is_location
from ..model.container import Container, written
from ..model.environment import ContainerEnvironment, environment_problems, fetches_secrets
from ..model.hub import (
    FOR_SAGEMAKER,
    is_led_out,
    isolated_problems,
    token_problems,
    unreached_problems,
)
from ..model.image import (
    ContainerImage,
    FrameworkContainer,
    built_for,
    image_in_region,
    image_uri,
    program_problems,
)
from ..model.spec import Model
from ..rules import Problem, rule
from ..service import Needs, Place, Platform, Service, secret_endpoints
from ..spec import Aws, Check, Matches, OneOf, walk
from ..vpc.spec import PRIVATE_SAGEMAKER

MDL14 = rule(
    "MDL14",
    refuses="an uncompressed artifact where SageMaker unpacks only a .tar.gz",
    message="must be one .tar.gz object: {kind} cannot serve the objects below a prefix",
    source="botocore sagemaker ContainerDefinition ModelDataSource",
)
MDL15 = rule(
    "MDL15",
    refuses="models of a multi-model endpoint that are not below one prefix",
    message="must be a prefix ending in /, below which the .tar.gz of each model lies",
    source="SageMaker developer guide, create a multi-model endpoint",
)
MDL27 = rule(
    "MDL27",
    refuses="a model package that is not a version of the Model Registry",
    message="must be the ARN of one version of a model package, such as "
    "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/12",
    source="botocore sagemaker VersionedArnOrName; Inferform: a name without a version could become "
    "another model",
)
MDL28 = rule(
    "MDL28",
    refuses="a model package in another region than the endpoint",
    message="is in {other}, but the environment is in {region}; name the package of {region}",
    source="SageMaker developer guide, deploy a model from the registry (same region)",
)
JMP1 = rule(
    "JMP1",
    refuses="a JumpStart or Marketplace model whose licence is not accepted",
    message="must be True: read the model's licence and accept it here",
    source="SageMaker API reference, ModelAccessConfig AcceptEula",
)
JMP2 = rule(
    "JMP2",
    refuses="a JumpStart model package that is not named by its ARN",
    message="must be the ARN of AWS's model package, such as "
    "arn:aws:sagemaker:us-east-1:865070037744:model-package/example-model-1a2b3c",
    source="botocore sagemaker ModelPackageArn; SageMaker developer guide, JumpStart models",
)
MDL29 = rule(
    "MDL29",
    refuses="a model in private subnets that cannot reach its artifact or the secrets it names",
    message="cannot reach {missing}: its containers have a way to the VPC and S3 alone, and the "
    "network lacks the endpoint; add it, or set network.auto_endpoints=True",
    source="SageMaker developer guide, give SageMaker AI hosted endpoints access to resources in "
    "your VPC; likewise for batch transform jobs",
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
    refuses="a container built for GPUs or Neuron devices where there are none",
    message="is built for {built_for}, and {where} has none; use an image for what there is, or "
    "an instance type such as {instead}",
    source="github.com/aws/deep-learning-containers, available images (whose names say it)",
    severity="warning",
)
RT27 = rule(
    "RT27",
    refuses="a container built for CPUs on an instance type with GPUs or Neuron devices",
    message="is built for CPUs, so that the {devices} of {instance_type} stand idle; use an image "
    "for {devices}, or an instance type such as ml.m5.xlarge",
    source="github.com/aws/deep-learning-containers, available images (whose names say it)",
    severity="warning",
)

# An instance type that has each device, for messages.
_HAVE: dict[Device, str] = {
    "cpu": "ml.m5.xlarge",
    "gpu": "ml.g5.xlarge",
    "neuron": "ml.inf1.xlarge",
    "neuronx": "ml.inf2.xlarge",
}
_PACKAGE = (
    r"arn:aws[a-z-]{0,12}:sagemaker:[a-z0-9-]{1,25}:\d{12}:model-package/"
    r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
)


class _Package(Container):
    environment: ContainerEnvironment = {}
    """Environment variables that override the package's own."""

    network_isolation: bool | None = None
    """Whether the container has no network at all. Default: True, as SageMaker itself fetches
    the artifact; no on serverless endpoints, which cannot."""

    def check(self) -> Iterator[Problem]:
        """No secret is written down; one that is named can be fetched."""
        yield from environment_problems(self.environment, isolated=self.isolated)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The package is in the environment's region."""
        region = self.package.split(":")[3]
        if region != context.region:
            yield MDL28.problem(
                self.named_by, got=self.package, other=region, region=context.region
            )

    named_by: ClassVar[str] = "arn"

    @property
    def variables(self) -> ContainerEnvironment:
        """`environment`."""
        return self.environment

    @property
    def package(self) -> str:
        """The package's ARN."""
        raise NotImplementedError

    @property
    def isolated(self) -> bool:
        """Whether the container has no network."""
        if self.network_isolation is None:
            return not fetches_secrets(self.environment)
        return self.network_isolation


class ModelPackage(_Package):
    """One version of a model in the Model Registry, of this account or another.

    `inferform models resolve` writes the latest approved version into the environment file.
    """

    arn: Annotated[
        str,
        Matches(MDL27, _PACKAGE + r"/[0-9]{1,9}"),
        Aws("sagemaker:ContainerDefinition.ModelPackageName"),
    ]
    """The version's ARN."""

    image: ContainerImage | None = None
    """The image that the package names, which the role may then pull. Default: the
    environment's own repositories."""

    artifact: Artifact | None = None
    """The artifact that the package names, or the prefix of its versions, which the role may
    then read. Default: the environment's artifact bucket."""

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The package, and what its role may pull and read."""
        return written(arn=self.arn, image=self.image, artifact=self.artifact)

    @property
    def package(self) -> str:
        """The package's ARN."""
        return self.arn

    @property
    def group(self) -> str:
        """The name of the package's group."""
        return self.arn.split("/")[1]


class JumpStartModel(_Package):
    """A model of SageMaker JumpStart or AWS Marketplace, by its model package."""

    model_package_arn: Annotated[
        str,
        Matches(JMP2, _PACKAGE + r"(/[0-9]{1,9})?"),
        Aws("sagemaker:ContainerDefinition.ModelPackageName"),
    ]
    """The ARN of the model package in the region; the account must be subscribed to it."""

    accept_eula: Annotated[bool, Check(JMP1, lambda accepted: accepted is True)]
    """That the model's licence was read and is accepted: `True`."""

    named_by = "model_package_arn"

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The package."""
        return written(model_package_arn=self.model_package_arn)

    @property
    def package(self) -> str:
        """The package's ARN."""
        return self.model_package_arn


class MultiModel(Container):
    """Many models that one container loads as they are asked for."""

    image: Annotated[ContainerImage, Aws("sagemaker:ContainerDefinition.Image")]
    """A container that can load models, such as Triton or the Multi Model Server."""

    artifacts: Annotated[
        str,
        Check(MDL9, is_location, artifact_hint),
        Check(MDL15, lambda value: value.endswith("/")),
        Aws("sagemaker:ContainerDefinition.ModelDataUrl"),
    ]
    """The prefix, ending in `/`, below which the `.tar.gz` of each model lies: an `s3://` URI,
    or a key in the environment's artifact bucket."""

    environment: ContainerEnvironment = {}
    """The container's environment variables."""

    caching: bool = True
    """Keep models loaded in memory. Default: True. Set False for many rarely used models."""

    network_isolation: bool | None = None
    """Whether the container has no network at all. Default: True, unless `environment` names
    a secret."""

    def check(self) -> Iterator[Problem]:
        """No secret is written down; one that is named can be fetched."""
        yield from environment_problems(self.environment, isolated=self.isolated)
        yield from program_problems(self.image, self.environment)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image is in the environment's region."""
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

    def image_uri(self, context: Context, device: Device | None = None) -> str:
        """The image's URI, for what has `device`."""
        return image_uri(self.image, context, device)


Source = Model | ModelPackage | JumpStartModel
AnySource = Source | MultiModel
ModelSource = Annotated[Model | ModelPackage | JumpStartModel, OneOf()]
OwnModelSource = Annotated[Model | ModelPackage, OneOf()]
ContainerSource = Annotated[Model | ModelPackage | MultiModel, OneOf()]
"""One of several containers."""


def _image_of(source: Container) -> Image | FrameworkContainer | str | None:
    """The image that is written; None where AWS, a seller or a package names it."""
    image: Image | FrameworkContainer | str | None = getattr(source, "image", None)
    return image


def source_problems(source: Container, instance_type: str) -> Iterator[Problem]:
    """AWS's containers are for x86, and what an image is built for is there and is used."""
    image = _image_of(source)
    if image is None:
        return
    facts = instance_types().get(instance_type)
    if isinstance(image, FrameworkContainer) and facts is not None and facts.arch == "arm64":
        yield RT19.problem("image", instance_type=instance_type)
    device = device_of(instance_type)
    built = built_for(image, device)
    if device is None or built in (None, device):
        return
    if built == "cpu":
        yield RT27.problem("image", devices=PLURAL[device], instance_type=instance_type)
    else:
        yield _without(built, instance_type)


def serverless_problems(source: Container) -> Iterator[Problem]:
    """Serverless inference has CPUs alone."""
    image = _image_of(source)
    built = built_for(image, "cpu") if isinstance(image, str) else None
    if built not in (None, "cpu"):
        yield _without(built, "serverless inference")


def _without(built: Device, where: str) -> Problem:
    return RT20.problem("image", built_for=PLURAL[built], where=where, instead=_HAVE[built])


class Hosts(Service):
    """What SageMaker runs containers for: endpoints and batch transforms."""

    unreached = MDL29
    loads_in_region = True
    not_existing: ClassVar[Mapping[str, str]] = {
        "task_role": "write execution_role, which the containers act as"
    }

    def existing_problems(self, place: Place) -> Iterator[Problem]:
        """Nothing of a network where the containers are in none, either."""
        yield from super().existing_problems(place)
        if not self.in_vpc:
            yield from outside_problems(self.existing, words=self.words, what="its containers are")

    def sources(self) -> Iterator[Container]:
        """Every container, of every variant."""
        raise NotImplementedError

    @property
    def in_vpc(self) -> bool:
        """Whether the models are in the environment's VPC."""
        return False

    def images(self) -> Iterator[Image | str]:
        """The images of the containers."""
        for container in self.sources():
            image = container.serving_image()
            if image is not None:
                yield image

    def loads(self) -> Iterator[str]:
        """The artifacts of the containers."""
        for container in self.sources():
            artifact = container.serving_artifact()
            if artifact is not None:
                yield artifact

    def needs(self, place: Place) -> Needs:
        """What containers fetch themselves, through interfaces in the environment's subnets.

        SageMaker itself pulls images, writes logs and calls AWS from its own network, and so do
        Step Functions and EventBridge for a batch transform: none of them needs an endpoint
        (SageMaker developer guide, infrastructure security; AWS Step Functions developer guide,
        Amazon VPC endpoints, which are for callers in a VPC). `PRIVATE_SAGEMAKER` is what callers
        and containers commonly use. Outside the VPC, containers have SageMaker's own network.
        """
        if not self.in_vpc:
            return Needs(conveniences=frozenset(PRIVATE_SAGEMAKER))
        named = (arn for container in self.sources() for arn in container.secrets())
        group = place.environment.groups.get(place.group)
        return Needs(
            secret_endpoints(named),
            conveniences=frozenset(PRIVATE_SAGEMAKER),
            s3=True,
            # The security group of model containers is closed but for what is written here.
            through_nat=bool(group and group.egress_cidrs),
        )

    def is_isolated(self, source: Container) -> bool:
        """Whether a container has no network."""
        raise NotImplementedError

    def hub_problems(self, place: Place) -> Iterator[Problem]:
        """What containers are told to fetch from a hub: isolated ones fetch nothing, and those
        in the VPC have a security group that leads to AWS alone, but for what is opened."""
        group = place.environment.groups.get(place.group)
        where = ".".join(filter(None, ["inference", place.group, "egress_cidrs"]))
        for path, source in walk(self):
            if not isinstance(source, Container):
                continue
            found = list(token_problems(source.variables, _image_of(source), FOR_SAGEMAKER))
            if self.is_isolated(source):
                found += isolated_problems(source.variables)
            elif self.in_vpc:
                found += unreached_problems(
                    source.variables,
                    place.environment,
                    is_open=is_led_out(group.egress_cidrs if group else ()),
                    remedy=f'write {where}=["0.0.0.0/0"]',
                )
            # Elsewhere they have SageMaker's own network, which leads to the internet.
            for problem in found:
                yield problem.under(*path)


def architecture_of(instance_types_used: Iterable[str]) -> Platform | None:
    """What instance types run; None where they differ, or AWS does not say."""
    known = instance_types()
    found = {known[name].arch if name in known else None for name in instance_types_used}
    if len(found) != 1 or None in found:
        return None
    return "linux/arm64" if found == {"arm64"} else "linux/amd64"
