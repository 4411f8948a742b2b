"""The program that `cdktf.json` names, and the stacks that it makes.

Every command works on these stacks, whoever wrote them: a layer of Inferform's, a resource that
was added to one, or a stack of one's own. The program is run as cdktf runs it, in a shell in the
project's folder, and is told by environment variables what is asked of it (see `Program.variables`).
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from inferform import Environment
from inferform._node.process import SLOW
from inferform.rules import did_you_mean
from inferform.target import ASKED, PLANS_ONLY
from inferform_emulator.process import Emulator

from .environments import NAMED, environment, environments, environments_folder
from .errors import BadInputError, OperatorError
from .node import PTY, with_node
from .output import stderr
from .terraform import (
    LOCK_FILE,
    PRIVATE,
    ROOT,
    WORK,
    Stack,
    emulator_lock,
    private_folder,
    stacks,
    terraform_environment,
)


@dataclass(frozen=True, slots=True)
class Program:
    """One synthesis: whose environments, for AWS or the emulator, and where it is written."""

    emulator: Emulator | None = None
    environments: Path = field(default_factory=environments_folder)
    outdir: Path = ROOT / "cdktf.out"
    folder: Path = ROOT
    """The project's folder: where `cdktf.json` is, and where the program runs."""

    plans_only: bool = False
    """Whether what is synthesized is only planned, so with the plan roles."""

    work: Path = WORK
    """Where syntheses that are only planned are written."""

    @classmethod
    def of(cls, emulator: Emulator | None) -> Program:
        """The project's own environments, for AWS or the emulator."""
        return cls(emulator, outdir=WORK / "cdktf.out") if emulator else cls()

    def to_plan(self, purpose: str) -> Program:
        """The same program to be planned alone, written to a folder of this process's own."""
        private_folder(self.work)
        outdir = Path(mkdtemp(prefix=f"{purpose}-", dir=self.work))
        atexit.register(shutil.rmtree, outdir, ignore_errors=True)
        return replace(self, plans_only=True, outdir=outdir)

    @property
    def app(self) -> str:
        """The command that synthesizes, as `cdktf.json` names it. Raises OperatorError."""
        app = self._settings().get("app")
        if not isinstance(app, str) or not app.strip():
            file = self.folder / "cdktf.json"
            raise OperatorError(f"{file} names no app", 'write "app": "python main.py"')
        return app

    def _settings(self) -> dict[str, Any]:
        file = self.folder / "cdktf.json"
        try:
            settings: dict[str, Any] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise OperatorError(f"{file} cannot be read: {error}") from error
        return settings

    def _context(self) -> str:
        """What cdktf adds to the context of the App: the local modules that it copies."""
        modules = [
            module
            for module in self._settings().get("terraformModules", [])
            if str(module.get("source") if isinstance(module, dict) else module).startswith(
                ("./", "../")
            )
        ]
        given = json.loads(os.environ.get("CDKTF_CONTEXT_JSON") or "{}")
        return json.dumps({**given, "cdktfRelativeModules": modules})

    @property
    def target(self) -> str:
        """`emulator` or `aws`."""
        return "emulator" if self.emulator else "aws"

    def variables(self) -> dict[str, str]:
        """The environment in which the program runs: cdktf's variables, and ours."""
        # cdktf hides the values of Terraform's variables from the program.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TF_VAR_")}
        return {
            "NODE_OPTIONS": "--max-old-space-size=4096",
            **_with_python(kept),
            "CDKTF_OUTDIR": str(self.outdir),
            "CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS": "true",
            "CDKTF_CONTEXT_JSON": self._context(),
            "SYNTH_HCL_OUTPUT": "false",
            ASKED: self.target,
            PLANS_ONLY: "1" if self.plans_only else "",
            NAMED: str(self.environments),
        }

    def synthesize(self) -> Stacks:
        """Run the program. Raises OperatorError with what it printed when it fails.

        Raises ConfigurationError first where an environment file is wrong, and OperatorError where
        a name on the command line could mean one stack or another.
        """
        loaded = environments(self.environments)
        for line in self.run().splitlines():
            if line.startswith(SLOW):
                stderr.print(line, markup=False)
        warnings = {report.key: str(report) for report in loaded.warnings}
        made = Stacks(self, tuple(stacks(self.outdir)), loaded.environments, warnings)
        _refuse_ambiguous(made)
        if lock := self.lock:
            for stack in made.stacks:
                shutil.copyfile(lock, stack.folder / LOCK_FILE)
        return made

    def run(self, more: Mapping[str, str] | None = None) -> str:
        """Run the program, with more variables, and answer what it says on stderr. Raises OperatorError
        with what it printed when it fails, or writes no stacks."""
        private_folder(self.outdir)
        done = subprocess.run(
            self.app,
            shell=True,
            cwd=self.folder,
            env={**self.variables(), **(more or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            umask=PRIVATE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise OperatorError(f"synthesis failed\n{done.stderr or done.stdout}")
        if not (self.outdir / "manifest.json").is_file():
            raise OperatorError(
                f"{self.app} wrote no stacks to {self.outdir}",
                "leave outdir out of App(): cdktf names the folder in CDKTF_OUTDIR",
            )
        return done.stderr

    @property
    def lock(self) -> Path | None:
        """The lock file of the providers: the project's own beside cdktf.json, or the emulator's."""
        if self.emulator:
            return emulator_lock()
        own = self.folder / LOCK_FILE
        return own if own.is_file() else None

    def terraform_environment(self) -> dict[str, str]:
        """The environment in which Terraform runs for this program.

        A project's own lock file is not added to: a provider that is not in it is refused.
        """
        if self.emulator:
            return terraform_environment(self.emulator.environment())
        variables = terraform_environment()
        if self.lock:
            given = variables.get("TF_CLI_ARGS_init", "")
            variables["TF_CLI_ARGS_init"] = f"{given} -lockfile=readonly".strip()
        return variables

    def cdktf_environment(self) -> dict[str, str]:
        """The environment in which cdktf runs for this program."""
        variables = self.terraform_environment()
        # Without this the first failing stack ends cdktf-cli 0.21 at once, others half-way.
        options = f"{variables.get('NODE_OPTIONS', '')} --unhandled-rejections=warn {PTY}"
        # What cdktf sets by itself, and misses when the variable is set.
        variables["NODE_OPTIONS"] = f"{options} --max-old-space-size=4096".strip()
        return with_node(variables) | {"CI": "1", "FORCE_COLOR": "0", "NO_COLOR": "1"}


def _with_python(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, where no virtual environment is active, with the Python of this command first.

    So "python main.py" is run by the Python that has Inferform, as after `activate`.
    """
    if sys.prefix == sys.base_prefix or variables.get("VIRTUAL_ENV"):
        return dict(variables)
    folder = str(Path(sys.prefix) / "bin")
    path = os.pathsep.join(filter(None, (folder, variables.get("PATH", ""))))
    return {**variables, "PATH": path}


def _refuse_ambiguous(made: Stacks) -> None:
    """Raise OperatorError for a stack that is called like an environment or its stage, and for two
    stacks that say that they are the same layer."""
    for stack in made.stacks:
        for key, each in made.environments.items():
            if stack.name in (key, each.context.stage):
                what = "the environment" if stack.name == key else f"the stage of {key}"
                raise OperatorError(
                    f"the stack {stack.name} has the name of {what}: 'deploy {stack.name}' would "
                    f"mean the stack, 'status {stack.name}' the environment",
                    "give the stack another name in the program",
                )
    taken: dict[tuple[str, str], str] = {}
    for stack in made.stacks:
        if stack.environment:
            place = (stack.environment, stack.layer)
            other = taken.setdefault(place, stack.name)
            if other != stack.name:
                raise OperatorError(
                    f"the stacks {other} and {stack.name} both say that they are the layer "
                    f"{stack.layer} of {stack.environment}",
                    "label one of them as another layer, or not at all",
                )


def note_warnings(synthesis: Stacks, chosen: Sequence[Stack]) -> None:
    """Say what the rules warn of in the environments of the stacks: the program says it, too, but only
    where it runs by itself."""
    for key in dict.fromkeys(stack.environment for stack in chosen):
        if key in synthesis.warnings:
            stderr.print(f"warning: {synthesis.warnings[key]}", markup=False)


def note_left_out(synthesis: Stacks, chosen: Sequence[Stack]) -> None:
    """Say which stacks of no environment a command left out, as no environment chooses them."""
    names = [stack.name for stack in synthesis.of_nobody() if stack not in chosen]
    if names:
        verb = "belongs" if len(names) == 1 else "belong"
        stderr.print(
            f"left out: {', '.join(names)}, which {verb} to no environment; name it to include it",
            markup=False,
        )


@dataclass(frozen=True, slots=True)
class Stacks:
    """The stacks that a program made, those below first, and the environments that it knows."""

    program: Program
    stacks: tuple[Stack, ...]
    environments: Mapping[str, Environment]
    warnings: Mapping[str, str] = field(default_factory=dict)
    """What the rules warn of in the environment files, with its place, by the key of the environment."""

    def environment(self, stack: Stack) -> Environment | None:
        """The environment of a stack; None for a stack of one's own that names none."""
        return self.environments.get(stack.environment)

    def with_state(self, stack: Stack) -> Environment | None:
        """The environment in whose bucket the state of a stack is; None where only Terraform can
        say what the state holds: of a stack of one's own, or with another backend than S3."""
        return self.environment(stack) if stack.backend_kind == "s3" else None

    def stack(self, name: str) -> Stack | None:
        """A stack by its name."""
        return next((stack for stack in self.stacks if stack.name == name), None)

    def of(self, key: str) -> list[Stack]:
        """The stacks of an environment, those below first."""
        return [stack for stack in self.stacks if stack.environment == key]

    def layer(self, key: str, layer: str) -> Stack | None:
        """The stack of a layer of an environment."""
        return next((stack for stack in self.of(key) if stack.layer == layer), None)

    def require_layer(self, key: str, layer: str) -> Stack:
        """The stack of a layer. Raises BadInputError where the environment has no such layer."""
        found = self.layer(key, layer)
        if found is not None:
            return found
        if any(stack.name == layer for stack in self.of_nobody()):
            raise BadInputError(
                f"{layer} belongs to no environment, so Inferform does not know its states",
                "use terraform state in its folder, after terraform init",
            )
        layers = [stack.layer for stack in self.of(key)]
        raise BadInputError(
            f"{key} has no layer {layer}{did_you_mean(layer, layers)}",
            f"its layers are {', '.join(layers)}",
        )

    def of_nobody(self) -> list[Stack]:
        """The stacks that are of no environment, those below first."""
        return [stack for stack in self.stacks if self.environment(stack) is None]

    def matching(self, patterns: Iterable[str]) -> list[Stack]:
        """The stacks whose names match a pattern, those below first.

        Raises BadInputError for a pattern that matches none.
        """
        patterns = list(patterns)
        names = [stack.name for stack in self.stacks]
        for pattern in patterns:
            if any(fnmatch(name, pattern) for name in names):
                continue
            for key, each in self.environments.items():
                if pattern in (key, each.context.stage):
                    hint = f"{key} is an environment; its stacks are '{key}-*'"
                    raise BadInputError(f"no stack is called {pattern}", hint)
            raise BadInputError(
                f"no stack matches {pattern}{did_you_mean(pattern, names)}",
                f"the stacks are {', '.join(names)}",
            )
        return [s for s in self.stacks if any(fnmatch(s.name, pattern) for pattern in patterns)]

    def named(self, names: Sequence[str]) -> list[Stack]:
        """The stacks of environments, by key or stage, and those whose names match a pattern.

        Raises BadInputError for a name that is neither.
        """
        chosen: set[str] = set()
        for name in names:
            known = [
                key for key, each in self.environments.items() if name in (key, each.context.stage)
            ]
            if known or not any(fnmatch(stack.name, name) for stack in self.stacks):
                key = environment(name, self.program.environments).key
                chosen |= {stack.name for stack in self.of(key)}
            else:
                chosen |= {stack.name for stack in self.matching([name])}
        return [stack for stack in self.stacks if stack.name in chosen]
