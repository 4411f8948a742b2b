"""`inferform`, and `python -m inferform_ops`."""

from __future__ import annotations

import atexit
import gc
import sys

_OBJECTS = 50_000


def main() -> None:
    """Run the command; without the packages that it needs, say how to get them."""
    # Of what is loaded hardly anything becomes garbage. Looking for it, while it loads and once more at the end,
    # took a quarter of what the shortest commands take.
    gc.disable()
    atexit.register(gc.freeze)
    try:
        from .cli import main as run
    except ModuleNotFoundError as error:
        if str(error.name).startswith("inferform"):
            raise
        print(f"inferform needs {error.name}\n  pip install 'inferform[ops]'", file=sys.stderr)
        sys.exit(1)
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    gc.enable()
    run()


if __name__ == "__main__":
    main()
