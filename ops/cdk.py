"""Running `cdktf deploy` and following what it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .errors import OperatorError
from .node import cdktf_in
from .program import Program
from .terraform import PRIVATE, ROOT, private_folder
from .verify import Applied

Status = Literal["waiting", "deploying", "applied", "no changes", "failed"]

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PLAN = re.compile(r"Plan: (?:\d+ to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy")
_APPLIED = re.compile(
    r"Apply complete! Resources: (?:\d+ imported, )?(\d+) added, (\d+) changed, (\d+) destroyed"
)
_WORK_BEGINS = re.compile(r"Plan:|: (?:Creating|Modifying|Destroying|Refreshing|Reading)\b")
_STEP = re.compile(r"(?:Creation|Modifications|Destruction) complete after")
# cdktf writes the path of the construct behind the address.
_CHANGED = re.compile(
    r"^(?P<address>\S.*?)(?: \([^()]*\))?: (?:Creation|Modifications) complete after", re.MULTILINE
)
_LOCK = "Error acquiring the state lock"
_LOCK_ID = re.compile(r"\bID:\s+([0-9a-f-]{36})")
_SUMMARY = re.compile(r"\d+ Stacks? deploying")


@dataclass(slots=True)
class StackRun:
    """What has become of one stack in a deploy."""

    name: str
    status: Status = "waiting"
    steps: int = 0
    done: int = 0
    error: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """The addresses of what was created or changed."""

    def read(self, line: str) -> None:
        """Take in one line that cdktf printed for this stack."""
        # cdktf initialises every stack at once, those that wait for others too.
        if self.status == "waiting" and _WORK_BEGINS.search(line):
            self.status = "deploying"
        if match := _PLAN.search(line):
            self.steps = sum(int(count) for count in match.groups())
        elif _STEP.search(line):
            self.done += 1
            self.changed += changed_in(line)
        elif match := _APPLIED.search(line):
            changed = any(int(count) for count in match.groups())
            self.status = "applied" if changed else "no changes"
        if line.startswith("Error:"):
            self.status = "failed"
        if self.status == "failed" and line:
            self.error.append(line)

    @property
    def lock_id(self) -> str | None:
        """The id of the lock that stopped this stack, where one did."""
        text = "\n".join(self.error)
        match = _LOCK_ID.search(text) if _LOCK in text else None
        return match[1] if match else None


def changed_in(output: str) -> list[str]:
    """The addresses that Terraform says it has created or changed."""
    return _CHANGED.findall(output)


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a deploy ended."""

    status: int
    stacks: list[StackRun]
    log: Path
    errors: list[str]
    """Errors of cdktf itself, such as a failed synthesis."""

    applied: dict[str, Applied] = field(default_factory=dict)
    """What is known of the services that were changed, by stack; empty where nobody looked."""


def new_log(program: Program) -> Path:
    """An empty file for what cdktf prints."""
    private_folder(program.outdir)
    log = program.outdir / "deploy.log"
    log.write_text("", encoding="utf-8")
    return log


def deploy(
    names: Sequence[str],
    *,
    program: Program,
    log: Path,
    alone: bool = False,
    parallelism: int,
    follow: Callable[[StackRun], None] = lambda _: None,
) -> Deployment:
    """Run `cdktf deploy` for stacks of the last synthesis, without a prompt.

    `alone` is for stacks without those that they depend on, none of which depends on another.
    `parallelism` of them run at a time. `follow` is called after each line
    that concerns a stack. The whole output goes to a log.
    """
    command = [
        str(_cdktf(program.folder)),
        "deploy",
        *names,
        "--auto-approve",
        # What is deployed is what was shown, so nothing is synthesized again.
        "--skip-synth",
        "--app",
        program.app,
        "--output",
        str(program.outdir),
        "--parallelism",
        str(parallelism),
    ]
    if alone:
        # Not otherwise: cdktf then no longer keeps the order of the stacks that it runs.
        command.append("--ignore-missing-stack-dependencies")
    if program.emulator or program.lock:
        # Locking asks the registry even where the provider comes from a mirror.
        command.append("--skip-provider-lock")
    runs = {name: StackRun(name) for name in names}
    current: StackRun | None = None
    errors: list[str] = []
    with (
        log.open("a", encoding="utf-8") as sink,
        subprocess.Popen(
            command,
            cwd=program.folder,
            env=program.cdktf_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            umask=PRIVATE,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        for printed in process.stdout:
            line = _COLOUR.sub("", printed.rstrip("\n"))
            sink.write(line + "\n")
            name, _, rest = line.partition("  ")
            if name in runs:
                current, line = runs[name], rest
            elif _SUMMARY.match(line):
                current = None
            if current is not None:
                current.read(line.strip())
                follow(current)
            elif "Error:" in line:
                errors.append(line.strip())
    return Deployment(process.returncode, list(runs.values()), log, errors)


def _cdktf(folder: Path) -> Path:
    found = cdktf_in(folder) or cdktf_in(ROOT)
    if found is None:
        raise OperatorError(f"cdktf is not installed in {folder}", "npm ci installs it")
    return found
