"""Processes of CDKTF's command line that keep running between deploys, instead of one for each."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from select import select
from threading import Lock, Thread
from typing import Any

_ASKING = Path(__file__).with_name("asking.py")
_PROGRAM = Path(__file__).with_suffix(".js")

# What the runs of one process may have of their own, as only what they start looks at it.
_OWN = ("AWS_", "INFERFORM_", "PYTEST_", "PWD", "TF_")

IDLE = 2
"""How many processes wait for another run."""

OTHERS = 6
"""How many runs of other stacks than its first a process takes: each leaves some 25 MB behind."""

_RUN = """#!/bin/sh
case "$1" in
*/.bin/cdktf) exec {ask} "$@" ;;
esac
exec {node} "$@"
"""


@dataclass
class _Kept:
    """A process that runs one deploy after another."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    key: object = None
    others: int = -1
    busy: bool = True

    def run(self, key: object, asked: Mapping[str, Any], asking: socket.socket) -> int | None:
        """How the run ended; None where whoever asked for it has ended first."""
        other = key != self.key
        self.key = key
        self.others += other
        self.channel.sendall(json.dumps({**asked, "other": other}).encode() + b"\n")
        ready, _, _ = select([self.channel, asking], [], [])
        if self.channel not in ready:
            return None
        with self.channel.makefile("rb") as stream:
            line = stream.readline()
        answer = json.loads(line) if line else {"status": self.process.wait(), "last": True}
        self.busy = bool(answer["last"])
        status: int = answer["status"]
        return status

    def end(self) -> None:
        """End it, with what it has started."""
        self.channel.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Keeping:
    """Runs each deploy in a process that has run the same one before, else in one that has run others.

    The same one is that of the same stacks in the same folders, as the command line remembers those;
    what is in the folders may be another. Before others a process forgets them, which takes a part
    of the time that a start takes.
    """

    def __init__(self, folder: Path, node: str) -> None:
        self.address = str(folder / "keeping")
        self._node = node
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen()
        self._kept: list[_Kept] = []
        self._choosing = Lock()
        self._serving = Thread(target=self._serve, daemon=True)
        self._serving.start()

    def _serve(self) -> None:
        while True:
            try:
                asking, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._answer, args=(asking,), daemon=True).start()

    def _answer(self, asking: socket.socket) -> None:
        with asking, asking.makefile(encoding="utf-8") as stream:
            line = stream.readline()
            if not line:
                return
            asked = json.loads(line)
            variables = {k: v for k, v in asked["environment"].items() if not k.startswith(_OWN)}
            key = (asked["folder"], asked["arguments"], variables)
            kept = self._free(key, asked)
            status = kept.run(key, asked, asking)
            if kept.busy:
                with self._choosing:
                    self._kept.remove(kept)
                kept.end()
            with suppress(OSError):
                asking.sendall(json.dumps(status).encode() + b"\n")

    def _free(self, key: object, asked: Mapping[str, Any]) -> _Kept:
        with self._choosing:
            idle = [each for each in self._kept if not each.busy]
            kept = next((each for each in idle if each.key == key), None)
            while kept is None and len(idle) >= IDLE:
                longest = idle.pop(0)
                if longest.others < OTHERS:
                    kept = longest
                else:
                    self._kept.remove(longest)
                    longest.end()
            if kept is None:
                kept = self._started(asked)
            else:
                self._kept.remove(kept)
            kept.busy = True
            self._kept.append(kept)
            return kept

    def _started(self, asked: Mapping[str, Any]) -> _Kept:
        channel, other = socket.socketpair()
        with other:
            process = subprocess.Popen(
                [self._node, str(_PROGRAM), str(other.fileno())],
                cwd=asked["folder"],
                env=asked["environment"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )
        return _Kept(process, channel)

    def close(self) -> None:
        """End every process."""
        # Without this it would keep waiting for the next run.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._serving.join()
        for kept in self._kept:
            kept.end()


@contextmanager
def kept() -> Iterator[None]:
    """Let every `cdktf deploy`, whoever starts it, run in a process that runs already."""
    node = shutil.which("node")
    if node is None or not Path("/proc/self/fd").exists():
        yield
        return
    # The name of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="kept-"))
    before = os.environ["PATH"]
    try:
        with closing(Keeping(folder, node)) as keeping:
            ask = shlex.join([sys.executable, "-SE", str(_ASKING), node, keeping.address])
            (folder / "node").write_text(_RUN.format(ask=ask, node=shlex.quote(node)), "utf-8")
            (folder / "node").chmod(0o755)
            os.environ["PATH"] = f"{folder}{os.pathsep}{before}"
            yield
    finally:
        os.environ["PATH"] = before
        shutil.rmtree(folder)
