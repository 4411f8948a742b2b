"""Taking back what a killed deploy created and did not get to record.

Terraform writes its state only now and then, so a killed run leaves resources that the state
does not know. What carries the tags of the very layer is the layer's own: it is imported. A model
or an endpoint configuration whose predecessor is still in the state is deleted, as the next deploy
makes it again; one that an endpoint already uses takes its predecessor's place in the state instead.

A failed rollout leaves the other way round: what served before stays at AWS, and Terraform keeps it
in the state to delete it later (a deposed object). Where the files ask for it again, Terraform would
make it a second time, which AWS refuses, and delete the first one, which serves. So it is made
current again in the state, and what was current becomes what Terraform deletes.

What a run created and could not read afterwards (a permission was lacking, the credentials expired)
is tainted in the state. Where Terraform creates the new one first, AWS refuses it, as the name is
taken, or takes it for the old one, which is deleted then. So the state is told that it is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from tempfile import NamedTemporaryFile
from typing import Any

from .advice import errors_of, explained, is_saved, lacking
from .aws import Aws
from .errors import OperatorError
from .kinds import kinds
from .kinds.record import Discard, Existing, Not
from .own import existing
from .plan import Action, Change, read_plan
from .state import State, pulled_content
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

    Raises UnsettledError while one of their users is being changed, and OperatorError where one
    cannot be read.
    """
    users = dict.fromkeys(discard.used for discard in _discarded().values())
    with explained(aws.context):
        return {identifier for used in users for identifier in used(aws)}


def reinstate(stack: Stack, aws: Aws, environment: Mapping[str, str]) -> list[str]:
    """Make deposed objects current again in the state that the next deploy would make again, and
    untaint what it would create while it is there.

    Nothing in AWS is touched. Only an object that is in AWS under the tags of this very layer, and is
    in the state what the plan asks for, is made current. The new version of the state is written by
    `terraform state push`, which takes the lock and refuses where the state was written meanwhile.
    Answers what was done, a line for each resource. Raises OperatorError while an endpoint of the
    environment is being changed, as what it will run is not known.
    """
    content = pulled_content(stack, environment)
    state = State(content, "", None) if content else None
    if state is None or not (state.deposed or state.tainted):
        return []
    try:
        changes = _changes(stack, environment)
    except OperatorError:
        return []  # whoever plans next tells why, in the words of Terraform
    chosen, done = dict[str, str](), list[str]()
    for change in changes:
        kept = state.deposed.get(change.address, {})
        if change.deposed or not kept or change.action not in (Action.CREATE, Action.REPLACE):
            continue
        found = _own(existing(change.type, change.after, aws), change.address, stack, aws)
        for key, attributes in kept.items():
            if found and attributes.get("id") == found.id and _is_same(change.after, attributes):
                chosen[change.address] = key
                current = state.resources.get(change.address, {}).get("id")
                instead = f"; Terraform deletes {current} instead" if current else ""
                done.append(
                    f"{found.id} is {change.address} again, which Terraform kept in the state to "
                    f"delete it{instead}"
                )
    if chosen:
        in_use(aws)
        _push(stack, state.exchanged(chosen), environment)
    for change in changes:
        if change.address not in chosen and _is_whole(change, stack, aws):
            _terraform(stack, environment, "untaint", change.address)
            done.append(
                f"{change.address} is no longer tainted: the run that created it could not read it, and "
                "it is there"
            )
    return done


def _is_whole(change: Change, stack: Stack, aws: Aws) -> bool:
    """Whether a tainted resource that would be created again lacks nothing.

    The plan has read that it is there. A provisioner may have failed, which nothing tells afterwards, and
    AWS may say that it is still being created, or could not be.
    """
    if not change.repeats or "provisioner" in _block(change, stack):
        return False
    found = existing(change.type, change.before, aws)
    said = [str(change.before.get("status") or ""), *(each.status for each in found)]
    return not any("FAIL" in each.upper() or each.upper() in _UNSETTLED for each in said)


def _block(change: Change, stack: Stack) -> Mapping[str, Any]:
    """A resource as it stands in the configuration."""
    written: Mapping[str, Any] = stack.content.get("resource", {})
    found: Mapping[str, Any] = written.get(change.type, {}).get(change.name, {})
    return found


def _is_same(planned: Any, held: Any) -> bool:
    """Whether what a plan asks for is what an object in the state is, tags apart.

    A provider writes what is not set as an empty value, and a plan leaves it out. It adds arguments
    to a resource and to a block, but no entries to a map.
    """
    if isinstance(planned, dict) and isinstance(held, dict):
        return all(
            _is_map_of(value, held.get(name)) and _is_same(value, held.get(name))
            for name, value in planned.items()
            if name not in ("tags", "tags_all")
        )
    if isinstance(planned, list) and isinstance(held, list):
        pairs = zip(planned, held, strict=False)
        return len(planned) == len(held) and all(_is_same(one, other) for one, other in pairs)
    return planned == held or not (planned or held)


def _is_map_of(planned: Any, held: Any) -> bool:
    """Whether a map in a state has no entries that were not asked for; a block is a list."""
    return not isinstance(planned, dict) or {*(held or ())} <= {*planned}


def _push(stack: Stack, content: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Write the next version of a state, which nobody else may read on this machine."""
    with NamedTemporaryFile("w", suffix=".tfstate", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        _terraform(stack, environment, "state", "push", "-no-color", file.name)


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
        if change.action is Action.DELETE and not change.deposed and _creates(changes, change.type)
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
            done += _complete(kind, identifier, aws)
            _terraform(stack, environment, "import", "-input=false", address, identifier)
            done.append(f"imported {address} ({identifier})")
        elif identifier not in used:
            _delete(discarded[kind], identifier, aws)
            done.append(f"deleted {identifier}, which the next deploy creates again")
        else:
            old = change.before["name"]
            if old in used:
                raise OperatorError(
                    f"{address} is {old} in the state and asked for as {identifier}, and either may "
                    "be in use",
                    "let its endpoint settle on a configuration that exists, then run this again",
                )
            _terraform(stack, environment, "state", "rm", address)
            _terraform(stack, environment, "import", "-input=false", address, identifier)
            _delete(discarded[kind], old, aws)
            done.append(f"imported {address} ({identifier}) instead of {old}")
    return done


def _complete(kind: str, identifier: str, aws: Aws) -> list[str]:
    """Do what a killed run had still to do; before the import, after which nobody would look again."""
    record = kinds().get(kind)
    if record is None or isinstance(record.completed, Not):
        return []
    with explained(aws.context):
        return list(record.completed(aws, identifier))


def _delete(discard: Discard, identifier: str, aws: Aws) -> None:
    with explained(aws.context):
        discard.delete(aws, identifier)


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
        return ()  # it was never deployed, as what it depends on is not
    if planned.status and not is_saved(planned.output):
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
    own = [
        each for each in found if each.own_name or aws.context.is_own(each.tags, layer=stack.layer)
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
