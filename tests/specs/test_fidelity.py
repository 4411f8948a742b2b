"""Every field of every Spec is as strict and as loose as AWS, or says why not.

A field names the members of botocore's service models that it becomes (`Aws`); values around
the limits of both are tried on both. Where the models have no limit, a rule's own source is the
reason for it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import pytest
from botocore.model import Shape, StringShape

from inferform import RULES
from inferform.instances import instance_type_names
from inferform.sagemaker.batch import transform_instance_types
from tests.capabilities import capabilities, reasons, together
from tests.service_models import limits, refusal, shape_of
from tests.specs.fields import fields
from tests.specs.samples import samples

pytestmark = pytest.mark.long

# See Capability in tests/capabilities/record.py.
_KNOWN = capabilities().values()
NOT_AWS = reasons(each.not_aws for each in _KNOWN)
LEFT_OUT = together(each.left_out for each in _KNOWN)
STRICTER = reasons(each.stricter for each in _KNOWN)
SHORTER = reasons(each.shorter for each in _KNOWN)
SENT = together(each.sent for each in _KNOWN)

FIELDS = {str(field): field for field in fields()}
ANNOTATED = [name for name, field in FIELDS.items() if field.members]
NAMES = [name for name, field in FIELDS.items() if field.is_short_name and not field.members]
"""Names within the Environment, which AWS gets as a part of longer names."""


@dataclass(frozen=True)
class Stricter:
    """A value that a field refuses although what it becomes takes it."""

    member: str
    value: Any
    rules: tuple[str, ...]
    limited: bool
    """Whether the member has limits of its own: for a number, on this side."""

    in_enum: bool


@dataclass(frozen=True)
class Compared:
    """What a field and the members that it becomes make of the same values."""

    taken: int
    shorter: bool
    """Whether a text cannot be as long as a member takes it."""

    looser: tuple[str, ...]
    stricter: tuple[Stricter, ...]


@cache
def compared(name: str) -> Compared:
    field = FIELDS[name]
    send = SENT.get(name, lambda value: value)
    looser: list[str] = []
    stricter: list[Stricter] = []
    taken = 0
    shorter = False
    for member, shape in field.members:
        known = limits(shape)
        tried = [
            (value, tuple(field.broken_rules(value)), refusal(shape, send(value)))
            for value in samples(field, shape)
        ]
        good = [value for value, rules, _ in tried if not rules]
        taken += len(good)
        lengths = [len(send(value)) for value in good if isinstance(value, str)]
        if lengths and "enum" not in known:
            shorter |= max(lengths) < known.get("max", 0)
        looser += [f"{member}: {value!r} {why}" for value, rules, why in tried if why and not rules]
        stricter += [
            Stricter(
                member, value, rules, _has_limit(shape, value, good), value in known.get("enum", ())
            )
            for value, rules, why in tried
            if rules and not why
        ]
    return Compared(taken, shorter, tuple(looser), tuple(stricter))


def _has_limit(shape: Shape, value: Any, taken: list[Any]) -> bool:
    known = limits(shape)
    if isinstance(value, str):
        return bool(known)
    if shape.type_name == "string":
        # The limits are those of the number's digits.
        return False
    return "max" in known if value > max(taken) else "min" in known and value < min(taken)


def _reasons(table: dict[str, tuple[str, ...]]) -> list[str]:
    return [name for names in table.values() for name in names]


def _is_more_than_botocore(rule: str) -> bool:
    """Whether a rule names another source than the models."""
    return any(not part.strip().startswith("botocore") for part in RULES[rule].source.split(";"))


def test_every_field_says_what_it_becomes_in_aws_or_why_it_becomes_nothing() -> None:
    unsaid = FIELDS.keys() - set(ANNOTATED) - set(NAMES) - set(_reasons(NOT_AWS))
    assert unsaid == set(), (
        "name the member with Aws(...), or give a reason in not_aws of tests/capabilities"
    )
    assert len(FIELDS) > 280
    assert len(ANNOTATED) > 190


@pytest.mark.parametrize("name", ANNOTATED)
def test_a_field_takes_nothing_that_aws_refuses(name: str) -> None:
    assert compared(name).taken
    assert compared(name).looser == ()


@pytest.mark.parametrize("name", ANNOTATED)
def test_a_field_refuses_what_aws_takes_for_a_reason_only(name: str) -> None:
    explained = name in _reasons(STRICTER)
    assert not compared(name).shorter or name in _reasons(SHORTER)
    for each in compared(name).stricter:
        where = f"{each.member} takes {each.value!r}, which breaks {', '.join(each.rules)}"
        if each.in_enum:
            left_out = LEFT_OUT.get(name, {})
            assert any(re.fullmatch(pattern, each.value) for pattern in left_out), where
        elif each.limited:
            assert explained, where
        else:
            assert all(map(_is_more_than_botocore, each.rules)), f"{where}: name its source"


def test_every_reason_is_still_needed() -> None:
    for table in (NOT_AWS, SHORTER, STRICTER):
        assert [name for name, count in Counter(_reasons(table)).items() if count > 1] == []
        assert set(_reasons(table)) <= FIELDS.keys()
    assert set(_reasons(NOT_AWS)).isdisjoint([*ANNOTATED, *NAMES])
    differing = {
        name
        for name in ANNOTATED
        for each in compared(name).stricter
        if each.limited and not each.in_enum
    }
    assert set(_reasons(STRICTER)) == differing
    assert set(_reasons(SHORTER)) == {name for name in ANNOTATED if compared(name).shorter}
    for name, patterns in LEFT_OUT.items():
        values = [each.value for each in compared(name).stricter if each.in_enum]
        for pattern in patterns:
            assert any(re.fullmatch(pattern, value) for value in values), f"{name}: {pattern}"
    for name in SENT:
        assert FIELDS[name].members


def test_the_tables_of_instance_types_are_botocores() -> None:
    hosting = cast(StringShape, shape_of("sagemaker:ProductionVariantInstanceType"))
    transform = cast(StringShape, shape_of("sagemaker:TransformInstanceType"))
    assert instance_type_names() == frozenset(hosting.enum)
    assert transform_instance_types() == frozenset(transform.enum)
