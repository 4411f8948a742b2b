"""Each option is written as the list says, and becomes what its source says."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from contextlib import suppress
from functools import cache

import pytest

from inferform import SpecError
from tests.conftest import ROOT

from . import SOURCES, options
from .making import compared_with, made, written
from .row import Becomes, Option, Stacks, at, gone, has, refers, some

LISTED = [*options()]
WRITTEN = [each for each in LISTED if each[1].yes]
REFUSED = [each for each in LISTED if not each[1].yes]


def _id(each: tuple[str, Option]) -> str:
    return f"{each[0].rpartition('/')[2]}: {each[1].name}"


def _stacks(code: str, extend: str = "") -> Stacks:
    return made((option for _, option in LISTED), code, extend)


@pytest.mark.parametrize("listed", WRITTEN, ids=map(_id, WRITTEN))
def test_an_option_becomes_what_its_source_says(listed: tuple[str, Option]) -> None:
    option = listed[1]
    without = _stacks(compared_with(option))
    stacks = without
    if option.way == "extend":
        stacks = _stacks(option.beside, option.written)
    elif option.written:
        stacks = _stacks(option.written)
    for each in option.becomes:
        assert each.holds(stacks), (each, each.found(stacks))
        if option.way != "always":
            assert not each.holds(without), f"{each} holds without it too"


@pytest.mark.parametrize("listed", REFUSED, ids=map(_id, REFUSED))
def test_what_cannot_be_written_is_made_nowhere(listed: tuple[str, Option]) -> None:
    for each in listed[1].becomes:
        arguments = _arguments().get(each.type)
        if not each.path:
            assert arguments is None, f"{each.type} is made"
        else:
            assert each.path not in (arguments or ()), f"{each.type} has {each.path}"
            assert each.path not in _keys(), f"a document or block has {each.path}"
    if listed[1].written:
        with pytest.raises(SpecError):
            written(listed[1].written)
    for option, stacks in _of_fields():
        for each in listed[1].becomes:
            assert each.found(stacks) in ([], [0]), option.name


@cache
def _of_fields() -> list[tuple[Option, Stacks]]:
    """What the rows of fields make; those that fail do so by themselves."""
    found = []
    for _, option in WRITTEN:
        if option.way == "field":
            with suppress(SpecError):
                found.append((option, _stacks(option.written)))
    return found


@cache
def _arguments() -> dict[str, set[str]]:
    """What the constructs give to resources and their blocks, by Terraform type."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for tree in _trees():
        types: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and "cdktf_cdktf_provider_aws." in f"{node.module}":
                type_ = f"aws_{str(node.module).partition('.')[2]}"
                types |= {alias.asname or alias.name: type_ for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                type_ = types.get(node.func.id, "")
                found[type_] |= {each.arg for each in node.keywords if each.arg}
        for type_ in types.values():
            found[type_] |= set()
    return found


@cache
def _keys() -> set[str]:
    """The keys of documents and blocks that are made of dicts."""
    return {
        key.value
        for tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


@cache
def _trees() -> list[ast.Module]:
    return [ast.parse(file.read_text("utf-8")) for file in sorted((ROOT / "modules").rglob("*.py"))]


def test_the_list_is_long_enough_and_mostly_written_in_fields() -> None:
    ways = Counter(option.way for _, option in LISTED)
    assert len(LISTED) >= 150
    assert len(WRITTEN) >= 130
    assert ways["field"] >= 130
    assert ways["overrides"] + ways["extend"] <= 25
    assert ways["always"] <= 35


@pytest.mark.parametrize("source", SOURCES)
def test_the_options_of_a_source_stand_once_and_say_all(source: str) -> None:
    listed = SOURCES[source]
    assert len({option.name for option in listed}) == len(listed)
    for option in listed:
        assert bool(option.why) == (not option.yes), option.name
        assert option.becomes or not option.yes, option.name
        assert option.way == "no" or bool(option.written) == (option.way != "always"), option.name
        assert ("overrides=" in option.written) == (option.way == "overrides"), option.name
        if option.way in ("always", "extend"):
            assert option.beside, option.name


def test_a_row_fails_where_the_attribute_is_another_s_or_has_another_value() -> None:
    stacks: Stacks = {
        "network": {
            "resource": {
                "aws_vpc": {"vpc": {"cidr_block": "10.0.0.0/16", "tags": {"a.b/c": "1"}}},
                "aws_route": {"one": {"gateway_id": "${aws_vpc.vpc.id}", "flags": [True, 1]}},
                "aws_iam_role": {"role": {"policy": '{"Statement": [{"Action": "s3:Get*"}]}'}},
            }
        }
    }

    def holds(each: Becomes) -> bool:
        return each.holds(stacks)

    good = [
        at("aws_vpc", "cidr_block", "10.0.0.0/16"),
        at("aws_vpc", "tags.a.b/c", "1"),
        at("aws_route", "flags.*", 1),
        at("aws_route", "flags", has(True)),
        at("aws_route", "gateway_id", refers("aws_vpc")),
        at("aws_iam_role", "policy.Statement.*.Action", "s3:Get*"),
        some("aws_vpc", 1),
        some("aws_eip", 0),
        gone("aws_vpc", "tenancy"),
    ]
    bad = [
        at("aws_vpc", "cidr_block", "10.0.0.0/8"),
        at("aws_vpc", "tags.a", "1"),
        at("aws_route", "flags.1", True),
        at("aws_route", "flags.2", 1),
        at("aws_route", "flags", has("s")),
        at("aws_route", "gateway_id", refers("aws_eip")),
        at("aws_iam_role", "policy.Statement.*.Action", "s3:*"),
        some("aws_vpc", 2),
        gone("aws_vpc", "cidr_block"),
    ]
    assert [each for each in good if not holds(each)] == []
    assert [each for each in bad if holds(each)] == []


def test_no_row_of_a_field_is_compared_with_itself() -> None:
    assert [
        option.name
        for _, option in WRITTEN
        if option.way in ("field", "overrides") and compared_with(option) == option.written
    ] == []
