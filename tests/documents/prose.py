"""Docstrings, messages and documents say what they say in the field's own words.

`python -m tests.documents.prose FILE …` names what breaks the rules, as pre-commit does.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

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
    r"\balarms? (?:\w+ )?sounds?\b": "fires",
    r"\bat worst\b": "worst case",
    r"\b(?:goes|go) on (?!(?:this|each|the|which)\b)": "continues",
    r"\bin the place of\b": "instead of",
    r"\b(?:who|topics?|[Ss]omebody|[Nn]obody) (?:that )?(?:is|are|is to be) told\b": "is notified",
    r"\b(?:layers?|stacks?|it|they) stands? on\b": "depends on",
    r"\bas it likes\b": "Default: any",
    r"\bpatience\b": "timeout",
}
"""Words that stop a reader, and what to write instead."""

_ANY = re.compile("|".join(HOUSE))


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
    joined = " ".join(text.split())
    if not _ANY.search(joined):
        return []
    return [
        f"{match[0]!r}: write {better}"
        for pattern, better in HOUSE.items()
        for match in re.finditer(pattern, joined)
    ]


def odd_in(file: Path) -> list[str]:
    """What breaks the rules in a file: the texts of a module, or a whole document."""
    if file.suffix == ".py":
        return [f"{file}:{line} {each}" for line, text in texts(file) for each in odd(text)]
    return [f"{file} {each}" for each in odd(file.read_text("utf-8"))]


def main(files: list[str]) -> int:
    """Print what breaks the rules; the exit status."""
    found = [each for name in files for each in odd_in(Path(name))]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
