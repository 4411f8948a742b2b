"""Reviewing many stacks of which one has changed: all of them, and with `--changed`."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inferform import load
from inferform_emulator.process import serve
from inferform_ops.aws import Aws
from inferform_ops.bootstrap import bootstrap
from inferform_ops.program import Program
from inferform_ops.review.report import Report
from inferform_ops.review.reviewing import review_environments

from .catalogue import write
from .measure import ROOT, Part

TIMES_FASTER = 10
BRANCH = "main"


def changed(environments: int, groups: int, rounds: int) -> Part:
    """Stacks of one endpoint each, on the emulator; the type of one endpoint is another one."""
    stacks = environments * groups
    part = Part(
        f"Review of {stacks} stacks of which one changes", ("", "seconds", "stacks planned")
    )
    with serve() as emulator, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve() / "project"
        written = _project(folder, environments, groups)
        first = next(iter(load(folder / "environments").environments.values()))
        bootstrap(first.context, Aws(first.context, emulator=emulator))
        file = folder / "environments" / f"{written[0]}.py"
        text = file.read_text("utf-8")
        one = f'"g0": group(0, {groups})'
        larger = 'endpoint().replace(instance_type="ml.m5.xlarge")'
        file.write_text(
            text.replace(one, f'{one}.replace(endpoints={{"model-0": {larger}}})'), "utf-8"
        )
        program = Program(
            emulator,
            folder / "environments",
            folder / "cdktf.out",
            folder,
            work=folder.parent / "work",
        )
        taken: dict[str, list[float]] = {"all": [], "--changed": []}
        shown: dict[str, Report] = {}
        for _ in range(rounds):
            for way, base in (("all", ""), ("--changed", BRANCH)):
                shutil.rmtree(program.outdir, ignore_errors=True)
                begin = time.perf_counter()
                shown[way] = review_environments(
                    [*load(folder / "environments").environments],
                    program,
                    read_only=True,
                    base=base,
                )
                taken[way].append(time.perf_counter() - begin)
    planned = {way: _planned(report) for way, report in shown.items()}
    for way, seconds in taken.items():
        part.rows.append((way, f"{min(seconds):.1f}", str(len(planned[way]))))
    same = planned["--changed"].items() <= planned["all"].items()
    part.gates["the same is shown of what changes"] = same and len(planned["--changed"]) == 1
    faster = min(taken["all"]) / min(taken["--changed"])
    part.gates[f"{faster:.1f} times faster, at least {TIMES_FASTER}"] = faster >= TIMES_FASTER
    return part


def _planned(report: Report) -> dict[str, dict[str, int]]:
    return {stack.name: stack.counts for stack in report.stacks if stack.status == "planned"}


def _project(folder: Path, environments: int, groups: int) -> list[str]:
    """A project of its own in a Git repository; the answer names its files."""
    names = [f"bench{number}" for number in range(environments)]
    text = (
        write(folder.parent / "one", groups, groups=groups).joinpath("bench.py").read_text("utf-8")
    )
    (folder / "environments").mkdir(parents=True)
    for name in names:
        own = text.replace('stage="bench"', f'stage="{name}"')
        (folder / "environments" / f"{name}.py").write_text(own, "utf-8")
    shutil.copy(ROOT / "main.py", folder)
    app = f"PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)} main.py"
    (folder / "cdktf.json").write_text(json.dumps({"app": app}), "utf-8")
    (folder / ".gitignore").write_text("cdktf.out\n__pycache__\n", "utf-8")
    author = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    for arguments in (
        ("init", f"--initial-branch={BRANCH}"),
        ("add", "."),
        ("commit", "--quiet", "--message=as it was"),
    ):
        subprocess.run(
            ["git", *author, *arguments],
            cwd=folder,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
            check=True,
            capture_output=True,
        )
    return names
