"""What tests/commandline.py promises: a deploy that is kept ready prints and does what another one does."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.node import PTY, cdktf_in
from ops.terraform import terraform_environment
from tests.commandline import IDLE, OTHERS, kept
from tests.conftest import ROOT
from tests.waiting import gone, wait_until

# What a stack prints is printed as it comes, so how it is laid out is not the same twice.
_LAYOUT = re.compile(r"^(one)?\s+", re.MULTILINE)
_VARYING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|after \d+s")


@pytest.fixture(autouse=True)
def keeping() -> Iterator[None]:
    with kept():
        yield


def project(folder: Path, provisioner: str = "echo {}", version: int = 1) -> Path:
    """A synthesized stack whose one resource runs a command, again for each version; `{}` is the
    project's folder."""
    stack = folder / "stacks" / "one"
    stack.mkdir(parents=True, exist_ok=True)
    command = provisioner.format(folder)
    resource = {"triggers_replace": version, "provisioner": {"local-exec": {"command": command}}}
    content = {
        "//": {"metadata": {"backend": "local", "stackName": "one", "version": "0.21.0"}},
        "terraform": {"backend": {"local": {"path": str(folder / "one.tfstate")}}},
        "resource": {"terraform_data": {"x": resource}},
    }
    (stack / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    listed = {
        "annotations": [],
        "constructPath": "one",
        "dependencies": [],
        "name": "one",
        "synthesizedStackPath": "stacks/one/cdk.tf.json",
        "workingDirectory": "stacks/one",
    }
    manifest = {"version": "0.21.0", "stacks": {"one": listed}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    settings = {"language": "python", "app": "true", "projectId": "x", "sendCrashReports": "false"}
    (folder / "cdktf.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def started(folder: Path, path: str, **variables: str) -> subprocess.Popen[str]:
    cdktf = cdktf_in(ROOT)
    assert cdktf is not None
    command = [
        str(cdktf),
        "deploy",
        "one",
        "--auto-approve",
        "--skip-synth",
        "--skip-provider-lock",
    ]
    shown = {"CI": "1", "NO_COLOR": "1", "FORCE_COLOR": "0", "CHECKPOINT_DISABLE": "1"}
    options = f"--unhandled-rejections=warn {PTY}"
    return subprocess.Popen(
        [*command, "--output", str(folder)],
        cwd=folder,
        env=terraform_environment() | shown | {"NODE_OPTIONS": options, "PATH": path} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )


def deployed(folder: Path, path: str, **variables: str) -> tuple[int, list[str]]:
    """How a deploy ended, and the lines that it printed, of which Terraform's ids are left out."""
    with started(folder, path, **variables) as process:
        printed, _ = process.communicate()
    text = _LAYOUT.sub("", printed.replace(str(folder), "FOLDER"))
    return process.returncode, _VARYING.sub("", text).split("\n")


def without_keeping() -> str:
    """The PATH on which node is Node.js itself: neither this file's nor the session's keeps any."""
    return os.environ["PATH"].split(os.pathsep, maxsplit=2)[2]


def runners() -> int:
    """How many processes keep running deploys."""
    listed = subprocess.run(["ps", "-eo", "ppid,args"], check=True, capture_output=True, text=True)
    found = [line.split() for line in listed.stdout.splitlines() if "commandline.js" in line]
    return len([each for each in found if int(each[0]) == os.getpid()])


def test_a_kept_command_prints_and_does_what_one_of_its_own_does(tmp_path: Path) -> None:
    before = runners()
    for version in (1, 2):
        alone = deployed(project(tmp_path / "alone", version=version), without_keeping())
        kept_ready = deployed(project(tmp_path / "kept", version=version), os.environ["PATH"])
        assert sorted(kept_ready[1]) == sorted(alone[1])
        assert kept_ready[0] == alone[0] == 0
        assert "Resources: 1 added" in "".join(alone[1])
    assert "1 destroyed" in "".join(alone[1])
    assert runners() == before + 1


def test_a_run_has_the_variables_and_the_umask_of_whoever_asked_for_it(tmp_path: Path) -> None:
    before = runners()
    for version, mask in ((1, 0o077), (2, 0o022)):
        said = tmp_path / str(version)
        folder = project(tmp_path, f'echo "$AWS_REGION" > {said}', version)
        own = os.umask(mask)
        try:
            status, _ = deployed(folder, os.environ["PATH"], AWS_REGION=str(version))
        finally:
            os.umask(own)
        assert status == 0
        assert said.read_text("utf-8") == f"{version}\n"
        assert said.stat().st_mode & 0o777 == 0o666 & ~mask
    assert runners() == before + 1


def test_other_projects_are_run_by_as_many_processes_as_wait(tmp_path: Path) -> None:
    before = runners()
    alone = deployed(project(tmp_path / "alone"), without_keeping())
    for number in range(2 * (OTHERS + 1) + 2):
        folder = project(tmp_path / str(number))
        status, lines = deployed(folder, os.environ["PATH"])
        assert (status, sorted(lines)) == (0, sorted(alone[1]))
        assert (folder / "one.tfstate").exists()
        assert runners() == before + min(number + 1, IDLE)


def test_a_run_that_fails_says_so_and_no_other_run_has_its_process(tmp_path: Path) -> None:
    before = runners()
    status, lines = deployed(project(tmp_path / "failed", "exit 3"), os.environ["PATH"])
    assert status == 1
    assert "Error: local-exec provisioner error" in "\n".join(lines)
    assert runners() == before
    assert deployed(project(tmp_path / "next"), os.environ["PATH"])[0] == 0


def test_what_a_killed_run_has_started_ends_with_it(tmp_path: Path) -> None:
    folder = project(tmp_path, "echo $$ > {}/pid; exec sleep 3600")
    with started(folder, os.environ["PATH"]) as process:
        assert wait_until(lambda: (folder / "pid").exists() and bool((folder / "pid").read_text()))
        os.killpg(process.pid, signal.SIGKILL)
    assert wait_until(lambda: gone(int((folder / "pid").read_text("utf-8"))))
