"""The whole program: every layer of every environment in one cdktf App.

A layer is imported when an environment has it, as its bindings take long to import.
"""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from ..bindings import sending_ahead, waiting
from ..cdk import App
from ..environment import ENV13, Environment
from ..layer import Layer
from ..literal import literal
from ..loading import ConfigurationError, FileReport
from ..overriding import collecting_overrides
from ..rules import Problem
from ..spec import SpecError, walk
from ..target import Target, asked
from .built import Built
from .record import Site


def build(app: App, environment: Environment, *, target: Target | None = None) -> dict[str, Layer]:
    """Add every layer of `environment` to `app`, each as a stack that depends on those below.

    Returns the stacks by the name of their layer, those below first. Without `target` it is the one
    that the program is asked for. Raises ConfigurationError with every override that the provider
    does not take, and with the first error of a function that extends the environment.
    """
    target = target or asked()
    environment = literal(environment)
    below = environment.below()
    stacks: dict[str, Layer] = {}
    with collecting_overrides() as wrong:
        for part in environment.parts:
            stacks[part.name] = part.record.build(Site(app, environment, target, part))
    if wrong:
        paths = {id(spec): path for path, spec in walk(environment)}
        problems = [
            problem.under(*paths[id(error.spec)]) for error in wrong for problem in error.problems
        ]
        raise ConfigurationError([FileReport(environment.key, problems)])
    built = Built(app, environment, target, stacks)
    for index, extend in enumerate(environment.extend):
        try:
            # Node answers each call, so that an error of a constructor has its line.
            with waiting():
                extend(built)
        except Exception as error:
            problems = [each.under("extend", index) for each in _mistakes(extend, error)]
            raise ConfigurationError([FileReport(environment.key, problems)]) from error
    for own in built.own.values():
        own.bound_roles()
    for part in environment.parts:
        stack = stacks[part.name]
        for lower in below[part.name]:
            stack.add_dependency(stacks[lower])
        if not part.record.is_first:
            stack.bound_roles()
        stack.move(environment.moved.get(part.name, {}))
        stack.take_over(environment.imported.get(part.name, {}))
    return stacks


def _mistakes(extend: Callable[..., None], error: Exception) -> list[Problem]:
    """What is wrong in a function that extends an environment."""
    if isinstance(error, SpecError):
        return error.problems
    name = getattr(extend, "__qualname__", repr(extend))
    function = f"{getattr(extend, '__module__', '')}.{name}".lstrip(".")
    # What jsii puts below a message are frames of Node's.
    lines = takewhile(
        lambda line: not line.startswith("at "), map(str.strip, f"{error}".split("\n"))
    )
    said = ", ".join(filter(None, [" ".join(lines), *getattr(error, "__notes__", ())]))
    problem = ENV13.problem(error=f"{type(error).__name__}: {said}", function=function)
    return [replace(problem, at=_written_at(error))]


def _written_at(error: Exception) -> str | None:
    """The last line that is neither Inferform's nor an installed package's."""
    installed = {sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")}
    others = [Path(__file__).parents[1], *map(Path, installed)]
    at = None
    for frame in traceback.extract_tb(error.__traceback__):
        file = Path(frame.filename)
        if not any(each in file.parents for each in others):
            at = f"{file.name}:{frame.lineno}"
    return at


def synthesize(
    environments: Iterable[Environment], *, target: Target | None = None, outdir: Path | None = None
) -> Path:
    """Write the Terraform JSON of `environments` and return its folder.

    Without `outdir` it is the folder that `cdktf` asks for, or `cdktf.out`; without `target` it is
    the one that the program is asked for. Raises ConfigurationError as `build` does, for all
    environments together.
    """
    target = target or asked()
    if outdir:
        outdir.parent.mkdir(parents=True, exist_ok=True)
    app = App(outdir=str(outdir)) if outdir else App()
    wrong: list[FileReport] = []
    with sending_ahead():
        for environment in environments:
            try:
                build(app, environment, target=target)
            except ConfigurationError as error:
                wrong += error.reports
    if wrong:
        raise ConfigurationError(wrong)
    app.synth()
    return Path(app.outdir)
