"""The terminal's view, and the same as plain text."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...plan import Action
from ...told import Severity, Story
from ...untrusted import line
from ..digest import digest
from ..report import MISSING, Report
from ..values import SIGNS, details, marks, sentence
from .markdown import cost_cells, cost_notes, service_cells

_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "dim",
}
_COLOURS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "bold red",
    Action.DELETE: "red",
}


def render_text(report: Report, width: int = 110) -> str:
    """The report as plain text; addresses and values may be longer than `width`."""
    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False, emoji=False)
    print_report(report, console)
    lines = file.getvalue().splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _text(text: str, style: str = "") -> Text:
    """A dynamic text, which neither is markup nor controls a terminal."""
    return Text(line(text), style=style)


def print_report(report: Report, console: Console) -> None:
    """Print the report to a terminal."""
    console.print(_text(report.title, style="bold"))
    console.print(_text(report.verdict()))
    if said := str(report.source):
        console.print(
            _text(f"Planned from {said}", style="" if report.source.is_commit else "yellow")
        )
    for section in (
        _services,
        _missing,
        _risks,
        _counts,
        _beside,
        _costs,
        _findings,
        _changes,
        _saved,
        _digest,
    ):
        renderable = section(report)
        if renderable is not None:
            console.print()
            # Text is wrapped within its column; an address stays whole, to be copied.
            console.print(renderable, soft_wrap=section in (_beside, _changes, _saved, _digest))


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )


def _services(report: Report) -> RenderableType | None:
    if not report.stories:
        return None
    return Group(_text("Services", style="bold"), *map(_story, report.stories))


def _story(story: Story) -> RenderableType:
    lines = [_text(f"{story.headline} ({story.kind}, {story.stack})")]
    if story.interrupted:
        lines.append(_text(f"  interrupted: {story.interrupted}", style="bold red"))
    lines += [_text(f"  {label}: {text}") for label, text in story.facts]
    if story.rollout:
        lines.append(_text(f"  rollout: {story.rollout}"))
    if story.worst_case:
        lines.append(_text(f"  worst case: {story.worst_case}"))
    if story.resets_capacity:
        lines.append(_text(f"  running count is reset: {story.resets_capacity}", style="yellow"))
    return Padding(Group(*lines), (0, 0, 0, 2), expand=False)


def _missing(report: Report) -> RenderableType | None:
    if not report.missing:
        return None
    lines = [_text(MISSING, style="bold")]
    for each in report.missing:
        style = "red" if each.fix else "yellow"
        lines.append(_text(f"  {each.check} {each.subject} {each.found}", style=style))
        lines += [_text(f"    {each.fix}", style="dim")] if each.fix else []
    return Group(*lines)


def _risks(report: Report) -> RenderableType | None:
    if not report.risks:
        return None
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for risk in report.risks:
        style = _STYLES[risk.severity]
        table.add_row(
            _text(f"  {risk.severity}", style=style),
            Group(
                _text(f"{risk.rule.id}: {risk.rule.title}", style=style),
                _text(f"{risk.address} {risk.reason}"),
                _text(risk.rule.advice, style="dim"),
            ),
        )
    return Group(_text("Risks", style="bold"), table)


def _counts(report: Report) -> RenderableType | None:
    if report.is_empty:
        return None
    names = list(report.counts)
    remarks = [_text(f"  {stack.name}: {stack.remark}") for stack in report.stacks if stack.remark]
    if not names:
        return Group(_text("Changes", style="bold"), *remarks) if remarks else None
    table = _table("Changes")
    for column in ("stack", *names):
        table.add_column(column, overflow="fold", justify="left" if column == "stack" else "right")
    for stack in report.stacks:
        table.add_row(_text(stack.name), *(str(stack.counts.get(name, "")) for name in names))
    return Group(table, *remarks)


def _beside(report: Report) -> RenderableType | None:
    stacks = [stack for stack in report.stacks if stack.remarks]
    if not stacks:
        return None
    lines = [_text("Also in the plan", style="bold")]
    for stack in stacks:
        lines += [_text(stack.name)] if len(report.stacks) > 1 else []
        for remark in stack.remarks:
            lines.append(_text(f"  {remark.line}", style="red" if remark.is_alarm else ""))
    return Group(*lines)


def _costs(report: Report) -> RenderableType | None:
    if not report.costs or report.is_empty:
        return None
    table = _table("Monthly cost")
    for column in ("environment", "minimum", "expected", "maximum"):
        table.add_column(column, justify="left" if column == "environment" else "right")
    for cost in report.costs:
        table.add_row(_text(cost.environment), *(f"{now} ({by})" for now, by in cost_cells(cost)))
    services = _table("What the plan changes of it")
    for column in ("environment", "service", "minimum", "expected", "maximum"):
        services.add_column(
            column, justify="left" if column in ("environment", "service") else "right"
        )
    for cost in report.costs:
        for each in cost.changed:
            services.add_row(_text(cost.environment), _text(each.service), *service_cells(each))
    notes = [note for cost in report.costs for note in cost_notes(cost)]
    shown = (table, services) if any(cost.changed for cost in report.costs) else (table,)
    return Group(*shown, *(_text(f"  {note}") for note in (*notes, *report.assumptions)))


def _findings(report: Report) -> RenderableType | None:
    if report.findings is None:
        return None
    if not report.findings:
        return _text("Policy: no finding")
    table = _table("Policy")
    for column in ("check", "stack", "resource", "finding"):
        table.add_column(column, overflow="fold")
    for finding in report.findings:
        table.add_row(
            _text(finding.id), _text(finding.stack), _text(finding.resource), _text(finding.title)
        )
    return table


def _changes(report: Report) -> RenderableType | None:
    lines: list[Text] = []
    for stack in report.stacks:
        if stack.changes:
            lines.append(_text(stack.name, style="bold"))
        for change in stack.changes:
            note = marks(change)
            title = f"  {SIGNS[change.action]} {change.address}{f'  ({note})' if note else ''}"
            lines.append(_text(title, style=_COLOURS.get(change.action, "")))
            if change.action is not Action.CREATE:
                lines += [_text(f"      {sentence(d)}", style="dim") for d in details(change)]
    return Group(*lines) if lines else None


def _saved(report: Report) -> RenderableType | None:
    paths = [
        stack.saved for stack in report.stacks if stack.saved and (stack.changes or stack.remarks)
    ]
    if not paths:
        return None
    title = _text(f"Saved plans, to be applied as they are here: {report.apply}", style="bold")
    return Group(title, *(_text(f"  {path}") for path in paths))


def _digest(report: Report) -> RenderableType | None:
    return _text(f"Digest: {digest(report)}", style="dim") if report.source.commit else None
