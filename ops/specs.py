"""What each Spec takes: fields with type, default, unit, limits, rules and AWS's names.

Everything is read from the Specs themselves: their annotations, their docstrings and their checks.
`inferform spec` and the reference of the documentation print the same.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import PydanticUndefined, core_schema

import inferform
from inferform import Outputs, Spec
from inferform.rules import Rule, nearest, one_of
from inferform.spec import Aws, Between, Check, Known, Listed, below, names_of

from .errors import BadInputError
from .explain import load_own

Described = type[Spec] | type[Outputs]

UNITS: Mapping[str, str] = {
    "bps": "bits a second",
    "days": "days",
    "gb": "GB",
    "gib": "GiB",
    "hours": "hours",
    "mb": "MB",
    "mib": "MiB",
    "minutes": "minutes",
    "ms": "milliseconds",
    "percent": "percent",
    "percentage": "percent",
    "per_second": "per second",
    "seconds": "seconds",
    "years": "years",
}
"""The unit of a number, by the end of its field's name."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a value must be, with the rule that says so."""

    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a Spec."""

    name: str
    type: str
    """As it is written in Python: `int | None`."""

    default: str | None
    """As it is written in Python; None where the field is required."""

    unit: str
    """The unit of a number; empty where the number has none."""

    limits: tuple[Limit, ...]
    """What its value must be by itself."""

    rules: tuple[str, ...]
    """The ids of the rules that compare it with other fields, or with where it is deployed."""

    aws: tuple[str, ...]
    """What it becomes in AWS's API: `service:Shape.Member`."""

    words: str
    """Its docstring, in one line."""


@dataclass(frozen=True, slots=True)
class SpecPage:
    """A Spec, as people read it."""

    name: str
    words: str
    """Its docstring: paragraphs of one line each."""

    topic: str
    """The folder of its capability: `sagemaker`; empty for what belongs to all."""

    fields: tuple[Field, ...]
    rules: tuple[str, ...]
    """The ids of rules that no single field breaks."""

    @property
    def summary(self) -> str:
        """The first paragraph."""
        return self.words.partition("\n")[0]


@cache
def exported() -> Mapping[str, Described]:
    """Every Spec, and every Outputs to write by hand, that `inferform` exports, by name."""
    found = {name: getattr(inferform, name) for name in inferform.__all__}
    return {
        name: each
        for name, each in sorted(found.items())
        if isinstance(each, type)
        and issubclass(each, Spec | Outputs)
        and each not in (Spec, Outputs)
    }


def own() -> Mapping[str, Described]:
    """Those of the team's own, which stand beside the environments that load."""
    load_own()
    found = sorted(below(Spec), key=lambda each: each.__name__)
    return {
        each.__name__: each for each in found if each.__module__.partition(".")[0] != "inferform"
    }


def named(name: str) -> Described:
    """The Spec of a name, in upper or lower case. Raises BadInputError where there is none."""
    for known in (exported, own):
        found = {each.lower(): spec for each, spec in known().items()}
        if name.lower() in found:
            return found[name.lower()]
    near = nearest(name, {**exported(), **own()})
    hint = f"; did you mean {one_of(near)}" if near else ""
    raise BadInputError(f"there is no Spec {name}{hint}", "inferform spec lists them all")


@cache
def page(spec: Described) -> SpecPage:
    """What there is to say of a Spec."""
    # What must be given comes first.
    found = tuple(sorted(_fields(spec), key=lambda field: field.default is not None))
    said = {
        rule for field in found for rule in (*(each.rule for each in field.limits), *field.rules)
    }
    return SpecPage(
        name=spec.__name__,
        words=_paragraphs(inspect.getdoc(spec) or ""),
        topic=_topic(spec),
        fields=found,
        rules=tuple(rule for rule in _checked(spec)[""] if rule not in said),
    )


def _topic(spec: Described) -> str:
    _, *parts = spec.__module__.split(".")
    return parts[0] if len(parts) > 1 and parts[0] != "layers" else ""


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(each.split()) for each in text.split("\n\n"))


def _fields(spec: Described) -> Iterator[Field]:
    words, checked = _docstrings(spec), _checked(spec)
    for name, annotation, default, more in _declared(spec):
        held = [*_metadata(annotation)]
        limits = tuple(dict.fromkeys((*_limits(held), *more)))
        of_limits = {each.rule for each in limits}
        yield Field(
            name=name,
            type=type_text(annotation),
            default=None if default is PydanticUndefined else shown(default),
            unit=_unit(name, annotation),
            limits=limits,
            rules=tuple(rule for rule in checked.get(name, ()) if rule not in of_limits),
            aws=tuple(
                dict.fromkeys(m for each in held if isinstance(each, Aws) for m in each.members)
            ),
            words=words.get(name, ""),
        )


def _declared(spec: Described) -> Iterator[tuple[str, Any, Any, tuple[Limit, ...]]]:
    """Name, annotation and default of each field, and limits that the annotation does not hold."""
    if issubclass(spec, Spec):
        for name, info in spec.model_fields.items():
            annotation: Any = info.annotation
            for each in info.metadata:
                annotation = Annotated[annotation, each]
            yield name, annotation, info.get_default(call_default_factory=True), ()
        return
    hints = typing.get_type_hints(spec, include_extras=True)
    for each in dataclasses.fields(spec):
        default = (
            each.default_factory()
            if each.default_factory is not dataclasses.MISSING
            else PydanticUndefined
            if each.default is dataclasses.MISSING
            else each.default
        )
        example = each.metadata.get("example")
        more = (Limit(f"must look like {example}", "OUT1"),) if example else ()
        yield each.name, hints[each.name], default, more


def _metadata(annotation: Any) -> Iterator[Any]:
    """What annotates a type and the types that it holds, without those inside of other Specs."""
    if get_origin(annotation) is Annotated:
        inner, *held = get_args(annotation)
        yield from _metadata(inner)
        yield from held
        return
    for each in get_args(annotation):
        if get_origin(annotation) is not Literal:
            yield from _metadata(each)


def _limits(held: Sequence[Any]) -> Iterator[Limit]:
    for each in held:
        rule = getattr(each, "rule", None)
        if not isinstance(rule, Rule):
            continue
        if isinstance(each, Between):
            text = rule.message.format(low=_number(each.low), high=_number(each.high))
        elif isinstance(each, Listed):
            text = f"{len(each.values())} are known; another of their form is taken with a warning"
        elif isinstance(each, Known):
            text = f"must be one of {len(each.values())} known values"
        else:
            text = (
                _asked(each)
                if isinstance(each, Check)
                else getattr(each, "wrong", "") or rule.template
            )
        yield Limit(text, rule.id)


def _asked(check: Check) -> str:
    """What a check asks for: the message of its rule, with the values that are the same whatever is
    wrong. Where the message is made of others, what the rule refuses."""
    fixed = _fixed(check)
    parts = [(text, name) for text, name, _, _ in Formatter().parse(check.rule.message)]
    # At the end stands what hints at the mistake.
    if parts and parts[-1][1] not in (None, *fixed):
        parts[-1] = (parts[-1][0], None)
    if not all(name in (None, "hint", *fixed) for _, name in parts):
        return f"refuses {check.rule.condition}"
    said = "".join(text + str(fixed.get(name or "", "")) for text, name in parts)
    return said or f"refuses {check.rule.condition}"


def _fixed(check: Check) -> dict[str, Any]:
    """The values of a check's message that do not depend on the value that it refuses."""
    try:
        given = [check.values(wrong) for wrong in ("", "wrong")]
    except Exception:  # such as of a check that expects another type
        return {}
    return {name: value for name, value in given[0].items() if given[1].get(name) == value}


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _unit(name: str, annotation: Any) -> str:
    if not {int, float} & set(_scalars(annotation)):
        return ""
    return next((unit for end, unit in UNITS.items() if f"_{name}".endswith(f"_{end}")), "")


def _scalars(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        arguments = arguments[:1]
    if get_origin(annotation) is Literal:
        yield from (type(each) for each in arguments)
    elif arguments:
        for each in arguments:
            yield from _scalars(each)
    else:
        yield annotation


def type_text(annotation: Any) -> str:
    """A type as people write it: `list[str]` where a sequence is taken."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin is Literal:
        return " | ".join(_literal(each) for each in arguments)
    if origin in (Union, types.UnionType):
        names = dict.fromkeys(type_text(each) for each in arguments)
        return " | ".join(sorted(names, key=lambda name: name == "None"))
    if origin is Callable:
        return "function"
    if isinstance(origin, type) and issubclass(origin, Mapping | Sequence):
        # A tuple is written as a list, and what it holds is alike.
        kind = "dict" if issubclass(origin, Mapping) else "list"
        held = arguments if kind == "dict" else arguments[:1]
        return f"{kind}[{', '.join(map(type_text, held))}]"
    told = names_of(annotation) if isinstance(annotation, type) else [str(annotation)]
    return _NAMES.get(annotation) or " | ".join(told)


_NAMES: Mapping[Any, str] = {types.NoneType: "None", Any: "any", str: "str"}


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def shown(value: object) -> str:
    """A default as people write it: of a Spec, the fields that are set in it."""
    if isinstance(value, Spec):
        given = [name for name in type(value).model_fields if name in value.model_fields_set]
        fields = ", ".join(f"{name}={shown(getattr(value, name))}" for name in given)
        return f"{type(value).__name__}({fields})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{shown(key)}: {shown(held)}' for key, held in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, frozenset | set):
        return f"[{', '.join(sorted(map(shown, value)))}]"
    return _literal(value)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[module]))


def _classes(spec: type) -> Iterator[tuple[type, ast.ClassDef]]:
    """The source of a class and of its bases, the bases first."""
    for base in reversed(spec.__mro__):
        if base.__module__ not in sys.modules or base in (Spec, Outputs, object):
            continue
        if not issubclass(base, Spec | Outputs):
            continue
        for node in _tree(base.__module__).body:
            if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                yield base, node


def _docstrings(spec: type) -> dict[str, str]:
    """The text under each field, in one line."""
    found: dict[str, str] = {}
    for _, node in _classes(spec):
        for one, following in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(one, ast.AnnAssign)
                and isinstance(one.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
            ):
                found[one.target.id] = " ".join(str(following.value.value).split())
    return found


@cache
def _checked(spec: type) -> dict[str, list[str]]:
    """The ids of the rules in the methods of a class, by the field where a problem is reported.

    Under the empty name stand all of them.
    """
    found: dict[str, dict[str, None]] = {"": {}}
    waiting: list[tuple[str, ast.AST]] = [(base.__module__, node) for base, node in _classes(spec)]
    seen: set[object] = set()
    for module, node in waiting:  # grows by the functions that are called
        known = vars(sys.modules[module])
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(known.get(each.id), Rule):
                found[""][known[each.id].id] = None
            if not isinstance(each, ast.Call):
                continue
            called = known.get(each.func.id) if isinstance(each.func, ast.Name) else None
            if isinstance(called, types.FunctionType) and called not in seen:
                seen.add(called)
                waiting += _source(called)
            place = _reported(each, known)
            if place is not None:
                found.setdefault(place[0], {})[place[1]] = None
    return {name: list(ids) for name, ids in found.items()}


def _source(function: types.FunctionType) -> Iterator[tuple[str, ast.AST]]:
    """The module of a function of Inferform's that finds problems, and its source."""
    if function.__module__.partition(".")[0] != "inferform":
        return
    if "Problem" not in str(function.__annotations__.get("return")):
        return
    for node in _tree(function.__module__).body:
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            yield function.__module__, node


def _reported(call: ast.Call, known: Mapping[str, Any]) -> tuple[str, str] | None:
    """The field and the id of the rule, where a call reports a problem at a field."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "problem" or not call.args:
        return None
    rule = known.get(call.func.value.id) if isinstance(call.func.value, ast.Name) else None
    field = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
    return (str(field), rule.id) if isinstance(rule, Rule) and field is not None else None


class _Schema(GenerateJsonSchema):
    """JSON Schema with the texts of the fields, their units and AWS's names."""

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        """A Spec, with what its page says."""
        made = super().model_schema(schema)
        spec: Described = schema["cls"]
        about = page(spec)
        made["description"] = about.words
        if not made.get("properties") and spec.__subclasses__():
            # It stands for the Specs that derive from it, each with fields of its own.
            made["additionalProperties"] = True
        for field in about.fields:
            held = made.get("properties", {}).get(field.name)
            if held is None:
                continue
            held.pop("title", None)
            if field.words:
                held["description"] = field.words
            more = {
                "x-unit": field.unit,
                "x-rules": [*(each.rule for each in field.limits), *field.rules],
                "x-aws": list(field.aws),
            }
            held.update({name: value for name, value in more.items() if value})
        return made

    def callable_schema(self, schema: core_schema.CallableSchema) -> dict[str, Any]:
        """A function, which JSON cannot hold."""
        return {"description": "a Python function"}


def json_schema(spec: Described, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
    """The JSON Schema of what a Spec takes (draft 2020-12).

    It has what a single field must be. The rules between fields are named, not expressed.
    """
    from pydantic import TypeAdapter

    made = TypeAdapter(spec).json_schema(schema_generator=_Schema, mode=mode)
    return {"$schema": _Schema.schema_dialect, "title": spec.__name__, **made}


def printed(about: SpecPage, width: int) -> Iterator[str]:
    """The lines of a page for a terminal. No name is broken."""

    def wrapped(text: str, indent: int, hang: int = 0) -> Iterator[str]:
        yield from textwrap.wrap(
            text,
            width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_long_words=False,
            break_on_hyphens=False,
        )

    yield about.name
    for paragraph in about.words.split("\n\n"):
        yield from wrapped(paragraph, 2)
    for field in about.fields:
        yield ""
        given = "  (required)" if field.default is None else f" = {field.default}"
        yield from wrapped(f"{field.name}: {field.type}{given}", 0, hang=4)
        yield from wrapped(field.words, 4)
        if field.unit:
            yield f"    Unit: {field.unit}"
        for limit in field.limits:
            yield from wrapped(f"Limit: {limit.text} [{limit.rule}]", 4, hang=2)
        if field.rules:
            yield from wrapped(f"Rules: {', '.join(field.rules)}", 4, hang=2)
        if field.aws:
            yield from wrapped(f"AWS: {', '.join(field.aws)}", 4, hang=2)
    if about.rules:
        yield ""
        yield from wrapped(f"Further rules: {', '.join(about.rules)}", 0, hang=4)
