"""Container images: of the environment's registry, of AWS, or by their URI."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

from ..context import Context
from ..ecr.spec import ECR1, ECR2, ECR3, ECR9, EXAMPLE_IMAGE, Image, parse_image
from ..rules import Problem, Rule, did_you_mean, one_of, rule
from ..spec import Check, OneOf, Spec

_ROOT = __package__.rpartition(".")[0]

MDL3 = rule(
    "MDL3",
    refuses="an image URI over 255 characters",
    message="must have at most 255 characters",
    source="botocore sagemaker ContainerImage; Inferform: a Model runs on ECS and EKS alike",
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
