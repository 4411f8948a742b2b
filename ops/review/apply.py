"""Applying a plan that was reviewed, and nothing else."""

from __future__ import annotations

from pathlib import Path

from ..advice import about_stack, errors_of
from ..deploy import found_at_aws, refuse_unsaved
from ..environments import environment as find_environment
from ..errors import OperatorError
from ..output import stdout
from ..program import Program
from . import bound
from .source import source_of


def apply(
    saved: Path, program: Program, *, environment: str | None = None, uncommitted: bool = False
) -> str:
    """Apply a saved plan and return the stack's name.

    With `uncommitted` a plan is taken that no commit holds wholly.

    Raises OperatorError for a plan of another commit, environment or target, and for a stale
    one.
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
                raise OperatorError(f"terraform init failed for {needed.name}\n{done.output}")
        bound.check_stack(record, stack, below, variables)
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
        emulated = program.emulator is not None
        said = about_stack(done.output, stack, synthesis.environment(stack), emulated=emulated)
        lines = [
            f"{stack.name} was not applied",
            *errors_of(done.output, limit=80),
            *found_at_aws(stack, done.output, synthesis),
        ]
        raise OperatorError("\n  ".join(lines), f"what to do: {said}" if said else "")
    # A plan is good for one apply.
    saved.unlink()
    bound.record_path(saved).unlink()
    return stack.name
