"""Waiting for what must come, as long as a busy machine takes; nothing is judged by it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 300.0


def wait_until(condition: Callable[[], bool]) -> bool:
    """Wait until something holds; False when it never did."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(pid, 0)
        # Without an init process to collect it, an orphan stays as a zombie.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


@contextmanager
def asleep(name: str, *arguments: str, cwd: Path, env: Mapping[str, str]) -> Iterator[None]:
    """A process called `name` that does nothing, until the end.

    The kernel shows its arguments and its environment a moment after it has begun.
    """
    command = [name, "-c", "import time; time.sleep(600)", *arguments]
    with subprocess.Popen(command, executable=sys.executable, cwd=cwd, env=env) as process:
        try:
            assert wait_until(lambda: bool(Path(f"/proc/{process.pid}/environ").read_bytes()))
            yield
        finally:
            process.kill()
