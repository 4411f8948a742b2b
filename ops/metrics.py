"""The metrics of a service as CloudWatch has them: what its dashboard shows, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from inferform import Environment
from inferform.alarms.watched import Handed
from inferform.api.names import http_name
from inferform.observability.dashboard import Line, Widget, widgets_of
from inferform.service import Subject

from .aws import Aws
from .errors import BadInputError

_BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of a graph, with what was measured."""

    title: str
    """The title of its widget: `endpoint/fraud: latency`."""

    label: str
    unit: str
    points: Sequence[tuple[float, float]]
    """Minutes from the begin, each with a value. None where nothing was measured."""

    known: bool = True
    """Whether its dimensions are known without the state of a layer."""

    @property
    def last(self) -> float | None:
        """The newest value."""
        return self.points[-1][1] if self.points else None


def read(
    environment: Environment, service: Subject, aws: Aws, *, minutes: int, now: datetime
) -> list[Measured]:
    """What a service's graphs show of the last minutes.

    Raises BadInputError where CloudWatch has nothing of its kind.
    """
    graphs = widgets_of(service)
    if not graphs:
        raise BadInputError(
            f"CloudWatch has no metrics of {service.full_name}",
            "an EKS service has some with the add-on amazon-cloudwatch-observability",
        )
    begin = now - timedelta(minutes=minutes)
    period = 60 * max(1, -(-minutes // 1440))
    lines = [(graph, line) for graph in graphs for line in graph.lines]
    handed = _http_ids([line for _, line in lines], aws)
    lines = [(graph, _with(line, handed)) for graph, line in lines]
    queries = {
        f"m{index}": _query(f"m{index}", line, period)
        for index, (_, line) in enumerate(lines)
        if _is_known(line)
    }
    values: dict[str, list[tuple[float, float]]] = {}
    if queries:
        pages = aws.client("cloudwatch").get_paginator("get_metric_data")
        for page in pages.paginate(
            MetricDataQueries=list(queries.values()), StartTime=begin, EndTime=now
        ):
            for found in page["MetricDataResults"]:
                at = zip(found["Timestamps"], found["Values"], strict=True)
                values.setdefault(found["Id"], []).extend(
                    ((moment - begin).total_seconds() / 60, value) for moment, value in at
                )
    return [
        _measured(graph, line, sorted(values.get(f"m{index}", [])))
        for index, (graph, line) in enumerate(lines)
    ]


def _http_ids(lines: Sequence[Line], aws: Aws) -> Mapping[Handed, str]:
    """The ids of HTTP APIs, which API Gateway knows by their names."""
    wanted = {
        http_name(aws.context, value.key): value
        for line in lines
        for value in line.dimensions.values()
        if isinstance(value, Handed) and value.output == "http_ids"
    }
    if not wanted:
        return {}
    gateway: Any = aws.any_client("apigatewayv2")
    pages = gateway.get_paginator("get_apis").paginate()
    apis = [each for page in pages for each in page["Items"]]
    return {wanted[each["Name"]]: each["ApiId"] for each in apis if each["Name"] in wanted}


def _with(line: Line, handed: Mapping[Handed, str]) -> Line:
    values = {
        name: handed.get(value, value) if isinstance(value, Handed) else value
        for name, value in line.dimensions.items()
    }
    return replace(line, dimensions=values)


def _is_known(line: Line) -> bool:
    return all(isinstance(value, str) for value in line.dimensions.values())


def _query(id: str, line: Line, period: int) -> Any:
    dimensions = [{"Name": name, "Value": value} for name, value in line.dimensions.items()]
    metric = {
        "Namespace": line.metric.namespace,
        "MetricName": line.metric.name,
        "Dimensions": dimensions,
    }
    return {
        "Id": id,
        "MetricStat": {"Metric": metric, "Period": period, "Stat": line.statistic},
    }


def _measured(graph: Widget, line: Line, points: list[tuple[float, float]]) -> Measured:
    scaled = [(minute, value * line.factor) for minute, value in points]
    return Measured(graph.title, line.label, graph.unit, scaled, _is_known(line))


def recorded(measured: Sequence[Measured]) -> Mapping[str, Mapping[str, Sequence[Sequence[float]]]]:
    """What was measured, as `inferform dashboard --recorded` takes it."""
    found: dict[str, dict[str, list[list[float]]]] = {}
    for each in measured:
        points = [[round(minute, 3), value] for minute, value in each.points]
        found.setdefault(each.title, {})[each.label] = points
    return found


def spark(points: Sequence[tuple[float, float]], minutes: int, width: int = 40) -> str:
    """A line of blocks, from 0 to the highest value; a blank where nothing was measured."""
    highest = max((value for _, value in points), default=0)
    cells: dict[int, float] = {}
    for minute, value in points:
        cell = min(width - 1, int(minute / max(minutes, 1) * width))
        cells[cell] = max(value, cells.get(cell, value))
    return "".join(
        " "
        if cell not in cells
        else _BLOCKS[1 + int(7 * cells[cell] / highest if highest > 0 else 0)]
        for cell in range(width)
    )


def draw(measured: Sequence[Measured], path: Path, *, title: str) -> None:
    """Draw what was measured to a PNG or SVG file, a graph for each widget."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    titles = list(dict.fromkeys(each.title for each in measured))
    figure, axes = plt.subplots(
        len(titles), 1, figsize=(9, 2.2 * len(titles)), layout="constrained", squeeze=False
    )
    for axis, name in zip(axes[:, 0], titles, strict=True):
        for each in measured:
            if each.title == name:
                minutes = [minute for minute, _ in each.points]
                axis.plot(minutes, [value for _, value in each.points], label=each.label)
        axis.set_title(name.partition(": ")[2], loc="left", fontsize=10)
        axis.set_ylim(bottom=0)
        axis.legend(fontsize=7, frameon=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    metadata: dict[str, Any] = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    figure.savefig(path, dpi=120, metadata=metadata)
    plt.close(figure)


def utcnow() -> datetime:
    """The time now."""
    return datetime.now(UTC)
