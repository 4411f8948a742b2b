"""`python -m tests.names.freeze` adds to frozen.json what it does not have, and changes nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from inferform.layers import program
from tests.conftest import stacks_in

from .specs import environment, sent, sent_hashes

FILE = Path(__file__).parent / "frozen.json"

if __name__ == "__main__":
    frozen = json.loads(FILE.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        program.synthesize([environment()], outdir=Path(folder))
        found = sent(stacks_in(Path(folder)))
    names = {path: name for path, (_, name) in found.items()}
    hashes = sent_hashes(found)
    frozen["specs"] = dict(sorted({**names, **frozen["specs"]}.items()))
    frozen["sent"] = dict(sorted({**hashes, **frozen.get("sent", {})}.items()))
    FILE.write_text(json.dumps(frozen, indent=1) + "\n", "utf-8")
