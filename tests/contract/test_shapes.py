"""Terraform, with the real provider, accepts networks and registries with every option."""

from __future__ import annotations

from pathlib import Path

from inferform.layers import program
from inferform.target import EMULATOR
from tests.capabilities import capabilities
from tests.contract.accepts import refused, validate


def test_terraform_validates_networks_and_registries_with_every_option(tmp_path: Path) -> None:
    environments = [
        make() for name in ("ecr", "vpc") for make in capabilities()[name].environments.values()
    ]
    outdir = program.synthesize(environments, target=EMULATOR, outdir=tmp_path / "out")
    answers = validate(outdir)
    assert len(answers) == 3
    assert refused(answers) == {}
