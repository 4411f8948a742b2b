"""`inferform explain` knows each id that any output can hold, and each id is of one thing."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inferform import RULES
from inferform.rules import Rule
from ops.cli import app
from ops.contract import CHECKS as CONTRACT
from ops.errors import BadInputError
from ops.explain import Entry, entries, explained, place
from tests.conftest import ROOT
from tests.security.test_checkov import EXPLAINED

# The functions and classes that give something an id.
MAKERS = {"rule", "Rule", "risk", "RiskRule", "check", "Check"}
GOLDEN = sorted((ROOT / "tests/review/golden").iterdir())
DOCS = sorted(
    file
    for pattern in ("*.md", "docs/*.md", "modules/*/README.md", "container/*.md", "emulator/*.md")
    for file in ROOT.glob(pattern)
    if file.name != "CHANGELOG.md"  # which names ids that changed
)


_MAKES = re.compile(rf"\b(?:{'|'.join(MAKERS)})\(\s*[\"']")


def written(folder: str) -> Iterator[tuple[str, Path]]:
    """Every id that a source file gives to something."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        text = file.read_text("utf-8")
        if not _MAKES.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            made = node.func.id if isinstance(node.func, ast.Name) else name
            first = node.args[0]
            if made in MAKERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, file


@cache
def names_made() -> frozenset[str]:
    return frozenset(name for folder in ("modules", "ops") for name, _ in written(folder))


def built_in() -> dict[str, Entry]:
    """Everything that is explained, without the rules of a team's own that other tests have made
    in this process."""
    own = RULES.keys() - names_made()
    return {name: entry for name, entry in entries().items() if name not in own}


def test_every_id_that_the_source_gives_to_something_is_explained() -> None:
    given = [pair for folder in ("modules", "ops") for pair in written(folder)]
    assert len(given) > 300
    assert [(name, file.name) for name, file in given if name not in entries()] == []


def test_every_check_of_the_container_contract_is_explained() -> None:
    assert len(CONTRACT) == 12
    assert [check.id for check in CONTRACT if check.id not in entries()] == []
    assert {entries()[check.id].title for check in CONTRACT} == {c.title for c in CONTRACT}


def families(kinds: Mapping[str, Entry]) -> dict[str, set[str]]:
    found = defaultdict(set)
    for name, entry in kinds.items():
        found[place(name)[0]].add(entry.kind)
    return found


def test_ids_with_the_same_letters_are_ids_of_the_same_kind() -> None:
    shared = families(built_in())
    assert {letters: kinds for letters, kinds in shared.items() if len(kinds) > 1} == {}
    assert {kind for kinds in shared.values() for kind in kinds} == {
        "rule",
        "risk",
        "preflight check",
        "verify check",
        "endpoints adopt check",
        "container check",
    }


def ids_in(text: str) -> set[str]:
    """What looks like one of our ids: the letters of a family, with a number."""
    letters = {each for each in families(built_in()) if each.isupper() and len(each) > 1}
    return {
        word for word in re.findall(r"\b[A-Z0-9]*[A-Z]\d+\b", text) if place(word)[0] in letters
    }


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.name)
def test_every_id_in_a_golden_report_is_explained(file: Path) -> None:
    assert ids_in(file.read_text("utf-8")) <= entries().keys()


def test_the_golden_reports_hold_ids() -> None:
    assert len(set().union(*(ids_in(file.read_text("utf-8")) for file in GOLDEN))) > 5


@pytest.mark.parametrize("file", DOCS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_id_in_a_document_is_explained(file: Path) -> None:
    assert ids_in(file.read_text("utf-8")) <= entries().keys()


@pytest.mark.parametrize("id", built_in())
def test_what_is_explained_is_whole(id: str) -> None:
    entry = entries()[id]
    assert entry.title
    assert entry.source
    assert entry.message or entry.fix
    assert entry.why or "check" not in entry.kind
    assert not re.search(r"\{\w*\}", entry.message + entry.title)


def test_a_message_shows_its_fields_as_words() -> None:
    made = Rule("X1", "", "{instance_type} has {count:,} of {kind!r}{hint}; write {{}}", "")
    assert made.template == "<instance type> has <count> of <kind>; write {}"


@pytest.mark.parametrize(
    ("given", "means"), [("aas3", "AAS3"), ("plan1", "PLAN1"), ("Ver2", "VER2"), ("PING", "ping")]
)
def test_an_id_is_found_in_upper_and_lower_case(given: str, means: str) -> None:
    assert explained(given).id == means


@pytest.mark.parametrize(
    ("given", "meant"),
    [("AAS333", "AAS33"), ("PLAN11", "PLAN1"), ("VERR2", "VER2"), ("lage-body", "large-body")],
)
def test_an_unknown_id_has_the_nearest_of_all_registries(given: str, meant: str) -> None:
    with pytest.raises(BadInputError, match=rf"there is no id {given}; did you mean .*\b{meant}\b"):
        explained(given)


def test_a_metric_is_explained_by_the_table_that_alarms_are_made_of() -> None:
    found = explained("invocation5xxerrors")
    assert (found.id, found.kind) == ("Invocation5XXErrors", "metric")
    assert "an asynchronous endpoint" in found.title
    assert "a Lambda function" not in found.title
    assert "server-errors: 5XX answers above the limit % of requests" in found.why
    assert found.fix
    assert "added over each gpu" in explained("GPUMemoryUtilization").message
    with pytest.raises(BadInputError):
        explained("Invocation5xxErrorz")


def test_an_id_that_is_like_none_is_refused_without_a_guess() -> None:
    with pytest.raises(BadInputError) as caught:
        explained("\x1b[2J" * 2000)
    assert "did you mean" not in str(caught.value)


def test_a_check_of_checkov_is_said_to_be_checkovs() -> None:
    found = json.loads((ROOT / "tests/review/checkov.json").read_text("utf-8"))
    runs = found if isinstance(found, list) else [found]
    ids = {check["check_id"] for run in runs for check in run["results"]["failed_checks"]}
    assert ids
    assert {explained(each).kind for each in ids} == {"check of Checkov"}


def test_every_check_of_checkov_that_fails_on_purpose_is_explained() -> None:
    ids = {check for check, _ in EXPLAINED}
    assert any(check.startswith("CKV_K8S_") for check in ids)
    assert {explained(check).kind for check in ids} == {"check of Checkov"}


def test_a_risk_is_explained_on_the_command_line() -> None:
    done = CliRunner().invoke(app, ["explain", "PLAN1", "--json"])
    assert done.exit_code == 0
    entry = json.loads(done.stdout)
    assert (entry["kind"], entry["severity"]) == ("risk", "critical")
    assert entry["title"]
    assert entry["fix"]


def test_rules_are_listed_alone_or_with_everything_else() -> None:
    runner = CliRunner()
    rules = json.loads(runner.invoke(app, ["rules", "--json"]).stdout)
    everything = json.loads(runner.invoke(app, ["rules", "--all", "--json"]).stdout)
    assert {entry["id"] for entry in rules} == set(RULES)
    assert [entry["id"] for entry in everything] == list(entries())
    assert len(everything) > len(rules) + 40


def test_the_command_starts_without_the_registries() -> None:
    program = """
import sys
import ops.cli
ops.cli.app
heavy = {"boto3", "botocore", "cdktf", "jsii", "moto", "ops.review.risks", "ops.kinds"}
print(sorted(heavy & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
