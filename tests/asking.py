"""Runs the command line of CDKTF in a process that runs already, of those that `tests.commandline`
keeps.

Only what starts fast is imported, as this comes before every such run.
"""

import json
import os
import socket
import sys


def _status(address: str, arguments: list[str]) -> int | None:
    """How the run ended; None where no process is kept for it."""
    umask = os.umask(0)
    os.umask(umask)
    asked = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": umask,
        "pid": os.getpid(),
    }
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(address)
        except OSError:
            return None
        with asking.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps(asked) + "\n")
            stream.flush()
            status: int | None = json.loads(stream.readline() or "null")
    return status


def main(node: str, address: str, *arguments: str) -> None:
    """Run it, there or as a process of its own."""
    status = _status(address, [*arguments]) if arguments[1:2] == ("deploy",) else None
    if status is None:
        os.execv(node, [node, *arguments])
    sys.exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
