"""The Python blocks of a Markdown file, and running them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: str) -> list[tuple[int, str]]:
    """Every block marked `python`, with the line that it begins in."""
    text = (ROOT / path).read_text("utf-8")
    return [(text.count("\n", 0, match.start(1)) + 1, match[1]) for match in _BLOCK.finditer(text)]


def modules() -> dict[str, str]:
    """The README of each module, as a path from the root, by the module's name."""
    found = sorted(ROOT.glob("modules/*/README.md"))
    return {file.parent.name: file.relative_to(ROOT).as_posix() for file in found}


def run(path: str) -> list[dict[str, Any]]:
    """Run each block by itself; the answer is what each defines. Errors show the file's lines."""
    defined = []
    for line, source in blocks(path):
        names: dict[str, Any] = {"__name__": "__example__"}
        exec(compile("\n" * (line - 1) + source, path, "exec"), names)
        defined.append({name: value for name, value in names.items() if name[:2] != "__"})
    return defined
