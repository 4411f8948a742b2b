"""`inferform advise`."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inferform.rules import did_you_mean

from ..environments import Emulated, completed, environment
from ..errors import BadInputError
from ..output import Json, print_json, print_table, stderr, stdout, write
from . import BEFORE, Command

if TYPE_CHECKING:
    from inferform import Environment

    from ..advise.need import Need
    from ..advise.observed import Finding, Observed
    from ..cost.prices import PriceTable
    from ..simulate import Load


class Where(StrEnum):
    """Where a team works already."""

    CONTAINERS = "containers"
    KUBERNETES = "kubernetes"
    DEVICES = "devices"
    FOUNDATION = "foundation"


class Topic(StrEnum):
    """What goes with an option."""

    ALL = "all"
    CONTAINER = "container"
    PROCESSOR = "processor"
    SCALING = "scaling"
    CAPACITY = "capacity"
    ROLLOUT = "rollout"
    WORKFLOW = "workflow"
    RETRAINING = "retraining"
    RELEASES = "releases"


class Arch(StrEnum):
    """What an image is built for."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


def advise(
    context: typer.Context,
    env: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV",
            help="An environment with a service that runs. Default: none, by numbers alone.",
            autocompletion=completed,
        ),
    ] = None,
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE]", help="What scales, by its short name.")
    ] = None,
    requests_per_second: Annotated[
        float, typer.Option(help="At the top of the load, over all models.")
    ] = 1.0,
    load: Annotated[
        str,
        typer.Option(
            help="steady, daily, spike, ramp, office-hours, or a CSV file of times and rates."
        ),
    ] = "steady",
    response_seconds: Annotated[
        float, typer.Option(help="How long the model works on one request.")
    ] = 0.1,
    payload_mb: Annotated[float, typer.Option(help="The largest request.")] = 0.01,
    response_mb: Annotated[float, typer.Option(help="The usual answer.")] = 0.01,
    memory_gib: Annotated[float, typer.Option(help="What the container of one model takes.")] = 2.0,
    gpu_memory_gib: Annotated[
        float, typer.Option(help="What a model takes of GPUs. Default: 0, it runs on CPUs.")
    ] = 0.0,
    neuron: Annotated[
        bool,
        typer.Option(
            "--neuron", help="--gpu-memory-gib is of Inferentia or Trainium. Default: of GPUs."
        ),
    ] = False,
    arch: Annotated[Arch, typer.Option(help="What the image is built for.")] = Arch.X86_64,
    cores: Annotated[float, typer.Option(help="The cores that one request keeps busy.")] = 1.0,
    latency_ms: Annotated[
        float | None,
        typer.Option(help="In what time callers want their answer. Default: nobody waits."),
    ] = None,
    models: Annotated[int, typer.Option(help="How many models of one framework.")] = 1,
    steps: Annotated[int, typer.Option(help="Containers that work one after the other.")] = 1,
    idle_hours: Annotated[float, typer.Option(help="Hours of each day without a request.")] = 0.0,
    runs_per_month: Annotated[
        float | None,
        typer.Option(help="How often everything is scored at once. Default: one by one."),
    ] = None,
    event_driven: Annotated[
        bool, typer.Option("--event-driven", help="Events of AWS set requests off.")
    ] = False,
    where: Annotated[
        Where | None, typer.Option(help="Where you work already. Default: nowhere.")
    ] = None,
    minimum: Annotated[
        int, typer.Option(help="Instances or tasks that are kept running; 2 survive a zone.")
    ] = 1,
    region: Annotated[str, typer.Option(help="The Region of the prices.")] = "us-east-1",
    about: Annotated[
        Topic | None,
        typer.Option(help="What goes with an option instead: situations and their answers."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw cost over load: a .png, .svg or .html file."),
    ] = None,
    measured: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="What a service got: times, rates and utilization. Default: from CloudWatch.",
        ),
    ] = None,
    days: Annotated[int, typer.Option(help="How many days are read from CloudWatch.")] = 14,
    capacity: Annotated[
        float | None,
        typer.Option(help="Requests per second that one instance of the service serves at most."),
    ] = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Compare AWS's ways to serve a model by your numbers: what fits, and what it costs. With ENV and
    SERVICE, say what of a service that runs does not suit what it got.

    Changes nothing; by numbers alone it needs no AWS.

    Example: inferform advise --requests-per-second 50 --latency-ms 100 --plot options.html
    """
    from ..advise.need import Need
    from ..cost.prices import price_table

    _check_plot(plot)
    given = {name for name in context.params if _is_given(context, name)}
    table = price_table()
    observed = None
    if env is not None:
        if service is None:
            raise BadInputError("which service", "write inferform advise ENV SERVICE")
        if about is not None:
            raise BadInputError(
                "--about is for numbers, and not for a service that runs",
                f"write inferform advise --load measured.csv --about {about.value}",
            )
        _refuse(given & _OF_NUMBERS, "is for numbers, and not for a service that runs")
        if measured is not None:
            _refuse(given & _OF_CLOUDWATCH, "is for CloudWatch, and --csv is given")
        found = environment(env)
        region = found.context.region
        observed = _observed(found, service, measured, days=days, emulator=emulator)
    else:
        _refuse(given & _OF_A_SERVICE, "is for a service that runs", "write ENV SERVICE before it")
    if region not in table.regions():
        raise BadInputError(
            f"no prices of {region} are known", f"the Regions are {', '.join(table.regions())}"
        )
    captured = observed.load if observed is not None else _captured(load)
    if captured is not None:
        _refuse(given & _OF_A_SHAPE, "is for the built-in loads, and a file has its own rates")
    need = Need(
        requests_per_second=requests_per_second if captured is None else max(captured.rates),
        shape=load if captured is None else "steady",
        captured=captured,
        idle_hours=idle_hours if captured is None else 0.0,
        seconds=response_seconds,
        payload_mb=payload_mb,
        response_mb=response_mb,
        memory_gib=memory_gib,
        gpu_memory_gib=gpu_memory_gib,
        neuron=neuron,
        architecture=arch.value,
        cores=cores,
        latency_ms=latency_ms,
        models=models,
        steps=steps,
        runs_per_month=runs_per_month,
        event_driven=event_driven,
        platform=None if where is None else where.value,
        minimum=minimum,
    )
    if observed is None and about is not None and not json:
        from ..advise.choices import choices
        from ..advise.market import Market
        from ..advise.written import print_choices

        found_choices = choices(need, Market(table, region))
        print_choices([each for each in found_choices if about.value in ("all", each.topic)])
        return
    if observed is None:
        _compare(need, region, table, plot, json=json)
        return
    from ..advise.running import judged_by

    assert service is not None
    with stderr.status("comparing"):
        suits = [
            *judged_by(
                found,
                service,
                table,
                observed,
                need,
                capacity=capacity,
                latency_ms=1000 * response_seconds,
            )
        ]
    _print_findings(f"{found.key} {service}", observed, suits, json=json)


_OF_NUMBERS = frozenset(("requests_per_second", "load", "idle_hours", "region", "plot"))
_OF_A_SERVICE = frozenset(("measured", "days", "capacity", "emulator"))
_OF_CLOUDWATCH = frozenset(("days", "emulator"))
_OF_A_SHAPE = frozenset(("requests_per_second", "idle_hours"))
"""The parameters that say nothing in one of the ways to ask, and would be ignored."""


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse(given: Collection[str], why: str, hint: str = "") -> None:
    """Raises BadInputError for options that would be ignored."""
    if given:
        name = min(given)
        option = "csv" if name == "measured" else name.replace("_", "-")
        raise BadInputError(f"--{option} {why}", hint or f"leave --{option} out")


def _check_plot(plot: Path | None) -> None:
    if plot is not None and plot.suffix not in (".png", ".svg", ".html"):
        raise BadInputError(f"{plot} is neither a .png, .svg nor .html file")
    if plot is not None and not plot.absolute().parent.is_dir():
        raise BadInputError(f"there is no folder {plot.parent} for the plot")


def _captured(load: str) -> Load | None:
    from ..simulate import SHAPES, read_load

    if load in SHAPES:
        return None
    if not Path(load).is_file():
        raise BadInputError(
            f"there is no load {load}{did_you_mean(load, SHAPES)}",
            f"the loads are {', '.join(SHAPES)} and CSV files",
        )
    return read_load(Path(load))


def _compare(need: Need, region: str, table: PriceTable, plot: Path | None, *, json: bool) -> None:
    from ..advise.chart import curves, draw
    from ..advise.market import Market
    from ..advise.options import judged
    from ..advise.written import Advice, as_data, as_html, print_advice

    market = Market(table, region)
    with stderr.status("comparing"):
        options = judged(need, market)
        advice = Advice.of(need, market, options)
        shown = curves(need, market, options) if plot is not None else {}
    if plot is not None:
        title = f"{advice.best.name}: {need.peak:.4g} requests/s at most in {region}"
        if plot.suffix == ".html":
            write(plot, as_html(advice, shown, title=title))
        else:
            draw(shown, need, plot, title="Monthly cost over the load")
    if json:
        print_json(as_data(advice))
        return
    print_advice(advice)
    if plot is not None:
        stdout.print(f"plot written to {plot}")


def _observed(
    found: Environment, service: str, file: Path | None, *, days: int, emulator: bool
) -> Observed:
    from ..advise.observed import read_csv

    if file is not None:
        return read_csv(file)
    return _cloudwatch(found, service, days=days, emulator=emulator)


def _cloudwatch(found: Environment, service: str, *, days: int, emulator: bool) -> Observed:
    from ..advise.cloudwatch import observed
    from ..aws import Aws, emulator_in_use
    from ..metrics import utcnow
    from ..simulation_input import find

    if not 1 <= days <= 62:
        raise BadInputError("--days must be from 1 to 62")
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status("reading CloudWatch"):
        return observed(find(found, service).deployed, aws, days=days, now=utcnow())


def _print_findings(name: str, observed: Observed, found: list[Finding], *, json: bool) -> None:
    from ..advise.observed import shown

    rates, idle = observed.load.rates, observed.idle_hours
    if json:
        print_json(
            {
                "service": name,
                "source": observed.source,
                "requests_per_second": {
                    "mean": round(sum(rates) / len(rates), 6),
                    "peak": round(max(rates), 6),
                },
                "hours_measured": round(observed.load.hours, 2),
                "idle_hours_a_day": None if idle is None else round(idle, 2),
                "findings": [
                    {
                        "what": each.what,
                        "evidence": each.evidence,
                        "change": each.change,
                        "saved_usd_a_month": None if each.saved is None else round(each.saved, 2),
                    }
                    for each in found
                ],
            }
        )
        return
    stdout.print(
        f"{name}: {sum(rates) / len(rates):.4g} requests/s on average, {max(rates):.4g} at most, "
        f"{_idle(observed)} ({observed.source})"
    )
    if not found:
        stdout.print("nothing was found that does not suit")
        return
    print_table(("what", "evidence", "what to write", "saves a month"), map(shown, found))


def _idle(observed: Observed) -> str:
    if observed.idle_hours is None:
        return f"in {observed.load.hours:.1f} hours, which say nothing of quiet and idle ones"
    return f"{observed.idle_hours:.1f} idle hours a day"


COMMANDS = (Command("advise", advise, BEFORE, order=25),)
