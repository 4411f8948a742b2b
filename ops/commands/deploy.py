"""`inferform deploy`, `inferform destroy` and `inferform recover`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..environments import (
    DEFAULT,
    Changed,
    Compared,
    Emulated,
    Parallelism,
    Preflight,
    environments,
    repeated,
)
from ..errors import BadInputError
from ..output import Approve, Json, confirm, print_json, print_table, stderr, stdout
from . import AFTER, DEPLOY, Command

if TYPE_CHECKING:
    from inferform import Environment
    from inferform.service import Deployed

    from ..program import Program
    from ..terraform import Stack
    from ..verify import Applied

Stacks = Annotated[
    list[str], typer.Argument(metavar="STACK", help="Stack names or patterns: 'dev-use1-*'.")
]


Verify = Annotated[
    bool, typer.Option(help="Check that the services which were changed serve what was asked for.")
]
"""The `--no-verify` option of commands that apply."""

Approved = Annotated[
    str | None,
    typer.Option(
        "--approved",
        metavar="REVIEW",
        help="Apply only what this review shows: its JSON file, or its digest.",
    ),
]
"""The `--approved` option of commands that apply."""


def deploy(
    stacks: Stacks,
    preflight: Preflight = True,
    verify: Verify = True,
    approved: Approved = None,
    parallelism: Parallelism = None,
    changed: Changed = False,
    base: Compared = DEFAULT,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Run cdktf deploy for the stacks that match, and verify the services that it changed.

    Exit status 1 when a stack failed, or a service does not serve what was asked for; 3 when all was
    applied and whether it serves is not known; 4 when what would be applied is not what was approved.

    Refuses first what would fail in its middle: a missing image or artifact, a name that is taken.

    Example: inferform deploy 'dev-use1-*' --auto-approve
    """
    from .. import deploy as operations
    from ..aws import emulator_in_use
    from ..missing import refuse_missing
    from ..program import Program
    from ..review import approved as by_review

    if changed and approved is not None:
        raise BadInputError(
            "--approved applies all that was reviewed, and so does not go with --changed"
        )
    program = Program.of(emulator_in_use() if emulator else None)
    check = refuse_missing if preflight else operations.unchecked
    ask = _ask("deploy", program, auto_approve)
    with _interruptible():
        if approved is None:
            deployment = operations.deploy(
                stacks,
                program,
                ask=ask,
                check=check,
                verified=verify,
                parallelism=parallelism,
                base=base if changed else "",
            )
        else:
            review = by_review.Approved.of(approved)
            deployment = by_review.deploy(
                stacks,
                program,
                review,
                ask=ask,
                check=check,
                verified=verify,
                parallelism=parallelism,
            )
    applied = deployment.applied
    if json:
        print_json(
            [
                {"stack": run.name, "result": run.status, **told(applied.get(run.name))}
                for run in deployment.stacks
            ]
        )
    else:
        operations.report(deployment, program)
        _tell_next(program, {run.name for run in deployment.stacks if run.status == "applied"})
    operations.refuse_unknown(applied.values())


def _tell_next(program: Program, applied: Collection[str]) -> None:
    # Imported late, as most commands do without it.
    from ..terraform import stacks

    layers: dict[str, set[str]] = {}
    for stack in stacks(program.outdir):
        if stack.name in applied:
            layers.setdefault(stack.environment, set()).add(stack.layer)
    known = environments(program.environments).environments
    tell_next(known, layers, emulated=program.emulator is not None)


def tell_next(
    known: Mapping[str, Environment], layers: Mapping[str, Collection[str]], *, emulated: bool
) -> None:
    """Show the services of layers that were applied, how to call one, and what to do next.

    `layers` are the names of those that were applied, by the key of their environment.
    """
    keys = [key for key in layers if key in known]
    services = [
        each
        for key in keys
        for each in known[key].deployed
        if each.place.layer in layers[key] and each.resource
    ]
    if services:
        print_table(
            ("service", "name in AWS", "environment"),
            [(each.full_name, _own_name(each), each.place.environment.key) for each in services],
            title="in service",
        )
    endpoint = next((each for each in services if each.spec.sort == "endpoint"), None)
    if endpoint and not emulated:
        region = endpoint.place.environment.context.region
        stdout.print(
            f"call      aws sagemaker-runtime invoke-endpoint --endpoint-name {_own_name(endpoint)} "
            f"--region {region} --content-type text/csv --body fileb://body.csv answer.txt",
            markup=False,
        )
    more = repeated(emulated)
    for key in keys:
        stdout.print(f"next      inferform verify {key}{more}", markup=False)
        stdout.print(f"          inferform status {key}{more}", markup=False)


def _own_name(deployed: Deployed) -> str:
    return deployed.resource[1] if deployed.resource else ""


def told(found: Applied | None) -> dict[str, Any]:
    """What is known of the services that an apply has changed, for machines."""
    if found is None:
        return {}
    return {
        "findings": [each.as_dict() for each in found.findings],
        "not_verified": found.unknown,
    }


def destroy(
    stacks: Stacks,
    parallelism: Parallelism = None,
    auto_approve: Approve = False,
    emulator: Emulated = False,
) -> None:
    """Destroy the stacks that match, those above first.

    Refuses while a stack that is left depends on one of them.

    Example: inferform destroy 'dev-use1-*'
    """
    from .. import deploy as operations
    from ..aws import emulator_in_use
    from ..program import Program

    program = Program.of(emulator_in_use() if emulator else None)
    with _interruptible():
        ask = _ask("destroy", program, auto_approve)
        operations.destroy(stacks, program, ask=ask, parallelism=parallelism)


def recover(
    stacks: Stacks,
    unsaved: Annotated[
        bool,
        typer.Option(
            "--unsaved",
            help="Only stacks whose last run here could not write its state, or left its lock.",
        ),
    ] = False,
    auto_approve: Approve = False,
    parallelism: Parallelism = None,
    emulator: Emulated = False,
) -> None:
    """Repair stacks after a run that was killed or cut off.

    Clears the lock, writes a state that could not be written, and takes back what was created and
    is in no state. Be sure that the run is dead. Only what carries the tags of this very layer is
    imported or, where the next deploy makes it again, deleted.

    Example: inferform recover dev-use1-inference
    """
    from .. import deploy as operations
    from ..aws import emulator_in_use
    from ..program import Program

    program = Program.of(emulator_in_use() if emulator else None)
    ask = _ask("recover", program, auto_approve)
    done = operations.recover(stacks, program, unsaved=unsaved, ask=ask, parallelism=parallelism)
    for line in done or ["there was nothing to recover"]:
        stdout.print(line, markup=False, highlight=False)


def _ask(verb: str, program: Program, approved: bool) -> Callable[[Sequence[Stack]], None]:
    """What shows which stacks it is about, and where, and asks."""

    def ask(stacks: Sequence[Stack]) -> None:
        if stdout.is_terminal and not approved:
            known = environments(program.environments).environments
            where = "the emulator" if program.emulator else "AWS"
            print_table(
                ("stack", "account", "Region", "on"),
                [(stack.name, *_account(known.get(stack.environment)), where) for stack in stacks],
            )
        count = "this stack" if len(stacks) == 1 else f"these {len(stacks)} stacks"
        confirm(f"{verb} {count}?", approved)

    return ask


def _account(environment: Environment | None) -> tuple[str, str]:
    if environment is None:
        return "its own", "its own"
    return environment.context.account, environment.context.region


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        stderr.print(
            "interrupted: Terraform finishes what it has begun, and what was done is kept\n"
            "  repeat the command to continue; where inferform status still shows a lock then, "
            "inferform recover STACK clears it"
        )
        raise typer.Exit(130) from None


COMMANDS = (
    Command("deploy", deploy, DEPLOY, order=10),
    Command("destroy", destroy, DEPLOY, order=40),
    Command("recover", recover, AFTER, order=40),
)
