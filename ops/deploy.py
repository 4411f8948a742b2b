"""Deploying and destroying stacks, with progress and a report for each."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from . import cdk
from .adopt import adopt, in_use, reinstate
from .advice import about_stack, errors_of, explained
from .aws import Aws
from .cdk import Deployment, StackRun
from .changed import base_of, note
from .errors import BadInputError, NotVerifiedError, OperatorError, UnsettledError
from .faults import Fault, faults_of, told
from .kinds import kinds
from .kinds.record import Reverted
from .masking import mask_text
from .output import print_table, stderr, stdout
from .program import Program, Stacks, note_warnings
from .references import type_of
from .side_by_side import Done, below_each, levels, stacks_at_a_time, work
from .state import Lock, State, States, opened
from .terraform import (
    ROOT,
    Outcome,
    Stack,
    contents_of,
    one_provider,
    plugin_cache,
    stacks,
    terraform_binary,
)
from .verify import Applied, verify_at, verify_stack

_ERROR_LINES = 80


def _agreed(_: Sequence[Stack]) -> None:
    """Ask nobody."""


def unchecked(_: Stacks, _wanted: Sequence[Stack]) -> None:
    """Refuse nothing."""


def begun(
    patterns: Sequence[str],
    program: Program,
    *,
    ask: Callable[[Sequence[Stack]], None],
    check: Callable[[Stacks, Sequence[Stack]], None],
    base: str = "",
) -> tuple[Stacks, list[Stack]]:
    """What is synthesized, and the stacks to deploy, which may be deployed. See `deploy`."""
    terraform_binary()
    with stdout.status("synthesizing"):
        synthesis = program.synthesize()
    wanted = synthesis.matching(patterns)
    note_warnings(synthesis, wanted)
    if base:
        wanted = _differing(wanted, synthesis, base)
    if not wanted:
        return synthesis, []
    check(synthesis, wanted)
    ask(wanted)
    refuse_unsaved(wanted, program)
    take_over_backends(wanted, synthesis)
    return synthesis, wanted


def _differing(wanted: Sequence[Stack], synthesis: Stacks, ref: str) -> list[Stack]:
    """The stacks that differ from those of a commit, and all above them; the others are named."""
    base = base_of(synthesis.program, ref)
    note(base, synthesis)
    differing, below = base.differing(synthesis), below_each(synthesis.stacks)
    found = [stack for stack in wanted if differing & {stack.name, *below[stack.name]}]
    left = [stack.name for stack in wanted if stack not in found]
    if left:
        stderr.print(f"as in {base}, and so left out: {', '.join(left)}", markup=False)
    return found


def deploy(
    patterns: Sequence[str],
    program: Program,
    *,
    ask: Callable[[Sequence[Stack]], None] = _agreed,
    check: Callable[[Stacks, Sequence[Stack]], None] = unchecked,
    verified: bool = True,
    parallelism: int | None = None,
    base: str = "",
) -> Deployment:
    """Deploy the stacks that match with `cdktf deploy`, showing progress, and verify what changed.

    `check` may refuse the stacks, and `ask` is called with them, before anything is done; `verified`
    says whether the services that were changed are looked at afterwards. `parallelism` stacks are
    deployed at a time, see `side_by_side`; where one fails, those above it are left, and the
    others are deployed. With `base`, a branch or commit, stacks that are as there, and depend on none
    that is not, are left out. Raises OperatorError with
    a report of every stack when one fails or a service does not serve, and BadInputError for a
    pattern that matches none.
    """
    synthesis, wanted = begun(patterns, program, ask=ask, check=check, base=base)
    fetch_providers(wanted, synthesis, parallelism=parallelism)
    for name, lines in reinstated(wanted, synthesis, parallelism=parallelism):
        for line in lines:
            stderr.print(f"{name}: {line}", markup=False)
    names = [stack.name for stack in wanted]
    runs = {name: StackRun(name) for name in names}
    status, errors = 0, list[str]()
    log = cdk.new_log(program)
    with shown(names) as show:

        def follow(run: StackRun) -> None:
            runs[run.name] = run
            show(run)

        for batch, alone in _batches(names, runs, synthesis):
            done = cdk.deploy(
                batch,
                program=program,
                log=log,
                alone=alone,
                parallelism=stacks_at_a_time(parallelism),
                follow=follow,
            )
            status, errors = status or done.status, errors + done.errors
            if done.status and not any(runs[name].status == "failed" for name in batch):
                break  # it was cdktf itself, or somebody has ended it
    deployment = Deployment(status, list(runs.values()), log, errors)
    if status:
        _complete(deployment.stacks, synthesis)
        raise OperatorError(failure(deployment, synthesis))
    if verified:
        changed = {run.name: run.changed for run in deployment.stacks if run.changed}
        deployment.applied.update(verify_all(changed, synthesis, parallelism=parallelism))
    return deployment


def _complete(runs: Iterable[StackRun], synthesis: Stacks) -> None:
    """Read from a plan what the run of a stack failed of, where cdktf did not print it.

    cdktf ends with Terraform. What is still on its way from Terraform is lost then, and an error is the
    last that a plan prints.
    """
    for run in runs:
        stack = synthesis.stack(run.name)
        is_told = any(fault.detail or fault.address for fault in faults_of(run.error))
        if stack is None or is_told or run.status not in ("deploying", "failed"):
            continue
        with stdout.status(f"looking for what {run.name} failed of"):
            variables = synthesis.program.terraform_environment()
            planned = stack.run(
                "plan", "-no-color", "-input=false", "-lock=false", environment=variables
            )
        if planned.status:
            run.status, run.error = "failed", planned.output.splitlines()


def _batches(
    names: Sequence[str], runs: Mapping[str, StackRun], synthesis: Stacks
) -> Iterator[tuple[list[str], bool]]:
    """What cdktf deploys in one run, and whether without what it depends on.

    cdktf keeps the order of stacks only where all those below them are among them, so others go level by
    level. It begins no stack after one that fails; those that do not depend on it are deployed then.
    """
    below = below_each(synthesis.stacks)
    if names and all({*below[name]} <= {*names} for name in names):
        yield [*names], False
    left = [name for name in names if runs[name].status == "waiting"]
    for level in levels(left, below):
        failed = {name for name in names if runs[name].status not in _DONE}
        ready = [name for name in level if not below[name] & failed]
        if ready:
            yield ready, True


def reinstated(
    wanted: Sequence[Stack], synthesis: Stacks, *, parallelism: int | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Make current again what failed runs of stacks replaced or tainted, see `adopt.reinstate`.

    Answers what was done, by the name of the stack. States are read side by side, and of one without
    deposed or tainted objects nothing else is done.
    """
    known = {stack.name: stack for stack in wanted if synthesis.with_state(stack)}
    clients = {
        key: Aws(synthesis.environments[key].context, emulator=synthesis.program.emulator)
        for key in dict.fromkeys(stack.environment for stack in known.values())
    }

    def is_half_way(name: str) -> bool:
        stack = known[name]
        state = States(clients[stack.environment], contents_of([stack])).read(stack.layer)
        return state is not None and bool(state.deposed or state.tainted)

    # A state that cannot be read is found by the deploy as well, which tells it for each stack.
    with stdout.status("looking for what failed runs have left"):
        read = work(
            [*known], is_half_way, after=dict.fromkeys(known, ()), parallelism=parallelism
        ).results
    for name, stack in known.items():
        if read.get(name):
            yield name, _reinstated(stack, clients[stack.environment], synthesis)


def _reinstated(stack: Stack, aws: Aws, synthesis: Stacks) -> list[str]:
    variables = synthesis.program.terraform_environment()
    with stdout.status(f"looking for what a failed run of {stack.name} has left"):
        ready = stack.init(variables)
        if ready.status:
            return []
        with one_provider(stack, variables) as light:
            return reinstate(stack, aws, light)


def verify_changed(
    stack: Stack,
    changed: Sequence[str],
    synthesis: Stacks,
    *,
    waiting: Callable[[str], object] = lambda _: None,
) -> Applied:
    """What is known of the services that an apply has changed.

    Raises OperatorError where one does not serve, or not what was asked for.
    """
    found = verify_stack(stack, changed, synthesis, waiting=waiting)
    if found.failed:
        lines = [f"{stack.name} was applied, but what it changed does not serve as it should"]
        for each in found.failed:
            lines += [f"  {each.subject} {each.found}", f"    what to do: {each.fix}"]
        raise OperatorError("\n".join([*lines, *(f"  {line}" for line in notes(found))]))
    return found


def verify_all(
    changed: Mapping[str, Sequence[str]], synthesis: Stacks, *, parallelism: int | None = None
) -> dict[str, Applied]:
    """What is known of the services that the applies of stacks have changed, by the stack's name.

    The stacks are looked at side by side. Raises OperatorError with all that does not serve, and what is
    known of the others.
    """
    known = {stack.name: stack for stack in synthesis.stacks if stack.name in changed}
    busy, telling = dict[str, str](), threading.Lock()
    with stdout.status("verifying") as status:

        def tell(name: str, waits_for: str | None) -> None:
            with telling:
                busy.pop(name, None)
                if waits_for is not None:
                    busy[name] = f"{name}, waiting for {waits_for}" if waits_for else name
                status.update(f"verifying {'; '.join(busy.values())}")

        def one(name: str) -> Applied:
            tell(name, "")
            try:
                return verify_changed(
                    known[name], changed[name], synthesis, waiting=lambda text: tell(name, text)
                )
            finally:
                tell(name, None)

        done = work([*known], one, after=dict.fromkeys(known, ()), parallelism=parallelism)
    found = {name: done.results[name] for name in known if name in done.results}
    if done.failed:
        said = [done.failed[name].message for name in known if name in done.failed]
        said += [f"{name}: {line}" for name, each in found.items() for line in notes(each)]
        raise OperatorError("\n".join(said))
    return found


def notes(found: Applied) -> list[str]:
    """What is to be said of the services that an apply has changed, a line each."""
    return [
        *([f"verified: {', '.join(found.verified)}"] if found.verified else []),
        *(f"{each.subject} {each.found}: {each.fix}" for each in found.left_open),
        *(f"not verified: {name}: {why}" for name, why in found.unknown.items()),
    ]


def refuse_unknown(found: Iterable[Applied]) -> None:
    """Raise NotVerifiedError where nothing is known of a service that was changed."""
    names = [name for each in found for name in each.unknown]
    if names:
        raise NotVerifiedError(
            f"applied; whether it serves is not known: {', '.join(names)}",
            "inferform verify ENV looks again; --no-verify does not look",
        )


def refuse_unsaved(wanted: Sequence[Stack], program: Program) -> None:
    """Raise OperatorError where the last run of a stack could not write its state.

    A run that began with the older state would make everything again that only the unwritten
    one knows.
    """
    names = [stack.name for stack in wanted if stack.unsaved.exists()]
    if names:
        option = " --emulator" if program.emulator else ""
        raise OperatorError(
            f"the state of the last run is not in the bucket yet: {', '.join(names)}",
            f"inferform recover {' '.join(names)}{option} writes it",
        )


def take_over_backends(wanted: Sequence[Stack], synthesis: Stacks) -> None:
    """Let the folders of stacks know settings of their backends that have changed, which cdktf
    refuses. Raises OperatorError where a state would be looked for in another place."""
    variables = synthesis.program.terraform_environment()
    for stack in wanted:
        if stack.moved:
            raise OperatorError(stack.moved)
        done = stack.init(variables) if stack.backend_changed else Outcome(0, "")
        if done.status:
            said = failure_of(stack, done.output, synthesis)
            raise OperatorError("\n  ".join([f"{stack.name} cannot be initialised", *said]))


def fetch_providers(
    wanted: Sequence[Stack], synthesis: Stacks, *, parallelism: int | None = None
) -> None:
    """Get the providers of stacks where Terraform keeps them in a plugin cache.

    cdktf initialises all stacks at once, which Terraform does not allow with such a cache; here those wait
    for each other that fill it, see `Stack.init`.
    """
    variables = synthesis.program.terraform_environment()
    lacking = {stack.name: stack for stack in wanted if not stack.has_providers}
    if plugin_cache(variables) is None or not lacking:
        return
    with stdout.status(f"getting the providers of {len(lacking)} stacks"):
        # What fails here fails in the deploy too, which tells it.
        work(
            [*lacking],
            lambda name: lacking[name].init(variables, backend=False),
            after=dict.fromkeys(lacking, ()),
            parallelism=parallelism,
        )


def recover(
    patterns: Sequence[str],
    program: Program,
    *,
    unsaved: bool = False,
    ask: Callable[[Sequence[Stack]], None] = _agreed,
    parallelism: int | None = None,
) -> list[str]:
    """Repair stacks after a run that was killed or cut off, those below first.

    The lock is cleared, a state that could not be written is written, and what was created and is
    in no state is taken back. With `unsaved` only stacks are touched whose last run on this machine
    left such a state, or its lock. Answers what was done, a line each. Raises OperatorError where
    somebody wrote the state since.
    """
    with stdout.status("synthesizing"):
        synthesis = program.synthesize()
    wanted = {stack.name: stack for stack in synthesis.matching(patterns)}
    ask([*wanted.values()])

    def one(name: str) -> list[str]:
        stack = wanted[name]
        return _recover(stack, synthesis) if not unsaved or _was_cut_off(stack, synthesis) else []

    with stdout.status(f"recovering {', '.join(wanted)}"):
        below = below_each(synthesis.stacks)
        ended = work([*wanted], one, after=below, parallelism=parallelism)
    done = [line for name in wanted for line in ended.results.get(name, ())]
    if ended.failed:
        raise _unrecovered(ended, done)
    return done


def _unrecovered(ended: Done[list[str]], done: Sequence[str]) -> OperatorError:
    """What has become of each stack of a recovery that failed for some."""
    errors = [*ended.failed.values()]
    if len(errors) == 1 and not done and not ended.left:
        return errors[0]
    lines = [*done]
    for name, error in ended.failed.items():
        lines += [
            f"{name} was not recovered",
            *(f"  {line}" for line in error.message.splitlines()),
        ]
        lines += [f"  {error.hint}"] if error.hint else []
    lines += [f"{name} was left, as it depends on one of these" for name in ended.left]
    return OperatorError("\n".join(lines))


def _was_cut_off(stack: Stack, synthesis: Stacks) -> bool:
    """Whether the last run of a stack on this machine left an unwritten state, or its lock."""
    if stack.unsaved.exists():
        return True
    environment = synthesis.with_state(stack)
    variables = synthesis.program.terraform_environment()
    if environment is None or stack.is_at_work(variables) is not False:
        return False
    aws = Aws(environment.context, emulator=synthesis.program.emulator)
    lock = States(aws, contents_of([stack])).lock(stack.layer)
    return lock is not None and lock.is_of_here


def _recover(stack: Stack, synthesis: Stacks) -> list[str]:
    program, environment = synthesis.program, synthesis.with_state(stack)
    variables = program.terraform_environment()
    if environment is None:
        return _recover_own(stack, variables)
    context = environment.context
    aws = Aws(context, emulator=program.emulator)
    used, unread = set[str](), None
    try:
        used = in_use(aws)
    except UnsettledError:
        raise  # whoever holds the lock may be about it
    except OperatorError as error:
        unread = error  # neither the lock nor the state needs to know
    ready = stack.init(variables)
    if ready.status:
        raise OperatorError(f"{stack.name} cannot be initialised\n{ready.output}")
    done = list[str]()
    states = States(aws, contents_of([stack]))
    lock = states.lock(stack.layer)
    if lock is not None:
        _check_lock(lock, stack, states.how_to_unlock(stack.layer, lock))
        cleared = stack.run("force-unlock", "-force", lock.id, environment=variables)
        if cleared.status:
            raise OperatorError(f"the lock was not cleared\n{cleared.output}")
        done.append(f"cleared the lock of {lock.who}, {lock.created}")
    if stack.unsaved.exists():
        done.append(_write_unsaved(stack, variables))
    if unread is not None:
        raise OperatorError("\n".join([*done, unread.message]), unread.hint) from unread
    with one_provider(stack, variables) as light:
        done += reinstate(stack, aws, light)
        return done + adopt(stack, aws, light, used)


def _recover_own(stack: Stack, variables: Mapping[str, str]) -> list[str]:
    """What can be done for a stack of one's own: nobody else knows its lock and its tags."""
    if not stack.unsaved.exists():
        return [
            f"{stack.name} is no layer with a state in S3: its lock, and what it created and is in "
            "no state, were not looked for"
        ]
    ready = stack.init(variables)
    if ready.status:
        raise OperatorError(f"{stack.name} cannot be initialised\n{ready.output}")
    return [_write_unsaved(stack, variables)]


def _check_lock(lock: Lock, stack: Stack, unlock: str) -> None:
    """Refuse the lock of a move between states, and one that was taken after the run whose state could
    not be written."""
    if lock.is_of_move:
        raise OperatorError(
            f"a move between states holds the lock of {stack.name}: {lock}",
            f"wait for it; if it is dead: {unlock}",
        )
    if not stack.unsaved.exists():
        return
    ended = datetime.fromtimestamp(stack.unsaved.stat().st_mtime, UTC)
    if datetime.fromisoformat(lock.created) > ended:
        raise OperatorError(
            f"another run holds the lock of {stack.name}: {lock}",
            f"wait for it; if it is dead: {unlock}",
        )


def _write_unsaved(stack: Stack, variables: Mapping[str, str]) -> str:
    name = stack.unsaved.name
    pushed = stack.run("state", "push", "-no-color", name, environment=variables)
    if pushed.status:
        raise OperatorError(
            f"the state in {_shown(stack.unsaved)} was not written\n{pushed.output}",
            "where somebody has written the state since, move that file away and run this again: "
            "what only it knows is taken back by its tags",
        )
    stack.unsaved.unlink()
    return f"wrote the state that {name} held"


def destroy(
    patterns: Sequence[str],
    program: Program,
    *,
    ask: Callable[[Sequence[Stack]], None] = _agreed,
    parallelism: int | None = None,
) -> list[str]:
    """Destroy the stacks that match, those above first, with plain Terraform.

    cdktf-cli 0.21 can start Terraform again and again when one of several destroys fails.
    `parallelism` of them run at a time, see `side_by_side`. Where one fails, those below it are
    left, the others are destroyed, and OperatorError says what has become of each. Raises
    BadInputError while a stack that is left depends on one of them, or one holds what may not be destroyed.
    """
    environment = program.terraform_environment()
    with stdout.status("synthesizing"):
        synthesis = program.synthesize()
    wanted = {stack.name: stack for stack in synthesis.matching(patterns)}
    ask([*wanted.values()])
    refuse_unsaved([*wanted.values()], program)
    refuse_below([*wanted], synthesis)
    refuse_protected([*wanted.values()], synthesis)
    log = program.outdir / "destroy.log"
    log.write_text("", encoding="utf-8")
    below = below_each(synthesis.stacks)
    above = {name: [each for each in wanted if name in below[each]] for name in wanted}
    names, writing = [*reversed(wanted)], threading.Lock()
    with _progress() as progress:
        tasks = _tasks(progress, names)

        def one(name: str) -> None:
            stack = wanted[name]
            progress.update(tasks[name], status="destroying")
            done = stack.init(environment)
            if done.status == 0:
                done = stack.run(
                    "destroy", "-auto-approve", "-no-color", "-input=false", environment=environment
                )
            with writing, log.open("a", encoding="utf-8") as sink:
                sink.write(done.output)
            if done.status:
                progress.update(tasks[name], status="failed")
                raise OperatorError("\n".join(failure_of(stack, done.output, synthesis)))
            progress.update(tasks[name], total=1, completed=1, status="destroyed")

        ended = work(names, one, after=above, parallelism=parallelism)
    destroyed = [name for name in names if name in ended.results]
    for name in destroyed:
        stdout.print(f"destroyed {name}", highlight=False)
    if ended.failed:
        lines = list[str]()
        for name, error in ended.failed.items():
            lines += [f"{name} was not destroyed"]
            lines += [f"  {line}" for line in error.message.splitlines()]
        left = [name for name in wanted if name not in destroyed]
        lines += [
            "what was destroyed stays destroyed; the next run continues where this one stopped: "
            f"{command('destroy', left, synthesis)}",
            f"the whole output is in {_shown(log)}",
        ]
        raise OperatorError("\n".join(lines))
    return destroyed


def refuse_below(names: Sequence[str], synthesis: Stacks) -> None:
    """Raise BadInputError where others with resources depend on some stacks of a synthesis.

    What they read from the state below would be gone, and Terraform could neither change nor
    destroy them.
    """
    standing = [
        stack.name
        for stack in synthesis.stacks
        if stack.name not in names
        and {*names} & {*stack.dependencies}
        and _holds_resources(stack, synthesis)
    ]
    if standing:
        raise BadInputError(
            f"{', '.join(standing)} would be left without what is below",
            "destroy those too, or first",
        )


def refuse_protected(wanted: Sequence[Stack], synthesis: Stacks) -> None:
    """Raise BadInputError where a state holds what its stack says may not be destroyed.

    Terraform would refuse it as well, once what serves above it is gone.
    """
    kept = {stack.name: found for stack in wanted if (found := _protected(stack, synthesis))}
    if kept:
        raise BadInputError(
            "nothing is destroyed, as Terraform refuses to destroy what is protected: "
            + "; ".join(f"{name} holds {', '.join(found)}" for name, found in kept.items()),
            "to destroy it on purpose, set protected=False in the Context, or take it out of "
            "Environment.imported; deploy, and destroy",
        )


def _protected(stack: Stack, synthesis: Stacks) -> list[str]:
    named = {
        f"{kind}.{name}"
        for kind, each in stack.content.get("resource", {}).items()
        for name, body in each.items()
        if (body.get("lifecycle") or {}).get("prevent_destroy")
    }
    state = _state(stack, synthesis) if named else None
    held = state.resources if state is not None else {}
    return sorted(address for address in held if address.partition("[")[0] in named)


def _holds_resources(stack: Stack, synthesis: Stacks) -> bool:
    state = _state(stack, synthesis)
    return state is not None and bool(state.resources)


def _state(stack: Stack, synthesis: Stacks) -> State | None:
    program, environment = synthesis.program, synthesis.with_state(stack)
    if environment is None:
        return opened(stack, program.terraform_environment())
    aws = Aws(environment.context, emulator=program.emulator)
    return States(aws, contents_of([stack])).read(stack.layer)


@contextmanager
def shown(names: Iterable[str]) -> Iterator[Callable[[StackRun], None]]:
    """Show a line for each stack; what is yielded brings the line of one up to date."""
    with _progress() as progress:
        tasks = _tasks(progress, names)
        yield lambda run: _show(progress, tasks[run.name], run)


def _tasks(progress: Progress, names: Iterable[str]) -> dict[str, TaskID]:
    return {name: progress.add_task(name, total=None, steps="", status="waiting") for name in names}


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


def failure(deployment: Deployment, synthesis: Stacks) -> str:
    """What has become of each stack of a deploy that failed, and what to do."""
    failed = [run for run in deployment.stacks if run.status == "failed"]
    lines = []
    for run in deployment.stacks:
        lines.append(f"{run.name}: {'not started' if run.status == 'waiting' else run.status}")
        stack = synthesis.stack(run.name)
        if stack is not None and run.error:
            lines += [f"  {line}" for line in failure_of(stack, "\n".join(run.error), synthesis)]
            if run.lock_id:
                there = f"-chdir={_shown(stack.folder)}"
                unlock = shlex.join(["terraform", there, "force-unlock", run.lock_id])
                lines.append(f"  where that run is dead, this clears its lock alone: {unlock}")
    if not failed:
        # It ended without an error of Terraform's, as when cdktf itself cannot run.
        said = [*deployment.errors, f"cdktf ended with status {deployment.status}"]
        lines += [f"  {line}" for line in dict.fromkeys(said)]
    open_ = [run.name for run in deployment.stacks if run.status not in _DONE]
    return "\n".join(
        [
            *lines,
            "what was applied stays applied, and the next deploy does the rest: "
            f"{command('deploy', open_, synthesis)}",
            f"the whole output is in {_shown(deployment.log)}",
        ]
    )


_DONE = ("applied", "no changes")


def command(verb: str, names: Sequence[str], synthesis: Stacks) -> str:
    """The command of ours that works on these stacks."""
    emulated = ["--emulator"] if synthesis.program.emulator else []
    return shlex.join(["inferform", verb, *names, *emulated])


def failure_of(stack: Stack, output: str, synthesis: Stacks) -> list[str]:
    """What a person needs of what Terraform printed for a stack: cause, place, what to do."""
    words = {kind: record.words for kind, record in kinds().items()}
    output = mask_text(output)
    said = told(output, words) or errors_of(output, limit=_ERROR_LINES)
    return [*said, *_found_at_aws(stack, output, synthesis), *_advice(stack, output, synthesis)]


def _found_at_aws(stack: Stack, output: str, synthesis: Stacks) -> list[str]:
    """What AWS says of the services that failed: why it put an update of theirs back."""
    environment = synthesis.environment(stack)
    addresses = dict.fromkeys(fault.address for fault in faults_of(output) if _is_told(fault))
    if environment is None or not addresses:
        return []
    aws = Aws(environment.context, emulator=synthesis.program.emulator)
    try:
        with explained(environment.context, stack.layer):
            state = States(aws, contents_of([stack])).read(stack.layer)
            findings = verify_at(environment, aws, state, addresses) if state else []
    except OperatorError as error:
        return [f"what AWS says of it is not known: {error.message}"]
    failed = [each for each in findings if each.outcome == "failed"]
    fixes = dict.fromkeys(each.fix for each in failed)
    return [
        *(f"{each.subject} {each.found}" for each in failed),
        *(f"what to do: {fix}" for fix in fixes),
    ]


def _is_told(fault: Fault) -> bool:
    """Whether AWS has more to say of a resource that failed than Terraform does."""
    record = kinds().get(type_of(fault.address))
    return record is not None and isinstance(record.reverted, Reverted)


def _advice(stack: Stack, output: str, synthesis: Stacks) -> list[str]:
    """What to do about the errors of a stack, where they are known ones."""
    emulated = synthesis.program.emulator is not None
    said = about_stack(output, stack, synthesis.environment(stack), emulated=emulated)
    return [f"what to do: {said}"] if said else []


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def report(deployment: Deployment, program: Program) -> None:
    """Print one line for each stack."""
    keys = {stack.name: stack.state_key for stack in stacks(program.outdir)}
    print_table(
        ("stack", "result", "changes", "state key"),
        [(run.name, run.status, run.steps, keys[run.name]) for run in deployment.stacks],
    )
    for found in deployment.applied.values():
        for line in notes(found):
            stdout.print(line, markup=False)
