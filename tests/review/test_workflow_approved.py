"""The workflows deploy what was approved, and ask once more where it is no longer that."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.errors import NotApprovedError
from tests.workflows import WRITTEN

DIGEST = "d" * 64


def _jobs(name: str) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load((WRITTEN / name).read_text("utf-8"))["jobs"]
    return jobs


def _step(job: str, name: str) -> dict[str, Any]:
    steps = _jobs("deploy-reviewed.yml")[job]["steps"]
    return next(step for step in steps if step.get("id") == name)


def _run(tmp_path: Path, script: str, inferform: str, **variables: str) -> tuple[int, str, str]:
    """Run a step's script as GitHub does; what it ended with, its outputs, and how it called us."""
    command = tmp_path / ".venv" / "bin" / "inferform"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f'#!/bin/bash\necho "$@" >> called\n{inferform}\n', encoding="utf-8")
    command.chmod(0o755)
    # The runners have jq; what is asked of it here is one member.
    jq = tmp_path / "bin" / "jq"
    jq.parent.mkdir(exist_ok=True)
    jq.write_text(
        "#!/bin/bash\n"
        """test "$1 $2" = "--raw-output .digest" && sed -E 's/.*"digest": "([^"]*)".*/\\1/' "$3"\n""",
        encoding="utf-8",
    )
    jq.chmod(0o755)
    outputs = tmp_path / "outputs"
    outputs.touch()
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": f"{jq.parent}:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "ENVIRONMENT": "dev-use1",
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    called = tmp_path / "called"
    return done.returncode, outputs.read_text(), called.read_text() if called.exists() else ""


@pytest.mark.parametrize(
    ("ends", "status", "outputs"),
    [(0, 0, ""), (NotApprovedError.status, 0, "differs=true\n"), (1, 1, ""), (3, 3, "")],
)
def test_a_difference_is_handed_on_and_a_failure_fails(
    ends: int, status: int, outputs: str, tmp_path: Path
) -> None:
    (tmp_path / "review").mkdir()
    (tmp_path / "review" / "review.json").write_text(json.dumps({"digest": DIGEST}))
    script = _step("deploy", "deploy")["run"]
    found = _run(tmp_path, script, f"exit {ends}", DIGEST=DIGEST)
    called = "deploy dev-use1-* --approved review/review.json --auto-approve\n"
    assert found == (status, outputs, called)


def test_another_review_than_the_approved_one_is_not_deployed(tmp_path: Path) -> None:
    (tmp_path / "review").mkdir()
    (tmp_path / "review" / "review.json").write_text(json.dumps({"digest": "e" * 64}))
    found = _run(tmp_path, _step("deploy", "deploy")["run"], "exit 0", DIGEST=DIGEST)
    assert found == (1, "", "")


def test_the_review_that_is_shown_is_the_one_that_is_handed_on(tmp_path: Path) -> None:
    writes = (
        "mkdir -p review; echo shown > review/review.md; "
        f"echo '{json.dumps({'digest': DIGEST})}' > review/review.json"
    )
    status, outputs, called = _run(tmp_path, _step("review", "review")["run"], writes)
    assert (status, outputs) == (0, f"digest={DIGEST}\n")
    assert called.startswith("review dev-use1 --read-only")
    assert (tmp_path / "summary").read_text() == "shown\n"
    review, deploy = (_jobs("deploy-reviewed.yml")[name] for name in ("review", "deploy"))
    assert review["outputs"] == {"digest": "${{ steps.review.outputs.digest }}"}
    assert _step("deploy", "deploy")["env"] == {"DIGEST": "${{ needs.review.outputs.digest }}"}
    (given,) = [s["with"] for s in review["steps"] if "upload-artifact" in s.get("uses", "")]
    (taken,) = [s["with"] for s in deploy["steps"] if "download-artifact" in s.get("uses", "")]
    shown = {"steps.review.outputs": "needs.review.outputs"}
    for own, needed in shown.items():
        assert given["name"].replace(own, needed) == taken["name"]


def test_a_difference_is_asked_for_once_more_and_then_fails() -> None:
    jobs = _jobs("deploy-environment.yml")
    first, again, settled = (jobs[name] for name in ("first", "again", "settled"))
    assert first["uses"] == again["uses"] == "./.github/workflows/deploy-reviewed.yml"
    assert first["with"] == again["with"]
    assert (again["needs"], again["if"]) == ("first", "needs.first.outputs.differs == 'true'")
    assert (settled["needs"], settled["if"]) == ("again", "needs.again.outputs.differs == 'true'")
    assert settled["steps"][-1]["run"].rstrip().endswith("exit 1")


def test_every_deploy_of_the_workflows_is_of_what_was_approved() -> None:
    for file in WRITTEN.glob("*.yml"):
        for line in file.read_text("utf-8").splitlines():
            if "inferform deploy " in line:
                assert "--approved" in line, file.name
