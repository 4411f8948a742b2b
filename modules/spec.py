"""Spec: the base of everything that people write, and the types its fields are made of.

A Spec is frozen, closed (an unknown field is refused) and checked when it is written. All of
its problems are reported at once; inside `collecting()` those of its parents too.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import FrameType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from .rules import (
    SPEC1,
    SPEC2,
    SPEC3,
    SPEC4,
    SPEC5,
    SPEC6,
    SPEC7,
    SPEC8,
    PathPart,
    Problem,
    Rule,
    did_you_mean,
    nearest,
    one_of,
    rule,
    shown,
)
from .s3_uri import bucket_and_key

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

    from .context import Context

T = TypeVar("T")

Many = Annotated[Sequence[T], AfterValidator(tuple)]
"""A sequence that may be written as a list or a tuple."""

_COLLECTING: ContextVar[bool] = ContextVar("collecting", default=False)
_WITHIN_A_SPEC: ContextVar[bool] = ContextVar("within a Spec", default=False)
_PROBLEMS = "__problems__"
_PACKAGE = Path(__file__).parent

_EXPECTED = {
    "string_type": "a string",
    "string_unicode": "text, without halves of surrogate pairs",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "True or False",
    "dict_type": "a dict",
    "mapping_type": "a dict",
    "tuple_type": "a list",
    "list_type": "a list",
    "is_instance_of": "a list",
    "sequence_str": "a list",
    "none_required": "None",
    "callable_type": "a function",
}


class SpecError(ValueError):
    """Specs that cannot be deployed. `problems` holds every problem found."""

    def __init__(self, problems: list[Problem], where: str = "") -> None:
        self.problems = problems
        self.where = where
        super().__init__(report(where, problems))


def report(where: str, problems: list[Problem]) -> str:
    """`where: N problems and M warnings`, then one indented line for each, what is only warned of last."""
    wrong = [problem for problem in problems if problem.severity == "error"]
    warned = [problem for problem in problems if problem.severity != "error"]
    count = " and ".join(
        f"{len(found)} {noun}{'s'[: len(found) != 1]}"
        for noun, found in (("problem", wrong), ("warning", warned))
        if found
    )
    head = f"{where}: {count}" if where else count
    mark = "warning: " if wrong else ""
    return "\n".join(
        [head, *(f"  {each}" for each in wrong), *(f"  {mark}{each}" for each in warned)]
    )


@contextmanager
def collecting() -> Iterator[None]:
    """Let a Spec with problems be written, so that its parent reports them with its own.

    Used while environment files load; the Environment then carries every problem of the file.
    """
    token = _COLLECTING.set(True)
    try:
        yield
    finally:
        _COLLECTING.reset(token)


class _Given(dict[str, Any]):
    """The fields of a Spec as they are written: what tells them from a dict in its place."""


class Spec(BaseModel):
    """What is asked for: literals only, frozen, closed, and checked when written.

    Raises SpecError with all problems of the Spec and of the Specs inside it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        # Most programs write few of the kinds; a kind that is not written costs nothing.
        defer_build=True,
    )

    # Pydantic reads the annotations of every base anew for each of some 300 kinds, at each start.
    if TYPE_CHECKING:
        former: ClassVar[Mapping[str, str]] = {}
        """Fields that it had before, each with what is written instead. Default: none."""

        excluded: ClassVar[Mapping[str, Rule]] = {}
        """Fields that Specs of its kind have and AWS does not take here, each with the rule that says so.
        Default: none."""

        elsewhere: ClassVar[Mapping[str, str]] = {}
        """What AWS, its SDKs and Terraform's provider call what is written otherwise here, each with what
        is written instead. What `Aws` says of its fields goes without saying. Default: none."""

    def __init__(self, /, **data: Any) -> None:
        try:
            inherited = [
                problem.under(*path)
                for path, child in _specs_in(data)
                for problem in problems_of(child)
            ]
        except RecursionError:
            problem = replace(SPEC5.problem(), at=_place_of_caller())
            raise SpecError([problem], type(self).__name__) from None
        own = [SPEC6.problem(*path, got=text) for path, text in _unwritable(data)]
        try:
            if data or any(each.is_required() for each in type(self).__pydantic_fields__.values()):
                self.__pydantic_validator__.validate_python(_Given(data), self_instance=self)
            else:
                self._take_defaults()
        except ValidationError as error:
            fields = {problem.path[:1] for problem in own}
            translated = _told_once(
                type(self), [_translated(type(self), data, detail) for detail in error.errors()]
            )
            own += [problem for problem in translated if problem.path[:1] not in fields]
            object.__setattr__(self, "__dict__", {})
        else:
            if not own and not any(problem.severity == "error" for problem in inherited):
                own = list(self.check())
                for name, listed in _listed(type(self)):
                    own += (each.under(name) for each in listed.unlisted(getattr(self, name)))
        if not own and not inherited:
            return
        at = _place_of_caller()
        problems = [*(p if p.at else replace(p, at=at) for p in own), *inherited]
        if any(p.severity == "error" for p in problems) and not _COLLECTING.get():
            raise SpecError(problems, type(self).__name__)
        self.__dict__[_PROBLEMS] = problems

    def _take_defaults(self) -> None:
        """Be what no field is given of. Pydantic checks no default, and to build what checks takes longer
        than all else: the Specs that are defaults of others would have it built at each start."""
        made = type(self).model_construct()
        for name in (
            "__dict__",
            "__pydantic_fields_set__",
            "__pydantic_extra__",
            "__pydantic_private__",
        ):
            object.__setattr__(self, name, getattr(made, name))

    # Pydantic would otherwise call it for a dict instead of a Spec.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            broken = self.__dict__.get(_PROBLEMS)
            if broken and name in type(self).model_fields:
                raise SpecError(broken, type(self).__name__)
            return super().__getattr__(name)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        if _WITHIN_A_SPEC.get():
            # It was checked when it was written: what checks its fields need not be built for that again.
            return _instance_of((cls,), source)
        token = _WITHIN_A_SPEC.set(True)
        try:
            return handler(source)
        finally:
            _WITHIN_A_SPEC.reset(token)

    @model_validator(mode="before")
    @classmethod
    def _is_no_dict(cls, value: object) -> object:
        # Pydantic would make a Spec of a dict, without its checks.
        if not isinstance(value, cls | _Given):
            raise _not_a((cls,), value)
        return value

    def check(self) -> Iterator[Problem]:
        """The rules between this Spec's own fields; overridden by Specs that have some."""
        yield from ()

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The rules that need to know where the Spec is deployed; overridden likewise."""
        yield from ()

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, checked like a new Spec."""
        if _PROBLEMS in self.__dict__ and not self.__pydantic_fields_set__:
            return self
        values = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**values, **changes})


Spec.former = {}
Spec.excluded = {}
Spec.elsewhere = {}


def problems_of(spec: Spec) -> list[Problem]:
    """The problems that a Spec carries: errors only inside `collecting()`, warnings always."""
    found: list[Problem] = spec.__dict__.get(_PROBLEMS, [])
    return found


# An Environment is walked many times while it is checked.
_Found = list[tuple[tuple[PathPart, ...], Spec]]
_LEAVES = frozenset({str, int, float, bool, type(None)})


def walk(spec: Spec) -> Iterator[tuple[tuple[PathPart, ...], Spec]]:
    """Every Spec below `spec` with its path, in the order of the fields."""
    found: _Found = []
    _gather_below(spec, (), found)
    return iter(found)


def _gather_below(spec: Spec, path: tuple[PathPart, ...], found: _Found) -> None:
    values = spec.__dict__
    for name in type(spec).__pydantic_fields__:
        value = values[name] if name in values else getattr(spec, name)
        if type(value) not in _LEAVES:
            _gather(value, (*path, name), found, deep=True)


def _gather(value: object, path: tuple[PathPart, ...], found: _Found, *, deep: bool) -> None:
    if isinstance(value, Spec):
        found.append((path, value))
        if deep:
            _gather_below(value, path, found)
    elif isinstance(value, dict):
        for key, item in value.items():
            if type(item) not in _LEAVES:
                _gather(item, (*path, str(key)), found, deep=deep)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if type(item) not in _LEAVES:
                _gather(item, (*path, index), found, deep=deep)


def _specs_in(value: object) -> _Found:
    """The Specs of a value with their paths, without those inside of them."""
    found: _Found = []
    _gather(value, (), found, deep=False)
    return found


_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def _unwritable(value: object) -> Iterator[tuple[tuple[PathPart, ...], str]]:
    """Texts that cannot be written, with their paths; those of Specs are theirs to report."""
    if isinstance(value, str):
        if _UNWRITABLE.search(value):
            yield (), value
    elif isinstance(value, dict):
        for key, item in value.items():
            for path, text in (*_unwritable(key), *_unwritable(item)):
                yield (str(key), *path), text
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            for path, text in _unwritable(item):
                yield (index, *path), text


def _place_of_caller() -> str | None:
    """The file and line that wrote the Spec: `prod.py:31`.

    Where a function of the same folder wrote it, first who called that: `prod.py:31, by common.py:8`.
    """
    wrote: str | None = None
    folder: Path | None = None
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        is_file = frame.f_code.co_name == "<module>"
        if wrote is None or is_file:
            path, writes = _file(frame.f_code.co_filename)
            if wrote is None:
                if writes:
                    wrote, folder = f"{path.name}:{frame.f_lineno}", path.parent
                    if is_file:
                        return wrote
            elif path.parent == folder:
                return f"{path.name}:{frame.f_lineno}, by {wrote}"
        frame = frame.f_back
    return wrote


@cache
def _file(name: str) -> tuple[Path, bool]:
    """A file of code, and whether Specs may be written there: not by Inferform, nor by pydantic."""
    path = Path(name)
    return path, _PACKAGE not in path.parents and "pydantic" not in path.parts


def _translated(spec: type[Spec], data: dict[str, Any], detail: ErrorDetails) -> Problem:
    """A pydantic error in Inferform's words; `data` is what was given."""
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, got = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(spec, path, data)
    if kind == "missing":
        return SPEC2.problem(*path, spec=spec.__name__)
    if kind == "literal_error":
        values = _literals(context["expected"])
        return SPEC4.problem(*path, values=one_of(values), hint=did_you_mean(got, values), got=got)
    if kind == _RULE_BROKEN:
        return Problem(path, context["text"], context["rule"], context["severity"], got)
    hint = _in_its_type(kind, got)
    return SPEC3.problem(*path, expected=_EXPECTED.get(kind, detail["msg"]), hint=hint, got=got)


def _in_its_type(kind: str, got: object) -> str:
    """The same value in the type that is asked for, where only one can be meant."""
    if kind == "string_type" and type(got) in (int, float):
        return f"; write {str(got)!r}"
    if kind in ("int_type", "float_type") and isinstance(got, str):
        plain = re.fullmatch(
            r"\d{1,18}" if kind == "int_type" else r"\d{1,15}(\.\d+)?", got, re.ASCII
        )
        return f"; write {got}" if plain else ""
    if kind == "bool_type" and isinstance(got, str) and got.lower() in ("true", "false"):
        return f"; write {got.capitalize()}"
    return ""


def _not_a(types: Sequence[type[Any]], got: object) -> PydanticCustomError:
    """The error that a value is of none of the types, with how one is written that could be meant."""
    names = one_of(names_of(*types))
    specs = [each for each in types if issubclass(each, Spec)]
    hint = ""
    if str in types:
        hint = _in_its_type("string_type", got)
    elif [names] == [each.__name__ for each in specs] and (got is True or isinstance(got, dict)):
        needed = [n for n, field in specs[0].model_fields.items() if field.is_required()]
        hint = f"; write {specs[0].__name__}({', '.join(f'{name}=...' for name in needed)})"
    return broken(SPEC3, expected=f"{_article(names)} {names}", hint=hint)


_TYPES: dict[type[Any], str] = {str: "string", type(None): "None"}


def below(kind: type[Spec]) -> Iterator[type[Spec]]:
    """The classes that are built on one, in the order in which they were."""
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def written_for(kind: type[Any]) -> list[type[Any]]:
    """What people write for a type: of a base that the package does not export, what it builds on that."""
    package = sys.modules[__package__]
    if issubclass(kind, Spec) and getattr(package, kind.__name__, None) is not kind:
        within = f"{package.__name__}."
        built = [each for each in kind.__subclasses__() if each.__module__.startswith(within)]
        if built:
            return [held for each in built for held in written_for(each)]
    return [kind]


def names_of(*kinds: type[Any]) -> list[str]:
    """The names of what people write for types."""
    return [_TYPES.get(each, each.__name__) for kind in kinds for each in written_for(kind)]


def _unknown(spec: type[Spec], path: tuple[PathPart, ...], data: dict[str, Any]) -> Problem:
    """A field that the Spec does not have, or has no more."""
    name = str(path[-1])
    instead = spec.former.get(name)
    if instead is not None:
        return SPEC7.problem(*path, spec=spec.__name__, instead=instead)
    if name in spec.excluded:
        return spec.excluded[name].problem(*path)
    holders = {} if _instead(spec, name) else _holders(spec, name)
    if not holders:
        hint = _translation(spec, name) or did_you_mean(name, spec.model_fields)
        return SPEC1.problem(*path, spec=spec.__name__, hint=hint)
    specs = dict.fromkeys(holder.__name__ for holder in holders.values())
    remedies = [_written_in(spec, *each, data) for each in holders.items()]
    return SPEC8.problem(*path, spec=one_of(specs), remedy=one_of(remedies))


def _holders(spec: type[Spec], name: str) -> dict[str, type[Spec]]:
    """The fields of a Spec that take a Spec with a field of that name, each with the first."""
    found = {
        field: [held for held in _taken_by(info.annotation) if name in held.model_fields]
        for field, info in spec.model_fields.items()
    }
    return {field: held[0] for field, held in found.items() if held}


def _taken_by(annotation: Any) -> Iterator[type[Spec]]:
    """The Specs that a field of that type takes; not those that its lists and dicts hold."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, UnionType):
        for each in get_args(annotation):
            yield from _taken_by(each)


def _written_in(spec: type[Spec], field: str, holder: type[Spec], data: dict[str, Any]) -> str:
    """`host=Host(volume_size_gb=30)`: what stands beside a field, as it is written into it."""
    known = holder.model_fields
    own = {name: data[name] for name in data if name in known and name not in spec.model_fields}
    more = isinstance(data.get(field), Spec) or any(
        info.is_required() and name not in own for name, info in known.items()
    )
    values = [f"{name}={shown(value)}" for name, value in own.items()]
    return f"{field}={holder.__name__}({', '.join([*(['...'] if more else []), *values])})"


def _translation(spec: type[Spec], name: str) -> str:
    """`; AWS's InitialInstanceCount is written instance_count`, or an empty string."""
    instead = _instead(spec, name)
    if instead:
        return f"; write {instead}"
    member, way = _of_aws(spec, name)
    return f"; AWS's {member} is written {way}" if member else ""


def _instead(spec: type[Spec], name: str) -> str:
    """What `elsewhere` says of a name; empty where that is a field that this kind does not have."""
    instead = spec.elsewhere.get(name, "")
    field = re.match(r"(\w+)=", instead)
    return "" if field and field[1] not in spec.model_fields else instead


def _of_aws(spec: type[Spec], name: str) -> tuple[str, str]:
    """The member of AWS's API that a name is, with how it is written: by a field of the Spec, else of one
    that it takes. Empty where none is."""
    member, field = _field_of_aws(spec, name)
    # One word alone, such as Name or Value, is of too many things.
    if member or not re.search(r"[a-z0-9](_|[A-Z])", name):
        return member, field
    for outer, info in spec.model_fields.items():
        for held in _taken_by(info.annotation):
            member, field = _field_of_aws(held, name)
            if member:
                return member, f"{outer}={held.__name__}({field}=...)"
    return "", ""


def _field_of_aws(spec: type[Spec], name: str) -> tuple[str, str]:
    """The member that a name is, with the Spec's own field for it."""
    wanted = _folded_member(name)
    for field, info in spec.model_fields.items():
        for member in _members(info.annotation, info.metadata):
            if _folded_member(member) == wanted:
                return member, field
    return "", ""


def _members(annotation: Any, metadata: Sequence[Any] = ()) -> Iterator[str]:
    """The members of AWS's API that a field of that type becomes: `InitialInstanceCount`."""
    for each in metadata:
        if isinstance(each, Aws):
            yield from (member.rpartition(".")[2] for member in each.members)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _members(arguments[0], arguments[1:])
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _members(argument)


# How AWS ends the name of a member that SDKs and Terraform's provider leave out, and the other way round.
_ENDS = re.compile(r"(in)?(seconds|minutes|gb|gib|mb|mib|percentage|percent|url|uri|arn|id)$")


@cache
def _folded_member(name: str) -> str:
    """A name without what spellings of it differ in: case, underscores, and a unit at its end."""
    folded = name.replace("_", "").casefold()
    return _ENDS.sub("", folded) or folded


def _told_once(spec: type[Spec], problems: list[Problem]) -> list[Problem]:
    """The problems without the fields that are missing because they were written by another name."""
    meant = set()
    for name in (str(p.path[-1]) for p in problems if p.rule == SPEC1.id):
        instead = (_instead(spec, name) or _of_aws(spec, name)[1]).partition("=")[0]
        names = [instead] if instead else nearest(name, spec.model_fields)
        meant |= set(names) if len(names) == 1 else set()
    return [p for p in problems if p.rule != SPEC2.id or p.path[-1] not in meant]


def _literals(expected: str) -> list[str]:
    quoted = re.findall(r"'([^']*)'", expected)
    return quoted or re.split(r", | or ", expected)


def _article(name: str) -> str:
    return "an" if name[:1] in "AEIOU" else "a"


_RULE_BROKEN = "rule_broken"


def broken(rule: Rule, **values: Any) -> PydanticCustomError:
    """The error that a field's type raises when its value breaks `rule`."""
    text = rule.message.format(**values)
    return PydanticCustomError(
        _RULE_BROKEN, "{text}", {"text": text, "rule": rule.id, "severity": rule.severity}
    )


class Aws:
    """What a field becomes in AWS's API: members of botocore's service models.

    Each is written `service:Shape.Member`. For use in `Annotated`; a test compares what the
    field takes with what each member takes.
    """

    __slots__ = ("members",)

    def __init__(self, *members: str) -> None:
        self.members = members


@dataclass(frozen=True, slots=True)
class Check:
    """A field's rule: `test(value)` is true for a good value. For use in `Annotated`."""

    rule: Rule
    test: Callable[[Any], bool]
    values: Callable[[Any], dict[str, Any]] = lambda _: {}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def checked(value: Any) -> Any:
            if not self.test(value):
                raise broken(self.rule, **self.values(value))
            return value

        return core_schema.no_info_after_validator_function(checked, handler(source))


@dataclass(frozen=True, slots=True)
class Between:
    """A field's inclusive range, with the rule that sets it. For use in `Annotated`."""

    rule: Rule
    low: float
    high: float

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def checked(value: float) -> float:
            if not self.low <= value <= self.high:
                raise broken(self.rule, low=self.low, high=self.high)
            return value

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "minimum": self.low, "maximum": self.high}


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # AWS's patterns mean ASCII: without it, \d takes the digits of every script.
    return re.compile(text, re.ASCII)


@dataclass(frozen=True, slots=True)
class Matches:
    """A string's pattern, with the rule that sets it. For use in `Annotated`."""

    rule: Rule
    pattern: str
    wrong: str = ""
    """What it asks for, where the rule is that of several fields and its message says `{wrong}`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def checked(value: str) -> str:
            if not _pattern(self.pattern).fullmatch(value):
                raise broken(self.rule, **({"wrong": self.wrong} if self.wrong else {}))
            return value

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True, slots=True)
class Known:
    """A closed set too large or too variable for a Literal; a wrong value gets its nearest match."""

    rule: Rule
    values: Callable[[], tuple[str, ...] | frozenset[str]]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def checked(value: str) -> str:
            known = self.values()
            if value not in known:
                raise broken(self.rule, hint=did_you_mean(value, sorted(known)))
            return value

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "enum": sorted(self.values())}


@dataclass(frozen=True, slots=True)
class Listed:
    """A table of what AWS gets more of with time. What is not of `form` breaks `rule`; what is, and
    is not in the table, is taken with a warning. For use in `Annotated`."""

    rule: Rule
    what: str
    """What the table is of: `an AWS Region`."""

    values: Callable[[], frozenset[str]]
    form: str
    """The pattern of what AWS could have, which all values of the table have."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def checked(value: str) -> str:
            if not _pattern(self.form).fullmatch(value):
                raise broken(self.rule, hint=did_you_mean(value, sorted(self.values())))
            return value

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        examples = sorted(self.values())
        return {**handler(schema), "pattern": f"^(?:{self.form})$", "examples": examples}

    def unlisted(self, value: object) -> Iterator[Problem]:
        """The warning that a value is not in the table, with where it stands in the value."""
        if isinstance(value, list | tuple):
            for index, each in enumerate(value):
                for problem in self.unlisted(each):
                    yield problem.under(index)
        elif isinstance(value, str) and value not in self.values():
            hint = did_you_mean(value, sorted(self.values()))
            yield TAB1.problem(got=value, what=self.what, hint=hint)


@cache
def _listed(spec: type[Spec]) -> tuple[tuple[str, Listed], ...]:
    """The fields of a Spec whose values a table has."""

    def within(annotation: Any) -> Iterator[Listed]:
        for each in get_args(annotation):
            if isinstance(each, Listed):
                yield each
            elif get_origin(annotation) is not Literal:
                yield from within(each)

    return tuple(
        (name, each)
        for name, info in spec.model_fields.items()
        for each in (
            *(held for held in info.metadata if isinstance(held, Listed)),
            *within(info.annotation),
        )
    )


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field that takes one of several types, named together in the message."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        types = tuple(
            t for t in (get_origin(t) or t for t in get_args(source)) if isinstance(t, type)
        )

        return _instance_of(types, source)


def _instance_of(types: tuple[type[Any], ...], source: Any) -> CoreSchema:
    """What takes instances of classes alone; what they hold is read only when a JSON Schema is asked for."""

    def checked(value: Any) -> Any:
        if not isinstance(value, types):
            raise _not_a(types, value)
        return value

    inside = False

    def described(_: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        nonlocal inside
        if inside:  # a type that holds itself, such as a step with steps in it
            return {"description": f"{one_of(names_of(*types))}, as above"}
        inside = True
        try:
            return _described(source, handler)
        finally:
            inside = False

    return core_schema.no_info_plain_validator_function(
        checked, metadata={"pydantic_js_functions": [described]}
    )


def _described(source: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """The JSON Schema of a type: of a base that nobody writes, the names alone of what is written for it."""
    from pydantic import TypeAdapter

    given = get_args(source) if get_origin(source) in (Union, UnionType) else (source,)
    bases = [each for each in given if isinstance(each, type) and written_for(each) != [each]]
    told: list[JsonSchemaValue] = [
        {"type": "object", "description": one_of(names_of(each))} for each in bases
    ]
    if others := tuple(each for each in given if each not in bases):
        union: Any = Union[others]  # noqa: UP007 - of as many as there are
        held = handler(core_schema.union_schema([TypeAdapter(union).core_schema]))
        # Pydantic would put what a reference refers to in its place, each time.
        told.append({"allOf": [held]} if held.keys() == {"$ref"} else held)
    return told[0] if len(told) == 1 else {"anyOf": told}


TAB1 = rule(
    "TAB1",
    refuses="what AWS did not have when the table was made, and may have by now",
    message="is not {what} that Inferform knows{hint}; it is taken as it is",
    source="Inferform: make tables makes them again from botocore and moto",
    severity="warning",
)
NAME1 = rule(
    "NAME1",
    refuses="a short name with anything but lower-case letters, digits and single hyphens",
    message="must be lower-case letters and digits joined by single hyphens, such as fraud-v2",
    source="Inferform: names become parts of AWS names, whose common ground this is",
)
NAME2 = rule(
    "NAME2",
    refuses="a short name longer than 32 characters",
    message="must have at most 32 characters, as AWS names add organization, stage and region, and has "
    "{length}; write one such as {shorter}",
    source="SageMaker names have 63 characters (botocore sagemaker EndpointName), IAM roles 64",
)
CIDR1 = rule(
    "CIDR1",
    refuses="a string that is not an IPv4 network in CIDR notation, or one with host bits set",
    message="must be an IPv4 network such as 10.20.0.0/16{hint}",
    source="Amazon VPC user guide, VPC CIDR blocks",
)
CIDR2 = rule(
    "CIDR2",
    refuses="the same network twice in one list",
    message="must name each network once",
    source="EC2 API error codes, InvalidPermission.Duplicate",
)
S3URI1 = rule(
    "S3URI1",
    refuses="an S3 location that is not s3://bucket/key with at most 1,024 characters, a bucket's name "
    "that S3 does not give, or a key with characters that S3 advises against",
    message="must look like s3://my-bucket/path/to/object",
    source="botocore sagemaker Url, S3Uri; Amazon S3 user guide, bucket naming rules, naming Amazon S3 "
    "objects; Inferform: white space or // in a key is a slip",
)
ARN1 = rule(
    "ARN1",
    refuses="a string that is not an ARN of the service asked for, with at most 2,048 characters",
    message="must be an ARN such as {example}",
    source="AWS General Reference, Amazon Resource Names",
)


def is_network(value: str) -> bool:
    """Whether `value` is an IPv4 network in CIDR notation, without host bits."""
    try:
        ipaddress.IPv4Network(value, strict=True)
    except ValueError:
        return False
    return "/" in value


def _network_hint(value: str) -> dict[str, Any]:
    try:
        return {"hint": f"; did you mean {ipaddress.IPv4Network(value, strict=False)}"}
    except ValueError:
        return {"hint": ""}


def arn_of(service: str, example: str, resource: str = r".+", longest: int = 2048) -> Check:
    """A check that a string is an ARN of `service`, shown by `example` when it is not."""
    pattern = rf"arn:aws[a-z-]*:(?:{service}):[a-z0-9-]*:\d{{12}}:(?:{resource})"
    return Check(
        ARN1,
        lambda arn: bool(_pattern(pattern).fullmatch(arn)) and len(arn) <= longest,
        lambda _: {"example": example},
    )


Joined = Annotated[str, Matches(NAME1, r"[a-z0-9]+(-[a-z0-9]+)*")]
"""Words of lower-case letters and digits, joined by hyphens."""


def _shorter(name: str) -> dict[str, Any]:
    kept = name[:32]
    words = kept if name[32:33] == "-" else kept.rpartition("-")[0] or kept
    return {"length": len(name), "shorter": words.strip("-")}


ShortName = Annotated[Joined, Check(NAME2, lambda value: len(value) <= 32, _shorter)]
"""A name that people give: `fraud`, `fraud-v2`."""


def is_short_name(value: str) -> bool:
    """Whether `value` is a ShortName, where pydantic does not check it."""
    return bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value)) and len(value) <= 32


Cidr = Annotated[str, Check(CIDR1, is_network, _network_hint)]
"""An IPv4 network in CIDR notation, without host bits."""

Cidrs = Annotated[Many[Cidr], Check(CIDR2, lambda value: len(value) == len(set(value)))]
"""IPv4 networks, each once."""


def is_json(value: object) -> bool:
    """Whether JSON can hold a value as it is."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(is_json, value.values()))
    if isinstance(value, list):
        return all(map(is_json, value))
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return not _UNWRITABLE.search(value)
    return value is None or isinstance(value, int)


def read_json(text: str) -> Any:
    """What a text of JSON holds. Raises ValueError where it is none: NaN and Infinity are Python's alone, and
    nobody reads what is nested a thousand deep."""

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def is_bucket_name(text: str) -> bool:
    """Whether `text` can be the name of a bucket, or the alias of an access point."""
    return (
        bool(re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", text))
        and 3 <= len(text) <= 63
        and not re.fullmatch(r"\d+\.\d+\.\d+\.\d+", text)
        and not text.startswith(("xn--", "sthree-"))
    )


def is_s3_key(text: str) -> bool:
    """Whether `text` is a key, or the beginning of keys, as S3 advises to write them."""
    return (
        bool(re.fullmatch(r"[A-Za-z0-9!_.*'()/=+@:,;&-]+", text))
        and not text.startswith("/")
        and "//" not in text
        and not {".", ".."} & {*text.split("/")}
    )


def is_s3_uri(text: str) -> bool:
    """Whether `text` is a bucket, a key or the beginning of keys as an `s3://` URI."""
    bucket, key = bucket_and_key(text)
    return (
        text.startswith("s3://")
        and is_bucket_name(bucket)
        and (not key or is_s3_key(key))
        and len(text) <= 1024
    )


S3Uri = Annotated[str, Check(S3URI1, is_s3_uri)]
"""An S3 location."""
