"""Measures synthesis with the fast bindings against the stock ones.

``python -m bench.synth`` runs the same command both ways, in turn, and exits with status 1
when the fast way does not take a tenth of the time and a third of the memory at most.
``--endpoints 50,500`` measures how the fast way grows instead.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from modules.bindings import SWITCH

ROOT = Path(__file__).parents[1]
TIMES_FASTER = 10
TIMES_SMALLER = 3
SAMPLE = [sys.executable, "-m", "bench.sample", "{outdir}"]
MAIN = [sys.executable, "main.py", "--outdir", "{outdir}"]
MIB = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """What one run took."""

    seconds: float
    mebibytes: float


def measure(command: Sequence[str], **environment: str) -> Run:
    """Run a command and watch it; its peak memory is that of all its processes together."""
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
    return Run(seconds, peak / MIB)


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


def best(runs: Sequence[Run]) -> Run:
    """The least of each, as other work on the machine only ever adds."""
    return Run(min(run.seconds for run in runs), min(run.mebibytes for run in runs))


def compare(command: Sequence[str], rounds: int) -> dict[str, Run]:
    """The best of both ways, measured in turn after one run that fills the caches."""
    measure(command)
    runs: dict[str, list[Run]] = {"fast": [], "stock": []}
    for _ in range(rounds):
        # Short runs suffer most from other work on the machine, so there are more of them.
        runs["fast"] += [measure(command) for _ in range(3)]
        runs["stock"].append(measure(command, **{SWITCH: "1"}))
    return {way: best(taken) for way, taken in runs.items()}


def grow(endpoints: Sequence[int], rounds: int) -> dict[str, Run]:
    """The best of the sample with so many endpoints, with the fast bindings."""
    measure(SAMPLE)
    return {
        str(count): best(
            [measure([*SAMPLE, "--endpoints", str(count)]) for _ in range(rounds)],
        )
        for count in endpoints
    }


def show(title: str, label: str, measured: Mapping[str, Run]) -> None:
    table = Table(label, "seconds", "MiB", title=title)
    for name, run in measured.items():
        table.add_row(name, f"{run.seconds:.2f}", f"{run.mebibytes:.0f}")
    Console().print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--command",
        type=shlex.split,
        default=MAIN if (ROOT / "main.py").exists() else SAMPLE,
        help="what to measure, with {outdir} where the output goes; without it, main.py",
    )
    parser.add_argument("--endpoints", help="numbers of endpoints to measure growth with: 50,500")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)

    if options.endpoints:
        counts = [int(count) for count in options.endpoints.split(",")]
        measured = grow(counts, options.rounds)
        if options.json:
            print(json.dumps({name: asdict(run) for name, run in measured.items()}))
        else:
            show("synthesis of the sample", "endpoints", measured)
        return 0

    measured = compare(options.command, options.rounds)
    fast, stock = measured["fast"], measured["stock"]
    faster = stock.seconds / fast.seconds
    smaller = stock.mebibytes / fast.mebibytes if fast.mebibytes else None
    passed = faster >= TIMES_FASTER and (smaller is None or smaller >= TIMES_SMALLER)
    if options.json:
        runs = {name: asdict(run) for name, run in measured.items()}
        print(json.dumps({**runs, "faster": faster, "smaller": smaller, "passed": passed}))
    else:
        show("synthesis", "bindings", measured)
        memory = f"{smaller:.1f} times less memory" if smaller else "memory is not measured here"
        print(f"{faster:.1f} times faster, {memory}: {'passed' if passed else 'failed'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
