"""Services that moto does not have at all."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model

from .limits import violation


class OwnError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """An error of a service that moto has not; moto looks for its code in botocore's model."""


class OwnResponse(BaseResponse):  # type: ignore[misc]  # moto is not checked
    """A service that moto has not: botocore's model reads, judges and answers its requests.

    A subclass has the name that botocore gives the service, and a method for each operation.
    """

    name = ""

    invalid = "ValidationException"
    """The code of the error of a request that breaks a limit."""

    def __init__(self) -> None:
        super().__init__(service_name=self.name)
        self.automated_parameter_parsing = True

    def call_action(self) -> Any:
        """Refuse what breaks the limits of the API before anything else, as AWS does."""
        action = self._get_action()
        given = get_service_model(self.name).operation_model(action).input_shape if action else None
        broken = violation(self.name, given.name, dict(self.params)) if given else ""
        if broken:
            return self.serialized(ActionResult(OwnError(self.invalid, broken)))
        return super().call_action()
