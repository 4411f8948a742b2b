"""No plan writes anything of its own into a report: every format is read by a parser of its kind."""

from __future__ import annotations

import copy
import html
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console

from ops.drift import judged
from ops.drift import markdown as drift_markdown
from ops.plan import read_plan
from ops.review.renderers import FORMATS
from ops.review.renderers.markdown import GITHUB_LIMIT, MARKER
from ops.review.renderers.text import print_report
from ops.review.report import Report
from ops.review.reviewing import review_plans
from ops.untrusted import strict_json
from tests.review.plans import PLANS

# Each fits into what a format shows of a long value: its first and its last characters.
ATTACKS = (
    "\n\n# H{n}\n@octo{n} www.evil.example https://evil.example x{n}@evil.example",
    "\n```\n</details>\n![i{n}](https://e.example) [l](//e) <!-- #1{n} ~~~",
    "<b>{n}</b><script>x({n})</script>\"'><img src=x> &commat;o{n} &#104;ttps://e",
    "\x1b[2J\x1b]0;t{n}\x07\x9b1m\u202eolleh\u2066\u200b\U000e0041\rx\x85[red]{n}[/no] `|\\|",
)
# What decides what a part of a plan is; with another text there it is no plan.
STRUCTURE = frozenset({"format_version", "actions", "mode"})
UNREAD = ("planned_values", "prior_state", "variables")
HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e0fff]"
)
HTML = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# What this project writes in a comment beside Markdown.
OWN_HTML = re.compile(
    rf"{MARKER}|<br>|</?sub>|</details>|<details><summary>[^<>]*</summary>", re.DOTALL
)
HEADINGS = re.compile(
    r"(Plan|Drift) of .*|Services|Preflight|Risks|Changes|Also in the plan|Cost by the month|Policy"
)
LINKING = re.compile(
    r"(?i)(?:https?|ftp):\/\/|\bwww\.\w|[\w.+-]@[\w-]|(?<!\w)@\w|(?<!\w)#\d|\bGH-\d"
)
# Ours, which keep GitHub from linking.
BREAKS = re.compile(r"(?i)(?<=[@:w#h])\u200b")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all texts, and of all objects, whose keys are texts too."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        if path:
            yield (*path, None)
        for key, item in value.items():
            if path or key not in UNREAD:
                yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))


def kind(plan: dict[str, Any], path: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a leaf is, whichever plan it is in: its resource's type, and its path without indices."""
    where = plan["resource_changes"][path[1]]["type"] if path[0] == "resource_changes" else ""
    return (where, *(part for part in path if not isinstance(part, int)))


def attacked(plan: dict[str, Any], paths: list[tuple[Any, ...]], attack: str) -> dict[str, Any]:
    """A plan with a hostile text at the end of some of its texts, and in keys."""
    made = copy.deepcopy(plan)
    for number, path in enumerate(paths):
        at = made
        for part in path[:-1]:
            at = at[part]
        hostile = attack.replace("{n}", str(number))
        if path[-1] is None:
            beside = next(iter(at.values()), "")
            at[f"k{hostile}"] = copy.deepcopy(beside) if isinstance(beside, dict) else hostile
        else:
            at[path[-1]] += hostile
    return made


def plans() -> Iterator[tuple[str, dict[str, Any], list[tuple[Any, ...]]]]:
    """Each real plan with those of its leaves whose kind no plan before it has."""
    seen: set[tuple[Any, ...]] = set()
    for file in sorted(PLANS.glob("*.json")):
        plan = json.loads(file.read_text("utf-8"))
        fresh = []
        for path in leaves(plan):
            if path[-1] in STRUCTURE or STRUCTURE & {*path} or kind(plan, path) in seen:
                continue
            seen.add(kind(plan, path))
            fresh.append(path)
        if fresh:
            yield file.stem, plan, fresh


CASES = list(plans())


def check_markdown(text: str) -> None:
    assert len(text.encode()) < GITHUB_LIMIT
    assert not HIDDEN.search(BREAKS.sub("", text))
    for token in _tokens(HTML.parse(text)):
        assert token.type not in ("link_open", "image", "s_open", "hr", "code_block"), token
        if token.type in ("html_block", "html_inline"):
            for part in token.content.split("\n"):
                assert not OWN_HTML.sub("", part), part
            assert not LINKING.search(html.unescape(token.content)), token
        if token.type == "text":
            assert not LINKING.search(token.content), token
    tokens = HTML.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            assert opening.markup in ("##", "###"), inline.content
            assert HEADINGS.fullmatch(inline.content), inline.content
        if opening.type == "fence":
            assert opening.info == "diff"


def _tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])


class Page(HTMLParser):
    """A page in which there is nothing but what this project writes."""

    TAGS = frozenset(
        {"html", "head", "meta", "title", "link", "style", "body", "main", "h1", "h2", "h3", "p"}
        | {"section", "span", "div", "table", "thead", "tbody", "tr", "th", "td", "details"}
        | {"summary", "dl", "dt", "dd", "code"}
    )
    ATTRIBUTES = frozenset({"lang", "charset", "http-equiv", "content", "name", "rel", "href"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.TAGS
        for name, value in attrs:
            assert name == "class" or tag in ("html", "meta", "link")
            assert name in self.ATTRIBUTES | {"class"}
            assert re.fullmatch(r"[a-z -]*", value or "") or tag in ("html", "meta", "link")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def check_html(text: str) -> None:
    assert not HIDDEN.search(text)
    Page(text)


def check_terminal(report: Report) -> None:
    file = io.StringIO()
    print_report(report, Console(file=file, force_terminal=True, color_system="truecolor"))
    # Colours are ours; a cursor that moves, a title or a link is not.
    assert not HIDDEN.search(re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()))


def check(report: Report) -> None:
    check_markdown(FORMATS["markdown"](report))
    page, text = FORMATS["html"](report), FORMATS["text"](report)
    check_html(page)
    check_terminal(report)
    assert not HIDDEN.search(text)
    machine = FORMATS["json"](report)
    assert not HIDDEN.search(machine)
    # Nothing is lost.
    said, shown = _words(text), _words(Page(page).text)
    for stack in strict_json(machine)["stacks"]:
        for change in stack["changes"]:
            assert _words(change["address"]) in said
            assert _words(change["address"]) in shown


def _words(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("attack", ATTACKS, ids=["links", "fences", "html", "terminal"])
@pytest.mark.parametrize(("name", "plan", "paths"), CASES, ids=[name for name, *_ in CASES])
def test_no_text_of_a_plan_becomes_more_than_text(
    name: str, plan: dict[str, Any], paths: list[tuple[Any, ...]], attack: str
) -> None:
    # In two halves, as what one text decides may hide another.
    for half in (paths[::2], paths[1::2]):
        hostile = json.dumps(attacked(plan, half, attack))
        made = read_plan(hostile, f"{name}{attack}")
        check(review_plans([made]))
        check_markdown(drift_markdown(f"dev{attack}", [judged(made)]))
