"""The documentation site is whole: its pages, links and reference. `make docs` builds it."""

from __future__ import annotations

import importlib.util
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from inferform import Spec
from ops.explain import REGISTRIES
from ops.specs import exported
from tests.conftest import ROOT
from tests.ops.test_explain import names_made
from tests.specs.fields import fields

from . import reference, site

pytestmark = pytest.mark.long


@cache
def pages() -> dict[str, str]:
    return site.pages()


class _Loader(yaml.SafeLoader):
    """YAML whose references to Python's names are left alone."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


@cache
def settings() -> dict[str, Any]:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, _Loader)
    return found


def _named(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    for each in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from _named(each)


def prose(text: str) -> str:
    """The text without blocks and spans of code."""
    return re.sub(r"^```.*?^```$|`[^`\n]+`", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors of a page: its headings as GitHub calls them, and what is given one."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", outside, re.MULTILINE)
    named = {re.sub(r"[^\w\- ]", "", each).lower().replace(" ", "-") for each in headings}
    return named | set(re.findall(r"\{ #([\w-]+) \}", text))


def section(page: str, heading: str) -> str:
    """The text under a heading of the second level."""
    return pages()[page].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_navigation_has_every_page_once() -> None:
    listed = list(_named(settings()["nav"]))
    assert sorted(listed) == sorted(pages()), "name the page in nav of mkdocs.yml"
    assert len(listed) > 60


def _links(page: str) -> Iterator[tuple[str, str, str]]:
    """The links of a page: as they stand, the page or file, and the heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(pages()[page])):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        linked = posixpath.normpath(posixpath.join(posixpath.dirname(page), name)) if name else page
        yield target, linked, anchor


def test_every_link_of_a_page_leads_to_a_page_and_a_heading_of_it() -> None:
    # In one test, as the pages are not made to collect it, nor the anchors of one for each link.
    there = {page: anchors(text) for page, text in pages().items()}
    files = {f"pictures/{name}" for name in os.listdir(ROOT / "docs")}
    for page in pages():
        for target, linked, anchor in _links(page):
            if linked.startswith(("pictures/", "reference/schemas/")):
                assert linked in files or Path(linked).stem in exported(), (page, target)
                continue
            assert linked in there, (page, target)
            assert not anchor or anchor in there[linked], (page, target)


def test_the_site_has_every_document_of_the_repository() -> None:
    told = {file for file in site.sources().values() if ROOT in file.parents}
    written = {
        *ROOT.glob("*.md"),
        *(
            file
            for name in ("docs", "modules", "container")
            for file in ROOT.glob(f"{name}/**/*.md")
        ),
        *ROOT.glob("*/README.md"),
    }
    folders = {file: ROOT / file.relative_to(ROOT).parts[0] for file in written}
    # The packages are links to folders.
    expected = {
        file
        for file, folder in folders.items()
        if not folder.name.startswith(".") and (folder == file or not folder.is_symlink())
    }
    assert expected <= told
    assert len(expected) > 40


@pytest.mark.parametrize("name", exported())
def test_every_field_of_a_spec_stands_in_the_reference_with_its_default_and_limits(
    name: str,
) -> None:
    (page,) = (
        f"reference/specs/{page}.md"
        for page, abouts in reference.specs().items()
        if name in {about.name for about in abouts}
    )
    parts = dict(
        re.findall(r"^`(\w+)`\{ #\S+ \}\n(.*?)(?=^`\w+`\{|\Z)", section(page, name), re.M | re.S)
    )
    spec = exported()[name]
    if not issubclass(spec, Spec):
        assert parts
        return
    assert parts.keys() == spec.model_fields.keys()
    for field, info in spec.model_fields.items():
        given = ", required" if info.is_required() else ", default `"
        assert given in parts[field].partition("\n")[0], field
    for leaf in fields():
        if issubclass(spec, leaf.spec) and leaf.field in parts:
            limits = {rule.rule.id for rule in leaf.rules if hasattr(rule, "rule")}
            lines = re.findall(r"- Limit: .+? \(\[(\w+)\]\(", parts[leaf.field])
            assert limits <= {*lines}, leaf


def test_every_id_stands_in_a_catalogue_with_all_that_is_said_of_it() -> None:
    shown = {
        id_: part
        for page in ("rules", "risks", "checks")
        for id_, part in re.findall(
            r"^`([\w-]+)`\{ #\S+ \}\n(.*?)(?=^`|^## |\Z)",
            pages()[f"reference/{page}.md"],
            re.M | re.S,
        )
    }
    # Rules of a team's own, which another test may have loaded, are no part of it.
    entries = [each for registry in REGISTRIES for each in registry() if each.id in names_made()]
    assert len(entries) > 450
    for entry in entries:
        part = shown[entry.id]
        for label in ("message", "why", "fix", "source"):
            assert bool(getattr(entry, label)) == (f"- {label.title()}: " in part), (
                entry.id,
                label,
            )


def test_every_command_stands_in_the_reference_with_its_options() -> None:
    text = pages()["reference/commands.md"]

    def check(path: str, command: Any) -> None:
        part = text.partition(f"# {path}\n")[2].partition("\n#")[0]
        assert part, path
        for each in getattr(command, "commands", {}).items():
            check(f"{path} {each[0]}", each[1])
        for parameter in [] if hasattr(command, "commands") else command.params:
            if parameter.name != "help" and parameter.param_type_name == "option":
                assert all(f"`{name}`" in part for name in parameter.opts), (path, parameter.opts)

    assert len(reference.commands()) > 20
    for name, command in reference.commands().items():
        check(f"inferform {name}", command)


def test_text_that_markdown_would_read_stands_as_it_is() -> None:
    escaped = reference._escaped("max_a (<n>) of [*] | `a_b<c>`")
    assert escaped == r"max\_a (&lt;n\>) of \[\*\] \| `a_b<c>`"


def test_the_pages_are_the_same_in_every_process() -> None:
    program = (
        "import hashlib; from tests.documents import reference, site; "
        "made = {**site.pages(), **reference.schemas()}; "
        "print(hashlib.sha256(repr(sorted(made.items())).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_page_that_loads_something_from_elsewhere_is_found(tmp_path: Path) -> None:
    good = (
        '<img src="a.png"><script src="../b.js"></script><a href="https://aws.amazon.com">AWS</a>'
    )
    (tmp_path / "good.html").write_text(good, "utf-8")
    assert list(site.outside(tmp_path)) == []
    for number, bad in enumerate(
        (
            '<script src="https://unpkg.com/x"></script>',
            '<link rel="stylesheet" href="//fonts.example.com/css">',
            '<img src="http://example.com/a.png">',
        )
    ):
        (tmp_path / f"bad{number}.html").write_text(bad, "utf-8")
    assert len(list(site.outside(tmp_path))) == 3


def test_no_font_comes_from_elsewhere_and_links_are_strict() -> None:
    assert settings()["theme"]["font"] is False
    for kind in settings()["validation"].values():
        assert set(kind.values()) == {"warn"}
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "mkdocs build --strict" in makefile.partition("\ndocs: ")[2].partition("\n\n")[0]


def test_every_decision_says_what_it_costs_and_what_else_was_considered() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    index = (ROOT / "docs" / "decisions" / "index.md").read_text("utf-8")
    assert len(records) > 10
    for record in records:
        if record.name == "index.md":
            continue
        text = record.read_text("utf-8")
        assert f"]({record.name})" in index
        assert re.match(r"# .+\n\n\*\*Question\.\*\*", text), record.name
        for part in ("**Decision.**", "**Why", "**Costs.**"):
            assert part in text, (record.name, part)


FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


@pytest.mark.skipif(
    importlib.util.find_spec("check_jsonschema") is None,
    reason="check-jsonschema, which has the schemas of GitHub's forms, is not installed",
)
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_form_for_issues_follows_the_schema_of_github(form: Path) -> None:
    kind = "config" if form.name == "config.yml" else "forms"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    answer = subprocess.run(
        [*command, f"vendor.github-issue-{kind}", str(form)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout
