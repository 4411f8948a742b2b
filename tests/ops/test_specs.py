"""`inferform spec` shows each Spec as it is: every field, default, limit, rule and AWS name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel
from typer.testing import CliRunner

import inferform
from inferform import RULES, Outputs, RealtimeEndpoint, Spec
from inferform.spec import Between, walk
from ops.cli import app
from ops.errors import BadInputError
from ops.specs import SpecPage, exported, json_schema, named, page, printed
from tests.conftest import ROOT
from tests.specs.fields import fields
from tests.specs.kinds import built, valid_trees

SPECS = {name: each for name, each in exported().items() if issubclass(each, Spec)}


@cache
def page_of(name: str) -> SpecPage:
    return page(exported()[name])


@cache
def schema_of(name: str) -> dict[str, Any]:
    return json_schema(exported()[name])


def _written(value: Any) -> Any:
    """A value with lists instead of tuples."""
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    return value


def test_every_spec_and_outputs_that_is_exported_is_there() -> None:
    classes = {
        name
        for name in inferform.__all__
        if isinstance(each := getattr(inferform, name), type)
        and issubclass(each, BaseModel | Outputs)
    }
    assert exported().keys() == classes - {"Spec", "Outputs"}
    assert len(exported()) > 110


@pytest.mark.parametrize("name", exported())
def test_everything_has_words(name: str) -> None:
    about = page_of(name)
    assert about.summary
    assert [each.name for each in about.fields if not each.words] == []


def test_a_field_names_only_what_people_can_import() -> None:
    told = {
        (name, word)
        for name in SPECS
        for field in page_of(name).fields
        for word in re.findall(r"\b[A-Z]\w+", re.sub(r'"[^"]*"', "", field.type))
    }
    unknown = {(n, word) for n, word in told if not hasattr(inferform, word)} - {
        # What a team builds on.
        ("Inference", "OwnService"),
    }
    assert {each for each in unknown if each[1] not in ("None", "True", "False")} == set()


@pytest.mark.parametrize("name", SPECS)
def test_each_field_has_its_default_as_it_is_written_in_python(name: str) -> None:
    shown = {each.name: each.default for each in page_of(name).fields}
    info = SPECS[name].model_fields
    assert shown.keys() == info.keys()
    for field, default in shown.items():
        if info[field].is_required():
            assert default is None, field
        else:
            assert default is not None, field
            made = eval(default, dict(vars(inferform)))
            assert _written(made) == _written(info[field].get_default(call_default_factory=True))


@pytest.mark.parametrize("name", SPECS)
def test_each_field_has_its_limits_choices_and_aws_names(name: str) -> None:
    shown = {each.name: each for each in page_of(name).fields}
    for leaf in fields():
        if not issubclass(SPECS[name], leaf.spec) or leaf.field not in shown:
            continue
        field = shown[leaf.field]
        limits = {each.rule: each.text for each in field.limits}
        for held in leaf.rules:
            if rule := getattr(held, "rule", None):
                assert rule.id in limits, leaf
            if isinstance(held, Between):
                # Where the message says "above 0", the lowest is a fraction next to it.
                low = "0" if "above 0" in held.rule.message else f"{held.low:,}"
                written = {*re.findall(r"[\d.,]*\d", limits[held.rule.id])}
                assert {low, f"{held.high:,}"} <= written, leaf
        assert {each for each, _ in leaf.members} <= set(field.aws), leaf
        for choice in leaf.choices:
            assert (f'"{choice}"' if isinstance(choice, str) else str(choice)) in field.type


def test_every_limit_says_what_it_is_without_a_gap() -> None:
    for name in SPECS:
        for field in page_of(name).fields:
            gaps = [each for each in field.limits if re.search(r"<[a-z ]+>", each.text)]
            assert gaps == [], (name, field.name)

    def said(name: str, rule: str) -> set[str]:
        limits = (each for field in page_of(name).fields for each in field.limits)
        return {each.text for each in limits if each.rule == rule}

    assert "must be 1 to 255 characters without spaces around" in said("CloudWatchMetric", "AAS33")
    assert said("EbsMount", "KUB24") == {
        "refuses a volume over folders of the system, of the loader or of another volume"
    }


def test_the_walk_over_fields_and_the_pages_are_of_the_same_fields() -> None:
    seen = {
        str(leaf)
        for leaf in fields()
        for spec in SPECS.values()
        if issubclass(spec, leaf.spec) and leaf.field in spec.model_fields
    }
    assert len(seen) > 280


def test_rules_between_fields_stand_at_the_field_where_they_are_reported() -> None:
    about = {each.name: each for each in page(RealtimeEndpoint).fields}
    assert "RT9" in about["host"].rules
    assert "SHD2" in about["shadow"].rules
    assert "DEP10" in about["rollout"].rules
    assert "AAS45" in page(RealtimeEndpoint).rules
    for name in exported():
        found = page_of(name)
        assert {
            *found.rules,
            *(rule for each in found.fields for rule in each.rules),
        } <= RULES.keys()


def test_units_follow_the_names_of_numbers() -> None:
    specs = (RealtimeEndpoint, inferform.Host)
    shown = {each.name: each.unit for spec in specs for each in page(spec).fields}
    assert shown["volume_size_gb"] == "GB"
    assert shown["startup_timeout_seconds"] == "seconds"
    assert shown["log_retention_days"] == "days"
    assert shown["instance_count"] == shown["instance_type"] == shown["vpc"] == ""


@pytest.mark.parametrize("name", exported())
def test_a_page_is_whole_at_80_columns(name: str) -> None:
    about = page_of(name)
    lines = list(printed(about, 80))
    # A name of AWS's that is longer than a line stands alone, unbroken.
    assert [line for line in lines if len(line) > 80 and len(line.split()) > 1] == []
    words = " ".join(lines).split()
    text = " ".join(words)
    for field in about.fields:
        assert f"{field.name}:" in words
        assert text.count(field.words) >= 1
        assert {each.rstrip(",") for each in words} >= {*field.aws, *field.rules}


def test_required_fields_come_first() -> None:
    given = [each.default is None for each in page(RealtimeEndpoint).fields]
    assert given == sorted(given, reverse=True)
    assert given[:2] == [True, True]


def test_a_spec_is_found_in_any_case_and_an_unknown_one_has_its_nearest() -> None:
    assert named("realtimeendpoint") is RealtimeEndpoint
    with pytest.raises(BadInputError, match=r"no Spec RealTimeEndpiont; did you mean RealtimeEnd"):
        named("RealTimeEndpiont")
    with pytest.raises(BadInputError, match=r"no Spec xyzzyxyzzyx\n"):
        named("xyzzyxyzzyx")


def test_the_command_prints_a_page_a_schema_and_the_list() -> None:
    runner = CliRunner()
    shown = runner.invoke(app, ["spec", "Canary"])
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == list(printed(page(inferform.Canary), 80))
    schema = json.loads(runner.invoke(app, ["spec", "Canary", "--json"]).stdout)
    assert schema == json_schema(inferform.Canary)
    command = [sys.executable, "-m", "ops.cli", "spec"]
    environ = {**os.environ, "COLUMNS": "80"}
    listed = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    ).stdout
    assert max(map(len, listed.splitlines())) <= 80
    assert set(listed.split()) >= exported().keys()
    names = [each["name"] for each in json.loads(runner.invoke(app, ["spec", "--json"]).stdout)]
    assert set(names) >= exported().keys()


_checked: set[str] = set()


def _check_schema(schema: dict[str, Any]) -> None:
    """Check a schema and each of its definitions, of which many stand in several: once each."""
    for each in ({**schema, "$defs": {}}, *schema.get("$defs", {}).values()):
        text = json.dumps(each, sort_keys=True)
        if text not in _checked:
            Draft202012Validator.check_schema(each)
            _checked.add(text)


@pytest.mark.parametrize("name", exported())
def test_the_schema_is_one_and_describes_every_field(name: str) -> None:
    schema = schema_of(name)
    _check_schema(schema)
    at = schema["$defs"][name] if "$ref" in schema else schema
    assert at["properties"].keys() == {each.name for each in page_of(name).fields}


def test_the_schemas_take_what_the_examples_hold() -> None:
    tried = set()
    for tree in valid_trees().values():
        for _, spec in walk(built(tree)):
            name = type(spec).__name__
            if name not in SPECS:
                continue
            tried.add(name)
            found = Draft202012Validator(schema_of(name)).iter_errors(spec.model_dump(mode="json"))
            assert [each.message for each in found] == [], spec
    assert len(tried) > 60


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"instance_typ": "ml.m5.large"}, "instance_typ"),
        ({"host": {"volume_size_gb": 0}}, "not valid under any"),
        ({"host": {"volume_size_gb": 513}}, "not valid under any"),
        ({"log_retention_days": "30"}, "not of type 'integer'"),
        ({"vpc": "yes"}, "boolean"),
        ({"rollout": {"max_5xx": "many"}}, "not valid under any"),
        ({"model": None}, "not valid under any"),
    ],
)
def test_the_schema_refuses_what_a_single_field_refuses(change: dict[str, Any], wrong: str) -> None:
    given = {
        "model": {"image": {"repository": "fraud", "tag": "1"}},
        "instance_type": "ml.m5.large",
    }
    validator = Draft202012Validator(schema_of("RealtimeEndpoint"))
    assert validator.is_valid(given)
    (error,) = validator.iter_errors({**given, **change})
    assert wrong in error.message


# "at most 40 metrics" counts; "at most 64 letters" measures.
_COUNTED = re.compile(
    r"must be (?:at most|[\d,]+ to) [\d,]+ (?!characters|letters|lower-case|percent|seconds)[a-z]+"
)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_what_is_counted_is_a_field_that_holds_several(name: str) -> None:
    for field in page(SPECS[name]).fields:
        if not re.match(r"(?:list|dict|tuple)\[", field.type):
            counted = [limit.text for limit in field.limits if _COUNTED.match(limit.text)]
            assert counted == [], field.name
