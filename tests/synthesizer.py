"""A process that runs main.py again and again, with Python's modules and Node loaded once.

What a synthesis makes is what a process of its own makes; most of such a process is its start.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# Node reads these itself, when it starts.
_NODE = ("CDKTF_", "JSII_", "NODE_")
_OUTDIR = "CDKTF_OUTDIR"


@cache
def _started(pid: int) -> str:
    # The name of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="synth-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = str(folder / "socket")
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "\n", "the synthesizer has not started"
    _running.append(process)
    return address


# What ends when its input does, which this process holds.
_running: list[subprocess.Popen[str]] = []


def address() -> str:
    """Where this process's synthesizer listens, which is started by the first who asks."""
    return _started(os.getpid())


class _Synthesizer:
    """Answers one request after another: how the program ended and what it printed, or null for
    what needs a Node of its own."""

    def __init__(self) -> None:
        self._node: dict[str, str] | None = None

    def answer(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        environment = dict(asked["environment"])
        outdir = environment.pop(_OUTDIR)
        node = {name: value for name, value in environment.items() if name.startswith(_NODE)}
        if self._node not in (None, node):
            return None
        self._node = node
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(asked["folder"])
        os.umask(asked["umask"])
        sys.argv = [asked["program"], "--outdir", outdir]
        out, error = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(error):
            status = _status_of(asked["program"])
        # The program leaves it to the end of its process.
        gc.enable()
        return {"status": status, "stdout": out.getvalue(), "stderr": error.getvalue()}


def _status_of(program: str) -> int:
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _main(address: str) -> None:
    # A file that is written twice within a second would be taken for the first one.
    sys.dont_write_bytecode = True
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    print(flush=True)
    synthesizer = _Synthesizer()
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        asking, _ = listener.accept()
        with asking, asking.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps(synthesizer.answer(json.loads(stream.readline()))) + "\n")
            stream.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
