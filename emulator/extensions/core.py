"""What holds for every service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores

from .registry import Service

service = Service("core", BaseResponse)

Original = Callable[..., Any]


class UnknownOperationError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """The emulator lacks an operation that AWS has."""

    code = "UnknownOperationException"


@service.corrects(
    "any operation",
    gap="answers one that it lacks, or a part of one, with a page and status 500, which clients "
    "retry for minutes",
)
def call_action(original: Original, response: BaseResponse) -> Any:
    """AWS has the operation; the emulator says at once and clearly that it has not."""
    try:
        return original(response)
    except NotImplementedError as lacking:
        operation = f"{response.boto3_service_name} {response._get_action()}"
        has_it = hasattr(response, camelcase_to_underscores(response._get_action()))
        lacks = f"all of {operation}" if has_it else operation
        said = f": {lacking}" if has_it and str(lacking) else ""
        error = UnknownOperationError(f"the emulator does not have {lacks}{said}")
        status, headers, body = response.serialized(ActionResult(error))
        return status, headers, body
