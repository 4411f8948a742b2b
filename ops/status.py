"""What is deployed: one line for each stack, from its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inferform import Environment

from .aws import Aws
from .state import States


@dataclass(frozen=True, slots=True)
class StackStatus:
    """What is known of one stack; without a state only its name and key."""

    stack: str
    state_key: str
    serial: int | None = None
    changed: datetime | None = None
    resources: int | None = None
    lock: str | None = None
    drift: str | None = None

    @property
    def deployed(self) -> bool:
        """Whether the state holds any resource."""
        return bool(self.resources)

    def as_dict(self) -> dict[str, Any]:
        """The status for machines."""
        changed = self.changed.isoformat() if self.changed else None
        return {
            "stack": self.stack,
            "state_key": self.state_key,
            "serial": self.serial,
            "changed": changed,
            "resources": self.resources,
            "lock": self.lock,
            "drift": self.drift,
        }


def status(environment: Environment, aws: Aws) -> list[StackStatus]:
    """The status of every stack of an environment, those below first.

    Raises NotBootstrappedError where it has no state bucket.
    """
    states = States(aws)
    aws.require_credentials()  # once, before threads would each do it
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda layer: _one(environment, states, layer), environment.layers))


def not_deployed(environment: Environment) -> list[StackStatus]:
    """Every stack of an environment that has no state bucket."""
    return [_unknown(environment, layer) for layer in environment.layers]


def _unknown(environment: Environment, layer: str) -> StackStatus:
    return StackStatus(f"{environment.key}-{layer}", environment.context.state_key(layer))


def _one(environment: Environment, states: States, layer: str) -> StackStatus:
    state, lock = states.read(layer), states.lock(layer)
    known = replace(_unknown(environment, layer), lock=str(lock) if lock else None)
    if state is None:
        return known
    return replace(
        known, serial=state.serial, changed=state.changed, resources=len(state.resources)
    )


def with_drift(found: Iterable[StackStatus], drift: Mapping[str, str]) -> list[StackStatus]:
    """The same with what drift detection said of each stack."""
    return [replace(stack, drift=drift.get(stack.stack)) for stack in found]
