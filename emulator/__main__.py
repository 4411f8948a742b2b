"""``python -m inferform_emulator``: serve until told to stop."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import network


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inferform_emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--instance", default="", help="name by which the starter knows this server"
    )
    parser.add_argument(
        "--record", type=Path, help="file that tells where it listens, once it does"
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started this ends"
    )
    arguments = parser.parse_args()
    if not network.is_loopback(arguments.host):
        parser.error(f"--host must be a loopback address such as 127.0.0.1, got {arguments.host!r}")

    try:
        from . import server  # after the arguments: moto reads its settings when it is imported
    except ModuleNotFoundError as error:
        if str(error.name).startswith("inferform"):
            raise
        parser.exit(1, f"the emulator needs {error.name}: pip install 'inferform[emulator]'\n")

    server.serve(
        arguments.host,
        arguments.port,
        instance=arguments.instance,
        record=arguments.record,
        with_parent=arguments.with_parent,
    )


if __name__ == "__main__":
    main()
