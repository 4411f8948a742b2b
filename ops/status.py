"""What is deployed: one line for each stack, from its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from . import plan_times
from .aws import Aws
from .program import Stacks
from .state import NOT_KNOWN, States, opened
from .terraform import Stack, contents_of

MOST_RESOURCES = 500
"""From how many resources of a layer on groups are proposed.

A choice of our own, as Terraform has no limit: the plan of 1,203 resources took 10 s on the emulator
(docs/performance.md), and a CloudFormation template may have 500 (AWS CloudFormation User Guide,
"Understand CloudFormation quotas", Resources). Google's "Best practices for root modules" says 100."""


@dataclass(frozen=True, slots=True)
class StackStatus:
    """What is known of one stack; without a state only its name and key."""

    stack: str
    state_key: str
    serial: int | None = None
    changed: datetime | None = None
    """When the state was last written; None where that is not known, or it never was."""

    resources: int | None = None
    lock: str | None = None
    """Who holds the lock; None where it is free, NOT_KNOWN where that cannot be seen."""

    drift: str | None = None

    plan_seconds: float | None = None
    """How long its last plan took; None where none was made on this machine."""

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
            "plan_seconds": self.plan_seconds,
        }


def by_environment(synthesis: Stacks, stacks: Iterable[Stack]) -> list[list[Stack]]:
    """The stacks of each environment together, in their order, and each other one by itself."""
    groups: dict[tuple[str, str], list[Stack]] = {}
    for stack in stacks:
        whose = ("", stack.name) if synthesis.with_state(stack) is None else (stack.environment, "")
        groups.setdefault(whose, []).append(stack)
    return list(groups.values())


def read(synthesis: Stacks, stacks: Sequence[Stack]) -> list[StackStatus]:
    """The status of the stacks of one environment, or of one stack of one's own.

    Raises NotBootstrappedError where the environment has no state bucket, and OperatorError where
    a state cannot be read.
    """
    program, environment = synthesis.program, synthesis.with_state(stacks[0])
    if environment is None:
        variables = program.terraform_environment()
        found = [_by_terraform(stack, variables) for stack in stacks]
    else:
        context = environment.context
        aws = Aws(context, emulator=program.emulator, role_arn=context.plan_role_arn)
        found = status(stacks, aws)
    return with_plan_seconds(
        found, {stack.name: plan_times.noted(program, stack) for stack in stacks}
    )


def status(stacks: Iterable[Stack], aws: Aws) -> list[StackStatus]:
    """The status of stacks of one environment, whose states are in S3.

    Raises NotBootstrappedError where it has no state bucket.
    """
    stacks = list(stacks)
    states = States(aws, contents_of(stacks))
    aws.require_credentials()  # once, before threads would each do it
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda stack: _one(stack, states), stacks))


def not_deployed(stacks: Iterable[Stack]) -> list[StackStatus]:
    """The stacks of an environment that has no state bucket."""
    return [StackStatus(stack.name, stack.state_key) for stack in stacks]


def _by_terraform(stack: Stack, variables: Mapping[str, str]) -> StackStatus:
    state = opened(stack, variables)
    known = StackStatus(stack.name, stack.state_key, lock=NOT_KNOWN)
    if state is None:
        return known
    return replace(known, serial=state.serial, resources=len(state.resources))


def _one(stack: Stack, states: States) -> StackStatus:
    state, lock = states.read(stack.layer), states.lock(stack.layer)
    known = StackStatus(stack.name, stack.state_key, lock=str(lock) if lock else None)
    if state is None:
        return known
    return replace(
        known, serial=state.serial, changed=state.changed, resources=len(state.resources)
    )


def proposals(synthesis: Stacks, found: Iterable[StackStatus]) -> list[str]:
    """What to say of stacks that are so large that groups are due, a line each."""
    parts = {
        f"{key}-{part.name}": part
        for key, environment in synthesis.environments.items()
        for part in environment.parts
    }
    lines = []
    for each in found:
        part = parts.get(each.stack)
        if part is None or not part.record.grouped or (each.resources or 0) <= MOST_RESOURCES:
            continue
        took = "" if each.plan_seconds is None else f", and its plan took {each.plan_seconds:.0f} s"
        lines.append(
            f"{each.stack} has {each.resources} resources{took}. Every plan reads each of them: groups "
            f"of {part.record.name} have a state and a plan each, see docs/state.md"
        )
    return lines


def with_plan_seconds(
    found: Iterable[StackStatus], seconds: Mapping[str, float | None]
) -> list[StackStatus]:
    """The same with how long the last plan of each took."""
    return [replace(stack, plan_seconds=seconds.get(stack.stack)) for stack in found]


def with_drift(found: Iterable[StackStatus], drift: Mapping[str, str]) -> list[StackStatus]:
    """The same with what drift detection said of each stack."""
    return [replace(stack, drift=drift.get(stack.stack)) for stack in found]
