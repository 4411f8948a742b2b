"""The checker passes the reference container and finds what is wrong with others."""

from __future__ import annotations

import contextlib
import json
import runpy
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ops import contract
from ops.contract import CHECKS, InputError, Report, Status, check
from ops.model_repository import ModelAnswers, init_model
from tests.waiting import PATIENCE_SECONDS

ROWS = b"5.1,3.5,1.4,0.2\n6.2,3.4,5.4,2.3\n"
BODY = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'

# What the handlers below and the checker tell each other.
LOADED, REFUSED, LATE = threading.Event(), threading.Event(), threading.Event()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a busy machine does not break; `python -m bench` holds the true ones."""
    for limit in ("PING_SECONDS", "CONNECT_SECONDS", "INVOCATION_SECONDS", "STOP_SECONDS"):
        monkeypatch.setattr(contract, limit, PATIENCE_SECONDS)
    for event in (LOADED, REFUSED, LATE):
        event.clear()
    load = contract._load

    def loaded(*arguments: Any) -> Any:
        LOADED.set()
        return load(*arguments)

    monkeypatch.setattr(contract, "_load", loaded)


class Good(BaseHTTPRequestHandler):
    """The least that passes; each faulty server below changes one thing."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        if kind not in ("text/csv", "application/json"):
            self.answer(415)
            return
        try:
            json.loads(body) if kind == "application/json" else body.decode()
        except ValueError:
            self.broken()
        else:
            self.predict(body)

    def predict(self, body: bytes) -> None:
        self.answer(200, b"[0]")

    def broken(self) -> None:
        self.answer(400)

    def answer(self, status: int, body: bytes = b"") -> None:
        with contextlib.suppress(ConnectionError):  # the checker may have stopped waiting
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the test output clean."""


class LatePing(Good):
    def do_GET(self) -> None:
        LATE.wait(PATIENCE_SECONDS)
        self.answer(200)


class NeverHealthy(Good):
    def do_GET(self) -> None:
        self.answer(503, b'{"error": "no model.joblib"}')


class FailsOnBadPayload(Good):
    def broken(self) -> None:
        self.answer(500)


class TakesAnyPayload(Good):
    def broken(self) -> None:
        self.answer(200, b"[0]")


class TakesAnyType(Good):
    def do_POST(self) -> None:
        self.headers.replace_header("Content-Type", "application/json")
        super().do_POST()


class CutsLargeBodies(Good):
    def do_POST(self) -> None:
        if int(self.headers["Content-Length"]) > 5_000_000:
            self.close_connection = True
            return
        super().do_POST()


class RefusesLargeBodies(Good):
    def predict(self, body: bytes) -> None:
        self.answer(413 if len(body) > 5_000_000 else 200, b"x")


class FailsToPredict(Good):
    def predict(self, body: bytes) -> None:
        self.answer(500, b"KeyError")


class AnswersNothing(Good):
    def predict(self, body: bytes) -> None:
        self.answer(200)


class OneAtATime(Good):
    """Refuses what it cannot serve at once, as a server without a queue does."""

    busy = threading.Lock()

    def predict(self, body: bytes) -> None:
        if self.busy.acquire(blocking=False):
            try:
                if LOADED.is_set():
                    REFUSED.wait(PATIENCE_SECONDS)
                self.answer(200, b"[0]")
            finally:
                self.busy.release()
        else:
            REFUSED.set()
            self.answer(503)


class PingsWait(Good):
    protocol_version = "HTTP/1.0"  # one thread must not be held by a kept connection

    def predict(self, body: bytes) -> None:
        if LOADED.is_set():
            LATE.wait(PATIENCE_SECONDS)
        self.answer(200, b"[0]")


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Start a server with a handler; its URL."""
    servers: list[HTTPServer] = []

    def start(handler: type[Good], server: type[HTTPServer] = ThreadingHTTPServer) -> str:
        servers.append(server(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for each in servers:
        each.shutdown()
        each.server_close()


@pytest.fixture
def no_idling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "IDLE_SECONDS", 0.1)


def ids(report: Report, status: Status) -> set[str]:
    return {each.id for each in report.checks if each.status is status}


def test_the_reference_container_passes_every_check_from_start_to_stop(
    make_container: Any, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = make_container(model_dir)
    for name, value in container.env.items():
        monkeypatch.setenv(name, value)
    report = check(container.url, csv=ROWS, json_body=BODY, command=shlex.join(container.command))
    assert [(each.id, each.status) for each in report.checks] == [
        (each.id, Status.PASSED) for each in CHECKS
    ], report.to_json()
    assert report["sigterm"].measured.startswith("status 0 after")


@pytest.mark.usefixtures("no_idling")
def test_the_server_of_a_model_repository_passes_with_the_model_that_its_program_trains(
    make_container: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ModelAnswers("iris", "acme", "111122223333", "us-east-1", ["dev"], "ml", "github")
    folder = init_model(tmp_path / "iris", answers).folder
    runpy.run_path(str(folder / "train.py"))["train"](folder / "build")
    container = make_container(folder / "build/model")
    for name, value in container.env.items():
        monkeypatch.setenv(name, value)
    report = check(
        container.url,
        csv=(folder / "tests/rows.csv").read_bytes(),
        json_body=(folder / "tests/body.json").read_bytes(),
        command=shlex.join([sys.executable, str(folder / "image/serve.py"), "serve"]),
        requests=8,
    )
    assert {each.status for each in report.checks} == {Status.PASSED}, report.to_json()


@pytest.mark.usefixtures("no_idling")
def test_a_good_server_passes_and_stopping_is_skipped(serve: Any) -> None:
    report = check(serve(Good), csv=ROWS, json_body=BODY)
    assert report.ok
    assert ids(report, Status.SKIPPED) == {"sigterm"}
    assert ids(report, Status.PASSED) == {each.id for each in CHECKS} - {"sigterm"}


@pytest.mark.usefixtures("no_idling")
def test_without_a_sample_the_checks_that_need_one_are_skipped_and_say_so(serve: Any) -> None:
    report = check(serve(Good))
    assert report.ok
    skipped = {"invoke-csv", "invoke-json", "large-body", "load", "ping-load"}
    assert ids(report, Status.SKIPPED) == skipped | {"sigterm"}
    assert all("sample" in report[each].advice for each in skipped)


@pytest.mark.usefixtures("no_idling")
@pytest.mark.parametrize(
    ("handler", "failed", "warned"),
    [
        (FailsOnBadPayload, {"bad-payload"}, set()),
        (TakesAnyPayload, set(), {"bad-payload"}),
        (TakesAnyType, {"invoke-csv", "large-body", "load"}, {"unknown-type"}),
        (CutsLargeBodies, {"large-body"}, set()),
        (RefusesLargeBodies, set(), {"large-body"}),
        (FailsToPredict, {"invoke-csv", "invoke-json", "large-body", "load"}, set()),
        (AnswersNothing, set(), {"invoke-csv", "invoke-json"}),
        (OneAtATime, {"load"}, set()),
    ],
)
def test_each_fault_is_found_and_nothing_else(
    serve: Any, handler: type[Good], failed: set[str], warned: set[str]
) -> None:
    report = check(serve(handler), csv=ROWS, json_body=BODY, requests=8)
    assert ids(report, Status.FAILED) == failed
    assert ids(report, Status.WARNED) == warned
    assert report.ok == (not failed)
    assert all(report[each].measured and report[each].advice for each in failed | warned)


@pytest.mark.usefixtures("no_idling")
def test_a_slow_ping_never_becomes_healthy(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "PING_SECONDS", 0.2)
    report = check(serve(LatePing), startup_seconds=0.5)
    LATE.set()
    assert ids(report, Status.FAILED) == {"startup"}
    assert ids(report, Status.SKIPPED) == {each.id for each in CHECKS[1:]}
    assert "ReadTimeout" in report["startup"].measured


def test_a_container_that_is_never_healthy_is_quoted(serve: Any) -> None:
    report = check(serve(NeverHealthy), startup_seconds=0.3)
    assert "503" in report["startup"].measured
    assert "no model.joblib" in report["startup"].measured


@pytest.mark.usefixtures("no_idling")
def test_a_ping_that_waits_behind_predictions_is_found(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ping = contract._Container.ping

    def limited(container: Any) -> Any:
        if LOADED.is_set():
            monkeypatch.setattr(contract, "PING_SECONDS", 0.2)
        answer = ping(container)
        if not answer.ok:
            LATE.set()
        return answer

    monkeypatch.setattr(contract._Container, "ping", limited)
    report = check(serve(PingsWait, HTTPServer), csv=ROWS, requests=4)
    assert ids(report, Status.FAILED) == {"ping-load"}


@pytest.mark.usefixtures("no_idling")
def test_a_slow_connection_is_found(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "CONNECT_SECONDS", 0.0)
    assert ids(check(serve(Good)), Status.FAILED) == {"connect"}


PROGRAM = """
import http.server, signal
from tests.container.test_contract_checker import Good
server = http.server.ThreadingHTTPServer(("127.0.0.1", {port}), Good)
{extra}
server.serve_forever()
"""


@pytest.mark.usefixtures("no_idling")
@pytest.mark.parametrize(
    ("extra", "limit", "measured"),
    [
        ("", PATIENCE_SECONDS, "the request in flight got no answer"),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", 1.0, "still running after 1 s"),
    ],
    ids=["cuts requests", "ignores SIGTERM"],
)
def test_a_container_that_stops_badly_is_found(
    tmp_path: Path,
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
    extra: str,
    limit: float,
    measured: str,
) -> None:
    monkeypatch.setattr(contract, "STOP_SECONDS", limit)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    program = tmp_path / "server.py"
    program.write_text(PROGRAM.format(port=free_port, extra=extra))
    report = check(f"http://127.0.0.1:{free_port}", csv=ROWS, command=f"{sys.executable} {program}")
    assert ids(report, Status.FAILED) == {"sigterm"}
    assert report["sigterm"].measured.startswith(measured)


def test_a_command_that_ends_at_once_is_not_waited_for(free_port: int) -> None:
    command = f"{sys.executable} -c 'exit(3)'"
    report = check(f"http://127.0.0.1:{free_port}", command=command, startup_seconds=1e9)
    assert report["startup"].measured == "the command ended with status 3"


def test_a_command_is_not_started_beside_another_server(serve: Any) -> None:
    with pytest.raises(InputError, match="something already listens"):
        check(serve(Good), command="false")


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://localhost", "http://", "http://h/?a=1"])
def test_an_address_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="URL"):
        check(url)


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(contract.check_container)
    return app


@pytest.mark.usefixtures("no_idling")
def test_the_command_reports_json_and_succeeds(
    serve: Any, app: typer.Typer, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_bytes(ROWS)
    result = CliRunner().invoke(
        app, [serve(Good), "--csv-file", str(tmp_path / "rows.csv"), "--json"]
    )
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["ok"] is True
    assert [each["id"] for each in report["checks"]] == [each.id for each in CHECKS]


@pytest.mark.usefixtures("no_idling")
def test_the_command_shows_what_to_do_and_exits_1(serve: Any, app: typer.Typer) -> None:
    result = CliRunner().invoke(app, [serve(FailsOnBadPayload)])
    assert result.exit_code == 1
    assert "bad-payload: answer 400 with a reason" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["http://localhost:1", "--csv-file", "missing.csv"],
        ["http://localhost:1", "--requests", "0"],
        ["http://localhost:1", "--command", "no-such-program"],
    ],
)
def test_the_command_exits_2_on_bad_input(app: typer.Typer, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stderr
    assert "Traceback" not in result.stderr
