"""The whole program: every layer of every environment in one cdktf App.

A layer is imported when an environment has it, as its bindings take long to import.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..bindings import sending_ahead
from ..cdk import App
from ..environment import Environment
from ..layer import Layer
from ..literal import literal
from ..loading import ConfigurationError, FileReport
from ..overriding import collecting_overrides
from ..spec import walk
from ..target import Target, asked
from .built import Built
from .record import Site


def build(app: App, environment: Environment, *, target: Target | None = None) -> dict[str, Layer]:
    """Add every layer of `environment` to `app`, each as a stack that depends on those below.

    Returns the stacks by the name of their layer, those below first. Without `target` it is the one
    that the program is asked for. Raises ConfigurationError with every override that the provider
    does not take.
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
    for extend in environment.extend:
        try:
            extend(built)
            # Node answers, so that an error of a constructor shows here.
            _ = app.node.path
        except Exception as error:
            name = getattr(extend, "__qualname__", repr(extend))
            where = f"{getattr(extend, '__module__', '')}.{name}".lstrip(".")
            error.add_note(f"in {where}, which extends {environment.key}")
            raise
    for own in built.own.values():
        own.bound_roles()
    for part in environment.parts:
        stack = stacks[part.name]
        for lower in below[part.name]:
            stack.add_dependency(stacks[lower])
        if not part.record.is_first:
            stack.bound_roles()
        stack.move(environment.moved.get(part.name, {}))
    return stacks


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
