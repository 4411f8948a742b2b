"""The names that `inferform` exports, by topic."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import inferform
from tests.conftest import ROOT

MODULES = ROOT / "modules"
OF_THE_PACKAGE = "Environment"
"""The topic of what stands in no folder of its own."""


def topic(module: str) -> tuple[str, Path | None]:
    """The heading of the README beside a module and that README, or the name of its folder."""
    folder = module.split(".", maxsplit=1)[0]
    readme = MODULES / folder / "README.md"
    if readme.exists():
        return readme.read_text("utf-8").partition("\n")[0].removeprefix("# "), readme
    return OF_THE_PACKAGE, None


def by_topic() -> dict[tuple[str, Path | None], list[str]]:
    """The exported names by topic, as `modules/exports.py` imports them."""
    tree = ast.parse((MODULES / "exports.py").read_text("utf-8"))
    found: dict[tuple[str, Path | None], list[str]] = defaultdict(list)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            for alias in node.names:
                name = alias.asname or alias.name
                if name in inferform.__all__:
                    found[topic(node.module)].append(name)
    return {key: sorted(found[key]) for key in sorted(found, key=lambda key: key[0])}


def table() -> str:
    """A table of topics, each with its names."""
    lines = ["| Topic | Names |", "|---|---|"]
    for (title, readme), listed in by_topic().items():
        shown = f"[{title}]({readme.parent.relative_to(ROOT)}/README.md)" if readme else title
        lines.append(f"| {shown} | {', '.join(f'`{name}`' for name in listed)} |")
    return "\n".join(lines) + "\n"
