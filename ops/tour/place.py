"""Where a tour is shown: a project in a folder, its repository, an emulator, and the programs of its jobs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from inferform import Environment, load
from inferform.training import names
from inferform_emulator import containers, process
from inferform_emulator.process import Emulator

from ..aws import Aws
from ..demo import small_manifest
from ..errors import BadInputError, OperatorError
from ..node import cdktf_in, install_cdktf
from ..terraform import ROOT, Stack, terraform_binary, terraform_environment
from .record import Record

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "examples/tour"
DRIFT = CHECKOUT / "container/drift"

KEY = "dev-use1"
MODEL = "fraud"
"""What the endpoint, the retraining, the monitor and the model package group are called."""

WORKFLOW = Path(".github/workflows/model-approved.yml")

_PATIENCE_SECONDS = 600.0
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.]+)\s*\}\}")
_PINNED = re.compile(r'"(arn:aws:sagemaker:[^"]+:model-package/[^"]+)"')


@dataclass(frozen=True, slots=True)
class Serving:
    """What an endpoint serves."""

    configuration: str
    """The name of its endpoint configuration."""

    version: str
    """The ARN of the version of its model."""


class Tour:
    """A project, and what is done in it; each step is told to the record."""

    def __init__(self, folder: Path, record: Record, emulator: Emulator, app: str) -> None:
        self.folder, self.emulator, self._record = folder, emulator, record
        self.origin = folder.with_name(f"{folder.name}.git")
        self._variables = _variables(folder)
        self._make(app)
        self.environment: Environment = load(folder / "environments").environments[KEY]
        self.context = self.environment.context
        self.aws = Aws(self.context, emulator=emulator)

    # The project

    def _make(self, app: str) -> None:
        """The project of the example, as a repository with an origin that it is pushed to."""
        shutil.copytree(EXAMPLE, self.folder, dirs_exist_ok=True, ignore=_COMPILED)
        shutil.copy(CHECKOUT / "main.py", self.folder)
        settings = {
            "language": "python",
            "app": app,
            "projectId": "tour",
            "sendCrashReports": "false",
        }
        (self.folder / "cdktf.json").write_text(json.dumps(settings), "utf-8")
        modules = ROOT / "node_modules"
        if modules.is_dir():
            (self.folder / "node_modules").symlink_to(modules)
        ignored = ["node_modules", ".inferform/", "cdktf.out/", "__pycache__/", "*.log"]
        (self.folder / ".gitignore").write_text("\n".join([*ignored, ""]), "utf-8")
        self._quietly("git", "init", "--quiet", "--bare", str(self.origin))
        self._quietly("git", "init", "--quiet")
        self._quietly("git", "symbolic-ref", "HEAD", "refs/heads/main")
        self._quietly(
            "git", "--git-dir", str(self.origin), "symbolic-ref", "HEAD", "refs/heads/main"
        )
        self._quietly("git", "add", ".")
        self._quietly("git", *_AUTHOR, "commit", "--quiet", "-m", "An endpoint that learns")
        self._quietly("git", "remote", "add", "origin", str(self.origin))
        self._quietly("git", "push", "--quiet", "origin", "main")

    def _quietly(self, *arguments: str, folder: Path | None = None) -> str:
        done = subprocess.run(
            arguments,
            cwd=folder or self.folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = f"{done.stdout}{done.stderr}".strip()
            raise OperatorError(f"{shlex.join(arguments)} failed: {said}")
        return done.stdout

    # What is done

    def say(self, text: str) -> None:
        """Tell what is seen."""
        self._record.say(text)

    def inferform(self, *arguments: str, status: int = 0, given: str | None = None) -> str:
        """Run a command of Inferform on the emulator, and show it; what it printed.

        `given` is what it reads. Raises OperatorError where it does not end with `status`.
        """
        return self._shown(
            "inferform",
            [sys.executable, "-m", "inferform_ops"],
            [*arguments, "--emulator"],
            status=status,
            given=given,
        )

    def read(self, *arguments: str) -> str:
        """Run a command that reads the files alone, and show it; what it printed."""
        return self._shown("inferform", [sys.executable, "-m", "inferform_ops"], [*arguments])

    def asked(self, *arguments: str) -> Any:
        """The JSON that a command of Inferform prints, which is not shown."""
        command = [sys.executable, "-m", "inferform_ops", *arguments, "--emulator"]
        return json.loads(self._quietly(*command))

    def git(self, *arguments: str) -> str:
        """Run git in the project, and show it; what it printed."""
        return self._shown("git", ["git", *_AUTHOR], [*arguments])

    def _shown(
        self,
        name: str,
        command: list[str],
        arguments: list[str],
        *,
        status: int = 0,
        given: str | None = None,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        done = subprocess.run(
            [*command, *arguments],
            cwd=folder or self.folder,
            env={**self._variables, **(variables or {})},
            input=given or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        line = f"{name} {shlex.join(arguments)}" if name else arguments[-1].strip()
        self._record.show(line, done.stdout)
        if done.returncode != status:
            raise OperatorError(f"{line} ended with {done.returncode}, not with {status}")
        return done.stdout

    def review(self, layer: str) -> str:
        """Review what a deploy of a layer would do."""
        return self.inferform("review", f"{KEY}-{layer}")

    def deploy(self, *layers: str, status: int = 0) -> str:
        """Deploy layers of the environment."""
        stacks = [f"{KEY}-{layer}" for layer in layers]
        return self.inferform("deploy", *stacks, "--auto-approve", status=status)

    def picture(self, says: str, *arguments: str) -> None:
        """Let a command that reads the files alone write a page, and keep the page in the record."""
        page = Path(".inferform/page.html")
        self.read(*arguments, "--output", str(page))
        self._record.keep(says, (self.folder / page).read_text("utf-8"))

    def write(self, old: str, new: str) -> None:
        """Write something else into the environment's file, in one place."""
        file = self.folder / "environments/dev.py"
        text = file.read_text("utf-8")
        if text.count(old) != 1:
            raise OperatorError(f"{file.name} has {old!r} {text.count(old)} times")
        file.write_text(text.replace(old, new), "utf-8")

    def killed(self, layer: str, *, operation: str) -> None:
        """Deploy a layer, and kill all of it once AWS has done an operation that Terraform does not hear of.

        Raises OperatorError where the operation does not come.
        """
        place = {"account": self.context.account, "operation": operation}
        for kind, count in (("drop-answer", 1), ("throttle", _LASTING)):
            self.emulator.control("POST", "faults", {"kind": kind, "count": count, **place})
        command = ["deploy", f"{KEY}-{layer}", "--auto-approve", "--emulator"]
        variables = self._variables | {"AWS_MAX_ATTEMPTS": "99"}
        # A provider that somebody else keeps would go on with what it was asked.
        variables.pop("TF_REATTACH_PROVIDERS", None)
        with subprocess.Popen(
            [sys.executable, "-m", "inferform_ops", *command],
            cwd=self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                self.until(
                    lambda: process.poll() is not None or self._struck() > 1,
                    f"{operation} of a deploy that is to be killed",
                )
            finally:
                ended = process.poll()
                if ended is None:
                    os.killpg(process.pid, signal.SIGKILL)
        self.emulator.control("DELETE", "faults")
        self._record.show(f"inferform {shlex.join(command)}", "killed")
        if ended is not None:
            raise OperatorError(f"the deploy ended with {ended} before it could be killed")
        # What has a terminal of its own, as Terraform by way of cdktf, ends with that a moment later.
        stack = Stack(f"{KEY}-{layer}", Path(f"{KEY}-{layer}"), ())
        here = self.emulator.environment(self._variables)
        self.until(lambda: not stack.is_at_work(here), "the end of Terraform")

    def _struck(self) -> int:
        return sum(each["hits"] for each in self.emulator.control("GET", "faults")["faults"])

    def push_images(self) -> None:
        """Push a small image for each that is named; what runs in its place, `containers` knows."""
        ecr = self.aws.client("ecr")
        for name in ("fraud", "fraud-train", "drift"):
            repository = self.context.name(name)
            ecr.put_image(
                repositoryName=repository, imageTag="1", imageManifest=small_manifest(repository)
            )

    def upload(self, key: str, text: str) -> None:
        """Put an object into the artifact bucket."""
        bucket = self.environment.artifact_bucket
        self.say(f"upload s3://{bucket}/{key}, {len(text.splitlines()) - 1} rows")
        self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())

    def approved_elsewhere(self) -> list[dict[str, Any]]:
        """What EventBridge has told GitHub."""
        found = self.emulator.control("POST", "events/calls", {"account": self.context.account})
        calls: list[dict[str, Any]] = found["calls"]
        return calls

    def workflow(self, call: Mapping[str, Any]) -> str:
        """Run the workflow that a call of GitHub starts, in a checkout of its own; the branch of the pull
        request that it opens, empty where there is nothing to propose."""
        clone = self.folder.with_name(f"{self.folder.name}-checkout")
        shutil.rmtree(clone, ignore_errors=True)
        self._quietly("git", "clone", "--quiet", str(self.origin), str(clone))
        if (self.folder / "node_modules").exists():
            (clone / "node_modules").symlink_to(self.folder / "node_modules")
        text = (clone / WORKFLOW).read_text("utf-8")
        (job,) = yaml.safe_load(text)["jobs"].values()
        payload = call["body"]["client_payload"]
        known = {f"github.event.client_payload.{name}": str(each) for name, each in payload.items()}

        def given(expression: str) -> str:
            return _EXPRESSION.sub(lambda found: known.get(found[1], ""), expression)

        variables = {name: given(each) for name, each in job["env"].items()}
        # As in GitHub's runner, whatever calls AWS does so by the variables of its shell.
        variables |= self.emulator.environment(self._variables)
        before = self.branches()
        for each in job["steps"]:
            if "run" in each:
                self._shown(
                    "", ["bash", "-e", "-c"], [each["run"]], folder=clone, variables=variables
                )
        (branch,) = self.branches() - before or {""}
        return branch

    def branches(self) -> set[str]:
        """The branches of the origin."""
        listed = self._quietly(
            "git", "--git-dir", str(self.origin), "branch", "--format=%(refname:short)"
        )
        return {*listed.split()}

    def merge(self, branch: str) -> str:
        """Show the diff of a pull request and merge it; the diff."""
        self._quietly("git", "fetch", "--quiet", "origin")
        told = self.git("diff", f"main...origin/{branch}")
        self.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", f"origin/{branch}")
        self._quietly("git", "push", "--quiet", "origin", "main")
        return told

    def difference(self, before: str) -> str:
        """What has changed since a commit, without what is around it."""
        return self._quietly("git", "diff", "--unified=0", before, "HEAD")

    def revert(self) -> None:
        """Take the last pull request back."""
        self.git("revert", "--no-edit", "-m", "1", "HEAD")
        self._quietly("git", "push", "--quiet", "origin", "main")

    # What is seen

    def pinned(self) -> str:
        """The version that the environment's file names."""
        (found,) = _PINNED.findall((self.folder / "environments/dev.py").read_text("utf-8"))
        return str(found)

    def version(self, number: int) -> str:
        """The ARN of a version."""
        return self.context.arn("sagemaker", f"model-package/{self.context.name(MODEL)}/{number}")

    def serving(self) -> Serving:
        """What the endpoint serves."""
        sagemaker = self.aws.client("sagemaker")
        found = sagemaker.describe_endpoint(EndpointName=self.context.name(MODEL))
        name = found["EndpointConfigName"]
        (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=name)[
            "ProductionVariants"
        ]
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
        container = (model.get("Containers") or [model["PrimaryContainer"]])[0]
        return Serving(name, container["ModelPackageName"])

    def versions(self) -> dict[int, str]:
        """The approval status of each version."""
        listed = self.aws.client("sagemaker").list_model_packages(
            ModelPackageGroupName=self.context.name(MODEL)
        )
        return {
            each["ModelPackageVersion"]: each["ModelApprovalStatus"]
            for each in listed["ModelPackageSummaryList"]
        }

    def runs(self, machine: str) -> list[dict[str, Any]]:
        """The executions of a state machine, the oldest first."""
        states: Any = self.aws.any_client("stepfunctions")
        arn = self.context.arn("states", f"stateMachine:{machine}")
        found: list[dict[str, Any]] = states.list_executions(stateMachineArn=arn)["executions"]
        return sorted(found, key=lambda each: each["startDate"])

    @property
    def retraining(self) -> str:
        """The state machine of the retraining."""
        return names.machine_name(self.context, MODEL)

    @property
    def monitor(self) -> str:
        """The state machine of the drift monitor."""
        return names.monitor_name(self.context, MODEL)

    def ended(self, machine: str, count: int) -> str:
        """How the last of `count` executions ends. Raises OperatorError where there are not as many."""
        self.until(
            lambda: (
                len(found := self.runs(machine)) >= count
                and all(each["status"] != "RUNNING" for each in found)
            ),
            f"{count} executions of {machine}",
        )
        return str(self.runs(machine)[-1]["status"])

    def until(self, condition: Callable[[], bool], words: str) -> None:
        """Wait until something holds. Raises OperatorError where it does not come."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise OperatorError(f"{words} did not come within {_PATIENCE_SECONDS:g} s")
            time.sleep(0.1)

    def fire(self, schedule: str) -> None:
        """Let a schedule start its target, as at its time."""
        self.say(f"the time of the schedule {schedule} has come")
        told = self.emulator.control(
            "POST", "scheduler/fire", {"name": schedule, "account": self.context.account}
        )
        if not told["delivered"]:
            raise OperatorError(f"{schedule} started nothing: {told['reason']}")

    def planned(self, asked: str = f"{KEY}-inference") -> dict[str, int]:
        """How many resources a deploy of a stack or an environment would change, by action."""
        found = self.asked("review", asked, "--format", "json")
        counts: dict[str, int] = found["counts"]
        return counts

    def notices(self) -> list[dict[str, Any]]:
        """What the topic of the environment was told since the last look."""
        sqs: Any = self.aws.any_client("sqs")
        queue = sqs.get_queue_url(QueueName=_QUEUE)["QueueUrl"]
        found = []
        while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append(json.loads(json.loads(message["Body"])["Message"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found


_AUTHOR = ("-c", "user.name=tour", "-c", "user.email=tour@invalid")
_LASTING = 10_000
_COMPILED = shutil.ignore_patterns("__pycache__")
_TOPIC = "ml"
_QUEUE = "told"


def _variables(folder: Path) -> dict[str, str]:
    """The shell of the tour: this project's Inferform and providers, and no configuration of git's but its
    own."""
    programs = folder.with_name(f"{folder.name}-bin")
    programs.mkdir(parents=True, exist_ok=True)
    for name, line in (
        ("inferform", f'exec {shlex.quote(sys.executable)} -m inferform_ops "$@"'),
        ("gh", 'echo "opened a pull request of $(git branch --show-current)"'),
    ):
        file = programs / name
        file.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    variables = terraform_environment()
    for name in ("INFERFORM_ENVIRONMENTS", "FORCE_COLOR"):
        variables.pop(name, None)
    return variables | {
        "COLUMNS": "120",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([str(programs), variables.get("PATH", os.defpath)]),
        "PYTHONPATH": os.pathsep.join(
            [str(CHECKOUT), *filter(None, [variables.get("PYTHONPATH")])]
        ),
    }


@contextmanager
def opened(folder: Path, record: Record, *, app: str | None = None) -> Iterator[Tour]:
    """A tour in a new project below `folder`; its emulator ends with it.

    `app` is the command that synthesizes. Default: main.py of the project.
    """
    if not EXAMPLE.is_dir():
        raise BadInputError(
            "the tour needs a checkout of Inferform, as its example and its containers are no part of "
            "the package",
            "clone the repository and run make tour there",
        )
    terraform_binary()
    if cdktf_in(ROOT) is None:
        install_cdktf(ROOT)
    project = folder / "project"
    process.stop(project / ".inferform/emulator")
    shutil.rmtree(folder, ignore_errors=True)
    project.mkdir(parents=True)
    emulator = process.start(project / ".inferform/emulator", with_parent=True)
    try:
        tour = Tour(project, record, emulator, app or f"{shlex.quote(sys.executable)} main.py")
        _furnish(tour)
        with _programs(tour):
            yield tour
    finally:
        process.stop(emulator.directory)


def _furnish(tour: Tour) -> None:
    """What is there before: services are judged by their rights, and a topic with a queue on it."""
    tour.emulator.control("POST", "access", {"account": tour.context.account, "judged": True})
    sns, sqs = tour.aws.any_client("sns"), tour.aws.any_client("sqs")
    topic = sns.create_topic(Name=_TOPIC)["TopicArn"]
    sqs.create_queue(QueueName=_QUEUE)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=tour.context.arn("sqs", _QUEUE))


@contextmanager
def _programs(tour: Tour) -> Iterator[None]:
    """Run the jobs of SageMaker as processes."""
    variables = {"ML_DIR": containers.ROOT, "PROCESSING_DIR": f"{containers.ROOT}/processing"}
    known = {
        tour.context.name("fraud-train"): containers.Container(
            tour.folder / "fraud", ["python", "train.py"], variables
        ),
        tour.context.name("drift"): containers.Container(DRIFT, ["python", "drift.py"], variables),
    }
    place = {"account": tour.context.account, "region": tour.context.region}
    with containers.running(tour.emulator, known, **place):
        yield
