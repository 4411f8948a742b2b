"""Where a SageMaker model comes from: an image and an artifact, AWS's own containers, the Model
Registry or JumpStart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from typing import Annotated, Any, ClassVar, Literal

from ..context import Context
from ..ecr.spec import ECR1, ECR2, ECR3, ECR9, EXAMPLE_IMAGE, Image, parse_image
from ..rules import Problem, Rule, did_you_mean, one_of, rule
from ..secret import SECRET_ARN, name_says_secret, value_is_secret
from ..spec import Aws, Check, Matches, OneOf, Spec

_ROOT = __package__.rpartition(".")[0]

# A key is sent with its bucket, whose name has at most 63 characters.
_LONGEST_URI = 1024
_LONGEST_KEY = _LONGEST_URI - len(f"s3://{'b' * 63}/")

MDL3 = rule(
    "MDL3",
    refuses="an image URI over 255 characters",
    message="must have at most 255 characters",
    source="botocore sagemaker ContainerImage; Inferform: a Model runs on ECS and EKS alike",
)
MDL9 = rule(
    "MDL9",
    refuses="an artifact that is neither one .tar.gz object nor a prefix ending in /, or is over "
    f"{_LONGEST_URI:,} characters as a URI or {_LONGEST_KEY} as a key",
    message="must be one .tar.gz object or a prefix ending in /, as an s3:// URI or as a key in "
    "the environment's artifact bucket, such as fraud/1.4.2/model.tar.gz",
    source="SageMaker API reference, ContainerDefinition ModelDataUrl and S3ModelDataSource; Amazon "
    "S3 user guide, safe characters in keys",
)
MDL14 = rule(
    "MDL14",
    refuses="an uncompressed artifact where SageMaker unpacks only a .tar.gz",
    message="must be one .tar.gz object: {kind} cannot serve the objects below a prefix",
    source="botocore sagemaker ContainerDefinition ModelDataSource",
)
MDL17 = rule(
    "MDL17",
    refuses="environment variables beyond SageMaker's limits",
    message="must be at most 100 variables whose names are letters, digits and _ and whose "
    "values have at most 1,024 characters, 32 KiB together",
    source="botocore sagemaker EnvironmentMap, EnvironmentKey, EnvironmentValue; Inferform: a Model "
    "runs on ECS and EKS alike",
)
MDL20 = rule(
    "MDL20",
    refuses="a model to be fetched from a hub by a container without network",
    message="names a model that the container would fetch, but it has no network; put the model "
    "into artifact, or set network_isolation=False",
    source="SageMaker developer guide, run training and inference containers in internet-free mode",
    severity="warning",
)
MDL24 = rule(
    "MDL24",
    refuses="an environment variable whose name says that it holds a secret",
    message="looks like a secret by its name, and everyone who can describe the model can read "
    "it; store it in Secrets Manager or SSM Parameter Store, write its ARN here, and let the "
    "container fetch it",
    source="botocore sagemaker ContainerDefinition Environment (no sensitive data)",
)
MDL25 = rule(
    "MDL25",
    refuses="an environment variable whose value has the form of a key, token or password",
    message="looks like a secret by its value, and everyone who can describe the model can read "
    "it; store it in Secrets Manager or SSM Parameter Store, write its ARN here, and let the "
    "container fetch it",
    source="botocore sagemaker ContainerDefinition Environment (no sensitive data)",
)
MDL26 = rule(
    "MDL26",
    refuses="a secret's ARN given to a container without network",
    message="names a secret, but the container has no network to fetch it; set "
    "network_isolation=False",
    source="SageMaker developer guide, run training and inference containers in internet-free mode",
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
JMP3 = rule(
    "JMP3",
    refuses="accepting a licence for an artifact that is not a prefix of S3 objects",
    message="goes with an artifact that is a prefix ending in /, which is how gated models are "
    "published; leave it out",
    source="botocore sagemaker S3ModelDataSource ModelAccessConfig",
)
FWK1 = rule(
    "FWK1",
    refuses="a framework container that the table does not have",
    message="is not in Inferform's table of AWS's containers{hint}; the versions of {framework} "
    "are {versions}. For another one write its image URI",
    source="SageMaker developer guide, Docker registry paths; github.com/aws/"
    "deep-learning-containers, available_images.md",
)
FWK2 = rule(
    "FWK2",
    refuses="a framework container in a region where the table knows no registry",
    message="has no known registry in {region}; write the image URI",
    source="SageMaker developer guide, Docker registry paths and example code",
)

_PACKAGE = (
    r"arn:aws[a-z-]{0,12}:sagemaker:[a-z0-9-]{1,25}:\d{12}:model-package/"
    r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
)
# What AWS's and Hugging Face's containers fetch a model by.
_HUB = ("HF_MODEL_ID", "OPTION_MODEL_ID")


def environment_size(variables: dict[str, str]) -> int:
    """What AWS counts: the characters of all names and values."""
    return sum(len(key) + len(value) for key, value in variables.items())


def _environment_fits(variables: dict[str, str]) -> bool:
    return (
        len(variables) <= 100
        and all(
            re.fullmatch(r"[a-zA-Z_]\w{0,1023}", key, re.ASCII) and len(value) <= 1024
            for key, value in variables.items()
        )
        and environment_size(variables) <= 32 * 1024
    )


def is_location(value: str) -> bool:
    """Whether `value` is an S3 URI with a key, or a key, as SageMaker takes it."""
    location = value.removeprefix("s3://")
    is_key = value == location
    return (
        bool(re.fullmatch(r"[A-Za-z0-9!_.*'()/=+@-]+", location))
        and not location.startswith("/")
        and "//" not in location
        and (is_key or "/" in location)
        and len(value) <= (_LONGEST_KEY if is_key else _LONGEST_URI)
    )


def _is_artifact(value: str) -> bool:
    return is_location(value) and value.endswith((".tar.gz", "/"))


ContainerEnvironment = Annotated[
    dict[str, str],
    Aws("sagemaker:ContainerDefinition.Environment", "ecs:ContainerDefinition.environment"),
]
Artifact = Annotated[str, Check(MDL9, _is_artifact)]


def environment_problems(variables: dict[str, str], *, isolated: bool) -> Iterator[Problem]:
    """Variables beyond the limits, that hold a secret, or that name one out of reach.

    The values stay out of the messages.
    """
    if not _environment_fits(variables):
        yield MDL17.problem("environment")
    for name, value in variables.items():
        if name_says_secret(name, value):
            yield MDL24.problem("environment", name)
        elif value_is_secret(value):
            yield MDL25.problem("environment", name)
        elif isolated and SECRET_ARN.fullmatch(value):
            yield MDL26.problem("environment", name)
        elif isolated and name in _HUB and not value.startswith(("/", "s3://")):
            yield MDL20.problem("environment", name, got=value)


def fetches_secrets(variables: dict[str, str]) -> bool:
    """Whether a variable is the ARN of a secret, for which the container needs a network."""
    return any(SECRET_ARN.fullmatch(value) for value in variables.values())


def located(uri_or_key: str, bucket: str) -> str:
    """An S3 URI, in `bucket` where only a key was written."""
    return uri_or_key if uri_or_key.startswith("s3://") else f"s3://{bucket}/{uri_or_key}"


@cache
def framework_containers() -> dict[str, dict[str, Any]]:
    """AWS's own inference containers: repository, registries and tags of each framework."""
    text = (resources.files(_ROOT) / "data" / "framework_containers.json").read_text("utf-8")
    table: dict[str, dict[str, Any]] = json.loads(text)
    return table


class FrameworkContainer(Spec):
    """An inference container that AWS builds and publishes."""

    framework: Literal[
        "djl-lmi", "huggingface-pytorch", "pytorch", "scikit-learn", "tensorflow", "xgboost"
    ]
    """Which one."""

    version: str
    """The framework's version, as the table has it: `1.2-1` of scikit-learn."""

    accelerator: Literal["cpu", "gpu"] | None = None
    """What it runs on. Without it `cpu`, or `gpu` where there is no other."""

    def check(self) -> Iterator[Problem]:
        """The table has the version."""
        versions = framework_containers()[self.framework]["versions"]
        tags = versions.get(self.version)
        if tags is None or (self.accelerator is not None and self.accelerator not in tags):
            yield FWK1.problem(
                "version",
                got=self.version,
                hint=did_you_mean(self.version, versions).replace("; ", ", "),
                framework=self.framework,
                versions=one_of(f"{v} ({', '.join(tags)})" for v, tags in versions.items()),
            )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """AWS publishes it in the region."""
        if context.region not in framework_containers()[self.framework]["accounts"]:
            yield FWK2.problem("framework", got=self.framework, region=context.region)

    @property
    def runs_on(self) -> str:
        """`cpu` or `gpu`."""
        tags = framework_containers()[self.framework]["versions"][self.version]
        return self.accelerator or ("cpu" if "cpu" in tags else "gpu")

    def uri(self, context: Context) -> str:
        """The image's URI in the region's registry."""
        entry = framework_containers()[self.framework]
        account = entry["accounts"][context.region]
        tag = entry["versions"][self.version][self.runs_on]
        host = f"{account}.dkr.ecr.{context.region}.{context.dns_suffix}"
        return f"{host}/{entry['repository']}:{tag}"


_example = {"example": EXAMPLE_IMAGE}


def _image_rule(rule: Rule, good: Callable[[re.Match[str]], bool]) -> Check:
    """A check of an image URI; an Image has its own."""

    def test(value: Image | FrameworkContainer | str) -> bool:
        match = parse_image(value) if isinstance(value, str) else None
        return match is None or good(match)

    return Check(rule, test, lambda _: _example)


ContainerImage = Annotated[
    Image | FrameworkContainer | str,
    OneOf(),
    Check(
        ECR9,
        lambda image: not isinstance(image, str) or parse_image(image) is not None,
        lambda _: _example,
    ),
    Check(MDL3, lambda image: not isinstance(image, str) or len(image) <= 255),
    _image_rule(ECR1, lambda uri: bool(uri["tag"] or uri["digest"])),
    _image_rule(ECR2, lambda uri: bool(uri["digest"]) or uri["tag"] != "latest"),
]
"""A container image, by tag or digest."""


def image_in_region(image: Image | FrameworkContainer | str, context: Context) -> Iterator[Problem]:
    """An image URI names the environment's region."""
    match = parse_image(image) if isinstance(image, str) else None
    if match and match["region"] != context.region:
        yield ECR3.problem("image", got=image, other=match["region"], region=context.region)


class Model(Spec):
    """A SageMaker model: one container image and the artifact that it serves."""

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
    are. An `s3://` URI, or a key in the environment's artifact bucket. Without it the image
    holds the model."""

    environment: ContainerEnvironment = {}
    """The container's environment variables. A secret goes in by the ARN of its Secrets Manager
    secret or SSM parameter, which the role may then read."""

    network_isolation: bool | None = None
    """Whether the container has no network at all. Without it: yes where `artifact` is given,
    as SageMaker itself fetches the artifact, unless `environment` names a secret; no on
    serverless endpoints, which cannot."""

    accept_eula: bool = False
    """Whether the licence of a gated model, whose artifact AWS publishes, is accepted. Without
    it, no; SageMaker then refuses such artifacts."""

    def check(self) -> Iterator[Problem]:
        """No secret is written down; one that is named can be fetched."""
        yield from environment_problems(self.environment, isolated=self.isolated)
        if self.accept_eula and not self.uncompressed:
            yield JMP3.problem("accept_eula")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The image is in the environment's region."""
        yield from image_in_region(self.image, context)

    def image_uri(self, context: Context) -> str:
        """The image's URI."""
        return self.image if isinstance(self.image, str) else self.image.uri(context)

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


class _Package(Spec):
    environment: ContainerEnvironment = {}
    """Environment variables that override the package's own."""

    network_isolation: bool | None = None
    """Whether the container has no network at all. Without it yes, as SageMaker itself fetches
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
    """The image that the package names, which the role may then pull. Without it, the
    environment's own repositories."""

    artifact: Artifact | None = None
    """The artifact that the package names, or the prefix of its versions, which the role may
    then read. Without it, the environment's artifact bucket."""

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

    @property
    def package(self) -> str:
        """The package's ARN."""
        return self.model_package_arn
