"""`inferform`, and `python -m inferform_ops`."""

from __future__ import annotations

import gc
import sys

_OBJECTS = 50_000


def main() -> None:
    """Run the command; without the packages that it needs, say how to get them."""
    # Of what is loaded hardly anything becomes garbage, and looking for it took a tenth of the start.
    gc.set_threshold(_OBJECTS)
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
