"""Which stacks differ from those of another commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ops.changed import Base, _files, base_of
from ops.cli import app
from ops.plan import read_plan
from ops.program import Program, Stacks
from ops.review.building import build
from ops.review.planning import Planning, saved_in
from ops.review.report import StackReport, stack_report
from ops.review.source import NO_SOURCE
from ops.terraform import Stack
from tests.conftest import ROOT
from tests.review.plans import plan_of
from tests.review.test_planning import ENVIRONMENT

MAIN = """
import sys
from pathlib import Path
from inferform import program
sys.exit(program.main(Path(__file__).parent / "environments"))
"""
CHANGES = {
    "a field of a service": ("ml.m5.large", "ml.m5.xlarge"),
    "another service": (
        "endpoints={",
        'endpoints={"two": RealtimeEndpoint(model=Model(image=Image(repository="fraud", tag="2")), '
        'instance_type="ml.m5.large"),',
    ),
    "something of a layer below": (
        '"fraud": Repository()',
        '"fraud": Repository(), "new": Repository()',
    ),
    "the Context, which is in all": ('owner="ml-platform"', 'owner="other"'),
    "nothing that becomes anything": ("test = Environment(", "# why\ntest = Environment("),
}


@pytest.fixture(autouse=True)
def _found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inferform is found from the projects."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def git(folder: Path, *arguments: str) -> str:
    named = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *named, *arguments],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def project(folder: Path) -> Program:
    (folder / "environments").mkdir(parents=True)
    (folder / "environments" / "test.py").write_text(ENVIRONMENT, "utf-8")
    (folder / "main.py").write_text(MAIN, "utf-8")
    (folder / "cdktf.json").write_text(json.dumps({"app": f"{sys.executable} main.py"}), "utf-8")
    (folder / ".gitignore").write_text("out*\n__pycache__\n", "utf-8")
    git(folder, "init", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--message=as it was")
    return Program(
        folder=folder,
        environments=folder / "environments",
        outdir=folder / "out",
        work=folder.parent / "work",
    )


def contents(made: Stacks) -> dict[str, str]:
    return {stack.name: (stack.folder / "cdk.tf.json").read_text("utf-8") for stack in made.stacks}


def test_every_change_that_alters_the_json_of_a_stack_is_found(tmp_path: Path) -> None:
    program = project(tmp_path / "p")
    as_it_was = contents(program.synthesize())
    base = base_of(program, "main")
    assert not base.unknown
    assert base.files.keys() == as_it_was.keys()
    assert git(program.folder, "worktree", "list").count("\n") == 1
    altered = {}
    for title, (text, instead) in CHANGES.items():
        changed = ENVIRONMENT.replace(text, instead)
        assert changed != ENVIRONMENT
        (program.environments / "test.py").write_text(changed, "utf-8")
        made = program.synthesize()
        altered[title] = {
            name for name, content in contents(made).items() if content != as_it_was.get(name)
        }
        assert base.differing(made) == altered[title], title
    inference, registry = "test-use1-inference", "test-use1-registry"
    assert [*altered.values()] == [
        {inference},
        {inference},
        {registry},
        {inference, registry},
        set(),
    ]


def test_the_base_is_made_of_its_own_files(tmp_path: Path) -> None:
    program = project(tmp_path / "p")
    file = program.environments / "test.py"
    file.write_text(
        "from sizes import SIZE\n" + ENVIRONMENT.replace('"ml.m5.large"', "SIZE"), "utf-8"
    )
    (program.folder / "sizes.py").write_text('SIZE = "ml.m5.large"\n', "utf-8")
    git(program.folder, "add", ".")
    git(program.folder, "commit", "--message=sizes apart")
    (program.folder / "sizes.py").write_text('SIZE = "ml.m5.4xlarge"\n', "utf-8")
    made = program.synthesize()
    base = base_of(program, "main")
    assert base.differing(made) == {"test-use1-inference"}


def test_where_the_base_reads_what_is_checked_out_all_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = project(tmp_path / "p")
    own = program.folder / "own"
    own.mkdir()
    file = program.environments / "test.py"
    file.write_text("import sizes\n" + ENVIRONMENT.replace('"ml.m5.large"', "sizes.SIZE"), "utf-8")
    (own / "sizes.py").write_text('SIZE = "ml.m5.large"\n', "utf-8")
    git(program.folder, "add", ".")
    git(program.folder, "commit", "--message=a package of our own")
    # As an editable installation puts it there.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(own), str(ROOT)]))
    monkeypatch.syspath_prepend(str(own))
    (own / "sizes.py").write_text('SIZE = "ml.m5.4xlarge"\n', "utf-8")
    made = program.synthesize()
    base = base_of(program, "main")
    assert "own/sizes.py of what is checked out here" in base.unknown
    assert base.differing(made) == {stack.name for stack in made.stacks}


def test_where_versions_or_the_base_are_not_known_all_is_planned(tmp_path: Path) -> None:
    program = project(tmp_path / "p")
    assert "no commit in common" in base_of(program, "nowhere").unknown
    (program.folder / "requirements.txt").write_text("inferform==2\n", "utf-8")
    assert "requirements.txt differs" in base_of(program, "main").unknown
    (program.folder / "requirements.txt").unlink()
    (program.folder / "main.py").write_text("raise SystemExit(7)\n", "utf-8")
    git(program.folder, "commit", "--all", "--message=broken")
    assert "synthesis failed" in base_of(program, "HEAD").unknown
    nothing = replace(program, folder=tmp_path)
    assert "no commit in common" in base_of(nothing, "main").unknown


def test_a_change_is_compared_with_where_it_left_the_base(tmp_path: Path) -> None:
    program = project(tmp_path / "p")
    git(program.folder, "checkout", "-b", "mine")
    git(program.folder, "commit", "--allow-empty", "--message=mine")
    git(program.folder, "checkout", "main")
    file = program.environments / "test.py"
    file.write_text(ENVIRONMENT.replace("ml.m5.large", "ml.m5.xlarge"), "utf-8")
    git(program.folder, "commit", "--all", "--message=theirs")
    git(program.folder, "checkout", "mine")
    made = program.synthesize()
    assert base_of(program, "main").differing(made) == set()


def layer(folder: Path, name: str, *below: str) -> Stack:
    (folder / name).mkdir()
    content = {"//": {"metadata": {"inferform": {"environment": "dev", "layer": name}}}}
    (folder / name / "cdk.tf.json").write_text(json.dumps(content), "utf-8")
    return Stack(name, folder / name, below)


def stacks_in(folder: Path) -> list[Stack]:
    return [
        layer(folder, "network"),
        layer(folder, "registry"),
        layer(folder, "inference", "network", "registry"),
        layer(folder, "apis", "inference"),
    ]


class Fake(Planning):
    """Plans without Terraform: `handing_up` are the stacks whose outputs change."""

    handing_up: Collection[str] = ()
    opened: list[str]

    def _open(self, stack: Stack, variables: object) -> str:
        self.opened.append(stack.name)
        self.states[stack.name] = None
        return ""

    def _plan(self, stack: Stack, variables: object) -> None:
        self._open(stack, variables)
        outputs = {"x": {"actions": ["update"], "before": "1", "after": "2"}}
        plan = read_plan(
            plan_of(output_changes=outputs if stack.name in self.handing_up else {}), stack.name
        )
        self.plans[stack.name] = plan
        self.reports[stack.name] = stack_report(plan)


def fake(made: Sequence[Stack], differing: Collection[str], handing_up: Collection[str]) -> Fake:
    synthesis = Stacks(Program(), tuple(made), {})
    other = {name: {"cdk.tf.json": "other"} for name in differing}
    base = Base("main", "0" * 40, {**_hashes(synthesis), **other})
    planning = Fake(synthesis, NO_SOURCE, base=base, keep=False)
    planning.handing_up, planning.opened = handing_up, []
    return planning


@pytest.mark.parametrize(
    ("differing", "handing_up", "chosen", "planned"),
    [
        (["registry"], [], "all", ["registry"]),
        (["inference"], ["network"], "all", ["inference"]),
        # Plans above are of the outputs as they are, and do not tell what they will hand up.
        (["registry"], ["registry"], "all", ["registry", "inference", "apis"]),
        (["apis"], ["apis"], "all", ["apis"]),
        ([], ["network"], "all", []),
        # What is not planned here may hand up anything.
        (["network"], [], ["inference", "apis"], ["inference", "apis"]),
        (["network"], [], ["apis"], ["apis"]),
    ],
)
def test_what_differs_is_planned_and_what_stands_on_changed_outputs(
    tmp_path: Path, differing: list[str], handing_up: list[str], chosen: object, planned: list[str]
) -> None:
    made = stacks_in(tmp_path)
    planning = fake(made, {*differing}, {*handing_up})
    planning.run([s for s in made if chosen == "all" or s.name in chosen])  # type: ignore[operator]
    assert [*planning.plans] == planned
    left = {name for name, report in planning.reports.items() if report.status == "unchanged"}
    assert left == planning.reports.keys() - set(planned)
    assert all("main (commit 000000000000)" in planning.reports[name].note for name in left)
    # The states of those below are opened, and of nothing else.
    direct = {below for stack in made if stack.name in planned for below in stack.dependencies}
    assert set(planning.opened) == {*planned, *direct}


@st.composite
def changes_of_graphs(draw: st.DrawFn) -> tuple[list[set[int]], set[int], set[int], set[int]]:
    """What each stack depends on, which differ, which hand up other outputs, and which are chosen."""
    count = draw(st.integers(1, 6))
    below = [draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else set() for n in range(count)]
    some = st.sets(st.integers(0, count - 1))
    return below, draw(some), draw(some), draw(some)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes_of_graphs())
def test_nothing_that_may_be_otherwise_is_left_unplanned(
    tmp_path: Path, graph: tuple[list[set[int]], set[int], set[int], set[int]]
) -> None:
    below, differing, handing_up, chosen = graph
    with TemporaryDirectory(dir=tmp_path) as folder:
        made = [
            layer(Path(folder), f"s{number}", *(f"s{each}" for each in sorted(names)))
            for number, names in enumerate(below)
        ]
        planning = fake(made, {f"s{n}" for n in differing}, {f"s{n}" for n in handing_up})
        planning.run([made[n] for n in chosen])
    moving, whole = set[int](), [*below]
    for number, names in enumerate(below):
        whole[number] = names.union(*(whole[each] for each in names))
        concerned = number in differing or bool(moving & whole[number])
        if number in chosen:
            assert (f"s{number}" in planning.plans) is concerned
        # Of a stack that differs and is not planned nobody knows whether its outputs change.
        if (concerned and number in handing_up) if number in chosen else number in differing:
            moving.add(number)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_stack_is_never_as_it_was_where_one_of_its_files_is_not(
    tmp_path: Path, data: st.DataObject
) -> None:
    with TemporaryDirectory(dir=tmp_path) as folder:
        made = stacks_in(Path(folder))
        (made[0].folder / "assets" / "code").mkdir(parents=True)
        (made[0].folder / "assets" / "code" / "main.py").write_text("1", "utf-8")
        synthesis = Stacks(Program(), tuple(made), {})
        base = Base("main", "0" * 40, _hashes(synthesis))
        assert base.differing(synthesis) == set()
        stack = data.draw(st.sampled_from(made))
        files = sorted(each for each in stack.folder.rglob("*") if each.is_file())
        file = data.draw(st.sampled_from([*files, stack.folder / "assets" / "new"]))
        content = data.draw(st.none() | st.binary())
        was = file.read_bytes() if file.is_file() else None
        assume(content != was)
        if content is None:
            file.unlink()
        else:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
        assert base.differing(synthesis) == {stack.name}


def _hashes(synthesis: Stacks) -> dict[str, dict[str, str]]:
    return {stack.name: _files(stack) for stack in synthesis.stacks}


def test_a_plan_that_was_saved_of_a_stack_that_is_unchanged_now_goes(tmp_path: Path) -> None:
    made = stacks_in(tmp_path)
    planning = fake(made, {"registry"}, ())
    planning.keep, planning.folder = True, tmp_path / "plans"
    for stack in made:
        saved = saved_in(planning.folder, stack)
        saved.parent.mkdir(parents=True, exist_ok=True)
        saved.write_bytes(b"plan")
    planning.run(made)
    left = {stack.name for stack in made if saved_in(planning.folder, stack).is_file()}
    assert left == {"registry"}


def test_a_report_of_unchanged_stacks_does_not_say_that_there_is_nothing_to_do() -> None:
    report = build(
        [], stacks=[StackReport("network", "dev", status="unchanged", note="as in main")]
    )
    assert not report.is_empty
    assert not report.is_whole
    assert "1 stack is unchanged and not planned" in report.verdict()


@pytest.mark.parametrize(
    "arguments",
    [
        ("review", "dev-use1", "--changed", "--level"),
        ("review", "--plan", "x.json", "--changed"),
        ("deploy", "dev-*", "--changed", "--approved", "review.json"),
    ],
)
def test_changed_does_not_go_with_what_needs_all(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert "--changed" in str(done.exception)
