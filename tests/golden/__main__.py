"""`python -m tests.golden` writes the golden files anew from the environments as they are.

The stacks of production are kept whole, and of the others a digest of each part: enough to see what
changes. What has to hold of an order or of security has a test of its own, in
tests/modules/test_order.py and tests/security.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.conftest import Synthesized, run_main, stacks_in

FOLDER = Path(__file__).parent
UPDATE = ".venv/bin/python -m tests.golden"
WHOLE = "prod-euw1"
"""The environment whose stacks are kept whole."""


def parts(stack: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every part of a stack by its address: each resource and data source, and the other blocks."""
    for block, held in stack.items():
        if block in ("resource", "data"):
            prefix = "data." if block == "data" else ""
            for kind, named in held.items():
                for name, content in named.items():
                    yield f"{prefix}{kind}.{name}", content
        else:
            yield block, held


def digest(content: Any) -> str:
    """The beginning of the SHA-256 of a part."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def digests(stacks: Synthesized) -> str:
    """A line for each part of some stacks: stack, address and digest."""
    lines = [
        f"{name}: {address} {digest(content)}"
        for name, stack in stacks.items()
        for address, content in sorted(parts(stack), key=lambda part: part[0])
    ]
    return "\n".join(lines) + "\n"


def without_notes(value: Any) -> Any:
    """A stack without what CDKTF notes of it, which says again what its addresses say."""
    if isinstance(value, dict):
        return {key: without_notes(each) for key, each in value.items() if key != "//"}
    return [without_notes(each) for each in value] if isinstance(value, list) else value


def golden_files(stacks: Synthesized) -> dict[str, str]:
    """The golden files by name: the whole stacks, and one list of digests."""
    whole = {
        f"{name}.json": json.dumps(without_notes(stack), indent=1, sort_keys=True) + "\n"
        for name, stack in stacks.items()
        if name.startswith(f"{WHOLE}-")
    }
    return {**whole, "digests.txt": digests(stacks)}


def synthesized() -> Synthesized:
    """What main.py makes of the environments."""
    with tempfile.TemporaryDirectory() as folder:
        done = run_main("--outdir", folder)
        if done.returncode:
            raise SystemExit(done.stderr)
        return stacks_in(Path(folder))


if __name__ == "__main__":
    for old in [*FOLDER.glob("*.json"), *FOLDER.glob("*.txt")]:
        old.unlink()
    for name, text in golden_files(synthesized()).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
