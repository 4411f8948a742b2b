"""The program that a project's `cdktf.json` names, where it needs nothing of its own."""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .bindings import starting_node
from .target import TARGETS, Target, asked


def main(environments: Path, arguments: Sequence[str] | None = None) -> int:
    """Write every layer of every environment in a folder as Terraform JSON; returns the exit status.

    That is 2 with a report, and nothing written, when a Spec is wrong. Without `arguments` they are
    the command line's.
    """
    parser = argparse.ArgumentParser(
        description="Every layer of every environment, as Terraform JSON in cdktf.out."
    )
    parser.add_argument("--target", choices=TARGETS, help="default: INFERFORM_TARGET, or aws")
    parser.add_argument(
        "--environments",
        type=Path,
        default=os.environ.get("INFERFORM_ENVIRONMENTS") or environments,
        help=f"default: INFERFORM_ENVIRONMENTS, or {environments.name} beside the program",
    )
    parser.add_argument("--outdir", type=Path, help="default: CDKTF_OUTDIR, or cdktf.out")
    options = parser.parse_args(arguments)
    try:
        target = asked(options.target)
    except ValueError as error:
        parser.error(str(error))
    # Hardly anything becomes garbage in this one short run, and looking for it takes time: Python does so once
    # more at the end, in all that is not frozen.
    gc.disable()
    atexit.register(gc.freeze)
    with starting_node():
        return _written(options, target)


def _written(options: argparse.Namespace, target: Target) -> int:
    """Read the environments and write their layers; returns the exit status."""
    # What takes long to import, beside Node.
    from . import exports  # noqa: F401 - before all that it imports, in its order
    from .loading import ConfigurationError, load

    try:
        loaded = load(options.environments)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    for warnings in loaded.warnings:
        print(f"warning: {warnings}", file=sys.stderr)

    # Imported only now, as a wrong Spec need not wait for the bindings.
    from .layers.program import synthesize

    try:
        synthesize(loaded.environments.values(), target=target, outdir=options.outdir)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    return 0
