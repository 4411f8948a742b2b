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

ANSWER_SECONDS = 0.1
"""How long an answer of AWS is taken to take. An assumption: AWS publishes none."""

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
    """Environments of one stack and one endpoint each, made and removed one after another and at once.

    The emulator answers at once, as AWS never does, which would leave nothing to do meanwhile; so its answers
    are held up.
    """
    title = f"{environments} environments of one stack each on the emulator, {ANSWER_SECONDS} s an answer"
    part = Part(title, ("", *MEASURED, "times faster"))
    unasked = {"deploy": UNASKED, "destroy": ("--auto-approve",)}
    commands = {
        f"{name}{how}": [*inferform(name, "*"), *options, *more]
        for how, more in ((", one after another", ("--parallelism", "1")), ("", ()))
        for name, options in unasked.items()
    }
    with project(environments, 1) as made:
        delay = {"kind": "delay", "seconds": ANSWER_SECONDS, "count": sys.maxsize}
        made.emulator.control("POST", "faults", delay)
        runs = made.in_turn(commands, rounds)
    faster = {
        name: runs[f"{name}, one after another"].seconds / runs[name].seconds for name in unasked
    }
    for name, taken in runs.items():
        part.add(name, taken, f"{faster[name]:.1f}" if name in faster else "")
    part.judge(
        f"deployed {faster['deploy']:.1f} times faster, at least {TIMES_FASTER}",
        faster["deploy"] >= TIMES_FASTER,
        runs.values(),
    )
    return part
