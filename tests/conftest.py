"""What tests of several levels share: a synthesis, an emulator, Terraform."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

Synthesized = dict[str, dict[str, Any]]


def stacks_in(outdir: Path) -> Synthesized:
    """The Terraform JSON of every stack of a synthesis, by stack name."""
    return {
        path.parent.name: json.loads(path.read_text("utf-8"))
        for path in sorted(outdir.glob("stacks/*/cdk.tf.json"))
    }


PATH = "/usr/bin:/bin:/usr/local/bin"


def run_main(
    *arguments: str, cwd: Path = ROOT, path: str = PATH, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run main.py as cdktf does, in its own process; `variables` are those of the shell."""
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        cwd=cwd,
        env={**(variables or {}), "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def synthesize(tmp_path: Path) -> Callable[..., Synthesized]:
    """Synthesize environments in this process; the answer is the JSON of each stack."""
    from modules.layers import program

    def run(*environments: Any, **options: Any) -> Synthesized:
        outdir = tmp_path / "cdktf.out"
        program.synthesize(environments, outdir=outdir, **options)
        return stacks_in(outdir)

    return run


@pytest.fixture(scope="session")
def emulator() -> Iterator[Any]:
    """One emulator for the session, on a free port of loopback."""
    from emulator import process

    with process.serve() as running:
        yield running
