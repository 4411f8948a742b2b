"""The emulator's own routes, under ``/inferra-emulator/``, in front of moto's application.

======  ==========================  ===========================================================
GET     health                      who answers: instance, process id, moto version
======  ==========================  ===========================================================
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from . import extensions

PREFIX = "/inferra-emulator/"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
Answer = tuple[HTTPStatus, dict[str, Any]]


class Application:
    """Answers the control routes itself and hands every other request to moto."""

    def __init__(self, moto: Wsgi, *, instance: str) -> None:
        self._moto = moto
        self._instance = instance

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(PREFIX):
            status, content = self._control(path.removeprefix(PREFIX), environ)
            return _respond(start_response, status, content)
        return self._moto(environ, start_response)

    def _control(self, route: str, environ: Environ) -> Answer:
        match environ["REQUEST_METHOD"], route:
            case "GET", "health":
                return HTTPStatus.OK, {
                    "instance": self._instance,
                    "pid": os.getpid(),
                    "moto": extensions.MOTO_VERSION,
                }
            case method, _:
                return HTTPStatus.NOT_FOUND, {"error": f"no control route {method} {route}"}


def _respond(
    start_response: StartResponse, status: HTTPStatus, content: dict[str, Any]
) -> Iterable[bytes]:
    body = json.dumps(content).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
