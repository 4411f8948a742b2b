"""An adoption in a process of its own, to be killed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from inferform_emulator.process import RECORD, Emulator
from ops.aws import Aws
from ops.environments import environments
from ops.program import Program
from ops.takeover import run


def main() -> None:
    """Adopt an endpoint under a short name, and agree to everything."""
    folder, directory = Path(os.environ["ADOPTED"]), Path(os.environ["ADOPTED_FROM"])
    # The emulators of tests are no process that the command would take for one of its own.
    emulator = Emulator(**json.loads((directory / RECORD).read_text("utf-8")), directory=directory)
    program = Program(
        emulator,
        folder / "environments",
        folder / "cdktf.out",
        folder=folder,
        work=folder / ".inferform",
    )
    asked = run.Asked(sys.argv[1], sys.argv[2], "dev-use1")
    loaded = environments(program.environments)
    aws = Aws(loaded.environments[asked.key].context, emulator=emulator)
    found = run.look(asked, loaded, aws, program)
    if found.edit is not None:
        found.edit.make()
    made = run.prepared(asked, program, aws)
    list(run.finish(made, found.hosting, lambda question, planned: None))


if __name__ == "__main__":
    main()
