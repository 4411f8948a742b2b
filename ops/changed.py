"""Which stacks differ from those of another commit: what a review or a deploy of a change is about.

Synthesis is deterministic, so a stack whose files are those that the other commit makes is as it was.
The other commit is synthesized from a working tree of its own, by the program that it has.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from inferform.target import READ

from .errors import OperatorError
from .output import stderr
from .program import Program, Stacks
from .terraform import Stack, stacks

PINS = (
    "cdktf.json",
    "*.lock",
    "*.lock.hcl",
    "package-lock.json",
    "Pipfile",
    "pyproject.toml",
    "requirements*.txt",
    "setup.cfg",
    "setup.py",
)
"""What decides on versions: the other commit is synthesized with what is installed here."""

_LEFT_BY_RUNS = (".terraform*", "*.tfplan", "*.tfstate*", "plan")
_HEX = 12


@dataclass(frozen=True, slots=True)
class Base:
    """The stacks of the commit that a change is compared with."""

    ref: str
    """As it was asked for: a branch or a commit."""

    commit: str = ""
    """The last commit that it has in common with what is checked out."""

    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By stack: a hash of each of its files."""

    unknown: str = ""
    """Why its stacks are not known; empty where they are."""

    def __str__(self) -> str:
        return f"{self.ref} (commit {self.commit[:_HEX]})" if self.commit else self.ref

    def differing(self, synthesis: Stacks) -> set[str]:
        """The names of stacks that are not as the base has them; of all where that is not known."""
        names = {stack.name for stack in synthesis.stacks}
        if self.unknown:
            return names
        made = {stack.name: _files(stack) for stack in synthesis.stacks}
        return {name for name in names if made[name] != self.files.get(name)}

    def gone(self, synthesis: Stacks) -> list[str]:
        """The names of stacks that the base has, and that are no more."""
        return sorted(self.files.keys() - {stack.name for stack in synthesis.stacks})


def base_of(program: Program, ref: str) -> Base:
    """The stacks of the commit at which what is checked out has left `ref`."""
    try:
        commit = _git(program.folder, "merge-base", "--", ref, "HEAD").strip()
    except _UnknownError as error:
        return Base(ref, unknown=f"no commit in common with HEAD is known: {error}")
    base = Base(ref, commit)
    try:
        with _checked_out(program, commit) as (folder, work):
            return replace(base, files=_synthesized(program, folder, work))
    except (_UnknownError, OperatorError) as error:
        return replace(base, unknown=str(error))


def note(base: Base, synthesis: Stacks) -> None:
    """Say where all is taken to be changed, and which stacks are no more."""
    if base.unknown:
        stderr.print(f"all stacks are taken to differ from {base}: {base.unknown}", markup=False)
    if gone := base.gone(synthesis):
        stderr.print(
            f"in {base} and not here: {', '.join(gone)}; inferform destroy, from that commit, removes them",
            markup=False,
        )


class _UnknownError(Exception):
    """Why the stacks of another commit are not known."""


def _git(folder: Path, *arguments: str) -> str:
    # A hook sets variables that name the repository of another folder.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-c", f"core.hooksPath={os.devnull}", "-C", str(folder), *arguments],
            env=kept | {"LC_ALL": "C"},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except OSError as error:
        raise _UnknownError(f"git cannot be run: {error.strerror}") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise _UnknownError(lines[0].removeprefix("fatal: ") if lines else f"no {arguments[-1]}")
    return done.stdout


@contextmanager
def _checked_out(program: Program, commit: str) -> Iterator[tuple[Path, Path]]:
    """The project's folder as a commit has it, and a folder beside it for what it makes."""
    prefix = _git(program.folder, "rev-parse", "--show-prefix").strip()
    with tempfile.TemporaryDirectory(prefix="inferform-base-") as temporary:
        tree = Path(temporary).resolve() / "tree"
        _git(program.folder, "worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree / prefix, tree.parent
        finally:
            _git(program.folder, "worktree", "remove", "--force", "--force", str(tree))


def _synthesized(program: Program, folder: Path, work: Path) -> dict[str, Mapping[str, str]]:
    """The files of each stack that another commit makes. Raises _UnknownError."""
    if differing := sorted(_pins(folder) ^ _pins(program.folder)):
        names = ", ".join(dict.fromkeys(name for name, _ in differing))
        raise _UnknownError(f"{names} differs, and what is installed is what is checked out here")
    environments = program.environments.resolve()
    if not environments.is_relative_to(program.folder.resolve()):
        raise _UnknownError(f"{environments} is outside of the project, so in no commit of it")
    lent = _lend(program.folder, folder)
    read = work / "read"
    base = replace(
        program,
        folder=folder,
        environments=folder / environments.relative_to(program.folder.resolve()),
        outdir=work / "out",
    )
    base.run({READ: str(read)})
    _refuse_own(program.folder, folder, lent, read)
    paths = {str(base.outdir): str(program.outdir), str(folder): str(program.folder)}
    return {stack.name: _files(stack, paths) for stack in stacks(base.outdir)}


def _lend(project: Path, folder: Path) -> list[Path]:
    """Lend a working tree what the project has and Git ignores, such as what is installed there."""
    listed = _git(
        project, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"
    )
    lent = []
    for name in {Path(each).parts[0] for each in listed.split("\0") if each}:
        if (folder / name).exists() or name in ("cdktf.out", ".inferform"):
            continue
        (folder / name).symlink_to((project / name).resolve())
        lent.append((project / name).resolve())
    return lent


def _refuse_own(project: Path, folder: Path, lent: Sequence[Path], read: Path) -> None:
    """Raise _UnknownError where the base was not made of its own files alone."""
    if not read.is_file():
        raise _UnknownError("it has an older Inferform, which does not say what it was made of")
    top = Path(_git(project, "rev-parse", "--show-toplevel").strip()).resolve()
    for line in read.read_text("utf-8").splitlines():
        file = Path(line)
        elsewhere = file.is_relative_to(top) and not file.is_relative_to(folder)
        if elsewhere and not any(file.is_relative_to(each) for each in lent):
            raise _UnknownError(f"its program imports {file} of what is checked out here")


def _pins(folder: Path) -> set[tuple[str, str]]:
    """The files that decide on versions, each with a hash."""
    files = {file for pattern in PINS for file in folder.glob(pattern) if file.is_file()}
    return {(file.name, _hash(file.read_bytes())) for file in files}


def _files(stack: Stack, paths: Mapping[str, str] | None = None) -> dict[str, str]:
    """A hash of each file of a stack, without what Terraform and CDKTF leave beside them; `paths` stand
    in them for others."""
    found = {}
    for file in stack.folder.rglob("*"):
        name = file.relative_to(stack.folder)
        if not file.is_file() or any(Path(name.parts[0]).match(each) for each in _LEFT_BY_RUNS):
            continue
        content = file.read_bytes()
        for path, instead in (paths or {}).items():
            content = content.replace(path.encode(), instead.encode())
        found[str(name)] = _hash(content)
    return found


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
