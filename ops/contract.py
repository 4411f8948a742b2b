"""Check a running inference container against the contract in `container/CONTRACT.md`.

`check()` is the library, `check_container()` the command. Every check sends a bounded number of
requests of bounded size to the address that the caller names, and to nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from . import checks as known
from .output import Json, stdout

CSV = "text/csv"
JSON = "application/json"

PING_SECONDS = 2.0
CONNECT_SECONDS = 0.25
INVOCATION_SECONDS = 60.0
STOP_SECONDS = 30.0
IDLE_SECONDS = 2.0
LARGE_BODY_BYTES = 6 * 1024 * 1024
MAX_REQUESTS = 1000
MAX_CONCURRENCY = 64

# A broken body for each type: cut off in the middle, and not even text.
_BROKEN = {JSON: b'{"instances": [[1.0, 2', CSV: b"\xff\xfe\x00,\x80\n"}
_UNKNOWN_TYPE = "application/x-not-a-type"


class InputError(ValueError):
    """The checker was asked for something it cannot do; no check has run."""


class Status(StrEnum):
    """How a check ended; only FAILED breaks the contract."""

    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One check: `advice` says what to do about it, or why it was skipped; empty when passed."""

    id: str
    title: str
    limit: str
    status: Status = Status.SKIPPED
    measured: str = ""
    advice: str = ""

    def passed(self, measured: str) -> Check:
        return replace(self, status=Status.PASSED, measured=measured)

    def warned(self, measured: str, advice: str) -> Check:
        return replace(self, status=Status.WARNED, measured=measured, advice=advice)

    def failed(self, measured: str, advice: str) -> Check:
        return replace(self, status=Status.FAILED, measured=measured, advice=advice)

    def skipped(self, reason: str) -> Check:
        return replace(self, status=Status.SKIPPED, advice=reason)


@dataclass(frozen=True)
class Report:
    """Every check of one container, in the order in which they ran."""

    url: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """True when no check failed; warned and skipped checks do not count."""
        return all(check.status is not Status.FAILED for check in self.checks)

    def __getitem__(self, check_id: str) -> Check:
        return {check.id: check for check in self.checks}[check_id]

    def to_json(self) -> str:
        """The report for other programs."""
        checks = [asdict(check) for check in self.checks]
        return json.dumps({"url": self.url, "ok": self.ok, "checks": checks}, indent=2)


def _check(declared: known.Check, limit: str) -> Check:
    return Check(declared.id, declared.title, limit)


STARTUP = _check(known.STARTUP, "GET /ping is 200")
CONNECT = _check(known.CONNECT, "250 ms")
PING = _check(known.PING, "200 within 2 s")
PING_IDLE = _check(known.PING_IDLE, "200 within 2 s")
INVOKE_CSV = _check(known.INVOKE_CSV, "2xx within 60 s")
INVOKE_JSON = _check(known.INVOKE_JSON, "2xx within 60 s")
BAD_PAYLOAD = _check(known.BAD_PAYLOAD, "4xx")
UNKNOWN_TYPE = _check(known.UNKNOWN_TYPE, "415")
LARGE_BODY = _check(known.LARGE_BODY, "2xx within 60 s, or 413")
LOAD = _check(known.LOAD, "all 2xx within 60 s")
PING_LOAD = _check(known.PING_LOAD, "200 within 2 s")
SIGTERM = _check(known.SIGTERM, "gone within 30 s")
CHECKS = (
    *(STARTUP, CONNECT, PING, PING_IDLE, INVOKE_CSV, INVOKE_JSON, BAD_PAYLOAD),
    *(UNKNOWN_TYPE, LARGE_BODY, LOAD, PING_LOAD, SIGTERM),
)

_NO_SAMPLE = "give a sample body that the model accepts"
_ANY_SAMPLE = f"{_NO_SAMPLE} (CSV or JSON)"
_PING_ADVICE = "answer GET /ping without running the model, from a thread or process kept for it"


@dataclass(frozen=True)
class _Answer:
    """What came back: a status, or None and the reason why there was no answer."""

    status: int | None
    text: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    def __str__(self) -> str:
        duration = _duration(self.seconds)
        if self.status is None:
            return f"no answer after {duration}: {self.text}"
        shown = "" if self.ok or not self.text else f" ({self.text})"
        return f"{self.status} in {duration}{shown}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


class _Container:
    """The container's two routes, with a time limit on each."""

    def __init__(self, url: str) -> None:
        import httpx

        self.url = url
        # A proxy from the environment would be measured in the container's place.
        self._http = httpx.Client(base_url=url, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def ping(self) -> _Answer:
        return self._send("GET", "/ping", PING_SECONDS)

    def invoke(self, body: bytes | Iterator[bytes], headers: Mapping[str, str]) -> _Answer:
        return self._send("POST", "/invocations", INVOCATION_SECONDS, body, headers)

    def _send(
        self,
        method: str,
        path: str,
        limit: float,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Answer:
        import httpx

        start = time.monotonic()
        try:
            response = self._http.request(
                method, path, content=body, headers=headers, timeout=limit
            )
            status, text = response.status_code, " ".join(response.text[:200].split())
        except httpx.HTTPError as error:
            status, text = None, f"{type(error).__name__} {error}".strip()
        return _Answer(status, text, time.monotonic() - start)


@dataclass(frozen=True)
class _Sample:
    """A body that the model accepts."""

    content_type: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type}

    def grown(self, size: int) -> _Sample:
        """The same input, made large: CSV by repeating its rows, JSON by white space."""
        if self.content_type == JSON:
            return replace(self, body=self.body.ljust(size))
        rows = self.body.rstrip(b"\n") + b"\n"
        return replace(self, body=rows * -(-size // len(rows)))


def check(
    url: str,
    *,
    csv: bytes | None = None,
    json_body: bytes | None = None,
    command: str | None = None,
    startup_seconds: float = 180.0,
    requests: int = 40,
    concurrency: int = 4,
) -> Report:
    """Check the container at `url` and report.

    `csv` and `json_body` are bodies that the model accepts (CSV without a header row); without
    them the checks that need one are skipped. `command` is a local command that runs the
    container in the foreground: it is started first, and ended with SIGTERM, which is the only
    way to check stopping. Raises InputError when nothing can be checked.
    """
    base = _base_url(url)
    _in_range("requests", requests, MAX_REQUESTS)
    _in_range("concurrency", concurrency, MAX_CONCURRENCY)
    for name, body in (("CSV", csv), ("JSON", json_body)):
        if body is not None and not body.strip():
            raise InputError(f"the {name} sample is empty")
    samples = [
        _Sample(kind, body) for kind, body in ((CSV, csv), (JSON, json_body)) if body is not None
    ]
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(_started(command, base)) if command else None
        container = _Container(base)
        stack.callback(container.close)
        startup = _startup(container, process, startup_seconds)
        checks = [startup]
        if startup.status is Status.FAILED:
            reason = "the container did not become healthy"
            checks += [each.skipped(reason) for each in CHECKS[1:]]
        else:
            checks += [_connect(base), _ping(container), _ping_idle(container)]
            checks += _invocations(container, samples)
            checks += [_bad_payload(container), _unknown_type(container)]
            checks.append(_large_body(container, samples))
            checks += _load(container, samples, requests, concurrency)
            checks.append(_sigterm(container, samples, process))
    return Report(base, tuple(checks))


def _base_url(url: str) -> str:
    import httpx

    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InputError(f"{url!r} is not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InputError(f"the URL must look like http://localhost:8080, got {url!r}")
    if parsed.query or parsed.fragment:
        raise InputError(f"the URL must have no query or fragment, got {url!r}")
    return str(parsed).rstrip("/")


def _in_range(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InputError(f"{name} must be between 1 and {most}, got {value}")


def _address(url: str) -> tuple[str, int]:
    import httpx

    parsed = httpx.URL(url)
    return parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80)


@contextlib.contextmanager
def _started(command: str, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command, its output on our stderr; whatever is left of it at the end is killed."""
    with contextlib.suppress(OSError), socket.create_connection(_address(url), PING_SECONDS):
        raise InputError(f"something already listens at {url}; stop it first")
    try:
        words = shlex.split(command)
        # Its own process group, so that children of a dead parent can still be ended.
        process = subprocess.Popen(words, stdout=2, process_group=0)
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"cannot run {command!r}: {error}") from error
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _startup(container: _Container, process: subprocess.Popen[bytes] | None, limit: float) -> Check:
    expected = replace(STARTUP, limit=f"{STARTUP.limit} within {limit:g} s")
    start = time.monotonic()
    while True:
        answer = container.ping()
        waited = time.monotonic() - start
        if answer.status == 200:
            return expected.passed(_duration(waited))
        if process is not None and process.poll() is not None:
            return expected.failed(
                f"the command ended with status {process.returncode}", "read its output above"
            )
        if waited >= limit:
            return expected.failed(
                f"last ping: {answer}", "read the container's log; raise the wait if it is loading"
            )
        time.sleep(0.2)


def _connect(url: str) -> Check:
    slowest = 0.0
    for _ in range(5):
        start = time.monotonic()
        try:
            with socket.create_connection(_address(url), PING_SECONDS):
                slowest = max(slowest, time.monotonic() - start)
        except OSError as error:
            return CONNECT.failed(f"refused: {error}", "keep the listening socket open")
    measured = f"slowest of 5: {_duration(slowest)}"
    if slowest <= CONNECT_SECONDS:
        return CONNECT.passed(measured)
    return CONNECT.failed(
        measured, "accept in a process that does not run the model, such as nginx; check near it"
    )


def _judge_pings(expected: Check, pings: list[_Answer]) -> Check:
    bad = [ping for ping in pings if ping.status != 200 or ping.seconds > PING_SECONDS]
    if bad:
        return expected.failed(f"{len(bad)} of {len(pings)} bad: {bad[0]}", _PING_ADVICE)
    slowest = _duration(max(ping.seconds for ping in pings))
    return expected.passed(slowest if len(pings) == 1 else f"slowest of {len(pings)}: {slowest}")


def _ping(container: _Container) -> Check:
    return _judge_pings(PING, [container.ping()])


def _ping_idle(container: _Container) -> Check:
    pings = []
    for _ in range(4):
        time.sleep(IDLE_SECONDS / 4)
        pings.append(container.ping())
    return _judge_pings(PING_IDLE, pings)


def _invocations(container: _Container, samples: list[_Sample]) -> Iterator[Check]:
    given = {sample.content_type: sample for sample in samples}
    for expected, kind in ((INVOKE_CSV, CSV), (INVOKE_JSON, JSON)):
        if kind not in given:
            yield expected.skipped(_NO_SAMPLE)
            continue
        answer = container.invoke(given[kind].body, given[kind].headers)
        if not answer.ok:
            yield expected.failed(str(answer), "check the sample, then the container's log")
        elif answer.seconds > INVOCATION_SECONDS:
            yield expected.failed(str(answer), "use an asynchronous endpoint, or a faster model")
        elif not answer.text:
            yield expected.warned("an empty answer", "return the prediction in the body")
        else:
            yield expected.passed(str(answer))


def _bad_payload(container: _Container) -> Check:
    answers = {
        kind: container.invoke(body, {"Content-Type": kind}) for kind, body in _BROKEN.items()
    }
    measured = ", ".join(
        f"{kind}: {'no answer' if answer.status is None else answer.status}"
        for kind, answer in answers.items()
    )
    statuses = [answer.status or 599 for answer in answers.values()]
    if any(status >= 500 for status in statuses):
        return BAD_PAYLOAD.failed(
            measured, "answer 400 with a reason: a 5xx is counted as a fault of the model"
        )
    if any(status < 400 for status in statuses):
        return BAD_PAYLOAD.warned(measured, "a broken body was taken as input; answer 400")
    return BAD_PAYLOAD.passed(measured)


def _unknown_type(container: _Container) -> Check:
    answer = container.invoke(b"x", {"Content-Type": _UNKNOWN_TYPE})
    if answer.status == 415:
        return UNKNOWN_TYPE.passed("415")
    return UNKNOWN_TYPE.warned(str(answer), "answer 415 and name the types that are served")


def _large_body(container: _Container, samples: list[_Sample]) -> Check:
    if not samples:
        return LARGE_BODY.skipped(_ANY_SAMPLE)
    large = samples[0].grown(LARGE_BODY_BYTES)
    answer = container.invoke(large.body, large.headers)
    if answer.status == 413:
        return LARGE_BODY.warned(
            str(answer), "fine for serverless (4 MB); raise the limit for other endpoints (25 MB)"
        )
    if answer.ok and answer.seconds <= INVOCATION_SECONDS:
        return LARGE_BODY.passed(str(answer))
    return LARGE_BODY.failed(
        str(answer), "raise the server's body limit, or answer 413 when the body is too large"
    )


def _load(
    container: _Container, samples: list[_Sample], requests: int, concurrency: int
) -> list[Check]:
    expected = replace(LOAD, title=f"answers {requests} requests, {concurrency} in parallel")
    if not samples:
        return [expected.skipped(_ANY_SAMPLE), PING_LOAD.skipped(_ANY_SAMPLE)]
    sample = samples[0]
    pings: list[_Answer] = []
    start = time.monotonic()
    with ThreadPoolExecutor(concurrency) as pool:
        futures = [
            pool.submit(container.invoke, sample.body, sample.headers) for _ in range(requests)
        ]
        while not pings or not all(future.done() for future in futures):
            pings.append(container.ping())
            time.sleep(0.05)
        answers = [future.result() for future in futures]
    elapsed = time.monotonic() - start
    return [_judge_load(expected, answers, elapsed), _judge_pings(PING_LOAD, pings)]


def _judge_load(expected: Check, answers: list[_Answer], elapsed: float) -> Check:
    bad = [each for each in answers if not each.ok or each.seconds > INVOCATION_SECONDS]
    if bad:
        return expected.failed(
            f"{len(bad)} of {len(answers)} bad: {bad[0]}",
            "queue what cannot be served at once; look for workers that died in the log",
        )
    median = statistics.median(answer.seconds for answer in answers)
    slowest = max(answer.seconds for answer in answers)
    rate = len(answers) / elapsed
    return expected.passed(
        f"median {_duration(median)}, slowest {_duration(slowest)}, {rate:.0f} per second"
    )


def _sigterm(
    container: _Container, samples: list[_Sample], process: subprocess.Popen[bytes] | None
) -> Check:
    if process is None:
        return SIGTERM.skipped("give the command that runs the container")
    with ThreadPoolExecutor(1) as pool:
        request, finish = _half_sent(pool, container, samples[0]) if samples else (None, None)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        if finish is not None:
            time.sleep(0.5)
            finish.set()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return SIGTERM.failed(
                f"still running after {STOP_SECONDS:.0f} s",
                "handle SIGTERM in process 1: exec-form ENTRYPOINT, no shell in between",
            )
        ended = f"status {process.returncode} after {_duration(time.monotonic() - start)}"
        answer = request.result() if request is not None else None
    if answer is not None and not answer.ok:
        return SIGTERM.failed(
            f"the request in flight got {answer}; {ended}",
            "on SIGTERM stop accepting, finish what was accepted, then end",
        )
    return SIGTERM.passed(ended if answer is not None else f"{ended}; no request in flight")


def _half_sent(
    pool: ThreadPoolExecutor, container: _Container, sample: _Sample
) -> tuple[Future[_Answer], threading.Event]:
    """Begin a request and hold back its last byte, so that it is surely in flight."""
    begun, finish = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        yield sample.body[:-1]
        begun.set()
        finish.wait(STOP_SECONDS)
        yield sample.body[-1:]

    headers = {**sample.headers, "Content-Length": str(len(sample.body))}
    request = pool.submit(container.invoke, body(), headers)
    begun.wait(PING_SECONDS)
    # For the server to accept the connection and read the headers. One that takes in turn what it
    # is sent has done so after two pings, on however busy a machine.
    time.sleep(0.3)
    for _ in range(2):
        container.ping()
    return request, finish


_STYLES = {
    Status.PASSED: "green",
    Status.WARNED: "yellow",
    Status.FAILED: "bold red",
    Status.SKIPPED: "dim",
}


def _table(report: Report) -> Table:
    table = Table("check", "", "status", "measured", "limit", box=None, pad_edge=False)
    for each in report.checks:
        status = f"[{_STYLES[each.status]}]{each.status}[/]"
        table.add_row(each.id, each.title, status, escape(each.measured), each.limit)
    return table


def _print(report: Report) -> None:
    stdout.print(_table(report))
    for each in report.checks:
        if each.advice:
            line = f"{each.id}: {each.advice}"
            stdout.print(line, style=_STYLES[each.status], markup=False)


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()


def _or_exit(work: Callable[[], Report]) -> Report:
    try:
        return work()
    except (InputError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def check_container(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Where it listens, such as http://localhost:8080.")
    ],
    csv_file: Annotated[
        Path | None, typer.Option(help="CSV rows that the model accepts, without a header.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option(help="A JSON body that the model accepts.")
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(help="Start the container with this command, and end it with SIGTERM."),
    ] = None,
    startup_seconds: Annotated[
        float, typer.Option(min=0, help="How long to wait until it is healthy.")
    ] = 180.0,
    requests: Annotated[
        int, typer.Option(min=1, max=MAX_REQUESTS, help="Requests sent for the load check.")
    ] = 40,
    concurrency: Annotated[
        int, typer.Option(min=1, max=MAX_CONCURRENCY, help="How many of them at once.")
    ] = 4,
    as_json: Json = False,
) -> None:
    """Check a running inference container against the contract of SageMaker, ECS and EKS.

    Exits 0 when no check failed, 1 when one did, 2 when the input is wrong.

    Example: inferform check-container http://localhost:8080 --csv-file rows.csv
    """
    report = _or_exit(
        lambda: check(
            url,
            csv=_read(csv_file),
            json_body=_read(json_file),
            command=command,
            startup_seconds=startup_seconds,
            requests=requests,
            concurrency=concurrency,
        )
    )
    if as_json:
        typer.echo(report.to_json())
    else:
        _print(report)
    if not report.ok:
        raise typer.Exit(1)
