"""Writing a service into an environment's file, and what takes the one over that exists.

Nothing is guessed: the edited file is loaded, and the edit is taken only where it gives exactly the
environments of before with what was asked for in them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import libcst as cst

from inferform import ConfigurationError, Environment, Inference, load
from inferform.loading import Loaded
from inferform.sagemaker.endpoints.base import Endpoint

from ..errors import BadInputError
from ..pasted import laid_out, types_in
from ..promote import Promotion

Imports = Mapping[str, Mapping[str, str]]
"""The id of what exists, by layer and address."""

_Made = Callable[[cst.BaseExpression | None], cst.BaseExpression]
"""Makes an expression of the one that is written, or of nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to stand in an environment's file."""

    short: str
    """The short name of the endpoint."""

    name: str
    """Its name in AWS."""

    spec: Endpoint
    stands: bool = False
    """Whether the file has the service already, so that only what is imported is to be added."""

    group: str = ""
    """The group of inference layers that it comes into; empty where there is one layer."""

    def within(self, environment: Environment, imports: Imports) -> Environment:
        """The environment with it."""
        imported = _joined(environment.imported, imports)
        if self.stands:
            return environment.replace(imported=imported)
        context = environment.context
        if context.endpoint(self.short) != self.name:
            context = context.naming_endpoints({self.short: self.name})
        inference = environment.inference
        if self.group:
            groups = inference if isinstance(inference, dict) else {}
            own = groups.get(self.group, Inference())
            inference = {**groups, self.group: self._beside(own)}
        else:
            inference = self._beside(inference if isinstance(inference, Inference) else Inference())
        return environment.replace(context=context, inference=inference, imported=imported)

    def _beside(self, inference: Inference) -> Inference:
        return inference.replace(endpoints={**inference.endpoints, self.short: self.spec})


def _joined(held: Imports, more: Imports) -> dict[str, dict[str, str]]:
    layers = {**held, **more}
    return {layer: {**held.get(layer, {}), **more.get(layer, {})} for layer in layers}


def edit(loaded: Loaded, key: str, wanted: Wanted, imports: Imports) -> Promotion:
    """The edit of an environment's file that adds an endpoint and what is imported for it.

    Raises BadInputError where the file cannot be edited safely, with what to paste.
    """
    file = loaded.files[key]
    before = file.read_text("utf-8")
    module = cst.parse_module(before)
    expected = wanted.within(loaded.environments[key], imports)
    said = "no Environment(...) is written in it"
    for index in range(_calls(module)):
        after = module.visit(_Adding(index, wanted, imports, loaded.environments[key]))
        names = set() if wanted.stands else {*types_in(wanted.spec), "Inference"}
        text = _with_names(after, names, before).code
        with edited(loaded, key, text) as found:
            if isinstance(found, str):
                said = found
            elif found == {**loaded.environments, key: expected}:
                return Promotion(file=file, before=before, after=text, changes={})
            else:
                said = "other values would change too"
    raise BadInputError(
        f"{file.parent.name}/{file.name} cannot be edited safely: {said}",
        "write it by hand, into "
        f"{'inference' + (f'[{wanted.group!r}]' if wanted.group else '')}.endpoints:\n"
        f'"{wanted.short}": {laid_out(wanted.spec)}',
    )


@contextmanager
def edited(loaded: Loaded, key: str, text: str) -> Iterator[dict[str, Environment] | str]:
    """The environments with another text of one's file, or why they cannot be loaded."""
    with folder_with(loaded, key, text) as copy:
        try:
            found: dict[str, Environment] | str = load(copy).environments
        except ConfigurationError as error:
            found = str(error)
        yield found


@contextmanager
def folder_with(loaded: Loaded, key: str, text: str) -> Iterator[Path]:
    """A copy of the folder of environments with another text of one's file."""
    file = loaded.files[key]
    with TemporaryDirectory() as folder:
        copy = Path(folder) / file.parent.name
        shutil.copytree(file.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / file.name).write_text(text, encoding="utf-8")
        yield copy


def _is_call(node: cst.CSTNode, name: str) -> bool:
    if not isinstance(node, cst.Call):
        return False
    called = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    return isinstance(called, cst.Name) and called.value == name


class _Counting(cst.CSTVisitor):
    count = 0

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802 - libcst's name
        """Count the calls of Environment."""
        self.count += _is_call(node, "Environment")


def _calls(module: cst.Module) -> int:
    counting = _Counting()
    module.visit(counting)
    return counting.count


class _Adding(cst.CSTTransformer):
    """An endpoint in one of the calls of Environment, by the order in which they are left."""

    def __init__(
        self, index: int, wanted: Wanted, imports: Imports, environment: Environment
    ) -> None:
        super().__init__()
        self._index, self._seen = index, 0
        self._wanted, self._imports = wanted, imports
        self._environment = environment

    def leave_Call(  # noqa: N802 - libcst's name
        self, original_node: cst.Call, updated_node: cst.Call
    ) -> cst.BaseExpression:
        """Add to the call that is meant."""
        if not _is_call(original_node, "Environment"):
            return updated_node
        self._seen += 1
        if self._seen - 1 != self._index:
            return updated_node
        call = updated_node if self._wanted.stands else self._with_service(updated_node)
        for layer, given in self._imports.items():
            if given:
                call = _set(call, "imported", partial(_imported, layer=layer, given=given))
        return call

    def _with_service(self, call: cst.Call) -> cst.Call:
        wanted, context = self._wanted, self._environment.context
        if context.endpoint(wanted.short) != wanted.name:
            names = f'{{"{wanted.short}": "{wanted.name}"}}'
            call = _set(call, "context", lambda held: _named(held, names))
        entry = _element(wanted.short, laid_out(wanted.spec, 12))
        return _set(call, "inference", lambda held: self._inference(held, entry))

    def _inference(
        self, held: cst.BaseExpression | None, entry: cst.DictElement
    ) -> cst.BaseExpression:
        if not self._wanted.group:
            return _endpoints(held, entry)
        held = held or cst.parse_expression("{}")
        return _in_dict(held, self._wanted.group, lambda each: _endpoints(each, entry))


def _set(call: cst.Call, name: str, make: _Made) -> cst.Call:
    """The call with another value of a keyword argument, which is made of the one that it has."""
    arguments = list(call.args)
    for index, argument in enumerate(arguments):
        if argument.keyword is not None and argument.keyword.value == name:
            arguments[index] = argument.with_changes(value=make(argument.value))
            return call.with_changes(args=arguments)
    new = cst.Arg(
        keyword=cst.Name(name),
        value=make(None),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    return call.with_changes(args=_appended(arguments, new))


def _appended(held: Sequence[cst.CSTNode], new: cst.CSTNode) -> list[cst.CSTNode]:
    """A list with one more, set as the one before it is, where the list ends with a comma as well."""
    if not held:
        return [new]
    last = held[-1]
    comma = getattr(last, "comma", cst.MaybeSentinel.DEFAULT)
    if isinstance(comma, cst.Comma) and len(held) > 1:
        between = getattr(held[-2], "comma", comma)
        return [*held[:-1], last.with_changes(comma=between), new.with_changes(comma=comma)]
    if isinstance(comma, cst.Comma) and isinstance(
        comma.whitespace_after, cst.ParenthesizedWhitespace
    ):
        outer = comma.whitespace_after
        depth = getattr(outer.last_line, "value", "") + "    "
        inner = outer.with_changes(last_line=cst.SimpleWhitespace(depth))
        return [
            *held[:-1],
            last.with_changes(comma=comma.with_changes(whitespace_after=inner)),
            new.with_changes(comma=comma),
        ]
    spaced = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    return [*held[:-1], last.with_changes(comma=spaced), new]


def _element(key: str, value: str) -> cst.DictElement:
    return cst.DictElement(cst.SimpleString(f'"{key}"'), cst.parse_expression(value))


def _named(held: cst.BaseExpression | None, names: str) -> cst.BaseExpression:
    assert held is not None
    if _is_call(held, "naming_endpoints") and isinstance(held, cst.Call):
        (given,) = held.args
        if isinstance(given.value, cst.Dict):
            more = cst.parse_expression(names)
            assert isinstance(more, cst.Dict)
            merged = given.value.with_changes(
                elements=_appended(given.value.elements, more.elements[0])
            )
            return held.with_changes(args=[given.with_changes(value=merged)])
    made = cst.parse_expression(f"x.naming_endpoints({names})")
    assert isinstance(made, cst.Call)
    assert isinstance(made.func, cst.Attribute)
    return made.with_changes(func=made.func.with_changes(value=held))


def _endpoints(held: cst.BaseExpression | None, entry: cst.DictElement) -> cst.BaseExpression:
    """An Inference with one more endpoint."""
    if held is None:
        held = cst.parse_expression("Inference()")
    if not _is_call(held, "Inference"):
        raise BadInputError(
            "inference is not written as Inference(...) in the Environment", "edit the file by hand"
        )
    assert isinstance(held, cst.Call)

    def more(endpoints: cst.BaseExpression | None) -> cst.BaseExpression:
        if endpoints is None:
            return cst.Dict([entry])
        if not isinstance(endpoints, cst.Dict):
            return cst.Dict([cst.StarredDictElement(endpoints), entry])
        return endpoints.with_changes(elements=_appended(endpoints.elements, entry))

    return _set(held, "endpoints", more)


def _in_dict(held: cst.BaseExpression, key: str, make: _Made) -> cst.BaseExpression:
    """A dict with another value of a key, which is made of the one that it has."""
    if not isinstance(held, cst.Dict):
        raise BadInputError("a value of the Environment is no dict of literals", "edit it by hand")
    elements = list(held.elements)
    for index, element in enumerate(elements):
        if (
            isinstance(element, cst.DictElement)
            and isinstance(element.key, cst.SimpleString)
            and element.key.evaluated_value == key
        ):
            elements[index] = element.with_changes(value=make(element.value))
            return held.with_changes(elements=elements)
    new = cst.DictElement(cst.SimpleString(f'"{key}"'), make(None))
    return held.with_changes(elements=_appended(elements, new))


def _imported(
    held: cst.BaseExpression | None, layer: str, given: Mapping[str, str]
) -> cst.BaseExpression:
    def more(entries: cst.BaseExpression | None) -> cst.BaseExpression:
        made = cst.parse_expression(laid_out(dict(given), 8))
        assert isinstance(made, cst.Dict)
        if entries is None:
            return made
        if not isinstance(entries, cst.Dict):
            raise BadInputError("imported is no dict of literals", "edit it by hand")
        known = {
            each.key.evaluated_value
            for each in entries.elements
            if isinstance(each, cst.DictElement) and isinstance(each.key, cst.SimpleString)
        }
        for address, identifier in given.items():
            if address not in known:
                element = cst.DictElement(
                    cst.SimpleString(f'"{address}"'), cst.SimpleString(f'"{identifier}"')
                )
                entries = entries.with_changes(elements=_appended(entries.elements, element))
        return entries

    return _in_dict(held or cst.Dict([]), layer, more)


def _with_names(module: cst.Module, names: set[str], before: str) -> cst.Module:
    """The module with names of Inferform's imported that it does not have yet."""
    body = list(module.body)
    for index, line in enumerate(body):
        if not isinstance(line, cst.SimpleStatementLine):
            continue
        for statement in line.body:
            if not isinstance(statement, cst.ImportFrom) or not _is_inferform(statement):
                continue
            if isinstance(statement.names, cst.ImportStar):
                return module
            if any(alias.asname for alias in statement.names):
                continue
            known = {alias.evaluated_name for alias in statement.names}
            wanted = [*known, *sorted(names - known)] if names - known else None
            if wanted is None:
                return module
            text = f"from inferform import {', '.join(sorted(wanted, key=_as_sorted))}"
            if len(text) > 100 or "(" in before.split("from inferform import", 1)[1][:2]:
                inside = "".join(f"    {name},\n" for name in sorted(wanted, key=_as_sorted))
                text = f"from inferform import (\n{inside})"
            body[index] = line.with_changes(
                body=cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine).body
            )
            return module.with_changes(body=body)
    new = cst.parse_statement(f"from inferform import {', '.join(sorted(names))}")
    return module.with_changes(body=[*body[:1], new, *body[1:]] if body else [new])


def _is_inferform(statement: cst.ImportFrom) -> bool:
    module = statement.module
    return not statement.relative and isinstance(module, cst.Name) and module.value == "inferform"


def _as_sorted(name: str) -> tuple[int, str]:
    """Constants before classes before functions, as ruff sorts."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)
