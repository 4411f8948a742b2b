"""The reference container keeps the contract of container/CONTRACT.md."""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.waiting import gone, wait_until

from .conftest import HeldModel

CSV = "text/csv"
JSON = "application/json"
MIB = 1024 * 1024
SERVE = Path(__file__).parents[2] / "container/reference/serve.py"


def as_csv(rows: Any) -> bytes:
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


def row_block(size: int) -> bytes:
    row = b"5.1,3.5,1.4,0.2\n"
    return row * (size // len(row))


def test_csv_answers_are_the_models_own(container: Any, iris: Any) -> None:
    measurements, model = iris
    answer = container.post(as_csv(measurements))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(CSV)
    assert [int(line) for line in answer.text.splitlines()] == model.predict(measurements).tolist()


@pytest.mark.parametrize("wrapped", [True, False], ids=["instances", "bare list"])
def test_json_answers_are_the_models_own(container: Any, iris: Any, wrapped: bool) -> None:
    measurements, model = iris
    rows = measurements.tolist()
    body = json.dumps({"instances": rows} if wrapped else rows).encode()
    answer = container.post(body, JSON)
    assert answer.status_code == 200
    assert answer.json() == {"predictions": model.predict(measurements).tolist()}


@pytest.mark.parametrize(
    ("accept", "answered"),
    [("application/json", JSON), ("text/*", CSV), ("*/*", CSV), ("image/png, text/csv;q=0.5", CSV)],
)
def test_accept_chooses_the_answers_type(container: Any, accept: str, answered: str) -> None:
    answer = container.post(b"5.1,3.5,1.4,0.2", Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == answered


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", CSV, "empty"),
        (b"sepal_length,sepal_width,petal_length,petal_width\n1,2,3,4", CSV, "header"),
        (b"1,2,3", CSV, "expected 4 values per row, got 3"),
        (b"1,2,3,4\n1,2", CSV, "columns"),
        (b"\xff\xfe", CSV, "CSV"),
        (b"nan,1,2,3", CSV, "NaN"),
        (b"", JSON, "not JSON"),
        (b'{"instances": [[1, 2', JSON, "not JSON"),
        (b'{"rows": []}', JSON, 'no "instances"'),
        (b'{"instances": []}', JSON, "at least one row"),
        (b"[[1, 2, 3, 4], [1]]", JSON, "instances"),
        (b'[["a", 2, 3, 4]]', JSON, "instances"),
        (b"[" * 100_000, JSON, "not JSON"),
        (b"[[1" + b"0" * 400 + b", 2, 3, 4]]", JSON, "instances"),
    ],
)
def test_a_bad_body_is_the_clients_fault_and_says_why(
    container: Any, body: bytes, content_type: str, reason: str
) -> None:
    answer = container.post(body, content_type)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_types_that_are_not_served_are_refused(container: Any) -> None:
    unknown = container.post(b"x", "image/png")
    assert unknown.status_code == 415
    assert "text/csv" in unknown.json()["error"]
    unwanted = container.post(b"1,2,3,4", Accept="image/png")
    assert unwanted.status_code == 406
    assert "text/csv" in unwanted.json()["error"]


def test_other_routes_and_methods_answer_in_json(container: Any) -> None:
    missing, wrong = container.http.get("/nowhere"), container.http.get("/invocations")
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert missing.json()["error"]
    assert wrong.json()["error"]


@pytest.mark.parametrize("mib", [6, 25])
def test_large_bodies_are_served(container: Any, mib: int) -> None:
    body = row_block(mib * MIB)
    answer = container.post(body)
    assert answer.status_code == 200
    assert answer.text.count("\n") == body.count(b"\n")


def test_a_body_over_the_limit_gets_413_and_the_limit(container: Any) -> None:
    answer = container.post(row_block(26 * MIB))
    assert answer.status_code == 413
    assert "25 MiB" in answer.json()["error"]


def test_parallel_requests_are_all_answered_right(container: Any, iris: Any) -> None:
    measurements, model = iris
    expected = model.predict(measurements).tolist()

    def ask(index: int) -> bool:
        answer = container.post(as_csv(measurements[index : index + 1]))
        return bool(answer.status_code == 200 and int(answer.text) == expected[index])

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(len(expected))))


def held(make_container: Any, model: HeldModel, **env: str) -> Any:
    """A healthy container of a model that holds its requests."""
    container = make_container(model.folder, PYTHONPATH=str(model.folder), **env).start()
    container.wait_for_ping(200)
    return container


def test_ping_is_answered_while_every_worker_is_busy(
    make_container: Any, held_model: HeldModel
) -> None:
    container = held(make_container, held_model)
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(container.post, b"1") for _ in range(4)]  # two wait for a worker
        assert wait_until(lambda: held_model.begun() == 2)
        assert container.http.get("/ping").status_code == 200
        assert not any(answer.done() for answer in answers)
        held_model.release()
        assert [answer.result().status_code for answer in answers] == [200] * 4


def test_ping_and_models_are_answered_beside_2000_requests_that_never_end(
    container: Any, iris: Any
) -> None:
    with ExitStack() as opened:
        for _ in range(2000):
            connection = opened.enter_context(
                socket.create_connection(("127.0.0.1", container.port))
            )
            connection.sendall(b"POST /invocations HTTP/1.1\r\nX: ")
        with httpx.Client(base_url=container.url, timeout=60, trust_env=False) as anew:
            assert anew.get("/ping").status_code == 200
        assert container.post(b"5.1,3.5,1.4,0.2").status_code == 200


def test_requests_that_never_end_do_not_delay_the_end(make_container: Any, model_dir: Path) -> None:
    container = make_container(model_dir).start()
    container.wait_for_ping(200)
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
    with ExitStack() as opened:
        for begun in (head, head + b"\r\n1"):
            connection = opened.enter_context(
                socket.create_connection(("127.0.0.1", container.port))
            )
            connection.sendall(begun)
        # after two pings nginx has read what was sent
        for _ in range(2):
            assert container.http.get("/ping").status_code == 200
        container.process.terminate()
        assert container.wait() == 0, container.log


def test_sigterm_finishes_accepted_requests_and_leaves_nothing(
    make_container: Any, held_model: HeldModel
) -> None:
    container = held(make_container, held_model)
    children = container.descendants()
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(container.post, b"1") for _ in range(2)]
        assert wait_until(lambda: held_model.begun() == 2)
        with socket.create_connection(("127.0.0.1", container.port)) as third:
            third.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                b"Content-Type: text/csv\r\nContent-Length: 1\r\n\r\n1"
            )
            # nginx takes in turn what is sent to it: after two pings it has read the request.
            for _ in range(2):
                assert container.http.get("/ping").status_code == 200
            container.process.terminate()
            assert wait_until(lambda: "finishing requests" in container.log)
            held_model.release()
            assert third.makefile("rb").readline().split()[1] == b"200"
        assert [answer.result().status_code for answer in answers] == [200] * 2
    assert container.wait() == 0
    assert all(gone(pid) for pid in children)
    assert not list(container.run_dir.glob("serve-*"))
    assert container.ping() is None


def test_a_request_longer_than_the_grace_period_is_cut(
    make_container: Any, held_model: HeldModel
) -> None:
    container = held(make_container, held_model, SHUTDOWN_SECONDS="1")
    children = container.descendants()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(container.post, b"1")
        assert wait_until(lambda: held_model.begun() == 1)
        container.process.terminate()
        assert container.wait() == 1
        assert answer.exception() is not None
    assert "SHUTDOWN_SECONDS" in container.log
    assert all(gone(pid) for pid in children)


def test_a_killed_worker_is_replaced(make_container: Any, model_dir: Path) -> None:
    container = make_container(model_dir, SAGEMAKER_MODEL_SERVER_WORKERS="1").start()
    container.wait_for_ping(200)
    *_, worker = (pid for pid, command in container.descendants().items() if "gunicorn" in command)
    os.kill(worker, signal.SIGKILL)
    assert wait_until(lambda: container.post(b"5.1,3.5,1.4,0.2").status_code == 200)
    assert container.process.poll() is None
    assert worker not in container.descendants()


def test_a_worker_that_hangs_is_replaced(make_container: Any, held_model: HeldModel) -> None:
    container = held(
        make_container,
        held_model,
        SAGEMAKER_MODEL_SERVER_WORKERS="1",
        SAGEMAKER_MODEL_SERVER_TIMEOUT="1",
    )
    hung = container.post(b"1")
    assert hung.status_code == 500
    assert "took longer than 1 s" in hung.json()["error"]
    assert wait_until(lambda: container.post(b"0").status_code == 200)


@pytest.mark.parametrize("server", ["gunicorn", "nginx: master"])
def test_the_container_ends_with_an_error_when_a_server_dies(
    make_container: Any, model_dir: Path, server: str
) -> None:
    container = make_container(model_dir).start()
    container.wait_for_ping(200)
    children = container.descendants()
    os.kill(next(pid for pid, command in children.items() if server in command), signal.SIGKILL)
    assert container.wait() == 1
    assert f"{server.partition(':')[0]} ended with status -9" in container.log
    assert wait_until(lambda: all(gone(pid) for pid in children))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no model.joblib in"), (b"not a pickle", "cannot load")],
    ids=["missing", "corrupt"],
)
def test_without_a_model_ping_stays_unhealthy_and_says_why(
    make_container: Any, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "model.joblib").write_bytes(content)
    container = make_container(tmp_path).start()
    container.wait_for_ping(503, containing=reason)
    assert reason in container.post(b"1,2,3,4").json()["error"]
    assert container.ping().status_code == 503
    assert f"model not loaded: {reason}" in container.log
    assert container.log.count("model not loaded") == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [("SAGEMAKER_BIND_TO_PORT", "http"), ("MAX_BODY_MIB", "0"), ("SHUTDOWN_SECONDS", "-1")],
)
def test_a_setting_that_cannot_work_is_named(
    make_container: Any, model_dir: Path, setting: str, value: str
) -> None:
    container = make_container(model_dir, **{setting: value}).start()
    assert container.wait() == 2
    assert f"{setting} must be a whole number of at least 1, got '{value}'" in container.log


def test_only_serve_is_a_command(make_container: Any, model_dir: Path) -> None:
    container = make_container(model_dir)
    container.command[-1] = "train"
    container.start()
    assert container.wait() == 2
    assert "the only command is serve, got train" in container.log


@pytest.mark.parametrize(
    ("quota", "cpus"), [("50000 100000", 1), ("100000 100000", 1), ("max 100000", None)]
)
def test_the_worker_count_follows_the_cpu_quota(
    tmp_path: Path, quota: str, cpus: int | None
) -> None:
    cpu_count = runpy.run_path(str(SERVE), run_name="serve")["cpu_count"]
    (tmp_path / "cpu.max").write_text(quota)
    assert cpu_count(tmp_path / "cpu.max") == (cpus or len(os.sched_getaffinity(0)))
