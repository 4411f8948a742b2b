"""Nothing is masked that is no secret, in whatever this project itself writes and plans.

What is meant to be a secret in the fixtures is named here; all else that is masked is a fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.masking import Masked, mask, mask_text
from ops.plan import read_plan
from tests.conftest import ROOT, Synthesized
from tests.review.plans import PLANS

SECRETS = (
    *("correct horse battery", "hunter2-first", "hunter2-second", "hunter2"),
    # Whoever has the address of a receiver of alarms may send it some.
    "https://events.pagerduty.com/integration/",
    # What stands where the token of a connection will.
    "unset, see inferform connections set-token",
)
"""What the fixtures hold as secrets."""

HIDDEN = ("user_data",)
"""Attributes that are hidden whatever they hold."""

DOCUMENTS = sorted(
    file
    for pattern in ("*.md", "docs/*.md", "modules/**/README.md", "container/*.md", "environments/*")
    for file in ROOT.glob(pattern)
    if file.is_file()
)


def masked(before: Any, after: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """The places that masking has changed, each with what was there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for (name, old), (label, new) in zip(before.items(), after.items(), strict=True):
            if name != label:
                yield f"{place}.{name}", name
            yield from masked(old, new, f"{place}.{name}")
    elif isinstance(before, list) and isinstance(after, list):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from masked(old, new, f"{place}[{index}]")
    elif isinstance(after, Masked) or before != after:
        if isinstance(before, str) and before[:1] in ("{", "["):
            yield from masked(json.loads(before), json.loads(str(after)), place)
        elif not place.rpartition(".")[2].startswith(HIDDEN):
            yield place, before


def is_meant(value: Any) -> bool:
    return any(secret in str(value) for secret in SECRETS)


def test_no_argument_of_any_stack_is_masked(everything: Synthesized) -> None:
    looked = 0
    found: list[tuple[str, Any]] = []
    for stack, content in everything.items():
        for kind, named in content.get("resource", {}).items():
            for name, resource in named.items():
                looked += 1
                # Its name in Terraform is no argument, and stands in what CDKTF notes of it.
                arguments = {key: value for key, value in resource.items() if key != "//"}
                found += masked(arguments, mask(arguments), f"{stack}/{kind}.{name}")
    assert looked > 500
    assert [each for each in found if not is_meant(each[1])] == []


@pytest.mark.parametrize("file", sorted(PLANS.glob("*.json")), ids=lambda file: file.stem)
def test_no_value_of_a_golden_plan_is_masked_but_its_secrets(file: Path) -> None:
    shown = json.loads(file.read_text("utf-8"))
    read = read_plan(file)
    found: list[tuple[str, Any]] = []
    for change in shown.get("resource_changes", []):
        for side in ("before", "after"):
            values = change["change"][side]
            marks = change["change"].get(f"{side}_sensitive", False)
            if isinstance(values, dict) and marks is not True:
                found += masked(values, mask(values))
    assert [each for each in found if not is_meant(each[1])] == []
    assert read.not_known == ()


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_line_of_a_document_or_environment_is_masked(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    assert [line for line in lines if mask_text(line) != line and not is_meant(line)] == []
