"""`inferform pipelines start|steps`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import BadInputError, OperatorError
from ..output import Json, print_json, print_table, stderr, stdout
from . import AFTER, Command

if TYPE_CHECKING:
    from inferform import Environment

    from ..aws import Aws

family = typer.Typer(help="Runs of pipelines of SageMaker.", no_args_is_help=True)

Named = Annotated[str, typer.Argument(metavar="PIPELINE", help="A pipeline of the environment.")]


@family.command()
def start(
    env: EnvironmentKey,
    pipeline: Named,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", help="A value for a parameter: NAME=VALUE. Repeatable."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the run has ended.")] = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Start a run of a pipeline, with what its file says in start_with.

    Example: inferform pipelines start dev-use1 abalone --parameter Rounds=10 --wait
    """
    from .. import pipelines

    found = environment(env)
    name, spec = pipelines.pipeline_of(found, pipeline)
    values = pipelines.values_for(spec, _pairs(parameter or []))
    aws = _aws(found, emulator)
    execution = pipelines.start(name, values, aws)
    if not wait:
        if json:
            print_json({"execution": execution, "parameters": values})
        else:
            stdout.print(execution, markup=False, soft_wrap=True)
        return
    with stderr.status(f"waiting for {name}"):
        status, why = pipelines.wait(execution, aws)
    if json:
        print_json({"execution": execution, "parameters": values, "status": status, "why": why})
    else:
        stdout.print(f"{execution} is {status}", markup=False, soft_wrap=True)
    if status != "Succeeded":
        raise OperatorError(
            f"the run is {status}: {why or 'AWS does not tell why'}",
            f"see its steps: inferform pipelines steps {env} {pipeline}",
        )


@family.command()
def steps(
    env: EnvironmentKey,
    pipeline: Named,
    execution: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="The ARN of a run. Default: the newest."),
    ] = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show how the steps of a run went, and which took an earlier result.

    Example: inferform pipelines steps dev-use1 abalone
    """
    from .. import pipelines

    found = environment(env)
    name, _ = pipelines.pipeline_of(found, pipeline)
    aws = _aws(found, emulator)
    run = execution or pipelines.last(name, aws)
    rows = list(pipelines.steps(run, aws))
    status, why = pipelines.status(run, aws)
    if json:
        shown = [asdict(row) for row in rows]
        print_json({"execution": run, "status": status, "why": why, "steps": shown})
        return
    columns = ("step", "status", "started", "took", "cached", "why")
    print_table(
        columns,
        [
            (
                row.name,
                row.status,
                row.started,
                "" if row.seconds is None else f"{row.seconds:,.0f} s",
                "yes" if row.cached else "",
                row.why,
            )
            for row in rows
        ],
        title=f"{name}: {status}{f', {why}' if why else ''}",
    )


def _pairs(given: list[str]) -> dict[str, str]:
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise BadInputError(f"{each} is no value of a parameter", "write it as NAME=VALUE")
        found[name] = value
    return found


def _aws(found: Environment, emulator: bool) -> Aws:
    from ..aws import Aws, emulator_in_use

    return Aws(found.context, emulator=emulator_in_use() if emulator else None)


COMMANDS = (Command("pipelines", family, AFTER, order=62),)
