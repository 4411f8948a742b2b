"""`inferform`, and `python -m inferform_ops`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; without the packages that it needs, say how to get them."""
    try:
        from .cli import main as run
    except ModuleNotFoundError as error:
        if str(error.name).startswith("inferform"):
            raise
        print(f"inferform needs {error.name}\n  pip install 'inferform[ops]'", file=sys.stderr)
        sys.exit(1)
    run()


if __name__ == "__main__":
    main()
