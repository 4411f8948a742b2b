"""`inferform init`."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadInputError
from ..output import stderr, stdout
from . import BEGIN, Command

if TYPE_CHECKING:
    from ..model_repository import ModelAnswers


class Ci(StrEnum):
    """What runs reviews and deploys."""

    GITHUB = "github"
    GITLAB = "gitlab"
    CODEPIPELINE = "codepipeline"
    ATLANTIS = "atlantis"


class Package(StrEnum):
    """What locks Python's packages."""

    PIPENV = "pipenv"
    PYPROJECT = "pyproject"


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder, which is made where it is missing.")
    ],
    organization: Annotated[
        str, typer.Option(metavar="NAME", help="The first part of every name in AWS.")
    ],
    account: Annotated[str, typer.Option(metavar="ID", help="The AWS account, 12 digits.")],
    region: Annotated[str, typer.Option(metavar="REGION", help="Such as eu-west-1.")],
    stage: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STAGE",
            help="An environment; repeatable, in the order of promotion. Default: dev.",
        ),
    ] = None,
    owner: Annotated[
        str, typer.Option(metavar="TEAM", help="The team in the tag owner.")
    ] = "ml-platform",
    ci: Annotated[Ci, typer.Option(help="What runs reviews and deploys.")] = Ci.GITHUB,
    tools_account: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="With --ci codepipeline: the account of the pipelines, which no stage is deployed to.",
        ),
    ] = None,
    package: Annotated[
        Package | None,
        typer.Option(
            help="What locks Python's packages: pipenv, or uv by pyproject.toml. Default: pipenv."
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Make the repository of this model instead, whose CI registers its versions in the "
            "environment of --stage.",
        ),
    ] = "",
) -> None:
    """Make a repository of your own: environments, tests, CI, and a Makefile.

    With --model it is that of a model: training, the image that serves it, tests, and CI that builds and
    checks the image and registers a version, which waits for an approval. Nothing is asked of AWS. What
    is there is not written over.

    Example: inferform init inference --organization globex --account 111122223333 --region us-east-1
    """
    from .. import init as operations
    from ..model_repository import ModelAnswers

    if model:
        if tools_account or package:
            raise BadInputError(
                "a model has neither --tools-account nor --package", "leave them out"
            )
        _init_model(
            directory,
            ModelAnswers(model, organization, account, region, stage or ["dev"], owner, ci.value),
        )
        return
    answers = operations.Answers(
        organization=organization,
        account=account,
        region=region,
        stages=stage or ["dev"],
        owner=owner,
        ci=ci.value,
        package=(package or Package.PIPENV).value,
        tools_account=tools_account,
    )
    with stderr.status("writing"):
        made = operations.init(directory, answers)
    stdout.print(f"{len(made.files)} files in {made.folder}")
    if not made.golden:
        stdout.print("no golden files, as Node.js is missing: make golden writes them")
    stdout.print(
        f"\nNow\n  cd {shlex.quote(str(made.folder))}\n"
        "  inferform doctor   what is missing on this machine\n"
        "  inferform demo     deploy onto an AWS emulator on this machine\n"
        "  README.md          the way to AWS",
    )


def _init_model(directory: Path, answers: ModelAnswers) -> None:
    from ..model_repository import init_model

    made = init_model(directory, answers)
    stdout.print(f"{len(made.files)} files in {made.folder}")
    stdout.print(
        f"\nNow\n  cd {shlex.quote(str(made.folder))} && git init\n"
        "  make test     train the model, and see that it answers\n"
        "  make check    build its image, and check it against the contract\n"
        "  README.md     the way to a release"
    )


COMMANDS = (Command("init", init, BEGIN, order=1),)
