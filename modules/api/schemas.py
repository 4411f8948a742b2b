"""Schemas of request bodies, as API Gateway takes them: JSON Schema draft 4."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..rules import Problem, rule

APG28 = rule(
    "APG28",
    refuses="a schema of requests that API Gateway does not take",
    message="{wrong}; {remedy}",
    source="Amazon API Gateway developer guide, data models for REST APIs (JSON Schema draft 4) and "
    "quotas (400 KB)",
)

_BYTES = 400 * 1024
_DRAFT = "http://json-schema.org/draft-04/schema"
_MODELS = "https://apigateway.amazonaws.com/restapis/"
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_NOTES = frozenset({"$schema", "title", "description", "id", "definitions", "default"})
_LATER = frozenset(
    [
        "$anchor",
        "$defs",
        "$dynamicRef",
        "$id",
        "const",
        "contains",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "maxContains",
        "minContains",
        "prefixItems",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_schemas(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, dict) for each in value.values())


def _are_names(value: object) -> bool:
    """Texts, one or more, each once."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, str) for each in value)
        and len({*value}) == len(value)
    )


def _is_choice(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


_COUNT = (_is_count, "write a whole number of 0 or more")
_NUMBER = (_is_number, "write a number")
_SCHEMAS = (_is_schemas, 'write a schema by each name, such as {"amount": {"type": "number"}}')
_CHOICE = (_is_choice, "write a list of one schema or more")
_FLAG = (
    lambda value: isinstance(value, bool),
    "write True or False, as draft 4 has it beside a limit",
)
_OPEN = (lambda value: isinstance(value, bool | dict), "write True, False or a schema")

_SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(
        (
            "maxLength",
            "minLength",
            "maxItems",
            "minItems",
            "maxProperties",
            "minProperties",
        ),
        _COUNT,
    ),
    **dict.fromkeys(("maximum", "minimum"), _NUMBER),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "write a number above 0"),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum"), _FLAG),
    "uniqueItems": (lambda value: isinstance(value, bool), "write True or False"),
    "pattern": (lambda value: isinstance(value, str), "write a regular expression"),
    "required": (_are_names, 'write the names of members, such as ["amount"]'),
    "enum": (lambda value: isinstance(value, list) and bool(value), "write one value or more"),
    **dict.fromkeys(("properties", "patternProperties", "definitions"), _SCHEMAS),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _CHOICE),
    **dict.fromkeys(("additionalProperties", "additionalItems"), _OPEN),
    "not": (lambda value: isinstance(value, dict), "write a schema"),
    "items": (
        lambda value: isinstance(value, dict) or _is_choice(value),
        "write a schema, or one for each item",
    ),
    "dependencies": (
        lambda value: (
            isinstance(value, dict)
            and all(isinstance(each, dict) or _are_names(each) for each in value.values())
        ),
        "write a schema, or the names of members, by each name",
    ),
}
"""What each keyword of draft 4 has, and what to write instead."""


def schema_problems(schema: Mapping[str, Any]) -> Iterator[Problem]:
    """What API Gateway would refuse of a schema, or ignore."""
    where = ("request_schema",)
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError):
        yield APG28.problem(*where, wrong="is no JSON", remedy="write plain values")
        return
    if len(text.encode()) > _BYTES:
        wrong, remedy = "is larger than 400 KB", "check less of the body"
        yield APG28.problem(*where, wrong=wrong, remedy=remedy)
    draft = schema.get("$schema", _DRAFT)
    if draft not in (_DRAFT, _DRAFT + "#"):
        remedy = f"write {_DRAFT}#, or leave $schema out"
        yield APG28.problem(*where, "$schema", got=draft, wrong="is another draft", remedy=remedy)
    if not schema.keys() - _NOTES:
        wrong, remedy = "refuses nothing", 'write what a body has, such as {"type": "object"}'
        yield APG28.problem(*where, got=schema, wrong=wrong, remedy=remedy)
    # As JSON has it: lists for tuples.
    whole = json.loads(text)
    yield from _within(whole, whole, where)


def _within(
    whole: Mapping[str, Any], schema: Mapping[str, Any], where: tuple[str | int, ...]
) -> Iterator[Problem]:
    """What is wrong in a schema, and in those that it has."""
    kinds = schema.get("type", [])
    named = kinds if isinstance(kinds, list) else [kinds]
    if "type" in schema and (not named or any(each not in _TYPES for each in named)):
        remedy = f"write one of {', '.join(_TYPES)}"
        yield APG28.problem(*where, "type", got=kinds, wrong="is no type of JSON", remedy=remedy)
    for keyword, value in schema.items():
        takes, remedy = _SHAPES.get(keyword, (None, ""))
        if keyword in _LATER:
            wrong, remedy = "is of a later draft, so that nothing is checked", "write it in draft 4"
            yield APG28.problem(*where, keyword, wrong=wrong, remedy=remedy)
        elif keyword == "$ref":
            if not _leads(whole, value):
                wrong, remedy = "leads nowhere in the schema", "write it there, under definitions"
                yield APG28.problem(*where, keyword, got=value, wrong=wrong, remedy=remedy)
        elif takes is not None and not takes(value):
            wrong = "is not what draft 4 takes there"
            yield APG28.problem(*where, keyword, got=value, wrong=wrong, remedy=remedy)
        elif takes is not None and keyword not in ("enum", "required"):
            for place, held in _held(keyword, value):
                yield from _within(whole, held, (*where, *place))


def _held(keyword: str, value: Any) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """The schemas in the value of a keyword, by their places."""
    if keyword in ("not", "items", "additionalItems", "additionalProperties") and isinstance(
        value, dict
    ):
        yield (keyword,), value
    elif isinstance(value, list):
        yield from (((keyword, at), each) for at, each in enumerate(value))
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, dict):
                yield (keyword, name), each


def _leads(whole: Any, reference: object) -> bool:
    """Whether a reference leads to a part of the schema, or to a model of an API."""
    if not isinstance(reference, str):
        return False
    if reference.startswith(_MODELS):
        return True
    if reference != "#" and not reference.startswith("#/"):
        return False
    found = whole
    for part in reference.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return False
    return isinstance(found, dict)
