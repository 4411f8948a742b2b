"""The reports of real plans, which were made on the emulator: as text, and some as Markdown."""

from __future__ import annotations

import os
from html import unescape

import pytest

from ops.plan import read_plan
from ops.review.renderers import FORMATS
from ops.review.reviewing import review_plans

from .plans import GOLDEN, PLANS

NAMES = sorted(file.stem for file in PLANS.glob("*.json"))
# Between them they have everything that is laid out otherwise in Markdown.
IN_MARKDOWN = ("endpoint-renamed", "errored-import", "first-creation", "moved-forgotten")
CASES = [
    *((name, "text", "txt") for name in NAMES),
    *((name, "markdown", "md") for name in IN_MARKDOWN),
]


@pytest.mark.parametrize(("name", "format", "ending"), CASES)
def test_the_report_of_a_real_plan_is_what_it_was(name: str, format: str, ending: str) -> None:
    report = review_plans([read_plan(PLANS / f"{name}.json")])
    golden = GOLDEN / f"{name}.{ending}"
    text = FORMATS[format](report)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.is_file(), f"UPDATE_GOLDEN=1 pytest {__file__} writes it"
    assert text == golden.read_text("utf-8"), f"UPDATE_GOLDEN=1 pytest {__file__} updates it"


def test_every_golden_report_is_of_a_plan() -> None:
    kept = {file.name for file in GOLDEN.iterdir()}
    assert kept == {f"{name}.{ending}" for name, _, ending in CASES}


@pytest.mark.parametrize("format", ["html", "markdown", "text"])
@pytest.mark.parametrize("name", NAMES)
def test_every_format_tells_every_story_and_risk(name: str, format: str) -> None:
    report = review_plans([read_plan(PLANS / f"{name}.json")])
    # Markdown escapes what it might read as its own.
    shown = "".join(unescape(FORMATS[format](report)).replace("\\", "").split())
    said = [
        *(story.headline for story in report.stories),
        *(story.interrupted for story in report.stories),
        *(risk.rule.id for risk in report.risks),
        *(risk.reason for risk in report.risks),
    ]
    assert [each for each in said if "".join(each.split()) not in shown] == []


def test_the_plans_cover_what_reviewers_meet() -> None:
    assert {
        "first-creation",
        "image-change",
        "instance-type-change",
        "scaling-change",
        "endpoint-renamed",
        "bucket-deleted",
        "role-widened",
        "nothing-to-do",
    } <= set(NAMES)


def test_no_plan_holds_a_path_of_the_machine_that_made_it() -> None:
    for name in NAMES:
        text = (PLANS / f"{name}.json").read_text("utf-8")
        for path in ("/home/", "/root/", "/tmp/"):
            assert path not in text
