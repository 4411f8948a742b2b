"""The picture of a simulation: load and capacity, units, and the metric with its target."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from inferform.scaling.kinds import ASYNCHRONOUS

from .simulate import Result

# Colours that people with colour-blindness can tell apart (Okabe and Ito).
_LOAD, _LOST = "#333333", "#D55E00"
_COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#D55E00")
_STYLE = {
    "svg.hashsalt": "inferform",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def draw(results: Sequence[Result], path: Path, *, title: str) -> None:
    """Draw `results`, which share a load, to a PNG or SVG file; the same input, the same bytes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with plt.style.context(["default", _STYLE]):
        figure, axes = plt.subplots(
            3,
            1,
            sharex=True,
            figsize=(10, 8),
            height_ratios=(3, 2, 2),
            layout="constrained",
        )
        zone = results[0].load.timezone
        _load(axes[0], results, zone)
        _units(axes[1], results, zone)
        _metric(axes[2], results, zone)
        _time_axis(axes[2], results[0], zone)
        axes[0].set_title(title, loc="left", fontsize=12, fontweight="bold", pad=10)
        figure.align_ylabels(axes)
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=120, metadata=metadata)
        plt.close(figure)


def _times(result: Result, zone: str) -> list[Any]:
    """The local times of the ticks, without their zone, as axes show them."""
    start, step = result.load.start, result.load.step_seconds
    local = ZoneInfo(zone)
    return [
        (start + timedelta(seconds=index * step)).astimezone(local).replace(tzinfo=None)
        for index in range(len(result.load.rates))
    ]


def _load(axis: Any, results: Sequence[Result], zone: str) -> None:
    single = len(results) == 1
    for result, colour in zip(results, _cycled(len(results)), strict=True):
        times, one = _times(result, zone), result.service.requests_per_second
        capacity = [count * one for count in result.in_service]
        name = "capacity" if single else f"capacity, {result.name}"
        axis.step(times, capacity, where="post", color=colour, linewidth=1.4, label=name)
        if single:
            axis.fill_between(times, capacity, step="post", color=colour, alpha=0.10, linewidth=0)
            over = [rate > limit for rate, limit in zip(result.load.rates, capacity, strict=True)]
            if any(over):
                axis.fill_between(
                    times,
                    capacity,
                    result.load.rates,
                    where=over,
                    step="post",
                    color=_LOST,
                    alpha=0.55,
                    linewidth=0,
                    label="queued" if result.service.kind is ASYNCHRONOUS else "beyond capacity",
                )
    first = results[0]
    times = _times(first, zone)
    axis.step(times, first.load.rates, where="post", color=_LOAD, linewidth=1.3, label="load")
    axis.set_ylabel("requests per second")
    _finish(axis)


def _units(axis: Any, results: Sequence[Result], zone: str) -> None:
    single = len(results) == 1
    for result, colour in zip(results, _cycled(len(results)), strict=True):
        times = _times(result, zone)
        name = "" if single else f", {result.name}"
        axis.step(
            times,
            result.in_service,
            where="post",
            color=colour,
            linewidth=1.6,
            label=f"in service{name}",
        )
        if single:
            axis.step(
                times,
                result.desired,
                where="post",
                color=colour,
                linewidth=1,
                linestyle=(0, (3, 2)),
                label="desired",
            )
            for bound, label in ((result.minimum, "minimum and maximum"), (result.maximum, None)):
                axis.step(
                    times,
                    bound,
                    where="post",
                    color="#888888",
                    linewidth=1,
                    linestyle=":",
                    label=label,
                )
    axis.set_ylabel(results[0].service.kind.units)
    axis.yaxis.get_major_locator().set_params(integer=True)
    _finish(axis)


def _metric(axis: Any, results: Sequence[Result], zone: str) -> None:
    single = len(results) == 1
    shown = [result for result in results if result.target_of == results[0].target_of]
    for result, colour in zip(results, _cycled(len(results)), strict=True):
        if result not in shown or result.target is None:
            continue
        values = [float("nan") if value is None else value for value in result.metric]
        name = "metric" if single else result.name
        times = _times(result, zone)
        axis.step(times, values, where="post", color=colour, linewidth=1.2, label=name)
        axis.axhline(
            result.target,
            color=colour if not single else _LOST,
            linewidth=1.1,
            linestyle="--",
            label="target" if single else None,
        )
    axis.set_ylabel(_LABELS.get(results[0].target_of, "no policy"))
    if results[0].target_of:
        _finish(axis)


_LABELS = {
    "InvocationsPerInstance": "invocations per\nminute and instance",
    "InvocationsPerCopy": "invocations per\nminute and copy",
    "RequestsPerTarget": "requests per\nminute and task",
    "ConcurrentRequests": "concurrent\nrequests",
    "ProvisionedConcurrencyUtilization": "share of provisioned\nconcurrency in use",
    "CpuUtilization": "CPU utilization\nin percent",
    "GpuUtilization": "GPU utilization\nin percent",
    "BacklogPerInstance": "backlog per\ninstance",
    "BacklogWithoutCapacity": "backlog without\ncapacity",
    "NoCapacityFailures": "failures without\ncapacity",
}


def _cycled(count: int) -> list[str]:
    return [_COLOURS[index % len(_COLOURS)] for index in range(count)]


def _finish(axis: Any) -> None:
    axis.set_ylim(bottom=0, top=axis.get_ylim()[1] * 1.04)
    axis.legend(loc="upper left", bbox_to_anchor=(1.005, 1.0), borderaxespad=0)


def _time_axis(axis: Any, result: Result, zone: str) -> None:
    from matplotlib import dates

    untyped: Any = dates
    times = _times(result, zone)
    locator = untyped.AutoDateLocator()
    formatter = untyped.ConciseDateFormatter(locator, show_offset=False)
    formatter.formats[2] = "%a %d"
    formatter.zero_formats[3] = "%a %d %b"
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(formatter)
    axis.set_xlim(times[0], times[-1])
    axis.set_xlabel(f"from {times[0]:%d %B %Y}, {zone}")
