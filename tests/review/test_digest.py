"""The digest of a review: what it is of, and what is refused as an approval."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import app
from ops.errors import BadInputError, NotApprovedError
from ops.plan import Plan, read_plan
from ops.review.approved import Approved
from ops.review.building import build
from ops.review.digest import digest
from ops.review.renderers import FORMATS
from ops.review.source import Source

from .plans import PLANS

IMAGE = "image-change"


def shown(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PLANS / f"{name}.json").read_text("utf-8"))
    return found


def plan_of(name: str) -> Plan:
    return read_plan(PLANS / f"{name}.json")


def of(plan: dict[str, Any]) -> Plan:
    return read_plan(json.dumps(plan), IMAGE)


def test_every_plan_has_a_digest_of_its_own_that_is_always_the_same() -> None:
    names = sorted(file.stem for file in PLANS.glob("*.json"))
    assert len(names) > 20
    found = {name: digest(build([plan_of(name)])) for name in names}
    assert found == {name: digest(build([plan_of(name)])) for name in names}
    assert len(set(found.values())) == len(names)


def test_any_change_that_is_shown_changes_the_digest() -> None:
    before = digest(build([of(shown(IMAGE))]))
    other = shown(IMAGE)
    changed = 0
    for change in other["resource_changes"]:
        if change["change"]["actions"] not in (["no-op"], ["read"]) and change["change"]["after"]:
            change["change"]["after"] = {**change["change"]["after"], "name": "x" * 30_000 + "1"}
            changed += 1
            one = digest(build([of(other)]))
            change["change"]["after"]["name"] = "x" * 30_000 + "2"
            # Beyond what any format shows of a value, too.
            assert len({before, one, digest(build([of(other)]))}) == 3
    assert changed


def test_notes_and_costs_and_secrets_are_no_part_of_it() -> None:
    report = build([plan_of(IMAGE)])
    (stack,) = report.stacks
    noted = replace(stack, note="planned with what the network hands up now", saved="x.tfplan")
    assert digest(replace(report, stacks=(noted,), assumptions=("a",))) == digest(report)
    assert digest(replace(report, stacks=(replace(stack, status="failed"),))) != digest(report)


def test_a_review_that_is_planned_here_shows_its_digest_in_every_format() -> None:
    report = replace(build([plan_of(IMAGE)]), source=Source("f" * 40))
    for name, render in FORMATS.items():
        assert digest(report) in render(report), name


def test_the_review_of_somebody_elses_plan_shows_it_to_machines_alone() -> None:
    report = build([plan_of(IMAGE)])
    assert [n for n, render in FORMATS.items() if digest(report) in render(report)] == ["json"]


def review(folder: Path, **changes: Any) -> str:
    file = folder / "review.json"
    data = json.loads(FORMATS["json"](build([plan_of(IMAGE)])))
    file.write_text(json.dumps({**data, **changes}), encoding="utf-8")
    return str(file)


def test_an_approval_is_of_this_very_review(tmp_path: Path) -> None:
    report = build([plan_of(IMAGE)])
    for approved in (Approved.of(review(tmp_path)), Approved.of(digest(report))):
        approved.refuse_others(report)
        with pytest.raises(NotApprovedError, match="nothing was done; review it again"):
            approved.refuse_others(build([plan_of("scaling-change")]))


def test_a_stack_that_is_not_in_the_review_is_not_approved(tmp_path: Path) -> None:
    with pytest.raises(NotApprovedError, match="scaling-change: is not in the review"):
        Approved.of(review(tmp_path)).refuse_others(build([plan_of("scaling-change")]))


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "0" * 64},
        {"digest": None},
        {"stacks": []},
        {"stacks": [{"name": "x", "digest": "0" * 64}]},
        {"stacks": None},
    ],
)
def test_a_review_that_was_changed_approves_nothing(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match=r"was changed: its digests|neither the digest of a"):
        Approved.of(review(tmp_path, **changes))


@pytest.mark.parametrize("given", ["", "0" * 63, "yes", "."])
def test_what_is_no_review_approves_nothing(given: str) -> None:
    with pytest.raises(BadInputError, match="is neither the digest of a review nor its JSON"):
        Approved.of(given)


@pytest.mark.parametrize(
    "command", [["deploy", "dev-use1-*"], ["apply", "dev-use1-network.tfplan"]]
)
def test_commands_that_apply_read_what_was_approved_first(command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--approved", "yes"])
    assert isinstance(done.exception, BadInputError)
    assert "yes is neither the digest of a review nor its JSON" in str(done.exception)
