"""`python -m tests.mutation [AREA ...]` measures how many small faults the tests notice."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from pathlib import Path

import boto3  # noqa: F401
import pydantic  # noqa: F401
import pytest
import yaml  # noqa: F401

from .areas import AREAS, Area
from .mutants import Mutant, mutants
from .running import OPTIONS, ROOT, Run, run_imported

EQUIVALENT = Path(__file__).parent / "equivalent.txt"
SEED = 2026
SAMPLE = 60
TARGET = 0.85
"""The score that each area has at least."""


def sample(area: Area, number: int, seed: int) -> list[Mutant]:
    """Some mutants of an area, the same ones in every run."""
    found = [mutant for file in area.files for mutant in mutants(ROOT, file)]
    return sorted(found, key=lambda mutant: mutant.rank(seed))[:number]


def equivalent() -> dict[str, str]:
    """Why no test can notice a mutant, by its key."""
    entries = EQUIVALENT.read_text("utf-8").split("\n\n") if EQUIVALENT.is_file() else []
    pairs = [entry.strip().split("\n", 1) for entry in entries if not entry.startswith("#")]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("areas", nargs="*", choices=[*AREAS, []], help="default: all")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="mutants of each area")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", default="", help="mutants with this text in their key")
    parser.add_argument("--results", type=Path, default=ROOT / ".inferform" / "mutation")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    low = False
    for name in options.areas or AREAS:
        area = AREAS[name]
        if options.only:
            every = sample(area, sys.maxsize, options.seed)
            chosen = [mutant for mutant in every if options.only in mutant.key]
        else:
            chosen = sample(area, options.sample, options.seed)
        low = measure(name, area, chosen, options.results) < TARGET or low
    raise SystemExit(low)


def measure(name: str, area: Area, chosen: list[Mutant], results: Path) -> float:
    """Run the mutants of an area; print those that survive, and the score."""
    known, outcomes = equivalent(), dict[str, str]()
    file = results / f"{name}.json"
    file.unlink(missing_ok=True)
    start = time.monotonic()
    run_area(area, [mutant for mutant in chosen if mutant.key not in known], file)
    outcomes = dict(json.loads(line) for line in file.read_text("utf-8").splitlines())
    left = {key: said for key, said in outcomes.items() if not said.startswith("killed")}
    skipped = sum(mutant.key in known for mutant in chosen)
    score = (len(outcomes) - len(left)) / max(1, len(outcomes))
    for key, said in sorted(left.items()):
        print(f"  {said}: {key}")
    print(
        f"{name}: {len(chosen)} mutants, {skipped} equivalent, {len(outcomes) - len(left)} killed, "
        f"{len(left)} survived: {score:.0%} ({time.monotonic() - start:.0f} s)",
        flush=True,
    )
    return score


def run_area(area: Area, chosen: list[Mutant], file: Path) -> None:
    """Write the outcome of each mutant to a file, a line each."""
    known: dict[str, str] = {}
    with file.open("a", encoding="utf-8") as results:

        def told(mutant: Mutant, outcome: str) -> None:
            results.write(json.dumps([mutant.key, outcome]) + "\n")
            results.flush()

        forked = [
            mutant
            for mutant in chosen
            if mutant.in_function and mutant.file not in area.synthesized
        ]
        child = os.fork() if forked else None
        if child == 0:
            status = 1
            try:
                run = Run(area, forked, told)
                status = int(pytest.main([*OPTIONS, *area.tests], plugins=[run]))
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0 if status in (0, 5) else 1)
        if child and os.waitpid(child, 0)[1]:
            raise SystemExit("the tests do not run; see above")
        known = dict(json.loads(line) for line in file.read_text("utf-8").splitlines())
        for mutant in chosen:
            # What a test computes when it is collected is not of the mutant in a fork.
            if not known.get(mutant.key, "").startswith("killed"):
                told(mutant, _outcome(area, mutant))


def _outcome(area: Area, mutant: Mutant) -> str:
    files = [area.built] if mutant.file in area.synthesized else [area.tests, area.built]
    outcomes = (run_imported(mutant, tests) for tests in files if tests)
    return next((outcome for outcome in outcomes if outcome != "survived"), "survived")


if __name__ == "__main__":
    main()
