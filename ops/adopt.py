"""Taking back what a killed deploy created and did not get to record.

Terraform writes its state only now and then, so a killed run leaves resources that the state
does not know. What carries the tags of the very layer is the layer's own: it is imported. A model
or an endpoint configuration whose predecessor is still in the state is deleted, as the next deploy
makes it anew; one that an endpoint already uses takes its predecessor's place in the state instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .advice import errors_of, lacking
from .aws import Aws
from .errors import OperatorError
from .kinds import kinds
from .kinds.record import Discard, Existing, Not
from .own import existing
from .plan import Action, Change, read_plan
from .terraform import Stack

_UNSETTLED = ("CREATING", "UPDATING", "DELETING")


def adopt(stack: Stack, aws: Aws, environment: Mapping[str, str], used: set[str]) -> list[str]:
    """Take back what exists, is to be created, and carries the tags of this layer.

    `used` is what endpoints use. Answers what was done, a line for each resource; nothing of
    anybody else is touched.
    """
    done: list[str] = []
    # Some names are known only once what they refer to is taken back.
    while more := _adopt_known(stack, aws, environment, used):
        done += more
    return done


def in_use(aws: Aws) -> set[str]:
    """The ids of immutable resources that something in the environment uses.

    Raises OperatorError while one of their users is being changed.
    """
    users = dict.fromkeys(discard.used for discard in _discarded().values())
    return {identifier for used in users for identifier in used(aws)}


def _discarded() -> dict[str, Discard]:
    """How each type of immutable resource is deleted."""
    found = {kind: record.discard for kind, record in kinds().items()}
    return {kind: how for kind, how in found.items() if not isinstance(how, Not)}


def _adopt_known(
    stack: Stack, aws: Aws, environment: Mapping[str, str], used: set[str]
) -> list[str]:
    done = []
    discarded = _discarded()
    changes = _changes(stack, environment)
    moving = {
        (change.type, found.id): change.address
        for change in changes
        if change.action is Action.DELETE and _creates(changes, change.type)
        for found in existing(change.type, change.before, aws)
    }
    for change in changes:
        kind, address = change.type, change.address
        replaces = change.action is Action.REPLACE and kind in discarded
        if change.action is not Action.CREATE and not replaces:
            continue
        found = _own(existing(kind, change.after, aws), address, stack, aws)
        if found is None:
            continue
        identifier = found.id
        if (kind, identifier) in moving:
            raise OperatorError(
                f"{address} is {moving[kind, identifier]} in the state ({identifier})",
                "say so in Environment(moved=...), see docs/state.md, and run this again",
            )
        if not replaces:
            _terraform(stack, environment, "import", "-input=false", address, identifier)
            done.append(f"imported {address} ({identifier})")
        elif identifier not in used:
            discarded[kind].delete(aws, identifier)
            done.append(f"deleted {identifier}, which the next deploy makes anew")
        else:
            old = change.before["name"]
            _terraform(stack, environment, "state", "rm", address)
            _terraform(stack, environment, "import", "-input=false", address, identifier)
            discarded[kind].delete(aws, old)
            done.append(f"imported {address} ({identifier}) in the place of {old}")
    return done


def _creates(changes: Iterable[Change], kind: str) -> bool:
    return any(change.type == kind and change.action is Action.CREATE for change in changes)


def _terraform(stack: Stack, environment: Mapping[str, str], *arguments: str) -> None:
    answer = stack.run(*arguments, environment=environment)
    if answer.status:
        raise OperatorError(f"terraform {' '.join(arguments)} failed\n{answer.output}")


def _changes(stack: Stack, environment: Mapping[str, str]) -> tuple[Change, ...]:
    """The changes of a plan; none while a layer below is not deployed."""
    file = "adopt.tfplan"
    planned = stack.run(
        "plan", f"-out={file}", "-no-color", "-input=false", environment=environment
    )
    if planned.status and lacking(planned.output):
        return ()  # it was never deployed, as what it stands on is not
    if planned.status:
        lines = [f"{stack.name} cannot be planned", *errors_of(planned.output)]
        raise OperatorError("\n  ".join(lines))
    shown = stack.answer("show", "-json", file, environment=environment)
    (stack.folder / file).unlink(missing_ok=True)
    # What is looked for in AWS has to have its own name, even where that looks like a secret.
    return read_plan(shown, stack.name, in_clear=True).changes


def _own(found: Iterable[Existing], address: str, stack: Stack, aws: Aws) -> Existing | None:
    """What carries the tags of this very layer.

    Raises OperatorError where several do, and while it is still being made.
    """
    wanted = aws.context.default_tags(stack.layer)
    own = [
        each
        for each in found
        if each.own_name
        or all(each.tags.get(key) == wanted[key] for key in ("environment", "layer", "managed-by"))
    ]
    if len(own) > 1:
        raise OperatorError(
            f"{address} is there more than once: {', '.join(each.id for each in own)}",
            "delete all but the one that is in use, and run this again",
        )
    if own and own[0].status.upper() in _UNSETTLED:
        raise OperatorError(
            f"{address} is {own[0].status}", "wait until it has settled, then run this again"
        )
    return own[0] if own else None
