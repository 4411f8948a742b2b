"""Start, find and stop an emulator in a process of its own.

A directory holds at most one: ``emulator.json`` tells where it listens, ``emulator.log`` what
it said. State is in memory, so stopping it forgets everything, state buckets included.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORD = "emulator.json"
LOG = "emulator.log"

START_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 30.0
_ANSWER_TIMEOUT_SECONDS = 60.0

# Variables of the caller's shell that would lead a client to real accounts or other endpoints.
_DROPPED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CA_BUNDLE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


class EmulatorError(RuntimeError):
    """The emulator could not be started or stopped; the message says why and what to do."""


# Servers started by this very process, which has to wait for them when they end.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator."""

    url: str
    port: int
    pid: int
    started: float
    instance: str
    directory: Path

    @property
    def log(self) -> Path:
        """What the server printed, one line per request."""
        return self.directory / LOG

    def environment(
        self, base: Mapping[str, str] | None = None, *, region: str = "us-east-1"
    ) -> dict[str, str]:
        """A child's environment that directs boto3, the AWS provider and the S3 backend here.

        ``base`` is what it is built on, the caller's own environment when not given.
        """
        kept = {
            name: value
            for name, value in (os.environ if base is None else base).items()
            # AWS_ENDPOINT_URL_S3 and its like would win over AWS_ENDPOINT_URL
            if name not in _DROPPED and not name.startswith("AWS_ENDPOINT_URL")
        }
        direct = [kept[name] for name in ("NO_PROXY", "no_proxy") if kept.get(name)][:1]
        no_proxy = ",".join([*direct, "127.0.0.1", "localhost", "::1"])
        proxies = {
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            # Terraform's provider puts the prefix of an operation in front of the host, as in
            # `api.127.0.0.1`, and nothing turns that off. No such name can be looked up; Go asks a
            # proxy for it, and never for a loopback address.
            "HTTP_PROXY": self.url,
            "http_proxy": self.url,
        }
        return kept | proxies | self.settings(region=region)

    def settings(self, *, region: str = "us-east-1") -> dict[str, str]:
        """The AWS and Terraform variables that ``environment`` sets."""
        nothing = os.devnull
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "emulator",
            "AWS_SECRET_ACCESS_KEY": "emulator",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # a profile in the caller's files could name other endpoints or a role to assume
            "AWS_CONFIG_FILE": nothing,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            # more attempts than needed to get over a dropped connection only hide a failure
            "AWS_MAX_ATTEMPTS": "3",
            "CHECKPOINT_DISABLE": "1",
        }

    def control(
        self, method: str, route: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Call one of the emulator's own routes, such as ``faults`` (see ``emulator.control``)."""
        return _call(self.url, method, route, content)


def start(
    directory: Path,
    *,
    port: int = 0,
    timeout_seconds: float = START_TIMEOUT_SECONDS,
    with_parent: bool = False,
) -> Emulator:
    """Start an emulator for ``directory``, or return the one that runs there already.

    ``port`` 0 takes a free one. The server outlives its starter unless ``with_parent`` is true; ``stop``
    ends it.
    """
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with _exclusive(directory):
        existing = running(directory)
        if existing is not None:
            if port not in (0, existing.port):
                raise EmulatorError(
                    f"an emulator already runs at {existing.url}, port {port} was asked for; "
                    "stop it first"
                )
            return existing
        unresponsive = _recorded(directory)
        if unresponsive is not None and _is_ours(unresponsive):
            _end(unresponsive)
        return _spawn(directory, port, timeout_seconds, with_parent=with_parent)


def running(directory: Path) -> Emulator | None:
    """The emulator of ``directory``: its process lives and answers at its address."""
    emulator = _recorded(directory.resolve())
    if emulator is None or not _is_ours(emulator) or not _answers(emulator):
        return None
    return emulator


def stop(directory: Path) -> bool:
    """Stop the emulator of ``directory``; say whether there was one. Ends no other process."""
    directory = directory.resolve()
    if not directory.is_dir():
        return False
    with _exclusive(directory):
        emulator = _recorded(directory)
        if emulator is None:
            return False
        found = _is_ours(emulator)
        if found:
            _end(emulator)
        (directory / RECORD).unlink(missing_ok=True)
        return found


@contextmanager
def serve(*, port: int = 0) -> Iterator[Emulator]:
    """An emulator for the length of a ``with`` block, in a directory of its own.

    It also ends when this process does, so that a killed test run leaves none behind.
    """
    with tempfile.TemporaryDirectory(prefix="emulator-") as name:
        directory = Path(name)
        emulator = _spawn(directory, port, START_TIMEOUT_SECONDS, with_parent=True)
        try:
            yield emulator
        finally:
            stop(directory)


def _spawn(
    directory: Path, port: int, timeout_seconds: float, *, with_parent: bool = False
) -> Emulator:
    instance = uuid.uuid4().hex
    record = directory / RECORD
    record.unlink(missing_ok=True)
    with (directory / LOG).open("wb") as log:
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", __package__),
                *("--port", str(port)),
                *("--instance", instance),
                *("--record", str(record)),
                *(["--with-parent"] if with_parent else []),
            ],
            cwd=Path(__file__).resolve().parents[1],
            env=_server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        emulator = _recorded(directory)
        if emulator is not None and emulator.instance == instance and _answers(emulator):
            return emulator
        if child.poll() is not None:
            raise EmulatorError(
                f"the emulator ended with status {child.returncode} while it started:\n"
                + _tail(directory / LOG)
            )
        time.sleep(0.02)
    child.kill()
    child.wait()
    record.unlink(missing_ok=True)
    raise EmulatorError(
        f"the emulator did not answer within {timeout_seconds:g} s:\n" + _tail(directory / LOG)
    )


def _server_environment() -> dict[str, str]:
    # moto's own boto3 calls must not reach for the caller's profile or credentials
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONUNBUFFERED": "1"}


def _recorded(directory: Path) -> Emulator | None:
    try:
        content = json.loads((directory / RECORD).read_text(encoding="utf-8"))
        return Emulator(
            url=str(content["url"]),
            port=int(content["port"]),
            pid=int(content["pid"]),
            started=float(content["started"]),
            instance=str(content["instance"]),
            directory=directory,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_ours(emulator: Emulator) -> bool:
    """Whether the process of that id is the recorded one, not a later one with the same id."""
    return bool(emulator.instance) and emulator.instance in _command_line(emulator.pid)


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    with suppress(OSError, subprocess.TimeoutExpired):
        listing = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
        return listing.stdout
    return ""


def _answers(emulator: Emulator) -> bool:
    try:
        health = _call(emulator.url, "GET", "health", None)
    except (OSError, ValueError, EmulatorError):
        return False
    return health.get("instance") == emulator.instance and health.get("pid") == emulator.pid


def _end(emulator: Emulator) -> None:
    for request in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(emulator.pid, request)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            # one that has ended and was not waited for has no command line any more
            if not _is_ours(emulator):
                child = _children.pop(emulator.pid, None)
                if child is not None:
                    child.wait()
                return
            time.sleep(0.02)
    raise EmulatorError(f"process {emulator.pid} of the emulator does not end")


def _call(url: str, method: str, route: str, content: Mapping[str, Any] | None) -> dict[str, Any]:
    # Imported late: every command imports this module, and few call an emulator.
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"{url}/inferform-emulator/{route}",
        data=None if content is None else json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    # no proxy: the address is this machine's own
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_ANSWER_TIMEOUT_SECONDS) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        raise EmulatorError(f"{method} {route}: {error.read().decode(errors='replace')}") from None
    if not isinstance(answer, dict):
        raise EmulatorError(f"{url} is not an emulator")
    return answer


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    """Keep two starters of one directory apart."""
    with (directory / f".{RECORD}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tail(log: Path, lines: int = 20) -> str:
    try:
        content = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(content.splitlines()[-lines:]) or "(it printed nothing)"
