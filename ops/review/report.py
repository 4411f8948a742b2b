"""The report: one model that every format renders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..cost.model import Amount, Estimate
from ..plan import Action, Change, Plan
from ..told import Risk, Severity, Story

COUNTED = (
    Action.CREATE,
    Action.UPDATE,
    Action.REPLACE,
    Action.DELETE,
    Action.FORGET,
)


@dataclass(frozen=True, slots=True)
class StackReport:
    """What happens to one stack."""

    name: str
    environment: str
    status: str = "planned"
    """`planned`, `blocked` or `failed`."""

    note: str = ""
    """Why it is blocked or failed, or what to know about its plan."""

    changes: tuple[Change, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    drifted: tuple[Change, ...] = ()
    unchanged: int = 0
    saved: str = ""
    """The path of the saved plan, from the project's folder."""

    @property
    def notes(self) -> list[str]:
        """What to know beside the changes."""
        notes = [self.note] if self.note else []
        if self.drifted:
            addresses = ", ".join(change.address for change in self.drifted)
            notes.append(f"changed outside of Terraform, and put back: {addresses}")
        return notes

    @property
    def remark(self) -> str:
        """The notes with the status, where it is not simply planned."""
        notes = "; ".join(self.notes)
        return notes if self.status == "planned" else f"{self.status}: {notes}"


@dataclass(frozen=True, slots=True)
class CostReport:
    """What an environment costs by the month before and after, as far as the plans show it."""

    environment: str
    region: str
    before: Estimate
    after: Estimate
    prices_from: str
    is_partial: bool = False

    @property
    def difference(self) -> Amount:
        """What the plan adds."""
        return self.after.total - self.before.total

    @property
    def difference_is_known(self) -> bool:
        """Whether what has no price is the same before and after."""
        return {line.usage for line in self.before.not_priced} == {
            line.usage for line in self.after.not_priced
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """What a policy check found on the synthesized stacks."""

    id: str
    title: str
    stack: str
    resource: str
    severity: str = ""
    guideline: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A review of one or more plans."""

    title: str
    stacks: tuple[StackReport, ...]
    stories: tuple[Story, ...] = ()
    risks: tuple[Risk, ...] = ()
    costs: tuple[CostReport, ...] = ()
    findings: tuple[Finding, ...] | None = None
    assumptions: tuple[str, ...] = ()
    commit: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """The counts of every stack together."""
        total: dict[str, int] = {}
        for stack in self.stacks:
            for name, count in stack.counts.items():
                total[name] = total.get(name, 0) + count
        return _in_order(total)

    @property
    def interrupted(self) -> tuple[Story, ...]:
        """The services that stop answering."""
        return tuple(story for story in self.stories if story.interrupted)

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst risk."""
        return max((risk.severity for risk in self.risks), default=None)

    @property
    def is_empty(self) -> bool:
        """Whether every stack was planned and nothing is to be done."""
        return not self.counts and all(stack.status == "planned" for stack in self.stacks)

    def verdict(self) -> str:
        """The report in one sentence."""
        if self.is_empty:
            return "Nothing to do: what is deployed is what is written."
        blocked = [stack for stack in self.stacks if stack.status == "blocked"]
        failed = [stack for stack in self.stacks if stack.status == "failed"]
        changed = sum(self.counts.values())
        parts = [_plural(changed, "resource changes", "resources change")]
        if self.stories:
            parts.append(_plural(len(self.stories), "service is touched", "services are touched"))
        if self.interrupted:
            parts.append(_plural(len(self.interrupted), "is interrupted", "are interrupted"))
        by_severity = [
            f"{sum(1 for risk in self.risks if risk.severity is severity)} {severity}"
            for severity in sorted(Severity, reverse=True)
            if any(risk.severity is severity for risk in self.risks)
        ]
        parts.append(f"risks: {', '.join(by_severity)}" if by_severity else "no risk found")
        if blocked:
            parts.append(_plural(len(blocked), "stack is blocked", "stacks are blocked"))
        if failed:
            parts.append(_plural(len(failed), "plan failed", "plans failed"))
        return f"{'; '.join(parts)}."


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def counts_of(changes: Iterable[Change]) -> dict[str, int]:
    """How many resources are created, updated and so on; moves and imports are counted too."""
    counts: dict[str, int] = {}
    for change in changes:
        names = [change.action.value] if change.action in COUNTED else []
        names += ["move"] if change.moved_from else []
        names += ["import"] if change.import_id else []
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return _in_order(counts)


def _in_order(counts: dict[str, int]) -> dict[str, int]:
    order = [*(action.value for action in COUNTED), "move", "import"]
    return {name: counts[name] for name in order if name in counts}


def stack_report(plan: Plan, *, environment: str = "", saved: str = "") -> StackReport:
    """What a plan does to its stack."""
    return StackReport(
        name=plan.name,
        environment=environment or plan.environment or plan.name,
        status="failed" if plan.errored else "planned",
        note="Terraform says that the plan is incomplete" if plan.errored else "",
        changes=plan.shown,
        counts=counts_of(plan.shown),
        drifted=plan.drifted,
        unchanged=sum(1 for c in plan.changes if not c.is_data and not c.is_shown),
        saved=saved,
    )
