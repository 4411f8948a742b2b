"""`python -m tests.rehearsal` deploys the whole example platform on the emulator, while faults strike, verifies it,
shows that a second plan is empty, and destroys it; `make rehearsal` runs it.

Exits with status 1 at the first step that does not do what it should. docs/testing.md says more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from inferform_emulator import process
from tests.e2e.test_faults import CUTS_OFF_THE_STATE, FAULTS

from .place import CHURN, Place

BELOW = ("identity", "network", "registry")
# hashicorp/kubernetes and a cluster that answers are no part of the emulator.
WITHOUT = "dev-use1-kubernetes"
ADOPTS = "prod-use1"
PROTECTED = "prod-euw1"
ABOVE = ("observability", "drift", "training", "apis", "inference")
"""The layers of dev that stand on its endpoints, and those."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault in the middle of a run of some layers: it begins with a request in the environment's account."""

    fault: str
    key: str
    layers: tuple[str, ...]
    service: str
    since: str


@dataclass(frozen=True, slots=True)
class Round:
    """Environments that are deployed together."""

    keys: tuple[str, ...]
    strike: Strike


ROUNDS = (
    Round(
        ("tools-use1", "tools-euw1"),
        Strike("error of AWS", "tools-use1", ("delivery",), "codepipeline", "CreatePipeline"),
    ),
    Round(
        ("shared-use1", "shared-euw1"),
        Strike("throttling", "shared-use1", ("training",), "stepfunctions", "CreateStateMachine"),
    ),
    Round(
        ("dev-use1",),
        Strike("quota", "dev-use1", ("ecs", "inference"), "sagemaker", "CreateEndpoint"),
    ),
    Round(
        ("staging-euw1", "prod-use1", "prod-euw1"),
        Strike("network cut", "staging-euw1", ("inference",), "", "CreateEndpoint"),
    ),
)
ENDS = (
    Round(
        ("staging-euw1",),
        Strike(
            "access denied",
            "staging-euw1",
            ("observability", "inference"),
            "sagemaker",
            "DeleteEndpoint",
        ),
    ),
    Round(("dev-use1",), Strike("expired token", "dev-use1", ABOVE, "", "DeleteEndpoint")),
)


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
    for each in ROUNDS:
        rehearsal.deploy(each)
        if "shared-use1" in each.keys:
            rehearsal.place.register()
    rehearsal.verify()
    rehearsal.plan_again()
    rehearsal.place.forget()
    rehearsal.destroy()
    print(f"{rehearsal.seconds:.0f} s in all, with a load of {os.getloadavg()[0]:.1f} at the end")


class Rehearsal:
    """The steps, each a command of Inferform."""

    def __init__(self, place: Place) -> None:
        self.place, self.seconds = place, 0.0
        self.stacks = [each.name for each in place.program.synthesize().stacks]

    def run(self, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command and print what it took; ends the program where it ends with another status."""
        begin = time.monotonic()
        done = self.place.inferform(*arguments)
        took = time.monotonic() - begin
        self.seconds += took
        print(f"{took:5.0f} s  inferform {' '.join(arguments)}", flush=True)
        if done.returncode != status:
            print(f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
            sys.exit(f"ended with {done.returncode}, not with {status}")
        return done

    def refused(self, words: str, *arguments: str, status: int = 1) -> None:
        """Run a command that fails, and says something."""
        said = self.run(*arguments, status=status).stderr
        if words not in " ".join(said.split()):
            print(said[-6000:])
            sys.exit(f"does not say: {words}")

    def struck(self, command: str, strike: Strike) -> None:
        """Run a command that a fault strikes, end the fault, and recover where the state was cut off."""
        stacks = [f"{strike.key}-{layer}" for layer in strike.layers]
        what, cause = FAULTS[strike.fault]
        where = {"service": strike.service, "since": strike.since}
        self.place.strike({**what, **where}, strike.key)
        print(f"         {strike.fault}, from {strike.since} of {strike.key} on", flush=True)
        # A quota is told with the number of the account.
        self.refused(cause.partition(" of account")[0], command, *stacks, "--auto-approve")
        if not self.place.end_faults():
            sys.exit("nothing was struck")
        if strike.fault in CUTS_OFF_THE_STATE:
            self.run("recover", f"{strike.key}-*", "--unsaved", "--auto-approve")

    def of(self, keys: tuple[str, ...]) -> list[str]:
        """The stacks of some environments."""
        made = [each for each in self.stacks if each.startswith(tuple(f"{key}-" for key in keys))]
        return [each for each in made if each != WITHOUT]

    def deploy(self, made: Round) -> None:
        """Deploy environments: first what people and pipelines push into, then what a fault strikes,
        then all."""
        below = [each for each in self.of(made.keys) if each.endswith(BELOW)]
        self.run("deploy", *below, "--auto-approve")
        for key in made.keys:
            for each in self.place.fill(key):
                print(f"         there now: {each}")
        if ADOPTS in made.keys:
            self.run("endpoints", "adopt", ADOPTS, CHURN, "--as", "churn", "--auto-approve")
        self.struck("deploy", made.strike)
        self.run("deploy", *self.of(made.keys), "--auto-approve")
        for key in made.keys:
            self.place.attend(key)

    def verify(self) -> None:
        """What runs in every environment is what was asked for."""
        for key in self.place.environments:
            lacking = [WITHOUT] if WITHOUT.startswith(f"{key}-") else []
            found = json.loads(self.run("verify", key, "--json", status=len(lacking)).stdout)
            failed = [each["subject"] for each in found if each["outcome"] == "failed"]
            if failed != lacking:
                sys.exit(f"does not serve: {failed}")

    def plan_again(self) -> None:
        """A second plan changes nothing."""
        keys = [*self.place.environments]
        planned = json.loads(self.run("review", *keys, "--format", "json", status=1).stdout)
        told = {
            each["name"]: each["status"]
            for each in planned["stacks"]
            if each["status"] != "planned"
        }
        # Nothing above a stack that cannot be planned is planned.
        if planned["counts"] or {*told} != {WITHOUT, "dev-use1-observability"}:
            sys.exit(f"a second plan changes {planned['counts']}, and has not planned {told}")

    def destroy(self) -> None:
        """Destroy all but prod, which is protected."""
        protected = self.of((PROTECTED,))
        self.refused("what is protected", "destroy", *protected, "--auto-approve", status=2)
        for each in ENDS:
            self.struck("destroy", each.strike)
        for each in (*ENDS, *reversed(ROUNDS[:2])):
            self.run("destroy", *self.of(each.keys), "--auto-approve")


if __name__ == "__main__":
    main()
