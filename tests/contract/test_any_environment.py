"""Terraform accepts whatever synthesizes: environments that nobody wrote, drawn at random."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from inferform import SpecError
from inferform.layers import program
from inferform.target import EMULATOR
from tests.contract.accepts import refused, validate
from tests.specs.kinds import Tree, environment
from tests.specs.test_mutations import TREES, mutations, stable, valid_environments

# Each example costs seconds, and shrinking one would cost minutes.
sampled = settings(
    stable,
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck],
)


def assert_terraform_accepts(tree: Tree, folder: Path) -> None:
    outdir = program.synthesize([environment(tree)], target=EMULATOR, outdir=folder)
    answers = validate(outdir)
    assert answers
    assert refused(answers) == {}


@settings(sampled)
@given(valid_environments())
def test_terraform_accepts_any_environment_of_valid_specs(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree
) -> None:
    assert_terraform_accepts(tree, tmp_path_factory.mktemp("valid"))


def still_valid(tree: Tree) -> bool:
    """Whether a change made another Environment that is valid too."""
    try:
        made = environment(tree)
    except SpecError:
        return False
    return all(made != environment(known) for known in TREES.values())


@settings(sampled)
@given(mutations())
def test_terraform_accepts_any_changed_environment_that_is_not_reported(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree
) -> None:
    assume(still_valid(tree))
    assert_terraform_accepts(tree, tmp_path_factory.mktemp("changed"))
