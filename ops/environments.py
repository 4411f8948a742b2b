"""The environments that the operator's commands work on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modules import Environment, load
from modules.environment import Loaded
from modules.rules import did_you_mean

from .errors import BadInputError
from .terraform import ROOT

EnvironmentKey = Annotated[
    str, typer.Argument(metavar="ENV", help="The environment's key, such as dev-use1.")
]


def environments(folder: Path | None = None) -> Loaded:
    """Every environment of `environments/`, or of another folder."""
    return load(folder or ROOT / "environments")


def environment(key: str, folder: Path | None = None) -> Environment:
    """One environment by its key. Raises BadInputError with the nearest match."""
    known = environments(folder).environments
    if key not in known:
        hint = f"the environments are {', '.join(known)}{did_you_mean(key, known)}"
        raise BadInputError(f"there is no environment {key}", hint)
    return known[key]


Emulated = Annotated[
    bool, typer.Option("--emulator", help="Work on the running emulator instead of AWS.")
]
"""The `--emulator` option of commands that talk to AWS."""
