"""`python -m tests.golden` writes the golden files anew from the environments as they are."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.conftest import Synthesized, run_main, stacks_in

FOLDER = Path(__file__).parent
UPDATE = ".venv/bin/python -m tests.golden"


def addresses(stack: dict[str, dict[str, dict[str, object]]]) -> list[str]:
    """The address of every resource of a stack."""
    resources = stack.get("resource", {})
    return sorted(f"{kind}.{name}" for kind in resources for name in resources[kind])


def golden_files(stacks: Synthesized) -> dict[str, str]:
    """The golden files by name: one for each stack, and one list of addresses."""
    files = {
        f"{name}.json": json.dumps(stack, indent=1, sort_keys=True) + "\n"
        for name, stack in stacks.items()
    }
    every = [f"{name}: {address}" for name in stacks for address in addresses(stacks[name])]
    files["addresses.txt"] = "\n".join(every) + "\n"
    return files


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
