"""Small faults that are put into a file one at a time: mutants."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Mod: ast.Mult,
}
_NAMES = {
    "all": "any",
    "any": "all",
    "endswith": "startswith",
    "fullmatch": "search",
    "max": "min",
    "min": "max",
    "sorted": "list",
    "startswith": "endswith",
}
# Arguments that change words or files only.
_WORDS = frozenset({"advice", "encoding", "hint", "message", "refuses", "sid", "source", "strict"})
_REMOVED = (ast.AugAssign, ast.Break, ast.Continue, ast.Delete, ast.Raise)


@dataclass(frozen=True)
class Mutant:
    """One fault in one file."""

    file: str
    number: int
    """Which of the file's it is."""

    line: int
    end: int
    scope: str
    """The function or class in which it is; empty in the module itself."""

    in_function: bool
    """Whether it is in the body of a function, and so is not run when the module is imported."""

    what: str
    repeated: int
    """How many of the same words stand before it in the scope."""

    @property
    def key(self) -> str:
        """What tells it from all others, and stays the same when lines move."""
        again = f" ({self.repeated + 1})" if self.repeated else ""
        return f"{self.file} {self.scope or 'module'}: {self.what}{again}"

    def rank(self, seed: int) -> str:
        """Its place in a sample: a change elsewhere moves no other mutant."""
        return hashlib.sha256(f"{seed} {self.key}".encode()).hexdigest()


@dataclass
class _Place:
    """Where a node hangs in its tree, and what stands in its place."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    new: ast.AST
    scope: str
    in_function: bool


def mutants(root: Path, file: str) -> list[Mutant]:
    """Every mutant of a file."""
    found: list[Mutant] = []
    seen: Counter[tuple[str, str]] = Counter()
    for number, place in enumerate(_places(ast.parse((root / file).read_text("utf-8")))):
        what = f"{_short(place.node)} -> {_short(place.new)}"
        node = place.node
        line = getattr(node, "lineno", 0) or getattr(place.parent, "lineno", 0)
        end = getattr(node, "end_lineno", 0) or line
        found.append(
            Mutant(
                file,
                number,
                line,
                end,
                place.scope,
                place.in_function,
                what,
                seen[place.scope, what],
            )
        )
        seen[place.scope, what] += 1
    return found


def compiled(root: Path, mutant: Mutant, filename: str) -> CodeType:
    """The code of a module with the mutant in it."""
    tree = ast.parse((root / mutant.file).read_text("utf-8"))
    for number, place in enumerate(_places(tree)):
        if number == mutant.number:
            new = ast.fix_missing_locations(ast.copy_location(place.new, place.node))
            if place.index is None:
                setattr(place.parent, place.field, new)
            else:
                getattr(place.parent, place.field)[place.index] = new
            break
    return compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 160 else f"{text[:100]}...{text[-57:]}"


def _places(tree: ast.Module) -> Iterator[_Place]:
    yield from list(_below(tree, scope="", in_function=False, words=False))


def _below(node: ast.AST, *, scope: str, in_function: bool, words: bool) -> Iterator[_Place]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "keywords_of_class"):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST) or _is_skipped(child):
                continue
            place = index if isinstance(value, list) else None
            is_body = isinstance(node, (ast.FunctionDef, ast.Lambda)) and field == "body"
            inside = in_function or is_body
            if not (words and isinstance(child, ast.Constant)):
                for new in _replaced(child, node):
                    yield _Place(node, field, place, child, new, scope, inside)
            name = ""
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                name = child.name
            yield from _below(
                child,
                scope=".".join(filter(None, (scope, name))),
                in_function=inside,
                words=words
                or isinstance(child, (ast.Raise, ast.JoinedStr))
                or (isinstance(child, ast.keyword) and child.arg in _WORDS),
            )


def _is_skipped(node: ast.AST) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"


def _replaced(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, _REMOVED) or (
        isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Yield, ast.YieldFrom))
    ):
        yield ast.Pass()
    if isinstance(node, ast.Return) and not isinstance(node.value, (ast.Constant, type(None))):
        yield ast.Return(ast.Constant(None))
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.Constant():
            yield from _constants(node)
        case ast.Call():
            yield from _calls(node)
        case ast.BinOp() if type(node.op) in _CALCULATED and not _is_text(node):
            yield ast.BinOp(node.left, _CALCULATED[type(node.op)](), node.right)
        case _:
            yield from _conditions(node)


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        for other in _COMPARED.get(type(operator), ()):
            new = copy.deepcopy(node)
            new.ops[index] = other()
            yield new


def _conditions(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            for index in range(len(node.values)):
                rest = [*node.values[:index], *node.values[index + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.If() | ast.IfExp():
            for value in (True, False):
                new = copy.copy(node)
                new.test = ast.Constant(value)
                yield new
        case ast.comprehension():
            for index in range(len(node.ifs)):
                without = copy.copy(node)
                without.ifs = [*node.ifs[:index], *node.ifs[index + 1 :]]
                yield without


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and " " not in value and value != "utf-8":
        yield ast.Constant(f"XX{value}")


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    plain = [each for each in node.args[:2] if not isinstance(each, ast.Starred)]
    if len(plain) == 2:
        yield ast.Call(node.func, [plain[1], plain[0], *node.args[2:]], node.keywords)
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None and keyword.arg not in _WORDS:
            rest = [*node.keywords[:index], *node.keywords[index + 1 :]]
            yield ast.Call(node.func, node.args, rest)
    match node.func:
        case ast.Name(id=name) if name in _NAMES:
            keywords = [] if name == "sorted" else node.keywords
            yield ast.Call(ast.Name(_NAMES[name], ast.Load()), node.args, keywords)
        case ast.Attribute(attr=name) if name in _NAMES:
            function = ast.Attribute(node.func.value, _NAMES[name], ast.Load())
            yield ast.Call(function, node.args, node.keywords)


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )
