"""EKS clusters and services as they are synthesized: digests, and the largest service's manifests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.manifests import as_yaml, manifests
from tests.conftest import Synthesized
from tests.examples import readme
from tests.golden.__main__ import digests, without_notes

GOLDEN = Path(__file__).parent / "kubernetes"
UPDATE = "UPDATE_GOLDEN=1 pytest tests/golden/test_kubernetes.py"

# The smallest and the largest example of each README stand for what people write.
CASES = {
    "auto-mode": ("modules/eks/README.md", 0, "dev", "eks"),
    "node-groups": ("modules/eks/README.md", 1, "prod", "eks"),
    "smallest-service": ("modules/kubernetes/README.md", 0, "dev", "kubernetes"),
    "largest-service": ("modules/kubernetes/README.md", 2, "prod", "kubernetes"),
}


def example(case: str) -> Any:
    path, block, name, _ = CASES[case]
    return readme.run(path)[block][name]


def check(path: Path, text: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{UPDATE} writes it"
    assert text == path.read_text("utf-8"), f"{UPDATE} writes what is meant"


@pytest.mark.parametrize("case", CASES)
def test_a_stack_comes_out_as_in_the_golden_file(
    case: str, synthesize: Callable[..., Synthesized]
) -> None:
    environment = example(case)
    stack = without_notes(synthesize(environment)[f"{environment.key}-{CASES[case][3]}"])
    check(GOLDEN / f"{case}.txt", digests({case: stack}))


def test_the_manifests_come_out_as_in_the_golden_file() -> None:
    check(GOLDEN / "largest-service.yaml", as_yaml(manifests(example("largest-service"))))
