"""No web page reads or steers the emulator, whatever it sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest

from inferform_emulator.process import Emulator
from tests.review.browser import Browser, browser, chromium

FAULT = {"kind": "throttle", "service": "no-such-service"}
CONTROL = "/inferform-emulator/"
# A call that changes something may be a GET, which a page sends without Origin.
CREATE_QUEUE = (
    "Action=CreateQueue&QueueName=from-a-page&Version=2012-11-05"
    "&X-Amz-Credential=x%2F20260101%2Fus-east-1%2Fsqs%2Faws4_request"
)


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.url, trust_env=False) as client:
        yield client


def _faults(http: httpx.Client) -> list[Any]:
    return list(http.get(f"{CONTROL}faults").json()["faults"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "api.127.0.0.2"},
        {"Host": "evil127.0.0.1"},
        {"Host": "localhost.evil.example:80"},
        {"Host": "169.254.169.254"},
        {"Host": "[::1"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{CONTROL}health"),
        ("POST", f"{CONTROL}faults"),
        ("GET", f"{CONTROL}kubernetes/x"),
        ("POST", "/moto-api/reset"),
        ("OPTIONS", "/"),
        ("GET", "/"),
    ],
)
def test_what_only_a_web_page_sends_is_refused(
    method: str, path: str, headers: dict[str, str], http: httpx.Client
) -> None:
    answer = http.request(method, path, headers=headers, json=FAULT if method == "POST" else None)
    assert answer.status_code == 403
    assert "error" in answer.json()
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert _faults(http) == []


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1.2.3:80", "[::1]:80", "x.localhost"]
)
def test_names_of_this_machine_are_answered(host: str, http: httpx.Client) -> None:
    assert http.get(f"{CONTROL}health", headers={"Host": host}).status_code == 200


def test_its_own_page_may_ask_it(emulator: Emulator, http: httpx.Client) -> None:
    headers = {"Origin": emulator.url, "Sec-Fetch-Site": "same-origin"}
    assert http.get(f"{CONTROL}health", headers=headers).status_code == 200


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>somebody else's page</title>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    """A browser on a page of another origin of this machine."""
    server = ThreadingHTTPServer(("127.0.0.2", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with browser() as started:
            started.visit(f"http://127.0.0.2:{server.server_port}/")
            yield started
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(
    chromium() is None, reason="Chromium is not installed: tests/review/install-chromium.sh"
)
@pytest.mark.parametrize(
    ("path", "options"),
    [
        (
            "/",
            {"headers": {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3"}},
        ),
        ("/", {"mode": "no-cors"}),
        (f"{CONTROL}faults", {"method": "POST", "mode": "no-cors", "body": json.dumps(FAULT)}),
        ("/moto-api/reset", {"method": "POST", "mode": "no-cors"}),
        (f"/?{CREATE_QUEUE}", {"mode": "no-cors"}),
    ],
    ids=["read", "read-opaque", "fault", "reset", "call-by-get"],
)
def test_a_page_in_a_real_browser_reads_and_changes_nothing(
    path: str, options: dict[str, Any], page: Browser, emulator: Emulator, http: httpx.Client
) -> None:
    sqs = boto3.client(
        "sqs",
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",
    )
    sqs.create_queue(QueueName="there-before")
    port = urlsplit(emulator.url).port
    read = page.evaluate(
        f"fetch('http://127.0.0.1:{port}{path}', {json.dumps(options)})"
        ".then(answer => answer.text()).catch(() => '')",
        wait=True,
    )
    assert read == ""
    assert _faults(http) == []
    names = [url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]]
    assert "there-before" in names
    assert "from-a-page" not in names
