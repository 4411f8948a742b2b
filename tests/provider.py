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
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.terraform import Stack

OWN = {"TF_REATTACH_PROVIDERS": ""}
"""The variable with which Terraform starts a provider of its own, which ends with it."""

_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass
class _Running:
    """A provider that runs, and how Terraform finds it."""

    key: object
    attach: Mapping[str, str]
    ending: ExitStack = field(default_factory=ExitStack)


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
        self._changing = Lock()
        self._idle: list[_Running] = []
        self._serving = Thread(target=self._serve, daemon=True)
        self._serving.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._lend, args=(connection,), daemon=True).start()

    def _lend(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            asked = json.loads(stream.readline())
            running = self._taken(Path(asked["folder"]), asked["environment"])
            try:
                stream.write(json.dumps(running.attach) + "\n")
                stream.flush()
                # Terraform writes nothing here, and has ended when it is closed.
                connection.recv(1)
            except OSError:
                pass
        with self._changing:
            self._idle.append(running)

    def _taken(self, folder: Path, environment: dict[str, str]) -> _Running:
        found = sorted(folder.glob(".terraform/providers/*/hashicorp/aws/*/*/*"))
        steering = {k: v for k, v in environment.items() if "AWS_" in k or "proxy" in k.lower()}
        key = ([path.resolve() for path in found], steering)
        with self._changing:
            for running in self._idle:
                if running.key == key:
                    self._idle.remove(running)
                    return running
            # Of an emulator that has ended, as a rule.
            self._end()
            return self._started(key, folder, environment)

    def _started(self, key: object, folder: Path, environment: dict[str, str]) -> _Running:
        from ops.terraform import Stack, one_provider

        running = _Running(key, {})
        light = running.ending.enter_context(one_provider(Stack("", folder, ()), environment))
        running.attach = {name: light[name] for name in light.keys() - environment.keys()}
        return running

    def _end(self) -> None:
        for running in self._idle:
            running.ending.close()
        self._idle.clear()

    def close(self) -> None:
        """End every provider."""
        # Without this it would go on waiting for the next connection.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._serving.join()
        with self._changing:
            self._end()


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


class Provider:
    """Nothing any more: every run has a provider that runs already."""

    def variables(self, _: Stack, variables: Mapping[str, str]) -> dict[str, str]:
        return {**variables}

    @contextmanager
    def used(self) -> Iterator[None]:
        yield

    def close(self) -> None:
        """Nothing is to be ended."""
