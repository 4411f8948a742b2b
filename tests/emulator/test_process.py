"""Starting, finding and stopping the server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import httpx
import pytest

from inferform_emulator import process
from inferform_emulator.process import Emulator, EmulatorError
from tests.waiting import wait_until

ROOT = Path(process.__file__).parents[1]


def test_a_started_emulator_is_found_and_stopped(tmp_path: Path) -> None:
    started = process.start(tmp_path)
    try:
        assert process.running(tmp_path) == started
        assert json.loads((tmp_path / "emulator.json").read_text())["pid"] == started.pid
    finally:
        assert process.stop(tmp_path)
    assert process.running(tmp_path) is None
    assert not process.stop(tmp_path)
    assert not (tmp_path / "emulator.json").exists()


def test_starting_twice_gives_the_same_emulator(tmp_path: Path) -> None:
    first = process.start(tmp_path)
    try:
        assert process.start(tmp_path) == first
        with pytest.raises(EmulatorError, match="already runs"):
            process.start(tmp_path, port=1)
    finally:
        process.stop(tmp_path)


def test_a_crashed_emulator_is_replaced(tmp_path: Path) -> None:
    first = process.start(tmp_path)
    try:
        os.kill(first.pid, 9)
        while process.running(tmp_path):
            time.sleep(0.01)
        second = process.start(tmp_path)
        assert second.pid != first.pid
    finally:
        process.stop(tmp_path)


def test_an_emulator_that_does_not_answer_any_more_is_replaced(tmp_path: Path) -> None:
    first = process.start(tmp_path)
    try:
        record = tmp_path / "emulator.json"
        elsewhere = {"port": 1, "url": "http://127.0.0.1:1"}
        record.write_text(json.dumps(json.loads(record.read_text()) | elsewhere))
        second = process.start(tmp_path)
        assert second.pid != first.pid
        with pytest.raises(ProcessLookupError):
            os.kill(first.pid, 0)
    finally:
        process.stop(tmp_path)


def test_the_emulator_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from emulator import process; process.start(Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    found = process.running(tmp_path)
    try:
        assert found is not None
        assert os.getsid(found.pid) != os.getsid(0)
    finally:
        assert process.stop(tmp_path)


def test_an_emulator_of_a_with_block_ends_with_a_process_that_is_killed() -> None:
    code = (
        "import time; from emulator import process\n"
        "with process.serve() as emulator:\n"
        "    print(emulator.pid, flush=True); time.sleep(3600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()
    assert wait_until(lambda: not process._command_line(pid))


def test_a_process_that_got_the_recorded_id_later_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    try:
        record = {
            "pid": bystander.pid,
            "port": 1,
            "url": "http://127.0.0.1:1",
            "started": 0,
            "instance": "0123456789abcdef",
        }
        (tmp_path / "emulator.json").write_text(json.dumps(record))
        assert process.running(tmp_path) is None
        assert not process.stop(tmp_path)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_another_server_at_the_recorded_address_is_not_taken_for_the_emulator(
    tmp_path: Path,
) -> None:
    with process.serve() as emulator:
        _is_not_taken_for(emulator, tmp_path)


def _is_not_taken_for(emulator: Emulator, tmp_path: Path) -> None:
    record = {
        "pid": emulator.pid,
        "port": emulator.port,
        "url": emulator.url,
        "started": 0,
        "instance": "0123456789abcdef",
    }
    (tmp_path / "emulator.json").write_text(json.dumps(record))
    assert process.running(tmp_path) is None
    assert not process.stop(tmp_path)
    assert process.running(emulator.directory) == emulator


def test_a_record_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "emulator.json").write_text("{")
    assert process.running(tmp_path) is None
    assert not process.stop(tmp_path)


def test_a_taken_port_is_reported_with_the_end_of_the_log(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EmulatorError, match=r"(?s)ended with status .*in use"):
            process.start(tmp_path, port=taken.getsockname()[1])


def test_an_emulator_that_is_too_slow_is_ended_and_reported(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="did not answer within 0 s"):
        process.start(tmp_path, timeout_seconds=0)
    assert process.running(tmp_path) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_an_address_that_others_could_reach_is_refused(host: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "emulator", "--host", host],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    assert run.returncode == 2
    assert "loopback" in run.stderr


def test_the_environment_directs_clients_here_and_drops_what_leads_elsewhere(
    emulator: Emulator,
) -> None:
    environment = emulator.environment(
        {
            "PATH": "/bin",
            "AWS_PROFILE": "production",
            "AWS_SESSION_TOKEN": "token",
            "AWS_ENDPOINT_URL_S3": "https://s3.example",
            "NO_PROXY": "example.com",
        },
        region="eu-west-1",
    )
    assert environment["PATH"] == "/bin"
    assert environment["AWS_ENDPOINT_URL"] == emulator.url
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["NO_PROXY"].split(",")[:2] == ["example.com", "127.0.0.1"]
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"} & set(environment)


def test_boto3_needs_nothing_but_the_environment(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in emulator.environment({}).items():
        monkeypatch.setenv(name, value)
    identity = boto3.session.Session().client("sts").get_caller_identity()
    assert identity["Account"] == "123456789012"


def test_a_host_with_the_prefix_of_an_operation_is_reached_through_the_proxy(
    emulator: Emulator,
) -> None:
    # as Terraform's provider asks for environments of Airflow
    proxy = emulator.environment({})["HTTP_PROXY"]
    scope = "Credential=emulator/20260101/us-east-1/airflow/aws4_request, SignedHeaders=host"
    with httpx.Client(proxy=proxy, trust_env=False) as client:
        answer = client.get(
            f"http://api.127.0.0.1:{emulator.port}/environments",
            headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}, Signature=0"},
        )
    assert answer.json() == {"Environments": []}


def _request(headers: str, body: bytes) -> bytes:
    scope = "Credential=emulator/20260101/us-east-1/sts/aws4_request, SignedHeaders=host"
    lines = [
        "POST / HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: AWS4-HMAC-SHA256 {scope}, Signature=0",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        *headers.splitlines(),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


def test_an_answer_comes_in_one_piece(emulator: Emulator) -> None:
    # Terraform may close the connection between two.
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", emulator.port), timeout=300) as client:
            client.sendall(_request("", _BODY) + _BODY)
            assert client.recv(1 << 20).endswith(b"</GetCallerIdentityResponse>")


def test_a_client_that_waits_for_the_go_ahead_gets_it_before_its_body(emulator: Emulator) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=300) as client:
        client.sendall(_request("Expect: 100-continue", _BODY))
        assert client.recv(1 << 20) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(_BODY)
        assert client.recv(1 << 20).startswith(b"HTTP/1.1 200 OK\r\n")
