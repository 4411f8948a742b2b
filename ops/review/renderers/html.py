"""One HTML page that needs nothing beside itself: an artifact of the pull request."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from itertools import takewhile

from ...plan import Action, Change
from ...told import Risk, Severity, Story
from ...untrusted import cell
from ...web_page import BASE, web_page
from ..digest import digest
from ..report import MISSING, CostReport, Finding, Missing, Report, StackReport
from ..values import UNKNOWN, details, marks, short
from .markdown import cost_cells, cost_notes, service_cells

_STYLE = (
    BASE
    + """main { max-width: 72rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.125rem; margin: 2rem 0 .75rem; }
p { margin: .25rem 0; overflow-wrap: anywhere; }
code, .path, .value {
  font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere;
}
.verdict { font-size: 1.0625rem; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--line);
  border-radius: .5rem; padding: .875rem 1rem; margin: 0 0 .75rem;
}
.card h3 { font-size: 1rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
.card ul { margin: .25rem 0; padding-left: 1.25rem; }
.card li { overflow-wrap: anywhere; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem; margin: .75rem 0 0; }
a.pill { text-decoration: none; white-space: normal; overflow-wrap: anywhere; }
a.pill:hover, a.pill:focus-visible { text-decoration: underline; }
.card.interrupted, .critical.card { border-left-color: var(--critical); }
.high.card { border-left-color: var(--high); }
.medium.card { border-left-color: var(--medium); }
.alarm { color: var(--critical); font-weight: 600; }
.warn { color: var(--high); font-weight: 600; }
dl {
  display: grid; grid-template-columns: fit-content(24rem) minmax(0, 1fr); gap: .125rem 1rem;
  margin: .5rem 0 0;
}
dt { color: var(--quiet); overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.pill {
  display: inline-block; border: 1px solid currentColor; border-radius: 1rem;
  padding: 0 .6rem; font-size: .8125rem; font-weight: 600; white-space: nowrap;
}
.pill.critical { color: var(--critical); } .pill.high { color: var(--high); }
.pill.medium { color: var(--medium); } .pill.low { color: var(--low); }
.pill.create { color: var(--good); } .pill.update { color: var(--medium); }
.pill.replace, .pill.delete { color: var(--critical); } .pill.forget { color: var(--high); }
.table { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .5rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--quiet); font-size: .875rem; white-space: nowrap; }
.wide table { min-width: 40rem; }
tr:last-child > td { border-bottom: 0; }
.number { text-align: right; white-space: nowrap; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: 0 0 .5rem; }
summary { cursor: pointer; padding: .625rem 1rem; overflow-wrap: anywhere; }
summary:focus-visible { outline: .15rem solid currentColor; outline-offset: -.15rem; border-radius: .5rem; }
details > div { padding: 0 1rem .75rem; }
.resource { border-top: 1px solid var(--line); padding: .625rem 0; }
.resource dl { margin-top: .375rem; }
.old { color: var(--critical); } .new { color: var(--good); }
@media (max-width: 40rem) {
  body { padding: 1rem .75rem 3rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dt { margin-top: .375rem; font-size: .875rem; }
  .table thead { display: none; }
  .wide table { min-width: 0; }
  table, tbody, tr, td { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  tr:last-child { border-bottom: 0; }
  td, .number { border: 0; padding: .125rem .75rem; text-align: left; white-space: normal; overflow-wrap: anywhere; }
  td:empty { display: none; }
  td[data-of]::before { content: attr(data-of) ": "; color: var(--quiet); font-size: .875rem; }
}
@media print { details > div { display: block; } body { background: none; } }
"""
)


def render_html(report: Report) -> str:
    """The report as one page, with everything in it."""
    body = [
        *_head(report),
        *_bar(report),
        *_services(report.stories),
        *_missing(report.missing),
        *_risks(report.risks),
        *_counts(report),
        *_beside(report.stacks),
        *_costs(report),
        *_findings(report.findings),
        *_changes(report.stacks),
    ]
    return web_page(_text(report.title), _STYLE, body)


def _text(text: str) -> str:
    """A dynamic text as a part of the page."""
    return html.escape(cell(text))


def _head(report: Report) -> Iterator[str]:
    yield f'<h1 id="top">{_text(report.title)}</h1>'
    yield f'<p class="verdict">{_text(report.verdict())}</p>'
    if said := str(report.source):
        yield f'<p class="quiet small">Planned from {_text(said)}.</p>'
    if report.source.commit:
        yield f'<p class="quiet small">Digest <code>{digest(report)}</code></p>'


def _bar(report: Report) -> Iterator[str]:
    """What decides, in one line: each part leads to where it is told."""
    pills = [
        (f"#{severity}", str(severity), f"{count} {severity}")
        for severity in sorted(Severity, reverse=True)
        if (count := sum(risk.severity is severity for risk in report.risks))
    ]
    if report.interrupted:
        pills.insert(0, ("#services", "critical", f"{len(report.interrupted)} interrupted"))
    pills += [("#changes", name, f"{count} {name}") for name, count in report.counts.items()]
    for cost in report.costs:
        *_, (_, change) = cost_cells(cost)
        said = f"{change} a month at most" if cost.difference_is_known else f"cost: {change}"
        pills.append(("#cost", "low", f"{cost.environment} {said}"))
    if report.source.uncommitted:
        pills.append(("#top", "high", "uncommitted changes"))
    links = "".join(
        f'<a class="pill {name}" href="{target}">{_text(text)}</a>' for target, name, text in pills
    )
    if links:
        yield f'<nav class="bar" aria-label="Summary">{links}</nav>'


def _services(stories: Iterable[Story]) -> Iterator[str]:
    for index, story in enumerate(stories):
        if index == 0:
            yield '<h2 id="services">Services</h2>'
        yield f'<section class="card{" interrupted" if story.interrupted else ""}">'
        yield f"<h3>{_text(story.headline)}</h3>"
        yield f'<p class="quiet small">{_text(story.kind)}, {_text(story.stack)}</p>'
        if story.interrupted:
            yield f'<p class="alarm">Interrupted: {_text(story.interrupted)}</p>'
        if story.resets_capacity:
            yield f'<p class="warn">Running count is reset: {_text(story.resets_capacity)}</p>'
        facts = [(label, _arrows(text)) for label, text in story.facts]
        facts += [("rollout", _text(story.rollout)), ("worst case", _text(story.worst_case))]
        yield _list((label, text) for label, text in facts if text)
        yield "</section>"


def _arrows(text: str) -> str:
    before, arrow, after = text.partition(" → ")
    if not arrow:
        return f'<span class="value">{_text(text)}</span>'
    folders = zip(before.split("/")[:-1], after.split("/")[:-1], strict=False)
    shared = "/".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], folders))
    shown = [each[len(shared) :] if len(shared) > _LONG else each for each in (before, after)]
    old, new = (
        f'<span class="value {name}">{_text(each)}</span>'
        for name, each in zip(("old", "new"), shown, strict=True)
    )
    where = f'<span class="value quiet">{_text(shared)}</span><br>' if shown[0] != before else ""
    return f"{where}{old} &rarr; {new}"


_LONG = 24
"""A folder that both values of a change begin with is written once where it is longer."""


def _list(pairs: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<dt>{_text(label)}</dt><dd>{shown}</dd>" for label, shown in pairs)
    return f"<dl>{items}</dl>" if items else ""


def _risks(risks: Iterable[Risk]) -> Iterator[str]:
    """One card for each rule and severity, with every resource that has the risk."""
    held: dict[tuple[Severity, str], list[Risk]] = {}
    for risk in risks:
        held.setdefault((risk.severity, risk.rule.id), []).append(risk)
    if held:
        yield "<h2>Risks</h2>"
    reached: set[Severity] = set()
    for (severity, _), of_rule in held.items():
        anchor = "" if severity in reached else f' id="{severity}"'
        reached.add(severity)
        rule = of_rule[0].rule
        yield f'<section class="card {severity}"{anchor}>'
        yield (
            f'<h3><span class="pill {severity}">{severity}</span> '
            f"{_text(rule.id)}: {_text(rule.title)}</h3>"
        )
        lines = [f"<code>{_text(risk.address)}</code> {_text(risk.reason)}" for risk in of_rule]
        if len(lines) == 1:
            yield f"<p>{lines[0]}</p>"
        else:
            yield f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
        yield f'<p class="quiet">What to do: {_text(rule.advice)}</p>'
        yield "</section>"


def _counts(report: Report) -> Iterator[str]:
    if report.is_empty:
        return
    names = list(report.counts)
    yield '<h2 id="changes">Changes</h2>'
    several = len({stack.environment for stack in report.stacks}) > 1
    rows = []
    for stack in report.stacks:
        note = _text(stack.remark)
        cells = [*([_text(stack.environment)] if several else []), _text(stack.name)]
        numbers = [str(stack.counts.get(name, 0)) for name in names]
        if note or any(stack.counts.values()):
            rows.append((cells, numbers, note))
    noted = any(note for *_, note in rows)
    yield _table(
        [*(["environment"] if several else []), "stack"],
        names,
        [([*cells, note] if noted else cells, numbers) for cells, numbers, note in rows],
        noted=noted,
    )


def _missing(missing: Iterable[Missing]) -> Iterator[str]:
    rows: list[tuple[list[str], list[str]]] = [
        (
            [
                _text(each.check),
                f"<code>{_text(each.subject)}</code>",
                f'<span class="{"alarm" if each.fix else "value"}">{_text(each.found)}</span>',
                _text(each.fix),
            ],
            [],
        )
        for each in missing
    ]
    if rows:
        yield f"<h2>{MISSING}</h2>"
        yield _table(["check", "of", "found", "what to do"], [], rows)


def _beside(stacks: Iterable[StackReport]) -> Iterator[str]:
    rows: list[tuple[list[str], list[str]]] = [
        (
            [
                _text(stack.name),
                _text(remark.kind),
                f"<code>{_text(remark.subject)}</code>" if remark.subject else "",
                f'<span class="alarm">{_text(remark.text)}</span>'
                if remark.is_alarm
                else f'<span class="value">{_text(remark.text)}</span>',
            ],
            [],
        )
        for stack in stacks
        for remark in stack.remarks
    ]
    if rows:
        yield "<h2>Also in the plan</h2>"
        yield _table(["stack", "what", "name", ""], [], rows)


def _table(
    texts: list[str],
    numbers: list[str],
    rows: Iterable[tuple[list[str], list[str]]],
    *,
    noted: bool = False,
) -> str:
    """A table whose last columns are numbers; cells are HTML."""
    titles = [*texts, *(["note"] if noted else [])]
    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    head += "".join(f'<th class="number">{_text(title)}</th>' for title in numbers)
    body = "".join(
        "<tr>"
        + "".join(f"<td{_of(title)}>{cell}</td>" for title, cell in zip(titles, cells, strict=True))
        + "".join(
            f'<td class="number"{_of(title)}>{cell}</td>'
            for title, cell in zip(numbers, figures, strict=True)
        )
        + "</tr>"
        for cells, figures in rows
    )
    return (
        f'<div class="table"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _of(title: str) -> str:
    """The title of a cell's column, which a narrow window shows beside the cell."""
    return f' data-of="{_text(title)}"' if title else ""


def _costs(report: Report) -> Iterator[str]:
    if not report.costs:
        return
    yield '<h2 id="cost">Monthly cost</h2>'
    yield _table(
        ["environment"],
        ["minimum", "expected", "maximum", "the plan adds"],
        [_cost_row(cost) for cost in report.costs],
    )
    changed = [(cost, each) for cost in report.costs for each in cost.changed]
    if changed:
        yield _table(
            ["environment", "service"],
            ["minimum", "expected", "maximum"],
            [
                ([_text(cost.environment), _text(each.service)], service_cells(each))
                for cost, each in changed
            ],
        )
    for cost in report.costs:
        for note in cost_notes(cost):
            yield f'<p class="quiet small">{_text(note)}</p>'
    yield "<details><summary>Assumptions</summary><div>"
    yield "".join(f"<p>{_text(text)}</p>" for text in report.assumptions)
    yield "</div></details>"


def _cost_row(cost: CostReport) -> tuple[list[str], list[str]]:
    cells = cost_cells(cost)
    _, (_, change), _ = cells
    return [_text(cost.environment)], [*(now for now, _ in cells), change]


def _findings(findings: tuple[Finding, ...] | None) -> Iterator[str]:
    if findings is None:
        return
    yield "<h2>Policy</h2>"
    if not findings:
        yield "<p>No finding.</p>"
        return
    yield '<div class="wide">'
    yield _table(
        ["check", "stack", "resource", "finding"],
        [],
        [
            (
                [
                    _text(finding.id),
                    _text(finding.stack),
                    f"<code>{_text(finding.resource)}</code>",
                    _text(finding.title),
                ],
                [],
            )
            for finding in findings
        ],
    )
    yield "</div>"


def _changes(stacks: Iterable[StackReport]) -> Iterator[str]:
    shown = [stack for stack in stacks if stack.changes]
    if shown:
        yield "<h2>Details</h2>"
    for stack in shown:
        counts = ", ".join(f"{count} {name}" for name, count in stack.counts.items())
        yield f"<details><summary>{_text(stack.name)}: {counts}</summary><div>"
        for change in stack.changes:
            yield from _change(change)
        yield "</div></details>"


def _change(change: Change) -> Iterator[str]:
    action = change.action.value if change.action is not Action.NONE else "move"
    note = marks(change)
    aside = f' <span class="quiet small">{_text(note)}</span>' if note else ""
    yield '<div class="resource">'
    yield (
        f'<p><span class="pill {action}">{action}</span> <code>{_text(change.address)}</code>'
        f"{aside}</p>"
    )
    pairs = []
    for difference in details(change):
        after = UNKNOWN if difference.unknown else short(difference.after, 400)
        text = f'<span class="value new">{_text(after)}</span>'
        if difference.before not in (None, ""):
            before = _text(short(difference.before, 400))
            text = f'<span class="value old">{before}</span> &rarr; {text}'
        if difference.forces_replacement:
            text += ' <span class="warn small">forces replacement</span>'
        pairs.append((difference.path, text))
    yield _list(pairs)
    yield "</div>"
