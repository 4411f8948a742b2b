"""Every layer of every environment in `environments/`, as Terraform JSON in `cdktf.out`.

This is the program that `cdktf.json` names: every command works on the stacks that it makes.
"""

import sys
from pathlib import Path

from inferform import program


def main() -> int:
    """Synthesize; returns the exit status."""
    return program.main(Path(__file__).parent / "environments")


if __name__ == "__main__":
    sys.exit(main())
