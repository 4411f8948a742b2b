"""`inferform simulate`."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inferform import Environment, Scaling, SpecError
from inferform.rules import PathPart, did_you_mean
from inferform.scaling.kinds import REALTIME, Kind
from inferform.scaling.metrics import ConcurrentRequests, ProvisionedConcurrencyUtilization
from inferform.spec import Spec, report, walk

from ..environments import EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Json, print_json, print_table, stderr, stdout
from . import BEFORE, Command

if TYPE_CHECKING:
    from ..simulate import Load, Result, Service


def simulate(
    env: EnvironmentKey,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="What scales, by its short name.")
    ],
    load: Annotated[
        str,
        typer.Option(
            help="steady, daily, spike, ramp, office-hours, or a CSV file of times and rates."
        ),
    ] = "daily",
    hours: Annotated[float | None, typer.Option(help="How long. Without it 24, or the file.")] = (
        None
    ),
    peak: Annotated[
        float | None,
        typer.Option(
            help="Requests per second at the top of a built-in load. Without it, 80 percent of "
            "what the maximum capacity is aimed at."
        ),
    ] = None,
    capacity: Annotated[
        float | None,
        typer.Option(
            help="Requests per second that one instance, copy or task serves at most. Without "
            "it, what the policies' metrics say."
        ),
    ] = None,
    latency_ms: Annotated[
        float | None,
        typer.Option(help="How long one request is in work. Without it, one at a time."),
    ] = None,
    startup: Annotated[
        float | None,
        typer.Option(
            help="Seconds until a new instance serves. Without it, an assumption for each kind."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="When the load begins, such as 2026-03-29T00:00. Without it, 2026-01-05, a Monday."
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="The time zone of the load's days. Without it the first schedule's."),
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

    Example: inferform simulate dev-use1 fraud --load spike --plot spike.png
    """
    from ..simulate import simulate as run

    found = _find(environment(env), service)
    if plot is not None and plot.suffix not in (".png", ".svg"):
        raise BadInputError(f"{plot} is neither a .png nor a .svg file")
    if plot is not None and not plot.absolute().parent.is_dir():
        raise BadInputError(f"there is no folder {plot.parent} for the plot")
    scalings = {service: found.scaling, **(_compared(compare, found) if compare else {})}
    described = _described(service, found, capacity, latency_ms, startup)
    given = _load(load, found, described, hours=hours, peak=peak, start=start, timezone=timezone)
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
        stdout.print(f"drawn to {plot}", markup=False)


class Scaled:
    """A service of an environment: its Spec and its Scaling."""

    def __init__(self, owner: Spec, scaling: Scaling) -> None:
        self.owner, self.scaling = owner, scaling

    @property
    def kind(self) -> Kind:
        """The kind of target, which its Spec says."""
        kind = getattr(self.owner, "scales", REALTIME)
        assert isinstance(kind, Kind)
        return kind


def scaled(environment: Environment) -> dict[str, Scaled]:
    """What scales in an environment, by name: `fraud`, or `fraud/blue` for one of its variants."""
    specs: dict[tuple[PathPart, ...], Spec] = {(): environment, **dict(walk(environment))}
    known: dict[str, Scaled] = {}
    for path, spec in specs.items():
        if isinstance(spec, Scaling):
            owners = [path[:length] for length in range(len(path) - 1, 0, -1)]
            owner = next(owner for owner in owners if owner in specs)
            names = _names(specs, owner)
            if isinstance(environment.inference, dict):
                # names are unique across the groups of a layer, so the group is left out
                names = names[1:]
            name = "/".join(names)
            if name in known:
                name = f"{owner[-2]}/{name}"
            known[name] = Scaled(specs[owner], spec)
    return known


def _find(environment: Environment, service: str) -> Scaled:
    """The service by its name. Raises BadInputError with the nearest match."""
    known = scaled(environment)
    if service not in known:
        raise BadInputError(
            f"nothing named {service} scales in {environment.key}{did_you_mean(service, known)}",
            f"what scales: {', '.join(known) or 'nothing'}",
        )
    return known[service]


def _names(specs: dict[tuple[PathPart, ...], Spec], path: tuple[PathPart, ...]) -> list[str]:
    """The parts of a path that people chose, which are no fields of a Spec."""
    return [
        str(part)
        for length, part in enumerate(path)
        if path[:length] not in specs or part not in type(specs[path[:length]]).model_fields
    ]


def _compared(file: Path, of: Scaled) -> dict[str, Scaling]:
    """The Scaling values of a Python file by their names, for a target of the same kind."""
    try:
        values = runpy.run_path(str(file))
    except SpecError as error:
        raise BadInputError(f"{file}: {error}") from None
    except Exception as error:
        raise BadInputError(f"{file} does not run: {type(error).__name__}: {error}") from None
    found = {name: value for name, value in values.items() if isinstance(value, Scaling)}
    if not found:
        raise BadInputError(
            f"{file} has no Scaling", "assign one to a name: steady = Scaling(max_capacity=4)"
        )
    for name, scaling in found.items():
        problems = [p for p in scaling.problems_for(of.kind) if p.severity == "error"]
        if problems:
            raise BadInputError(report(f"{file}: {name}", problems))
    return found


def _described(
    name: str,
    found: Scaled,
    capacity: float | None,
    latency_ms: float | None,
    startup: float | None,
) -> Service:
    from ..simulate import STARTUP_SECONDS, Service, capacity_of

    for value, option in ((capacity, "capacity"), (latency_ms, "latency-ms")):
        if value is not None and value <= 0:
            raise BadInputError(f"--{option} must be above 0, got {value:g}")
    kind, scaling = found.kind, found.scaling
    metrics = [policy.metric for policy in scaling.policies]
    if latency_ms is None and any(isinstance(m, ConcurrentRequests) for m in metrics):
        raise BadInputError(
            f"{name} scales by concurrent requests", "give --latency-ms, how long one is in work"
        )
    one = capacity or capacity_of(scaling, kind)
    if (
        one is None
        and latency_ms is not None
        and any(isinstance(m, ProvisionedConcurrencyUtilization) for m in metrics)
    ):
        one = 1000 / latency_ms
    if one is None:
        raise BadInputError(
            f"the policies of {name} do not say what one {kind.unit} serves",
            "give --capacity, the requests per second that you load-tested",
        )
    return Service(
        name=name,
        kind=kind,
        requests_per_second=one,
        startup_seconds=STARTUP_SECONDS[kind] if startup is None else int(max(0, startup)),
        initial=getattr(found.owner, "initial_count", scaling.min_capacity),
        seconds_per_request=1 / one if latency_ms is None else latency_ms / 1000,
    )


def _load(
    name: str,
    found: Scaled,
    service: Service,
    *,
    hours: float | None,
    peak: float | None,
    start: str | None,
    timezone: str | None,
) -> Load:
    from ..simulate import MAX_HOURS, SHAPES, START, read_load, shape, target_rate

    if hours is not None and not 0 < hours <= MAX_HOURS:
        raise BadInputError(f"--hours must be above 0 and at most {MAX_HOURS}, got {hours:g}")
    if peak is not None and peak < 0:
        raise BadInputError(f"--peak must be 0 or more, got {peak:g}")
    if name not in SHAPES:
        if not Path(name).is_file():
            raise BadInputError(
                f"there is no load {name}{did_you_mean(name, SHAPES)}",
                f"the loads are {', '.join(SHAPES)} and CSV files",
            )
        for option, value in (("peak", peak), ("start", start)):
            if value is not None:
                raise BadInputError(f"--{option} is for the built-in loads; the file says its own")
        given = read_load(Path(name), hours=hours)
        return replace(given, timezone=_zone(timezone)) if timezone else given
    schedules = found.scaling.schedules
    zone = timezone or (schedules[0].timezone if schedules else "UTC")
    top = max(maximum for _, maximum in found.scaling.highest())
    return shape(
        name,
        0.8 * top * target_rate(found.scaling, service) if peak is None else peak,
        hours=hours or 24,
        start=_moment(start) if start else START,
        timezone=_zone(zone),
    )


def _zone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(name, sorted(available_timezones()))
        raise BadInputError(f"there is no time zone {name}{hint}") from None
    return name


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"--start must be a time such as 2026-03-29T00:00, got {text}") from (
            None
        )
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


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
