"""Which application answers a request: moto's, one for a service that moto has not, or a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request
from moto.core.utils import convert_to_flask_response
from moto.moto_server.werkzeug_app import (
    HTTP_METHODS,
    BackendRequest,
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.exceptions import MethodNotAllowed, NotFound

from . import extensions, faults
from .own import OwnResponse

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

_LACKING = "lacking"
"""The application of all services that the emulator has not."""

_NO_SERVICE = frozenset({"instance_metadata", "moto_api"})
"""Applications of moto that stand for no service of AWS."""

_OWN = frozenset({"chatbot", "codeconnections", "greengrassv2", "mwaa"})
"""The services that moto has not and an extension is, by botocore's names."""


class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]  # moto is not checked
    """moto's own dispatcher, which fails where nothing answers for a service."""

    def __init__(self) -> None:
        super().__init__(create)

    def infer_service_region_host(self, environ: Environ, path: str) -> str | None:
        """The host of the service that a request is for, or the name of one that moto has not."""
        service = faults.service_of(environ)
        if service in _OWN:
            return service
        host: str | None = super().infer_service_region_host(environ, path)
        return host

    def get_backend_for_host(self, host: str | None) -> Any:
        """The name of the application behind a host."""
        if host is None or host in _OWN:
            return host
        return super().get_backend_for_host(host) or _LACKING


def create(service: Any) -> Any:
    """Build the application of one AWS service, at the first request for it."""
    if service == _LACKING:
        return _lacking
    extensions.install(service)
    if service in _OWN:
        return _create_own(extensions.handler(service))
    application: Flask = create_backend_app(service)
    if service not in _NO_SERVICE:
        for error in (NotFound, MethodNotAllowed):
            application.register_error_handler(error, _no_route)
    return application


def _create_own(handler: type[OwnResponse]) -> Flask:
    application = Flask(__name__)
    application.request_class = BackendRequest
    view = convert_to_flask_response(handler.dispatch)
    for path in ("/", "/<path:path>"):
        application.add_url_rule(path, path, view, methods=HTTP_METHODS)
    return application


def _lacking(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse a request for a service that the emulator has not; a 500 would be made again."""
    # A body that is left unread would be taken for the connection's next request.
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    service = faults.service_of(environ)
    answer = _refusal(environ, f"the emulator does not have the service {service}")
    answered: Iterable[bytes] = answer(environ, start_response)
    return answered


def _no_route(_: Exception) -> Response:
    """Refuse an operation whose route the emulator has not; a page tells a client nothing."""
    call = faults.identify(request.environ)
    operation = call.operation or f"{request.method} {request.path}"
    return _refusal(request.environ, f"the emulator does not have {call.service} {operation}")


def _refusal(environ: Environ, message: str) -> Response:
    """The error in the form that the client reads."""
    code = "UnknownOperationException"
    content_type = str(environ.get("CONTENT_TYPE", ""))
    if content_type.startswith("application/x-www-form-urlencoded"):
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        text = f"<ErrorResponse>{error}</ErrorResponse>"
        return Response(text, status=400, content_type="text/xml")
    text = json.dumps({"__type": code, "message": message})
    headers = {"x-amzn-ErrorType": code}
    return Response(text, status=400, headers=headers, content_type="application/json")
