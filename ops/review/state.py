"""The part of a stack's state that ties a plan to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import OperatorError
from ..terraform import Stack


@dataclass(frozen=True, slots=True)
class State:
    """Which state it is, and how often it was written."""

    lineage: str
    serial: int


def read_state(stack: Stack, environment: Mapping[str, str]) -> State | None:
    """A stack's state; None when it was never applied, or everything was destroyed."""
    text = stack.answer("state", "pull", environment=environment)
    if not text.strip():
        return None
    try:
        content = json.loads(text)
        if not content["resources"] and not content["outputs"]:
            return None
        return State(str(content["lineage"]), int(content["serial"]))
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"the state of {stack.name} cannot be read: {error}") from error
