"""The README's picture can be read in any font, in the dark and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.review.browser import Browser, browser, chromium

PICTURE = ROOT / "docs" / "deployed.svg"

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="Chromium is not installed: tests/review/install-chromium.sh"
)


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.mark.parametrize("font", ["sans-serif", "serif", "monospace", "DejaVu Sans"])
def test_no_text_leaves_its_box(font: str, page: Browser, tmp_path: Path) -> None:
    text = PICTURE.read_text("utf-8").replace("Helvetica, Arial, sans-serif", font)
    assert font in text
    file = tmp_path / "picture.svg"
    file.write_text(text, encoding="utf-8")
    page.open(file, 1280)
    outside = page.evaluate(
        """[...document.querySelectorAll('g')].flatMap(g => {
          const box = g.querySelector('rect').getBBox()
          return [...g.querySelectorAll('text')]
            .filter(t => {
              const b = t.getBBox()
              return b.x + b.width > box.x + box.width - 4 || b.y + b.height > box.y + box.height
            })
            .map(t => t.textContent)
        })"""
    )
    assert outside == []
    assert page.evaluate("document.querySelectorAll('g text').length") > 10


def test_its_text_is_large_enough_on_a_phone() -> None:
    # It is shown as wide as the window, which leaves 343 pixels of 375.
    text = PICTURE.read_text("utf-8")
    width = int(text.partition('width="')[2].partition('"')[0])
    assert 16 * min(1, 343 / width) >= 11


def test_it_is_dark_where_the_page_is() -> None:
    assert "prefers-color-scheme: dark" in PICTURE.read_text("utf-8")
