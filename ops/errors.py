"""What an operator's command says when it cannot continue."""

from __future__ import annotations

from collections.abc import Callable

from .masking import mask_text
from .untrusted import bounded, visible


class OperatorError(Exception):
    """A failure with one clear message; `hint` says what to do. Exit status 1."""

    status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        # It may quote AWS, Terraform, a file or its name.
        self.message = bounded(visible(mask_text(message)))
        self.hint = bounded(visible(mask_text(hint)))
        super().__init__(self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def reword(self, change: Callable[[str], str]) -> None:
        """Say the same in other words."""
        self.message, self.hint = change(self.message), change(self.hint)


class NotBootstrappedError(OperatorError):
    """The environment's state bucket does not exist."""


class DamagedStateError(OperatorError):
    """What stands where a state should be is none."""


class UnsettledError(OperatorError):
    """Something at AWS is being changed, perhaps by a run that is still alive."""


class BadInputError(OperatorError):
    """Input that cannot be used. Exit status 2."""

    status = 2


class NotVerifiedError(OperatorError):
    """All was applied, and whether it serves is not known. Exit status 3."""

    status = 3


class NotApprovedError(OperatorError):
    """What would be applied is not what was approved. Exit status 4."""

    status = 4
