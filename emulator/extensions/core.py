"""What holds for every service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from .registry import Service

service = Service("core", BaseResponse)

Original = Callable[..., Any]


class UnknownOperationError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """The emulator lacks an operation that AWS has."""

    code = "UnknownOperationException"


@service.corrects(
    "any operation",
    gap="answers one that it lacks with a page and status 500, which clients retry for minutes",
)
def call_action(original: Original, response: BaseResponse) -> Any:
    """AWS has the operation; the emulator says at once and clearly that it has not."""
    try:
        return original(response)
    except NotImplementedError:
        operation = f"{response.boto3_service_name} {response._get_action()}"
        error = UnknownOperationError(f"the emulator does not have {operation}")
        status, headers, body = response.serialized(ActionResult(error))
        return status, headers, body
