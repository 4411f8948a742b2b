"""Measures Inferform; `make bench` runs it.

Exits with status 1 when something that must hold does not. Run it on a machine that does nothing
else: the ratios are taken in turn, but a busy machine still shifts them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from inferform_ops.output import print_table

from . import deploy, limits, review, running, synth
from .measure import Part

PARTS: dict[str, Callable[[int], Part]] = {
    "stock": synth.stock,
    "growth": lambda rounds: synth.growth([50, 500, 5000], rounds),
    "components": lambda rounds: synth.components(20, rounds),
    "others": lambda rounds: synth.others(50, rounds),
    "running": lambda rounds: running.running(1000, rounds),
    "limits": limits.limits,
    "review": lambda rounds: review.changed(10, 5, max(1, rounds // 3)),
    "deploy": lambda rounds: deploy.overhead(10, 2, max(1, rounds // 2)),
}
_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and answer the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="some parts only")
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each, of which the best counts"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--write", type=Path, help="put the tables into this Markdown file")
    options = parser.parse_args(arguments)
    parts = []
    for name in options.only or PARTS:
        part = PARTS[name](options.rounds)
        parts.append(part)
        if not options.json:
            show(part)
    if options.json:
        print(json.dumps([asdict(part) for part in parts], indent=2))
    if options.write:
        text = options.write.read_text(encoding="utf-8")
        results = f"{_BEGIN}\n\n{markdown(parts)}\n{_END}"
        pattern = re.compile(f"{_BEGIN}.*{_END}", re.DOTALL)
        options.write.write_text(pattern.sub(lambda _: results, text), encoding="utf-8")
    return 0 if all(all(part.gates.values()) for part in parts) else 1


def show(part: Part) -> None:
    """Print a part for people."""
    print(part.title)
    print_table(part.columns, part.rows)
    for text, holds in part.gates.items():
        print(f"{'passed' if holds else 'FAILED'}: {text}")
    print()
    sys.stdout.flush()


def markdown(parts: Sequence[Part]) -> str:
    """The parts as Markdown."""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} processors."
    lines = [machine, ""]
    for part in parts:
        lines += [f"**{part.title}**", "", _row(part.columns), _row(["---"] * len(part.columns))]
        lines += [*map(_row, part.rows), ""]
        if part.gates:
            lines += ["; ".join(part.gates) + ".", ""]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
