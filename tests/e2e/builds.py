"""Builds of CodeBuild on this machine: what a pipeline of the emulator starts, by its own buildspecs.

A build gets a clone of the commit, the artifacts that its action names, and the variables that CodeBuild
sets; its commands run in one shell, and its phases in the order of CodeBuild's user guide, "Build phase
transitions". Nothing of it is known to the emulator but what it comes to, and the variables that it tells.

Terraform has the providers that `tests.provider` lends, and a synthesis of the same files is made once.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.terraform import terraform_environment
from tests.conftest import ROOT
from tests.e2e.program import app_of
from tests.waiting import wait_until

# What a shell of CodeBuild has of this machine: the tools, and what they need to reach others.
_KEPT = ("GOGC", "LANG", "NODE_EXTRA_CA_CERTS", "PATH")

_HEAD = """
going=1
export CODEBUILD_BUILD_SUCCEEDING=1
command_of() {
  [ "$going" = 1 ] || return 0
  eval "$1"
  status=$?
  [ "$status" = 0 ] || { going=0; CODEBUILD_BUILD_SUCCEEDING=0; echo "exit status $status: $1"; }
}
"""

_SETUP = """#!/bin/sh
# What `make setup` is to a project: its Inferform, which works on the emulator of the test.
set -e
mkdir -p .venv/bin .inferform
ln -sfn "$EMULATOR_OF_THE_TEST" .inferform/emulator
cat > .venv/bin/inferform <<'END'
#!/bin/sh
exec {python} -m ops "$@" --emulator
END
chmod +x .venv/bin/inferform
"""


class Repository:
    """A repository of environments, whose commits are built."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("ci/setup.sh", _SETUP.format(python=shlex.quote(sys.executable)))

    @classmethod
    def empty(cls, folder: Path) -> Repository:
        """One without environments."""
        folder.mkdir()
        made = cls(folder)
        app = app_of(folder.with_name("remembered"))
        settings = {"language": "python", "app": app, "projectId": "tests"}
        made.write("cdktf.json", json.dumps({**settings, "sendCrashReports": "false"}))
        made.write(
            ".gitignore", ".inferform/\n.venv/\ncdktf.out/\nreview/\nplanned/\n__pycache__/\n"
        )
        return made

    def git(self, *arguments: str) -> str:
        """Run Git in it."""
        who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        """Write a file of the next commit."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def commit(self) -> str:
        """Commit everything; the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return self.git("rev-parse", "HEAD")


@dataclass
class Build:
    """What one build came to."""

    project: str
    stage: str
    succeeded: bool
    output: str
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)


def projects(done: Sequence[Build]) -> list[str]:
    """What was built, in order, by the names in their pipelines; what failed with a mark."""
    names = (re.sub(r".*-delivery-[a-z]+-", "", each.project) for each in done)
    return [
        f"{name}{'' if each.succeeded else '!'}" for name, each in zip(names, done, strict=True)
    ]


class Builds:
    """What builds the commits of a repository for the pipelines of an account."""

    def __init__(self, repository: Repository, emulator: Emulator, aws: Aws, folder: Path) -> None:
        self.repository, self.emulator, self.aws, self.folder = repository, emulator, aws, folder
        folder.mkdir()
        self.done: list[Build] = []
        self._holds: Callable[[], bool] | None = None
        self._artifacts: dict[str, Path] = {}
        self._commits: dict[str, str] = {}

    def __call__(self, route: str, **given: Any) -> dict[str, Any]:
        account = self.aws.context.account
        answer: dict[str, Any] = self.emulator.control(
            "POST", f"codepipeline/{route}", {"account": account, **given}
        )
        return answer

    def push(self, repository: str = "acme/inference", **event: Any) -> list[str]:
        """Tell the pipelines of a new commit on main, or of a tag of one; the names of those that it starts."""
        self._commit = self.repository.commit()
        told = {"repository": repository, **({} if "tag" in event else {"branch": "main"}), **event}
        started: list[Any] = self("git", **told)["started"]
        return [each["pipeline"] if isinstance(each, dict) else str(each) for each in started]

    def run(self, stop_before: str = "") -> list[Build]:
        """Do what runs until only approvals are left, or the next stage is `stop_before`; the builds."""
        first = len(self.done)
        while True:
            running = self("running")["running"]
            ready = [each for each in running if not stop_before or each["stage"] != stop_before]
            if not ready:
                return self.done[first:]
            for action in ready:
                self._act(action)

    def _act(self, action: Mapping[str, Any]) -> None:
        succeeded, variables, summary = True, {}, ""
        commit = self._commits.setdefault(action["execution"], self._commit)
        if action["provider"] == "CodeBuild":
            build = self._build(action, commit)
            self.done.append(build)
            succeeded, variables = build.succeeded, build.variables
            summary = build.output[-500:]
        else:
            variables = {"CommitId": commit}
        self(
            "outcome",
            pipeline=action["pipeline"],
            stage=action["stage"],
            action=action["action"],
            outcome="succeeded" if succeeded else "failed",
            summary=summary,
            variables=variables,
        )

    def _build(self, action: Mapping[str, Any], commit: str) -> Build:
        configuration = action["configuration"]
        name = configuration["ProjectName"]
        codebuild: Any = self.aws.any_client("codebuild")
        (project,) = codebuild.batch_get_projects(names=[name])["projects"]
        spec = json.loads(project["source"]["buildspec"])
        folder = (
            self.folder / f"{len(self.done)}-{action['stage']}-{name.rpartition('delivery-')[2]}"
        )
        source = folder / "src"
        clone = ("clone", "--quiet", "--shared", "--no-checkout")
        self.repository.git(*clone, str(self.repository.folder), str(source))
        subprocess.run(["git", "checkout", "--quiet", commit], cwd=source, check=True)
        (folder / "home").mkdir()
        variables = {
            **{each: os.environ[each] for each in _KEPT if each in os.environ},
            "TF_CLI_CONFIG_FILE": _configuration(),
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(ROOT),
            "EMULATOR_OF_THE_TEST": str(self.emulator.directory),
            "CODEBUILD_SRC_DIR": str(source),
            "CODEBUILD_RESOLVED_SOURCE_VERSION": commit,
            "CODEBUILD_BUILD_URL": f"https://console.aws.amazon.com/codebuild/{name}/{len(self.done)}",
        }
        for each in (
            *project["environment"].get("environmentVariables", ()),
            *json.loads(configuration.get("EnvironmentVariables", "[]")),
        ):
            variables[each["name"]] = each["value"]
        for artifact, place in action["inputs"].items():
            if artifact != configuration.get("PrimarySource", "Source"):
                variables[f"CODEBUILD_SRC_DIR_{artifact}"] = str(self._artifacts[place["key"]])
        told, log = folder / "told", folder / "log"
        holds, self._holds = self._holds, None
        with (
            log.open("w") as sink,
            subprocess.Popen(
                ["bash", "-c", script(spec, told)],
                cwd=source,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as shell,
        ):
            if holds is not None:
                assert wait_until(lambda: holds() or shell.poll() is not None)
                _kill_terraform(shell.pid)
        build = Build(name, action["stage"], shell.returncode == 0, log.read_text("utf-8"), folder)
        if told.is_file():
            lines = told.read_text("utf-8").splitlines()
            build.variables = dict(line.partition("=")[::2] for line in lines)
        for place in action["outputs"].values():
            kept = folder / "artifact"
            _keep(spec, source, kept)
            self._artifacts[place["key"]] = kept
        return build

    def kill_terraform(self, holds: Callable[[], bool]) -> None:
        """Kill Terraform in the next build, as soon as something holds it up."""
        self._holds = holds

    def answer(self, pipeline: str, stage: str, status: str = "Approved") -> dict[str, str]:
        """Answer the approval that waits in a stage; what it asked."""
        pipelines: Any = self.aws.any_client("codepipeline")
        states = pipelines.get_pipeline_state(name=pipeline)["stageStates"]
        (state,) = [each for each in states if each["stageName"] == stage]
        (action,) = state["actionStates"]
        pipelines.put_approval_result(
            pipelineName=pipeline,
            stageName=stage,
            actionName=action["actionName"],
            result={"summary": "looked at", "status": status},
            token=action["latestExecution"]["token"],
        )
        details = pipelines.list_action_executions(pipelineName=pipeline)["actionExecutionDetails"]
        asked: dict[str, str] = next(
            each["input"]["resolvedConfiguration"] for each in details if each["stageName"] == stage
        )
        return asked

    def status(self, pipeline: str) -> str:
        """What the newest execution of a pipeline has come to."""
        pipelines: Any = self.aws.any_client("codepipeline")
        listed = pipelines.list_pipeline_executions(pipelineName=pipeline)
        return str(listed["pipelineExecutionSummaries"][0]["status"])

    def stages(self, pipeline: str) -> dict[str, str]:
        """What each stage has come to that was reached."""
        pipelines: Any = self.aws.any_client("codepipeline")
        states = pipelines.get_pipeline_state(name=pipeline)["stageStates"]
        return {
            each["stageName"]: each["latestExecution"]["status"]
            for each in states
            if "latestExecution" in each
        }


def _configuration() -> str:
    """Where Terraform is told of its mirrors and caches on this machine."""
    own = str(Path.home() / ".terraformrc")
    return terraform_environment().get("TF_CLI_CONFIG_FILE", own)


def _kill_terraform(session: int) -> None:
    """Kill every Terraform of a session."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            _, name, rest = re.split(r"\((.*)\)", (folder / "stat").read_text("utf-8"))
            if name.startswith("terraform") and int(rest.split()[3]) == session:
                os.kill(int(folder.name), signal.SIGKILL)


def script(spec: Mapping[str, Any], told: Path) -> str:
    """The phases in one shell. A build phase that failed is followed by post_build, an earlier one by
    nothing."""
    lines = [_HEAD]
    phases = spec["phases"]
    for name in ("install", "pre_build", "build", "post_build"):
        if name == "post_build":
            lines.append('[ "$reached" = 1 ] && going=1')
        lines += (
            [f"command_of {shlex.quote(command)}" for command in phases.get(name, {})["commands"]]
            if name in phases
            else []
        )
        if name == "pre_build":
            lines.append('reached="$going"')
    for each in spec["env"].get("exported-variables", ()):
        lines.append(f"printf '%s=%s\\n' {each} \"${each}\" >> {shlex.quote(str(told))}")
    lines.append('[ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ]')
    return "\n".join(lines)


def _keep(spec: Mapping[str, Any], source: Path, kept: Path) -> None:
    """Keep the artifact of a build: the files that its buildspec names."""
    kept.mkdir()
    patterns = spec.get("artifacts", {}).get("files", [])
    for file in sorted(each for each in source.rglob("*") if each.is_file()):
        name = file.relative_to(source).as_posix()
        if any(fnmatch(name, pattern) for pattern in patterns):
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, kept / name)
