"""Deploying and destroying stacks, with progress and a report for each."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from . import cdk
from .adopt import adopt, in_use
from .advice import about_terraform
from .aws import Aws
from .cdk import Deployment, Program, StackRun
from .environments import environments, matching
from .errors import BadInputError, OperatorError
from .output import print_table, stdout
from .state import States
from .terraform import ROOT, Stack, stacks, terraform_binary


def synthesize(program: Program) -> Path:
    """Synthesize every environment and return the folder. Raises OperatorError on failure."""
    answer = subprocess.run(
        [*program.command, "--outdir", str(program.outdir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise OperatorError(f"synthesis failed\n{answer.stderr}")
    return program.outdir


def chosen(patterns: Sequence[str], program: Program) -> list[Stack]:
    """The stacks whose names match, those below first.

    Raises BadInputError for a pattern that matches none.
    """
    wanted = matching(patterns, program.environments)
    return [stack for stack in stacks(synthesize(program)) if stack.name in wanted]


def deploy(patterns: Sequence[str], program: Program) -> Deployment:
    """Deploy the stacks that match with `cdktf deploy`, showing progress.

    Raises OperatorError with a report of every stack when one fails.
    """
    terraform_binary()
    wanted = chosen(patterns, program)
    names = [stack.name for stack in wanted]
    whole = all(below in names for stack in wanted for below in stack.dependencies)
    runs = {name: StackRun(name) for name in names}
    status, errors = 0, list[str]()
    log = cdk.new_log(program)
    with _progress() as progress:
        tasks = {
            name: progress.add_task(name, total=None, steps="", status="waiting") for name in names
        }

        def follow(run: StackRun) -> None:
            runs[run.name] = run
            _show(progress, tasks[run.name], run)

        # Stacks without some of those below them go one by one, as cdktf would mix their order.
        for batch in [names] if whole else [[name] for name in names]:
            done = cdk.deploy(batch, program=program, log=log, alone=not whole, follow=follow)
            status, errors = done.status, errors + done.errors
            if status:
                break
    deployment = Deployment(status, list(runs.values()), log, errors)
    if status:
        raise OperatorError(_failure(deployment, program))
    return deployment


def recover(name: str, program: Program) -> list[str]:
    """Clear the lock that a killed deploy left on a stack and take back what it created.

    Answers what was done, a line each.
    """
    (stack,) = chosen([name], program)
    known = environments(program.environments).environments
    context = next(e.context for e in known.values() if stack.name.startswith(f"{e.key}-"))
    aws = Aws(context, emulator=program.emulator)
    environment = program.terraform_environment()
    used = in_use(aws)
    ready = stack.init(environment)
    if ready.status:
        raise OperatorError(f"{stack.name} cannot be initialised\n{ready.output}")
    done = []
    lock = States(aws).lock(stack.name.removeprefix(f"{context.key}-"))
    if lock is not None:
        cleared = stack.run("force-unlock", "-force", lock.id, environment=environment)
        if cleared.status:
            raise OperatorError(f"the lock was not cleared\n{cleared.output}")
        done.append(f"cleared the lock of {lock.who}, {lock.created}")
    return done + adopt(stack, aws, environment, used)


def destroy(patterns: Sequence[str], program: Program) -> list[str]:
    """Destroy the stacks that match, those above first, with plain Terraform.

    cdktf-cli 0.21 can start Terraform again and again when one of several destroys fails.
    Raises OperatorError at the first stack that fails; those below it are left. Raises
    BadInputError while a stack that is left stands on one of them.
    """
    environment = program.terraform_environment()
    wanted = chosen(patterns, program)
    refuse_below([stack.name for stack in wanted], program)
    destroyed = []
    for stack in reversed(wanted):
        with stdout.status(f"destroying {stack.name}"):
            done = stack.init(environment)
            if done.status == 0:
                done = stack.run(
                    "destroy", "-auto-approve", "-no-color", "-input=false", environment=environment
                )
        if done.status:
            advice = _advice(stack.name, done.output, program)
            said = "\n".join([done.output[-4000:], *advice])
            raise OperatorError(f"{stack.name} was not destroyed\n{said}")
        stdout.print(f"destroyed {stack.name}", highlight=False)
        destroyed.append(stack.name)
    return destroyed


def refuse_below(names: Sequence[str], program: Program) -> None:
    """Raise BadInputError where others with resources stand on some stacks of a synthesis.

    What they read from the state below would be gone, and Terraform could neither change nor
    destroy them.
    """
    owners = matching(["*"], program.environments)
    standing = []
    for stack in stacks(program.outdir):
        if stack.name in names or not {*names} & {*stack.dependencies}:
            continue
        context = owners[stack.name].context
        layer = stack.name.removeprefix(f"{context.key}-")
        state = States(Aws(context, emulator=program.emulator)).read(layer)
        if state is not None and state.resources:
            standing.append(stack.name)
    if standing:
        raise BadInputError(
            f"{', '.join(standing)} would be left without what is below",
            "destroy those too, or first",
        )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[steps]}"),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
        console=stdout,
    )


def _show(progress: Progress, task: TaskID, run: StackRun) -> None:
    finished = run.status in ("applied", "no changes")
    total = run.steps or (1 if finished else None)
    progress.update(
        task,
        total=total,
        completed=total if finished else run.done,
        steps=f"{run.steps if finished else run.done}/{run.steps}" if run.steps else "",
        status=run.status,
    )


def _failure(deployment: Deployment, program: Program) -> str:
    lines = [f"cdktf deploy failed; the whole output is in {_shown(deployment.log)}"]
    emulated = " --emulator" if program.emulator else ""
    for run in deployment.stacks:
        status = "not started" if run.status == "waiting" else run.status
        lines.append(f"  {run.name}: {status}")
        lines += [f"    {line}" for line in run.error]
        if run.lock_id:
            folder = _shown(program.outdir / "stacks" / run.name)
            lines.append(
                "    another deploy holds the lock; wait for it. If it was killed, clear its lock "
                f"and take back what it created: inferra recover {run.name}{emulated}, or clear the "
                f"lock alone: terraform -chdir={folder} force-unlock {run.lock_id}"
            )
        elif run.is_taken:
            lines.append(
                "    if a killed deploy of this stack created it, take it back: inferra recover "
                f"{run.name}{emulated}"
            )
        else:
            lines += [f"    {line}" for line in _advice(run.name, "\n".join(run.error), program)]
    lines += [f"  {line}" for line in deployment.errors]
    lines.append("what was applied stays applied; the next run completes the rest")
    return "\n".join(lines)


def _advice(stack: str, output: str, program: Program) -> list[str]:
    """What to do about the errors of a stack, where they are known ones."""
    for environment in environments(program.environments).environments.values():
        prefix = f"{environment.key}-"
        if stack.startswith(prefix):
            said = about_terraform(output, environment.context, stack.removeprefix(prefix))
            return [f"what to do: {said}"] if said else []
    return []


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def report(deployment: Deployment, program: Program) -> None:
    """Print one line for each stack."""
    backends = {stack.name: stack.backend for stack in stacks(program.outdir)}
    print_table(
        ("stack", "result", "changes", "state key"),
        [(run.name, run.status, run.steps, backends[run.name]["key"]) for run in deployment.stacks],
    )
