"""What a plan is made from: a commit, and what of the project no commit holds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SHOWN = 10
_HEX = 12

# What a hook of another repository, or a shell, may have that leads Git away from the project.
_ELSEWHERE = (
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE"),
    *("GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_WORK_TREE"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """The commit of a project, and the files that differ from it."""

    commit: str = ""
    """The commit that is checked out; empty where there is none."""

    uncommitted: tuple[str, ...] = ()
    """Files that are not as the commit has them, from the top of the repository."""

    unknown: str = ""
    """Why no commit is named."""

    merged: tuple[str, ...] = ()
    """The commits that it merges, where it is a merge, such as GitHub makes of a pull request."""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Source:
        """The source that was written as JSON. Raises TypeError and KeyError for anything else."""
        return cls(
            content["commit"],
            tuple(content["uncommitted"]),
            content["unknown"],
            tuple(content["merged"]),
        )

    @property
    def is_commit(self) -> bool:
        """Whether the commit holds everything that the plan is made from."""
        return bool(self.commit) and not self.uncommitted

    @property
    def differs(self) -> str:
        """What no commit holds; empty where the commit holds everything."""
        if self.uncommitted:
            return f"uncommitted changes: {_listed(self.uncommitted)}"
        return f"no commit ({self.unknown})" if self.unknown else ""

    def __str__(self) -> str:
        merges = " and ".join(each[:_HEX] for each in self.merged)
        commit = f"commit {self.commit[:_HEX]}" if self.commit else ""
        merge = f", which merges {merges}" if merges else ""
        changes = f" with {self.differs}" if commit and self.differs else self.differs
        return f"{commit}{merge}{changes}"


NO_SOURCE = Source()
"""Of plans that were made elsewhere: nothing is said of what they were made from."""


def source_of(folder: Path, environments: Path | None = None) -> Source:
    """The source of what a project synthesizes to, with its environment files.

    What `.gitignore` names counts as well where it is an environment file; elsewhere it does not.
    """
    found = _Git(folder)
    try:
        return found.source(environments or folder / "environments")
    except _GitError as error:
        return Source(unknown=str(error))


class _GitError(Exception):
    """Git did not tell."""


class _Git:
    """One working tree."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _run(self, *arguments: str, allowed: bool = False) -> str:
        """What Git prints; where it fails nothing, if that is `allowed`. Raises _GitError."""
        kept = {k: v for k, v in os.environ.items() if k not in _ELSEWHERE}
        try:
            done = subprocess.run(
                ["git", "--no-optional-locks", "-C", str(self._folder), *arguments],
                env=kept | {"LC_ALL": "C"},
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise _GitError(f"git cannot be run: {error.strerror}") from error
        if done.returncode and allowed:
            return ""
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            said = lines[0] if lines else f"git {arguments[0]} failed"
            raise _GitError(said.removeprefix("fatal: "))
        return done.stdout.decode(errors="surrogateescape")

    def source(self, environments: Path) -> Source:
        """What is checked out, and what differs from it. Raises _GitError."""
        top = Path(self._run("rev-parse", "--show-toplevel").rstrip("\n"))
        commit = self._run("rev-parse", "HEAD", "--", allowed=True).partition("\n")[0]
        if not commit:
            return Source(unknown="nothing is committed yet")
        # A copy of a project may lie in the repository of something else.
        if not self._run("ls-tree", "--name-only", "HEAD", "--", "cdktf.json"):
            return Source(unknown=f"the repository in {top} does not have the project's cdktf.json")
        found = [*self._changed(), *self._hidden(top), *self._elsewhere(environments, top)]
        return Source(
            commit,
            tuple(sorted({_printable(file) for file in found})),
            merged=self._merged(),
        )

    def _merged(self) -> tuple[str, ...]:
        # A shallow clone has the commit, but rev-list does not tell its parents there.
        head = self._run("cat-file", "-p", "HEAD").partition("\n\n")[0].splitlines()
        parents = tuple(line.split()[1] for line in head if line.startswith("parent "))
        return parents if len(parents) > 1 else ()

    def _changed(self) -> Iterator[str]:
        """What differs from the commit, and what is in none; submodules too."""
        listed = self._run(
            *("status", "--porcelain=v1", "-z", "--no-renames"),
            *("--untracked-files=all", "--ignore-submodules=none"),
        )
        yield from (entry[3:] for entry in listed.split("\0") if entry)

    def _hidden(self, top: Path) -> Iterator[str]:
        """What differs, but Git was told to assume that it does not."""
        for entry in self._run("-C", str(top), "ls-files", "-v", "-z").split("\0"):
            tag, _, file = entry.partition(" ")
            if not (tag.islower() or tag == "S") or not (top / file).is_file():
                continue
            now = self._run("-C", str(top), "hash-object", "--", file)
            if now != self._run("rev-parse", f":{file}"):
                yield file

    def _elsewhere(self, environments: Path, top: Path) -> Iterator[str]:
        """Environment files that .gitignore hides, or that are outside of the repository."""
        outside = [
            file for file in environments.rglob("*.py") if not file.resolve().is_relative_to(top)
        ]
        yield from map(str, outside)
        folder = environments.resolve()
        if folder.is_relative_to(top):
            shown = self._run(
                *("-C", str(top), "ls-files", "-z", "--others", "--ignored", "--exclude-standard"),
                *("--", str(folder)),
            )
            yield from (file for file in shown.split("\0") if file.endswith(".py"))


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)


def _listed(files: Sequence[str]) -> str:
    rest = len(files) - _SHOWN
    return ", ".join(files[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
