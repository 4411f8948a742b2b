"""The recipe for a capability: how many files that exist it edits."""

from __future__ import annotations

import re

from tests.conftest import ROOT

MOST = 9
"""The most files that exist and that one new capability edits."""


def recipe(heading: str) -> str:
    """The text under a heading of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_a_capability_edits_few_files_and_each_is_an_item_of_its_own() -> None:
    existing = recipe("Add a capability").partition("Existing files:")[2]
    items = re.findall(r"^\d+\. `([^`]+)`", existing, re.MULTILINE)
    assert len(items) == len(set(items)) == len(re.findall(r"^\d+\.", existing, re.MULTILINE))
    assert 5 < len(items) <= MOST
    assert [item for item in items if not (ROOT / item).is_file()] == []


def test_no_new_file_of_a_capability_is_there_already() -> None:
    new = recipe("Add a capability").partition("New files:")[2].partition("Existing files:")[0]
    items = re.findall(r"^\d+\. `([^`]+)`", new, re.MULTILINE)
    assert len(items) > 5
    assert [item for item in items if "NAME" not in item] == []
