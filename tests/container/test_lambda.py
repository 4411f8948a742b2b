"""The reference container on AWS Lambda, with the variables that a LambdaFunction sets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from inferform import FunctionContainer, Image, LambdaFunction, Model

from .adapter import Adapter, Lambda
from .conftest import Container

FUNCTION = LambdaFunction(model=Model(image=Image(repository="reference", tag="1")))


class Environment:
    """An environment of a function: its container, the adapter and the runtime API."""

    def __init__(self, port: int, **changes: str) -> None:
        self.api = Lambda()
        variables = {**FUNCTION.variables, "AWS_LWA_PORT": str(port), **changes}
        self.adapter = Adapter(variables, self.api.address).start()

    def end(self) -> None:
        """End what waits for events, and the runtime API."""
        self.api.stop()
        self.adapter.wait()
        self.api.close()

    def post(self, body: bytes, content_type: str, path: str = "/invocations") -> Any:
        """What a caller of the function's URL, or of an API, is answered, or the error of the invocation."""
        done = self.api.invoke(
            {
                "version": "2.0",
                "rawPath": path,
                "requestContext": {"http": {"method": "POST", "path": path}},
                "headers": {"content-type": content_type},
                "body": base64.b64encode(body).decode(),
                "isBase64Encoded": True,
            }
        )
        return done.response or done.error


@pytest.fixture(scope="module")
def environment(
    nginx: None, model_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environment]:
    """Lambda gives the container what the function says, and a port of the tests' own."""
    own = {
        name: value for name, value in FUNCTION.variables.items() if not name.startswith("AWS_LWA_")
    }
    container = Container(model_dir, tmp_path_factory.mktemp("lambda"), **own).start()
    found = Environment(container.port)
    yield found
    found.end()
    container.close()


def test_an_event_is_predicted_once_the_model_is_loaded(environment: Environment) -> None:
    done = environment.api.invoke({"instances": [[5.1, 3.5, 1.4, 0.2]]})
    assert environment.adapter.ready.is_set()
    assert done.response == {"predictions": [0]}
    assert done.error is None


def test_a_request_of_a_url_gets_the_containers_response(environment: Environment) -> None:
    answered = environment.post(b"5.1,3.5,1.4,0.2\n", "text/csv")
    assert (answered["statusCode"], answered["body"].strip()) == (200, "0")
    # What callers do wrong is no fault of the function.
    wrong = environment.post(b"<row/>", "text/xml")
    assert wrong["statusCode"] == 415


def test_a_body_over_lambdas_limit_is_refused_by_the_container_too(
    environment: Environment,
) -> None:
    assert environment.post(b"0" * (6 * 1024 * 1024 + 1), "text/csv")["statusCode"] == 413


class App:
    """A container that answers as it is told."""

    def __init__(self) -> None:
        self.ping, self.status, self.asked = 503, 200, list[tuple[str, str, bytes]]()
        app = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                app.asked.append(("GET", self.path, b""))
                self._answer(app.ping)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                app.asked.append(("POST", self.path, body))
                self._answer(app.status)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def app() -> Iterator[App]:
    found = App()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_an_environment_is_ready_when_ping_says_so_and_asks_nothing_else(app: App) -> None:
    environment = Environment(app.server.server_port)
    assert not environment.adapter.ready.wait(0.3)
    app.ping = 200
    assert environment.adapter.ready.wait(30)
    assert {(method, path) for method, path, _ in app.asked} == {("GET", "/ping")}
    environment.end()


@pytest.mark.parametrize(("status", "fails"), [(500, True), (503, True), (404, False)])
def test_a_5xx_of_the_container_is_a_failed_invocation(app: App, status: int, fails: bool) -> None:
    app.ping, app.status = 200, status
    environment = Environment(app.server.server_port)
    done = environment.api.invoke({"amount": 1})
    assert (done.error is not None) is fails
    method, path, body = app.asked[-1]
    assert (method, path, json.loads(body)) == ("POST", "/invocations", {"amount": 1})
    environment.end()


def test_a_base_path_is_taken_off_for_apis_and_missed_by_nobody_else(app: App) -> None:
    app.ping = 200
    container = FunctionContainer(base_path="/light")
    given = FUNCTION.replace(container=container).variables
    environment = Environment(
        app.server.server_port, AWS_LWA_REMOVE_BASE_PATH=given["AWS_LWA_REMOVE_BASE_PATH"]
    )
    for path in ("/light/invocations", "/invocations"):
        assert environment.post(b"{}", "application/json", path)["statusCode"] == 200
        assert app.asked[-1][:2] == ("POST", container.path_of(path)) == ("POST", "/invocations")
    environment.end()


def test_without_these_variables_it_would_look_healthy(app: App) -> None:
    """What the adapter does by itself, and why a function sets the variables."""
    app.ping, app.status = 404, 500
    environment = Environment(
        app.server.server_port,
        AWS_LWA_ERROR_STATUS_CODES="",
        AWS_LWA_READINESS_CHECK_HEALTHY_STATUS="100-499",
        AWS_LWA_READINESS_CHECK_PATH="/",
        AWS_LWA_PASS_THROUGH_PATH="/events",
    )
    done = environment.api.invoke({"amount": 1})
    assert done.error is None
    assert ("GET", "/", b"") in app.asked
    assert app.asked[-1][1] == "/events"
    environment.end()
