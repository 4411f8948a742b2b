"""The GitHub workflows: their schema, their rights, their commands."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ops.cli import app
from ops.review.renderers.markdown import MARKER
from tests.workflows import FILES, KEYS

pytestmark = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def workflow(file: Path) -> dict[str, Any]:
    """A workflow; YAML 1.1 reads its key `on` as true."""
    content: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    content["on"] = content.pop(True)
    return content


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in workflow(file)["jobs"].values():
        yield from job.get("steps", [])


def scripts(file: Path) -> Iterator[str]:
    yield from (step["run"] for step in steps(file) if "run" in step)


@pytest.mark.skipif(
    importlib.util.find_spec("check_jsonschema") is None,
    reason="check-jsonschema, which has the schema of GitHub's workflows, is not installed",
)
def test_it_follows_the_schema_of_github(file: Path) -> None:
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.github-workflows", str(file)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed")
def test_actionlint_finds_nothing(file: Path) -> None:
    answer = subprocess.run(["actionlint", str(file)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def test_every_action_is_pinned_to_a_commit(file: Path) -> None:
    for line in file.read_text("utf-8").splitlines():
        match = re.search(r"uses: (\S+)(.*)", line)
        if match and not match[1].startswith("./"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", match[1]), line
            assert re.search(r"# v\d+\.\d+\.\d+", match[2]), line


def test_a_job_has_no_right_that_it_does_not_name(file: Path) -> None:
    content = workflow(file)
    assert content["permissions"] == {"contents": "read"}
    for name, job in content["jobs"].items():
        rights = job["permissions"]
        assert rights["contents"] == "read", name
        wanted = {"release": {"attestations"}, "docs": {"pages"}}.get(file.stem, {"pull-requests"})
        assert set(rights) <= {"contents", "id-token", *wanted}, name


def test_no_key_is_stored_and_roles_are_assumed_by_oidc(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "secrets." not in text
    assert "aws-access-key-id" not in text
    for name, job in workflow(file)["jobs"].items():
        uses = [str(step.get("uses", "")) for step in job.get("steps", [])]
        if any("configure-aws-credentials" in action for action in uses):
            assert job["permissions"]["id-token"] == "write", name


def test_only_a_job_of_a_protected_environment_has_the_deploy_role(file: Path) -> None:
    for name, job in workflow(file)["jobs"].items():
        if "AWS_DEPLOY_ROLE_ARN" in str(job):
            assert job["environment"] == "${{ inputs.environment }}", name
            assert job["needs"] == "review", name


def test_a_pull_request_of_a_fork_runs_nothing_that_has_a_role(file: Path) -> None:
    content = workflow(file)
    assert "pull_request_target" not in content["on"]
    if "pull_request" in content["on"]:
        own = "github.event.pull_request.head.repo.full_name == github.repository"
        pushed = "github.event_name == 'push'"
        for name, job in content["jobs"].items():
            assert job.get("if") in (own, pushed) or "id-token" not in job["permissions"], name


def test_no_script_has_an_expression_in_it(file: Path) -> None:
    for script in scripts(file):
        assert "${{" not in script, "pass it by env: an expression is pasted into the script"


def test_scripts_are_valid_bash(file: Path) -> None:
    for script in scripts(file):
        answer = subprocess.run(
            ["bash", "-n"], input=script, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr


def test_every_command_and_option_of_inferform_exists(file: Path) -> None:
    group = typer.main.get_command(app)
    for script in scripts(file):
        for line in script.replace("\\\n", " ").splitlines():
            match = re.match(r"\s*\.venv/bin/inferform (\S+)(.*)", line)
            if match is None:
                continue
            command = group.commands[match[1]]  # type: ignore[attr-defined]
            known = {name for parameter in command.params for name in parameter.opts}
            assert set(re.findall(r"(?<=\s)--[a-z-]+", match[2])) <= known, line


def test_every_environment_is_in_it(file: Path) -> None:
    if file.stem in ("audit", "checks", "docs", "model", "release"):
        assert "bin/inferform " not in "".join(scripts(file)), "it is of the whole repository"
        return
    if file.stem in ("deploy-environment", "deploy-reviewed"):
        assert list(workflow(file)["on"]["workflow_call"]["inputs"]) == ["environment"]
        return
    text = file.read_text("utf-8")
    assert all(key in text for key in KEYS)


def test_the_comment_is_found_by_the_marker_that_the_report_begins_with(file: Path) -> None:
    if file.stem == "plan":
        assert f'startswith("{MARKER}")' in file.read_text("utf-8")


def test_jobs_end_by_themselves(file: Path) -> None:
    for name, job in workflow(file)["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 180, name
