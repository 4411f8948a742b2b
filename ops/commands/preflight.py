"""`inferform preflight`."""

from __future__ import annotations

from dataclasses import replace

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..output import Json, print_json, print_table, stderr, stdout
from . import BEFORE, Command, on_emulator


def preflight(env: EnvironmentKey, emulator: Emulated = False, json: Json = False) -> None:
    """Check before an apply what would fail in the middle of it. Reads only.

    Images, artifacts, quotas, instance types, keys, addresses, names, the state bucket and the
    deploy role. Exit status 1 when anything failed.

    Example: inferform preflight prod-euw1
    """
    from ..aws import Aws, emulator_in_use
    from ..preflight import preflight as run
    from ..program import Program
    from ..terraform import contents_of

    found = environment(env)
    program = Program.of(emulator_in_use() if emulator else None)
    with stderr.status(f"checking {env}"):
        synthesis = program.to_plan("preflight").synthesize()
        synthesized = contents_of(synthesis.of(found.key))
        context = found.context
        aws = Aws(context, emulator=program.emulator, role_arn=context.plan_role_arn)
        checks = run(found, synthesized, aws)
    if emulator:
        checks = [replace(each, fix=on_emulator(each.fix)) for each in checks]
    failed = [check for check in checks if check.outcome == "failed"]
    if json:
        print_json([check.as_dict() for check in checks])
    else:
        print_table(
            ("result", "check", "found"),
            [(c.outcome, c.check.label, f"{c.subject}: {_in_a_row(c.found)}") for c in checks],
        )
        for check in checks:
            if check in failed or "\n" in check.found:
                told = f"{check.check.label} {check.subject} {check.found}"
                stdout.print(f"{told}\n  {check.fix}" if check.fix else told, markup=False)
    raise typer.Exit(1 if failed else 0)


def _in_a_row(found: str) -> str:
    """What a row of the table says: a policy stands below it, where it can be copied."""
    first, lines, _ = found.partition("\n")
    return f"{first.rstrip(' {[:')} (below)" if lines else first


COMMANDS = (Command("preflight", preflight, BEFORE, order=20),)
