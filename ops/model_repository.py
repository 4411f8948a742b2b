"""`inferform init --model`: the repository of one model, which builds its image and registers its versions.

Its names in AWS are written into it, as it has no environments to take them from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from inferform import Context
from inferform.rules import one_of
from inferform.spec import is_short_name

from .errors import BadInputError
from .init import Made, filled, part, sources, target, write
from .project import own_version

ModelCi = Literal["github", "gitlab"]


@dataclass(frozen=True, slots=True)
class ModelAnswers:
    """What a model is called, and where its versions are registered."""

    model: str
    """The short name of its image repository and its model package group."""

    organization: str
    account: str
    region: str
    stages: Sequence[str]
    owner: str
    ci: str

    def context(self) -> Context:
        """The Context of the environment that has the registry. Raises SpecError for an answer that no
        Context takes, and BadInputError for one that no such repository does."""
        if not is_short_name(self.model):
            raise BadInputError(
                f"{self.model} is no name of a model",
                "write at most 32 lower-case letters, digits and hyphens, such as fraud",
            )
        if self.ci not in get_args(ModelCi):
            raise BadInputError(
                f"--model has no CI for {self.ci}", f"--ci {one_of(get_args(ModelCi))}"
            )
        if len(self.stages) != 1:
            raise BadInputError(
                "a model is registered in one environment",
                f"name the one that has the registry: --stage {self.stages[0]}",
            )
        return Context(
            organization=self.organization,
            stage=self.stages[0],
            account=self.account,
            region=self.region,
            owner=self.owner,
        )


def init_model(folder: Path, answers: ModelAnswers) -> Made:
    """Write the repository. Raises BadInputError where a file of it is there, and SpecError or
    BadInputError for an answer that is wrong; nothing is written then."""
    files = render(answers)
    write(folder, files)
    return Made(folder, sorted(files), golden=True)


def render(answers: ModelAnswers) -> dict[Path, str]:
    """The files of the repository, by their paths in it."""
    places = _places(answers)
    return {
        target(path, places): filled(source, places)
        for choice in ("common", answers.ci)
        for source, path in sources(f"model/{choice}")
    }


def _places(answers: ModelAnswers) -> dict[str, str]:
    """What stands for each @place@ of the templates."""
    context, model = answers.context(), answers.model
    repository, group = context.own_repository(model), context.name(model)
    bucket = context.bucket("artifacts")
    places = {
        "organization": context.organization,
        "model": model,
        "key": context.key,
        "region": context.region,
        "version": own_version(),
        "registry": context.registry_of(model),
        "repository": repository,
        "repository_arn": context.arn("ecr", f"repository/{repository}"),
        "bucket": bucket,
        "bucket_arn": context.arn("s3", bucket),
        "group": group,
        "group_arn": context.arn("sagemaker", f"model-package-group/{group}"),
        "versions_arn": context.arn("sagemaker", f"model-package/{group}/*"),
        "key_arn": context.arn("kms", "key/*"),
        "key_alias": f"alias/{context.name('data')}",
        "dns_suffix": context.dns_suffix,
    }
    places["ci_readme"] = part(f"model/{answers.ci}/_readme.md.txt", places).rstrip()
    return places
