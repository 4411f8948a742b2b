"""Drift detection of many stacks against planning them one after another, on an emulator of its own."""

from __future__ import annotations

import shlex
import sys

from inferform_ops.program import Program
from inferform_ops.terraform import terraform_binary

from .deploy import UNASKED
from .measure import MEASURED, ROOT, Part, in_turn, measure
from .project import inferform, project

SHARE = 0.5


def drift(environments: int, groups: int, rounds: int) -> Part:
    """Stacks of one endpoint each, all deployed, of which nothing has drifted."""
    part = Part(f"Drift of {environments * groups} stacks on the emulator", ("", *MEASURED))
    with project(environments, groups) as made:
        ours = {"PYTHONPATH": str(ROOT)}
        measure([*inferform("deploy", "*"), *UNASKED], ours, folder=made.folder)
        program = Program(
            made.emulator,
            made.folder / "environments",
            made.folder / "plain",
            made.folder,
            work=made.folder / "work",
        )
        program.synthesize()
        keys = [f"{file.stem}-use1" for file in made.files]
        plain = "terraform init and plan, one after another"
        commands = {
            plain: (_plain(), program.variables() | program.terraform_environment() | ours),
            "inferform drift": (inferform("drift", *keys), ours),
        }
        # The deploy has filled what caches there are, and each way begins with folders that are empty.
        runs = in_turn(commands, rounds, folder=made.folder, filling=False)
    for name, taken in runs.items():
        part.add(name, taken)
    share = runs["inferform drift"].seconds / runs[plain].seconds
    part.judge(f"{share:.0%} of the time, less than {SHARE:.0%}", share < SHARE, runs.values())
    return part


def _plain() -> list[str]:
    """Plan every stack as a person would, from a clean checkout."""
    terraform = shlex.quote(terraform_binary())
    return [
        *("bash", "-ec"),
        f"{shlex.quote(sys.executable)} main.py\n"
        "for stack in $CDKTF_OUTDIR/stacks/*; do\n"
        "  rm -rf $stack/.terraform\n"
        f"  {terraform} -chdir=$stack init -input=false\n"
        f"  {terraform} -chdir=$stack plan -input=false -lock=false -detailed-exitcode\n"
        "done",
    ]
