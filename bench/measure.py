"""Running commands in turn on pinned processors, and watching what they take and what others take beside."""

from __future__ import annotations

import ctypes
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]

PROCESSORS = 2
"""How many processors everything is measured on, where the machine has as many."""

IDLE_BELOW = 0.05
"""Up to which part of these processors other work may take for a bound to be judged. A choice of our own:
it shifts a time by about as much."""

SHORTEST = 0.5
"""How many seconds a round of `timed` takes at least: Linux counts what processors do in steps of 0.01 s, in which
nobody can see IDLE_BELOW of less."""

MEASURED = ("seconds", "least to most", "MiB")
"""The columns of what `Part.add` writes of runs."""

_MIB = 1024 * 1024
_SET_CHILD_SUBREAPER = 36  # prctl(2)


@dataclass(frozen=True)
class Run:
    """What one run took."""

    seconds: float

    mebibytes: float = 0.0
    """The most that its processes held together at a time; 0 where nobody looked."""

    others: float | None = None
    """The part of the processors that other work took meanwhile, 1 for all; None where that is not known."""


@dataclass(frozen=True)
class Runs:
    """Several runs of the same, of which the middle one counts."""

    taken: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(run.seconds for run in self.taken)

    @property
    def mebibytes(self) -> float:
        """The median."""
        return statistics.median(run.mebibytes for run in self.taken)

    @property
    def others(self) -> float | None:
        """The median; None where it is not known of a run."""
        known = [run.others for run in self.taken if run.others is not None]
        return statistics.median(known) if len(known) == len(self.taken) else None

    @property
    def is_idle(self) -> bool:
        """Whether the machine did nothing else that matters, see IDLE_BELOW."""
        return self.others is not None and self.others <= IDLE_BELOW

    @property
    def spread(self) -> str:
        """The least and the most seconds."""
        seconds = [run.seconds for run in self.taken]
        return f"{min(seconds):.2f} to {max(seconds):.2f}"


@dataclass
class Part:
    """One table of the results, and what must hold of it."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    gates: dict[str, bool | None] = field(default_factory=dict)
    """Sentences that must be true, and whether they are; None for one that is not judged."""

    others: float | None = 0.0
    """The most that other work took beside one of the rows, as `Runs.others`; None where it is not known."""

    def add(self, name: str, runs: Runs, *more: str) -> None:
        """Add a row for runs."""
        self.note(runs)
        held = f"{runs.mebibytes:.0f}" if runs.mebibytes else ""
        self.rows.append((name, f"{runs.seconds:.2f}", runs.spread, held, *more))

    def note(self, runs: Runs) -> None:
        """Take into account what other work took beside runs."""
        known = None not in (self.others, runs.others)
        self.others = max(self.others or 0.0, runs.others or 0.0) if known else None

    def judge(self, text: str, holds: bool, runs: Iterable[Runs]) -> None:
        """Add what must hold of the times or the memory of runs; where the machine was not idle beside one
        of them, nobody can say."""
        self.gates[text] = holds if all(each.is_idle for each in runs) else None

    def require(self, text: str, holds: bool) -> None:
        """Add what must hold on any machine."""
        self.gates[text] = holds


def pin(count: int = PROCESSORS) -> list[int]:
    """Let this process and what it starts use so many processors only; the answer has their numbers.

    Empty where the system cannot do that, such as macOS.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    chosen = sorted(os.sched_getaffinity(0))[:count]
    os.sched_setaffinity(0, chosen)
    _keep_orphans()
    return chosen


def _keep_orphans() -> None:
    """Let Linux give this process what its descendants leave, such as providers that Terraform does not
    wait for: their work would be taken for that of others."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def measure(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, folder: Path = ROOT
) -> Run:
    """Run a command in a folder, by default the project's, with more variables; ends the program where it fails.

    `{outdir}` in the command stands for a fresh folder.
    """
    with tempfile.TemporaryDirectory() as outdir, tempfile.TemporaryFile() as output:
        beside = _Beside()
        process = subprocess.Popen(
            [part.replace("{outdir}", outdir) for part in command],
            cwd=folder,
            env={**os.environ, "CDKTF_OUTDIR": outdir, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(0.01)
        seconds = time.perf_counter() - beside.begin
        others = beside.others(seconds)
        if process.returncode != 0:
            output.seek(0)
            sys.exit(f"{shlex.join(command)} failed:\n{output.read().decode(errors='replace')}")
    return Run(seconds, peak / _MIB, others)


def timed(
    work: Callable[[], object], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> Runs:
    """Call something in this process for so many rounds; `clock` may be one of processor time.

    A round has as many calls as take SHORTEST, and one at least; what one call takes counts.
    """
    taken = []
    for _ in range(rounds):
        beside, begin, calls = _Beside(), clock(), 0
        while not calls or time.perf_counter() - beside.begin < SHORTEST:
            work()
            calls += 1
        seconds = (clock() - begin) / calls
        taken.append(Run(seconds, others=beside.others(time.perf_counter() - beside.begin)))
    return Runs(tuple(taken))


def in_turn(
    commands: Mapping[str, tuple[Sequence[str], Mapping[str, str]]],
    rounds: int,
    *,
    folder: Path = ROOT,
    filling: bool = True,
) -> dict[str, Runs]:
    """The runs of each command; they take turns, so that all meet the same machine.

    Each command comes with variables of its environment. With `filling`, one round before the first fills
    caches.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(-filling, rounds):
        for name, (command, environment) in commands.items():
            run = measure(command, environment, folder=folder)
            if turn >= 0:
                runs[name].append(run)
    return {name: Runs(tuple(taken)) for name, taken in runs.items()}


class _Beside:
    """What others do on the same processors from now on."""

    def __init__(self) -> None:
        self.begin = time.perf_counter()
        self._busy, self._own = _busy(), _own()

    def others(self, seconds: float) -> float | None:
        """The part of the processors that others took in the seconds since."""
        busy = _busy()
        if busy is None or self._busy is None:
            return None
        worked = busy - self._busy - (_own() - self._own)
        return max(0.0, worked / seconds / len(os.sched_getaffinity(0)))


_PROCESSOR = re.compile(r"cpu(\d+) (\d+) (\d+) (\d+) \d+ \d+ \d+ \d+ (\d+)")
_TICKS = os.sysconf("SC_CLK_TCK")


def _busy() -> float | None:
    """For how many seconds the processors that this process may use have worked, or were given to other
    machines on the same hardware; None where the system does not tell (Linux does)."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
        usable = os.sched_getaffinity(0)
    except (OSError, AttributeError):
        return None
    found = [match for line in lines if (match := _PROCESSOR.match(line))]
    # proc_stat(5): user, nice, system and steal; what the kernel does for interrupts is nobody's.
    return sum(
        sum(map(int, match.groups()[1:])) / _TICKS for match in found if int(match[1]) in usable
    )


def _own() -> float:
    """The seconds of processors that this process and all that it has started have taken."""
    return sum(os.times()[:4]) + sum(map(_taken, _children(os.getpid())))


def _taken(pid: int) -> float:
    """The seconds of processors of a process, of those that it has waited for, and of those it has."""
    try:
        fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # proc_pid_stat(5): utime, stime, cutime and cstime, of which the state is the third.
    return sum(map(int, fields[11:15])) / _TICKS + sum(map(_taken, _children(pid)))


def _children(pid: int) -> list[int]:
    found = list[str]()
    with suppress(OSError):
        for thread in Path("/proc", str(pid), "task").iterdir():
            found += (thread / "children").read_text().split()
    return [int(child) for child in found]


def _resident(pid: int) -> int:
    """The bytes that a process and its descendants hold now; Linux only, else 0."""
    try:
        pages = int(Path("/proc", str(pid), "statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(_resident, _children(pid)))
