"""A project of its own with many environments, and an emulator, on which the operator's commands run."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inferform import load
from inferform_emulator.process import Emulator, start, stop
from inferform_ops.aws import Aws
from inferform_ops.bootstrap import bootstrap

from .catalogue import write
from .measure import ROOT, Runs, in_turn

BRANCH = "main"


@dataclass(frozen=True)
class Project:
    """A project in a Git repository of its own."""

    folder: Path
    emulator: Emulator

    @property
    def files(self) -> list[Path]:
        """The files of its environments."""
        return sorted((self.folder / "environments").glob("*.py"))

    def in_turn(
        self, commands: Mapping[str, Sequence[str]], rounds: int, *, filling: bool = True
    ) -> dict[str, Runs]:
        """See `measure.in_turn`."""
        given = {name: (each, {"PYTHONPATH": str(ROOT)}) for name, each in commands.items()}
        return in_turn(given, rounds, folder=self.folder, filling=filling)


def inferform(*arguments: str) -> list[str]:
    """A command of the operator's, on the emulator."""
    return [sys.executable, "-m", "inferform_ops", *arguments, "--emulator"]


@contextmanager
def project(environments: int, groups: int, endpoints: int | None = None) -> Iterator[Project]:
    """Environments with so many groups each, and so many endpoints in all of them, one in each group by
    default; nothing is deployed but their state bucket."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve() / "project"
        (folder / "environments").mkdir(parents=True)
        shutil.copy(ROOT / "main.py", folder)
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        app = f"PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)} main.py"
        settings = {"language": "python", "app": app, "projectId": "bench"}
        text = json.dumps({**settings, "sendCrashReports": "false"})
        (folder / "cdktf.json").write_text(text, "utf-8")
        (folder / ".gitignore").write_text(
            "cdktf.out\n.inferform\nnode_modules\n__pycache__\n", "utf-8"
        )
        emulator = start(folder / ".inferform" / "emulator", with_parent=True)
        try:
            first = load(write(folder.parent / "first", 0)).environments["bench-use1"].context
            aws = Aws(first, emulator=emulator)
            bootstrap(first, aws)
            vpc, subnets = network(aws)
            one = write(
                folder.parent / "one", endpoints or groups, groups=groups, vpc=vpc, subnets=subnets
            )
            text = (one / "bench.py").read_text("utf-8")
            for number in range(environments):
                own = text.replace('stage="bench"', f'stage="bench{number}"')
                (folder / "environments" / f"bench{number}.py").write_text(own, "utf-8")
            _commit(folder)
            yield Project(folder, emulator)
        finally:
            stop(folder / ".inferform" / "emulator")


def network(aws: Aws) -> tuple[str, tuple[str, ...]]:
    """A VPC and two subnets that somebody else made."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = (
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
        for n in range(2)
    )
    return vpc, tuple(subnets)


def _commit(folder: Path) -> None:
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
