"""A stand-in for AWS Lambda around a container: its runtime API, and the Lambda Web Adapter.

The adapter is published as an image alone, which no package registry carries. What it does is taken from
its README and the names of its variables; what Lambda does from "Using the Lambda runtime API".
"""

from __future__ import annotations

import base64
import json
import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx

from tests.waiting import PATIENCE_SECONDS

_NEXT = "/2018-06-01/runtime/invocation/next"


@dataclass
class Invocation:
    """What became of an event: the function's response, or the error that failed it."""

    id: str = field(default_factory=lambda: str(uuid4()))
    response: Any = None
    error: Any = None
    done: threading.Event = field(default_factory=threading.Event)


class Lambda:
    """The runtime API of one environment, which has one request at a time."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Invocation, Any] | None] = queue.Queue()
        self._running: dict[str, Invocation] = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                assert self.path == _NEXT, self.path
                taken = api._waiting.get()
                if taken is None:
                    self._answer(410, {}, {})
                    return
                invocation, event = taken
                api._running[invocation.id] = invocation
                self._answer(200, event, {"Lambda-Runtime-Aws-Request-Id": invocation.id})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                *_, request, what = self.path.split("/")
                invocation = api._running.pop(request)
                setattr(invocation, what, json.loads(body))
                invocation.done.set()
                self._answer(202, {}, {})

            def _answer(self, status: int, content: Any, headers: Mapping[str, str]) -> None:
                data = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def invoke(self, event: Any) -> Invocation:
        """Send an event and wait for what becomes of it."""
        invocation = Invocation()
        self._waiting.put((invocation, event))
        assert invocation.done.wait(PATIENCE_SECONDS)
        return invocation

    def stop(self) -> None:
        """End the environment, and what waits for its next event."""
        self._waiting.put(None)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


class Adapter:
    """The adapter: waits until the container is ready, then hands it each event as a request."""

    def __init__(self, variables: Mapping[str, str], runtime_api: str) -> None:
        self._variables = variables
        self._api = httpx.Client(base_url=f"http://{runtime_api}", timeout=None, trust_env=False)
        port = variables.get("AWS_LWA_PORT", "8080")
        self._app = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS, trust_env=False
        )
        self._healthy = _statuses(
            variables.get("AWS_LWA_READINESS_CHECK_HEALTHY_STATUS", "100-499")
        )
        self._failing = _statuses(variables.get("AWS_LWA_ERROR_STATUS_CODES", ""))
        self.ready = threading.Event()

    def start(self) -> Adapter:
        """Run beside the container."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def wait(self) -> None:
        """Wait until the environment has ended."""
        self._thread.join(PATIENCE_SECONDS)
        self._api.close()
        self._app.close()

    def _run(self) -> None:
        path = self._variables.get("AWS_LWA_READINESS_CHECK_PATH", "/")
        while not self._is_ready(path):
            time.sleep(0.01)
        self.ready.set()
        while True:
            found = self._api.get(_NEXT)
            if found.status_code != 200:
                return
            self._hand_on(found.headers["Lambda-Runtime-Aws-Request-Id"], found.json())

    def _is_ready(self, path: str) -> bool:
        try:
            return self._app.get(path).status_code in self._healthy
        except httpx.HTTPError:
            return False

    def _hand_on(self, id: str, event: Any) -> None:
        response = self._app.send(self._request(event))
        place = f"/2018-06-01/runtime/invocation/{id}"
        if response.status_code in self._failing:
            said = f"Request failed with configured error status code: {response.status_code}"
            self._api.post(f"{place}/error", json={"errorMessage": said})
            return
        if _is_http(event):
            is_text = response.headers.get("content-type", "").startswith(
                ("text/", "application/json")
            )
            body = response.text if is_text else base64.b64encode(response.content).decode()
            answer: Any = {
                "statusCode": response.status_code,
                "headers": dict(response.headers),
                "body": body,
                "isBase64Encoded": not is_text,
            }
        else:
            try:
                answer = response.json()
            except ValueError:
                answer = response.text
        self._api.post(f"{place}/response", json=answer)

    def _request(self, event: Any) -> httpx.Request:
        if not _is_http(event):
            # An event that is no HTTP request is posted as it is.
            path = self._variables.get("AWS_LWA_PASS_THROUGH_PATH", "/events")
            headers = {"Content-Type": "application/json"}
            return self._app.build_request("POST", path, json=event, headers=headers)
        body = event.get("body") or ""
        content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        http = event["requestContext"]["http"]
        path = event["rawPath"].removeprefix(self._variables.get("AWS_LWA_REMOVE_BASE_PATH", ""))
        return self._app.build_request(
            http["method"], path, content=content, headers=event.get("headers") or {}
        )


def _is_http(event: Any) -> bool:
    return isinstance(event, dict) and "http" in event.get("requestContext", {})


def _statuses(text: str) -> set[int]:
    """`200-299,404` as numbers."""
    found: set[int] = set()
    for part in filter(None, (each.strip() for each in text.split(","))):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found
