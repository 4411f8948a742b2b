"""`inferform edge publish|deploy|status|compile`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import OperatorError
from ..output import Json, print_json, print_table, stderr, stdout
from . import AFTER, Command

if TYPE_CHECKING:
    from ..edge import Edge

family = typer.Typer(help="Models on devices: Greengrass V2 and Neo.", no_args_is_help=True)

FleetName = Annotated[str, typer.Argument(metavar="FLEET", help="A fleet of the environment.")]


@family.command()
def publish(
    env: EnvironmentKey,
    component: Annotated[
        str, typer.Argument(metavar="COMPONENT", help="A component of the environment.")
    ],
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Make a version of a component, which never changes afterwards.

    Example: inferform edge publish dev-use1 detect
    """
    made = _edge(env, emulator).publish(component)
    if json:
        print_json(asdict(made))
        return
    said = "is published" if made.is_new else "is published already"
    stdout.print(f"{made.arn} {said}", markup=False, soft_wrap=True)


@family.command()
def deploy(
    env: EnvironmentKey,
    fleet: FleetName,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Bring the components of a fleet to its devices, as fast as its Spec says.

    Example: inferform edge deploy dev-use1 cameras
    """
    made = _edge(env, emulator).deploy(fleet)
    if json:
        print_json({"deployment": made})
    else:
        follow = f"inferform edge status {env} {fleet}"
        stdout.print(f"{made} is on its way: {follow}", markup=False, soft_wrap=True)


@family.command()
def status(
    env: EnvironmentKey,
    fleet: FleetName,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show the state of a fleet's deployment on each of its devices.

    Example: inferform edge status dev-use1 cameras
    """
    found = _edge(env, emulator).status(fleet)
    if json:
        print_json(asdict(found))
        return
    brings = ", ".join(f"{name} {version}" for name, version in found.components.items())
    title = f"{fleet}: {found.status}" + (f", {brings}" if brings else "")
    rows = [
        (
            each.name,
            each.status,
            each.outcome or "none",
            ", ".join(f"{name} {version}" for name, version in each.runs.items()),
        )
        for each in found.devices
    ]
    if rows:
        print_table(("device", "status", "deployment", "runs"), rows, title=title)
    else:
        stdout.print(f"{title}; no device has reported itself", markup=False, soft_wrap=True)
    if found.outside:
        said = f"not let in, as their names begin otherwise: {', '.join(found.outside)}"
        stderr.print(said, markup=False, soft_wrap=True)
    if found.behind:
        said = f"not deployed yet: {', '.join(found.behind)}"
        stderr.print(said, markup=False, soft_wrap=True)


@family.command("compile")
def compile_model(
    env: EnvironmentKey,
    compilation: Annotated[
        str, typer.Argument(metavar="COMPILATION", help="A compilation of the environment.")
    ],
    again: Annotated[
        bool, typer.Option("--again", help="Compile although the same was compiled before.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the job has ended.")] = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Compile a model by SageMaker Neo, unless the same was compiled before.

    Example: inferform edge compile dev-use1 detect --wait
    """
    edge = _edge(env, emulator)
    job = edge.compile(compilation, again=again)
    if wait:
        with stderr.status(f"waiting for {job}"):
            state, said = edge.wait(job)
    else:
        state, said = edge.compiled(job)
    if json:
        print_json({"job": job, "status": state, "said": said})
    else:
        text = f"{job} is {state}" + (f": {said}" if said else "")
        stdout.print(text, markup=False, soft_wrap=True)
    if state in ("FAILED", "STOPPED"):
        raise OperatorError(
            f"the compilation is {state}{': ' if said else ''}{said}",
            f"inferform edge compile {env} {compilation} --again starts another one",
        )


def _edge(env: str, emulator: bool) -> Edge:
    from ..aws import Aws, emulator_in_use
    from ..edge import Edge

    found = environment(env)
    return Edge(found, Aws(found.context, emulator=emulator_in_use() if emulator else None))


COMMANDS = (Command("edge", family, AFTER, order=64),)
