"""Drift: where AWS, the states and the environment files differ.

Every stack is planned with refresh, as `terraform plan -detailed-exitcode` does, side by side and
without taking locks. A change is drift where something outside Terraform made it, and pending where
it was written and not yet applied. What autoscaling owns is neither.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from . import plan_times
from .advice import about_stack, errors_of, explained
from .aws import Aws
from .errors import OperatorError
from .kinds import kinds
from .kinds.record import Not, Values
from .markdown import plain
from .masking import mask_text
from .plan import Action, Plan, read_plan
from .plan import Change as PlannedChange
from .program import Stacks
from .progress import PLANNING, Follow
from .side_by_side import work
from .terraform import (
    Outcome,
    Stack,
    one_provider,
    terraform_binary,
)

Result = Literal["none", "drift", "pending", "failed"]

TIMEOUT_SECONDS = 900
"""How long the plan of one stack may take."""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that the next apply would change."""

    address: str
    action: str
    """create, update, delete or replace; differs where an apply would change nothing, as Terraform
    does not see it."""

    drifted: bool
    """Whether something outside Terraform changed it."""

    attributes: list[str]

    def __str__(self) -> str:
        attributes = f" ({', '.join(self.attributes)})" if self.attributes else ""
        return f"{self.action} {self.address}{attributes}"


@dataclass(frozen=True, slots=True)
class StackDrift:
    """What the plan of one stack found."""

    stack: str
    result: Result
    changes: list[Change] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0

    @property
    def summary(self) -> str:
        """The finding in a few words."""
        if self.result in ("failed", "none"):
            return self.result
        drifted = sum(change.drifted for change in self.changes)
        counts = {"drifted": drifted, "pending": len(self.changes) - drifted}
        return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "outputs"

    def as_dict(self) -> dict[str, Any]:
        """The finding for machines."""
        return asdict(self)


def exit_status(found: Collection[StackDrift]) -> int:
    """Terraform's own: 0 for nothing, 1 for a failure, 2 for changes."""
    if any(stack.result == "failed" for stack in found):
        return 1
    return 2 if any(stack.result != "none" for stack in found) else 0


def detect(
    synthesis: Stacks,
    planned: Sequence[Stack],
    *,
    parallelism: int | None = None,
    follow: Follow = lambda _name, _status: None,
) -> list[StackDrift]:
    """Plan stacks of a synthesis that is made to be planned, and tell what they found.

    `parallelism` of them run at a time, see `side_by_side`. `follow` hears of each when it begins and when
    it ends. Raises OperatorError without Terraform or without credentials, which would fail every plan.
    """
    terraform_binary()
    program = synthesis.program
    clients: dict[str, Aws] = {}
    for key in dict.fromkeys(stack.environment for stack in planned):
        if environment := synthesis.environments.get(key):
            context = environment.context
            aws = Aws(context, emulator=program.emulator, role_arn=context.plan_role_arn)
            aws.require_credentials()
            clients[key] = aws
    variables = program.terraform_environment()

    by_name = {stack.name: stack for stack in planned}

    def one(name: str) -> StackDrift:
        stack = by_name[name]
        follow(name, PLANNING)
        found = _plan(synthesis, stack, variables, clients.get(stack.environment))
        follow(name, found.summary)
        return found

    nothing = dict.fromkeys(by_name, ())
    found = work([*by_name], one, after=nothing, parallelism=parallelism).results
    return [found[name] for name in by_name]


def _plan(
    synthesis: Stacks, stack: Stack, variables: Mapping[str, str], aws: Aws | None
) -> StackDrift:
    environment = synthesis.environment(stack)
    start = time.monotonic()

    def failed(output: str) -> StackDrift:
        advice = about_stack(output, stack, environment)
        lines = [*errors_of(output), *([f"what to do: {advice}"] if advice else [])]
        seconds = round(time.monotonic() - start, 1)
        return StackDrift(stack.name, "failed", error=mask_text("\n".join(lines)), seconds=seconds)

    try:
        outcome = stack.init(variables)
        if outcome.status:
            return failed(outcome.output)
        with one_provider(stack, variables) as light:
            begin = time.monotonic()
            outcome = _run_plan(stack, light)
            took = time.monotonic() - begin
        if outcome.status not in (0, 2):
            return failed(outcome.output)
        plan_times.note(synthesis.program, stack, took)
        found = StackDrift(stack.name, "none")
        asks = aws is not None and _has_unseen(stack)
        if outcome.status == 2 or asks:
            shown = stack.answer("show", "-json", "drift.tfplan", environment=variables)
            plan = read_plan(shown, stack.name)
            found = judged(plan) if outcome.status == 2 else found
            if aws is not None and asks:
                with explained(aws.context, stack.layer):
                    found = _with(found, unseen(plan, aws))
    except OperatorError as error:
        return failed(str(error))
    except subprocess.TimeoutExpired as error:
        return failed(f"Error: {error.cmd[0]} took more than {error.timeout} s")
    return replace(found, seconds=round(time.monotonic() - start, 1))


def _run_plan(stack: Stack, variables: Mapping[str, str]) -> Outcome:
    return stack.run(
        *("plan", "-input=false", "-no-color", "-detailed-exitcode"),
        # It writes nothing, so it neither waits for a deploy nor holds one up.
        *("-lock=false", "-out=drift.tfplan"),
        environment=variables,
        timeout=TIMEOUT_SECONDS,
    )


def _has_unseen(stack: Stack) -> bool:
    """Whether a stack has something of which Terraform's plan does not show every change."""
    records = [kinds().get(kind) for kind in stack.content.get("resource", {})]
    return any(record and not isinstance(record.unseen, Not) for record in records)


def unseen(plan: Plan, aws: Aws) -> list[Change]:
    """What somebody changed in AWS that Terraform's own reading does not show."""

    def planned(kind: str) -> Iterator[Values]:
        return (change.after or change.before for change in plan.of_type(kind))

    found = []
    for kind, record in kinds().items():
        if isinstance(record.unseen, Not):
            continue
        for change in plan.of_type(kind):
            if change.exists_before:
                differing = sorted(record.unseen(aws, change.before, planned))
                if differing:
                    found.append(Change(change.address, "differs", True, differing))
    return found


def _with(found: StackDrift, changes: list[Change]) -> StackDrift:
    if not changes:
        return found
    return replace(found, result="drift", changes=[*found.changes, *changes])


def judged(plan: Plan) -> StackDrift:
    """What a plan says: drift, pending changes, or neither."""
    undone = {change.address for change in plan.drifted}
    owned = _Owned(plan)
    changes = [
        Change(
            address=change.address,
            action=change.action,
            drifted=change.address in undone,
            attributes=sorted(change.attributes) if change.before and change.after else [],
        )
        for change in plan.changes
        if change.action not in (Action.NONE, Action.READ) and not owned.covers(change)
    ]
    result: Result = "none"
    if any(change.drifted for change in changes):
        result = "drift"
    elif changes or (plan.outputs_changed and not owned.found):
        result = "pending"
    return StackDrift(plan.name, result, changes)


class _Owned:
    """What somebody else changes by himself, such as autoscaling, as far as one plan shows it.

    Modules ignore such values where they can (`ignore_changes`); this is for those that a
    scheduled action sets on a scalable target, and for states that are older than a policy.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.found = False

    def covers(self, change: PlannedChange) -> bool:
        """Whether a change is only of what somebody else owns."""
        record = kinds().get(change.type)
        owner = record.owned if record else Not("Inferform does not make it")
        if change.action is not Action.UPDATE or not change.attributes or isinstance(owner, Not):
            return False
        covered = change.attributes <= {*owner(change.before, change.after, self._values)}
        self.found = self.found or covered
        return covered

    def _values(self, kind: str) -> Iterator[Values]:
        return (change.after or change.before for change in self._plan.of_type(kind))


def markdown(environment: str, found: Collection[StackDrift]) -> str:
    """The findings as Markdown, for a pull request or an issue."""
    lines = [
        f"## Drift of {plain(environment)}",
        "",
        "| stack | result | changes |",
        "| --- | --- | --- |",
    ]
    for stack in found:
        changes = "<br>".join(
            plain(f"{'drifted' if change.drifted else 'pending'}: {change}")
            for change in stack.changes
        )
        error = plain(stack.error.splitlines()[0]) if stack.error else ""
        lines.append(f"| {plain(stack.stack)} | {stack.summary} | {changes or error} |")
    return "\n".join(lines)
