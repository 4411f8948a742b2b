"""Extensions: what moto lacks or does otherwise than AWS documents, one module per service.

A module is called as moto calls the service and is imported with the first request for it,
which keeps the start of the server fast.
"""

from __future__ import annotations

import importlib

from .registry import (
    MOTO_VERSION,
    Extension,
    Service,
    UnknownMotoError,
    check_moto,
    modules,
    operations_of,
)

__all__ = [
    "MOTO_VERSION",
    "Extension",
    "UnknownMotoError",
    "check_moto",
    "handler",
    "install",
    "list_extensions",
    "operations_of",
]


def install(service: str) -> None:
    """Put the extensions of one service into moto."""
    known = modules(__name__)
    # every request makes moto look into IAM for the caller's account
    for module in ("core", "iam", *_REQUIRES.get(service, ()), service):
        if module in known:
            _service(module).install()


def handler(service: str) -> type:
    """The response class of a service that an extension is alone."""
    return _service(service).handler


def list_extensions() -> list[Extension]:
    """Every extension, by service, in the order in which they are written."""
    return [each for module in modules(__name__) for each in _service(module).extensions]


# services whose answers rest on another one's corrections
# moto answers both kinds of APIs in the application of the first
_REQUIRES = {
    "apigateway": ("apigatewayv2",),
    "cloudformation": ("sagemaker",),
    "elb": ("elbv2",),
    "sagemakerruntime": ("sagemaker",),
}


def _service(module: str) -> Service:
    service = importlib.import_module(f"{__name__}.{module}").service
    assert isinstance(service, Service)
    return service
