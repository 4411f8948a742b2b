"""Deploying on an emulator of its own: against plain Terraform, and several environments at a time."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from inferform_ops.program import Program
from inferform_ops.terraform import LOCK_FILE, terraform_binary

from .measure import MEASURED, ROOT, Part, in_turn
from .project import inferform, project

TIMES_FASTER = 1.7
UNASKED = ("--auto-approve", "--no-preflight", "--no-verify")


def overhead(endpoints: int, groups: int, rounds: int) -> Part:
    """Both ways from nothing and with nothing to change, synthesis and `init` included."""
    title = f"One environment of {groups} stacks with {endpoints} endpoints on the emulator"
    part = Part(title, ("", *MEASURED))
    with project(1, groups, endpoints) as made:
        program = Program(
            made.emulator,
            made.folder / "environments",
            made.folder / "plain",
            made.folder,
            work=made.folder / "work",
        )
        variables = program.variables() | program.terraform_environment()
        removed = [*inferform("destroy", "*"), "--auto-approve"]
        ways = {
            "inferform deploy": ([*inferform("deploy", "*"), *UNASKED], removed),
            "plain Terraform": (_plain("apply", program.lock), _plain("destroy", program.lock)),
        }
        ours = {"PYTHONPATH": str(ROOT)}
        variables |= ours
        commands = {
            f"{way}: {case}": (command, variables if way == "plain Terraform" else ours)
            for way, (applied, gone) in ways.items()
            for case, command in (
                ("created", applied),
                ("nothing to change", applied),
                ("destroyed", gone),
            )
        }
        for name, runs in in_turn(commands, rounds, folder=made.folder).items():
            part.add(name, runs)
    return part


def _plain(command: str, lock: Path | None) -> list[str]:
    """What a person would write: synthesis, and Terraform for all stacks at once."""
    terraform, python = shlex.quote(terraform_binary()), shlex.quote(sys.executable)
    locked = f"cp {shlex.quote(str(lock))} $stack/{LOCK_FILE}; " if lock else ""
    return [
        *("bash", "-ec"),
        f"{python} main.py\n"
        "ids=\n"
        "for stack in $CDKTF_OUTDIR/stacks/*; do\n"
        f"  ({locked}{terraform} -chdir=$stack init -input=false && "
        f"{terraform} -chdir=$stack {command} -input=false -auto-approve) &\n"
        '  ids+=" $!"\n'
        "done\n"
        "for id in $ids; do wait $id; done",
    ]


def several(environments: int, rounds: int) -> Part:
    """Environments of one stack and one endpoint each, made and removed one after another and at once."""
    part = Part(f"{environments} environments of one stack each on the emulator", ("", *MEASURED))
    alone = ("--parallelism", "1")
    with project(environments, 1) as made:
        deploy, destroy = [*inferform("deploy", "*"), *UNASKED], inferform("destroy", "*")
        destroy.append("--auto-approve")
        commands = {
            "deploy, one after another": [*deploy, *alone],
            "destroy, one after another": [*destroy, *alone],
            "deploy": deploy,
            "destroy": destroy,
        }
        runs = made.in_turn(commands, rounds)
    for name, taken in runs.items():
        part.add(name, taken)
    faster = runs["deploy, one after another"].seconds / runs["deploy"].seconds
    part.judge(
        f"deployed {faster:.1f} times faster, at least {TIMES_FASTER}",
        faster >= TIMES_FASTER,
        runs.values(),
    )
    return part
