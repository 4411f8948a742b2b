"""`inferform train`, `inferform transform` and `inferform runs`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment, repeated
from ..output import Approve, Json, confirm, print_json, print_table, stderr, stdout
from . import RELEASES, Command, named_values

if TYPE_CHECKING:
    from inferform import Environment

    from ..cost.runs import StepCost
    from ..training import Run, Runs


def _runs(found: Environment, emulator: bool) -> Runs:
    from ..aws import Aws, emulator_in_use
    from ..training import Runs

    return Runs(found, Aws(found.context, emulator=emulator_in_use() if emulator else None))


def _ended(runs: Runs, execution: str, kind: str) -> Run:
    with stderr.status(f"waiting for {execution.rpartition(':')[2]}"):
        return runs.wait(execution, kind=kind)


def _ending(run: Run) -> str:
    return f"{run.name} is {run.status}{f': {run.why}' if run.why else ''}"


def _fail_with(run: Run | None) -> None:
    """Exit status 1 where a run that was waited for did not succeed."""
    if run is not None and run.status != "SUCCEEDED":
        raise typer.Exit(1)


def _told(costs: list[StepCost]) -> str:
    from ..cost.runs import said, total

    return f"may spend {said(*total(costs))}"


def train(
    key: EnvironmentKey,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A retraining of training.retrainings.")
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME=VALUE", help="Another value of a parameter."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the run.")] = False,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Start a retraining, and say before what it may cost.

    With --wait the command fails where the run does.

    Example: inferform train dev-use1 fraud --parameter rounds=20 --wait
    """
    from .. import training
    from ..cost.prices import price_table
    from ..cost.runs import cost_of_run, total

    found = environment(key)
    spec = training.retraining(found, name)
    given = named_values(parameter or [], "parameter", "rounds=20")
    costs = cost_of_run(spec, found.context.region, price_table())
    if not json:
        print_table(["step", "runs on"], [[each.step, each.words] for each in costs])
        stdout.print(f"a run of {name} {_told(costs)}")
    confirm(f"start {name} of {found.key}?", auto_approve)
    runs = _runs(found, emulator)
    execution = runs.start(name, given)
    run = _ended(runs, execution, "retraining") if wait else None
    if json:
        least, most = total(costs)
        cost = {"least_usd": least, "most_usd": most, "steps": [asdict(each) for each in costs]}
        print_json({"execution": execution, "cost": cost, "run": asdict(run) if run else None})
    elif run is None:
        stdout.print(f"started {execution}")
    else:
        stdout.print(_ending(run))
    _fail_with(run)


def transform(
    key: EnvironmentKey,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A batch transform of inference.batch.")
    ],
    place: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="PREFIX",
            help="What is read: an S3 URI, or a prefix in the environment's artifact bucket. Default: the input "
            "of the file.",
        ),
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the run.")] = False,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Start a batch transform, and say where its predictions go.

    With --wait the command fails where the run does. What a run costs depends on how long it takes, which
    nothing limits.

    Example: inferform transform dev-use1 nightly --input batch/nightly/input/2026-12-01/ --wait
    """
    from inferform import BatchTransform
    from inferform.model.artifact import located

    from .. import training

    found = environment(key)
    service = training.transform(found, name)
    spec = service.spec
    assert isinstance(spec, BatchTransform)
    bucket = found.artifact_bucket
    reads = located(place, bucket) if place else spec.reads(service.name, bucket)
    writes = spec.writes(service.name, bucket)
    if not json:
        stdout.print(f"reads {reads}")
        stdout.print(f"writes {writes}, one object with .out behind its name for each")
    on = f"{spec.instance_count} {spec.instance_type}"
    confirm(f"start {name} of {found.key} on {on}?", auto_approve)
    runs = _runs(found, emulator)
    execution = runs.start_transform(name, place)
    run = _ended(runs, execution, "batch transform") if wait else None
    if json:
        print_json(
            {
                "execution": execution,
                "input": reads,
                "output": writes,
                "run": asdict(run) if run else None,
            }
        )
    elif run is None:
        stdout.print(f"started {execution}")
        stdout.print(f"inferform runs {found.key}{repeated(emulator)} shows what becomes of it")
    else:
        stdout.print(_ending(run))
    _fail_with(run)


def runs(
    key: EnvironmentKey,
    count: Annotated[
        int, typer.Option("--count", min=1, max=100, help="How many of each. Default: 5.")
    ] = 5,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """List the latest runs of an environment's retrainings, drift monitors and batch transforms.

    Example: inferform runs dev-use1
    """
    found = environment(key)
    listed = [*_runs(found, emulator).latest(count)]
    if json:
        print_json([asdict(each) for each in listed])
        return
    print_table(
        ["of", "run", "status", "started", "ended", "outcome"],
        [[each.of, each.name, each.status, each.started, each.ended, each.why] for each in listed],
    )


COMMANDS = (
    Command("train", train, RELEASES, order=60),
    Command("transform", transform, RELEASES, order=61),
    Command("runs", runs, RELEASES, order=62),
)
