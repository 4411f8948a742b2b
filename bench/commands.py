"""What people wait for at a shell: commands that read files alone, and set-up."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .catalogue import write
from .measure import MEASURED, ROOT, Part, Run, Runs, in_turn, measure

CATALOG_SECONDS = 10.0
COST_SECONDS = 0.5


def commands(services: int, rounds: int) -> Part:
    """`cost` of one endpoint, `advise` by numbers alone, and `list` and `catalog` of many endpoints."""
    part = Part(f"Commands that read files, of one endpoint and of {services:,}", ("", *MEASURED))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        runs: dict[str, Runs] = {}
        for number, asked in (
            (1, {"cost": ("bench-use1",), "advise": ("--requests-per-second", "20")}),
            (services, {"list": ("--no-aws",), "catalog": ("--no-aws",)}),
        ):
            project = folder / str(number)
            write(project / "environments", number)
            (project / "cdktf.json").write_text('{"app": "python main.py"}', "utf-8")
            runs |= in_turn(
                {
                    name: (
                        [sys.executable, "-m", "inferform_ops", name, *arguments],
                        {"PYTHONPATH": str(ROOT)},
                    )
                    for name, arguments in asked.items()
                },
                rounds,
                folder=project,
            )
    for name, taken in runs.items():
        part.add(f"inferform {name}", taken)
    page = runs["catalog"].seconds
    text = f"{page:.1f} s for the catalog of {services:,}, at most {CATALOG_SECONDS:g}"
    part.judge(text, page <= CATALOG_SECONDS, [runs["catalog"]])
    cost = runs["cost"].seconds
    text = f"{cost:.2f} s for the cost, at most {COST_SECONDS:g}"
    part.judge(text, cost <= COST_SECONDS, [runs["cost"]])
    return part


def setup(rounds: int) -> Part:
    """`make setup` in a fresh clone of what is committed: with empty caches, with full ones, and again.

    What it downloads comes from the package indexes that the environment names.
    """
    part = Part("Set-up in a fresh clone", ("", *MEASURED))
    taken: dict[str, list[Run]] = {"empty caches": [], "full caches": [], "a second time": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            caches = {
                name: str(folder / name)
                for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR", "npm_config_cache")
            }
            for case in ("empty caches", "full caches"):
                clone = folder / case.replace(" ", "-")
                subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
                taken[case].append(measure(["make", "setup"], caches, folder=clone))
            taken["a second time"].append(measure(["make", "setup"], caches, folder=clone))
    for name, runs in taken.items():
        part.add(name, Runs(tuple(runs)))
    return part
