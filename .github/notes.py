"""Prints what the changelog says of a version, for the release of its tag.

.venv/bin/python .github/notes.py v0.2.0
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(root: Path, tag: str) -> str:
    """The section of the version of a tag. Raises ValueError where the tree is not that version."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    if tag != f"v{project['version']}":
        raise ValueError(f"{tag} is not v{project['version']}, the version in pyproject.toml")
    left = sorted(file.name for file in (root / "changes").glob("*.md"))
    if left:
        raise ValueError(f"changes/ has {', '.join(left)}: run towncrier build and commit first")
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    heading = rf"^## {re.escape(project['version'])} \(\d{{4}}-\d\d-\d\d\)\n"
    found = re.search(rf"{heading}(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"CHANGELOG.md has no section {project['version']} with a date")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    try:
        print(notes(ROOT, sys.argv[1]), end="")
    except ValueError as error:
        sys.exit(str(error))
