"""Markdown for a pull request's comment, never longer than GitHub takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...cost.model import Estimate, dollars
from ...kinds.untold import NOT_TOLD
from ...markdown import code, fenced, in_html, plain
from ...plan import Action, Change
from ...told import Risk, Severity, Story
from ..digest import digest
from ..report import MISSING, CostReport, Finding, Report, ServiceCost, StackReport
from ..values import SIGNS, details, marks, sentence, short

GITHUB_LIMIT = 65_536
"""The most characters that GitHub takes in a comment."""

MARKER = "<!-- inferform-review -->"
"""By it the workflow finds its own comment, to update it in place."""

# Bytes are counted, of which a text has at least as many as characters.
_BUDGET = GITHUB_LIMIT - 1536
_HEAD_SHARE = 0.6

_ICONS = {
    Severity.CRITICAL: "🟥 critical",
    Severity.HIGH: "🟧 high",
    Severity.MEDIUM: "🟨 medium",
    Severity.LOW: "⬜ low",
}


def render_markdown(report: Report, limit: int = _BUDGET) -> str:
    """The report in Markdown of at most `limit` bytes; the least important details go first."""
    head = Limited(int(limit * _HEAD_SHARE))
    head.always([MARKER, f"## {plain(report.title)}", "", f"**{plain(report.verdict())}**", ""])
    if report.source.differs:
        head.always([plain(f"Planned from {report.source}."), ""])
    _services(head, report)
    _missing(head, report)
    _risks(head, report)
    _counts(head, report)
    _beside(head, report)
    if not report.is_empty:
        _costs(head, report.costs, report.assumptions)
    _findings(head, report.findings)
    footer = _footer(report)
    room = limit - head.size - len(footer.encode()) - 400
    body, left_out = _details(report, room)
    lines = [*head.lines, *body]
    if left_out or head.left_out:
        what = [f"the details of {left_out} resources"] if left_out else []
        what += [f"{count} {name}" for name, count in head.left_out.items()]
        lines += [
            "",
            f"> Left out to stay under GitHub's {GITHUB_LIMIT:,} characters: "
            f"{', '.join(what)}. The HTML report has everything.",
        ]
    return "\n".join([*lines, "", footer, ""])


class Limited:
    """Lines up to a number of bytes; what does not fit is counted by what it is."""

    def __init__(self, limit: int) -> None:
        self.lines: list[str] = []
        self.left_out: dict[str, int] = {}
        self._limit = limit
        self.size = 0

    def always(self, lines: Iterable[str]) -> None:
        """Add lines that are short and must be there."""
        for line in lines:
            self.lines.append(line)
            self.size += len(line.encode()) + 1

    def add(self, block: list[str], what: str) -> None:
        """Add a block if it fits."""
        size = sum(len(line.encode()) + 1 for line in block)
        if self.size + size > self._limit:
            self.left_out[what] = self.left_out.get(what, 0) + 1
            return
        self.always(block)


def _services(head: Limited, report: Report) -> None:
    if not report.stories:
        return
    head.always(["### Services", ""])
    for story in report.stories:
        head.add(list(_story(story)), "services")
    head.always([""])


def _story(story: Story) -> Iterator[str]:
    icon = "⛔ " if story.interrupted else ""
    yield f"- {icon}**{plain(story.headline)}** ({plain(story.kind)}, {plain(story.stack)})"
    if story.interrupted:
        yield f"  - **interrupted: {plain(story.interrupted)}**"
    for label, text in story.facts:
        yield f"  - {plain(label)}: {_values(label, text)}"
    if story.rollout:
        yield f"  - rollout: {plain(story.rollout)}"
    if story.worst_case:
        yield f"  - worst case: {plain(story.worst_case)}"
    if story.resets_capacity:
        yield f"  - **running count is reset: {plain(story.resets_capacity)}**"


# The facts whose values are names and figures; the others are sentences.
_LITERAL = ("image", "model", "instance", "cpu", "memory", "tasks", "traffic", "Kubernetes")


def _values(label: str, text: str) -> str:
    parts = [short(part, 200) for part in text.split(" → ")]
    return " → ".join(map(code if label.startswith(_LITERAL) else plain, parts))


def _risks(head: Limited, report: Report) -> None:
    if not report.risks:
        return
    head.always(["### Risks", ""])
    head.always(["| | risk | where | what to do |", "|---|---|---|---|"])
    for risk in report.risks:
        head.add([_risk(risk)], f"{risk.severity} risks")
    head.always([""])


def _risk(risk: Risk) -> str:
    where = f"{code(short(risk.address, 120))}<br>{plain(short(risk.reason, 240))}"
    return (
        f"| {_ICONS[risk.severity]} | **{risk.rule.id}** {plain(risk.rule.title)} | {where} "
        f"| {plain(risk.rule.advice)} |"
    )


def _counts(head: Limited, report: Report) -> None:
    names = list(report.counts)
    if not names and all(stack.status == "planned" and not stack.notes for stack in report.stacks):
        return
    titles = " | ".join(["environment", "stack", *names])
    head.always(["### Changes", "", f"| {titles} |", f"|---|---|{'---:|' * len(names)}"])
    for stack in report.stacks:
        head.add([_count_row(stack, names)], "stacks")
    head.always([""])
    noted = [stack for stack in report.stacks if stack.status == "planned" and stack.notes]
    for stack in noted:
        notes = "; ".join(stack.notes)
        head.add([f"- {plain(stack.name)}: {plain(short(notes, 300))}"], "notes")
    head.always([""] if noted else [])


def _missing(head: Limited, report: Report) -> None:
    if report.missing:
        head.always([f"### {MISSING}", ""])
        for each in sorted(report.missing, key=lambda each: not each.fix):
            said = f"{plain(each.check)} {code(short(each.subject, 300))} {plain(short(each.found, 600))}"
            text = f"**{said}**: {plain(each.fix)}" if each.fix else said
            head.add([f"- {text}"], "checks")
        head.always([""])


def _beside(head: Limited, report: Report) -> None:
    if not any(stack.remarks for stack in report.stacks):
        return
    head.always(["### Also in the plan", ""])
    # The alarms of every stack first, as the others are left out before them.
    remarks = [(stack, remark) for stack in report.stacks for remark in stack.remarks]
    for stack, remark in sorted(remarks, key=lambda pair: not pair[1].is_alarm):
        where = f"{plain(stack.name)}: " if len(report.stacks) > 1 else ""
        text = plain(short(remark.text, 600))
        if remark.subject:
            text = f"{remark.kind} {code(short(remark.subject, 200))} {text}"
        head.add([f"- {where}**{text}**" if remark.is_alarm else f"- {where}{text}"], "remarks")
    head.always([""])


def _count_row(stack: StackReport, names: list[str]) -> str:
    cells = [str(stack.counts.get(name, "")) for name in names]
    if stack.status != "planned":
        note = f"**{stack.status}**: {plain(short(stack.note, 300))}"
        cells = [note, *[""] * (len(names) - 1)] if names else []
        if not names:
            return f"| {plain(stack.environment)} | {plain(stack.name)}: {note} |"
    return f"| {' | '.join([plain(stack.environment), plain(stack.name), *cells])} |"


def _costs(head: Limited, costs: tuple[CostReport, ...], assumptions: tuple[str, ...]) -> None:
    if not costs:
        return
    head.always(["### Monthly cost", ""])
    head.always(["| environment | minimum | expected | maximum |", "|---|---:|---:|---:|"])
    for cost in costs:
        cells = [f"{now} ({by})" for now, by in cost_cells(cost)]
        head.add([f"| {plain(cost.environment)} | {' | '.join(cells)} |"], "costs")
    head.always([""])
    if any(cost.changed for cost in costs):
        head.always(["| environment | service | minimum | expected | maximum |"])
        head.always(["|---|---|---:|---:|---:|"])
        for cost in costs:
            for each in cost.changed:
                sums = " | ".join(service_cells(each))
                row = f"| {plain(cost.environment)} | {plain(short(each.service, 120))} | {sums} |"
                head.add([row], "services that cost")
        head.always([""])
    for cost in costs:
        head.add([f"- {plain(note)}" for note in cost_notes(cost)], "notes on cost")
    fold = ["", "<details><summary>Assumptions</summary>", ""]
    fold += [f"- {plain(text)}" for text in assumptions]
    head.add([*fold, "", "</details>", ""], "assumptions")


def cost_cells(cost: CostReport) -> list[tuple[str, str]]:
    """Minimum, expected and maximum, each with what the plan adds to it."""
    total, change = cost.after.total, cost.difference
    open_ = bool(cost.after.not_priced or cost.untold)
    return [
        (
            # Nothing that has a price is no sum.
            "not known" if open_ and not now else f"{'at least ' if open_ else ''}{dollars(now)}",
            dollars(by, signed=True) if cost.difference_is_known else "change not known",
        )
        for now, by in (
            (total.minimum, change.minimum),
            (total.expected, change.expected),
            (total.maximum, change.maximum),
        )
    ]


def service_cells(each: ServiceCost) -> list[str]:
    """What the plan changes of the cost of one service: minimum, expected and maximum."""
    was, now, by = each.before.total, each.after.total, each.difference
    sides = (
        (was.minimum, now.minimum),
        (was.expected, now.expected),
        (was.maximum, now.maximum),
    )
    if by is None:
        # What is left out on one side alone would make a difference of nothing that is known.
        return [_known(each.after, now) + " (change not known)" for _, now in sides]
    return [f"{dollars(now)} ({dollars(now - was, signed=True)})" for was, now in sides]


def _known(estimate: Estimate, value: float) -> str:
    if not estimate.not_priced:
        return dollars(value)
    return f"at least {dollars(value)}" if value else "not known"


def cost_notes(cost: CostReport) -> Iterator[str]:
    """What is to be known beside the numbers of one environment."""
    missing = cost.after.not_priced
    told = [e for e in missing if not e.usage.key.startswith(NOT_TOLD)]
    without_price = {e.usage.key for e in told if e.usage.amount is not None}
    used = {e.usage.key for e in told if e.usage.amount is None}
    # What is known after and not known before is also no change that is known.
    unknown = {
        e.usage.key.removeprefix(NOT_TOLD)
        for e in (*missing, *cost.before.not_priced)
        if e.usage.key.startswith(NOT_TOLD)
    }
    for keys, said in (
        (unknown, "not known from the plan and not in the sums: {}"),
        (
            without_price,
            f"not priced and not in the sums: {{}} (the table has no price for {cost.region})",
        ),
        (used, "billed by use and not in the sums: {}"),
    ):
        names = sorted(keys)
        shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        if keys:
            yield f"{cost.environment}: {said.format(shown)}"
    if missing:
        count = f"{len(missing)} of {len(cost.after.lines)}"
        yield f"{cost.environment}: {count} things are in no sum, and so in no difference"
    if cost.untold:
        all_of_them = sum(cost.untold.values())
        what, whose = (
            ("1 resource is", "its type")
            if all_of_them == 1
            else (f"{all_of_them} resources are", "their types")
        )
        types = [f"{kind} ({number})" for kind, number in cost.untold.items()]
        more = f" and {len(types) - 6} more types" if len(types) > 6 else ""
        yield (
            f"{cost.environment}: {what} in no sum and in no difference, as no price is known of "
            f"{whose}: {', '.join(types[:6])}{more}"
        )
    if cost.is_partial:
        yield f"{cost.environment}: without what is blocked, failed, deferred or left out of the plan"
    if cost.prices_from:
        yield f"{cost.environment}: prices of {cost.prices_from}"


def _findings(head: Limited, findings: tuple[Finding, ...] | None) -> None:
    if findings is None:
        return
    head.always(["### Policy", ""])
    if not findings:
        head.always(["No finding.", ""])
        return
    head.always(["| check | stack | resource | finding |", "|---|---|---|---|"])
    for finding in findings:
        row = (
            f"| {code(finding.id)} | {plain(finding.stack)} "
            f"| {code(short(finding.resource, 120))} | {plain(short(finding.title, 200))} |"
        )
        head.add([row], "policy findings")
    head.always([""])


@dataclass(frozen=True, slots=True)
class _Block:
    stack: int
    order: int
    importance: int
    lines: list[str]
    brief: list[str]


_IMPORTANCE = {
    Action.REPLACE: 4,
    Action.DELETE: 4,
    Action.UPDATE: 3,
    Action.FORGET: 3,
    Action.CREATE: 1,
}


def _details(report: Report, room: int) -> tuple[list[str], int]:
    """The folded details that fit into `room`, and how many resources are without them."""
    risky = {risk.address for risk in report.risks}
    blocks = [
        _Block(
            at,
            order,
            _IMPORTANCE.get(change.action, 0) + (10 if change.address in risky else 0),
            *_change(change),
        )
        for at, stack in enumerate(report.stacks)
        for order, change in enumerate(stack.changes)
    ]
    frames = [_frame(stack) for stack in report.stacks]
    used = sum(
        sum(len(line.encode()) + 1 for line in frame) + 16
        for frame, stack in zip(frames, report.stacks, strict=True)
        if stack.changes
    )
    chosen: dict[int, list[tuple[int, list[str]]]] = {}
    left_out = 0
    for block in sorted(blocks, key=lambda block: (-block.importance, block.stack, block.order)):
        for lines in (block.lines, block.brief):
            size = sum(len(line.encode()) + 1 for line in lines)
            if used + size <= room:
                used += size
                chosen.setdefault(block.stack, []).append((block.order, lines))
                left_out += lines is block.brief and block.brief != block.lines
                break
        else:
            left_out += 1
    body: list[str] = []
    for at, frame in enumerate(frames):
        if chosen.get(at):
            body += frame
            for _, lines in sorted(chosen[at]):
                body += lines
            body += ["```", "", "</details>", ""]
    return body, left_out


def _frame(stack: StackReport) -> list[str]:
    counts = ", ".join(f"{count} {name}" for name, count in stack.counts.items())
    return [
        f"<details><summary>{in_html(stack.name)}: {counts}</summary>",
        "",
        "```diff",
    ]


def _change(change: Change) -> tuple[list[str], list[str]]:
    note = marks(change)
    told = f"  ({fenced(note)})" if note else ""
    title = f"{SIGNS[change.action]} {fenced(change.address)}{told}"
    lines = [f"    {fenced(sentence(difference))}" for difference in details(change)]
    return [title, *lines], [title]


def _footer(report: Report) -> str:
    parts = ["inferform review"]
    if report.source.is_commit:
        parts.append(str(report.source))
    saved = sum(1 for stack in report.stacks if stack.saved)
    if saved:
        parts.append(f"{saved} saved plan{'s' if saved != 1 else ''}: {report.apply}")
    if report.source.commit:
        parts.append(f"digest {digest(report)}")
    return f"<sub>{plain(', '.join(parts))}</sub>"
