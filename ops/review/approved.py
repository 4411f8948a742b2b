"""Deploying what was approved: what a review showed, stack by stack, and nothing else.

A stack is planned again after those below it, and its plan is applied only where it shows what the
review showed.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ..cdk import Deployment, StackRun, changed_in, new_log
from ..deploy import begun, failure, reinstated, shown, verify_all
from ..errors import BadInputError, NotApprovedError, OperatorError
from ..output import stderr, stdout
from ..plan import Plan
from ..program import Program, Stacks
from ..side_by_side import Done, below_each, work
from ..terraform import Stack, private_folder
from ..untrusted import strict_json
from .building import build
from .digest import digest, digests, is_seen, together
from .planning import Planning, saved_in
from .renderers.json import as_data
from .report import Report
from .source import NO_SOURCE
from .values import UNKNOWN

_DIGEST = re.compile(r"[0-9a-f]{64}")
_AGAIN = "review it again, and have that approved"
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Approved:
    """A review that was approved."""

    digest: str
    stacks: Mapping[str, Mapping[str, Any]] | None = None
    """What it says of each stack, by name; None where only the digest is known."""

    @classmethod
    def of(cls, given: str) -> Approved:
        """The review that is given by its digest, or by the file that holds its JSON.

        Raises BadInputError for anything else.
        """
        if _DIGEST.fullmatch(given):
            return cls(given)
        try:
            data = strict_json(Path(given).read_bytes())
            stacks = {stack["name"]: stack for stack in data["stacks"]}
            for stack in stacks.values():
                list(_said(stack))
            whole = together(stack["digest"] for stack in stacks.values()) == data["digest"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInputError(
                f"{given} is neither the digest of a review nor its JSON",
                "inferform review ENV --output review.json writes it",
            ) from error
        if not whole:
            raise BadInputError(f"{given} was changed: its digests do not belong together")
        return cls(data["digest"], stacks)

    def differences(self, report: Report) -> list[str]:
        """How what a report says differs from what was approved, a line each."""
        if self.stacks is None:
            if digest(report) == self.digest:
                return []
            now = [
                f"  {stack['name']}: {place}{': ' if value else ''}{value}"
                for stack in as_data(report)["stacks"]
                for (place, what), value in _said(stack)
                if not what
            ]
            return [
                f"the digest is {digest(report)}, and {self.digest} was approved; now:",
                *_cut(now or ["  nothing"]),
            ]
        found = []
        for stack in as_data(report)["stacks"]:
            approved = self.stacks.get(stack["name"])
            if approved is None:
                found.append(f"{stack['name']}: is not in the review")
            elif approved["digest"] != stack["digest"]:
                found += [f"{stack['name']}: differs", *_cut(_compared(approved, stack))]
        return found

    def refuse_others(self, report: Report) -> None:
        """Raise NotApprovedError where a report does not say what was approved."""
        if found := self.differences(report):
            raise NotApprovedError(
                "\n  ".join(["what would be done is not what was approved", *found]),
                f"nothing was done; {_AGAIN}",
            )


def _compared(approved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What one of two accounts of a stack says otherwise than the other.

    What is on one side alone is said without its attributes.
    """
    before, after = dict(_said(approved)), dict(_said(now))
    both = {place for place, _ in before} & {place for place, _ in after}
    found = []
    for side, said, other in (("approved:", before, after), ("now:     ", after, before)):
        for (place, what), value in said.items():
            if other.get((place, what)) != value and (not what or place in both):
                name = f"{place}: {what}" if what else place
                shown = _around(value, other.get((place, what), ""))
                found.append(f"  {side} {name}{': ' if shown else ''}{shown}")
    return found or ["  in its risks, or in a value that is longer than what is shown"]


def _around(value: str, other: str, room: int = 60) -> str:
    """A value where it begins to differ from another."""
    same = next(
        (i for i, (a, b) in enumerate(zip(value, other, strict=False)) if a != b),
        min(len(value), len(other)),
    )
    begin = max(0, same - room)
    return f"{'...' if begin else ''}{value[begin : same + 2 * room]}" + (
        "..." if same + 2 * room < len(value) else ""
    )


def _said(stack: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """What the JSON of a review says of a stack: the place, what of it, and the words."""
    if stack["status"] != "planned":
        yield (str(stack["status"]), ""), str(stack["note"])
    for change in stack["changes"]:
        place = f"{change['action']} {change['address']}"
        yield (place, ""), str(change["note"])
        for each in change["differences"]:
            after = each["after"] if each["known"] else UNKNOWN
            values = f"{json.dumps(each['before'])} -> {json.dumps(after)}"
            yield (place, str(each["path"])), values
    for remark in stack["remarks"]:
        if is_seen(remark["kind"]):
            yield (f"{remark['kind']} {remark['subject']}", ""), str(remark["text"])


def _cut(lines: list[str]) -> list[str]:
    left = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"  and {left} more"] if left > 0 else [])]


def deploy(
    patterns: Sequence[str],
    program: Program,
    approved: Approved,
    *,
    ask: Callable[[Sequence[Stack]], None],
    check: Callable[[Stacks, Sequence[Stack]], None],
    verified: bool = True,
    parallelism: int | None = None,
) -> Deployment:
    """Deploy the stacks that match by the plans that were approved, those below first.

    All are planned before anything is done, and a stack once more after one below it was applied.
    Raises NotApprovedError where a plan shows something else than the review did: before anything is
    done, or, of what was planned once more, when the stacks are done that do not depend on it. For the rest
    see `ops.deploy.deploy`.
    """
    synthesis, wanted = begun(patterns, program, ask=ask, check=check)
    private_folder(program.work)
    folder = Path(mkdtemp(prefix="approved-", dir=program.work))
    try:
        run = _Run(synthesis, approved, folder, parallelism)
        run.compare(wanted)
        return run.deploy(wanted, verified=verified)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Run:
    """One deploy of what was approved."""

    synthesis: Stacks
    approved: Approved
    folder: Path
    parallelism: int | None = None
    expected: dict[str, str] = field(default_factory=dict)
    """The digest of what is approved of each stack."""

    plans: dict[str, Plan] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    """The stacks that were applied."""

    writing: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever writes into the log."""

    def _planned(self, stacks: Sequence[Stack]) -> tuple[Report, dict[str, Plan]]:
        planning = Planning(
            self.synthesis, NO_SOURCE, folder=self.folder, parallelism=self.parallelism
        )
        planning.run(stacks)
        plans = [planning.plans[stack.name] for stack in stacks if stack.name in planning.plans]
        reports = [planning.reports[stack.name] for stack in stacks]
        return build(plans, stacks=reports), planning.plans

    def compare(self, wanted: Sequence[Stack]) -> None:
        """Refuse what differs before anything is done."""
        with stdout.status(f"planning {len(wanted)} stacks"):
            report, self.plans = self._planned(wanted)
        self.approved.refuse_others(report)
        for stack in report.stacks:
            if stack.status == "failed":
                raise OperatorError(f"{stack.name}: {stack.note}", "nothing was done")
        self.expected = dict(zip((s.name for s in wanted), digests(report), strict=True))

    def deploy(self, wanted: Sequence[Stack], *, verified: bool) -> Deployment:
        """Apply the plans, each after those below it."""
        synthesis = self.synthesis
        by_name = {stack.name: stack for stack in wanted}
        runs = {name: StackRun(name) for name in by_name}
        log = new_log(synthesis.program)
        deployment = Deployment(0, list(runs.values()), log, [])
        moved = set[str]()
        for name, lines in reinstated(wanted, synthesis, parallelism=self.parallelism):
            for line in lines:
                stderr.print(f"{name}: {line}", markup=False)
                moved.add(name)
        with shown(by_name) as show:

            def one(name: str) -> None:
                stack, run = by_name[name], runs[name]
                run.status = "deploying"
                show(run)
                try:
                    if name in moved or {*self.written} & {*stack.dependencies}:
                        self._plan_again(stack)
                    self._apply(stack, run, log)
                except NotApprovedError:
                    run.status = "waiting"
                    raise
                finally:
                    show(run)

            below = below_each(synthesis.stacks)
            done = work([*by_name], one, after=below, parallelism=self.parallelism)
        self._refuse(done, deployment)
        if verified:
            changed = {name: run.changed for name, run in runs.items() if run.changed}
            deployment.applied.update(verify_all(changed, synthesis, parallelism=self.parallelism))
        return deployment

    def _refuse(self, done: Done[None], deployment: Deployment) -> None:
        """Raise NotApprovedError where that is all that is wrong, else OperatorError with a report of every
        stack."""
        others = [e for e in done.failed.values() if isinstance(e, NotApprovedError)]
        said = "\n".join(error.message for error in others)
        if len(others) < len(done.failed):
            report = failure(replace(deployment, status=1), self.synthesis)
            raise OperatorError("\n".join(filter(None, (report, said))))
        if others:
            names = [run.name for run in deployment.stacks if run.name in self.written]
            applied = f"{', '.join(names)} applied; " if names else ""
            raise NotApprovedError(said, f"{applied}{_AGAIN}")

    def _plan_again(self, stack: Stack) -> None:
        """Plan a stack as it is now. Raises NotApprovedError where that is not what was approved."""
        report, plans = self._planned([stack])
        if digests(report) != [self.expected[stack.name]]:
            known = self.approved.stacks is not None
            found = self.approved.differences(report) if known else []
            lines = [f"what {stack.name} would do now is not what was approved", *found]
            raise NotApprovedError("\n  ".join(lines))
        self.plans |= plans

    def _apply(self, stack: Stack, run: StackRun, log: Path) -> None:
        """Apply the plan of a stack."""
        plan = self.plans.get(stack.name)
        if plan is None:
            # It was blocked when it was approved, and is so still.
            raise NotApprovedError(f"{stack.name} could not be planned, so nobody approved it")
        if plan.applyable is False:
            run.status = "no changes"
            return
        run.steps = len(plan.shown)
        done = stack.run(
            *("apply", "-no-color", "-input=false", str(saved_in(self.folder, stack))),
            environment=self.synthesis.program.terraform_environment(),
            timeout=7200,
        )
        with self.writing, log.open("a", encoding="utf-8") as sink:
            sink.write(done.output)
        run.changed = changed_in(done.output)
        if done.status:
            run.status, run.error = "failed", done.output.splitlines()
            raise OperatorError(f"{stack.name} failed")
        run.status = "applied"
        self.written.append(stack.name)
