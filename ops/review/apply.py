"""Applying a plan that was reviewed, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..cdk import changed_in
from ..deploy import command, failure_of, refuse_unsaved, verify_all
from ..environments import environment as find_environment
from ..errors import BadInputError, OperatorError
from ..output import stdout
from ..plan import read_plan
from ..program import Program
from ..verify import Applied
from . import bound
from .approved import Approved
from .building import build
from .planning import levels
from .report import asked_for_again
from .source import source_of


@dataclass(frozen=True, slots=True)
class Done:
    """What has become of a plan."""

    stack: str
    applied: Applied
    """What is known of the services that it changed; nothing where nobody looked."""


def plans_in(folder: Path, program: Program) -> list[Path]:
    """The plans that are saved in a folder, those of lower stacks first. Raises BadInputError where there
    is none, and OperatorError for one of a stack that the program no longer has."""
    found = {bound.read_record(plan).stack: plan for plan in sorted(folder.glob("*.tfplan"))}
    if not found:
        raise BadInputError(f"there is no plan in {folder}", "inferform review ENV saves plans")
    names = [stack.name for level in levels(program.synthesize().stacks) for stack in level]
    if gone := sorted(found.keys() - set(names)):
        raise OperatorError(f"the program no longer has the stack {gone[0]}")
    return [found[name] for name in names if name in found]


def apply(
    saved: Path,
    program: Program,
    *,
    environment: str | None = None,
    uncommitted: bool = False,
    verified: bool = True,
    approved: Approved | None = None,
) -> Done:
    """Apply a saved plan, and verify the services that it changed where `verified`.

    With `uncommitted` a plan is taken that no commit holds wholly. With `approved` it must show what
    that review does.

    Raises NotApprovedError for a plan that shows something else, OperatorError for one of another commit, environment or
    target, for a stale one and one that asks for what a failed rollout left behind, and where a service does not serve what was asked for.
    """
    saved = saved.resolve()
    record = bound.read_record(saved)
    bound.check(
        record,
        saved,
        environment=environment,
        target=program.target,
        source=source_of(program.folder, program.environments),
        uncommitted=uncommitted,
    )
    if record.environment:
        context = find_environment(record.environment, program.environments).context
        if (context.account, context.region) != (record.account, record.region):
            raise OperatorError(
                f"{saved} is a plan for account {record.account} in {record.region}, but "
                f"{record.environment} is account {context.account} in {context.region}"
            )
    with stdout.status(f"checking the plan of {record.stack}"):
        synthesis = program.synthesize()
        known = {stack.name: stack for stack in synthesis.stacks}
        if record.stack not in known:
            raise OperatorError(f"the program no longer has the stack {record.stack}")
        stack = known[record.stack]
        refuse_unsaved([stack], program)
        variables = program.terraform_environment()
        below = [known[name] for name in stack.dependencies]
        for needed in (*below, stack):
            done = needed.init(variables)
            if done.status:
                lines = [
                    f"{needed.name} cannot be opened",
                    *failure_of(needed, done.output, synthesis),
                ]
                raise OperatorError("\n  ".join(lines), "nothing was done")
        bound.check_stack(record, saved, stack, below, variables)
        shown = stack.answer("show", "-json", str(saved), environment=variables)
        if again := list(asked_for_again(read_plan(shown, stack.name, in_clear=True))):
            raise OperatorError(
                f"{' and '.join(again)} would be created again, which AWS refuses, as what a failed run left "
                "under that name is deleted only afterwards; nothing was done",
                f"{command('deploy', [stack.name], synthesis)} takes it back; so does "
                f"{command('recover', [stack.name], synthesis)}, after which a new review can be "
                "applied",
            )
        if approved is not None:
            approved.refuse_others(build([read_plan(shown, stack.name, stack=stack.content)]))
    with stdout.status(f"applying the plan of {stack.name}"):
        done = stack.run(
            "apply", "-no-color", "-input=false", str(saved), environment=variables, timeout=7200
        )
    if done.status:
        if "Saved plan is stale" in done.output:
            raise OperatorError(
                f"the plan of {stack.name} is stale: the state has been written since",
                bound.again(record),
            )
        lines = [f"{stack.name}: failed", *failure_of(stack, done.output, synthesis)]
        raise OperatorError(
            "\n  ".join(lines), f"what was applied stays applied; {bound.again(record)}"
        )
    # A plan is good for one apply.
    saved.unlink()
    bound.record_path(saved).unlink()
    changed = changed_in(done.output)
    found = verify_all({stack.name: changed} if verified else {}, synthesis)
    return Done(stack.name, found.get(stack.name, Applied()))
