"""The project that the commands work on, and the version of Inferform that they are of."""

from __future__ import annotations

import shutil
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FILE = "cdktf.json"
"""The file that makes a folder a project."""


def find_project(start: Path) -> Path | None:
    """The nearest folder with a `cdktf.json`: `start`, or one above it."""
    folders = (start, *start.parents)
    return next((folder for folder in folders if (folder / FILE).is_file()), None)


def own_command() -> str:
    """How this command is called: `inferform` where PATH has it, else its path from here."""
    called = Path(sys.argv[0])
    if called.name != "inferform":
        return "inferform"
    known = shutil.which("inferform")
    if known is not None and Path(known).absolute() == called.absolute():
        return "inferform"
    here = Path.cwd()
    path = called.absolute()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def own_version() -> str:
    """The version of Inferform: of the wheel, or of the checkout that this file is in."""
    checkout = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if checkout.is_file():
        project = tomllib.loads(checkout.read_text("utf-8")).get("project", {})
        # Some packages leave a file of this name beside those that are installed.
        if project.get("name") == "inferform":
            return str(project["version"])
    try:
        return version("inferform")
    except PackageNotFoundError:
        return "of unknown version"
