"""A program of the tests' own, deployed to an emulator of the tests' own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from inferform import Environment, load
from inferform_emulator.process import Emulator
from ops import deploy
from ops.aws import Aws
from ops.bootstrap import bootstrap
from ops.cdk import Deployment
from ops.program import Program, Stacks
from ops.terraform import Outcome, Stack, stacks, terraform_binary
from tests import synthesizer
from tests.conftest import ROOT
from tests.e2e.plan_role import within_plan_role
from tests.provider import OWN
from tests.waiting import wait_until

# How many requests a fault strikes that does not pass by itself.
LASTING = 9999

REMEMBERED = Path(__file__).with_name("remembered.py")


WAITING = ("aws_s3_bucket_lifecycle_configuration",)
"""What the provider waits for a minute for, as it wants to see the same ten times in a row. Tests of
the life and of the shapes of an environment deploy it; others leave it out."""


def app_of(
    folder: Path,
    *,
    program: Path = ROOT / "main.py",
    alone: bool = False,
    left_out: Sequence[str] = WAITING,
) -> str:
    """The command that `cdktf.json` names, which keeps in a folder what it has synthesized.

    Resources of the types that are left out are in no stack.
    """
    folder.mkdir()
    command = [sys.executable, "-SE", str(REMEMBERED), str(program), str(folder)]
    return shlex.join([*command, "" if alone else synthesizer.address(), *left_out])


class Life:
    """Environments in a folder, written and deployed again and again."""

    synthesizes_alone = False
    """Whether each synthesis is a process of its own, as what the environments import would stay."""

    def __init__(
        self, folder: Path, emulator: Emulator, *, left_out: Sequence[str] = WAITING
    ) -> None:
        self.left_out = left_out
        self.environments = folder / "environments"
        self.environments.mkdir(parents=True)
        self.emulator = emulator
        self.program = Program(
            emulator,
            self.environments,
            folder / "cdktf.out",
            folder=folder,
            work=folder / ".inferform",
        )
        settings = {"language": "python", "app": self.app(folder), "projectId": "tests"}
        text = json.dumps({**settings, "sendCrashReports": "false"})
        (folder / "cdktf.json").write_text(text, encoding="utf-8")
        self._stale = True

    def app(self, folder: Path) -> str:
        """The command that synthesizes."""
        return app_of(folder / "remembered", alone=self.synthesizes_alone, left_out=self.left_out)

    def write(self, text: str, name: str = "dev") -> None:
        """Write an environment file; it is synthesized when a stack is asked for."""
        self.put(text, name)
        self._stale = True

    def put(self, text: str, name: str = "dev") -> None:
        """Write an environment file that is synthesized already."""
        file = self.environments / f"{name}.py"
        file.write_text(text, encoding="utf-8")
        # Python takes one of the same length, written within the same second, for the one before.
        Path(cache_from_source(file)).unlink(missing_ok=True)

    def environment(self, key: str = "dev-use1") -> Environment:
        """An environment as it is written now."""
        return load(self.environments).environments[key]

    def aws(self, key: str = "dev-use1") -> Aws:
        """Clients of an environment's account."""
        return Aws(self.environment(key).context, emulator=self.emulator)

    def bootstrap(self, key: str = "dev-use1") -> None:
        """Make an environment's state bucket."""
        bootstrap(self.environment(key).context, self.aws(key))

    def deploy(self, *patterns: str) -> Deployment:
        """`cdktf deploy`."""
        return deploy.deploy(patterns or ("dev-use1-*",), self.program)

    def to_plan(self, purpose: str = "plan") -> Stacks:
        """A synthesis that is made to be planned alone."""
        return self.program.to_plan(purpose).synthesize()

    def recover(self, *names: str, unsaved: bool = False) -> list[str]:
        """`inferform recover`."""
        return deploy.recover(names, self.program, unsaved=unsaved)

    def destroy(self, *patterns: str) -> list[str]:
        """`inferform destroy`."""
        return deploy.destroy(patterns, self.program)

    def fault(self, **fault: Any) -> None:
        """Inject a fault into an account."""
        self.emulator.control("POST", "faults", fault)

    def hits(self) -> list[int]:
        """How often each fault has struck."""
        return [fault["hits"] for fault in self.emulator.control("GET", "faults")["faults"]]

    def mend(self) -> None:
        """End every fault."""
        self.emulator.control("DELETE", "faults")

    def kill(self, stack: str, command: str = "apply") -> None:
        """Run Terraform and kill it, with its provider, while the last fault holds it up."""
        # A provider of its own, that dies with it, and attempts for as long as it takes.
        variables = self.program.terraform_environment() | OWN
        with subprocess.Popen(
            [terraform_binary(), f"-chdir={self.stack(stack).folder}", command, "-auto-approve"],
            env=variables | {"AWS_MAX_ATTEMPTS": "99"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        ) as terraform:
            wait_until(lambda: bool(self.hits()[-1]) or terraform.poll() is not None)
            os.killpg(terraform.pid, signal.SIGKILL)
        assert terraform.returncode == -signal.SIGKILL
        assert self.hits()[-1]

    def stack(self, name: str) -> Stack:
        """One synthesized stack."""
        if self._stale:
            self.program.synthesize()
            self._stale = False
        return next(stack for stack in stacks(self.program.outdir) if stack.name == name)

    def terraform(self, stack: str, *arguments: str) -> Outcome:
        """Run Terraform in a stack's folder; `init` comes first where it must."""
        chosen = self.stack(stack)
        environment = self.program.terraform_environment()
        if not (chosen.folder / ".terraform").exists():
            done = chosen.init(environment)
            assert done.status == 0, done.output
        with within_plan_role(self.emulator, arguments):
            return chosen.run(*arguments, environment=environment, timeout=600)

    def plan_status(self, stack: str) -> int:
        """0 when nothing would change, 2 when something would."""
        done = self.terraform(stack, "plan", "-detailed-exitcode", "-no-color", "-input=false")
        assert done.status in (0, 2), done.output
        return done.status

    def plan(self, stack: str) -> dict[str, Any]:
        """A plan as JSON."""
        done = self.terraform(stack, "plan", "-out=plan.bin", "-no-color", "-input=false")
        assert done.status == 0, done.output
        shown = self.terraform(stack, "show", "-json", "plan.bin")
        assert shown.status == 0, shown.output
        plan: dict[str, Any] = json.loads(shown.output)
        return plan

    def apply(self, stack: str) -> list[str]:
        """Apply, and answer what happened in order: `aws_x.y created` and so on."""
        done = self.terraform(stack, "apply", "-auto-approve", "-json", "-input=false")
        assert done.status == 0, done.output
        events = [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]
        return [
            f"{event['hook']['resource']['resource_type']} {event['hook']['action']}"
            for event in events
            if event["type"] == "apply_complete" and event["hook"]["action"] != "read"
        ]


def actions(plan: dict[str, Any]) -> dict[str, Sequence[str]]:
    """What a plan does to each resource type, no-ops and reads left out."""
    return {
        change["type"]: change["change"]["actions"]
        for change in plan.get("resource_changes", [])
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }
