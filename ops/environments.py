"""The environments that the operator's commands work on."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

import typer

from inferform import Environment, load
from inferform.loading import Loaded
from inferform.rules import did_you_mean

from .errors import BadInputError
from .terraform import ROOT

EnvironmentKey = Annotated[
    str,
    typer.Argument(metavar="ENV", help="An environment, such as dev-use1, or its stage alone."),
]


def environments(folder: Path | None = None) -> Loaded:
    """Every environment of `environments/`, or of another folder."""
    return load(folder or ROOT / "environments")


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


def matching(patterns: Sequence[str], folder: Path | None = None) -> dict[str, Environment]:
    """The stacks whose names match a pattern, with the environment of each, those below first.

    Raises BadInputError for a pattern that matches none.
    """
    loaded = environments(folder).environments
    owners = {f"{key}-{layer}": each for key, each in loaded.items() for layer in each.layers}
    for pattern in patterns:
        if any(fnmatch(stack, pattern) for stack in owners):
            continue
        for key, each in loaded.items():
            if pattern in (key, each.context.stage):
                hint = f"{key} is an environment; its stacks are '{key}-*'"
                raise BadInputError(f"no stack is called {pattern}", hint)
        raise BadInputError(
            f"no stack matches {pattern}{did_you_mean(pattern, owners)}",
            f"the stacks are {', '.join(owners)}",
        )
    return {
        stack: each
        for stack, each in owners.items()
        if any(fnmatch(stack, pattern) for pattern in patterns)
    }


Emulated = Annotated[
    bool, typer.Option("--emulator", help="Work on the running emulator instead of AWS.")
]
"""The `--emulator` option of commands that talk to AWS."""
