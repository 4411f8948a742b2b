"""Synthesis: against the stock bindings, with ever more endpoints, and against AWS CDK."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from inferform._node.process import SWITCH

from .catalogue import write, write_components
from .measure import MEASURED, ROOT, Part, in_turn, measure

TIMES_FASTER = 5
TIMES_SMALLER = 3
TIMES_FASTER_THAN_CDK = 5
SECONDS_OF_FIFTY = 2.0
LINEAR_WITHIN = 0.1
SECONDS_OF_COMPONENTS = 1.0
MAIN = [sys.executable, "main.py", "--outdir", "{outdir}"]
CDK_PYTHON = ROOT / ".venv-aws-cdk" / "bin" / "python"


def stock(rounds: int) -> Part:
    """`main.py` with the fast bindings and with the stock ones."""
    measured = in_turn({"Inferform": (MAIN, {}), "stock import": (MAIN, {SWITCH: "1"})}, rounds)
    part = Part("Synthesis of the project's own environments", ("", *MEASURED))
    for name, run in measured.items():
        part.add(name, run)
    fast, slow = measured.values()
    faster = slow.seconds / fast.seconds
    part.judge(
        f"{faster:.1f} times faster, at least {TIMES_FASTER}",
        faster >= TIMES_FASTER,
        measured.values(),
    )
    if fast.mebibytes:
        smaller = slow.mebibytes / fast.mebibytes
        text = f"{smaller:.1f} times less memory, at least {TIMES_SMALLER}"
        part.judge(text, smaller >= TIMES_SMALLER, measured.values())
    return part


def growth(counts: Sequence[int], rounds: int) -> Part:
    """Ever more endpoints in one stack."""
    part = Part(
        "Growth: endpoints in one stack, 12 resources each",
        ("endpoints", *MEASURED, "ms per further endpoint", "KiB per further endpoint"),
    )
    with tempfile.TemporaryDirectory() as temporary:
        commands: dict[str, tuple[list[str], dict[str, str]]] = {
            str(count): (
                [*MAIN, "--environments", str(write(Path(temporary) / str(count), count))],
                {},
            )
            for count in counts
        }
        measured = in_turn(commands, rounds)
    runs = {count: measured[str(count)] for count in counts}
    steps = [(None, None)] + [
        (
            (runs[more].seconds - runs[few].seconds) / (more - few),
            (runs[more].mebibytes - runs[few].mebibytes) / (more - few),
        )
        for few, more in pairwise(counts)
    ]
    for count, (seconds, mebibytes) in zip(counts, steps, strict=True):
        further = (
            ("", "")
            if seconds is None or mebibytes is None
            else (f"{seconds * 1000:.2f}", f"{mebibytes * 1024:.0f}")
        )
        part.add(f"{count:,}", runs[count], *further)
    costs = [seconds for seconds, _ in steps if seconds is not None]
    for before, after in pairwise(costs):
        change = after / before - 1
        text = f"a further endpoint costs {change:+.0%}, at most {LINEAR_WITHIN:+.0%}"
        part.judge(text, change <= LINEAR_WITHIN, runs.values())
    return part


def components(count: int, rounds: int) -> Part:
    """Inference components in a loop, against their endpoint alone."""
    title = f"{count} inference components on one endpoint, a stack, a model and alarms each"
    part = Part(title, ("components", *MEASURED))
    with tempfile.TemporaryDirectory() as temporary:
        commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        for number in (0, count):
            folder = write_components(Path(temporary) / str(number), number)
            commands[str(number)] = ([*MAIN, "--environments", str(folder)], {})
        measured = in_turn(commands, rounds)
    for name, run in measured.items():
        part.add(name, run)
    alone, all_of = (run.seconds for run in measured.values())
    text = f"{all_of - alone:.2f} s more than the endpoint alone, below {SECONDS_OF_COMPONENTS:g} s"
    part.judge(text, all_of - alone < SECONDS_OF_COMPONENTS, measured.values())
    return part


def others(endpoints: int, rounds: int) -> Part:
    """The same endpoints in AWS CDK, and their JSON parsed and written by Python alone."""
    part = Part(f"The same {endpoints} endpoints elsewhere", ("", *MEASURED, "times Inferform's"))
    if not CDK_PYTHON.exists():
        sys.exit(f"{CDK_PYTHON.relative_to(ROOT)} is missing: make bench installs it")
    app = [str(CDK_PYTHON), "bench/aws_cdk_app.py"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = write(Path(temporary) / "environments", endpoints)
        command = [*MAIN, "--environments", str(folder)]
        written = Path(temporary) / "written"
        measure([*MAIN[:-1], str(written), "--environments", str(folder)])
        (written_json,) = written.glob("stacks/*/cdk.tf.json")
        made = {"Inferform": _terraform_resources(written_json)}
        commands: dict[str, list[str]] = {"Inferform": command}
        for level in ("L1", "L2"):
            name = f"AWS CDK, {level} constructs"
            commands[name] = [*app, "{outdir}", str(endpoints), level]
            measure([*app, str(written / level), str(endpoints), level])
            made[name] = _cloudformation_resources(written / level)
        commands["plain JSON"] = [
            *(sys.executable, "-m", "json.tool", str(written_json), "{outdir}/cdk.tf.json")
        ]
        measured = in_turn({name: (each, {}) for name, each in commands.items()}, rounds)
    ours = measured["Inferform"].seconds
    for name, run in measured.items():
        part.add(name, run, f"{run.seconds / ours:.1f}")
    wanted = 10 * endpoints
    part.require(f"each makes {wanted} resources", set(made.values()) == {wanted})
    part.judge(
        f"{ours:.2f} s, below {SECONDS_OF_FIFTY:.0f} s", ours < SECONDS_OF_FIFTY, measured.values()
    )
    faster = measured["AWS CDK, L2 constructs"].seconds / ours
    text = f"{faster:.1f} times faster than AWS CDK, at least {TIMES_FASTER_THAN_CDK}"
    part.judge(text, faster >= TIMES_FASTER_THAN_CDK, measured.values())
    return part


# What belongs to no endpoint, or is Terraform's own.
_SHARED = ("aws_security_group", "aws_vpc_security_group_egress_rule", "terraform_data")
_SHARED_BY_CLOUDFORMATION = "AWS::EC2::SecurityGroup"


def _terraform_resources(file: Path) -> int:
    kinds = json.loads(file.read_text("utf-8"))["resource"]
    return sum(len(made) for kind, made in kinds.items() if kind not in _SHARED)


def _cloudformation_resources(folder: Path) -> int:
    return sum(
        resource["Type"] != _SHARED_BY_CLOUDFORMATION
        for file in folder.glob("*.template.json")
        for resource in json.loads(file.read_text("utf-8"))["Resources"].values()
    )
