"""`python -m tests.rehearsal` deploys the whole example platform on the emulator, shows that a second plan is
empty, and destroys it; `make rehearsal` runs it.

Exits with status 1 at the first step that does not do what it should. Takes about twenty minutes on two
cores.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from inferform_emulator import process

from .place import CHURN, Place

BELOW = ("identity", "network", "registry")
# hashicorp/kubernetes and a cluster that answers are no part of the emulator.
WITHOUT = "dev-use1-kubernetes"
ROUNDS = (("tools-use1", "tools-euw1"), ("shared-use1", "shared-euw1"), ("dev-use1",))
ADOPTS = "prod-use1"
LATE = ("staging-euw1", "prod-use1", "prod-euw1")


def main() -> None:
    """Run every step; what each took is printed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve() / "platform"
        emulator = process.start(folder / ".inferform/emulator", with_parent=True)
        try:
            rehearse(Rehearsal(Place(folder, emulator)))
        finally:
            process.stop(emulator.directory)


def rehearse(rehearsal: Rehearsal) -> None:
    """Every step in its turn."""
    rehearsal.place.furnish()
    for keys in (*ROUNDS, LATE):
        rehearsal.deploy(keys)
        if "shared-use1" in keys:
            rehearsal.place.register()
    rehearsal.plan_again()
    rehearsal.place.forget()
    rehearsal.destroy()
    print(f"{rehearsal.seconds:.0f} s in all, with a load of {os.getloadavg()[0]:.1f} at the end")


class Rehearsal:
    """The steps, each a command of Inferform."""

    def __init__(self, place: Place) -> None:
        self.place, self.seconds = place, 0.0
        self.stacks = [each.name for each in place.program.synthesize().stacks]

    def run(self, *arguments: str, status: int = 0) -> str:
        """Run a command and print what it took; ends the program where it ends with another status."""
        begin = time.monotonic()
        done = self.place.inferform(*arguments)
        took = time.monotonic() - begin
        self.seconds += took
        print(f"{took:5.0f} s  inferform {' '.join(arguments)}", flush=True)
        if done.returncode != status:
            print(f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}")
            sys.exit(f"ended with {done.returncode}, not with {status}")
        return done.stdout

    def of(self, keys: tuple[str, ...]) -> list[str]:
        """The stacks of some environments."""
        made = [each for each in self.stacks if each.startswith(tuple(f"{key}-" for key in keys))]
        return [each for each in made if each != WITHOUT]

    def deploy(self, keys: tuple[str, ...]) -> None:
        """Deploy environments: first what people and pipelines push into, then all."""
        below = [each for each in self.of(keys) if each.endswith(BELOW)]
        self.run("deploy", *below, "--auto-approve")
        for key in keys:
            for each in self.place.fill(key):
                print(f"         there now: {each}")
        if ADOPTS in keys:
            self.run("endpoints", "adopt", ADOPTS, CHURN, "--as", "churn", "--auto-approve")
        self.run("deploy", *self.of(keys), "--auto-approve")

    def plan_again(self) -> None:
        """A second plan changes nothing."""
        keys = [*self.place.environments]
        planned = json.loads(self.run("review", *keys, "--format", "json", status=1))
        told = {
            each["name"]: each["status"]
            for each in planned["stacks"]
            if each["status"] != "planned"
        }
        # Nothing above a stack that cannot be planned is planned.
        if planned["counts"] or {*told} != {WITHOUT, "dev-use1-observability"}:
            sys.exit(f"a second plan changes {planned['counts']}, and has not planned {told}")

    def destroy(self) -> None:
        """Destroy all but prod, which is protected: it says so."""
        for keys in (LATE[:1], *reversed(ROUNDS)):
            self.run("destroy", *self.of(keys), "--auto-approve")


if __name__ == "__main__":
    main()
