"""Planning environments: stacks in their order, independent ones in parallel."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from inferform import Environment

from ..advice import about_terraform, errors_of, lacking
from ..cdk import Program
from ..errors import OperatorError
from ..masking import mask_text
from ..plan import Plan, read_plan
from ..state import Mark, pulled
from ..terraform import ROOT, WORK, Stack
from .bound import Record, write_record
from .report import StackReport, stack_report

PLANS = WORK / "plans"
"""Where plans are saved: they hold every value in the clear, so they are never committed."""

_PARALLEL = 4
_NO_BUCKET = re.compile(r"NoSuchBucket|bucket .*does not exist|S3 bucket .* does not exist", re.I)


@dataclass(slots=True)
class Planning:
    """What has become of the stacks so far."""

    program: Program
    commit: str
    follow: Callable[[str, str], None] = lambda _name, _status: None
    plans: dict[str, Plan] = field(default_factory=dict)
    reports: dict[str, StackReport] = field(default_factory=dict)
    states: dict[str, Mark | None] = field(default_factory=dict)
    keep: bool = True
    """Whether the plans are saved, to be applied."""

    folder: Path = PLANS
    """Where to, a folder for each environment."""

    # Terraform's plugin cache is not safe for two inits at a time.
    _init: threading.Lock = field(default_factory=threading.Lock)

    def run(self, chosen: Sequence[Stack], known: Sequence[Stack], owners: Owners) -> None:
        """Plan every chosen stack; `known` are all stacks, of which some may stand below."""
        variables = self.program.terraform_environment()
        by_name = {stack.name: stack for stack in known}
        wanted = {stack.name for stack in chosen}
        needed = {name for stack in chosen for name in stack.dependencies} - wanted
        for name in sorted(needed):
            self._open(by_name[name], variables)
        for level in levels(chosen):
            with ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
                jobs = [pool.submit(self._plan, stack, variables, owners) for stack in level]
                for job in jobs:
                    job.result()

    def _open(self, stack: Stack, variables: Mapping[str, str]) -> str:
        """Open a stack's state; the answer says why it cannot be, or is empty."""
        with self._init:
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

    def _plan(self, stack: Stack, variables: Mapping[str, str], owners: Owners) -> None:
        environment = owners[stack.name]
        self.follow(stack.name, "planning")
        failure = self._open(stack, variables)
        missing = [name for name in stack.dependencies if not self.states.get(name)]
        if missing:
            self._report(stack, environment, "blocked", _stands_on(missing))
            return
        if failure:
            status = "blocked" if "inferform bootstrap" in failure else "failed"
            self._report(stack, environment, status, failure)
            return
        folder = self.folder / environment.key if self.keep else stack.folder
        saved = folder / f"{stack.name}.tfplan"
        folder.mkdir(parents=True, exist_ok=True)
        arguments = ("plan", "-no-color", "-input=false", "-lock=false", f"-out={saved}")
        done = stack.run(*arguments, environment=variables)
        if done.status:
            # A deploy that broke off leaves a state without all of its outputs.
            if layers := lacking(done.output):
                below = [f"{environment.key}-{layer}" for layer in layers]
                self._report(stack, environment, "blocked", _stands_on(below, wholly=True))
                return
            layer = stack.name.removeprefix(f"{environment.key}-")
            advice = about_terraform(done.output, environment.context, layer)
            note = _errors(done.output) + (f"; what to do: {advice}" if advice else "")
            self._report(stack, environment, "failed", note)
            return
        try:
            shown = stack.answer("show", "-json", str(saved), environment=variables)
        except OperatorError as error:
            self._report(stack, environment, "failed", _errors(str(error)))
            return
        # An empty stack has no tag that would tell where it belongs.
        plan = replace(
            read_plan(shown, stack.name),
            environment=environment.key,
            region=environment.context.region,
        )
        self.plans[stack.name] = plan
        at = self._keep(stack, environment, saved) if self.keep else ""
        self.reports[stack.name] = stack_report(plan, environment=environment.key, saved=at)
        if not self.keep:
            saved.unlink()
        self.follow(stack.name, "planned")

    def _keep(self, stack: Stack, environment: Environment, saved: Path) -> str:
        """Bind a saved plan to what it was made from; the answer is its path in the project."""
        record = Record.of(
            stack,
            saved,
            context=environment.context,
            target="emulator" if self.program.emulator else "aws",
            commit=self.commit,
            state=self.states[stack.name],
            below={name: state for name in stack.dependencies if (state := self.states.get(name))},
        )
        write_record(saved, record)
        return str(saved.relative_to(ROOT) if saved.is_relative_to(ROOT) else saved)

    def _report(self, stack: Stack, environment: Environment, status: str, note: str) -> None:
        self.reports[stack.name] = StackReport(
            stack.name, environment.key, status=status, note=mask_text(note)
        )
        self.follow(stack.name, status)


Owners = Mapping[str, Environment]
"""The environment of each stack by the stack's name."""


def levels(chosen: Sequence[Stack]) -> Iterator[list[Stack]]:
    """Stacks that do not stand on each other, those below first."""
    left = {stack.name: stack for stack in chosen}
    while left:
        level = [
            stack for stack in left.values() if not any(name in left for name in stack.dependencies)
        ]
        yield level
        for stack in level:
            del left[stack.name]


def owners(
    known: Sequence[Stack], environments: Mapping[str, Environment]
) -> dict[str, Environment]:
    """Which environment each stack belongs to."""
    found = {}
    for stack in known:
        for key, environment in environments.items():
            if stack.name.startswith(f"{key}-"):
                found[stack.name] = environment
    return found


def _stands_on(below: Sequence[str], *, wholly: bool = False) -> str:
    verb = "is" if len(below) == 1 else "are"
    return (
        f"stands on {', '.join(below)}, which {verb} not {'wholly ' if wholly else ''}deployed yet"
    )


def _errors(output: str) -> str:
    """Terraform's errors in one line."""
    return " ".join(line.strip() for line in errors_of(output))[:600]
