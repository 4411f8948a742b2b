"""Moving services between groups: from one state into another, without a change in AWS.

The files say in which group each service is, the states in which it was. A move writes the state that
gains before the one that loses, holding the locks of both, so that every resource is in a state at any
time. What it is about to do is written down first: a run that was killed leaves that and its locks, by
which the next one continues.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from inferform.layers.specs import MODELS

from .advice import errors_of
from .errors import BadInputError, OperatorError
from .plan import Action, Change, read_plan
from .program import Program, Stacks
from .state import MOVE, State, States
from .terraform import Stack, private_folder

# What stands directly in a stack, such as its security group, has no hash in its name: it is the
# group's own, and stays.
_OF_A_SERVICE = re.compile(r"_[0-9A-F]{8}$")


@dataclass(frozen=True, slots=True)
class Move:
    """Resources that go from the state of one layer into that of another."""

    source: str
    target: str
    addresses: tuple[str, ...]


Check = Callable[[Stack, Mapping[str, Any], Collection[str]], list[str]]
"""What the next plan of a stack would change with a state of this content, in which these addresses are
new, a line each."""


def moves(synthesis: Stacks, key: str, states: States) -> list[Move]:
    """What the files of an environment have in another group than the states.

    A state that no stack has any more, as that of the layer before it had groups, is looked into too.
    """
    parts = synthesis.environments[key].parts
    found = []
    for record in {part.record.name: part.record for part in parts if part.record.grouped}.values():
        asked = {
            part.name: _written(synthesis.require_layer(key, part.name))
            for part in parts
            if part.record is record
        }
        for source in sorted({*asked, *states.layers(record.name)}):
            state = states.read(source)
            held = {} if state is None else dict.fromkeys(_addresses(state.content))
            for target, wanted in asked.items():
                gone = [
                    each
                    for each in held
                    if each in wanted
                    and each not in asked.get(source, ())
                    and _is_of_a_service(each)
                ]
                if gone and target != source:
                    found.append(Move(source, target, tuple(gone)))
    return found


def interrupted(states: States) -> Move | None:
    """The move of an environment that has begun and not ended; None where there is none."""
    journal = states.journal()
    return None if journal is None else _move_in(journal)


def move(synthesis: Stacks, key: str, states: States, wanted: Move, check: Check) -> None:
    """Move resources from one state into another.

    Raises OperatorError, and leaves both states as they are, where the next plan of one of the stacks
    would then change anything but the tag that names the layer.
    """
    own = str(uuid.uuid4())
    states.begin_journal({**asdict(wanted), "lock": own})
    try:
        for layer in _in_order(wanted):
            states.hold(layer, own, MOVE)
        _refuse_changes(synthesis, key, states, wanted, check)
    except Exception:
        _end(states, wanted, own)
        raise
    states.write(wanted.target, _with(states, wanted))
    _finish(states, wanted, own)


def go_on(states: States) -> Move:
    """Bring the move that was interrupted to its end, or undo what it has begun where no state was
    written."""
    journal = states.journal()
    if journal is None:
        raise BadInputError("no move between states was interrupted")
    begun, own = _move_in(journal), str(journal["lock"])
    for layer in _in_order(begun):
        states.hold(layer, own, MOVE)
    gained = states.read(begun.target)
    if gained is not None and {*begun.addresses} <= {*_addresses(gained.content)}:
        _finish(states, begun, own)
    else:
        _end(states, begun, own)
    return begun


def check_by_plan(program: Program, variables: Mapping[str, str], layer_tag: str) -> Check:
    """Plan with Terraform in a folder apart, with the content instead of the state.

    `layer_tag` is the key of the tag that names the layer.
    """

    def check(stack: Stack, content: Mapping[str, Any], new: Collection[str]) -> list[str]:
        private_folder(program.work)
        with TemporaryDirectory(prefix="move-", dir=program.work) as temporary:
            folder = Path(temporary) / stack.folder.name
            shutil.copytree(stack.folder, folder, ignore=shutil.ignore_patterns(".terraform"))
            trial = Stack(stack.name, folder, stack.dependencies)
            override = {"terraform": {"backend": {"local": {"path": "trial.tfstate"}}}}
            (folder / "backend_override.tf.json").write_text(json.dumps(override), "utf-8")
            (folder / "trial.tfstate").write_text(json.dumps(content), "utf-8")
            done = trial.init(variables)
            if done.status == 0:
                plan = ("plan", "-out=move.tfplan", "-no-color", "-input=false")
                done = trial.run(*plan, environment=variables)
            if done.status:
                lines = [f"{stack.name} cannot be planned", *errors_of(done.output)]
                raise OperatorError("\n  ".join(lines))
            shown = trial.answer("show", "-json", "move.tfplan", environment=variables)
        changes = read_plan(shown, stack.name).changes
        return [
            f"{each.action} {each.address}"
            for each in changes
            if not each.is_data and not _is_nothing(each, new, layer_tag)
        ]

    return check


def _is_nothing(change: Change, new: Collection[str], layer_tag: str) -> bool:
    """Whether a change is none, or only says in a tag to which layer a resource belongs now."""
    if change.action is Action.NONE:
        return True
    said = {f"tags.{layer_tag}", f"tags_all.{layer_tag}"}
    return (
        change.action is Action.UPDATE
        and change.address.partition("[")[0] in new
        and {difference.path for difference in change.differences} <= said
    )


def _refuse_changes(
    synthesis: Stacks, key: str, states: States, wanted: Move, check: Check
) -> None:
    """Raise OperatorError where the states after a move would not be what the files ask for."""
    source = _read(states, wanted.source)
    half_way = [
        address
        for address, entry in _entries(source.content)
        if address in wanted.addresses
        and any(each.get("deposed") or each.get("status") for each in entry["instances"])
    ]
    if half_way:
        raise OperatorError(
            f"what a run has left half-way is not moved: {', '.join(half_way)}",
            f"bring the files back, deploy {key}-{wanted.source}, and move then",
        )
    after = {wanted.target: _with(states, wanted), wanted.source: _without(source, wanted)}
    lines = []
    for layer, content in after.items():
        stack = synthesis.layer(key, layer)
        if stack is not None:
            new = wanted.addresses if layer == wanted.target else ()
            lines += [f"{stack.name}: {line}" for line in check(stack, content, new)]
    if lines:
        raise OperatorError(
            "\n  ".join(
                ["the next deploy would change more than where resources are kept", *lines]
            ),
            _hint(source, lines),
        )


def _hint(source: State, lines: Collection[str]) -> str:
    """What to do where a move would change something in AWS."""
    group = source.resources.get(f"aws_security_group.{MODELS}", {}).get("id")
    if group and any("aws_sagemaker_model." in line for line in lines):
        return (
            "models keep the security group that they were made in: write "
            f'security_group="{group}" in the group that they move to'
        )
    return "deploy what else has changed first, so that a move is all that is left"


def _finish(states: States, begun: Move, own: str) -> None:
    """Take what the other state has now out of the one that loses it."""
    source = _read(states, begun.source)
    if {*begun.addresses} & {*_addresses(source.content)}:
        states.write(begun.source, _without(source, begun))
    _end(states, begun, own)


def _end(states: States, begun: Move, own: str) -> None:
    """Give the locks of a move back, as far as it has them, and forget it."""
    for layer in _in_order(begun):
        held = states.lock(layer)
        if held is not None and held.id == own:
            states.unlock(layer, own)
    states.end_journal()


def _in_order(wanted: Move) -> list[str]:
    return sorted((wanted.source, wanted.target))


def _move_in(journal: Mapping[str, Any]) -> Move:
    return Move(journal["source"], journal["target"], tuple(journal["addresses"]))


def _read(states: States, layer: str) -> State:
    found = states.read(layer)
    if found is None:
        raise OperatorError(f"{layer} has no state any more")
    return found


def _with(states: States, wanted: Move) -> dict[str, Any]:
    """The next version of the state that gains the resources."""
    source, target = _read(states, wanted.source), states.read(wanted.target)
    gained = [
        {**entry, "instances": [_alone(each, wanted) for each in entry["instances"]]}
        for address, entry in _entries(source.content)
        if address in wanted.addresses
    ]
    if target is None:
        return {
            "version": source.content["version"],
            "terraform_version": source.content["terraform_version"],
            "serial": 1,
            "lineage": str(uuid.uuid4()),
            "outputs": {},
            "resources": gained,
        }
    twice = sorted({*wanted.addresses} & {*_addresses(target.content)})
    if twice:
        raise OperatorError(
            f"the state of {wanted.target} has resources of these addresses: {twice}"
        )
    resources = [*target.content["resources"], *gained]
    return {**target.content, "serial": target.serial + 1, "resources": resources}


def _alone(instance: Mapping[str, Any], wanted: Move) -> dict[str, Any]:
    """An object that depends on nothing that stays behind, where an address means another one."""
    kept = [each for each in instance.get("dependencies", ()) if each in wanted.addresses]
    return {**instance, "dependencies": kept} if "dependencies" in instance else dict(instance)


def _without(source: State, wanted: Move) -> dict[str, Any]:
    """The next version of the state that loses the resources."""
    gone = [entry for address, entry in _entries(source.content) if address in wanted.addresses]
    resources = [entry for entry in source.content["resources"] if entry not in gone]
    return {**source.content, "serial": source.serial + 1, "resources": resources}


def _entries(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The managed resources of a state that are in no module, by their addresses without keys."""
    for entry in content["resources"]:
        if entry.get("mode") == "managed" and not entry.get("module"):
            yield f"{entry['type']}.{entry['name']}", entry


def _addresses(content: Mapping[str, Any]) -> list[str]:
    return [address for address, _ in _entries(content)]


def _written(stack: Stack) -> set[str]:
    """The addresses of the resources that a stack asks for."""
    return {
        f"{kind}.{name}"
        for kind, resources in stack.content.get("resource", {}).items()
        for name in resources
    }


def _is_of_a_service(address: str) -> bool:
    return _OF_A_SERVICE.search(address) is not None
