"""The report: one model that every format renders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..beside import Check, Invocation, Output
from ..cost.model import Amount, Estimate, Usage
from ..plan import Action, Change, Deferred, Difference, Plan
from ..told import Risk, Severity, Story
from .source import NO_SOURCE, Source
from .values import UNKNOWN, details, sentence, short

COUNTED = (
    Action.CREATE,
    Action.UPDATE,
    Action.REPLACE,
    Action.DELETE,
    Action.FORGET,
)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a plan holds beside the changes of resources."""

    kind: str
    """`output`, `check`, `deferred`, `action`, `drift`, `read`, `ephemeral`, `state`, `apply`,
    `unplanned`, `unknown` or `override`."""

    subject: str
    """Its name or address; empty where it is the plan itself."""

    text: str
    is_alarm: bool = False
    """Whether something does not hold, or is not judged."""

    @property
    def line(self) -> str:
        """The remark in one line."""
        return f"{self.kind} {self.subject}: {self.text}" if self.subject else self.text


@dataclass(frozen=True, slots=True)
class StackReport:
    """What happens to one stack."""

    name: str
    environment: str
    status: str = "planned"
    """`planned`, `blocked`, `failed`, or `unchanged` where it is as in the base and not planned."""

    note: str = ""
    """Why it is not planned, or what to know about its plan."""

    changes: tuple[Change, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    drifted: tuple[Change, ...] = ()
    remarks: tuple[Remark, ...] = ()
    """What the plan holds beside the changes of resources."""

    complete: bool = True
    """Whether the plan leaves nothing for a later one."""

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
class ServiceCost:
    """What one service costs a month before and after."""

    service: str
    before: Estimate
    after: Estimate

    @property
    def difference(self) -> Amount | None:
        """What the plan adds; None where what has no sum is another before than after."""
        if _unsummed(self.before) != _unsummed(self.after):
            return None
        return self.after.total - self.before.total


def _unsummed(estimate: Estimate) -> set[Usage]:
    return {line.usage for line in estimate.not_priced}


@dataclass(frozen=True, slots=True)
class CostReport:
    """What an environment costs a month before and after, as far as the plans show it."""

    environment: str
    region: str
    before: Estimate
    after: Estimate
    prices_from: str
    is_partial: bool = False
    untold: Mapping[str, int] = field(default_factory=dict)
    """Types of which nobody has said what they cost, with the number of their resources."""

    untold_changes: Mapping[str, int] = field(default_factory=dict)
    """Those of them that the plan makes, changes or removes, with the number of their resources."""

    @property
    def difference(self) -> Amount:
        """What the plan adds, without services of which a part that changes has no price: what is
        left out is in `changed_holes`."""
        holes = self.changed_holes
        return self.after.without(holes).total - self.before.without(holes).total

    @property
    def changed_holes(self) -> dict[str, tuple[str, ...]]:
        """Services that gain or lose something without a price, each with the price keys."""
        before, after = (
            {(each.usage.service, each.usage) for each in estimate.not_priced if each.is_hole}
            for estimate in (self.before, self.after)
        )
        found: dict[str, set[str]] = {}
        for service, usage in before ^ after:
            found.setdefault(service, set()).add(usage.key)
        return {service: tuple(sorted(keys)) for service, keys in sorted(found.items())}

    @property
    def difference_is_known(self) -> bool:
        """Whether what has no price is the same before and after."""
        return not self.untold_changes and _unsummed(self.before) == _unsummed(self.after)

    @property
    def changed(self) -> tuple[ServiceCost, ...]:
        """The services whose cost changes, or whose change is not known; the largest change
        first."""
        before, after = self.before.services, self.after.services
        found = [
            ServiceCost(name, before.get(name, Estimate(())), after.get(name, Estimate(())))
            for name in dict.fromkeys((*before, *after))
        ]
        changes = [each for each in found if _size(each) >= _CENT / 2]
        return tuple(sorted(changes, key=_size, reverse=True))


_CENT = 0.01


def _size(cost: ServiceCost) -> float:
    by = cost.difference
    return float("inf") if by is None else max(map(abs, (by.minimum, by.expected, by.maximum)))


@dataclass(frozen=True, slots=True)
class Finding:
    """What a policy check found on the synthesized stacks."""

    id: str
    title: str
    stack: str
    resource: str
    severity: str = ""
    guideline: str = ""


MISSING = "Preflight"


@dataclass(frozen=True, slots=True)
class Missing:
    """What the environment asks for again and AWS does not have, or could not be looked for."""

    environment: str
    check: str
    """Id and title of the check, as `inferform explain` knows it: `PRE4 image`."""

    subject: str
    found: str
    fix: str = ""
    """What to do; empty where it could not be looked for."""


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
    source: Source = NO_SOURCE
    missing: tuple[Missing, ...] = ()

    @property
    def apply(self) -> str:
        """The command that applies the saved plans."""
        return f"inferform apply {'' if self.source.is_commit else '--uncommitted '}PLAN"

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
        return (
            not self.counts
            and not self.missing
            and all(
                stack.status == "planned"
                and stack.complete
                # What is filled in in the state, or overridden and applied, is nothing to do.
                and all(remark.kind in ("state", "override") for remark in stack.remarks)
                for stack in self.stacks
            )
        )

    @property
    def is_whole(self) -> bool:
        """Whether everything that will happen is in the plans, and known here."""
        return all(
            stack.status == "planned"
            and stack.complete
            and not any(remark.kind in ("unknown", "deferred") for remark in stack.remarks)
            for stack in self.stacks
        )

    def _beside(self) -> Iterator[str]:
        """How many of what the plans hold beside the changes of resources."""
        beside = [remark.kind for stack in self.stacks for remark in stack.remarks]
        alarms = [r.kind for stack in self.stacks for r in stack.remarks if r.is_alarm]
        for found, kind, one, many in (
            (beside, "output", "output changes", "outputs change"),
            (alarms, "check", "check fails", "checks fail"),
            (beside, "deferred", "change is deferred", "changes are deferred"),
            (beside, "action", "action is invoked", "actions are invoked"),
            (
                beside,
                "drift",
                "resource differs from its state",
                "resources differ from their state",
            ),
            (beside, "unknown", "part is not known here", "parts are not known here"),
        ):
            if kind in found:
                yield _plural(found.count(kind), one, many)

    def _left(self) -> Iterator[str]:
        """How many stacks are not planned, or not to their end."""
        statuses = [stack.status for stack in self.stacks]
        for status, one, many in (
            ("blocked", "stack is blocked", "stacks are blocked"),
            ("failed", "plan failed", "plans failed"),
            (
                "unchanged",
                "stack is unchanged and not planned",
                "stacks are unchanged and not planned",
            ),
        ):
            if status in statuses:
                yield _plural(statuses.count(status), one, many)
        if incomplete := [s for s in self.stacks if s.status == "planned" and not s.complete]:
            yield _plural(len(incomplete), "plan is incomplete", "plans are incomplete")

    def verdict(self) -> str:
        """The report in one sentence."""
        if self.is_empty:
            return "Nothing to do: what is deployed is what is written."
        changed = sum(len(stack.changes) for stack in self.stacks)
        parts = [_plural(changed, "resource changes", "resources change")]
        if not changed:
            parts = ["no resource changes"]
        parts += self._beside()
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
        if not self.is_whole:
            parts[-1] += " in what is planned"
        if absent := [each for each in self.missing if each.fix]:
            parts.append(
                _plural(len(absent), "check finds what would fail", "checks find what would fail")
            )
        parts += self._left()
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


def stack_report(
    plan: Plan,
    *,
    environment: str = "",
    saved: str = "",
    overrides: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> StackReport:
    """What a plan does to its stack; `overrides` are the overridden attributes by address."""
    note = ""
    if plan.errored:
        note = "Terraform says that the plan is incomplete: planning ended in an error"
    elif not plan.complete:
        note = "Terraform says that the plan is incomplete: plan again once it is applied"
    elif again := list(asked_for_again(plan)):
        note = (
            f"{' and '.join(again)} would be created again, which AWS refuses, as what a failed run left under "
            "that name is deleted only afterwards: inferform deploy takes it back; before an inferform apply, "
            f"run inferform recover {plan.name} and review again"
        )
    return StackReport(
        name=plan.name,
        environment=environment or plan.environment or plan.name,
        status="failed" if plan.errored else "planned",
        note=note,
        changes=plan.shown,
        counts=counts_of(plan.shown),
        drifted=plan.drifted,
        remarks=(*remarks_of(plan), *_overridden(overrides)),
        complete=plan.complete and not plan.errored,
        unchanged=sum(1 for c in plan.changes if not c.is_data and not c.is_shown),
        saved=saved,
    )


def _overridden(overrides: Mapping[str, Sequence[str]]) -> Iterator[Remark]:
    for address, paths in overrides.items():
        yield Remark("override", address, f"{', '.join(paths)} as the Spec overrides it")


def asked_for_again(plan: Plan) -> Iterator[str]:
    """The names that a plan gives to new resources while what failed runs left at the same addresses
    has them."""
    kept = {(c.address, str(c.before.get("name"))) for c in plan.changes if c.deposed}
    for change in plan.changes:
        if change.action in (Action.CREATE, Action.REPLACE) and not change.deposed:
            name = str(change.after.get("name", ""))
            if (change.address, name) in kept or (
                change.repeats and name == change.before.get("name")
            ):
                yield name


def remarks_of(plan: Plan) -> Iterator[Remark]:
    """What a plan holds beside the changes of resources, the failures first."""
    found = [
        *(Remark("unknown", "", f"this review does not know {f}", True) for f in plan.not_known),
        *map(_check, plan.checks),
        *map(_deferred, plan.deferred),
        *map(_invocation, plan.invocations),
        *map(_output, plan.outputs),
        *_drift(plan),
        *(
            Remark("read", change.address, f"is read only by the apply{_why(change)}")
            for change in plan.reads
        ),
    ]
    if not plan.complete or plan.errored:
        text = "is written, and has no instance in this plan"
        found += [Remark("unplanned", address, text, True) for address in plan.unplanned]
    if plan.applyable and not found and not plan.shown:
        found.append(
            Remark("apply", "", "no change but in the state, which the apply writes again")
        )
    if found or plan.shown:
        text = "is opened by plan and apply, and kept in neither plan nor state"
        found += [Remark("ephemeral", address, text) for address in plan.ephemeral]
    yield from sorted(found, key=lambda remark: not remark.is_alarm)


def _check(check: Check) -> Remark:
    said = "; ".join(check.messages)
    if check.status == "unknown":
        text = "only the apply will tell whether it holds"
        return Remark("check", check.address, f"{text}: {said}" if said else text)
    verb = "fails" if check.status == "fail" else f"ends with {check.status}"
    return Remark("check", check.address, f"{verb}: {said}" if said else verb, is_alarm=True)


def _deferred(deferred: Deferred) -> Remark:
    change = deferred.change
    text = f"its {change.action} is left for a later plan, as {deferred.reason}"
    return Remark("deferred", change.address, text, is_alarm=True)


def _invocation(invocation: Invocation) -> Remark:
    text = f"is invoked {invocation.trigger}"
    if invocation.deferred:
        return Remark(
            "deferred",
            invocation.address,
            f"{text}, but left for a later plan, as {invocation.deferred}",
            is_alarm=True,
        )
    return Remark("action", invocation.address, text)


def _output(output: Output) -> Remark:
    if output.action == "delete":
        return Remark("output", output.name, f"{short(output.before)} is removed")
    after = short(output.after)
    if output.unknown:
        after = UNKNOWN if output.after in (None, "", [], {}) else f"{after}, in part {UNKNOWN}"
    if output.action == "create":
        return Remark("output", output.name, f"{after} is new")
    return Remark("output", output.name, f"{short(output.before)} -> {after}")


def _drift(plan: Plan) -> Iterator[Remark]:
    """What differs from the state and stays so.

    In the plan of a refresh everything is told by itself. Every other plan also holds what AWS
    or another resource has filled in since the apply, which is told in one remark.
    """
    refreshes = not plan.changes
    left = "the apply only writes it into the state"
    filled = []
    for drift in plan.recorded:
        found = details(drift)
        changed = [d for d in found if refreshes or not _is_filled_in(drift, d)]
        if drift.action is Action.DELETE:
            yield Remark("drift", drift.address, f"is gone, while the state has it; {left}")
        elif changed:
            said = "; ".join(map(sentence, changed))
            yield Remark("drift", drift.address, f"differs from the state; {left}: {said}")
        elif found:
            names = sorted({d.path.partition(".")[0] for d in found})
            filled.append(f"{drift.address} ({', '.join(names)})")
        elif drift.moved_from:
            yield Remark("drift", drift.address, f"moved from {drift.moved_from} in the state")
    if filled:
        text = f"was empty in the state and is filled in there: {', '.join(filled)}"
        yield Remark("state", "", text)


def _is_filled_in(drift: Change, difference: Difference) -> bool:
    name = difference.path.partition(".")[0]
    return name != "tags" and drift.before.get(name) in (None, "", [], {})


def _why(change: Change) -> str:
    reason = change.reason.removeprefix("read because ")
    return f" ({reason})" if reason else ""
