"""What a new user does, in a clean virtual environment outside of this repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

EXTRAS = "emulator,ops"
_COPIED = ("modules", "ops", "emulator", "docs", "pyproject.toml", "setup.py", "LICENSE")
# What may lead a command elsewhere than for a new user.
_STEERING = re.compile("(AWS|CDKTF|INFERFORM|JSII|PYTHON|TERRAFORM)_?|(TF_REATTACH|VIRTUAL_ENV)")


def build(folder: Path, changes: Iterable[tuple[str, str, str]] = ()) -> Path:
    """The wheel, built from a copy, so that a build leaves nothing in the repository.

    Each change is a file, what is taken from it and what is put in its place.
    """
    source = folder / "source"
    source.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    # Links between these folders and files beside them are the same in the copy.
    for name in (*_COPIED, "package.json", "package-lock.json"):
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=ignored, symlinks=True)
        else:
            shutil.copy(path, source / name)
    for name, old, new in changes:
        file = source / name
        text = file.read_text("utf-8")
        assert old in text, (name, old)
        file.write_text(text.replace(old, new), encoding="utf-8")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
    subprocess.run([*command, str(folder), str(source)], check=True, capture_output=True)
    return next(folder.glob("inferform-*.whl"))


@dataclass
class User:
    """Somebody with a virtual environment, in which each step is timed."""

    venv: Path
    folder: Path
    """The current folder of the commands."""

    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """The shell's environment, with the virtual environment active and nothing of the tests'."""
        kept = {name: each for name, each in os.environ.items() if not _STEERING.match(name)}
        path = os.pathsep.join((str(self.venv / "bin"), *_paths()))
        return kept | {"PATH": path, "VIRTUAL_ENV": str(self.venv), "NO_COLOR": "1"}

    def run(self, *command: str) -> str:
        """What a command prints, of both streams. Raises AssertionError where it fails."""
        began = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.seconds[" ".join(command[:3])] = time.monotonic() - began
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout


def _paths() -> list[str]:
    """PATH without what belongs to this repository."""
    paths = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [path for path in paths if not Path(path).is_relative_to(ROOT)]


def made(folder: Path, python: str) -> User:
    """A user with a clean virtual environment of a Python."""
    venv, work = folder / "venv", folder / "work"
    subprocess.run([python, "-m", "venv", str(venv)], check=True)
    work.mkdir()
    return User(venv, work)


def installed(*names: str) -> list[Distribution]:
    """These distributions, as they are installed here, and all that they require."""
    return list(_closure([Requirement(name) for name in names], {""}, set()))


def required(wheel: Path, extras: str) -> list[Distribution]:
    """The distributions, as they are installed here, of all that a wheel requires with extras."""
    metadata = subprocess.run(
        ["unzip", "-p", str(wheel), "*/METADATA"], check=True, capture_output=True, text=True
    )
    lines = re.findall(r"^Requires-Dist: (.+)$", metadata.stdout, re.MULTILINE)
    return list(_closure([Requirement(line) for line in lines], set(extras.split(",")), set()))


def _closure(
    wanted: list[Requirement], extras: set[str], seen: set[tuple[str, str]]
) -> Iterator[Distribution]:
    for each in wanted:
        if not any(
            each.marker is None or each.marker.evaluate({"extra": e}) for e in extras | {""}
        ):
            continue
        name = canonicalize_name(each.name)
        found = distribution(name)
        assert each.specifier.contains(found.version, prereleases=True), f"{each}: {found.version}"
        new = {(name, extra) for extra in {"", *each.extras}} - seen
        if not new:
            continue
        seen |= new
        if (name, "") in new:
            yield found
        own = [Requirement(line) for line in found.requires or ()]
        yield from _closure(own, {extra for _, extra in new}, seen)


def link(user: User, distributions: list[Distribution]) -> None:
    """Give a virtual environment distributions of this one, and nothing else of it."""
    target = next(user.venv.glob("lib/python*/site-packages"))
    for each in distributions:
        for file in each.files or ():
            top = file.parts[0]
            source = Path(str(each.locate_file(top)))
            if top in ("..", "__pycache__") or (target / top).exists() or not source.exists():
                continue
            (target / top).symlink_to(source)
