"""Loading the environments of a folder, with every problem of every file at once."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from .between import between
from .environment import Environment
from .repeated import repeated_keys
from .rules import Problem, did_you_mean, rule
from .spec import SpecError, collecting, problems_of, report

ENV2 = rule(
    "ENV2",
    refuses="an environment file that does not import",
    message="does not import: {error}",
    source="Inferform: environments are Python modules",
)
ENV3 = rule(
    "ENV3",
    refuses="two environments with the same organization, stage and region",
    message="is the key of {other} too; give one of them another stage or region",
    source="Inferform: the key names stacks and states",
)
ENV5 = rule(
    "ENV5",
    refuses="an environments folder without any environment",
    message="holds no Environment: assign one to a name in a file of the folder",
    source="Inferform: environments are found by their type",
)
ENV6 = rule(
    "ENV6",
    refuses="an environments folder that does not exist",
    message="is not a folder",
    source="Inferform: environments are files in one folder",
)


@dataclass(frozen=True, slots=True)
class FileReport:
    """The problems of one environment, or of a file that could not be read."""

    where: str
    problems: list[Problem]
    key: str = ""
    """The environment's key; empty for a file."""

    def __str__(self) -> str:
        return report(self.where, self.problems)


class ConfigurationError(SpecError):
    """Environment files that cannot be deployed; `reports` has one entry for each."""

    def __init__(self, reports: list[FileReport]) -> None:
        super().__init__([problem for entry in reports for problem in entry.problems])
        self.reports = reports

    def __str__(self) -> str:
        return "\n".join(str(entry) for entry in self.reports)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Every environment of a folder, in the order of their keys, and the warnings found."""

    environments: dict[str, Environment]
    warnings: list[FileReport]
    files: dict[str, Path]


def load(folder: Path | str) -> Loaded:
    """Load every Environment that the Python files of `folder` define.

    Raises ConfigurationError with the problems of all files at once. Imports no cdktf.
    """
    folder = Path(folder).resolve()
    if not folder.is_dir():
        raise ConfigurationError([FileReport(folder.name, [ENV6.problem(got=folder.name)])])
    reports: list[FileReport] = []
    found: list[tuple[Path, str, Environment]] = []
    with _importable(folder):
        for file in sorted(folder.glob("*.py")):
            if file.stem.startswith("_"):
                continue
            namespace: dict[str, object] = {}
            problems: list[Problem] = []
            with collecting():
                try:
                    module = importlib.import_module(f"{folder.name}.{file.stem}")
                except BaseException as error:
                    if isinstance(error, KeyboardInterrupt):
                        raise
                    problems += _import_problems(error, folder)
                else:
                    namespace = vars(module)
                    found += [
                        (file, name, value)
                        for name, value in namespace.items()
                        if isinstance(value, Environment)
                    ]
            problems = [*repeated_keys(file, namespace), *problems]
            if problems:
                reports.append(FileReport(f"{folder.name}/{file.name}", problems))
    return _checked(folder, _each_once(found), _once(reports))


def _key(environment: Environment) -> str | None:
    """The environment's key, or None where its Context is wrong."""
    try:
        return environment.key
    except SpecError:
        return None


def _each_once(
    found: list[tuple[Path, str, Environment]],
) -> list[tuple[Path, str, Environment]]:
    """Each environment in the file that makes it: others may import it, to make theirs of it."""
    imported = {file: _imported(file) for file, _, _ in found}
    known: dict[int, tuple[Path, str, Environment]] = {}
    for file, name, environment in sorted(found, key=lambda each: each[1] in imported[each[0]]):
        known.setdefault(id(environment), (file, name, environment))
    return [each for each in found if known[id(each[2])] == each]


def _imported(file: Path) -> set[str]:
    """The names that a file takes from other modules."""
    return {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _checked(
    folder: Path, found: list[tuple[Path, str, Environment]], failed: list[FileReport]
) -> Loaded:
    if not found and not failed:
        failed.append(FileReport(folder.name, [ENV5.problem()]))
    environments: dict[str, Environment] = {}
    files: dict[str, Path] = {}
    problems: dict[str, list[Problem]] = {}
    for file, name, environment in found:
        key = _key(environment) or name
        where = f"{folder.name}/{file.name}: {key}"
        own = [*problems.get(where, []), *problems_of(environment)]
        if key in environments:
            own.append(ENV3.problem(got=key, other=f"{folder.name}/{files[key].name}"))
        else:
            environments[key], files[key] = environment, file
        problems[where] = own
    good = {key: env for key, env in environments.items() if not _has_errors(problems_of(env))}
    for key, problem in between(good, refused={*environments} - {*good}):
        problems[f"{folder.name}/{files[key].name}: {key}"].append(problem)
    reports = [
        FileReport(where, entries, where.rpartition(": ")[2])
        for where, entries in problems.items()
        if entries
    ]
    if failed or any(_has_errors(entry.problems) for entry in reports):
        raise ConfigurationError([*failed, *reports])
    return Loaded(dict(sorted(environments.items())), reports, files)


def _has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def _import_problems(error: BaseException, folder: Path) -> list[Problem]:
    if isinstance(error, SpecError):
        return error.problems
    at = None
    if isinstance(error, SyntaxError) and error.filename:
        at = f"{Path(error.filename).name}:{error.lineno}"
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if folder in Path(frame.filename).resolve().parents:
                at = f"{Path(frame.filename).name}:{frame.lineno}"
    text = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
    text += "".join(f", {note}" for note in getattr(error, "__notes__", ()))
    if isinstance(error, NameError):
        text += did_you_mean(error.name, dir(importlib.import_module(__package__)))
    elif isinstance(error, ImportError) and error.name == __package__:
        asked = re.match(r"cannot import name '(\w+)'", error.msg)
        if asked:
            exported = importlib.import_module(__package__).__all__
            text = f"{type(error).__name__}: {__package__} has no {asked[1]}{did_you_mean(asked[1], exported)}"
    return [replace(ENV2.problem(error=text), at=at)]


def _once(reports: list[FileReport]) -> list[FileReport]:
    """The reports, without files that fail only because one that they import does."""
    at_home = {
        (problem.text, problem.at)
        for each in reports
        for problem in each.problems
        if problem.at and problem.at.partition(":")[0] == Path(each.where).name
    }
    return [
        each
        for each in reports
        if not all(
            problem.rule == ENV2.id
            and (problem.text, problem.at) in at_home
            and str(problem.at).partition(":")[0] != Path(each.where).name
            for problem in each.problems
        )
    ]


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Make `folder` importable as a package for a while, and forget it afterwards."""

    def forget() -> None:
        name = folder.name
        for known in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[known]

    forget()
    # Put in place by hand, as a package of the same name elsewhere on the path would win.
    package = ModuleType(folder.name)
    package.__path__ = [str(folder)]
    sys.modules[folder.name] = package
    sys.path.insert(0, str(folder.parent))
    importlib.invalidate_caches()
    # Bytecode is found by second and size: a file that changed within one would be read as it was.
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(folder.parent))
        forget()
