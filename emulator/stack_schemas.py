"""What CloudFormation accepts of a resource: its schemas, of which cfn-lint brings a copy.

They are of the version of cfn-lint that is installed, as moto needs it; a Region has its own.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from moto.cloudformation.exceptions import ValidationError

Schema = dict[str, Any]


def is_known(kind: str, region: str) -> bool:
    """Whether CloudFormation has a resource type in a Region."""
    return kind in _types(region)


def attributes(kind: str) -> list[str]:
    """The attributes that ``Fn::GetAtt`` answers, such as ``RuntimeConfig.CurrentCopyCount``."""
    schema = _schema(kind, "us-east-1")
    return [
        path.removeprefix("/properties/").replace("/", ".")
        for path in schema.get("readOnlyProperties", [])
        if "*" not in path
    ]


def checked(kind: str, resource: Schema, logical: str, region: str = "us-east-1") -> Schema:
    """The properties of a resource, or what CloudFormation says of those that break its schema."""
    properties: Schema = resource.get("Properties") or {}
    schema = _schema(kind, region)
    found = [
        *_broken(schema, schema, properties, "#"),
        *_read_only(schema, properties),
    ]
    if found:
        raise ValidationError(
            message=f"Properties validation failed for resource {logical} with message:\n"
            f"[{', '.join(found)}]"
        )
    return properties


def tags(properties: Schema, account: str, region: str, stack_id: str) -> list[dict[str, str]]:
    """The tags of a resource, with those of its stack, which CloudFormation hands on."""
    from moto.cloudformation.models import cloudformation_backends

    stack = cloudformation_backends[account][region].stacks.get(stack_id)
    of_stack = dict(getattr(stack, "tags", None) or {})
    own = {each["Key"]: each["Value"] for each in properties.get("Tags") or []}
    return [{"Key": key, "Value": value} for key, value in {**of_stack, **own}.items()]


@cache
def _folder() -> Path:
    # found without being imported, which takes a second
    spec = importlib.util.find_spec("cfnlint")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "data" / "schemas"


@cache
def _types(region: str) -> dict[str, str]:
    path = _folder() / "providers" / f"{region}.json"
    types: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return types


@cache
def _schema(kind: str, region: str) -> Schema:
    path = _folder() / "resources" / f"{_types(region)[kind]}.json"
    schema: Schema = json.loads(path.read_text("utf-8"))
    return schema


def _read_only(schema: Schema, properties: Schema) -> Iterator[str]:
    for path in schema.get("readOnlyProperties", []):
        value: Any = properties
        names = path.removeprefix("/properties/").split("/")
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            yield f"Encountered unsupported property {names[-1]}"


_TYPES: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "object": ("JSONObject", dict),
    "array": ("JSONArray", list),
    "string": ("String", str),
    "boolean": ("Boolean", bool),
    "integer": ("Integer", int),
    "number": ("Number", (int, float)),
}


def _broken(root: Schema, schema: Schema, value: Any, path: str) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        yield from _broken(root, root["definitions"][name], value, path)
        return
    other = _other_type(schema.get("type", ""), value)
    if other:
        yield f"{path}: {other}"
        return
    if isinstance(value, dict):
        yield from _object(root, schema, value, path)
    elif isinstance(value, list):
        yield from _array(root, schema, value, path)
    elif isinstance(value, str):
        yield from _string(schema, value, path)
    elif not isinstance(value, bool):
        if value < schema.get("minimum", value):
            yield f"{path}: {value} is not greater or equal to {schema['minimum']}"
        if value > schema.get("maximum", value):
            yield f"{path}: {value} is not less or equal to {schema['maximum']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value} is not a valid enum value"


def _other_type(kind: str, value: Any) -> str:
    if kind not in _TYPES:
        return ""
    wanted, python = _TYPES[kind]
    if isinstance(value, python) and (kind == "boolean" or not isinstance(value, bool)):
        return ""
    order = ("boolean", "integer", "number", "string", "array", "object")
    found = next((_TYPES[each][0] for each in order if isinstance(value, _TYPES[each][1])), "Null")
    return f"expected type: {wanted}, found: {found}"


def _object(root: Schema, schema: Schema, value: Schema, path: str) -> Iterator[str]:
    for name in schema.get("required", []):
        if name not in value:
            yield f"{path}: required key [{name}] not found"
    alternatives = schema.get("oneOf", [])
    if alternatives:
        met = sum(all(name in value for name in each["required"]) for each in alternatives)
        if met != 1:
            yield f"{path}: {met} subschemas matched instead of one"
    if len(value) > schema.get("maxProperties", len(value)):
        most = schema["maxProperties"]
        yield f"{path}: maximum size: [{most}], found: [{len(value)}]"
    for name, each in value.items():
        known = schema.get("properties", {}).get(name)
        if known is None:
            known = next(
                (
                    found
                    for pattern, found in schema.get("patternProperties", {}).items()
                    if re.search(pattern, name)
                ),
                None,
            )
        if known is not None:
            yield from _broken(root, known, each, f"{path}/{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{path}: extraneous key [{name}] is not permitted"


def _array(root: Schema, schema: Schema, value: list[Any], path: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield f"{path}: expected minimum item count: {schema['minItems']}, found: {len(value)}"
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{path}: expected maximum item count: {schema['maxItems']}, found: {len(value)}"
    for number, each in enumerate(value):
        yield from _broken(root, schema.get("items", {}), each, f"{path}/{number}")


def _string(schema: Schema, value: str, path: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield f"{path}: expected minLength: {schema['minLength']}, actual: {len(value)}"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{path}: expected maxLength: {schema['maxLength']}, actual: {len(value)}"
    pattern = schema.get("pattern", "")
    # Python's re has no Unicode properties, which only patterns of tags have
    if pattern and "\\p{" not in pattern and not re.search(pattern, value):
        yield f"{path}: string [{value}] does not match pattern {pattern}"
