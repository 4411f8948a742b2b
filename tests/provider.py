"""Providers that go on running between runs of Terraform, in the place of one for each run."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from select import select
from threading import Thread

OWN = {"TF_REATTACH_PROVIDERS": ""}
"""The variable with which Terraform starts a provider of its own, which ends with it."""

_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass
class _Running:
    """A provider that runs, and how Terraform finds it."""

    key: object
    attach: Mapping[str, str]
    ending: ExitStack
    run: socket.socket | None = None
    """What the run of Terraform that uses it has open until it ends."""

    def lend(self, run: socket.socket) -> None:
        """Tell a run how to use it."""
        self.run = run
        # Where the run is over already, the next one has it.
        with suppress(OSError):
            run.sendall(json.dumps(dict(self.attach)).encode() + b"\n")

    @property
    def idle(self) -> bool:
        """Whether the run that had it is over."""
        if self.run is not None and select([self.run], [], [], 0)[0]:
            self.run.close()
            self.run = None
        return self.run is None

    def end(self) -> None:
        """End the provider."""
        if self.run is not None:
            self.run.close()
        self.ending.close()


class Lending:
    """Lends each run of Terraform a provider that no other run uses meanwhile.

    Most of a small run is the start of the provider. One serves runs one after another, as each
    gives it its own configuration, and has the variables of AWS that it was started with.
    """

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "lending")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen()
        self._running: list[_Running] = []
        self._serving = Thread(target=self._serve, daemon=True)
        self._serving.start()

    def _serve(self) -> None:
        while True:
            try:
                run, _ = self._listener.accept()
            except OSError:
                return
            with run.makefile(encoding="utf-8") as stream:
                line = stream.readline()
            if not line:
                run.close()
                continue
            asked = json.loads(line)
            self._found(Path(asked["folder"]), asked["environment"]).lend(run)

    def _found(self, folder: Path, environment: dict[str, str]) -> _Running:
        files = sorted(folder.glob(".terraform/providers/*/hashicorp/aws/*/*/*"))
        steering = {k: v for k, v in environment.items() if "AWS_" in k or "proxy" in k.lower()}
        key = ([path.resolve() for path in files], steering)
        idle = [running for running in self._running if running.idle]
        for running in idle:
            if running.key == key:
                return running
        # Of an emulator that has ended, as a rule.
        for running in idle:
            self._running.remove(running)
            running.end()
        running = _started(key, folder, environment)
        self._running.append(running)
        return running

    def close(self) -> None:
        """End every provider."""
        # Without this it would go on waiting for the next run.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._serving.join()
        for running in self._running:
            running.end()


def _started(key: object, folder: Path, environment: dict[str, str]) -> _Running:
    from ops.terraform import Stack, one_provider

    ending = ExitStack()
    light = ending.enter_context(one_provider(Stack("", folder, ()), environment))
    return _Running(key, {name: light[name] for name in light.keys() - environment.keys()}, ending)


@contextmanager
def lent() -> Iterator[None]:
    """Let every run of Terraform, whoever starts it, use a provider that runs already."""
    terraform = shutil.which("terraform")
    if terraform is None:
        yield
        return
    # The name of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="lent-"))
    before = os.environ["PATH"]
    try:
        with closing(Lending(folder)) as lending:
            command = shlex.join(
                [sys.executable, "-SE", str(_LAUNCHER), terraform, lending.address]
            )
            (folder / "terraform").write_text(f'#!/bin/sh\nexec {command} "$@"\n', "utf-8")
            (folder / "terraform").chmod(0o755)
            os.environ["PATH"] = f"{folder}{os.pathsep}{before}"
            yield
    finally:
        os.environ["PATH"] = before
        shutil.rmtree(folder)
