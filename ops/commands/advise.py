"""`inferform advise`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadInputError
from ..output import Json, print_json, stderr, stdout
from . import BEFORE, Command


class Where(StrEnum):
    """Where a team works already."""

    CONTAINERS = "containers"
    KUBERNETES = "kubernetes"
    DEVICES = "devices"
    FOUNDATION = "foundation"


def advise(
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
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw cost over load: a .png, .svg or .html file."),
    ] = None,
    json: Json = False,
) -> None:
    """Compare AWS's ways to serve a model by your numbers: what fits, and what it costs.

    Needs no AWS, and changes nothing.

    Example: inferform advise --requests-per-second 50 --latency-ms 100 --plot options.html
    """
    from ..advise.chart import curves, draw
    from ..advise.market import Market
    from ..advise.need import Need
    from ..advise.options import judged
    from ..advise.written import Advice, as_data, as_html, print_advice
    from ..cost.prices import price_table
    from ..simulate import SHAPES, read_load

    if plot is not None and plot.suffix not in (".png", ".svg", ".html"):
        raise BadInputError(f"{plot} is neither a .png, .svg nor .html file")
    if plot is not None and not plot.absolute().parent.is_dir():
        raise BadInputError(f"there is no folder {plot.parent} for the plot")
    table = price_table()
    if region not in table.regions():
        raise BadInputError(
            f"no prices of {region} are known", f"the Regions are {', '.join(table.regions())}"
        )
    captured = None
    if load not in SHAPES:
        if not Path(load).is_file():
            raise BadInputError(
                f"there is no load {load}", f"the loads are {', '.join(SHAPES)} and CSV files"
            )
        captured = read_load(Path(load))
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
        cores=cores,
        latency_ms=latency_ms,
        models=models,
        steps=steps,
        runs_per_month=runs_per_month,
        event_driven=event_driven,
        platform=None if where is None else where.value,
        minimum=minimum,
    )
    market = Market(table, region)
    with stderr.status("comparing"):
        options = judged(need, market)
        advice = Advice.of(need, market, options)
        shown = curves(need, market, options) if plot is not None else {}
    if plot is not None:
        title = f"{advice.best.name}: {need.peak:.4g} requests/s at most in {region}"
        if plot.suffix == ".html":
            plot.write_text(as_html(advice, shown, title=title), encoding="utf-8")
        else:
            draw(shown, need, plot, title="Monthly cost over the load")
    if json:
        print_json(as_data(advice))
        return
    print_advice(advice)
    if plot is not None:
        stdout.print(f"plot written to {plot}")


COMMANDS = (Command("advise", advise, BEFORE, order=25),)
