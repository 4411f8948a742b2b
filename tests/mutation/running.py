"""Running the tests of an area against its mutants, each in a process of its own.

The tests are collected once. A process is forked for each mutant, in which the functions get the
code of the mutant; what is run when a module is imported needs a process that has not imported it.
"""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from .areas import Area
from .mutants import Mutant, compiled

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist")
GRACE_SECONDS = 60
"""How long tests may take beside ten times what they took without a mutant."""


class Run:
    """A plugin of pytest that runs mutants instead of the tests."""

    def __init__(self, area: Area, chosen: Sequence[Mutant], told: Callable[[Mutant, str], None]):
        self._area = area
        self._chosen = chosen
        self._told = told
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure the tests, then run what each mutant may change."""
        if "jsii" in sys.modules:
            raise pytest.UsageError("a test file imports CDKTF, whose Node process is not forked")
        for file in self._area.files:
            if file not in self._area.synthesized:
                importlib.import_module(module_of(file))
        measured = json.loads(_forked(lambda: _measured(session, self._area), 3600) or "null")
        if measured is None:
            raise pytest.UsageError("the tests cannot be measured")
        if measured["failed"]:
            raise pytest.UsageError(f"fail without any mutant: {', '.join(measured['failed'])}")
        self.seconds = measured["seconds"]
        for mutant in self._chosen:
            self._told(mutant, self._outcome(session, mutant, measured["lines"]))
        return True

    def _outcome(
        self, session: pytest.Session, mutant: Mutant, lines: dict[str, dict[str, list[int]]]
    ) -> str:
        span = range(mutant.line, mutant.end + 1)
        near = {
            test
            for test, files in lines.items()
            if any(line in span for line in files.get(mutant.file, ()))
        }
        if not near:
            return "no test reaches it"
        # What a test left in a cache, the next one does not run.
        files = {test.partition("::")[0] for test in near}
        items = sorted(
            (item for item in session.items if item.nodeid.partition("::")[0] in files),
            key=lambda item: (
                item.nodeid not in near,
                min(
                    self.seconds[each]
                    for each in near
                    if each.partition("::")[0] == item.nodeid.partition("::")[0]
                ),
                item.nodeid.partition("::")[0],
                self.seconds[item.nodeid],
            ),
        )
        limit = GRACE_SECONDS + 10 * sum(self.seconds[item.nodeid] for item in items)

        def run() -> str:
            put_in(mutant)
            return next(iter(_failing(items)), "")

        failed = _forked(run, limit)
        if failed is None:
            return "killed: it ended or hung the tests"
        return f"killed: {failed}" if failed else "survived"


def run_imported(mutant: Mutant, files: Sequence[str], limit: float = 1200) -> str:
    """Run tests against a mutant in what is run when a module is imported."""

    def run() -> str:
        sys.meta_path.insert(0, _Overlay(mutant))
        with _silence():
            status = pytest.main([*OPTIONS, *files])
        return "" if status == pytest.ExitCode.OK else str(int(status))

    failed = _forked(run, limit)
    return "survived" if failed == "" else f"killed: {failed or 'it ended or hung the tests'}"


def module_of(file: str) -> str:
    """The name under which a file is imported."""
    dotted = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"inferform{dotted.removeprefix('modules')}" if dotted.startswith("modules") else dotted


def put_in(mutant: Mutant) -> None:
    """Give the functions of a module, which is imported, the code of a mutant."""
    name = sys.modules[module_of(mutant.file)].__file__
    assert name
    codes = dict(_codes(compiled(ROOT, mutant, name)))
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == name:
            old = each.__code__
            new = codes.get((old.co_qualname, old.co_firstlineno))
            if new is not None and new.co_freevars == old.co_freevars:
                each.__code__ = new
    for each in gc.get_objects():
        if isinstance(each, functools._lru_cache_wrapper):
            function = each.__wrapped__
            if isinstance(function, FunctionType) and function.__code__.co_filename == name:
                each.cache_clear()


def _codes(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield (each.co_qualname, each.co_firstlineno), each
            yield from _codes(each)


class _Overlay(importlib.abc.MetaPathFinder):
    """Imports a module with a mutant in it."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = module_of(mutant.file)

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module itself, by another loader."""
        if fullname != self._name:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert found
        assert found.origin
        loader = _Loader(fullname, found.origin, compiled(ROOT, self._mutant, found.origin))
        return importlib.util.spec_from_file_location(fullname, found.origin, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


def _forked(run: Callable[[], str], limit: float) -> str | None:
    """What a function returns in a process of its own; None when that ends or takes too long."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        os.close(reading)
        os.setsid()
        try:
            text = run()
            with os.fdopen(writing, "w", encoding="utf-8") as pipe:
                pipe.write(f"={text}")
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    until, parts = time.monotonic() + limit, []
    os.set_blocking(reading, False)
    while True:
        try:
            part = os.read(reading, 1 << 20)
        except BlockingIOError:
            if time.monotonic() > until:
                break
            time.sleep(0.01)
            continue
        if not part:
            break
        parts.append(part)
    os.close(reading)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    text = b"".join(parts).decode()
    return text[1:] if text.startswith("=") else None


def _failing(items: Sequence[pytest.Item]) -> Iterator[str]:
    """The tests that fail, as long as they are asked for."""
    with _silence():
        try:
            for item, following in zip(items, [*items[1:], None], strict=True):
                reports = runtestprotocol(item, log=False, nextitem=following)
                if any(report.failed for report in reports):
                    yield item.nodeid
        finally:
            # What a fixture started goes with it.
            with suppress(BaseException):
                items[0].session._setupstate.teardown_exact(None)


@contextmanager
def _silence() -> Iterator[None]:
    with open(os.devnull, "w", encoding="utf-8") as nothing:
        for number in (1, 2):
            os.dup2(nothing.fileno(), number)
        yield


class _Trace:
    """Which lines of some files are run, by whom."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files = {
            sys.modules[module_of(file)].__file__: file
            for file in files
            if module_of(file) in sys.modules
        }
        self.lines: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._who = ""

    @contextmanager
    def of(self, who: str) -> Iterator[None]:
        """Count what is run meanwhile for `who`."""
        before, self._who = self._who, who
        sys.settrace(self._called)
        threading.settrace(self._called)
        try:
            yield
        finally:
            self._who = before
            sys.settrace(self._called if before else None)
            threading.settrace(self._called if before else None)

    def _called(self, frame: FrameType, event: str, argument: object) -> Any:
        file = self._files.get(frame.f_code.co_filename)
        if file is None:
            return None
        lines = self.lines[self._who][file]
        lines.add(frame.f_lineno)

        def line(frame: FrameType, event: str, argument: object) -> Any:
            lines.add(frame.f_lineno)
            return line

        return line


class _Fixtures:
    """A plugin that counts what a fixture of several tests runs for each of them."""

    def __init__(self, trace: _Trace) -> None:
        self._trace = trace

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Count it for the fixture."""
        if fixturedef.scope == "function":
            return (yield)
        with self._trace.of(f"fixture {fixturedef.argname}"):
            return (yield)


def _measured(session: pytest.Session, area: Area) -> str:
    """How long each test takes, what it runs, and which fail."""
    trace = _Trace(area.files)
    session.config.pluginmanager.register(_Fixtures(trace))
    seconds, failed = {}, []
    items = session.items
    with _silence():
        for item, following in zip(items, [*items[1:], None], strict=True):
            start = time.monotonic()
            with trace.of(item.nodeid):
                reports = runtestprotocol(item, log=False, nextitem=following)
            seconds[item.nodeid] = time.monotonic() - start
            if any(report.failed for report in reports):
                failed.append(item.nodeid)
    lines: dict[str, dict[str, list[int]]] = {}
    for item in items:
        names = getattr(item, "fixturenames", ())
        of = [trace.lines.get(who, {}) for who in (item.nodeid, *(f"fixture {n}" for n in names))]
        lines[item.nodeid] = {
            file: sorted(set().union(*(each.get(file, ()) for each in of))) for file in area.files
        }
    return json.dumps({"seconds": seconds, "failed": failed, "lines": lines})
