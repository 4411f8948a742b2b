"""Dashboards of an environment, as CloudWatch takes them, made of its Specs.

Each service has at most one widget for a row (traffic, errors, latency ...), so that what is wrong shows
by looking down one service. The alarms' limits and the bounds of scaling are drawn as lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import quote

from ..alarms.published import Published, Row
from ..alarms.watched import Dimensions, Watched
from ..service import Subject
from .alarms import Alarm, Found, find_alarms
from .names import dashboard_name
from .queries import saved

if TYPE_CHECKING:
    from ..environment import Environment

# Amazon CloudWatch user guide, "CloudWatch service quotas" and "Dashboard body structure and syntax".
METRICS_OF_A_WIDGET = 500
METRICS_OF_A_DASHBOARD = 2_500
WIDGETS_OF_A_DASHBOARD = 500
ALARMS_OF_A_WIDGET = 100
_COLUMNS = 24
_COUNTS = ("SampleCount", "Sum")
_TITLES: Mapping[Row, tuple[str, str]] = {
    "traffic": ("Traffic", "requests a minute"),
    "errors": ("Errors", ""),
    "latency": ("Latency", "ms"),
    "utilization": ("Utilization", "%"),
    "backlog": ("Backlog", ""),
    "capacity": ("Capacity", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One metric of a widget."""

    metric: Published
    dimensions: Dimensions
    statistic: str
    factor: float
    label: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal line of a widget: where an alarm fires, or a bound of scaling."""

    label: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One graph."""

    service: str
    row: Row
    lines: Sequence[Line]
    limits: Sequence[Limit] = ()

    @property
    def title(self) -> str:
        """`endpoint/fraud: latency`."""
        return f"{self.service}: {_TITLES[self.row][0].lower()}"

    @property
    def unit(self) -> str:
        """The unit of its axis; empty where it has several."""
        shares = self.row == "errors" and all(line.factor == 100 for line in self.lines)
        return "%" if shares else _TITLES[self.row][1]

    @property
    def metrics(self) -> int:
        """How many metrics it counts for: a value that is calculated has a hidden one below it."""
        return sum(1 + (line.factor != 1) for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard: its name, the alarms that it lists and its graphs."""

    name: str
    widgets: Sequence[Widget]
    alarms: Sequence[str] = ()
    """The names of the alarms whose states it shows."""

    others: Sequence[str] = field(default_factory=tuple)
    """The names of the other dashboards of the environment."""

    logs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The log groups of each service of its graphs, by the service."""

    queries: Sequence[str] = ()
    """The names of the saved queries."""

    costs: Sequence[tuple[str, str]] = ()
    """What there is to see of costs, each with its link."""

    @property
    def metrics(self) -> int:
        """How many metrics it counts for."""
        return sum(widget.metrics for widget in self.widgets)


def dashboards(environment: Environment, found: Found | None = None) -> list[Dashboard]:
    """The dashboards of an environment: one, or as many as CloudWatch's limits ask for."""
    found = found or find_alarms(environment)
    pages: list[list[Widget]] = [[]]
    room = WIDGETS_OF_A_DASHBOARD - _alarm_widgets(len(found.alarms)) - 2
    for each in environment.subjects:
        made = list(_widgets(each, found))
        metrics = sum(widget.metrics for widget in (*pages[-1], *made))
        if metrics > METRICS_OF_A_DASHBOARD or len(pages[-1]) + len(made) > room:
            pages.append([])
        pages[-1] += made
    if not pages[0]:
        return []
    names = [dashboard_name(environment.context, index) for index in range(len(pages))]
    spec = environment.observability
    saves = spec is not None and spec.queries
    queries = tuple(each.name for each in saved(environment)) if saves else ()
    shown = [each.name for each in found.composites]
    shown += [each.name for each in found.alarms if each.tells]
    return [
        Dashboard(
            name=name,
            widgets=tuple(widgets),
            alarms=tuple(shown) if index == 0 else (),
            others=tuple(other for other in names if other != name),
            logs=_logs(environment, widgets),
            queries=queries if index == 0 else (),
            costs=_costs(environment) if index == 0 else (),
        )
        for index, (name, widgets) in enumerate(zip(names, pages, strict=True))
    ]


def _logs(environment: Environment, widgets: Sequence[Widget]) -> Mapping[str, Sequence[str]]:
    services = {widget.service for widget in widgets}
    return {
        each.full_name: tuple(each.spec.log_groups(each.place))
        for each in environment.subjects
        if each.full_name in services
    }


def _costs(environment: Environment) -> Sequence[tuple[str, str]]:
    """The budget and the monitor of the environment; CloudWatch has no metric of what a tag costs."""
    spec, home = environment.observability, console(environment.context.partition)
    found = []
    budget = spec.budget_in(environment.context) if spec is not None else None
    if budget is not None:
        found.append((budget.words, f"{home}/billing/home#/budgets"))
    if spec is not None and spec.cost_anomalies is not None:
        found.append(
            ("Unusual spending", f"{home}/cost-management/home#/anomaly-detection/overview")
        )
    return (*found, ("What it costs", f"{home}/cost-management/home#/cost-explorer"))


_CONSOLES = {
    "aws-cn": "https://console.amazonaws.cn",
    "aws-us-gov": "https://console.amazonaws-us-gov.com",
}


def console(partition: str) -> str:
    """The console of a partition."""
    return _CONSOLES.get(partition, "https://console.aws.amazon.com")


def log_link(group: str) -> str:
    """The place of a log group within CloudWatch's console, which escapes its name twice, with `$` for
    the `%` between."""
    twice = quote(quote(group, safe=""), safe="").replace("%", "$")
    return f"#logsV2:log-groups/log-group/{twice}"


QUERIES_LINK = "#logsV2:logs-insights"
"""The place of saved queries within CloudWatch's console."""


def widgets_of(each: Subject) -> list[Widget]:
    """The graphs of one service, without the limits of alarms."""
    return list(_widgets(each, Found()))


def _alarm_widgets(count: int) -> int:
    return -(-count // ALARMS_OF_A_WIDGET)


def _widgets(each: Subject, found: Found) -> Iterator[Widget]:
    parts = list(each.spec.watched(each.place))
    alarms = [alarm for alarm in found.alarms if alarm.watched == each.full_name]
    for row in get_args(Row):
        lines = [line for part in parts for line in _lines(part, row, len(parts) > 1)]
        if lines:
            limits = list(_limits(alarms, lines, len(parts) > 1))
            if row == "capacity":
                limits += _bounds(parts)
            if row == "latency":
                limits += _promised(each)
            yield Widget(service=each.full_name, row=row, lines=lines, limits=limits)


def _lines(part: Watched, row: Row, several: bool) -> Iterator[Line]:
    for metric in part.metrics():
        shown = metric.shown
        if shown is None or shown.row != row:
            continue
        times = part.times(metric) or 1
        for statistic in shown.statistics or (metric.statistic,):
            label = [part.part] if several and part.part else []
            label += [metric.name, *([statistic] if len(shown.statistics) > 1 else [])]
            yield Line(
                metric=metric,
                dimensions=part.values(metric),
                statistic=statistic,
                factor=shown.factor / times,
                label=" ".join(label),
            )


def _limits(alarms: Sequence[Alarm], lines: Sequence[Line], several: bool) -> Iterator[Limit]:
    """The limits of the alarms on what a widget shows, in its unit; with their parts where a service has
    `several`."""
    for alarm in alarms:
        if alarm.expression or alarm.band is not None:
            continue
        (term,) = alarm.terms
        for line in lines:
            same = (line.metric.name, line.dimensions) == (term.metric.name, term.dimensions)
            # A number of requests is no line among their shares.
            if same and (term.statistic in _COUNTS) == (line.statistic in _COUNTS):
                part, _, label = alarm.key.removeprefix(f"{alarm.watched}/").rpartition("/")
                label = f"{part} {label}" if several and part else label
                yield Limit(f"alarm {label}", round(alarm.threshold * line.factor, 6))
                break


def _promised(each: Subject) -> Iterator[Limit]:
    """What SLOs promise of a service's latency."""
    spec = each.place.environment.observability
    for name, slo in spec.slos.items() if spec else ():
        if slo.of in (each.name, each.full_name) and slo.latency_ms is not None:
            yield Limit(f"SLO {name}", slo.latency_ms)


def _bounds(parts: Sequence[Watched]) -> Iterator[Limit]:
    for part in parts:
        whose = f"{part.part} " if len(parts) > 1 and part.part else ""
        if part.scaling is not None:
            yield Limit(f"{whose}most", part.scaling.max_capacity)
            yield Limit(f"{whose}least", part.scaling.min_capacity)


def body(dashboard: Dashboard, region: str, resolve: Any, arn: Any) -> dict[str, Any]:
    """A dashboard's body; `resolve` gives the value of a dimension that a layer below hands up, `arn` that
    of an alarm by its name."""
    widgets: list[dict[str, Any]] = []
    top = 0
    if dashboard.others:
        others = ", ".join(f"[{name}](#dashboards:name={name})" for name in dashboard.others)
        widgets.append(_placed("text", 0, top, _COLUMNS, 2, markdown=f"More: {others}"))
        top += 2
    for start in range(0, len(dashboard.alarms), ALARMS_OF_A_WIDGET):
        names = dashboard.alarms[start : start + ALARMS_OF_A_WIDGET]
        height = 2 + len(names) // 6
        given = {"title": "Alarms", "alarms": [arn(name) for name in names]}
        widgets.append(_placed("alarm", 0, top, _COLUMNS, height, **given))
        top += height
    if text := about(dashboard):
        height = min(12, 2 + len(dashboard.logs) // 2)
        widgets.append(_placed("text", 0, top, _COLUMNS, height, markdown=text))
        top += height
    column, service = 0, ""
    for widget in dashboard.widgets:
        if widget.service != service or column + 8 > _COLUMNS:
            top, column = top + (6 if service else 0), 0
            service = widget.service
        widgets.append(_graph(widget, column, top, region, resolve))
        column += 8
    return {"widgets": widgets}


def about(dashboard: Dashboard) -> str:
    """Where else to look: logs, saved queries and costs, in Markdown."""
    logs = [
        f"{service} {' '.join(f'[log]({log_link(group)})' for group in groups)}"
        for service, groups in dashboard.logs.items()
        if groups
    ]
    queries = [f"[{name}]({QUERIES_LINK})" for name in dashboard.queries]
    costs = [f"[{words}]({link})" for words, link in dashboard.costs]
    rows = (("Logs", logs), ("Queries", queries), ("Costs", costs))
    return "\n\n".join(f"**{title}** {' · '.join(each)}" for title, each in rows if each)


def _placed(kind: str, x: int, y: int, width: int, height: int, **given: Any) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": given}


def _graph(widget: Widget, x: int, y: int, region: str, resolve: Any) -> dict[str, Any]:
    metrics: list[list[Any]] = []
    for index, line in enumerate(widget.lines):
        values = [
            part
            for name, value in line.dimensions.items()
            for part in (name, value if isinstance(value, str) else resolve(value))
        ]
        own = {"stat": line.statistic, "label": line.label}
        name = [line.metric.namespace, line.metric.name, *values]
        if line.factor == 1:
            metrics.append([*name, own])
            continue
        metrics.append([*name, {**own, "id": f"m{index}", "visible": False}])
        expression = f"m{index} * {line.factor:.9f}".rstrip("0").rstrip(".")
        metrics.append([{"expression": expression, "id": f"e{index}", "label": line.label}])
    given: dict[str, Any] = {
        "title": widget.title,
        "view": "timeSeries",
        "region": region,
        "period": 60,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0, **({"label": widget.unit} if widget.unit else {})}},
    }
    if widget.limits:
        given["annotations"] = {
            "horizontal": [{"label": each.label, "value": each.value} for each in widget.limits]
        }
    return _placed("metric", x, y, 8, 6, **given)
