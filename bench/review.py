"""Reviewing many stacks of which one has changed: all of them, and with `--changed`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .measure import MEASURED, Part
from .project import BRANCH, inferform, project

TIMES_FASTER = 10


def changed(environments: int, groups: int, rounds: int) -> Part:
    """Stacks of one endpoint each, on the emulator; the type of one endpoint is another one."""
    stacks = environments * groups
    part = Part(
        f"Review of {stacks} stacks of which one changes", ("", *MEASURED, "stacks planned")
    )
    with project(environments, groups) as made:
        file = made.files[0]
        text = file.read_text("utf-8")
        one = f'"g0": group(0, {groups})'
        larger = 'endpoint().replace(instance_type="ml.m5.xlarge")'
        file.write_text(
            text.replace(one, f'{one}.replace(endpoints={{"model-0": {larger}}})'), "utf-8"
        )
        ways = {"all": (), "--changed": ("--changed", "--base", BRANCH)}
        given = [f"{each.stem}-use1" for each in made.files]
        said = ("--read-only", "--no-preflight", "--format", "json", "--output")
        commands = {
            way: inferform("review", *given, *more, *said, f"{way}.json")
            for way, more in ways.items()
        }
        # Nothing of it is kept from one run to the next.
        runs = made.in_turn(commands, rounds, filling=False)
        planned = {way: _planned(made.folder / f"{way}.json") for way in ways}
    for way, taken in runs.items():
        part.add(way, taken, str(len(planned[way])))
    same = planned["--changed"].items() <= planned["all"].items()
    part.require("the same is shown of what changes", same and len(planned["--changed"]) == 1)
    faster = runs["all"].seconds / runs["--changed"].seconds
    part.judge(
        f"{faster:.1f} times faster, at least {TIMES_FASTER}", faster >= TIMES_FASTER, runs.values()
    )
    return part


def _planned(report: Path) -> dict[str, Any]:
    stacks = json.loads(report.read_text("utf-8"))["stacks"]
    return {stack["name"]: stack["counts"] for stack in stacks if stack["status"] == "planned"}
