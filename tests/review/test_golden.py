"""The reports of real plans, which were made on the emulator."""

from __future__ import annotations

import os

import pytest

from ops.plan import read_plan
from ops.review.renderers import FORMATS
from ops.review.reviewing import review_plans

from .plans import GOLDEN, PLANS

ENDINGS = {"markdown": "md", "text": "txt"}
NAMES = sorted(file.stem for file in PLANS.glob("*.json"))


@pytest.mark.parametrize("format", ENDINGS)
@pytest.mark.parametrize("name", NAMES)
def test_the_report_of_a_real_plan_is_what_it_was(name: str, format: str) -> None:
    report = review_plans([read_plan(PLANS / f"{name}.json")])
    golden = GOLDEN / f"{name}.{ENDINGS[format]}"
    text = FORMATS[format](report)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.is_file(), f"UPDATE_GOLDEN=1 pytest {__file__} writes it"
    assert text == golden.read_text("utf-8"), f"UPDATE_GOLDEN=1 pytest {__file__} updates it"


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
