"""`python -m tests.product PYTHON ...`: what a new user does, for real and timed, by each Python.

The packages come from the index that pip is set up with, by uv where PATH has it.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from .clean import EXTRAS, User, build, made
from .steps import STEPS


def _install(user: User, wheel: Path) -> None:
    wanted = [f"inferform[{EXTRAS}] @ {wheel.as_uri()}", "pytest", "ruff"]
    if uv := shutil.which("uv"):
        user.run(uv, "pip", "install", "--quiet", *wanted)
    else:
        user.run("pip", "install", "--quiet", *wanted)


def main(pythons: list[str]) -> None:
    """Run every step by each Python; raises AssertionError at the first that fails."""
    with tempfile.TemporaryDirectory() as name:
        wheel = build(Path(name))
        for number, python in enumerate(pythons):
            folder = Path(name) / str(number)
            folder.mkdir()
            user = made(folder, python)
            _install(user, wheel)
            for step in STEPS:
                step(user)
            print(python)
            for command, seconds in user.seconds.items():
                print(f"  {seconds:6.1f} s  {command}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or [sys.executable])
