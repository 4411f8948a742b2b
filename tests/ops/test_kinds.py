"""Every resource type that Inferform makes has a record, and operations know types by those."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ops.kinds import _built_in, add_own, forget_own, kinds, known
from ops.kinds.record import Kind, Not
from ops.terraform import ROOT

from ..conftest import Synthesized
from ..terraform_requests import imported_types, types_imported_by

OPTIONAL = [field.name for field in fields(Kind) if "Not" in str(field.type)]


def without_a_record(types: Iterable[str], records: Iterable[str]) -> list[str]:
    """Types that are made and not known, and those that are known and not made."""
    return sorted(set(types) ^ set(records))


def test_the_examples_make_exactly_the_types_that_have_a_record(everything: Synthesized) -> None:
    made = {kind for stack in everything.values() for kind in stack["resource"]}
    # The example of a platform makes some of its own, with records of its own.
    add_own(["team.kinds"], ROOT / "examples/platform")
    try:
        assert without_a_record(made, kinds()) == []
    finally:
        forget_own()


def test_the_examples_make_every_type_of_aws_that_the_modules_can_make(
    everything: Synthesized,
) -> None:
    imported, _ = imported_types()
    made = {kind for stack in everything.values() for kind in stack["resource"]}
    assert len(imported) > 50
    assert imported - made == set()


def test_a_binding_is_found_however_it_is_imported() -> None:
    sources = (
        "from cdktf_cdktf_provider_aws.kms_key import KmsKey",
        "from cdktf_cdktf_provider_aws import sagemaker_model as models, sqs_queue",
        "def late():\n    import cdktf_cdktf_provider_aws.sns_topic as topics",
        "from cdktf_cdktf_provider_aws.data_aws_ami import DataAwsAmi",
        "from cdktf_cdktf_provider_aws.provider import AwsProvider",
    )
    types = {"aws_kms_key", "aws_sagemaker_model", "aws_sqs_queue", "aws_sns_topic"}
    assert types_imported_by(sources) == (types, {"aws_ami"})


def test_a_type_without_a_record_is_found() -> None:
    assert without_a_record([*kinds(), "aws_unknown"], kinds()) == ["aws_unknown"]


@pytest.mark.parametrize("member", OPTIONAL)
def test_a_member_that_does_not_apply_says_why(member: str) -> None:
    answers = {record.type: getattr(record, member) for record in kinds().values()}
    given = [kind for kind, answer in answers.items() if not isinstance(answer, Not)]
    assert given, f"nothing gives {member}: remove it"
    terse = {
        kind: answer.reason
        for kind, answer in answers.items()
        if isinstance(answer, Not) and len(answer.reason.split()) < 4
    }
    assert terse == {}
    empty = [kind for kind, answer in answers.items() if answer is None or answer in ((), {}, "")]
    assert empty == []


def test_words_and_parts_are_of_use() -> None:
    assert {record.type for record in kinds().values() if not record.words} == set()
    parts = {record.part_of for record in kinds().values() if record.part_of}
    assert parts
    assert parts <= set(kinds())


def test_a_type_that_becomes_inferform_s_own_keeps_the_risks_that_it_had() -> None:
    """A record takes the place of what was known of the type in plans of other projects."""
    records = kinds()
    foreign = [each for module in _built_in() for each in getattr(module, "FOREIGN", ())]
    assert len(foreign) > 80
    for entry in foreign:
        record = records.get(entry.type)
        if record is not None and entry.risks:
            assert not isinstance(record.risks, Not), entry.type
            held = {check.rule.id for check in record.risks}
            assert {check.rule.id for check in entry.risks} <= held, entry.type


def test_no_operation_names_a_type() -> None:
    found = {
        f"{file.relative_to(ROOT)}: {literal}"
        for file in _operations()
        for literal in _literals(file)
        if literal in known() or re.fullmatch(r"(aws|kubernetes)_[a-z0-9_]+", literal)
    }
    assert found - EXCEPTIONS == set()


EXCEPTIONS = {
    # The price list's own name of its format.
    "ops/cost/update.py: aws_v1",
}


def _operations() -> Iterator[Path]:
    for file in (ROOT / "ops").rglob("*.py"):
        # What other tools have written, and one endpoint that is taken over, are read by their types.
        if file.parent.name not in ("kinds", "takeover"):
            yield file


def _literals(file: Path) -> Iterator[str]:
    tree: Any = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
