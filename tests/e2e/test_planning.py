"""Plans that are made in order, bound to what they were made from, applied once, and refused otherwise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.bootstrap import bootstrap
from ops.environments import environment
from ops.errors import OperatorError
from ops.program import Program
from ops.review import bound
from ops.review.apply import apply
from ops.review.report import Report, StackReport
from ops.review.reviewing import review_environments
from ops.review.source import Source
from ops.terraform import LOCK_FILE
from tests.e2e.program import app_of
from tests.review.project import Project
from tests.review.test_planning import ENVIRONMENT, KEY


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _refuses_uncommitted(project: Project, program: Program, plans: Path) -> None:
    """What nobody committed is planned, said, and not applied as if somebody had."""
    commit, upper = project.head, plans / KEY / f"{KEY}-inference.tfplan"
    project.write("environments/test.py", ENVIRONMENT.replace("ml.m5.large", "ml.m5.xlarge"))
    report = review_environments([KEY], program, folder=plans)
    assert report.source == Source(commit, ("environments/test.py",))
    with pytest.raises(OperatorError, match=r"with uncommitted changes: environments/test\.py"):
        apply(upper, program)
    # A later commit does not make it the plan of that commit.
    other = project.commit("Take another type")
    with pytest.raises(OperatorError, match=f"but {other[:12]} is checked out"):
        apply(upper, program, uncommitted=True)
    project.git("reset", "-q", "--hard", commit)
    with pytest.raises(OperatorError, match="stale: the code synthesizes to something else"):
        apply(upper, program, uncommitted=True)


def _refuses_crossed(lower: Path, upper: Path, program: Program) -> None:
    """The plan of one stack is not applied under the record of another."""
    crossed = upper.with_name("crossed.tfplan")
    shutil.copy(lower, crossed)
    values = json.loads(bound.record_path(upper).read_text("utf-8"))
    values["plan"] = bound.digest(crossed)
    bound.record_path(crossed).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(OperatorError, match=f"is not a plan of {KEY}-inference: it was planned"):
        apply(crossed, program)


def test_a_plan_is_made_in_order_bound_applied_once_and_refused_otherwise(
    emulator: Emulator, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project")
    project.write("cdktf.json", json.dumps({"app": app_of(tmp_path / "remembered")}))
    project.write("environments/test.py", ENVIRONMENT)
    commit = project.commit("Ask for an endpoint")
    program = Program(
        emulator,
        environments=project.folder / "environments",
        outdir=tmp_path / "out",
        folder=project.folder,
        work=tmp_path / "work",
    )
    program.outdir.mkdir()
    found = environment(KEY, program.environments)
    plans = tmp_path / "plans"

    def review(**options: Any) -> dict[str, StackReport]:
        report: Report = review_environments([KEY], program, folder=plans, **options)
        return {stack.name: stack for stack in report.stacks}

    # Without a state bucket there is nothing to plan against, and nothing is invented.
    before = review(read_only=True)
    assert before[f"{KEY}-registry"].status == "blocked"
    assert "inferform bootstrap" in before[f"{KEY}-registry"].note

    bootstrap(found.context, Aws(found.context, emulator=emulator))
    first = review()
    assert list(first) == [f"{KEY}-registry", f"{KEY}-inference"]
    assert set(first[f"{KEY}-registry"].counts) == {"create"}
    assert first[f"{KEY}-inference"].status == "blocked"
    assert first[f"{KEY}-inference"].note == (
        f"depends on {KEY}-registry, which is not deployed yet"
    )
    assert not (plans / KEY / f"{KEY}-inference.tfplan").exists()

    saved = plans / KEY / f"{KEY}-registry.tfplan"
    for folder in (plans / KEY, program.work, *program.work.iterdir()):
        assert _mode(folder) == 0o700, folder
    assert _mode(saved) == 0o600
    record = bound.read_record(saved)
    assert (record.environment, record.layer, record.state) == (KEY, "registry", None)
    assert record.source == Source(commit)
    assert record.lock_file == bound.digest(
        program.outdir / "stacks" / f"{KEY}-registry" / LOCK_FILE
    )
    copy = tmp_path / "copy.tfplan"
    shutil.copy(saved, copy)
    shutil.copy(bound.record_path(saved), bound.record_path(copy))

    with pytest.raises(OperatorError, match=f"is a plan of {KEY}, not of prod-euw1"):
        apply(saved, program, environment="prod-euw1")
    assert apply(saved, program, environment=KEY).stack == f"{KEY}-registry"
    assert not saved.exists()
    with pytest.raises(OperatorError, match="stale: its state has been written since"):
        apply(copy, program)

    _refuses_uncommitted(project, program, plans)

    second = review()
    assert second[f"{KEY}-registry"].counts == {}
    assert "create" in second[f"{KEY}-inference"].counts
    upper = plans / KEY / f"{KEY}-inference.tfplan"
    _refuses_crossed(plans / KEY / f"{KEY}-registry.tfplan", upper, program)
    values = json.loads(bound.record_path(upper).read_text("utf-8"))
    values["below"][f"{KEY}-registry"]["serial"] -= 1
    bound.record_path(upper).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(
        OperatorError, match=f"{KEY}-registry, which it depends on, has been applied"
    ):
        apply(upper, program)
