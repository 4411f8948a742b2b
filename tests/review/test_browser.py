"""The HTML report in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.plan import read_plan
from ops.review.checkov import read_findings
from ops.review.renderers import FORMATS
from ops.review.reviewing import review_plans

from .browser import Browser, browser, chromium
from .plans import CHECKOV, PLANS

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="Chromium is not installed: tests/review/install-chromium.sh"
)

WIDTHS = [375, 1280]


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plans = [read_plan(file) for file in sorted(PLANS.glob("*.json"))]
    file = tmp_path_factory.mktemp("report") / "review.html"
    findings = read_findings(CHECKOV)
    file.write_text(FORMATS["html"](review_plans(plans, findings=findings)), encoding="utf-8")
    return file


@pytest.mark.parametrize("width", WIDTHS)
def test_it_loads_without_an_error_and_without_another_request(
    width: int, page: Browser, report: Path
) -> None:
    page.errors.clear()
    page.requests.clear()
    page.open(report, width)
    assert page.errors == []
    assert [url for url in page.requests if url != "data:,"] == [report.as_uri()]


@pytest.mark.parametrize("folded", [True, False], ids=["folded", "unfolded"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(
    width: int, folded: bool, page: Browser, report: Path
) -> None:
    page.open(report, width)
    if not folded:
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate(
        "[...document.querySelectorAll('body *')]"
        ".filter(e => !e.closest('.table') && e.getClientRects().length)"
        f".filter(e => e.getBoundingClientRect().right > {width} + 0.5)"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert outside == []


@pytest.mark.parametrize("width", WIDTHS)
def test_its_text_is_large_enough_to_read(width: int, page: Browser, report: Path) -> None:
    page.open(report, width)
    sizes = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, p, dt, dd, td, th, code, span, summary')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 12
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_colours_have_contrast(scheme: str, page: Browser, report: Path) -> None:
    page.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    page.open(report, 1280)
    ratios = page.evaluate(
        """(() => {
          const parse = text => text.match(/[\\d.]+/g).map(Number)
          const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
            .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
          const back = e => {
            for (; e; e = e.parentElement) {
              const c = parse(getComputedStyle(e).backgroundColor)
              if (c.length < 4 || c[3] > 0) return c
            }
          }
          return [...document.querySelectorAll('h1, h3, p, dt, dd, td, th, .pill, .value')]
            .filter(e => e.textContent.trim())
            .map(e => {
              const [a, b] = [light(parse(getComputedStyle(e).color)), light(back(e))]
              return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
            })
        })()"""
    )
    page.call("Emulation.setEmulatedMedia", features=[])
    assert min(ratios) >= 4.5


@pytest.mark.parametrize("width", WIDTHS)
def test_a_screenshot_can_be_taken(width: int, page: Browser, report: Path, tmp_path: Path) -> None:
    page.open(report, width)
    picture = tmp_path / f"review-{width}.png"
    page.screenshot(picture)
    assert picture.stat().st_size > 50_000
