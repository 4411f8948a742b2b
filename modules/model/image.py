"""Container images: of the environment's registry, of AWS, or by their URI."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

from ..context import AccountId, Context
from ..ecr.spec import ECR1, ECR2, ECR3, ECR9, EXAMPLE_IMAGE, Image
from ..image_uri import parse_image
from ..rules import Problem, Rule, did_you_mean, one_of, rule
from ..spec import Check, OneOf, Spec
from .accelerator import Accelerator, Device, named_device

_ROOT = __package__.rpartition(".")[0]

MDL3 = rule(
    "MDL3",
    refuses="an image URI over 255 characters",
    message="must have at most 255 characters",
    source="botocore sagemaker ContainerImage; Inferform: a Model runs on ECS and EKS alike",
)
FWK1 = rule(
    "FWK1",
    refuses="a framework container that the table does not have, unless it is newer",
    message="is not in Inferform's table of AWS's containers of {as_of}{hint}; the versions of "
    "{framework} are {versions}. For another one write the whole tag as the version, or the "
    "image's URI",
    source="SageMaker developer guide, Docker registry paths; github.com/aws/"
    "deep-learning-containers, available images",
)
FWK2 = rule(
    "FWK2",
    refuses="a framework container in a region where the table knows no registry",
    message="has no registry in {region} in Inferform's table of {as_of}; write account, the "
    "registry's account, from AWS's list of Docker registry paths",
    source="SageMaker developer guide, Docker registry paths; github.com/aws/"
    "deep-learning-containers, region availability",
)
FWK3 = rule(
    "FWK3",
    refuses="a framework container that is newer than the table, which nobody has compared with "
    "AWS's",
    message="is not in Inferform's table of AWS's containers of {as_of}: {taken}; check that AWS "
    "has it",
    source="github.com/aws/deep-learning-containers, available images",
    severity="warning",
)

FWK4 = rule(
    "FWK4",
    refuses="AWS's container of scikit-learn without the program that loads the model",
    message="must name the program that loads the model: AWS's container of scikit-learn has none of its own, "
    "and without {missing} it starts with an error such as \"'NoneType' object has no attribute "
    '\'startswith\'" or "No module named inference"; write {remedy}, and put code/inference.py with model_fn '
    "into the artifact",
    source="github.com/aws/sagemaker-scikit-learn-container, serving.py (no default model_fn); "
    "github.com/aws/sagemaker-containers, _env.py (SAGEMAKER_PROGRAM, SAGEMAKER_SUBMIT_DIRECTORY)",
    severity="warning",
)

FWK5 = rule(
    "FWK5",
    refuses="an image in a registry of AWS's that is not the one of its Region",
    message="is in the account {account}, where AWS has no such registry in {region}, as of {as_of}; {meant}",
    source="SageMaker developer guide, Docker registry paths; github.com/aws/"
    "deep-learning-containers, region availability",
    severity="warning",
)

Framework = Literal[
    "autogluon",
    "djl-lmi",
    "djl-serving-cpu",
    "huggingface-llamacpp",
    "huggingface-pytorch",
    "huggingface-sglang",
    "huggingface-tei-cpu",
    "huggingface-tei-gpu",
    "huggingface-tgi",
    "huggingface-vllm",
    "pytorch",
    "pytorch-neuronx",
    "scikit-learn",
    "sglang",
    "tensorflow",
    "triton",
    "vllm",
    "xgboost",
]


@cache
def framework_containers() -> dict[str, dict[str, Any]]:
    """AWS's own inference containers: repository, registries and tags of each framework, and
    the day as of which they are."""
    text = (resources.files(_ROOT) / "data" / "framework_containers.json").read_text("utf-8")
    table: dict[str, dict[str, Any]] = json.loads(text)
    return table


def _form(text: str) -> str:
    """A version or tag with its numbers left out: what is alike in all that are well-formed."""
    return re.sub(r"\d+", "0", text)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _is_newer(version: str, known: Iterable[str]) -> bool:
    """Whether a version is above all known ones, or above all that differ in the last number
    alone."""
    mine, others = _numbers(version), [_numbers(other) for other in known]
    line = [other for other in others if other[:-1] == mine[:-1]]
    return mine > max(others) or (bool(line) and mine > max(line))


def _tag_after(tag: str, like: str, version: str) -> str:
    """The tag of `like` with `version` in its place."""
    if like in tag:
        return tag.replace(like, version)
    for old, new in zip(like.split("-"), version.split("-"), strict=True):
        tag = tag.replace(old, new)
    return tag


class FrameworkContainer(Spec):
    """An inference container that AWS builds and publishes."""

    framework: Framework
    """Which one."""

    version: str
    """The framework's version, as the table has it: `1.2-1` of scikit-learn. Of a newer one the
    tag is made after the newest known; a whole tag is taken as it is."""

    accelerator: Accelerator | None = None
    """What it is built for. Default: what the instance type, task or pod has, where AWS builds
    the container for it; else `cpu`, or the only one that there is."""

    account: AccountId | None = None
    """The account of AWS's registry. Default: the table's for the region."""

    def check(self) -> Iterator[Problem]:
        """The table has the version, or may not have it yet."""
        entry = framework_containers()[self.framework]
        versions, tags = entry["versions"], self.tags
        if not tags or (self.accelerator is not None and self.accelerator not in tags):
            yield FWK1.problem(
                "version",
                got=self.version,
                hint=did_you_mean(self.version, versions).replace("; ", ", "),
                as_of=entry["as_of"],
                framework=self.framework,
                versions=one_of(f"{v} ({', '.join(tags)})" for v, tags in versions.items()),
            )
        elif not self._is_known:
            taken = "the version is taken as the tag"
            if self.version not in tags.values():
                *_, like = versions
                taken = f"the tag {one_of(tags.values())} is made after the one of {like}"
            yield FWK3.problem("version", got=self.version, as_of=entry["as_of"], taken=taken)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """AWS publishes it in the region."""
        entry = framework_containers()[self.framework]
        if context.region in entry["accounts"]:
            return
        where, of = {"region": context.region}, {"as_of": entry["as_of"]}
        if self.account is None:
            yield FWK2.problem("framework", got=self.framework, **where, **of)
        else:
            taken = f"nothing is known of a registry in {context.region}, and account is taken"
            yield FWK3.problem("account", got=self.account, taken=taken, **of)

    @property
    def _is_known(self) -> bool:
        versions = framework_containers()[self.framework]["versions"]
        return self.version in versions or any(
            self.version in tags.values() for tags in versions.values()
        )

    @property
    def tags(self) -> dict[Accelerator, str]:
        """The image's tag for each accelerator; empty where the version is none.

        Known versions have the table's. A newer one of the same form has the tags of the newest
        with the version put in; what has the form of a tag is one.
        """
        versions: dict[str, dict[Accelerator, str]] = framework_containers()[self.framework][
            "versions"
        ]
        if self.version in versions:
            return versions[self.version]
        *_, newest = versions
        form = _form(self.version)
        if form == _form(newest):
            if not _is_newer(self.version, versions):
                return {}
            made = versions[newest].items()
            return {key: _tag_after(tag, newest, self.version) for key, tag in made}
        return {
            key: self.version
            for tags in versions.values()
            for key, tag in tags.items()
            if form == _form(tag)
        }

    def built_for(self, device: Device | None = None) -> Accelerator:
        """What the image is built for, on an instance, task or pod that has `device`."""
        tags = self.tags
        wanted = self.accelerator or device
        for accelerator in tags:
            if accelerator == wanted:
                return accelerator
        return "cpu" if "cpu" in tags else next(iter(tags))

    def uri(self, context: Context, device: Device | None = None) -> str:
        """The image's URI in the region's registry, for what has `device`."""
        entry = framework_containers()[self.framework]
        account = self.account or entry["accounts"][context.region]
        host = f"{account}.dkr.ecr.{context.region}.{context.dns_suffix}"
        return f"{host}/{entry['repository']}:{self.tags[self.built_for(device)]}"


@cache
def _accounts_and_repositories() -> tuple[frozenset[str], frozenset[str]]:
    entries = framework_containers().values()
    accounts = frozenset(account for entry in entries for account in entry["accounts"].values())
    return accounts, frozenset(entry["repository"] for entry in entries)


def is_of_aws(image: Image | FrameworkContainer | str) -> bool:
    """Whether an image is one of AWS's own, which nobody here can change: by its type, or by a
    URI in a registry of AWS's."""
    if isinstance(image, str):
        match = parse_image(image)
        return match is not None and match["account"] in _accounts_and_repositories()[0]
    return isinstance(image, FrameworkContainer)


def built_for(
    image: Image | FrameworkContainer | str, device: Device | None = None
) -> Device | None:
    """What an image is built for, on what has `device`; None where nothing tells.

    Of a URI, AWS's own names tell: in AWS's registries, and in others for repositories of the
    same name, as copies and pull-through caches have.
    """
    if isinstance(image, FrameworkContainer):
        tag = image.tags[made] if (made := image.built_for(device)) else ""
        repository = framework_containers()[image.framework]["repository"]
        # XGBoost and scikit-learn have one image, whose name says nothing.
        return made if made != "cpu" else named_device(repository, tag)
    match = parse_image(image) if isinstance(image, str) else None
    if match is None or match["tag"] is None:
        return None
    repository = match["repository"].rpartition("/")[2]
    accounts, repositories = _accounts_and_repositories()
    if match["account"] not in accounts and repository not in repositories:
        return None
    known = {
        device
        for entry in framework_containers().values()
        if entry["repository"] == repository
        for tags in entry["versions"].values()
        for device, tag in tags.items()
        if tag == match["tag"] and device != "cpu"
    }
    return named_device(repository, match["tag"]) or next(iter(known), None)


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


PROGRAM = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}
"""Where AWS's container of scikit-learn finds the program that loads a model."""


def program_problems(
    image: Image | FrameworkContainer | str, variables: Mapping[str, str]
) -> Iterator[Problem]:
    """What AWS's container of scikit-learn has to be told, in `environment`."""
    if isinstance(image, FrameworkContainer):
        is_it = image.framework == "scikit-learn"
    else:
        repository = framework_containers()["scikit-learn"]["repository"]
        is_it = isinstance(image, str) and is_of_aws(image) and f"/{repository}:" in image
    missing = [name for name in PROGRAM if not variables.get(name)]
    if is_it and missing:
        remedy = ", ".join(f'"{name}": "{PROGRAM[name]}"' for name in missing)
        yield FWK4.problem("environment", missing=one_of(missing), remedy=remedy)


def image_uri(
    image: Image | FrameworkContainer | str, context: Context, device: Device | None = None
) -> str:
    """The URI of an image, of a container of AWS's the one for what has `device`."""
    if isinstance(image, FrameworkContainer):
        return image.uri(context, device)
    return image if isinstance(image, str) else image.uri(context)


def image_in_region(image: Image | FrameworkContainer | str, context: Context) -> Iterator[Problem]:
    """An image URI names the environment's region."""
    match = parse_image(image) if isinstance(image, str) else None
    if match and match["region"] != context.region:
        yield ECR3.problem("image", got=image, other=match["region"], region=context.region)
    elif match:
        yield from _registry_of_region(match, context.region)


def _registry_of_region(image: re.Match[str], region: str) -> Iterator[Problem]:
    """A registry of AWS's is one that AWS has in the image's Region, of its repository where the
    table knows that."""
    account, repository = image["account"], image["repository"]
    table = framework_containers().values()
    entries = [entry for entry in table if entry["repository"] == repository]
    of_table = [*(entries or table)]
    here = {entry["accounts"][region] for entry in of_table if region in entry["accounts"]}
    others = sorted(
        {where for entry in table for where, its in entry["accounts"].items() if its == account}
    )
    if not here or not others or account in here:
        return
    meant = (
        f"did you mean {image.string.replace(account, min(here), 1)}"
        if entries
        else f"AWS's accounts there are {one_of(sorted(here))}"
    )
    yield FWK5.problem(
        "image",
        got=image.string,
        account=account,
        as_of=max(str(entry["as_of"]) for entry in of_table),
        region=region,
        meant=meant,
    )
