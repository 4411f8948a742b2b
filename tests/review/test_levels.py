"""Rounds of a pipeline: the plans that can be applied now, what the next step is told, and one apply of all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import BadInputError, OperatorError
from ops.plan import read_plan
from ops.program import Program, Stacks
from ops.review import bound
from ops.review.apply import plans_in
from ops.review.exported import exported, write
from ops.review.planning import Planning, saved_in
from ops.review.report import Report, StackReport, stack_report
from ops.review.reviewing import review_files
from ops.review.source import NO_SOURCE
from ops.terraform import Stack

from .plans import PLANS, plan_of
from .test_planning import _record


def planning(folder: Path, stacks: list[Stack], *changing: str) -> Planning:
    """All stacks planned and saved, of which some change."""
    made = Planning(Stacks(Program(), (), {}), NO_SOURCE, folder=folder)
    for stack in stacks:
        plan = replace(read_plan(plan_of(), stack.name), applyable=stack.name in changing)
        saved = saved_in(folder, stack)
        saved.parent.mkdir(parents=True, exist_ok=True)
        saved.touch()
        bound.record_path(saved).touch()
        made.plans[stack.name] = plan
        made.reports[stack.name] = stack_report(plan, saved=str(saved))
    return made


def stacks_of(folder: Path) -> list[Stack]:
    def made(name: str, *below: str) -> Stack:
        place = {"environment": "dev", "layer": name}
        content = {"//": {"metadata": {"inferform": place}}}
        (folder / name).mkdir()
        (folder / name / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
        return Stack(name, folder / name, below)

    return [
        made("network"),
        made("registry"),
        made("inference", "network", "registry"),
        made("apis", "inference"),
    ]


@pytest.mark.parametrize(
    ("changing", "kept", "blocked"),
    [
        (["inference"], ["inference"], ["apis"]),
        (["network", "registry", "apis"], ["network", "registry"], ["inference", "apis"]),
        (["apis"], ["apis"], []),
        ([], [], []),
    ],
)
def test_the_plans_of_the_lowest_stacks_that_change_are_kept_alone(
    tmp_path: Path, changing: list[str], kept: list[str], blocked: list[str]
) -> None:
    stacks = stacks_of(tmp_path)
    made = planning(tmp_path, stacks, *changing)
    made.keep_lowest(stacks)
    left = [stack.name for stack in stacks if saved_in(tmp_path, stack).exists()]
    assert left == kept
    assert [s.name for s in stacks if bound.record_path(saved_in(tmp_path, s)).exists()] == kept
    assert [name for name, report in made.reports.items() if report.saved] == kept
    waiting = [name for name, report in made.reports.items() if report.status == "blocked"]
    assert waiting == blocked
    assert all("is planned once" in made.reports[name].note for name in blocked)


def test_a_plan_of_an_earlier_round_does_not_stay(tmp_path: Path) -> None:
    stacks = stacks_of(tmp_path)
    made = planning(tmp_path, stacks, "network")
    del made.plans["registry"]
    made.reports["registry"] = StackReport("registry", "dev", status="failed", note="no")
    made.keep_lowest(stacks)
    assert not saved_in(tmp_path, stacks[1]).exists()
    assert made.reports["registry"].note == "no"


def test_what_stands_on_a_stack_that_could_not_be_planned_waits(tmp_path: Path) -> None:
    stacks = stacks_of(tmp_path)
    made = planning(tmp_path, stacks, "apis")
    del made.plans["registry"]
    made.reports["registry"] = StackReport("registry", "dev", status="failed", note="no")
    made.keep_lowest(stacks)
    assert made.reports["inference"].status == "blocked"
    assert made.reports["apis"].status == "blocked"


def test_what_is_exported_is_read_by_a_shell_and_by_dotenv(tmp_path: Path) -> None:
    report = review_files(sorted(PLANS.glob("*.json"))[:1])
    write(report, tmp_path / "review.env")
    lines = (tmp_path / "review.env").read_text("utf-8").splitlines()
    read = dict(line.split("=", 1) for line in lines)
    assert read == exported(report)
    assert int(read["CHANGES"]) == sum(len(stack.changes) for stack in report.stacks)
    assert all(
        set(value) <= set("abcdefghijklmnopqrstuvwxyzUSD0123456789+-.") for value in read.values()
    )


def test_a_cost_that_is_known_in_part_is_told_as_unknown() -> None:
    report = review_files([PLANS / "first-creation.json"])
    assert exported(replace(report, costs=()))["COST"] == "+0.00USD"
    partial = tuple(replace(cost, is_partial=True) for cost in report.costs)
    assert partial
    assert exported(replace(report, costs=partial))["COST"] == "unknown"


def test_what_waits_for_another_round_is_told() -> None:
    report = Report("Plan", (StackReport("a", "dev", status="blocked"), StackReport("b", "dev")))
    told = exported(report)
    assert (told["PLANS"], told["LEFT"], told["CHANGES"], told["WORST"]) == ("0", "1", "0", "none")


def test_all_plans_of_a_folder_are_applied_in_the_order_of_their_stacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = stacks_of(tmp_path)
    found = Stacks(Program(), tuple(stacks), {})
    monkeypatch.setattr(Program, "synthesize", lambda _: found)
    for name in ("apis", "network"):
        saved = _record(tmp_path, stack=name)
        for file in (saved, bound.record_path(saved)):
            file.rename(tmp_path / f"{name}{file.suffix}")
    assert [plan.stem for plan in plans_in(tmp_path, Program())] == ["network", "apis"]
    bound.record_path(_record(tmp_path, stack="gone")).rename(tmp_path / "gone.json")
    (tmp_path / "dev-use1-network.tfplan").rename(tmp_path / "gone.tfplan")
    with pytest.raises(OperatorError, match="no longer has the stack gone"):
        plans_in(tmp_path, Program())


def test_a_folder_without_plans_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there is no plan in"):
        plans_in(tmp_path, Program())


@pytest.mark.parametrize("other", ["--read-only", "--plan"])
def test_a_round_keeps_plans_and_so_is_no_review_without_any(other: str, tmp_path: Path) -> None:
    plan = sorted(PLANS.glob("*.json"))[0]
    arguments = ["--plan", str(plan)] if other == "--plan" else ["dev-use1", other]
    done = CliRunner().invoke(app, ["review", *arguments, "--level"])
    assert done.exit_code
    assert "--level keeps plans" in f"{done.exception}{done.output}"
