"""Keys that a dict of an environment file gets twice, of which Python silently keeps the last."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from .rules import Problem, rule

ENV4 = rule(
    "ENV4",
    refuses="a key that is written twice in one dict, or in two that are joined by |",
    message="is written twice in the same dict (lines {first} and {second}); Python would "
    "silently keep the last",
    source="Python language reference, dictionary displays",
)
ENV9 = rule(
    "ENV9",
    refuses="a dict that is joined after another and has a key of it",
    message="is a key of {own} too, which replaces the entry of {other}; give one of them another "
    "key, or write {own} first if its entries are defaults",
    source="Python library reference, dict (d | other); Python language reference, dictionary displays",
    severity="warning",
)


def repeated_keys(file: Path, namespace: Mapping[str, object]) -> Iterator[Problem]:
    """Keys written twice; `namespace` says what the module's constants are."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    reader = _Reader(file.name, {**namespace, **dict.fromkeys(_moving(tree), _UNKNOWN)})
    inner = {id(part) for node in ast.walk(tree) for part in _parts(node)}
    for node in ast.walk(tree):
        # A union of three is one of two and one: only the outermost is read.
        if id(node) not in inner and (isinstance(node, ast.Dict) or _is_union(node)):
            yield from reader.problems(node)


_UNKNOWN = object()


def _moving(tree: ast.Module) -> list[str]:
    """The names that may stand for more than one value: all but what is assigned once, at the top."""
    stores: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stores[node.id] += 1
        elif isinstance(node, ast.arg):
            stores[node.arg] += 1
    steady = {
        target.id
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        if isinstance(target, ast.Name)
    }
    return [name for name, count in stores.items() if count > 1 or name not in steady]


def _is_union(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)


def _parts(node: ast.AST) -> list[ast.expr]:
    """The dicts that a dict or union is directly made of."""
    if isinstance(node, ast.Dict):
        return [v for key, v in zip(node.keys, node.values, strict=True) if key is None]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [node.left, node.right]
    return []


@dataclass(frozen=True, slots=True)
class _Entry:
    key: object
    line: int
    source: str
    """The name of the dict that has it; empty where it is written on the spot."""


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    namespace: Mapping[str, object]

    def problems(self, node: ast.AST) -> Iterator[Problem]:
        """The keys that come twice."""
        seen: dict[object, _Entry] = {}
        for entry in self._entries(node):
            first = seen.get(entry.key)
            if first is not None and first.source == entry.source == "":
                problem = ENV4.problem(got=entry.key, first=first.line, second=entry.line)
                yield replace(problem, at=f"{self.file}:{entry.line}")
            elif first is not None and entry.source:
                # The other way round, a dict of defaults is changed on purpose.
                other = first.source or f"line {first.line}"
                problem = ENV9.problem(got=entry.key, own=entry.source, other=other)
                yield replace(problem, at=f"{self.file}:{entry.line}")
            seen[entry.key] = entry

    def _entries(self, node: ast.AST) -> Iterator[_Entry]:
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is None:
                    yield from self._entries(value)
                elif (known := self._value(key)) is not _UNKNOWN:
                    yield _Entry(known, key.lineno, "")
        elif _is_union(node):
            for part in _parts(node):
                yield from self._entries(part)
        elif isinstance(node, ast.Name | ast.Attribute):
            held = self._value(node)
            if isinstance(held, dict):
                yield from (_Entry(key, node.lineno, ast.unparse(node)) for key in held)

    def _value(self, node: ast.expr) -> object:
        """The constant that an expression is; `_UNKNOWN` where the file does not tell."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            held = self.namespace.get(node.id, _UNKNOWN)
        elif isinstance(node, ast.Attribute):
            owner = self._value(node.value)
            held = (
                getattr(owner, node.attr, _UNKNOWN) if isinstance(owner, ModuleType) else _UNKNOWN
            )
        else:
            return _UNKNOWN
        return held if isinstance(held, str | int | dict | ModuleType) else _UNKNOWN
