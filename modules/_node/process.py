"""Starting the one Node process, before anything of jsii is imported: both take their time."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .found import HOW_TO_GET, NAMED

SWITCH = "INFERFORM_STOCK_BINDINGS"
"""The environment variable that asks for the stock way."""

SLOW = "warning: the bindings load slowly"
"""What the warning begins with."""

_ENTRY = Path(__file__).with_name("kernel.js")


@dataclass(frozen=True, slots=True)
class Started:
    """A Node process that runs the kernel, and the pipes of the kernel's messages."""

    process: subprocess.Popen[bytes]
    requests: IO[bytes]
    answers: IO[bytes]


_started: Started | None = None


def refusal() -> str:
    """Why Node cannot run alone; empty where it can."""
    if os.name != "posix":
        return f"the system is {os.name} and not POSIX"
    return "JSII_RUNTIME names another runtime" if "JSII_RUNTIME" in os.environ else ""


def warn(reason: str) -> None:
    """Say on stderr why the stock way is taken."""
    print(
        f"{SLOW}, as {reason}; {SWITCH}=1 hides this warning",
        file=sys.stderr,
    )


def start() -> None:
    """Start Node, for whoever takes it, where none waits for that already."""
    global _started
    if _started is None and not refusal():
        _started = _start()


def end() -> None:
    """End the Node that nobody has taken, if there is one."""
    global _started
    unused, _started = _started, None
    if unused is None:
        return
    process = unused.process
    process.kill()
    process.wait()
    for pipe in (unused.requests, unused.answers, process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def take() -> Started:
    """The Node that was started, or another one where it is taken already."""
    global _started
    taken, _started = _started or _start(), None
    return taken


def _node() -> str:
    node = os.environ.get(NAMED) or "node"
    if shutil.which(node) is None:
        raise FileNotFoundError(f"{node} is not there: {HOW_TO_GET}")
    return node


def _start() -> Started:
    node = _node()
    jsii = importlib.util.find_spec("jsii")
    assert jsii is not None
    assert jsii.origin is not None
    program = Path(jsii.origin).parent / "_embedded" / "jsii" / "lib__program.js"
    inputs, outputs = os.pipe(), os.pipe()
    try:
        process = subprocess.Popen(
            [
                node,
                "--max-old-space-size=4069",
                "--preserve-symlinks",
                os.fspath(_ENTRY),
                os.fspath(program),
                str(inputs[0]),
                str(outputs[1]),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "JSII_AGENT": f"Python/{platform.python_version()}"},
            pass_fds=(inputs[0], outputs[1]),
        )
    finally:
        os.close(inputs[0])
        os.close(outputs[1])
    return Started(process, os.fdopen(inputs[1], "wb"), os.fdopen(outputs[0], "rb"))
