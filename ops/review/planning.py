"""Planning environments: stacks in their order, independent ones in parallel."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

from inferform import Environment

from .. import plan_times, side_by_side
from ..advice import about_stack, errors_of, lacking
from ..changed import Base
from ..errors import OperatorError
from ..masking import mask_text
from ..plan import Plan, read_plan
from ..program import Stacks
from ..progress import PLANNING, Follow
from ..side_by_side import below_each, stacks_at_a_time
from ..state import Mark, pulled
from ..terraform import ROOT, WORK, Stack, private_folder
from .bound import Record, record_path, write_record
from .report import StackReport, stack_report
from .source import Source

PLANS = WORK / "plans"
"""Where plans are saved: they hold every value in the clear, so they are never committed."""

_NO_BUCKET = re.compile(r"NoSuchBucket|bucket .*does not exist|S3 bucket .* does not exist", re.I)


@dataclass(slots=True)
class Planning:
    """What has become of the stacks so far."""

    synthesis: Stacks
    source: Source
    follow: Follow = lambda _name, _status: None
    plans: dict[str, Plan] = field(default_factory=dict)
    reports: dict[str, StackReport] = field(default_factory=dict)
    states: dict[str, Mark | None] = field(default_factory=dict)
    keep: bool = True
    """Whether the plans are saved, to be applied."""

    folder: Path = PLANS
    """Where to, a folder for each environment."""

    base: Base | None = None
    """Where it is given, a stack is planned that differs from it, or that depends on one whose outputs
    may change."""

    parallelism: int | None = None
    """How many stacks are planned at a time. Default: two a processor."""

    def run(self, chosen: Sequence[Stack]) -> None:
        """Plan every chosen stack of the synthesis."""
        variables = self.synthesis.program.terraform_environment()
        every = self.synthesis.stacks
        below = below_each(every)
        differing = self.base.differing(self.synthesis) if self.base else {*below}
        # Of what differs and is not planned here nobody knows what it will hand up.
        moving = differing - {stack.name for stack in chosen}
        for level in _in_order(chosen, below):
            wanted = [s for s in level if s.name in differing or moving & below[s.name]]
            for stack in level:
                if stack not in wanted:
                    self._leave(stack)
            self._plan_all(wanted, variables)
            for stack in wanted:
                plan = self.plans.get(stack.name)
                if plan is None or plan.outputs_changed:
                    moving.add(stack.name)

    def _plan_all(self, wanted: Sequence[Stack], variables: Mapping[str, str]) -> None:
        """Plan stacks that do not depend on each other."""
        by_name = {stack.name: stack for stack in self.synthesis.stacks}
        below = {name for stack in wanted for name in stack.dependencies}
        with ThreadPoolExecutor(stacks_at_a_time(self.parallelism)) as pool:
            opening = [by_name[name] for name in sorted(below - self.states.keys())]
            list(pool.map(lambda stack: self._open(stack, variables), opening))
            jobs = [pool.submit(self._plan, stack, variables) for stack in wanted]
            for job in jobs:
                job.result()

    def _leave(self, stack: Stack) -> None:
        """Report a stack that is as in the base, and keep no plan of it."""
        if self.keep:
            self._drop(stack)
        self._report(stack, "unchanged", f"as in {self.base}, and so not planned")

    def keep_lowest(self, chosen: Sequence[Stack]) -> None:
        """Keep the plans that can be applied now: of what changes, the stacks below which nothing does.

        A plan is bound to the states below it, so that it is stale once one of those is applied.
        """
        waits: set[str] = set()
        for level in levels(chosen):
            for stack in level:
                plan = self.plans.get(stack.name)
                changing = [
                    name
                    for name in stack.dependencies
                    if name in waits or ((below := self.plans.get(name)) and _changes(below))
                ]
                if plan is not None and changing:
                    del self.plans[stack.name]
                    self._report(stack, "blocked", _after(changing))
                    waits.add(stack.name)
                elif plan is None:
                    waits.add(stack.name)
                if plan is None or changing or not _changes(plan):
                    self._drop(stack)

    def _drop(self, stack: Stack) -> None:
        """Remove the saved plan of a stack, also of an earlier run."""
        saved = saved_in(self.folder, stack)
        saved.unlink(missing_ok=True)
        record_path(saved).unlink(missing_ok=True)
        if report := self.reports.get(stack.name):
            self.reports[stack.name] = replace(report, saved="")

    def _open(self, stack: Stack, variables: Mapping[str, str]) -> str:
        """Open a stack's state; the answer says why it cannot be, or is empty."""
        done = stack.init(variables)
        if done.status:
            self.states[stack.name] = None
            if _NO_BUCKET.search(done.output):
                return "its state bucket does not exist yet; inferform bootstrap makes it"
            return _errors(done.output)
        try:
            self.states[stack.name] = pulled(stack, variables)
        except OperatorError as error:
            self.states[stack.name] = None
            return _errors(str(error))
        return ""

    def _plan(self, stack: Stack, variables: Mapping[str, str]) -> None:
        environment = self.synthesis.environment(stack)
        self.follow(stack.name, PLANNING)
        failure = self._open(stack, variables)
        missing = [name for name in stack.dependencies if not self.states.get(name)]
        if missing:
            self._report(stack, "blocked", _stands_on(missing))
            return
        if failure:
            status = "blocked" if "inferform bootstrap" in failure else "failed"
            self._report(stack, status, failure)
            return
        saved = saved_in(self.folder, stack) if self.keep else stack.folder / f"{stack.name}.tfplan"
        private_folder(saved.parent)
        arguments = ("plan", "-no-color", "-input=false", "-lock=false", f"-out={saved}")
        begin = monotonic()
        done = stack.run(*arguments, environment=variables)
        if done.status == 0:
            plan_times.note(self.synthesis.program, stack, monotonic() - begin)
        else:
            # A deploy that broke off leaves a state without all of its outputs.
            if layers := lacking(done.output):
                below = [self._name_of(stack.environment, layer) for layer in layers]
                self._report(stack, "blocked", _stands_on(below, wholly=True))
                return
            advice = about_stack(done.output, stack, environment)
            note = _errors(done.output) + (f"; what to do: {advice}" if advice else "")
            self._report(stack, "failed", note)
            return
        try:
            shown = stack.answer("show", "-json", str(saved), environment=variables)
        except OperatorError as error:
            self._report(stack, "failed", _errors(str(error)))
            return
        plan = read_plan(shown, stack.name, stack=stack.content)
        if environment is not None:
            # An empty stack has no tag that would tell where it belongs.
            plan = replace(plan, environment=environment.key, region=environment.context.region)
        self.plans[stack.name] = plan
        at = self._keep(stack, environment, saved) if self.keep else ""
        self.reports[stack.name] = stack_report(
            plan, environment=stack.environment, saved=at, overrides=stack.overrides
        )
        if not self.keep:
            saved.unlink()
        self.follow(stack.name, "planned")

    def _name_of(self, environment: str, layer: str) -> str:
        """The name of the stack of a layer, or the layer's where the program has no such stack."""
        found = self.synthesis.layer(environment, layer)
        return found.name if found else layer

    def _keep(self, stack: Stack, environment: Environment | None, saved: Path) -> str:
        """Bind a saved plan to what it was made from; returns its path in the project."""
        record = Record.of(
            stack,
            saved,
            context=environment.context if environment else None,
            target=self.synthesis.program.target,
            source=self.source,
            state=self.states[stack.name],
            below={name: state for name in stack.dependencies if (state := self.states.get(name))},
        )
        write_record(saved, record)
        return str(saved.relative_to(ROOT) if saved.is_relative_to(ROOT) else saved)

    def _report(self, stack: Stack, status: str, note: str) -> None:
        self.reports[stack.name] = StackReport(
            stack.name, stack.environment or stack.name, status=status, note=mask_text(note)
        )
        self.follow(stack.name, status)


def saved_in(folder: Path, stack: Stack) -> Path:
    """Where the plan of a stack is saved, of those that are kept in a folder."""
    return folder / (stack.environment or stack.name) / f"{stack.name}.tfplan"


def levels(chosen: Sequence[Stack]) -> list[list[Stack]]:
    """Stacks that do not depend on each other, those below first."""
    return _in_order(chosen, {stack.name: stack.dependencies for stack in chosen})


def _in_order(chosen: Sequence[Stack], below: Mapping[str, Collection[str]]) -> list[list[Stack]]:
    """Those that do not depend on each other, also by way of others, those below first."""
    known = {stack.name: stack for stack in chosen}
    return [[known[name] for name in level] for level in side_by_side.levels([*known], below)]


def _changes(plan: Plan) -> bool:
    """Whether an apply of a plan does anything; so it is taken where Terraform does not say."""
    return plan.applyable is not False


def _after(changing: Sequence[str]) -> str:
    return (
        f"is planned once {' and '.join(changing)} {'is' if len(changing) == 1 else 'are'} applied"
    )


def _stands_on(below: Sequence[str], *, wholly: bool = False) -> str:
    verb = "is" if len(below) == 1 else "are"
    return (
        f"depends on {', '.join(below)}, which {verb} not {'wholly ' if wholly else ''}deployed yet"
    )


def _errors(output: str) -> str:
    """Terraform's errors in one line."""
    return " ".join(line.strip() for line in errors_of(output))[:600]
