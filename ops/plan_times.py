"""How long the last plan of each stack took on this machine."""

from __future__ import annotations

from .program import Program
from .terraform import Stack, private_folder


def note(program: Program, stack: Stack, seconds: float) -> None:
    """Keep how long `terraform plan` took for a stack, beside the plans of the project."""
    folder = program.work / _FOLDER / program.target
    for each in (program.work, folder.parent, folder):
        private_folder(each)
    (folder / stack.name).write_text(f"{seconds:.1f}", encoding="utf-8")


def noted(program: Program, stack: Stack) -> float | None:
    """How many seconds the last plan of a stack took; None where none was made here."""
    try:
        return float((program.work / _FOLDER / program.target / stack.name).read_text("utf-8"))
    except (OSError, ValueError):
        return None


_FOLDER = "plan-times"
