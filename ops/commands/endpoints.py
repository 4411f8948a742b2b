"""`inferform endpoints`: how one is called, what somebody else made, and taking it over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment, environments
from ..errors import BadInputError
from ..output import Approve, Json, confirm, print_json, print_table, stderr, stdout
from . import RELEASES, Command

if TYPE_CHECKING:
    from ..aws import Aws
    from ..program import Program
    from ..takeover.run import Asked, Found
    from ..takeover.steps import Planned

family = typer.Typer(
    help="SageMaker endpoints: call one, list those of others, take one over.", no_args_is_help=True
)


@family.command("list")
def list_(
    env: EnvironmentKey,
    foreign: Annotated[
        bool, typer.Option("--foreign", help="Those that no state knows; the only ones for now.")
    ] = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """List the endpoints of an environment's account that no state knows, and whether each can be
    taken over.

    Example: inferform endpoints list dev-use1 --foreign
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from ..aws import Aws, emulator_in_use
    from ..cost.model import dollars
    from ..cost.prices import price_table
    from ..takeover import listed

    if not foreign:
        raise BadInputError(
            "which endpoints?",
            "--foreign lists those that no state knows; inferform status the others",
        )
    found, loaded = environment(env), environments()
    now = datetime.now(UTC)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    with stderr.status("reading endpoints and states"):
        rows = listed.foreign(found, loaded.environments.values(), aws, price_table(), now)
    if json:
        print_json([asdict(row) for row in rows])
        return
    print_table(
        (
            "endpoint",
            "made by",
            "days old",
            "kind",
            "instances",
            "a month",
            "last request",
            "adoptable",
        ),
        [
            (
                row.name,
                row.made_by,
                (now - row.created).days,
                row.kind,
                row.instances,
                "not known" if row.monthly is None else dollars(row.monthly),
                row.last_request,
                f"no: {row.why_not}" if row.why_not else "; but not: ".join(("yes", *row.left)),
            )
            for row in rows
        ],
    )


@family.command()
def adopt(
    env: EnvironmentKey,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The endpoint's name in AWS, which it keeps.")
    ],
    as_: Annotated[
        str, typer.Option("--as", metavar="SHORT", help="The short name that it gets in the file.")
    ],
    group: Annotated[
        str, typer.Option(metavar="GROUP", help="The group of inference layers that it comes into.")
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the edit and what would be done, and do nothing."),
    ] = False,
    auto_approve: Approve = False,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Take over an endpoint that somebody else made, without an interruption.

    Writes its Spec into the environment's file, makes the one update that deployment guardrails need,
    and imports it. Every step asks first, and a run that was cut off continues where it ended. What would
    destroy or replace anything is refused.

    Example: inferform endpoints adopt dev-use1 fraud-2024-05-01 --as fraud --dry-run
    """
    from ..aws import Aws, emulator_in_use
    from ..program import Program
    from ..takeover import run

    program = Program.of(emulator_in_use() if emulator else None)
    loaded = environments(program.environments)
    asked = run.Asked(name, as_, environment(env, program.environments).key, group)
    aws = Aws(loaded.environments[asked.key].context, emulator=program.emulator)
    with stderr.status(f"reading {name}"):
        found = run.look(asked, loaded, aws, program)
    if not json:
        _show(found)
    done = [] if dry_run else _adopted(found, asked, program, aws, auto_approve, json)
    if json:
        print_json(_data(found, done))


def _adopted(
    found: Found, asked: Asked, program: Program, aws: Aws, auto_approve: bool, json: bool
) -> list[str]:
    from ..takeover import run

    def say(text: str) -> None:
        if not json:
            stdout.print(text, markup=False)

    def agree(question: str, planned: Planned | None) -> None:
        for line in planned.lines if planned else ():
            say(f"  {line}")
        confirm(question, auto_approve)

    done = list[str]()
    if found.edit is not None:
        confirm(f"edit {found.edit.file.name}?", auto_approve)
        found.edit.make()
        done.append(f"{found.edit.file.name} is edited")
    with stderr.status("synthesizing"):
        made = run.prepared(asked, program, aws)
    made.tell = lambda status: stderr.print(f"{asked.name} is {status}", markup=False)
    for step in run.finish(made, found.hosting, agree):
        done.append(step)
        say(step)
    say(f"take what imported= has of {asked.short} out of {asked.key} once every run has it")
    for command in run.left_over(found.hosting, made):
        say(f"no longer needed: {command}")
    return done


def _show(found: Found) -> None:
    for left in found.taken.left:
        stdout.print(f"not taken over: {left}", markup=False)
    for note in found.notes:
        stdout.print(f"note: {note}", markup=False)
    if found.edit is not None:
        stdout.print(found.edit.diff, markup=False, end="")


def _data(found: Found, done: list[str]) -> dict[str, object]:
    return {
        "diff": found.edit.diff if found.edit else "",
        "left": [str(each) for each in found.taken.left],
        "notes": found.notes,
        "done": done,
    }


@family.command("use")
def use(
    env: EnvironmentKey,
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="An endpoint's name: fraud.")],
    client: Annotated[
        str, typer.Option(help="One alone: boto3, stream, sdk-v3, sdk-v2, curl or openai.")
    ] = "",
    component: Annotated[
        str, typer.Option(help="The inference component that is called. Default: the first.")
    ] = "",
    json: Json = False,
) -> None:
    """Print how to call an endpoint: boto3, SageMaker's SDKs 2 and 3, curl with SigV4, OpenAI's client.

    The names are filled in; no AWS is asked.

    Example: inferform endpoints use prod-euw1 fraud --client boto3
    """
    from ..use import snippets

    found = snippets(environment(env), endpoint, component)
    chosen = [each for each in found if client in ("", each.key)]
    if not chosen:
        known = ", ".join(each.key for each in found)
        raise BadInputError(f"{endpoint} is not called by {client}", f"its clients are {known}")
    if json:
        print_json({each.key: each.text for each in chosen})
    elif client:
        typer.echo(chosen[0].text, nl=False)
    else:
        for each in chosen:
            stdout.print(f"# {each.title}", style="bold")
            typer.echo(each.text)


COMMANDS = (Command("endpoints", family, RELEASES),)
