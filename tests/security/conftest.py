"""Every stack that the environments and the documents' examples synthesize to, made once."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from modules import Environment
from tests.conftest import Synthesized, stacks_in
from tests.examples import stacks


class Made(NamedTuple):
    """A synthesized stack, and the environment that asks for it."""

    environment: Environment
    stack: dict[str, Any]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """Every stack, by its source and its name."""
    found: dict[str, Made] = {}
    outdir = tmp_path_factory.mktemp("stacks")
    for source, environments in stacks.synthesize(outdir).items():
        by_key = {environment.key: environment for environment in environments}
        for name, stack in stacks_in(outdir / source).items():
            key = next(key for key in by_key if name.startswith(f"{key}-"))
            found[f"{source}-{name}"] = Made(by_key[key], stack)
    return found


@pytest.fixture(scope="session")
def everything(made: dict[str, Made]) -> Synthesized:
    """The Terraform JSON of every stack, by its source and its name."""
    return {name: each.stack for name, each in made.items()}
