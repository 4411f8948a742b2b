"""Running a command and watching what it takes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """What one run took: wall time, and the peak memory of all its processes together."""

    seconds: float
    mebibytes: float


@dataclass
class Part:
    """One table of the results, and what must hold of it."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    gates: dict[str, bool] = field(default_factory=dict)
    """Sentences that must be true, and whether they are."""

    def add(self, name: str, run: Run, *more: str) -> None:
        """Add a row for a run."""
        self.rows.append((name, f"{run.seconds:.2f}", f"{run.mebibytes:.0f}", *more))


def measure(command: Sequence[str], **environment: str) -> Run:
    """Run a command in the project's folder; ends the program where it fails.

    `{outdir}` in the command stands for a fresh folder.
    """
    with tempfile.TemporaryDirectory() as outdir, tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [part.replace("{outdir}", outdir) for part in command],
            cwd=ROOT,
            env={**os.environ, "CDKTF_OUTDIR": outdir, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(0.01)
        seconds = time.perf_counter() - begin
        if process.returncode != 0:
            output.seek(0)
            sys.exit(f"{shlex.join(command)} failed:\n{output.read().decode(errors='replace')}")
    return Run(seconds, peak / _MIB)


def in_turn(
    commands: Mapping[str, tuple[Sequence[str], Mapping[str, str]]], rounds: int
) -> dict[str, Run]:
    """The best run of each command; they take turns, so that all meet the same machine.

    Each command comes with variables of its environment. One round before the first fills caches.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, (command, environment) in commands.items():
            run = measure(command, **environment)
            if turn:
                runs[name].append(run)
    return {name: best(taken) for name, taken in runs.items()}


def best(runs: Sequence[Run]) -> Run:
    """The least of each, as other work on the machine only ever adds."""
    return Run(min(run.seconds for run in runs), min(run.mebibytes for run in runs))


def _resident(pid: int) -> int:
    """The bytes that a process and its descendants hold now; Linux only, else 0."""
    folder = Path("/proc", str(pid))
    try:
        pages = int((folder / "statm").read_text().split()[1])
        children = [
            int(child)
            for thread in (folder / "task").iterdir()
            for child in (thread / "children").read_text().split()
        ]
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(_resident, children))
