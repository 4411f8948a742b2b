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

from ops.advice import errors_of
from ops.drift import StackDrift, judged
from ops.drift import markdown as drift_markdown
from ops.errors import BadInputError, OperatorError
from ops.output import stdout
from ops.plan import read_plan
from ops.review.building import build
from ops.review.renderers import FORMATS
from ops.review.renderers.markdown import GITHUB_LIMIT, MARKER
from ops.review.renderers.text import print_report
from ops.review.report import Report, StackReport
from ops.review.reviewing import review_plans
from ops.untrusted import DEEPEST_DOCUMENT, LONGEST, document, harmless, strict_json, visible
from tests.review.plans import PLANS, changed, hostile_plan, plan_of

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
    r"(Plan|Drift) of .*|Services|Preflight|Risks|Changes|Also in the plan|Monthly cost|Policy"
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
        | {"summary", "dl", "dt", "dd", "code", "nav", "a", "ul", "li", "br"}
    )
    ATTRIBUTES = frozenset({"lang", "charset", "http-equiv", "content", "name", "rel", "href"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(text)

    OWN = frozenset({"aria-label", "class", "data-of", "href", "id"})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.TAGS
        for name, value in attrs:
            assert name in self.OWN or tag in ("html", "meta", "link")
            assert name in self.ATTRIBUTES | self.OWN
            # words of the page's own, and none of a plan
            assert re.fullmatch(r"#?[A-Za-z -]*", value or "") or tag in ("html", "meta", "link")

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


@pytest.mark.parametrize("attack", ATTACKS, ids=["links", "fences", "html", "terminal"])
def test_errors_of_terraform_and_of_a_run_are_text_in_every_format(attack: str) -> None:
    error = "; ".join(errors_of(f"Error: {attack}\n{attack}"))
    stacks = [StackReport(f"s{attack}", f"e{attack}", status="failed", note=error + attack)]
    report = build([], stacks=stacks)
    check(report)
    found = StackDrift(f"s{attack}", "failed", error=f"Error: {attack}")
    check_markdown(drift_markdown("dev", [found]))
    said = str(OperatorError(f"{attack} cannot be read", attack))
    assert not HIDDEN.search(said)


@pytest.mark.parametrize("attack", ATTACKS, ids=["links", "fences", "html", "terminal"])
def test_what_is_printed_is_no_markup_and_moves_no_cursor(
    attack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stdout.print(f"[red]{attack}")
    said = capsys.readouterr().out
    assert not HIDDEN.search(said)
    assert said.startswith("[red]")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('"actions": ["delete"], "actions": ["no-op"]', 'the key "actions" stands twice'),
        ('"before": {"a": 1, "a": 2}', 'the key "a" stands twice'),
        ('"before": {"a": NaN}', "NaN is no number in JSON"),
        ('"before": {"a": -Infinity}', "-Infinity is no number in JSON"),
        ('"before": {"a": 1e999}', "the number 1e999 is too large"),
    ],
)
def test_json_that_two_readers_read_differently_is_refused(written: str, said: str) -> None:
    plan = plan_of(changed("aws_x.y", ["delete"], {}, None))
    name = written.partition(":")[0]
    hostile = re.sub(rf"{name}: (\{{}}|\[[^\]]*\])", lambda _: written, plan, count=1)
    assert written in hostile
    with pytest.raises(BadInputError, match="p is not JSON") as error:
        read_plan(hostile, "p")
    assert said in str(error.value)


def test_numbers_that_are_no_json_in_a_document_stay_text() -> None:
    value = '{"a": NaN, "b": 1e999}'
    plan = plan_of(changed("aws_x.y", ["update"], {"p": "{}"}, {"p": value}))
    report = build([read_plan(plan, "p")])
    (stack,) = strict_json(FORMATS["json"](report))["stacks"]
    assert stack["changes"][0]["differences"][0]["after"] == value


@pytest.mark.parametrize("depth", [DEEPEST_DOCUMENT + 1, 900, 50_000])
def test_brackets_in_a_value_do_not_keep_a_review_from_being_made(depth: int) -> None:
    value = "[" * depth + "]" * depth
    with pytest.raises(ValueError, match="too deep"):
        document(value)
    types = ("aws_x", "aws_iam_policy", "aws_ecs_task_definition", "aws_s3_bucket_policy")
    names = ("note", "policy", "container_definitions", "tags")
    entries = [
        changed(f"{kind}.y", ["update"], {name: "a"}, {name: value})
        for kind in types
        for name in names[:3]
    ]
    report = review_plans([read_plan(plan_of(*entries), "p")])
    for render in FORMATS.values():
        assert "[[[" in render(report)


def test_a_document_is_read_up_to_its_depth() -> None:
    value = "[" * DEEPEST_DOCUMENT + "]" * DEEPEST_DOCUMENT
    assert isinstance(document(value), list)


def test_long_texts_are_cut_in_every_format_and_say_so() -> None:
    long = "x" * 1_000_000
    entries = [
        changed(f"aws_x.{long}", ["update"], {"a": "1", long: "1"}, {"a": long, long: "2"}),
        changed("aws_x.l", ["update"], {"a": ["1"]}, {"a": [long], "b": {long: long}}),
    ]
    report = review_plans([read_plan(plan_of(*entries), long)])
    for name, render in FORMATS.items():
        text = render(report)
        assert "more characters" in text, name
        assert len(text) < 30 * LONGEST, name
        assert not re.search(f"x{{{LONGEST + 1}}}", text), name


def test_escapes_in_documents_in_documents_do_not_act() -> None:
    inner = json.dumps({"a": "\x1b[2J", "\u202ekey": 1})
    plan = {"p": json.dumps({"b": inner, "c": "\u009b"})}
    read = harmless(plan)
    held = strict_json(read["p"])
    assert held["c"] == "\\u009b"
    assert strict_json(held["b"]) == {"a": "\\u001b[2J", "\\u202ekey": 1}
    assert harmless(read) == read


def test_honest_texts_stay_as_they_are() -> None:
    for text in ("a\tb\nc", "é 漢 🚀 ✓ → ñ", "\\u001b", '{"a": "\\u003cb\\u003e"}', ""):
        assert visible(text) == text
        assert harmless({text: [text]}) == {text: [text]}


def test_keys_that_become_the_same_are_kept_apart() -> None:
    read = harmless({"a\x1b": 1, "a\\u001b": 2})
    assert sorted(read.values()) == [1, 2]


def test_a_hostile_plan_of_5_mb_writes_and_leaks_nothing() -> None:
    # `python -m bench` holds the seconds that it may take.
    plan, secrets = hostile_plan()
    assert len(plan) >= 5_000_000
    report = review_plans([read_plan(plan, "hostile")])
    check(report)
    for name, render in FORMATS.items():
        text = html.unescape(render(report))
        assert "(masked)" in text, name
        assert [secret for secret in secrets if secret in text] == [], name


def test_a_bracket_in_a_key_makes_no_resource_unplanned() -> None:
    written = {"resources": [{"address": "aws_x.y", "mode": "managed"}]}
    plan = plan_of(
        changed("aws_x.y", ["create"], None, {}) | {"address": 'aws_x.y["a]b\\"[0]"]'},
        configuration={"root_module": written},
        complete=False,
    )
    assert read_plan(plan, "p").unplanned == ()
