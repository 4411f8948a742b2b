"""`inferform state list|move|restore|unlock`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Approve, Json, confirm, print_json, print_table, stdout
from . import AFTER, Command

if TYPE_CHECKING:
    from inferform import Environment

    from ..moving import Move
    from ..program import Stacks
    from ..state import Difference, States, Version

LayerName = Annotated[
    str, typer.Argument(metavar="LAYER", help="A layer: network, registry, inference ...")
]


family = typer.Typer(help="Terraform's states and their versions.", no_args_is_help=True)


@family.command("list")
def list_versions(
    env: EnvironmentKey, layer: LayerName, emulator: Emulated = False, json: Json = False
) -> None:
    """List the versions of a layer's state, newest first.

    Example: inferform state list dev-use1 network
    """
    _, states = _states(env, layer, emulator)
    found = states.versions(layer)
    if json:
        print_json([asdict(version) for version in found])
        return
    _show_versions(found)


@family.command()
def restore(
    env: EnvironmentKey,
    layer: LayerName,
    version: Annotated[
        str | None, typer.Option(help="The version to restore. Default: list them.")
    ] = None,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Make an older version of a layer's state the newest, after showing what changes.

    Only the state changes, not what it describes: look at a plan before the next deploy.

    Example: inferform state restore dev-use1 network --version 3sL4kqtJlcpXroDTDmJ
    """
    from ..state import difference

    env, states = _states(env, layer, emulator)
    if version is None:
        _show_versions(states.versions(layer))
        stdout.print("inferform state restore with --version restores one of them")
        return
    wanted = states.read(layer, version)
    if wanted is None:
        raise BadInputError(
            f"{env} {layer} has no version {version}", f"inferform state list {env} {layer}"
        )
    changes = difference(states.read(layer), wanted)
    if not json:
        _show_difference(changes)
    confirm(f"restore version {version} of {env} {layer}?", auto_approve)
    restored = states.restore(layer, version)
    if json:
        print_json({"serial": restored.serial, "version": restored.version, **asdict(changes)})
        return
    stdout.print(
        f"restored as serial {restored.serial}; inferform drift {env} shows how AWS differs",
    )


@family.command()
def move(env: EnvironmentKey, auto_approve: Approve = False, emulator: Emulated = False) -> None:
    """Move services into the states of the groups that the files have them in now.

    Nothing changes in AWS but the tag that names the layer, at the next deploy. Where the plan
    after it would change anything else, nothing is moved. A run that was interrupted continues.

    Example: inferform state move dev-use1
    """
    from .. import moving

    found = environment(env)
    synthesis, states = _synthesis(found, emulator)
    if begun := moving.interrupted(states):
        _show_move(begun)
        confirm("this move was interrupted. Is that run dead? Go on with it?", auto_approve)
        moving.go_on(states)
    wanted = moving.moves(synthesis, found.key, states)
    if not wanted:
        stdout.print(f"every service of {found.key} is in the state of its group")
        return
    for each in wanted:
        _show_move(each)
    confirm("move them?", auto_approve)
    program = synthesis.program
    check = moving.check_by_plan(
        program, program.terraform_environment(), found.context.tag_key("layer")
    )
    for each in wanted:
        with stdout.status(f"planning {each.target} with what it gains"):
            moving.move(synthesis, found.key, states, each, check)
        stdout.print(f"moved from {each.source} to {each.target}")
    stdout.print(f"inferform deploy '{found.key}-*' writes the tags and outputs")


def _show_move(move: Move) -> None:
    for address in move.addresses:
        stdout.print(f"{move.source} -> {move.target}: {address}", markup=False)


@family.command()
def unlock(
    env: EnvironmentKey,
    layer: LayerName,
    auto_approve: Approve = False,
    emulator: Emulated = False,
) -> None:
    """Remove the lock that a dead run left on a layer's state, after showing who holds it.

    Example: inferform state unlock dev-use1 network
    """
    env, states = _states(env, layer, emulator)
    held = states.lock(layer)
    if held is None:
        stdout.print(f"the state of {env} {layer} is not locked")
        return
    stdout.print(f"held by {held}")
    if held.is_of_move:
        raise BadInputError(
            "without this lock a deploy could destroy what is in two states",
            f"inferform state move {env} continues",
        )
    confirm("is that run dead? Clear its lock?", auto_approve)
    states.unlock(layer, held.id)
    stdout.print("unlocked")


def _states(env: str, layer: str, emulated: bool) -> tuple[str, States]:
    """The environment's key, and its states."""
    found = environment(env)
    synthesis, states = _synthesis(found, emulated)
    synthesis.require_layer(found.key, layer)
    return found.key, states


def _synthesis(found: Environment, emulated: bool) -> tuple[Stacks, States]:
    """The stacks of the program, and the states of an environment."""
    from ..aws import Aws, emulator_in_use
    from ..program import Program
    from ..state import States
    from ..terraform import contents_of

    program = Program.of(emulator_in_use() if emulated else None)
    synthesis = program.to_plan("state").synthesize()
    aws = Aws(found.context, emulator=program.emulator)
    return synthesis, States(aws, contents_of(synthesis.of(found.key)))


def _show_versions(versions: list[Version]) -> None:
    print_table(
        ("version", "changed (UTC)", "serial", "resources", ""),
        [
            (
                version.id,
                f"{version.changed:%Y-%m-%d %H:%M:%S}",
                version.serial,
                version.resources,
                "deleted" if version.deleted else "now" if version.latest else "",
            )
            for version in versions
        ],
    )


def _show_difference(changes: Difference) -> None:
    if changes.empty:
        stdout.print("both versions hold the same resources")
    for sign, addresses in (
        ("+", changes.added),
        ("-", changes.removed),
        ("~", changes.changed),
    ):
        for address in addresses:
            stdout.print(f"{sign} {address}", markup=False)


COMMANDS = (Command("state", family, AFTER, order=50),)
