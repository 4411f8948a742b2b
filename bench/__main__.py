"""Measures Inferform; `make bench` runs it.

Everything runs on the same processors, ways of doing the same take turns, and the median counts. A bound is
judged where the machine did nothing else meanwhile. Exits with status 1 when one does not hold, else with
status 3 when one could not be judged.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from inferform_ops.output import print_table

from . import commands, deploy, drift, limits, review, synth
from .measure import IDLE_BELOW, PROCESSORS, Part, pin

PARTS: dict[str, Callable[[int], Part]] = {
    "stock": synth.stock,
    "growth": lambda rounds: synth.growth([50, 500, 5000], rounds),
    "components": lambda rounds: synth.components(20, rounds),
    "others": lambda rounds: synth.others(50, rounds),
    "commands": lambda rounds: commands.commands(1000, rounds),
    "limits": limits.limits,
    "review": lambda rounds: review.changed(10, 5, rounds),
    "overhead": lambda rounds: deploy.overhead(10, 2, rounds),
    "deploy": lambda rounds: deploy.several(10, rounds),
    "drift": lambda rounds: drift.drift(10, 5, rounds),
    "setup": commands.setup,
}
FAILED, NOT_JUDGED = 1, 3
_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"


@dataclass(frozen=True)
class Machine:
    """What the results are of."""

    python: str
    model: str
    processors: int
    """How many it has."""

    pinned: tuple[int, ...]
    """The numbers of those that everything ran on; empty where it could not be pinned."""

    load: tuple[float, float]
    """The load average of a minute, before the first part and after the last."""

    rounds: int
    day: date

    def __str__(self) -> str:
        where = (
            f"pinned to processors {', '.join(map(str, self.pinned))} of {self.processors}"
            if self.pinned
            else f"{self.processors} processors, of which any was used"
        )
        before, after = self.load
        return (
            f"Python {self.python}, {self.model}, {where}; load average {before:.1f} before and {after:.1f} "
            f"after; {self.rounds} rounds, of which the median counts; {self.day}."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and answer the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="some parts only")
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each, of which the median counts"
    )
    parser.add_argument(
        "--processors", type=int, default=PROCESSORS, help="how many everything runs on"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--write", type=Path, help="put the tables into this Markdown file")
    options = parser.parse_args(arguments)
    # Where it is set every run compiles all modules again, which takes as long as a short command.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pinned, before = pin(options.processors), _load()
    parts = []
    for name in options.only or PARTS:
        part = PARTS[name](options.rounds)
        parts.append(part)
        if not options.json:
            show(part)
    machine = Machine(
        platform.python_version(),
        _model(),
        os.cpu_count() or 0,
        tuple(pinned),
        (before, _load()),
        options.rounds,
        datetime.now(UTC).date(),
    )
    if options.json:
        told = {"machine": str(machine), "parts": [asdict(part) for part in parts]}
        print(json.dumps(told, indent=2))
    else:
        print(machine)
    if options.write:
        text = options.write.read_text(encoding="utf-8")
        results = f"{_BEGIN}\n\n{markdown(parts, machine)}\n{_END}"
        pattern = re.compile(f"{_BEGIN}.*{_END}", re.DOTALL)
        options.write.write_text(pattern.sub(lambda _: results, text), encoding="utf-8")
    judged = [holds for part in parts for holds in part.gates.values()]
    if False in judged:
        return FAILED
    return NOT_JUDGED if None in judged else 0


def show(part: Part) -> None:
    """Print a part for people."""
    print(part.title)
    print_table(part.columns, part.rows)
    for text, holds in part.gates.items():
        print(f"{'NOT JUDGED' if holds is None else 'passed' if holds else 'FAILED'}: {text}")
    print(beside(part))
    print()
    sys.stdout.flush()


def beside(part: Part) -> str:
    """What is known of other work on the machine while a part was measured."""
    if part.others is None:
        return "What other work took of the processors is not known, so no bound is judged."
    said = f"Other work took {part.others:.0%} of the processors at most"
    return f"{said}, and bounds are judged up to {IDLE_BELOW:.0%}."


def markdown(parts: Sequence[Part], machine: Machine) -> str:
    """The parts as Markdown."""
    lines = [str(machine), ""]
    for part in parts:
        lines += [f"**{part.title}**", "", _row(part.columns), _row(["---"] * len(part.columns))]
        lines += [*map(_row, part.rows), ""]
        said = {None: " (not judged)", True: "", False: " (not reached)"}
        if part.gates:
            texts = (f"{text}{said[holds]}" for text, holds in part.gates.items())
            lines += [f"{'; '.join(texts)}.", ""]
        lines += [beside(part), ""]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _load() -> float:
    return os.getloadavg()[0]


def _model() -> str:
    """The name of the processors, where Linux tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
