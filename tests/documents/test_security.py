"""SECURITY.md names what holds each of its claims, and that is there."""

from __future__ import annotations

import re

import inferform
from ops.explain import explained
from tests.conftest import ROOT

TEXT = (ROOT / "SECURITY.md").read_text("utf-8")


def test_every_test_and_document_that_it_names_is_there() -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)`", TEXT)
    links = re.findall(r"\]\(([\w/.]+)\)", TEXT)
    assert len(set(tests)) > 10
    assert [name for name in (*tests, *links) if not (ROOT / name).is_file()] == []


def test_every_row_of_trust_says_what_holds_it_or_that_nothing_does() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 5
    for row in rows:
        held = row.strip("| ").rpartition(" | ")[2]
        assert held.startswith(("`tests/", "nothing")), row


def test_every_test_of_security_is_named_in_it_or_below_one_that_is() -> None:
    named = set(re.findall(r"`tests/security/(\w+)\.py`", TEXT))
    said = {
        "test_checkov": "Checkov",
        "test_policies": "encrypted",
        "test_false_positives": "masked",
    }
    for file in (ROOT / "tests" / "security").glob("test_*.py"):
        assert file.stem in named or said[file.stem] in TEXT, file.name


REVIEW = (ROOT / "docs" / "approval.md").read_text("utf-8")


def test_what_who_approves_it_is_told_to_look_at_is_there() -> None:
    prose = REVIEW.partition("<!-- checkov")[0]
    ids = set(re.findall(r"\b[A-Z]{3,6}\d{1,2}\b", prose)) - {"SHA256"}
    assert len(ids) >= 5
    assert {explained(each).id for each in ids} == ids
    assert [
        name for name in re.findall(r"`(tests/[\w/]+\.py)`", prose) if not (ROOT / name).is_file()
    ] == []


def test_who_approves_it_reads_each_field_that_opens_something_by_its_name() -> None:
    opened = REVIEW.partition("## What is public")[2].partition("\n## ")[0]
    for spec, field in (
        (inferform.LoadBalancer, "allowed_cidrs"),
        (inferform.EksCluster, "public_access_cidrs"),
        (inferform.Repository, "pull_accounts"),
        (inferform.ArtifactBucket, "read_accounts"),
    ):
        assert field in spec.model_fields
        assert f"{field}" in opened
