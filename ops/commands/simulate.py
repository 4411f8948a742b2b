"""`inferform simulate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..environments import EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Json, print_json, print_table, stderr, stdout
from . import BEFORE, Command

if TYPE_CHECKING:
    from inferform import Environment

    from ..simulate import Load, Result, Service
    from ..simulated_runs import Month


def simulate(
    env: EnvironmentKey,
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE",
            help="What scales, by its short name; `runs` for all that schedules start, or one such as "
            "retraining/fraud.",
        ),
    ],
    load: Annotated[
        str,
        typer.Option(
            help="steady, daily, spike, ramp, office-hours, or a CSV file of times and rates."
        ),
    ] = "daily",
    hours: Annotated[float | None, typer.Option(help="How long. Default: 24, or the file.")] = (
        None
    ),
    peak: Annotated[
        float | None,
        typer.Option(
            help="Requests per second at the top of a built-in load. Default: 80 percent of "
            "what the maximum capacity is aimed at."
        ),
    ] = None,
    capacity: Annotated[
        float | None,
        typer.Option(
            help="Requests per second that one instance, copy or task serves at most. "
            "Default: what the policies' metrics say."
        ),
    ] = None,
    latency_ms: Annotated[
        float | None,
        typer.Option(help="Milliseconds that one request takes. Default: one is served at a time."),
    ] = None,
    startup: Annotated[
        float | None,
        typer.Option(
            help="Seconds until a new instance serves. Default: an assumption for each kind."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="When the load begins, such as 2026-03-29T00:00. Default: 2026-01-05, a Monday."
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="The time zone of the load's days. Default: the first schedule's."),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="FILE.py", help="A Python file whose Scaling values are compared."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it: a .png or .svg file.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what a service's scaling would do under a load, before anything is deployed.

    Of retrainings, drift monitors and batch transforms it shows what their schedules start in 30 days: how
    many runs, what they may spend, and which come at once.

    Example: inferform simulate dev-use1 fraud --load spike --plot spike.png
    """
    from .. import simulation_input as given_by
    from ..simulate import simulate as run

    whole = environment(env)
    if given_by.runs_again(whole, service):
        unused: dict[str, object] = {
            "--compare": compare,
            "--plot": plot,
            "--peak": peak,
            "--capacity": capacity,
            "--latency-ms": latency_ms,
            "--startup": startup,
            "--timezone": timezone,
        }
        _runs(whole, "" if service == _RUNS else service, hours, start, json, unused)
        return
    found = given_by.find(whole, service)
    if plot is not None and plot.suffix not in (".png", ".svg"):
        raise BadInputError(f"{plot} is neither a .png nor a .svg file")
    if plot is not None and not plot.absolute().parent.is_dir():
        raise BadInputError(f"there is no folder {plot.parent} for the plot")
    compared = given_by.compared(compare, found) if compare else {}
    scalings = {service: found.scaling, **compared}
    described = given_by.described(
        service, found, capacity=capacity, latency_ms=latency_ms, startup=startup
    )
    given = given_by.load(
        load, found, described, hours=hours, peak=peak, start=start, timezone=timezone
    )
    results = []
    with stderr.status("simulating"):
        for name, scaling in scalings.items():
            results.append(run(scaling, described, given, name))
    if plot is not None:
        from ..simulation_plot import draw

        with stderr.status("drawing"):
            draw(results, plot, title=f"{env} {service}, load {given.name}")
    if json:
        print_json(_as_dict(env, described, given, results))
        return
    _print(described, given, results)
    if plot is not None:
        stdout.print(f"plot written to {plot}", markup=False)


_RUNS = "runs"


def _runs(
    found: Environment,
    service: str,
    hours: float | None,
    start: str | None,
    json: bool,
    given: dict[str, object],
) -> None:
    """Show what schedules start."""
    from datetime import timedelta

    from .. import simulation_input as given_by
    from ..cost.prices import price_table
    from ..cost.runs import BEGIN, MONTH
    from ..simulated_runs import simulated

    for option, value in given.items():
        if value is not None:
            raise BadInputError(f"{option} is for what scales", "leave it out")
    if hours is not None and not 0 < hours <= 24 * 366:
        raise BadInputError(f"{hours} hours is no time", "write 1 to 8784, a year")
    month = simulated(
        found,
        price_table(),
        service=service,
        begin=given_by.moment(start) if start else BEGIN,
        lasts=timedelta(hours=hours) if hours else MONTH,
    )
    if json:
        print_json(_month(found.key, month))
        return
    _print_month(month)


def _month(env: str, month: Month) -> dict[str, Any]:
    least, most = month.total
    return {
        "environment": env,
        "begin": month.begin.isoformat(),
        "end": month.end.isoformat(),
        "scheduled": [
            {
                "service": each.service,
                "runs": len(each.starts),
                "starts": [at.isoformat() for at in each.starts],
                "hours_of_instances": each.hours,
                "least_usd": each.least_usd,
                "most_usd": each.most_usd,
            }
            for each in month.scheduled
        ],
        "not_scheduled": [*month.unscheduled],
        "least_usd": least,
        "most_usd": most,
        "collisions": [
            {"time": each.time.isoformat(), "services": [*each.services], "why": each.why}
            for each in month.collisions
        ],
        "most_instances_at_once": month.peaks,
    }


_SHOWN = 12


def _print_month(month: Month) -> None:
    from ..cost.runs import said

    rows = []
    for each in month.scheduled:
        spent = "not known" if each.most_usd is None else said(each.least_usd, each.most_usd)
        hours = "not known" if each.hours is None else f"{each.hours:,.4g}"
        rows.append(
            [each.service, str(len(each.starts)), f"{each.starts[0]:%a %H:%M}", hours, spent]
        )
    days = (month.end - month.begin).total_seconds() / 86_400
    title = f"what schedules start in {days:g} days from {month.begin:%Y-%m-%d %H:%M} UTC"
    columns = ["service", "runs", "first", "hours of instances at most", "may spend"]
    print_table(columns, rows, title=title)
    least, most = month.total
    if most is not None:
        stdout.print(f"- all runs may spend {said(least, most)}", markup=False)
    for key, count in month.peaks.items():
        stdout.print(f"- at most {count} of {key.removeprefix('sagemaker/')} at once", markup=False)
    for collision in month.collisions[:_SHOWN]:
        who = ", ".join(collision.services)
        stdout.print(f"- {collision.time:%Y-%m-%d %H:%M} {who}: {collision.why}", markup=False)
    if len(month.collisions) > _SHOWN:
        stdout.print(f"- and {len(month.collisions) - _SHOWN} more such times", markup=False)
    if month.unscheduled:
        listed = ", ".join(month.unscheduled)
        stdout.print(f"- started by no schedule, how often is not known: {listed}", markup=False)
    stdout.print(
        "- a run spends at most what its jobs do until they are stopped; storage and transfer are not in "
        "it; what Spot takes off is AWS's claim, and no promise",
        markup=False,
    )


def _as_dict(env: str, service: Service, load: Load, results: list[Result]) -> dict[str, Any]:
    return {
        "environment": env,
        "service": service.name,
        "kind": service.kind.name,
        "requests_per_second_of_one": service.requests_per_second,
        "startup_seconds": service.startup_seconds,
        "load": {
            "name": load.name,
            "start": load.start.isoformat(),
            "hours": round(load.hours, 4),
            "mean": round(sum(load.rates) / len(load.rates), 4),
            "peak": round(max(load.rates), 4),
        },
        "policies": [
            {
                **result.summary(),
                "actions": [
                    {
                        "time": action.time.isoformat(),
                        "from": action.before,
                        "to": action.after,
                        "by": action.reason,
                    }
                    for action in result.actions
                ],
            }
            for result in results
        ],
    }


def _print(service: Service, load: Load, results: list[Result]) -> None:
    unit, units = service.kind.unit, service.kind.units
    summaries = [result.summary() for result in results]
    queued = summaries[0]["backlog_peak"] is not None
    figures: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        (f"{unit}-hours", lambda s: f"{s['unit_hours']:,.1f}"),
        (f"{units} on average", lambda s: f"{s['units_mean']:.2f}"),
        (f"{units} at most", lambda s: str(s["units_peak"])),
        *(
            (
                ("instance-hours", lambda s: f"{s['instance_hours']:,.1f}"),
                ("instances at most", lambda s: str(s["instances_peak"])),
            )
            if service.instances
            else ()
        ),
        ("utilization on average", lambda s: f"{s['utilization_mean']:.0%}"),
        ("utilization at most", lambda s: f"{s['utilization_peak']:.0%}"),
        (
            ("longest queue, requests", lambda s: f"{s['backlog_peak']:,.0f}")
            if queued
            else ("requests beyond capacity", lambda s: f"{s['beyond_capacity']:.2%}")
        ),
        ("times added", lambda s: str(s["scale_outs"])),
        ("times removed", lambda s: str(s["scale_ins"])),
    ]
    stdout.print(
        f"{load.name}: {load.hours:.4g} h, {max(load.rates):.4g} requests/s at most, "
        f"{sum(load.rates) / len(load.rates):.4g} on average",
        markup=False,
    )
    print_table(
        ("", *(summary["name"] for summary in summaries)),
        [(label, *(figure(summary) for summary in summaries)) for label, figure in figures],
    )
    stdout.print(
        f"assumed: one {unit} serves {service.requests_per_second:g} requests/s and starts in "
        f"{service.startup_seconds} s",
        markup=False,
    )
    for summary in summaries:
        for note in summary["notes"]:
            stdout.print(f"{summary['name']}: {note}", markup=False)


COMMANDS = (Command("simulate", simulate, BEFORE, order=40),)
