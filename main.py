"""Every layer of every environment in `environments/`, as Terraform JSON in `cdktf.out`."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from inferform import ConfigurationError, load
from inferform.target import TARGETS


def main(arguments: list[str] | None = None) -> int:
    """Synthesize; exit status 2 with a report, and nothing written, when a Spec is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=TARGETS, default="aws")
    parser.add_argument("--environments", type=Path, default=Path(__file__).parent / "environments")
    parser.add_argument("--outdir", type=Path, help="without it, cdktf.out")
    options = parser.parse_args(arguments)
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

    synthesize(loaded.environments.values(), target=TARGETS[options.target], outdir=options.outdir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
