"""Limits of seconds that the project promises, of which tests cannot judge on a busy machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from inferform import InvocationsPerInstance, Scaling, TargetTracking
from inferform.scaling.kinds import REALTIME
from inferform_emulator.process import serve
from inferform_ops.contract import Status, check
from inferform_ops.cost.prices import _read, price_table
from inferform_ops.plan import read_plan
from inferform_ops.review.renderers import FORMATS
from inferform_ops.review.reviewing import costs_of, review_plans
from inferform_ops.simulate import Service, shape, simulate
from tests.container.conftest import Container, save_iris_model
from tests.review.plans import big_plan, changed, hostile_plan, plan_of

from .measure import ROOT, Part, timed

REVIEW_SECONDS = 2.0
HOSTILE_SECONDS = 5.0
SIMULATION_SECONDS = 1.0
PLAN_COST_SECONDS = 1.0
PRICES_SECONDS = 0.5
COST_SECONDS = 0.5
EMULATOR_SECONDS = 10.0
ROWS = b"5.1,3.5,1.4,0.2\n6.2,3.4,5.4,2.3\n"


def limits(rounds: int) -> Part:
    """Each in its middle run of some, and the limits of the container contract."""
    part = Part("Limits", ("", "seconds", "least to most", "at most"))
    plan = big_plan(5_000_000)
    # Processor time where this process does the work, as other work on the machine adds to the rest.
    own, wall = time.process_time, time.perf_counter
    works = {
        f"reading and rendering a plan of 5 MB as {name}": (
            own,
            _reviewing(plan, name),
            REVIEW_SECONDS,
        )
        for name in FORMATS
    }
    hostile, _ = hostile_plan()
    works |= {
        f"reading and rendering a hostile plan of 5 MB as {name}": (
            own,
            _reviewing(hostile, name),
            HOSTILE_SECONDS,
        )
        for name in FORMATS
    }
    works["the cost of a plan with 500 resources"] = (own, _pricing(), PLAN_COST_SECONDS)
    works["reading the prices of a Region"] = (own, _prices, PRICES_SECONDS)
    works["inferform cost"] = (_children, _cost, COST_SECONDS)
    works["simulating a day in minutes"] = (own, _simulating, SIMULATION_SECONDS)
    works["starting the emulator"] = (wall, _starting, EMULATOR_SECONDS)
    for name, (clock, work, limit) in works.items():
        runs = timed(work, rounds, clock)
        part.note(runs)
        part.rows.append((name, f"{runs.seconds:.2f}", runs.spread, f"{limit:g}"))
        text = f"{name}: {runs.seconds:.2f} s, at most {limit:g}"
        part.judge(text, runs.seconds <= limit, [runs])
    broken = list[str]()
    contract = timed(lambda: broken.append(_contract()), 1)
    said = broken[0] and f": {broken[0]}"
    part.judge(
        f"the reference container breaks no limit of its contract{said}", not said, [contract]
    )
    return part


def _reviewing(plan: str, name: str) -> Callable[[], object]:
    return lambda: FORMATS[name](review_plans([read_plan(plan, "big")]))


def _simulating() -> object:
    policy = TargetTracking(metric=InvocationsPerInstance(invocations_per_minute=300))
    spec = Scaling(min_capacity=1, max_capacity=20, policies=[policy])
    return simulate(spec, Service("fraud", REALTIME, 10, 300, 1, 0.1), shape("daily", 60))


def _pricing() -> Callable[[], object]:
    names = ("instance_type", "initial_instance_count", "variant_name")
    entries = []
    for index in range(250):
        variant = dict(zip(names, ("ml.m5.large", index % 4 + 1, "v"), strict=True))
        name = f"c{index}"
        for kind, values in (
            ("aws_sagemaker_endpoint", {"name": f"e{index}", "endpoint_config_name": name}),
            (
                "aws_sagemaker_endpoint_configuration",
                {"name": name, "production_variants": [variant]},
            ),
        ):
            entries.append(changed(f"{kind}.x{index}", ["create"], None, values))
    plan = read_plan(plan_of(*entries))
    return lambda: costs_of([plan])


def _prices() -> object:
    _read.cache_clear()
    return price_table().region("us-east-1")


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _cost() -> object:
    """The command, whose processor time is that of a child process."""
    command = [sys.executable, "-m", "inferform_ops", "cost", "dev-use1"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def _starting() -> None:
    with serve():
        pass


def _contract() -> str:
    """The checks that the reference container fails, with what was measured; empty for none."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        save_iris_model(folder)
        container = Container(folder, folder).start()
        try:
            report = check(container.url, csv=ROWS)
        finally:
            container.close()
    failed = [each for each in report.checks if each.status is Status.FAILED]
    return "; ".join(f"{each.title}: {each.measured}, limit {each.limit}" for each in failed)
