"""Every layer of every environment in `environments/`, as Terraform JSON in `cdktf.out`.

This is the program that `cdktf.json` names: every command works on the stacks that it makes.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

from inferform import ConfigurationError, load
from inferform.target import TARGETS, asked


def main(arguments: list[str] | None = None) -> int:
    """Synthesize; exit status 2 with a report, and nothing written, when a Spec is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=TARGETS, help="default: INFERFORM_TARGET, or aws")
    parser.add_argument(
        "--environments",
        type=Path,
        default=os.environ.get("INFERFORM_ENVIRONMENTS") or Path(__file__).parent / "environments",
        help="default: INFERFORM_ENVIRONMENTS, or environments beside this file",
    )
    parser.add_argument("--outdir", type=Path, help="default: CDKTF_OUTDIR, or cdktf.out")
    options = parser.parse_args(arguments)
    try:
        target = asked(options.target)
    except ValueError as error:
        parser.error(str(error))
    # Hardly anything becomes garbage in this one short run, and looking for it takes time.
    gc.disable()
    try:
        loaded = load(options.environments)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    for warnings in loaded.warnings:
        print(f"warning: {warnings}", file=sys.stderr)

    # Imported only now: it starts Node, which a wrong Spec need not wait for.
    from inferform.layers.program import synthesize

    try:
        synthesize(loaded.environments.values(), target=target, outdir=options.outdir)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
