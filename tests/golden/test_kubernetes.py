"""EKS clusters and services as they are synthesized: one golden file for each."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.manifests import as_yaml, manifests
from tests.conftest import Synthesized
from tests.examples import readme

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


def without_metadata(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_metadata(each) for key, each in value.items() if key != "//"}
    return [without_metadata(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES)
def test_a_stack_comes_out_as_in_the_golden_file(
    case: str, synthesize: Callable[..., Synthesized]
) -> None:
    environment = example(case)
    layer = CASES[case][3]
    stack = without_metadata(synthesize(environment)[f"{environment.key}-{layer}"])
    made = {key: stack[key] for key in ("data", "output", "provider", "resource") if key in stack}
    check(GOLDEN / f"{case}.json", json.dumps(made, indent=2, sort_keys=True) + "\n")


@pytest.mark.parametrize("case", ["smallest-service", "largest-service"])
def test_the_manifests_come_out_as_in_the_golden_file(case: str) -> None:
    check(GOLDEN / f"{case}.yaml", as_yaml(manifests(example(case))))
