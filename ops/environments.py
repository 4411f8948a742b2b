"""The environments that the operator's commands work on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from inferform import Environment, load
from inferform.loading import Loaded
from inferform.rules import did_you_mean

from .errors import BadInputError
from .project import FILE
from .terraform import ROOT


def completed(typed: str) -> list[str]:
    """The keys of environments that begin with what is typed: for the completion of a shell."""
    try:
        return [key for key in environments().environments if key.startswith(typed)]
    except Exception:  # a shell has no place for the error, which the command itself tells
        return []


EnvironmentKey = Annotated[
    str,
    typer.Argument(
        metavar="ENV",
        help="An environment, such as dev-use1, or its stage alone.",
        autocompletion=completed,
    ),
]

Chosen = Annotated[
    list[str],
    typer.Argument(
        metavar="ENV",
        help="Environments, or names and patterns of stacks, such as 'mine-*'.",
        autocompletion=completed,
    ),
]


NAMED = "INFERFORM_ENVIRONMENTS"
"""The environment variable that names the folder of environment files."""


def environments_folder() -> Path:
    """The folder of environment files: the one that is named, or `environments/` of the project."""
    named = os.environ.get(NAMED)
    return Path(named).absolute() if named else ROOT / "environments"


def environments(folder: Path | None = None) -> Loaded:
    """Every environment of the project's folder of environment files, or of another folder."""
    folder = folder or environments_folder()
    if not folder.is_dir() and not (ROOT / FILE).is_file():
        raise BadInputError(
            f"{ROOT} is no project: neither it nor a folder above it has a {FILE}",
            "inferform init DIR makes a project",
        )
    loaded = load(folder)
    own = dict.fromkeys(path for each in loaded.environments.values() for path in each.kinds)
    if own:
        from .kinds import add_own

        add_own(own, folder.resolve().parent)
    return loaded


def environment(name: str, folder: Path | None = None) -> Environment:
    """One environment by its key, or by its stage where that has one environment.

    Raises BadInputError with the nearest match.
    """
    known = environments(folder).environments
    if name in known:
        return known[name]
    staged = [each for each in known.values() if each.context.stage == name]
    if len(staged) > 1:
        keys = ", ".join(each.key for each in staged)
        raise BadInputError(f"{name} is {len(staged)} environments", f"name one: {keys}")
    if not staged:
        hint = f"the environments are {', '.join(known)}{did_you_mean(name, known)}"
        raise BadInputError(f"there is no environment {name}", hint)
    return staged[0]


Emulated = Annotated[
    bool, typer.Option("--emulator", help="Work on the running emulator instead of AWS.")
]
"""The `--emulator` option of commands that talk to AWS."""


def repeated(emulator: bool) -> str:
    """What follows a command that is named as the next step, where this one asks the emulator."""
    return " --emulator" if emulator else ""


AskAws = Annotated[
    bool,
    typer.Option("--aws/--no-aws", help="Whether states and AWS are asked, or the files alone."),
]
"""The `--no-aws` option of commands that say what is not known without AWS."""

DEFAULT = "origin/main"
"""The branch that changes are merged into, where none is named."""

Changed = Annotated[
    bool,
    typer.Option(
        "--changed",
        help="Only stacks that differ from --base, and those above them whose inputs may change.",
    ),
]
"""The `--changed` option of commands that plan or apply."""

Compared = Annotated[
    str,
    typer.Option(
        "--base",
        metavar="REF",
        help="What --changed compares with: the commit at which HEAD has left this branch or commit.",
    ),
]
"""The `--base` option beside it."""

Preflight = Annotated[
    bool,
    typer.Option(help="Look whether images, artifacts, certificates and names are there."),
]
"""The `--no-preflight` option of commands that look for what is missing."""

Parallelism = Annotated[
    int | None,
    typer.Option(
        "--parallelism",
        "-j",
        min=1,
        metavar="N",
        help="Stacks at a time. Default: two a processor.",
    ),
]
"""The `--parallelism` option of commands that work on several stacks."""
