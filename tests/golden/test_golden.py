"""What the environments synthesize to, part by part."""

from __future__ import annotations

import difflib

from tests.golden.__main__ import FOLDER, UPDATE, WHOLE, golden_files, synthesized


def test_the_environments_synthesize_to_the_golden_files() -> None:
    made = golden_files(synthesized())
    kept = {
        path.name: path.read_text("utf-8")
        for path in FOLDER.iterdir()
        if path.suffix in (".json", ".txt")
    }
    assert sorted(made) == sorted(kept), f"if that is meant: {UPDATE}"
    assert len([name for name in made if name.startswith(WHOLE)]) == 3
    changed = [
        line
        for name in made
        for line in difflib.unified_diff(
            kept[name].splitlines(), made[name].splitlines(), f"golden/{name}", f"made/{name}", n=1
        )
    ]
    assert not changed, "\n".join([*changed[:80], f"if that is meant: {UPDATE}"])
