"""`inferform` in processes that begin with what every command imports, as most of a short run is that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.conftest import ROOT

_SERVER = """
import gc, importlib, json, os, pkgutil, sys
import boto3, typer.rich_utils
import ops.bootstrap, ops.commands, ops.deploy, ops.explain, ops.output
for each in pkgutil.iter_modules(ops.commands.__path__):
    importlib.import_module(f"ops.commands.{each.name}")
gc.freeze()
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for descriptor, name in enumerate(("out", "err"), start=1):
            file = os.path.join(asked["folder"], name)
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        os.environ.clear()
        os.environ.update(asked["environment"])
        ops.commands.__path__ += asked["commands"]
        sys.argv[:] = ["inferform", *asked["arguments"]]
        from ops.cli import main
        main()
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
_SHOWN = {"NO_COLOR": "1", "COLUMNS": "200"}


@cache
def _server(_: int) -> subprocess.Popen[str]:
    """The process that commands are forked from; it ends with this one."""
    return subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        cwd=ROOT,
        env={**os.environ, **_SHOWN},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def inferform(
    *arguments: str, commands: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command; `commands` is a folder with more files of commands."""
    server = _server(os.getpid())
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        asked = {
            "folder": folder,
            "environment": {**os.environ, **_SHOWN, **variables},
            "commands": [] if commands is None else [str(commands)],
            "arguments": arguments,
        }
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        out, err = (Path(folder, name).read_text("utf-8") for name in ("out", "err"))
    return subprocess.CompletedProcess(arguments, status, out, err)
