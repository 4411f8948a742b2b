"""Faults on demand: AWS's throttling, outages and refusals, for tests of what deals with them."""

from __future__ import annotations

import itertools
import re
import socket
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Literal, get_args

from moto.core.exceptions import ServiceException
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

Kind = Literal[
    "throttle", "500", "access-denied", "expired-token", "quota", "drop", "drop-answer", "delay"
]

Environ = dict[str, Any]

# Clients of AWS give an answer up after a minute.
_LONGEST_SECONDS = 60

# What AWS answers, by the protocol of the service: error code and HTTP status.
_ANSWERS: dict[str, dict[str, tuple[str, int]]] = {
    "throttle": {
        "s3": ("SlowDown", 503),
        "ec2": ("RequestLimitExceeded", 503),
        "query": ("Throttling", 400),
        "json": ("ThrottlingException", 400),
        "rest-json": ("TooManyRequestsException", 429),
        "rest-xml": ("Throttling", 400),
    },
    "500": {
        "s3": ("InternalError", 500),
        "ec2": ("InternalError", 500),
        "": ("InternalFailure", 500),
    },
    "access-denied": {
        "s3": ("AccessDenied", 403),
        "ec2": ("UnauthorizedOperation", 403),
        "query": ("AccessDenied", 403),
        "rest-xml": ("AccessDenied", 403),
        "json": ("AccessDeniedException", 400),
        "rest-json": ("AccessDeniedException", 403),
    },
    "expired-token": {
        "s3": ("ExpiredToken", 400),
        "ec2": ("RequestExpired", 400),
        "query": ("ExpiredToken", 403),
        "rest-xml": ("ExpiredToken", 403),
        "json": ("ExpiredTokenException", 400),
        "rest-json": ("ExpiredTokenException", 403),
    },
    "quota": {
        "s3": ("TooManyBuckets", 400),
        "ec2": ("VcpuLimitExceeded", 400),
        "query": ("LimitExceeded", 409),
        "json": ("ResourceLimitExceeded", 400),
        "": ("LimitExceededException", 400),
    },
}

_MESSAGES = {
    "throttle": "Rate exceeded",
    "500": "We encountered an internal error. Please try again.",
    "access-denied": "User is not authorized to perform: {service}:{operation}",
    "expired-token": "The security token included in the request is expired",
    "quota": "The account-level service limit for {operation} is 0, with current utilization of 0",
}

# names in a request's signature that are not botocore's names of the service
_BOTOCORE_NAMES = {
    "airflow": "mwaa",
    "monitoring": "cloudwatch",
    "elasticloadbalancing": "elbv2",
    "states": "stepfunctions",
    "email": "ses",
}


@dataclass(slots=True)
class Fault:
    """What happens to the next ``count`` requests that match; what is empty matches all.

    ``service`` is botocore's name (``sagemaker``, ``s3``), ``operation`` AWS's
    (``UpdateEndpoint``). The first request for the operation ``since`` begins it, and may be the
    first that it strikes. The first ``after`` matching requests from then on pass unharmed.
    ``seconds`` is how long a ``delay`` holds a request up, which is then answered.
    """

    kind: Kind
    service: str = ""
    operation: str = ""
    account: str = ""
    since: str = ""
    count: int = 1
    after: int = 0
    seconds: float = 0.1
    id: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {self.kind!r}")
        for name in ("count", "after"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} must be 0 or more, got {value!r}")
        if not isinstance(self.seconds, int | float) or not 0 <= self.seconds <= _LONGEST_SECONDS:
            raise ValueError(f"seconds must be 0 to {_LONGEST_SECONDS}, got {self.seconds!r}")

    def matches(self, call: Call) -> bool:
        """Whether the request is one of those that this fault is for."""
        return (
            self.service in ("", call.service)
            and self.operation in ("", call.operation)
            and self.account in ("", call.account)
        )

    def in_force(self, call: Call) -> bool:
        """Whether it has begun, with this request at the latest."""
        if self.since and self.since == call.operation and self.account in ("", call.account):
            self.since = ""
        return not self.since


@dataclass(frozen=True, slots=True)
class Call:
    """An AWS request, as far as faults tell requests apart."""

    service: str
    operation: str
    account: str


class Refusal(ServiceException):  # type: ignore[misc]  # moto is not checked
    """An error of no service in particular: moto takes one of its own class for its package's."""


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> dict[str, Any]:
        with self._lock:
            fault.id = next(self._ids)
            self._faults.append(fault)
            return asdict(fault)

    def listed(self) -> list[dict[str, Any]]:
        """All faults, those that are used up included: ``hits`` tells how often each struck."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, environ: Environ) -> tuple[Fault, Call] | None:
        """The fault that hits this request, which counts as one of its requests."""
        if not self._faults:
            return None
        call = identify(environ)
        with self._lock:
            for fault in self._faults:
                if not fault.in_force(call) or not fault.matches(call) or fault.hits >= fault.count:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.hits += 1
                return fault, call
        return None


_SCOPE = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")


def service_of(environ: Environ) -> str:
    """botocore's name of the service that a request is signed for; empty for an unsigned one."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        return ""
    path = environ.get("PATH_INFO", "")
    name = scope.group(2)
    if name == "sagemaker" and re.match(r"/endpoints/[^/]+/(async-)?invocations", path):
        return "sagemaker-runtime"
    if name == "greengrass" and path.startswith(("/greengrass/v2/", "/tags/")):
        return "greengrassv2"
    return _BOTOCORE_NAMES.get(name, name)


def identify(environ: Environ) -> Call:
    """Which operation of which service a request is for, and whose request it is."""
    from moto.iam.models import get_account_id_from

    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        return Call("", "", "")
    service = service_of(environ)
    return Call(service, _operation(service, environ), get_account_id_from(scope.group(1)))


def _operation(service: str, environ: Environ) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return str(target).rsplit(".", 1)[-1]
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        action = re.search(rb"(?:^|&)Action=(\w+)", body)
        return action.group(1).decode() if action else ""
    try:
        operation, _ = get_service_router(service).match(Request(dict(environ)))
    except (HTTPException, LookupError, ValueError, NotImplementedError):
        return ""
    return str(operation.name)


def answer(fault: Fault, call: Call, environ: Environ) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body with which the service would refuse."""
    model = get_service_model(call.service or "s3")
    wire = determine_request_protocol(model, environ.get("CONTENT_TYPE"))
    protocol = "s3" if model.service_name == "s3" else wire
    codes = _ANSWERS[fault.kind]
    code, status = codes.get(protocol) or codes.get("") or codes["json"]
    message = _MESSAGES[fault.kind].format(service=call.service, operation=call.operation)
    names = model.operation_names
    operation = model.operation_model(call.operation if call.operation in names else names[0])
    serializer = get_serializer_class(model.service_name, wire)
    serialized = serializer(operation_model=operation).serialize(Refusal(code, message))
    body = serialized["body"]
    content = body if isinstance(body, bytes) else str(body).encode()
    return status, {**serialized["headers"], "Content-Length": str(len(content))}, content


def drop(environ: Environ) -> Iterable[bytes]:
    """End the connection without an answer."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("dropped on demand")
