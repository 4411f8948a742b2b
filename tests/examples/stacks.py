"""Every environment of the project and of its documents' examples, and synthesizing them all.

`python -m tests.examples.stacks OUTDIR` writes a folder for each source. It needs no package but
those that `modules` needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from inferform import Environment, load
from tests.capabilities import capabilities, together

from . import readme


def sources() -> dict[str, list[Environment]]:
    """What is looked at, by where it is written."""

    def of(path: str) -> list[Environment]:
        values = [value for block in readme.run(path) for value in block.values()]
        return [value for value in values if isinstance(value, Environment)]

    made = together(each.environments for each in capabilities().values())
    readmes = {module: of(path) for module, path in readme.modules().items()}
    return {
        "environments": list(load(readme.ROOT / "environments").environments.values()),
        "peers": list(load(readme.ROOT / "examples/peers").environments.values()),
        "platform": list(
            load(readme.ROOT / "examples/platform/environments").environments.values()
        ),
        **{module: found for module, found in readmes.items() if found},
        **{name: [make()] for name, make in made.items()},
    }


def synthesize(outdir: Path) -> dict[str, list[Environment]]:
    """Write the stacks of every source to a folder of its name in `outdir`."""
    from inferform.layers import program

    found = sources()
    for source, environments in found.items():
        folder = outdir / source
        folder.mkdir(parents=True)
        program.synthesize(environments, outdir=folder)
    return found


if __name__ == "__main__":
    synthesize(Path(sys.argv[1]))
