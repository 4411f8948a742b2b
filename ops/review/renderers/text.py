"""The terminal's view, and the same as plain text."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...cost.model import dollars
from ..plan import Action
from ..report import Report
from ..risks import Severity
from ..stories import Story
from ..values import SIGNS, details, marks, sentence
from .markdown import cost_notes

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
    """The report as plain text."""
    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False, emoji=False)
    print_report(report, console)
    lines = file.getvalue().splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def print_report(report: Report, console: Console) -> None:
    """Print the report to a terminal."""
    console.print(Text(report.title, style="bold"))
    console.print(Text(report.verdict()))
    for section in (_services, _risks, _counts, _costs, _findings, _changes):
        renderable = section(report)
        if renderable is not None:
            console.print()
            console.print(renderable)


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )


def _services(report: Report) -> RenderableType | None:
    if not report.stories:
        return None
    return Group(Text("Services", style="bold"), *map(_story, report.stories))


def _story(story: Story) -> RenderableType:
    lines = [Text(f"{story.headline} ({story.kind}, {story.stack})")]
    if story.interrupted:
        lines.append(Text(f"  interrupted: {story.interrupted}", style="bold red"))
    lines += [Text(f"  {label}: {text}") for label, text in story.facts]
    if story.rollout:
        lines.append(Text(f"  rollout: {story.rollout}"))
    if story.worst_case:
        lines.append(Text(f"  at worst: {story.worst_case}"))
    if story.resets_capacity:
        lines.append(Text(f"  live capacity is reset: {story.resets_capacity}", style="yellow"))
    return Padding(Group(*lines), (0, 0, 0, 2))


def _risks(report: Report) -> RenderableType | None:
    if not report.risks:
        return None
    table = _table("Risks")
    for column in ("severity", "risk", "where", "what to do"):
        table.add_column(column, overflow="fold")
    for risk in report.risks:
        table.add_row(
            Text(str(risk.severity), style=_STYLES[risk.severity]),
            Text(f"{risk.rule.id}: {risk.rule.title}"),
            Text(f"{risk.address} {risk.reason}"),
            Text(risk.rule.advice),
        )
    return table


def _counts(report: Report) -> RenderableType | None:
    if report.is_empty:
        return None
    table = _table("Changes")
    names = list(report.counts)
    for column in ("environment", "stack", *names, "note"):
        table.add_column(column, overflow="fold")
    for stack in report.stacks:
        notes = [stack.remark] if stack.remark else []
        if stack.drifted:
            notes.append(f"{len(stack.drifted)} changed outside of Terraform")
        cells = [str(stack.counts.get(name, "")) for name in names]
        table.add_row(stack.environment, stack.name, *cells, Text("; ".join(notes)))
    return table


def _costs(report: Report) -> RenderableType | None:
    if not report.costs or report.is_empty:
        return None
    table = _table("Cost by the month")
    for column in ("environment", "minimum", "expected", "maximum"):
        table.add_column(column, justify="left" if column == "environment" else "right")
    for cost in report.costs:
        total, change = cost.after.total, cost.difference
        table.add_row(
            cost.environment,
            f"{dollars(total.minimum)} ({dollars(change.minimum, signed=True)})",
            f"{dollars(total.expected)} ({dollars(change.expected, signed=True)})",
            f"{dollars(total.maximum)} ({dollars(change.maximum, signed=True)})",
        )
    notes = [note for cost in report.costs for note in cost_notes(cost)]
    return Group(table, *(Text(f"  {note}") for note in (*notes, *report.assumptions)))


def _findings(report: Report) -> RenderableType | None:
    if report.findings is None:
        return None
    if not report.findings:
        return Text("Policy: no finding")
    table = _table("Policy")
    for column in ("check", "stack", "resource", "finding"):
        table.add_column(column, overflow="fold")
    for finding in report.findings:
        table.add_row(finding.id, finding.stack, Text(finding.resource), Text(finding.title))
    return table


def _changes(report: Report) -> RenderableType | None:
    lines: list[Text] = []
    for stack in report.stacks:
        if stack.changes:
            lines.append(Text(stack.name, style="bold"))
        for change in stack.changes:
            note = marks(change)
            title = f"  {SIGNS[change.action]} {change.address}{f'  ({note})' if note else ''}"
            lines.append(Text(title, style=_COLOURS.get(change.action, "")))
            if change.action is not Action.CREATE:
                lines += [Text(f"      {sentence(d)}", style="dim") for d in details(change)]
    return Group(*lines) if lines else None
