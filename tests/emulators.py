"""Emulators for tests: processes of their own, forked from one that has loaded what they need.

Most of what a short-lived emulator does is to load services and botocore's models of them. Nothing
that a test makes is in another emulator, as the process that they are forked from serves nobody.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from inferform_emulator.process import LOG, RECORD, Emulator
from tests.waiting import gone, wait_until

_HOST = "127.0.0.1"

# By moto's names and by botocore's.
_SERVICES = (
    *("acm", "applicationautoscaling", "autoscaling", "budgets", "cloudwatch", "codedeploy"),
    *("dynamodb", "ec2", "ecr", "ecs", "eks", "elbv2", "events", "iam", "kms", "lambda", "logs"),
    *("resourcegroupstaggingapi", "route53", "s3", "sagemaker", "sagemakerruntime"),
    *("secretsmanager", "servicediscovery", "servicequotas", "sns", "sqs", "stepfunctions", "sts"),
)
_MODELS = (
    *("application-autoscaling", "autoscaling", "cloudwatch", "codedeploy", "ec2", "ecr", "ecs"),
    *("elbv2", "events", "iam", "kms", "logs", "s3", "sagemaker", "sns", "sqs", "sts"),
)


class _Parent:
    """The process that emulators are forked from; it ends with this one, and they with it."""

    def __init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=Path(__file__).resolve().parent.parent,
            env={**kept, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ask(self, **asked: Any) -> int:
        """Tell it one thing; the id of the process that this is about."""
        asking, answering = self._process.stdin, self._process.stdout
        assert asking is not None
        assert answering is not None
        asking.write(json.dumps(asked) + "\n")
        asking.flush()
        return int(answering.readline())


@cache
def _parent(pid: int) -> _Parent:
    return _Parent()


_ports: list[int] = []


@contextmanager
def serve() -> Iterator[Emulator]:
    """An emulator for the length of a `with` block, as `inferform_emulator.process.serve` has it.

    One that comes after another has its address where that is free, so that a provider of Terraform
    that runs already knows it.
    """
    parent = _parent(os.getpid())
    with tempfile.TemporaryDirectory(prefix="emulator-") as name:
        directory = Path(name)
        before = [port for port in _ports if _is_free(port)]
        emulator = _started(parent, directory, *before[-1:]) or _started(parent, directory)
        assert emulator is not None, (directory / LOG).read_text("utf-8", errors="replace")
        with suppress(ValueError):
            _ports.remove(emulator.port)
        try:
            yield emulator
        finally:
            parent.ask(end=emulator.pid)
            _ports.append(emulator.port)


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((_HOST, port))
        except OSError:
            return False
    return True


def _started(parent: _Parent, directory: Path, port: int = 0) -> Emulator | None:
    """An emulator; None where it ends at once, as when somebody else has just taken the port."""
    record, instance = directory / RECORD, uuid.uuid4().hex
    pid = parent.ask(port=port, instance=instance, directory=str(directory))
    assert wait_until(lambda: record.exists() or gone(pid))
    if not record.exists():
        parent.ask(end=pid)
        return None
    return Emulator(**json.loads(record.read_text("utf-8")), directory=directory)


def _load() -> Any:
    """The server, with its services in place."""
    from moto.core.utils import get_service_model

    from inferform_emulator import dispatch, server

    create = cache(dispatch.create)
    for service in _SERVICES:
        create(service)
    for model in _MODELS:
        get_service_model(model)
    vars(dispatch)["create"] = create
    return server


def _serve(server: Any, port: int, instance: str, directory: Path) -> None:
    """Become an emulator."""
    from moto.moto_api._internal import mock_random

    os.setsid()
    # Python does so for its own numbers alone; otherwise every emulator would make the same names.
    mock_random.seed()
    log = os.open(directory / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, log, log)):
        os.dup2(source, target)
    try:
        server.serve(_HOST, port, instance=instance, record=directory / RECORD, with_parent=True)
    finally:
        sys.stderr.flush()
        os._exit(1)


def _main() -> None:
    server = _load()
    # What is loaded lives until the end, and each emulator would search it for garbage.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    for line in sys.stdin:
        asked = json.loads(line)
        if "end" in asked:
            pid = asked["end"]
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        else:
            pid = os.fork()
            if pid == 0:
                _serve(server, asked["port"], asked["instance"], Path(asked["directory"]))
        print(pid, flush=True)


if __name__ == "__main__":
    _main()
