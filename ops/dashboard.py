"""The dashboards of an environment drawn as one HTML file, with sample or recorded data."""

from __future__ import annotations

import hashlib
import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inferform import Environment
from inferform.observability.dashboard import (
    QUERIES_LINK,
    Dashboard,
    Line,
    Widget,
    console,
    dashboards,
    log_link,
)

from .errors import BadInputError

Points = Sequence[tuple[float, float]]
"""Minutes from the begin of what is shown, each with a value."""

Recorded = Mapping[str, Mapping[str, Points]]
"""The points of each line by its label, by the title of its widget."""

# Colours that people with colour-blindness can tell apart (Okabe and Ito).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_WIDTH, _HEIGHT = 400, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 8, 20
_MINUTES = 180


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn."""

    text: str
    widgets: int
    pages: int


def draw(environment: Environment, recorded: Recorded | None = None) -> Drawn:
    """Every dashboard of an environment as one page without scripts or anything from elsewhere.

    Raises BadInputError where the environment has no observability layer, or no dashboard.
    """
    spec = environment.observability
    if spec is None or not spec.dashboard:
        raise BadInputError(
            f"{environment.key} has no dashboard",
            "write observability=Observability() in its file",
        )
    made = dashboards(environment)
    parts = [_page(each, recorded, environment) for each in made]
    what = "recorded data" if recorded is not None else "sample data: nothing of it was measured"
    text = _TEMPLATE.format(
        key=html.escape(environment.key), what=what, pages="\n".join(parts), css=_CSS
    )
    return Drawn(text, sum(len(each.widgets) for each in made), len(made))


def read(file: Path) -> Recorded:
    """What `inferform metrics --json` has written. Raises BadInputError where it is something else."""
    try:
        given = json.loads(file.read_text("utf-8"))
        return {
            title: {
                label: [(float(minute), float(value)) for minute, value in points]
                for label, points in lines.items()
            }
            for title, lines in given.items()
        }
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BadInputError(
            f"{file} holds no recorded metrics: {type(error).__name__}",
            "write it by inferform metrics ENV SERVICE --json",
        ) from error


def _page(made: Dashboard, recorded: Recorded | None, environment: Environment) -> str:
    alarms = "".join(f"<li>{html.escape(name)}</li>" for name in made.alarms)
    listed = (
        f"<details><summary>{len(made.alarms)} alarms</summary><ul>{alarms}</ul></details>"
        if alarms
        else ""
    )
    rows: list[str] = []
    cells: list[str] = []
    service = ""
    for widget in made.widgets:
        if widget.service != service and cells:
            rows.append(_row(service, cells, made, environment))
            cells = []
        service = widget.service
        cells.append(_cell(widget, recorded))
    if cells:
        rows.append(_row(service, cells, made, environment))
    title = html.escape(made.name)
    return f"<section><h2>{title}</h2>{_costs(made, environment)}{listed}{''.join(rows)}</section>"


def _costs(made: Dashboard, environment: Environment) -> str:
    """What the environment is expected to cost, with the links of the dashboard."""
    if not made.costs:
        return ""
    from .cost.prices import price_table
    from .cost.specs import estimate

    found = estimate(environment, price_table())
    least = "at least " if found.not_priced else ""
    known = f"{least}${found.total.expected:,.0f} a month by inferform cost"
    links = [_link(words, link) for words, link in made.costs]
    queries = [_link(name, f"{_cloudwatch(environment)}{QUERIES_LINK}") for name in made.queries]
    more = f"<p>Saved queries: {' · '.join(queries)}</p>" if queries else ""
    return f"<p>Costs: {known} · {' · '.join(links)}</p>{more}"


def _cloudwatch(environment: Environment) -> str:
    context = environment.context
    return f"{console(context.partition)}/cloudwatch/home?region={context.region}"


def _link(words: str, link: str) -> str:
    return f'<a href="{html.escape(link)}">{html.escape(words)}</a>'


def _row(service: str, cells: Sequence[str], made: Dashboard, environment: Environment) -> str:
    home = _cloudwatch(environment)
    links = "".join(
        f" <small>{_link('log', home + log_link(group))}</small>"
        for group in made.logs.get(service, ())
    )
    return f'<h3>{html.escape(service)}{links}</h3><div class="grid">{"".join(cells)}</div>'


def _cell(widget: Widget, recorded: Recorded | None) -> str:
    lines = [(line, _points(widget, line, recorded)) for line in widget.lines]
    title = html.escape(widget.title.partition(": ")[2])
    unit = f" <small>{html.escape(widget.unit)}</small>" if widget.unit else ""
    legend = "".join(
        f'<li><i style="background:{_COLOURS[index % len(_COLOURS)]}"></i>'
        f"{html.escape(line.label)} <b>{_short(points[-1][1]) if points else 'no data'}</b></li>"
        for index, (line, points) in enumerate(lines)
    )
    legend += "".join(
        f'<li><i class="limit"></i>{html.escape(each.label)} <b>{_short(each.value)}</b></li>'
        for each in widget.limits
    )
    drawing = _svg(widget, [points for _, points in lines])
    return f"<figure><figcaption>{title}{unit}</figcaption>{drawing}<ul>{legend}</ul></figure>"


def _points(widget: Widget, line: Line, recorded: Recorded | None) -> Points:
    if recorded is not None:
        return recorded.get(widget.title, {}).get(line.label, ())
    return _sample(widget, line)


def _sample(widget: Widget, line: Line) -> Points:
    """A course that looks like one of its row, and is the same each time."""
    seed = hashlib.sha256(f"{widget.title}/{line.label}".encode()).digest()
    phase, noise = seed[0] / 40, [byte / 255 - 0.5 for byte in seed]
    low, high = {
        "traffic": (200, 900),
        "errors": (0.05, 0.4),
        "latency": (40, 90),
        "utilization": (25, 65),
        "backlog": (0, 12),
        "capacity": (2, 3),
    }[widget.row]
    high *= 2.2 if line.statistic == "p99" else 1
    return [
        (
            minute,
            low
            + (high - low)
            * max(0, 0.5 + 0.4 * math.sin(minute / 30 + phase) + 0.2 * noise[minute // 3 % 32]),
        )
        for minute in range(0, _MINUTES + 1, 3)
    ]


def _svg(widget: Widget, lines: Sequence[Points]) -> str:
    values = [value for points in lines for _, value in points]
    # One far above what is measured would press the lines to the ground; the legend has it.
    highest = max(values, default=math.inf)
    limits = [each.value for each in widget.limits if each.value <= 5 * highest]
    top = _rounded(max([*values, *limits, 1e-9]))
    last = max([minute for points in lines for minute, _ in points] or [_MINUTES]) or 1

    def x(minute: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * minute / last

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top

    parts = []
    for share in (0, 0.5, 1):
        level = y(top * share)
        parts.append(f'<path class="grid-line" d="M{_LEFT} {level:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(
            f'<text x="{_LEFT - 5}" y="{level + 3.5:.1f}" text-anchor="end">{_short(top * share)}</text>'
        )
    for share, anchor in ((0, "start"), (1, "end")):
        label = f"-{_minutes(last)}" if share == 0 else "now"
        parts.append(
            f'<text x="{x(last * share):.1f}" y="{_HEIGHT - 5}" text-anchor="{anchor}">{label}</text>'
        )
    for limit in limits:
        parts.append(f'<path class="limit" d="M{_LEFT} {y(limit):.1f}H{_WIDTH - _RIGHT}"/>')
    for index, points in enumerate(lines):
        path = " ".join(f"{x(minute):.1f},{y(value):.1f}" for minute, value in points)
        colour = _COLOURS[index % len(_COLOURS)]
        parts.append(f'<polyline points="{path}" stroke="{colour}"/>')
    if not values:
        middle = _HEIGHT / 2
        parts.append(f'<text x="{_WIDTH / 2}" y="{middle}" text-anchor="middle">no data</text>')
    title = html.escape(widget.title)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}">{"".join(parts)}</svg>'


def _minutes(minutes: float) -> str:
    return f"{minutes / 60:g} h" if minutes >= 60 else f"{minutes:g} min"


def _rounded(value: float) -> float:
    """The next of 1, 2, 2.5 and 5 times a power of ten."""
    size: float = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 2, 2.5, 5, 10) if value <= step * size * (1 + 1e-9))


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g}{letter}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


_CSS = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --ground: #fff; --card: #f6f8fa; --bad: #c0392b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --ground: #0d1117; --card: #151b23; --bad: #ff7b72; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1320px; padding: 16px; background: var(--ground); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 20px; margin: 0; } h2 { font-size: 16px; margin: 24px 0 4px; } h3 { font-size: 14px; margin: 20px 0 8px; }
a { color: inherit; } h3 small { font-weight: 400; }
h2, h3, p, li, summary { overflow-wrap: anywhere; }
p { color: var(--soft); margin: 4px 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); gap: 12px; }
figure { margin: 0; padding: 10px 12px; background: var(--card); border: 1px solid var(--line); border-radius: 6px; min-width: 0; }
figcaption { font-weight: 600; text-transform: capitalize; } figcaption small { color: var(--soft); font-weight: 400; text-transform: none; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; } .grid-line { stroke: var(--line); }
svg .limit { stroke: var(--bad); stroke-dasharray: 5 4; }
figure ul { list-style: none; margin: 6px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 12px; color: var(--soft); }
figure li { max-width: 100%; } figure b { color: var(--ink); font-weight: 600; }
i { display: inline-block; width: 10px; height: 3px; margin-right: 6px; vertical-align: middle; } i.limit { background: repeating-linear-gradient(90deg, var(--bad) 0 4px, transparent 4px 6px); }
details { margin: 6px 0; } details ul { columns: 2 300px; font-size: 12px; padding-left: 18px; }
"""

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{key}</title>
<style>{css}</style>
</head>
<body>
<h1>{key}</h1>
<p>{what}</p>
{pages}
</body>
</html>
"""
