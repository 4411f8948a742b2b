"""The tests that the page of game days names are there."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def test_every_day_is_shown_by_tests_that_are_there() -> None:
    page = (ROOT / "docs/game-days.md").read_text("utf-8")
    days = [line for line in page.splitlines() if line.startswith("| ")][2:]
    assert len(days) > 10
    for day in days:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", day)
        assert named, day
        for file, test in named:
            assert f"\ndef {test}(" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"
