"""Docstrings and documents say what they say in the field's own words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDERS = ("modules", "ops", "emulator")
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "changes/*.md", "docs/**/*.md", "modules/*/README.md", "emulator/*.md")
    for path in ROOT.glob(pattern)
)

HOUSE = {
    r"\bWithout (?:it|them|one)[,:]? (?:yes|no|none|all|any|\d+)\b": "Default: True, none, 30",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\bthe answer is\b": "returns",
    r"\banew\b": "again",
}
"""Words that stop a reader, and what to write in their place."""


def docstrings(file: Path) -> Iterator[tuple[int, str]]:
    """Each docstring of a module, also those of fields, with its line."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value


def odd(text: str) -> list[str]:
    """The house's words that a text breaks, with what to write."""
    joined = re.sub(r"\s+", " ", text)
    return [
        f"{match[0]!r}: write {better}"
        for pattern, better in HOUSE.items()
        for match in re.finditer(pattern, joined)
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_are_plain(folder: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line} {each}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        for line, text in docstrings(file)
        for each in odd(text)
    ]
    assert found == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_documents_are_plain(file: Path) -> None:
    assert odd(file.read_text("utf-8")) == []


def test_an_odd_word_is_found_across_lines() -> None:
    assert odd("What is kept. Without\n    it, none.") == [
        "'Without it, none': write Default: True, none, 30"
    ]
    assert odd("mend the cause") == ["'mend': write fix"]
    assert odd("Default: none. Recommended.") == []
