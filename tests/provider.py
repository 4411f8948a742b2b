"""Providers that keep running between runs of Terraform, instead of one for each run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from select import select
from threading import Thread
from typing import Any

from tests.launcher import in_turn

OWN = {"TF_REATTACH_PROVIDERS": ""}
"""The variable with which Terraform starts a provider of its own, which ends with it."""

_LAUNCHER = Path(__file__).with_name("launcher.py")
_SCHEMAS = Path(__file__).with_name("schemas.js")
_AWS = "registry.terraform.io/hashicorp/aws"
PROVIDERS = Path(".terraform", "providers")
LOCK_FILE = ".terraform.lock.hcl"
_TYPE = re.compile(rb"\baws_\w+")


class Schemas:
    """Lets Terraform take of the provider's schema only what the runs so far have named.

    A type that no file in the folder of a run has named is none that the provider knows then.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._addresses = count()
        self._known: dict[str, str] = {}
        self._kept: set[str] = set()
        self._process = subprocess.Popen(
            ["node", _SCHEMAS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def attached(self, text: str, *, owned: bool = False) -> str:
        """The value of `TF_REATTACH_PROVIDERS` by which Terraform gets less of the same providers.

        Those that are `owned` end with this process, however it ends.
        """
        providers = json.loads(text)
        for provider in providers.values():
            target = provider["Addr"]["String"]
            if target not in self._known:
                listen = str(self._folder / str(next(self._addresses)))
                pid = provider["Pid"] if owned else None
                self._tell({"listen": listen, "target": target, "pid": pid})
                self._known[target] = listen
            provider["Addr"]["String"] = self._known[target]
        return json.dumps(providers)

    def keep(self, types: set[str]) -> None:
        """Hand on these types from now on, too."""
        if new := types - self._kept:
            self._tell({"keep": sorted(new)})
            self._kept |= new

    def forget(self, text: str) -> None:
        """Let providers go that end."""
        for provider in json.loads(text).values():
            self._tell({"end": self._known.pop(provider["Addr"]["String"], "")})

    def _tell(self, message: Mapping[str, object]) -> None:
        asking, answering = self._process.stdin, self._process.stdout
        assert asking is not None
        assert answering is not None
        asking.write(json.dumps(message) + "\n")
        asking.flush()
        assert answering.readline() == "\n", "node has ended"

    def close(self) -> None:
        """End what hands on."""
        with self._process:
            pass


class Initialised:
    """Initialises folders with what one run of `init` has found for their kind.

    Most of such a run is the digest of a provider of 700 MB.
    """

    def __init__(self, folder: Path, terraform: str) -> None:
        self._folder = folder
        self._terraform = terraform
        self._known: dict[str, Path | None] = {}

    def prepare(self, folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
        """Put the provider in its place, and answer the variables with which `init` leaves it."""
        kind = _kind(folder, environment)
        if not kind:
            return {}
        if kind not in self._known:
            self._known[kind] = self._initialised(folder, environment)
        made = self._known[kind]
        if made is None:
            return {}
        if not (folder / PROVIDERS).exists():
            shutil.copytree(made / PROVIDERS, folder / PROVIDERS, symlinks=True)
        shutil.copy(made / LOCK_FILE, folder)
        nowhere = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True}
        address = {"Network": "unix", "String": os.devnull}
        return {"TF_REATTACH_PROVIDERS": json.dumps({_AWS: {**nowhere, "Addr": address}})}

    def _initialised(self, like: Path, environment: Mapping[str, str]) -> Path | None:
        """A folder that Terraform initialises by itself; None where it refuses to, or keeps the
        provider elsewhere than in a mirror or a cache."""
        made = self._folder / f"initialised-{len(self._known)}"
        made.mkdir()
        with suppress(FileNotFoundError):
            shutil.copy(like / LOCK_FILE, made)
        content = json.loads((like / "cdk.tf.json").read_text("utf-8"))
        required = {"required_providers": content["terraform"]["required_providers"]}
        (made / "cdk.tf.json").write_text(json.dumps({"terraform": required}), "utf-8")
        with in_turn(environment):
            done = subprocess.run(
                [self._terraform, f"-chdir={made}", "init", "-input=false"],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        links = [path for path in (made / PROVIDERS).glob("*/*/*/*/*") if path.is_symlink()]
        return made if done.returncode == 0 and links else None


def _kind(folder: Path, environment: Mapping[str, str]) -> str:
    """What the outcome of `init` follows from; empty for folders that are not like the others."""
    try:
        content = json.loads((folder / "cdk.tf.json").read_text("utf-8"))
        configured = Path(environment["TF_CLI_CONFIG_FILE"]).read_text("utf-8")
        required = content["terraform"]["required_providers"]
    except (OSError, ValueError, KeyError):
        return ""
    alone = [*required] == ["aws"] and len([*folder.glob("*.tf*")]) == 1
    usual = alone and "TF_DATA_DIR" not in environment
    lock = folder / LOCK_FILE
    locked = lock.read_text("utf-8") if lock.exists() else ""
    return json.dumps([required, configured, locked]) if usual else ""


@dataclass
class _Running:
    """A provider that runs, and how Terraform finds it."""

    key: object
    attach: str
    ending: ExitStack
    run: socket.socket | None = None
    """What the run of Terraform that uses it has open until it ends."""

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

    def __init__(self, folder: Path, terraform: str) -> None:
        self.address = str(folder / "lending")
        self._schemas = Schemas(folder)
        self._initialised = Initialised(folder, terraform)
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
            try:
                asked = json.loads(line)
                variables = self._answer(
                    run, Path(asked["folder"]), asked["environment"], asked["command"]
                )
                answer: dict[str, Any] = {"variables": variables}
            except Exception:
                # Without an answer this run and all later ones would wait without an end.
                answer = {"failed": traceback.format_exc()}
            # Where the run is over already, the next one has the provider.
            with suppress(OSError):
                run.sendall(json.dumps(answer).encode() + b"\n")
            if all(running.run is not run for running in self._running):
                run.close()

    def _answer(
        self, run: socket.socket, folder: Path, environment: dict[str, str], command: str
    ) -> dict[str, str]:
        """The variables with which a run finds its provider."""
        if command == "init":
            return self._initialised.prepare(folder, environment)
        self._schemas.keep(_types_in(folder))
        attach = environment.get("TF_REATTACH_PROVIDERS", "")
        if attach:
            return {"TF_REATTACH_PROVIDERS": self._schemas.attached(attach)}
        provider = self._found(folder, environment)
        provider.run = run
        if not provider.attach:
            return {}
        attached = self._schemas.attached(provider.attach, owned=True)
        return {"GOGC": environment.get("GOGC", "400"), "TF_REATTACH_PROVIDERS": attached}

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
            self._end(running)
        running = _started(key, folder, environment)
        self._running.append(running)
        return running

    def _end(self, running: _Running) -> None:
        if running.attach:
            self._schemas.forget(running.attach)
        running.end()

    def close(self) -> None:
        """End every provider."""
        # Without this it would keep waiting for the next run.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._serving.join()
        for running in self._running:
            self._end(running)
        self._schemas.close()


def _started(key: object, folder: Path, environment: dict[str, str]) -> _Running:
    from ops.terraform import Stack, one_provider

    ending = ExitStack()
    light = ending.enter_context(one_provider(Stack("", folder, ()), environment))
    return _Running(key, light.get("TF_REATTACH_PROVIDERS", ""), ending)


def _types_in(folder: Path) -> set[str]:
    """What the files of a folder name, that may be types of the provider."""
    return {
        name.decode()
        for pattern in ("*.tf*", "*/*.tf*", ".terraform/modules/**/*.tf*")
        for path in folder.glob(pattern)
        if path.is_file()
        for name in _TYPE.findall(path.read_bytes())
    }


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
        with closing(Lending(folder, terraform)) as lending:
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
