"""Terraform and hashicorp/kubernetes accept the kubernetes layer, where the provider is at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inferform.target import EMULATOR
from ops.terraform import provider_mirror, registry_reachable, stacks, terraform_environment
from tests.conftest import Synthesized
from tests.examples import readme


def _is_at_hand() -> bool:
    mirror = provider_mirror()
    return registry_reachable() or (
        mirror is not None and any(mirror.glob("*/hashicorp/kubernetes"))
    )


@pytest.mark.parametrize(("block", "name"), [(0, "dev"), (2, "prod")])
def test_terraform_validates_the_services(
    block: int, name: str, synthesize: Callable[..., Synthesized], tmp_path: Path
) -> None:
    if not _is_at_hand():
        pytest.skip("hashicorp/kubernetes is neither in a mirror nor reachable in the registry")
    environment = terraform_environment()
    synthesize(readme.run("modules/kubernetes/README.md")[block][name], target=EMULATOR)
    (stack,) = (s for s in stacks(tmp_path / "cdktf.out") if s.layer == "kubernetes")
    ready = stack.init(environment, backend=False)
    assert ready.status == 0, ready.output
    assert "Success!" in stack.run("validate", "-no-color", environment=environment).output
