"""`inferform upgrade`: what another version of Inferform changes in a project's stacks.

The program runs with both versions, each in an environment of its own, and what it writes is compared.
Neither AWS nor a state is looked at, and nothing of the project is changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from .errors import BadInputError, OperatorError
from .program import Program
from .terraform import PRIVATE, WORK, Content, contents_of, private_folder, stacks

How = Literal["changed", "added", "removed", "moved"]

# What gives a resource its name in AWS, or in Kubernetes.
_NAMES = frozenset(
    {
        *("name", "name_prefix", "bucket", "identifier", "family", "path", "cluster_name"),
        *("node_group_name", "metadata.0.name", "manifest.metadata.name"),
    }
)
_BLOCKS = ("resource", "data", "moved")


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of one resource, data source or other block of a stack."""

    stack: str
    address: str
    how: How
    attributes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """What was and what will be, by attribute, where it is changed or moved."""

    origin: str = ""
    """The address that it had, where it is moved."""

    @property
    def renamed(self) -> bool:
        """Whether its name in AWS is another, so that it is made again."""
        is_resource = "." in self.address and not self.address.startswith("data.")
        return is_resource and not _NAMES.isdisjoint(self.attributes)


def compare(before: Mapping[str, Content], after: Mapping[str, Content]) -> list[Difference]:
    """The differences of stacks, by their names, in the order of stacks and addresses."""
    found: list[Difference] = []
    for stack in sorted({*before, *after}):
        old, new = before.get(stack), after.get(stack)
        if old is None or new is None:
            how: How = "added" if old is None else "removed"
            found.append(Difference(stack, "", how))
            continue
        found += _of_stack(stack, old, new)
    return found


def _of_stack(stack: str, old: Content, new: Content) -> Iterator[Difference]:
    was, will = dict(_blocks(old)), dict(_blocks(new))
    origins = {move["to"]: move["from"] for move in new.get("moved", [])}
    gone = set(was) - set(will)
    for address in sorted({*was, *will}):
        origin = origins.get(address, "")
        if address in was and address in will:
            if changes := _changes(was[address], will[address]):
                yield Difference(stack, address, "changed", changes)
        elif address in will and origin in gone:
            gone.discard(origin)
            yield Difference(stack, address, "moved", _changes(was[origin], will[address]), origin)
        elif address in will:
            yield Difference(stack, address, "added")
    for address in sorted(gone):
        yield Difference(stack, address, "removed")


def _blocks(content: Content) -> Iterator[tuple[str, Any]]:
    """Every resource, data source and other block by its address, without CDKTF's own notes."""
    for block, held in content.items():
        if block in ("resource", "data"):
            prefix = "data." if block == "data" else ""
            for kind, named in held.items():
                for name, values in named.items():
                    yield f"{prefix}{kind}.{name}", values
        elif block not in ("//", *_BLOCKS):
            yield block, held


def _changes(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    was, will = dict(_leaves(old)), dict(_leaves(new))
    paths = sorted({*was, *will})
    return {p: (was.get(p), will.get(p)) for p in paths if was.get(p) != will.get(p)}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, each in value.items():
            if name != "//":
                yield from _leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from _leaves(each, f"{path}.{number}" if path else str(number))
    else:
        yield path, value


def upgrade(wanted: str, program: Program) -> list[Difference]:
    """What another version changes. `wanted` is a version, a wheel, or what pip takes.

    Raises BadInputError where that version refuses an environment, and OperatorError where it
    cannot be installed.
    """
    if (program.folder / "inferform").exists():
        raise BadInputError(
            f"{program.folder} has an inferform of its own, which is always the one that runs",
            "this is for projects that install Inferform",
        )
    now = contents_of(program.to_plan("now").synthesize().stacks)
    packages = _installed(wanted)
    return compare(now, _synthesized(program.to_plan("new"), packages, wanted))


def _requirement(wanted: str) -> str:
    if wanted[:1].isdigit():
        return f"inferform=={wanted}"
    path = Path(wanted)
    return str(path.resolve()) if path.suffix == ".whl" else wanted


def _installed(wanted: str) -> Path:
    """Install a version into an environment of its own; returns where its packages are.

    What else the project needs comes from the environment of this command, as far as the new version
    takes it.
    """
    requirement = _requirement(wanted)
    private_folder(WORK)
    name = hashlib.sha256(f"{requirement} {sys.version}".encode()).hexdigest()[:12]
    folder = WORK / "upgrade" / name
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    own = sysconfig.get_path("purelib")
    (packages / "project.pth").write_text(f"{own}\n", encoding="utf-8")
    python = str(folder / "bin" / "python")
    if find_spec("pip") is not None:
        command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    elif uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        raise OperatorError("neither pip nor uv is there to install it", "python -m ensurepip")
    done = subprocess.run(
        [*command, requirement],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OperatorError(
            f"{requirement} cannot be installed\n{(done.stderr or done.stdout)[-2000:]}",
            "write a version, such as 1.2.0, or the path of a wheel",
        )
    return packages


def _synthesized(program: Program, packages: Path, wanted: str) -> dict[str, Content]:
    """The stacks that the project's program writes with these packages before its own."""
    variables = program.variables()
    paths = os.pathsep.join(filter(None, (str(packages), variables.get("PYTHONPATH", ""))))
    done = subprocess.run(
        program.app,
        shell=True,
        cwd=program.folder,
        env={**variables, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        umask=PRIVATE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BadInputError(
            f"{wanted} does not take this project\n{done.stderr or done.stdout}",
            "change what it says, or stay with the version that you have",
        )
    return contents_of(stacks(program.outdir))


def as_json(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """The differences for machines."""
    return [
        {
            "stack": each.stack,
            "address": each.address,
            "how": each.how,
            "from": each.origin or None,
            "renamed": each.renamed,
            "attributes": {
                path: {"before": old, "after": new} for path, (old, new) in each.attributes.items()
            },
        }
        for each in differences
    ]


def shown(value: Any, longest: int = 60) -> str:
    """A value in one line; a long one is cut."""
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
