"""What holds for the formats: size, speed, safety, completeness."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ops.cost.model import Estimate, Usage, exactly
from ops.cost.prices import PriceTable, written
from ops.plan import read_plan
from ops.review.building import build
from ops.review.renderers import FORMATS
from ops.review.renderers.markdown import GITHUB_LIMIT, MARKER, cost_cells, render_markdown
from ops.review.report import CostReport, Report, StackReport
from ops.review.reviewing import review_plans
from ops.told import Severity
from tests.work import calls

from .plans import PLANS, big_plan, changed, plan_of

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def big() -> str:
    return big_plan(5_000_000)


@pytest.fixture(scope="module")
def big_report(big: str) -> Report:
    return review_plans([read_plan(big, "big")])


@pytest.mark.parametrize("name", ["html", "json", "text"])
def test_a_plan_of_5_mb_is_rendered_whole(name: str, big: str, big_report: Report) -> None:
    assert len(big) >= 5_000_000
    text = FORMATS[name](big_report)
    (stack,) = big_report.stacks
    assert len(stack.changes) > 1000
    shown = {*re.findall(r"\w+\.\w+", text)}
    assert [c.address for c in stack.changes if c.address not in shown] == []


@pytest.mark.parametrize("name", FORMATS)
def test_the_work_for_a_plan_grows_as_the_plan_does(name: str) -> None:
    # `python -m bench` holds the seconds that a plan of 5 MB may take.
    def reviewing(size: int) -> int:
        plan = big_plan(size)
        return calls(lambda: FORMATS[name](review_plans([read_plan(plan, "big")])))

    assert reviewing(400_000) < 2.2 * reviewing(200_000)


def test_markdown_of_a_5_mb_plan_fits_and_says_what_is_left_out(big_report: Report) -> None:
    text = render_markdown(big_report)
    assert len(text) < GITHUB_LIMIT
    assert len(text.encode()) < GITHUB_LIMIT
    assert "Left out to stay under GitHub's 65,536 characters: the details of" in text


def test_the_least_important_details_are_left_out_first(big_report: Report) -> None:
    text = render_markdown(big_report)
    deleted = sum(1 for c in big_report.stacks[0].changes if c.action == "delete")
    created = sum(1 for c in big_report.stacks[0].changes if c.action == "create")
    assert text.count("\n- aws_s3_bucket.b") == deleted
    assert text.count("\n+ aws_iam_policy.p") < created


@pytest.mark.parametrize("limit", [3000, 8000, 20_000, 64_000])
def test_markdown_keeps_any_limit(limit: int, big_report: Report) -> None:
    text = render_markdown(big_report, limit)
    assert len(text.encode()) <= limit
    assert text.startswith(f"{MARKER}\n## Plan of big\n")
    assert text.count("```") % 2 == 0
    assert text.count("<details>") == text.count("</details>")


def test_markdown_keeps_the_limit_with_letters_of_several_bytes() -> None:
    entries = [
        changed(f"aws_x.y{n}", ["update"], {"note": "é" * 150}, {"note": "漢" * 150})
        for n in range(400)
    ]
    text = render_markdown(build([read_plan(plan_of(*entries))]))
    assert len(text.encode()) < GITHUB_LIMIT


HOSTILE = "x`*_|</details><script>alert(1)</script>@everyone https://evil.example ```\n## h"


def hostile() -> Report:
    entry = changed(
        "aws_sagemaker_endpoint.e",
        ["update"],
        {"name": HOSTILE, "endpoint_config_name": "a", "note": "1"},
        {"name": HOSTILE, "endpoint_config_name": HOSTILE, "note": HOSTILE},
    )
    role = changed(f'aws_s3_bucket.b["{HOSTILE}"]', ["delete"], {"bucket": HOSTILE}, None)
    return build([read_plan(plan_of(entry, role), HOSTILE)])


def test_a_plan_cannot_write_markdown_of_its_own() -> None:
    text = render_markdown(hostile())
    for number, line in enumerate(_outside_of_code(text)):
        assert "<script>" not in line, number
        assert "@everyone" not in line
        assert "https://evil" not in line
    folds = [line for line in _outside_of_code(text) if "details>" in line]
    assert len([line for line in folds if "<details>" in line]) == folds.count("</details>")
    assert "\n## h" not in text


def _outside_of_code(text: str) -> list[str]:
    lines, fenced = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            # A code span ends with as many backticks as it began with.
            lines.append(re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", line))
    assert not fenced
    return lines


class Page(HTMLParser):
    """The elements of a page, and whether they close in order."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


PARTS = {"#top", "#services", "#changes", "#cost", *(f"#{each}" for each in Severity)}
"""What the links of a page may lead to: parts of itself."""


def test_every_link_of_the_bar_leads_to_a_part_of_the_page() -> None:
    plans = [read_plan(file) for file in sorted(PLANS.glob("*.json"))]
    page = Page(FORMATS["html"](review_plans(plans)))
    ids = {f"#{attributes['id']}" for _, attributes in page.seen if "id" in attributes}
    links = [str(attributes["href"]) for tag, attributes in page.seen if tag == "a"]
    assert {"#services", "#critical", "#high", "#medium", "#changes", "#cost"} <= {*links}
    assert {*links} <= ids


def test_resources_with_the_same_risk_stand_in_one_card() -> None:
    page = FORMATS["html"](review_plans([read_plan(PLANS / "network-cut.json")]))
    assert page.count("PLAN4: ") == 2
    assert page.count("<li>") > 10


def test_what_both_sides_of_a_change_begin_with_is_written_once() -> None:
    page = FORMATS["html"](review_plans([read_plan(PLANS / "image-change.json")]))
    assert ">/1.4.2/model.tar.gz<" in page
    assert page.count(">s3://acme-dev-use1-artifacts-111122223333/fraud<") == 1


def test_a_plan_cannot_write_html_of_its_own() -> None:
    page = Page(FORMATS["html"](hostile()))
    assert not [tag for tag, _ in page.seen if tag in ("script", "img", "iframe")]
    links = {attributes.get("href") for tag, attributes in page.seen if tag == "a"}
    assert links <= PARTS


def test_the_page_asks_for_nothing_outside_of_itself() -> None:
    plans = [read_plan(file) for file in sorted(PLANS.glob("*.json"))]
    text = FORMATS["html"](review_plans(plans))
    page = Page(text)
    for tag, attributes in page.seen:
        assert "src" not in attributes, tag
        assert attributes.get("href", "data:,") in {"data:,", *PARTS}, tag
    assert "default-src 'none'" in text
    assert "url(" not in text


def test_json_has_every_change_and_is_stable() -> None:
    plans = [read_plan(file) for file in sorted(PLANS.glob("*.json"))]
    text = FORMATS["json"](review_plans(plans))
    data = json.loads(text)
    shown = sum(len(plan.shown) for plan in plans)
    assert sum(len(stack["changes"]) for stack in data["stacks"]) == shown
    assert text == FORMATS["json"](review_plans(plans))
    assert data["version"] == 1


def test_json_is_written_as_the_library_writes_it() -> None:
    odd = [[], {}, [[], {"a": []}], {'é "\\\t': [None, True, 1, -1.5e-9, "\u2028 \x07 ü"]}]
    plan = plan_of(changed("aws_s3_bucket.b", ["update"], {"odd": "x"}, {"odd": odd}))
    for plans in ([plan], [file.read_bytes() for file in sorted(PLANS.glob("*.json"))]):
        text = FORMATS["json"](review_plans([read_plan(each, "odd") for each in plans]))
        assert text == f"{json.dumps(json.loads(text), indent=2, ensure_ascii=False)}\n"


def test_blocked_and_failed_stacks_are_shown_in_every_format() -> None:
    stacks = [
        StackReport("dev-use1-inference", "dev-use1", status="blocked", note="depends on network"),
        StackReport("dev-use1-network", "dev-use1", status="failed", note="no credentials"),
    ]
    report = build([], stacks=stacks)
    assert not report.is_empty
    assert report.verdict().endswith("1 stack is blocked; 1 plan failed.")
    for name, render in FORMATS.items():
        text = render(report)
        assert "depends on network" in text, name
        assert "no credentials" in text, name


def test_a_note_about_a_plan_is_shown_in_every_format() -> None:
    stack = StackReport("dev-use1-inference", "dev-use1", note="plan again", counts={"update": 1})
    for name, render in FORMATS.items():
        assert "plan again" in render(build([], stacks=[stack])), name


def test_nothing_in_a_report_depends_on_the_time() -> None:
    plan = read_plan(PLANS / "image-change.json")
    first = [render(review_plans([plan])) for render in FORMATS.values()]
    time.sleep(1.1)
    assert first == [render(review_plans([plan])) for render in FORMATS.values()]


def priced(tmp_path: Path, *usages: tuple[str, str, float]) -> Estimate:
    """What services use, by a table that knows the price of one key alone."""
    own = tmp_path / "prices.json"
    own.write_text(
        written({"s": {"date": "2026-01-01", "text": "a source"}}, {"x": {"s": {"kms/key": 1.0}}}),
        encoding="utf-8",
    )
    asked = [Usage(service, key, exactly(count)) for service, key, count in usages]
    return PriceTable(folder=None, own=own).estimate("x", asked)


def test_a_sum_without_some_prices_is_said_to_be_the_least(tmp_path: Path) -> None:
    def cells(before: Estimate, after: Estimate) -> list[tuple[str, str]]:
        return cost_cells(CostReport("dev-use1", "x", before, after, ""))

    known = ("fraud", "kms/key", 20.0)
    all_ = priced(tmp_path, known)
    more = priced(tmp_path, known, ("fraud", "unknown", 2))
    assert set(cells(all_, all_)) == {("$20", "$0")}
    assert set(cells(all_, more)) == {("at least $20", "change not known")}
    assert set(cells(more, more)) == {("at least $20", "$0")}


def test_what_changes_without_a_price_is_a_risk_and_in_no_difference(tmp_path: Path) -> None:
    other = ("ranking", "kms/key", 1.0)
    before = priced(tmp_path, ("fraud", "kms/key", 20.0), other)
    for after in (
        priced(tmp_path, ("fraud", "unknown", 2.0), other),
        priced(tmp_path, ("fraud", "kms/key", 900.0), ("fraud", "unknown", 2.0), other),
    ):
        for pair in ((before, after), (after, before)):
            cost = CostReport("dev-use1", "x", *pair, "")
            assert cost.changed_holes == {"fraud": ("unknown",)}
            assert cost.difference == exactly(0)
            (risk,) = build([], costs=[cost]).risks
            assert risk.rule.id == "COST2"
            assert "fraud: unknown" in risk.reason
            data = json.loads(FORMATS["json"](build([], costs=[cost])))
            assert data["costs"][0]["difference"] is None
    # What has no price and stays as it was says nothing of this change.
    same = CostReport("dev-use1", "x", after, after, "")
    assert not same.changed_holes
    assert build([], costs=[same]).risks == ()
