"""Docstrings, messages and documents say what they say in the field's own words."""

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
    r"\b(?:Without (?:it|them|one)[,:]?|without (?:it|them|one)[,:]) (?:yes|no|none|all|any|\d+)\b": (
        "Default: True, none, 30"
    ),
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\bthe answer is\b": "returns",
    r"\banew\b": "again",
    r"\bcannot be had\b": "is not supported",
    r"\bback into order\b": "repaired",
    r"\bspelt out\b": "explained",
}
"""Words that stop a reader, and what to write in their place."""


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """Each text of a module with its line: docstrings, also those of fields, and messages."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (each.value if isinstance(each, ast.Constant) else "…" for each in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def odd(text: str) -> list[str]:
    """The house's words that a text breaks, with what to write."""
    joined = re.sub(r"\s+", " ", text)
    return [
        f"{match[0]!r}: write {better}"
        for pattern, better in HOUSE.items()
        for match in re.finditer(pattern, joined)
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_and_messages_are_plain(folder: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line} {each}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        for line, text in texts(file)
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


def test_the_texts_of_a_module_are_its_docstrings_and_its_messages(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('"""Says it."""\n\nprint(f"mended {1} of them", "or "\n  "not")\n', "utf-8")
    assert {(1, "Says it."), (3, "mended … of them"), (3, "or not")} <= set(texts(file))
