"""A plan is said to be of a commit only where the commit holds what was planned."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from ops.plan import read_plan
from ops.review.building import build
from ops.review.renderers import FORMATS
from ops.review.source import Source, source_of

from .plans import plan_of
from .project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def test_a_clean_project_is_its_commit(project: Project) -> None:
    project.write("cdktf.out/stacks/dev/cdk.tf.json", "{}")
    project.write("environments/__pycache__/dev.pyc", "")
    assert project.source == Source(project.head)
    assert str(project.source) == f"commit {project.head[:12]}"


def _sub(project: Project) -> None:
    inner = Project(project.folder.parent / "library")
    project.git("submodule", "add", "-q", str(inner.folder), "library")
    project.commit("Add library")


def _change_in_submodule(project: Project) -> None:
    _sub(project)
    project.write("library/environments/dev.py", "dev = 2\n")


def _other_commit_of_submodule(project: Project) -> None:
    _sub(project)
    project.git("config", "-f", ".gitmodules", "submodule.library.ignore", "all")
    project.commit("Look away")
    project.git("-C", "library", "checkout", "-q", "--orphan", "other")
    project.git("-C", "library", "commit", "-q", "--allow-empty", "-m", "Go on")


def _hidden(flag: str) -> Callable[[Project], None]:
    def hide(project: Project) -> None:
        project.git("update-index", flag, "environments/dev.py")
        project.write("environments/dev.py", "dev = 2\n")

    return hide


def _linked(project: Project) -> None:
    (project.folder.parent / "theirs.py").write_text("theirs = 1\n", encoding="utf-8")
    (project.folder / "environments" / "theirs.py").symlink_to(project.folder.parent / "theirs.py")
    project.commit("Link")


def _staged(project: Project) -> None:
    project.write("environments/dev.py", "dev = 2\n")
    project.git("add", "-A")


DIRTY: dict[str, tuple[Callable[[Project], object], str]] = {
    "a change": (lambda p: p.write("environments/dev.py", "dev = 2\n"), "environments/dev.py"),
    "a staged change": (_staged, "environments/dev.py"),
    "a deletion": (lambda p: (p.folder / "environments/dev.py").unlink(), "environments/dev.py"),
    "a renaming": (lambda p: p.git("mv", "cdktf.json", "other.json"), "cdktf.json"),
    "an environment file that was never added": (
        lambda p: p.write("environments/new.py", "new = 1\n"),
        "environments/new.py",
    ),
    "an environment file that is ignored": (
        lambda p: p.write("environments/mine.py", "mine = 1\n"),
        "environments/mine.py",
    ),
    "an environment file that is a link out of the repository": (_linked, "environments/theirs.py"),
    "a file of code that was never added": (
        lambda p: p.write("a folder/é.py", ""),
        "a folder/é.py",
    ),
    "a change that Git assumes not to be there": (
        _hidden("--assume-unchanged"),
        "environments/dev.py",
    ),
    "a change in a file that Git skips": (_hidden("--skip-worktree"), "environments/dev.py"),
    "a change in a submodule": (_change_in_submodule, "library"),
    "a submodule at another commit": (_other_commit_of_submodule, "library"),
}


@pytest.mark.parametrize("case", DIRTY)
def test_what_differs_from_the_commit_is_named(case: str, project: Project) -> None:
    change, file = DIRTY[case]
    change(project)
    source = project.source
    assert not source.is_commit
    assert any(each.endswith(file) for each in source.uncommitted), source
    assert f"uncommitted changes: {source.uncommitted[0]}" in str(source)


def test_environments_that_are_outside_of_the_repository_are_not_in_its_commit(
    project: Project, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "dev.py").write_text("dev = 1\n", encoding="utf-8")
    assert source_of(project.folder, elsewhere).uncommitted == (str(elsewhere / "dev.py"),)


def test_a_submodule_that_is_as_the_commit_has_it_differs_in_nothing(project: Project) -> None:
    _sub(project)
    assert project.source == Source(project.head)


def test_a_worktree_a_shallow_clone_and_a_detached_head_have_a_commit(
    project: Project, tmp_path: Path
) -> None:
    second = (project.write("environments/dev.py", "dev = 2\n"), project.commit("Go on"))[1]
    project.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"), "HEAD~1")
    project.git("clone", "-q", "--depth", "1", f"file://{project.folder}", str(tmp_path / "clone"))
    assert source_of(tmp_path / "tree") == Source(project.git("rev-parse", "HEAD~1"))
    assert source_of(tmp_path / "clone") == Source(second)


def test_a_merge_names_what_it_merges_also_where_their_commits_are_not_there(
    project: Project, tmp_path: Path
) -> None:
    base = project.head
    project.git("checkout", "-q", "-b", "feature")
    project.write("environments/feature.py", "feature = 1\n")
    feature = project.commit("Add a feature")
    project.git("checkout", "-q", "main")
    project.git("merge", "-q", "--no-ff", "-m", "Merge", "feature")
    project.git("clone", "-q", "--depth", "1", f"file://{project.folder}", str(tmp_path / "clone"))
    source = source_of(tmp_path / "clone")
    assert source == Source(project.head, merged=(base, feature))
    assert str(source) == (
        f"commit {project.head[:12]}, which merges {base[:12]} and {feature[:12]}"
    )


def test_the_repository_of_a_hook_is_not_taken_for_the_projects(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, other = project.head, Project(tmp_path / "other")
    other.write("environments/dev.py", "dev = 2\n")
    other.commit("Go another way")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.folder / ".git" / "index"))
    assert project.source == Source(head)


def _not_a_repository(folder: Path) -> Path:
    folder.mkdir()
    (folder / "cdktf.json").write_text("{}", encoding="utf-8")
    return folder


def test_a_project_without_a_repository_has_no_commit_and_says_why(tmp_path: Path) -> None:
    source = source_of(_not_a_repository(tmp_path / "copy"))
    assert (source.commit, source.is_commit) == ("", False)
    assert str(source).startswith("no commit (not a git repository")


def test_a_copy_within_another_repository_has_not_that_ones_commit(project: Project) -> None:
    project.write(".gitignore", "copy/\n")
    project.commit("Ignore the copy")
    source = source_of(_not_a_repository(project.folder / "copy"))
    assert source.commit == ""
    assert "does not have the project's cdktf.json" in source.unknown


def test_nothing_committed_yet_is_said(project: Project) -> None:
    project.git("checkout", "-q", "--orphan", "empty")
    assert project.source == Source(unknown="nothing is committed yet")


def test_without_git_there_is_no_commit(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert project.source.unknown == "git cannot be run: No such file or directory"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_was_planned(name: str) -> None:
    plan = read_plan(plan_of(), "dev")
    commit = "0123456789abcdef0123456789abcdef01234567"
    clean = FORMATS[name](build([plan], source=Source(commit)))
    assert commit[:12] in clean
    files = ("environments/dev.py", *(f"f{number}.py" for number in range(20)))
    dirty = FORMATS[name](build([plan], source=Source(commit, files)))
    assert "environments/dev.py" in dirty
    assert "ncommitted" in dirty
    none = FORMATS[name](build([plan], source=Source(unknown="not a git repository")))
    assert "not a git repository" in none
    assert name == "json" or "commit" not in FORMATS[name](build([plan]))


def test_a_machine_reads_a_commit_only_where_it_is_all_that_was_planned() -> None:
    plan = read_plan(plan_of(), "dev")
    dirty = Source("f" * 40, ("environments/dev.py",))
    data = json.loads(FORMATS["json"](build([plan], source=dirty)))
    assert data["commit"] == ""
    assert Source.of(data["source"]) == dirty
    assert data["source"] == json.loads(json.dumps(asdict(dirty)))
    assert json.loads(FORMATS["json"](build([plan], source=Source("f" * 40))))["commit"] == "f" * 40


def test_a_name_cannot_steer_a_terminal(project: Project) -> None:
    project.write("environments/\x1b[2Jx.py", "x = 1\n")
    assert project.source.uncommitted == ("environments/?[2Jx.py",)
